"""The model card of a scorer, in Markdown: what it is, how good it is, what it is bad at."""

import shlex
from collections.abc import Iterator, Mapping, Sequence
from math import floor, log10
from typing import TYPE_CHECKING, Any

from filtering.machine import available_cpus
from filtering.recipes import RECIPES
from filtering.stages import HEADS
from filtering.windows import REACH, WINDOW
from pipelines.language_notes import language_notes

if TYPE_CHECKING:
    from pipelines.evaluate import Evaluation

EFFORTS = {"fast": "signals alone", "full": "signals and embedding"}
WORST_SLICES = 12

Summary = Mapping[str, float]


def compared(metrics: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Summary], str]]:
    """Yield each stage, the figures of what was compared for it, from simple to costly, and what was kept.

    Parameters
    ----------
    metrics : mapping
        Of a scorer, as its ``scorer.json`` holds them.
    """
    for stage, name, order in (("signals", "signals", RECIPES), ("embedding", "heads", HEADS)):
        if name in metrics:
            rows = metrics[name]["compared"]
            yield stage, {one: rows[one] for one in order if one in rows}, metrics[name]["kept"]


def model_card(
    domain: str,
    metrics: Mapping[str, Any],
    evaluations: Sequence["Evaluation"],
    speeds: Mapping[Any, float],
    command: Sequence[str],
) -> str:
    """Return the model card of a scorer.

    Parameters
    ----------
    domain : str
    metrics : mapping
        As its ``scorer.json`` holds them.
    evaluations : sequence of Evaluation
        Nested, one for each effort.
    speeds : mapping
        Documents a second by effort, on the machine that trained it.
    command : sequence of str
        What made it, after ``edufilter`` and before ``--out``.
    """
    last = evaluations[-1]
    made = shlex.join(["edufilter", *command, "--out", "FOLDER"])
    taught = "teacher" in metrics
    inputs = "pool and teacher" if taught else "labels"
    sections = [
        _opening(domain, metrics),
        _quality(evaluations, "documents that the teacher read" if taught else "labelled documents"),
        _comparison(metrics),
        *(_points(one) for one in evaluations),
        *_cascade(metrics["exits"]),
        _weaknesses(last),
        _speed(speeds),
        f"## How it was made\n\n`{made}` gives the same scorer from the same {inputs}.\n"
        "These figures are in `scorer.json` too; `edufilter evaluate SCORER LABELS` judges it by labels.\n",
    ]
    return "\n".join(sections)


def _opening(domain: str, metrics: Mapping[str, Any]) -> str:
    stages = [
        "- effort `fast`: hashed n-grams and style statistics, joined by the recipe "
        f"`{metrics['signals']['kept']}`."
    ]
    if "heads" in metrics:
        share = 1 - metrics["embedded"]["tokens_read"] / max(metrics["embedded"]["tokens"], 1)
        stages.append(
            f"- effort `full`: an embedding of each document too, by the head `{metrics['heads']['kept']}`. "
            "Of the tokens of "
            f"the labelled documents' windows {100 * share:.0f} % are beyond what the embedder reads; it is "
            "named in "
            "`scorer.json`, with the digest of its weights."
        )
    if "teacher" in metrics:
        stages.append(
            f"- effort `full`: the points of the classifier `{metrics['teacher']}`, which the signals were "
            "fitted to; all figures below are of signals against it: what they call a label is what it says."
        )
    return "\n".join(
        [
            f"# Scorer `{domain}`",
            "",
            "Gives a document rubric points from 0 to 5: how much a learner gains by reading it. A score of "
            "k means that a",
            "label of at least k is as likely as not, on documents that were sampled without looking at "
            "scores.",
            "",
            *stages,
            "",
            f"Signals read texts up to {REACH.whole:,} bytes whole, of longer ones beginning, middle and end "
            f"(`{REACH.name}`);",
            "the teacher their beginning, as far as it has tokens for."
            if "teacher" in metrics
            else f"an embedder sees so much of their window (`{WINDOW.name}`) as it has tokens for.",
            "",
        ]
    )


def _quality(evaluations: Sequence["Evaluation"], labelled: str) -> str:
    first = evaluations[0]
    lines = [
        "## Quality",
        "",
        f"Fitted to {first.rows:,} {labelled} of {first.groups:,} groups (sites, books, repositories). All",
        "figures are nested: each document was scored by a model, a calibration included, that was fitted "
        "without",
        "its fold of groups. Intervals hold 95 % of a bootstrap over whole groups.",
    ]
    for one in evaluations:
        chosen = f"the {one.unbiased_rows:,} chosen without looking at scores"
        lines += ["", f"| effort `{one.effort}` | all documents | {chosen} |", "| --- | --- | --- |"]
        lines += [f"| {name} | {one.metrics[name]} | {one.unbiased_metrics[name]} |" for name in one.metrics]
        lines += [
            "",
            f"Of the latter {100 * one.labelled_keep_share:.1f} % have a label of at least 3; "
            f"{100 * one.predicted_keep_share:.1f} % get a score of at least 3.",
        ]
    return "\n".join([*lines, ""])


