"""Prints what runs did."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from filtering.printable import printable
from pipelines.amounts_in_words import duration
from pipelines.commands.screen import show

if TYPE_CHECKING:
    from pipelines.run.plan_to_manifest import FilterResult


def print_result(result: "FilterResult") -> int:
    """Print what a run did; return its exit code."""
    share = 100 * result.kept / max(result.rows, 1)
    where = "run/scores" if result.manifest["settings"].get("write") == "scores" else "data"
    show(f"{result.rows:,} rows, {result.kept:,} kept ({share:.1f} %) -> {printable(result.out)}/{where}")
    if result.rows_scored:
        rate = result.rows_scored / max(result.seconds, 1e-9)
        show(f"{result.rows_scored:,} rows in {duration(result.seconds)} ({rate:,.0f} rows/s)")
    if result.agreement is not None:
        _print_agreement_of_run(result)
    counted = {**result.reasons, **result.unusual}
    tokens, tokens_read = result.manifest["tokens"], result.manifest["tokens_read"]
    if result.manifest["unread_bytes"]:
        share = 100 * result.manifest["unread_bytes"] / result.manifest["text_bytes"]
        show(f"signals: {share:.1f} % of the text lie beyond what they read of a document")
    if tokens:
        show(
            f"embedded: {tokens_read:,} of {tokens:,} tokens that the model was given of documents; "
            f"{100 * (1 - tokens_read / tokens):.1f} % were beyond what it reads"
        )
    if counted:
        show("counted: " + ", ".join(f"{count:,} {name}" for name, count in counted.items()))
    if "leak_action" in result.manifest["settings"]:
        _print_leaks(result.manifest)
    for one in result.set_aside:
        show(one.in_words)
    return result.exit_code


def _print_leaks(manifest: Mapping[str, Any]) -> None:
    done = {"drop": "left out", "mark": "marked"}[manifest["settings"]["leak_action"]]
    show(f"leaks: {manifest['leaked']:,} documents with benchmark tasks {done} (run/hits.parquet)")
    if manifest["leaks"]:
        show("  " + ", ".join(f"{count:,} {name}" for name, count in manifest["leaks"].items()))


def _print_agreement_of_run(result: "FilterResult") -> None:
    found, audit = result.agreement, result.manifest["audit"]
    assert found is not None
    embedded = 100 * audit["embedded"] / max(result.rows, 1)
    show(f"embedded: {audit['embedded']:,} rows ({embedded:.1f} %), and {found.looked_at:,} for the audit")
    show(
        f"audit: {100 * found.disagreement:.2f} % [{100 * found.low:.2f}, {100 * found.high:.2f}] of all "
        f"documents decided otherwise than with effort full; of its keepers {100 * found.lost_keepers:.1f} % "
        f"lost, of those kept {100 * found.false_keeps:.1f} % false"
    )
    if found.is_broken:
        show(
            f"Warning: more than the {100 * (found.promised or 0):g} % that was asked for. This dump is "
            "unlike the documents that the scorer was paired on: use --effort full, or train it again with "
            "a pool of this dump."
        )
