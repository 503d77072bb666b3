"""What commands print on standard output: results in words and tables."""

import json
import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from annotations.agreement import MIN_COMMON
from annotations.labels import cut_texts_warning
from filtering.metrics import Estimate

if TYPE_CHECKING:
    from annotations.agreement import Agreement
    from pipelines.annotate import AnnotationEstimate
    from pipelines.evaluate import Evaluation
    from pipelines.label_folder import AnnotateResult
    from pipelines.run_plan import FilterResult
    from pipelines.sample import SampleResult
    from pipelines.threshold import Threshold
    from pipelines.train import TrainResult


def print_line(text: str) -> None:
    """Print a line."""
    sys.stdout.write(text + "\n")


def print_result(result: "FilterResult") -> int:
    """Print what a run did; return its exit code."""
    share = 100 * result.kept / max(result.rows, 1)
    where = "run/scores" if result.manifest["settings"].get("write") == "scores" else "data"
    print_line(f"{result.rows:,} rows, {result.kept:,} kept ({share:.1f} %) -> {result.out}/{where}")
    if result.rows_scored:
        rate = result.rows_scored / max(result.seconds, 1e-9)
        print_line(f"{result.rows_scored:,} rows in {duration(result.seconds)} ({rate:,.0f} rows/s)")
    if result.agreement is not None:
        _print_agreement_of_run(result)
    counted = {**result.reasons, **result.unusual}
    tokens, tokens_read = result.manifest["tokens"], result.manifest["tokens_read"]
    if result.manifest["unread_bytes"]:
        share = 100 * result.manifest["unread_bytes"] / result.manifest["text_bytes"]
        print_line(f"signals: {share:.1f} % of the text lie beyond what they read of a document")
    if tokens:
        print_line(
            f"embedded: {tokens_read:,} of {tokens:,} tokens that the model was given of documents; "
            f"{100 * (1 - tokens_read / tokens):.1f} % were beyond what it reads"
        )
    if counted:
        print_line("counted: " + ", ".join(f"{count:,} {name}" for name, count in counted.items()))
    if "leak_action" in result.manifest["settings"]:
        _print_leaks(result.manifest)
    for one in result.set_aside:
        print_line(f"set aside: {one.relative} (from row {one.first_row}): {one.why}")
    return result.exit_code


def _print_leaks(manifest: Mapping[str, Any]) -> None:
    done = {"drop": "left out", "mark": "marked"}[manifest["settings"]["leak_action"]]
    print_line(f"leaks: {manifest['leaked']:,} documents with benchmark tasks {done} (run/hits.parquet)")
    if manifest["leaks"]:
        print_line("  " + ", ".join(f"{count:,} {name}" for name, count in manifest["leaks"].items()))


def _print_agreement_of_run(result: "FilterResult") -> None:
    found, audit = result.agreement, result.manifest["audit"]
    assert found is not None
    embedded = 100 * audit["embedded"] / max(result.rows, 1)
    print_line(
        f"embedded: {audit['embedded']:,} rows ({embedded:.1f} %), and {found.looked_at:,} for the audit"
    )
    print_line(
        f"audit: {100 * found.disagreement:.2f} % [{100 * found.low:.2f}, {100 * found.high:.2f}] of all "
        f"documents decided otherwise than with effort full; of its keepers {100 * found.lost_keepers:.1f} % "
        f"lost, of those kept {100 * found.false_keeps:.1f} % false"
    )
    if found.is_broken:
        print_line(
            f"Warning: more than the {100 * (found.promised or 0):g} % that was asked for. This dump is "
            "unlike the documents that the scorer was paired on: use --effort full, or train it again with "
            "a pool of this dump."
        )


def duration(seconds: float) -> str:
    """Return a duration in the unit that suits it."""
    if seconds < 120:
        return f"{seconds:.1f} s"
    minutes = seconds / 60
    return f"{minutes:.0f} min" if minutes < 120 else f"{minutes / 60:.1f} h"


def print_learning_curve(rows: Sequence[Mapping[str, Any]]) -> None:
    """Print nested figures by effort and number of labels."""
    table = Table("effort", "labels", "rho", "AUC at 3", title="nested, fitted to fewer labels")
    for row in rows:
        table.add_row(row["effort"], f"{row['labels']:,}", *_figures(row))
    Console().print(table)


def _figures(row: Mapping[str, float]) -> tuple[str, str]:
    return (
        f"{row['rho']:.4f} ± {row['rho_spread']:.4f}",
        f"{row['auc_at_3']:.4f} ± {row['auc_at_3_spread']:.4f}",
    )


