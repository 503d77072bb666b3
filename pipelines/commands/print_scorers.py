"""Prints how good scorers are: their figures as tables, and what each cut keeps and is worth."""

import json
import shlex
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from filtering.judging.metrics import Estimate
from pipelines.amounts_in_words import short_count
from pipelines.commands.screen import show
from pipelines.commands.tables import print_table

if TYPE_CHECKING:
    from pipelines.choosing.threshold import Threshold
    from pipelines.page_kit.page import Table
    from pipelines.scorers.audit_points import ScorerAudit
    from pipelines.scorers.evaluate import Evaluation
    from pipelines.scorers.train import TrainResult

WORST = 8
"""Languages and the like of each kind that a screen shows; a page shows all of them."""
FIGURES_IN_WORDS = (
    "1 is perfect. Rank correlation: how alike scores and labels rank documents. Kappa: how near whole "
    "points are to the labels. F1: precision and recall in one figure."
)
MORE_LABELS = "label documents that differ in this alone, and train again:"
"""What helps where a rewrite moves scores as it should not."""
MORE_DOCUMENTS = 2000
"""To audit where fewer do not tell: of so many most rewrites are told."""
UNKNOWN_ORIGIN = (
    "The labels do not say how these documents were chosen: they have no column 'picked' (random, say). "
    "So the figures hold for documents like these, not for a whole dump."
)


def print_scorer(result: "TrainResult", *, as_json: bool) -> int:
    """Print what a scorer is worth and what it cannot do; the card has all else. Return the exit code."""
    from pipelines.scorers.evaluation_tables import metrics_table, which_to_believe
    from pipelines.scorers.kind_tables import short_notes

    if as_json:
        show(json.dumps(result.metrics))
        return 0
    best = result.evaluations[-1]
    show(which_to_believe(result.evaluations))
    _print_table(metrics_table(best))
    show(FIGURES_IN_WORDS)
    if not best.origin_known:
        show(UNKNOWN_ORIGIN)
    for note in short_notes(best, result.metrics.get("held_out", ())):
        show(note)
    if failed := [one.name for one in result.audit.effects if one.verdict == "no"]:
        show(
            f"Rewrites of documents that move scores as they should not: {', '.join(failed)}. The card has "
            "the figures; labels of documents that differ in this alone would help."
        )
    out = shlex.quote(result.out)
    show(f"card: {result.out}/README.md (ways of fitting, languages and sources, rewrites, efforts)")
    show(f"scorer: {result.out}")
    show(f"next: edufilter filter DUMP --scorer {out} --out OUT --dry-run")
    return 0


def print_comparison(metrics: Mapping[str, Any]) -> None:
    """Print the nested figures of every way of fitting that was compared."""
    from pipelines.scorers.evaluation_tables import comparison_table

    _print_table(comparison_table(metrics))
    show("This table only compares ways of fitting. How good the scorer is, the next one says.")


def print_learning_curve(rows: Sequence[Mapping[str, Any]]) -> None:
    """Print nested figures by effort, number of labels and number of groups."""
    from pipelines.scorers.evaluation_tables import learning_curve_table

    _print_table(learning_curve_table(rows))


def print_evaluation(evaluation: "Evaluation", held_out: Sequence[Mapping[str, Any]]) -> None:
    """Print how good scores are against labels, and what a scorer stored of kinds that it never saw."""
    from pipelines.scorers.evaluation_tables import confusion_table, has_unbiased, metrics_table
    from pipelines.scorers.kind_tables import kind_notes, kinds_table, values_tables

    _print_table(metrics_table(evaluation))
    show(FIGURES_IN_WORDS)
    _print_table(confusion_table(evaluation))
    drawn = f", {evaluation.unbiased_rows:,} of them drawn at random" if evaluation.origin_known else ""
    which = "those drawn at random" if has_unbiased(evaluation) else "these"
    show(f"{evaluation.rows:,} documents of {evaluation.groups:,} groups{drawn}")
    show(
        f"of {which} {100 * evaluation.labelled_keep_share:.1f} % are labelled 3 or more, and "
        f"{100 * evaluation.predicted_keep_share:.1f} % score 3 or more"
    )
    if not evaluation.origin_known:
        show(UNKNOWN_ORIGIN)
    for table in (kinds_table(evaluation, held_out), *values_tables(evaluation, most=WORST)):
        _print_table(table)
    for note in kind_notes(evaluation, held_out):
        show(note)
    if not evaluation.nested:
        show(
            "The scorer itself gave these scores. It was trained on none of these texts, unless a line above "
            "says so. Near-duplicates of what it was trained on were not looked for."
        )