def _comparison(metrics: Mapping[str, Any]) -> str:
    lines = [
        "What was compared, mean ± spread over five fold assignments:",
        "",
        "| stage | | rank correlation (rho) | area under the curve at 3 |",
        "| --- | --- | --- | --- |",
    ]
    for stage, rows, kept in compared(metrics):
        lines += [
            f"| {stage} | `{name}`{' (kept)' if name == kept else ''} | {row['rho']:.4f} ± "
            f"{row['rho_spread']:.4f} | "
            f"{row['auc_at_3']:.4f} ± {row['auc_at_3_spread']:.4f} |"
            for name, row in rows.items()
        ]
    rule = (
        "The rule, written down beforehand: of each stage the simplest whose mean rho is within two spreads "
        "of the best."
    )
    return "\n".join([*lines, "", rule, ""])


def _points(evaluation: "Evaluation") -> str:
    lines = [
        f"Effort `{evaluation.effort}`, labels (rows) against scores (columns), in whole points; and what "
        "scores of each "
        "point came to,",
        "over documents chosen without looking at scores:",
        "",
        "| | 0 | 1 | 2 | 3 | 4 | 5 |",
        "| --- | --- | --- | --- | --- | --- | --- |",
        *(
            f"| {label} | " + " | ".join(str(count) for count in row) + " |"
            for label, row in enumerate(evaluation.confusion)
        ),
        "| documents | " + " | ".join(str(count) for count, _, _ in evaluation.reliability) + " |",
        "| mean score | "
        + " | ".join(_mean(mean, count) for count, mean, _ in evaluation.reliability)
        + " |",
        "| mean label | "
        + " | ".join(_mean(mean, count) for count, _, mean in evaluation.reliability)
        + " |",
        "",
    ]
    return "\n".join(lines)


def _mean(mean: float, count: int) -> str:
    return f"{mean:.2f}" if count else ""


def _cascade(exits: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    if not exits:
        return
    first = exits[0]
    if first["is_exact"]:
        how = "one of a group, of groups that nothing was fitted to: bounds are exact"
    else:
        how = f"of {first['groups']:,} groups, by stages fitted without theirs: bounds are approximate"
    lines = [
        "## Effort `balanced`",
        "",
        f"Kept from 3 points; on {first['documents']:,} documents, {how}, and hold with 95 % confidence for",
        "documents like these. Each run measures it again on its own.",
        "",
        "| decided otherwise than by `full`, at most | embedded | decided otherwise, here | keepers lost | "
        "false keeps |",
        "| --- | --- | --- | --- | --- |",
    ]
    for one in exits:
        shares = (1 - one["dropped"] - one["kept"], one["disagreement"], one["lost_keepers"])
        cells = " | ".join(f"{100 * abs(share):.1f} %" for share in (*shares, one["false_keeps"]))
        lines.append(f"| {100 * one['settings']['max_disagreement']:.1f} % | {cells} |")
    yield "\n".join([*lines, ""])


def _weaknesses(evaluation: "Evaluation") -> str:
    lines = [
        "## What it is bad at",
        "",
        "- Text unlike its seed: other languages and scripts above all. Runs warn when a sample of a dump "
        "is.",
        "- Truth. It sees how a text is written, not whether it is right.",
        "- What lies beyond the reach of signals, and of what an embedder sees.",
        "",
    ]
    if evaluation.slices:
        lines += [
            f"Effort `{evaluation.effort}` by genre and language, the worst first (slices of the labels with "
            "enough documents;",
            "within a slice labels differ less, so figures are lower than over all):",
            "",
            "| | documents | rho | AUC at 3 |",
            "| --- | --- | --- | --- |",
            *(
                f"| {one.column}: {one.value} | {one.rows} | {one.metrics['rho']} | "
                f"{one.metrics['auc_at_3']} |"
                for one in evaluation.slices[:WORST_SLICES]
            ),
            "",
            *(part for note in language_notes(evaluation) for part in (note, "")),
        ]
    return "\n".join(lines)


def _speed(speeds: Mapping[Any, float]) -> str:
    lines = [
        "## Speed",
        "",
        f"Roughly, on the machine that trained it ({available_cpus()} CPUs): "
        + "; ".join(f"effort `{effort}` {_two_digits(speed)} documents/s" for effort, speed in speeds.items())
        + ".",
        "`fast` counts one core; `full` uses all. `docs/benchmarks.md` measures with care.",
        "",
    ]
    return "\n".join(lines)


def _two_digits(number: float) -> str:
    step = 10 ** max(floor(log10(max(number, 1))) - 1, 0)
    return f"{round(number / step) * step:,}"