def print_comparison(metrics: Mapping[str, Any]) -> None:
    """Print the nested figures of every way of fitting that was compared."""
    from pipelines.model_card import compared

    table = Table("stage", "", "rho", "AUC at 3", title="nested, mean ± spread over five fold assignments")
    for stage, rows, kept in compared(metrics):
        for name, row in rows.items():
            table.add_row(
                stage,
                name + (" (kept)" if name == kept else ""),
                *_figures(row),
            )
        table.add_section()
    Console().print(table)


def print_evaluation(evaluation: "Evaluation") -> None:
    """Print how good scores are against labels."""
    how = "nested" if evaluation.nested else "scored by the saved scorer"
    title = f"effort {evaluation.effort}, {how}; 95 % intervals over groups"
    table = Table("metric", "all", "unbiased rows", title=title)
    for name, estimate in evaluation.metrics.items():
        table.add_row(name, str(estimate), str(evaluation.unbiased_metrics[name]))
    console = Console()
    console.print(table)
    confusion = Table("label", *(str(point) for point in range(6)), title="labels (rows) against scores")
    for label, row in enumerate(evaluation.confusion):
        confusion.add_row(str(label), *(str(count) for count in row))
    console.print(confusion)
    print_line(
        f"{evaluation.rows:,} documents of {evaluation.groups:,} groups, "
        f"{evaluation.unbiased_rows:,} unbiased; of these "
        f"{100 * evaluation.labelled_keep_share:.1f} % are labelled 3 or more, "
        f"{100 * evaluation.predicted_keep_share:.1f} % score 3 or more"
    )
    _print_languages(evaluation)
    if not evaluation.nested:
        print_line(
            "These figures hold where none of these documents was among those that the scorer was fitted to."
        )


def print_threshold(result: "Threshold") -> None:
    """Print what each cut keeps and is worth, and which one answers the goal."""
    from pipelines.threshold_words import count_words

    how = "nested" if result.nested else "scored by the saved scorer"
    title = f"effort {result.effort}, {how}; kept shares, precision and recall in %"
    columns = ("cut", "labels", "documents", "tokens", "precision", "recall")
    table = Table(*columns, title=title, box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))  # within 80 columns
    for row in result.cuts:
        chosen = " <" if row.cut == result.keep_at else ""
        figures = (row.documents, row.tokens, row.precision, row.recall)
        table.add_row(f"{row.cut:g}{chosen}", f"{row.labels:,}", *map(_in_percent, figures))
    Console().print(table)
    print_line("[95 % bands over groups; each column's hold for all cuts at once]")
    print_line(
        f"{result.labels:,} labels of {result.groups:,} groups, {result.good:,} of them good (labelled "
        f"{result.label_at:g} or more); "
        f"{result.left_out:,} left out: they were chosen by score, or have none"
    )
    print_line(result.weighting)
    if result.documents is not None and result.tokens is not None:
        print_line(f"population: {result.documents:,} documents, about {count_words(result.tokens)} tokens")
    if result.answer is not None:
        print_line(result.answer)
        print_line(f"next: {result.next_command}")


def _in_percent(figure: Estimate) -> str:
    """Return a share and its band; alone where it is known."""
    if not np.isfinite(figure.value):
        return "-"
    value, low, high = (
        f"{100 * end:.1f}" if end < 0.0995 else f"{100 * end:.0f}"
        for end in (figure.value, figure.low, figure.high)
    )
    return value if figure.low == figure.high else escape(f"{value} [{low}, {high}]")


def _print_languages(evaluation: "Evaluation") -> None:
    from pipelines.language_notes import code_languages, language_notes

    head = ("code language", "labels", "groups", "rho", "AUC at 3")
    table = Table(*head, title="by code language, the worst first; 95 % intervals over groups")
    for one in code_languages(evaluation):
        figures = (str(one.metrics[name]) for name in ("rho", "auc_at_3"))
        table.add_row(one.value, f"{one.rows:,}", f"{one.groups:,}", *figures)
    if table.rows:
        Console().print(table)
    for note in language_notes(evaluation):
        print_line(note)


def print_scorer(result: "TrainResult", *, as_json: bool) -> int:
    """Print how a scorer was chosen, what it is worth, and what its cascade costs; return the exit code."""
    if as_json:
        print_line(json.dumps(result.metrics))
        return 0
    print_comparison(result.metrics)
    for evaluation in result.evaluations:
        print_evaluation(evaluation)
    _print_exits(result.metrics["exits"])
    print_line(f"scorer: {result.out}")
    return 0