def print_audit(audit: "ScorerAudit", scorer: str, documents: str) -> None:
    """Print what rewrites do to decisions and scores: last what came out, and what to do next.

    Parameters
    ----------
    audit : ScorerAudit
    scorer, documents : str
        What was audited by what, as it was typed.
    """
    from pipelines.scorers.evaluation_tables import audit_notes, audit_tables

    for table in audit_tables(audit):
        _print_table(table)
    verdict, *notes = audit_notes(audit)
    for line in (*notes, verdict, f"next: {_after_audit(audit, scorer, documents)}"):
        show(line)


def _after_audit(audit: "ScorerAudit", scorer: str, documents: str) -> str:
    """Return what to do after an audit: look at more documents, label some, or filter."""
    verdicts = {one.verdict for one in audit.effects}
    if "no" in verdicts:
        return f"{MORE_LABELS} edufilter sample DUMP --n 2000 --out sample.parquet"
    if "not shown" not in verdicts:
        return f"edufilter filter DUMP --scorer {shlex.quote(scorer)} --out OUT --dry-run"
    again = ["edufilter", "audit", scorer]
    if audit.documents < audit.available:
        return shlex.join([*again, documents, "--documents", str(audit.available)])
    return (
        "audit more documents, which need no labels:\n"
        f"  edufilter sample DUMP --n {MORE_DOCUMENTS} --out sample.parquet\n"
        f"  {shlex.join([*again, 'sample.parquet'])}"
    )


def _print_table(table: "Table") -> None:
    """Print a table; where a figure does not fit beside its interval, this stands below it in one piece."""
    texts = table.texts
    rows = [
        [*row[:texts], *(cell.replace(", ", ",") if isinstance(cell, str) else cell for cell in row[texts:])]
        for row in table.rows
    ]
    print_table(table.head, rows, title=table.caption, texts=texts)


def print_threshold(result: "Threshold") -> None:
    """Print what each cut keeps and is worth, and which one answers the goal."""
    how = "cross-validated" if result.nested else "scored by the saved scorer"
    title = f"effort {result.effort}, {how}; kept shares, precision and recall in %"
    columns = ("cut", "labels", "documents", "tokens", "precision", "recall")
    rows = [
        (
            f"{row.cut:g}{' *' if row.cut == result.keep_at else ''}",
            row.labels,
            *map(_in_percent, (row.documents, row.tokens, row.precision, row.recall)),
        )
        for row in result.cuts
    ]
    print_table(columns, rows, title=title)
    if result.keep_at is not None:
        surest = "the best cut by the lower end of its band, where the goal is not certain"
        show(f"*: {surest if result.exit_code == 4 else 'the cut that answers the goal'}")
    show("[in brackets: 95 % bands over groups, each of which holds for all cuts at once]")
    show(
        f"{result.labels:,} labels of {result.groups:,} groups; {result.good:,} of them are good (labelled "
        f"{result.label_at:g} or more)"
    )
    if result.left_out:
        show(f"left out: {result.left_out:,} labels whose documents were chosen by a score, or have no score")
    show(result.weighting)
    if result.documents is not None and result.tokens is not None:
        show(f"population: {result.documents:,} documents, about {short_count(result.tokens)} tokens")
    if result.answer is not None:
        show(result.answer)
    show(f"next: {result.next_command}")
    if result.exit_code == 4:
        show("Exit code 4: the goal is not promised.")


def _in_percent(figure: Estimate) -> str:
    """Return a share and its band; alone where it is known."""
    if not np.isfinite(figure.value):
        return "-"
    value, low, high = (
        f"{100 * end:.1f}" if end < 0.0995 else f"{100 * end:.0f}"
        for end in (figure.value, figure.low, figure.high)
    )
    return value if figure.low == figure.high else f"{value} [{low},{high}]"