def _print_exits(exits: Sequence[Mapping[str, Any]]) -> None:
    if not exits:
        return
    kind = "bounds exact" if exits[0]["is_exact"] else "bounds approximate"
    title = f"effort balanced, kept from 3 points, {exits[0]['documents']:,} documents, {kind}"
    table = Table(*("disagreement at most", "embedded", "keepers lost", "false keeps"), title=title)
    for one in exits:
        asked = one["settings"]["max_disagreement"]
        shares = (asked, 1 - one["dropped"] - one["kept"], one["lost_keepers"], one["false_keeps"])
        table.add_row(*(f"{100 * abs(share):.1f} %" for share in shares))  # no -0.0
    Console().print(table)


def print_sample(result: "SampleResult") -> int:
    """Print what was drawn; return the exit code of the command."""
    picked = ", ".join(f"{count:,} {why}" for why, count in sorted(result.picked.items()))
    print_line(f"{result.rows:,} documents of {result.groups:,} groups ({picked}) -> {result.out}")
    print_line(f"drawn from {result.read_rows:,} of {result.dump_rows:,} rows")
    if result.near_duplicates:
        print_line(f"left out: {result.near_duplicates:,} near-duplicates of documents in the sample")
    for one in result.set_aside:
        print_line(f"set aside: {one.relative} (from row {one.first_row}): {one.why}")
    return 3 if result.set_aside else 0


def print_estimate(estimate: "AnnotationEstimate") -> None:
    """Print what asking would cost."""
    left = estimate.questions - estimate.answered
    print_line(f"documents: {estimate.documents:,}; questions: {estimate.questions:,}, {left:,} left to ask")
    print_line(
        f"tokens: about {estimate.tokens_in:,} in and {estimate.tokens_out:,} out; at most "
        f"{estimate.most_tokens_in:,} in and {estimate.most_tokens_out:,} out"
    )
    if estimate.usd is None or estimate.most_usd is None:
        print_line("price: not known; give it with --price INPUT/OUTPUT")
    else:
        print_line(f"price: about ${estimate.usd:.2f}, at most ${estimate.most_usd:.2f}")
    if estimate.spent_usd:
        print_line(f"spent so far: ${estimate.spent_usd:.4f}")


def print_annotation(result: "AnnotateResult") -> int:
    """Print what a folder of labels holds now; return the exit code of the command."""
    print_line(f"{result.labels:,} documents with a score -> {result.out}/labels.parquet")
    statuses = ", ".join(f"{count:,} {name}" for name, count in sorted(result.statuses.items()))
    spent = f"; spent: ${result.spent_usd:.4f}" if result.spent_usd else ""
    if result.open_usd:
        spent += (
            f" (${result.open_usd:.4f} of it at most, for questions that were open when a run was stopped)"
        )
    print_line(f"questions: {statuses}{spent}")
    if result.cut_texts:
        print_line(cut_texts_warning(result.cut_texts, result.labels))
    if result.statuses.get("not asked"):
        print_line("The budget is spent. To ask the rest, run the same command with a larger --budget-usd.")
    if result.statuses.get("api_error"):
        print_line(
            f"Some questions found no answer (api_error); the last: {result.last_error}. The same command "
            "asks them again."
        )
    for canary in result.canaries:
        kinds = ", ".join(
            f"{moved} of {graded} {order}" for order, (graded, moved) in canary.by_order.items()
        )
        print_line(
            f"canaries, {canary.rater}: planted orders moved {canary.moved} of {canary.graded} labels, "
            f"{canary.raised} of them up ({kinds})"
        )
    return result.exit_code


def print_agreement(agreement: "Agreement", sentence: str) -> None:
    """Print how far raters agree, and what to do next."""
    for pair in agreement.pairs:
        few = "" if pair.documents >= MIN_COMMON else f"; figures need at least {MIN_COMMON}"
        print_line(f"{pair.first} and {pair.second}: {pair.documents:,} documents{few}")
        print_line(f"  weighted kappa {pair.weighted_kappa}, rho {pair.rho}")
        print_line(
            f"  the same {pair.exact}, within one {pair.within_one}, F1 at {agreement.cut:g} {pair.f1}"
        )
    print_line("(95 % intervals over groups)")
    print_line(f"alpha over all raters: {agreement.alpha}")
    print_line(f"a perfect scorer against one rater, at most: rho {agreement.rho_ceiling}")
    print_line(sentence)
