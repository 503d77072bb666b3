"""Prints how good scorers are: their figures as tables, and what each cut keeps and is worth."""

import json
import shlex
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from filtering.judging.intervals import Estimate
from filtering.printable import printable, short_name
from filtering.rubric_points import KEEP_AT
from filtering.scoring.hub_scorers import HUB
from pipelines.amount_formats import counted, short_count, short_percent
from pipelines.commands.printing.screen import show
from pipelines.commands.printing.tables import print_table
from pipelines.settings.base import options_in_words, placement_in_words, words_of
from pipelines.settings.push import near_license
from pipelines.settings.scorers import TrainConfig

if TYPE_CHECKING:
    from pipelines.choosing.thresholds.choose_threshold import Threshold
    from pipelines.choosing.thresholds.slice_thresholds import SliceCut
    from pipelines.page_kit.page import Table
    from pipelines.scorers.audit_points import ScorerAudit
    from pipelines.scorers.evaluation import Evaluation
    from pipelines.scorers.push import PushResult
    from pipelines.scorers.train import TrainResult
    from pipelines.settings.scorers import AuditConfig, FitSettings

WORST = 8
"""Languages and the like of each kind that a screen shows; a page shows all of them."""
FIGURES_IN_WORDS = (
    "1 is perfect. Rank correlation: how alike scores and labels rank documents. Kappa: how near whole "
    "points are to the labels. F1: precision and recall in one figure."
)
LOW_RECALL = 0.5
"""Below which another cut than that of 3 points is worth a look."""
MORE_LABELS = "label documents that differ in this alone, and train again:"
"""What helps where a rewrite moves scores as it should not."""
SLICES_SHOWN = 40
MORE_DOCUMENTS = 2000
"""To audit where fewer do not tell: of so many most rewrites are told."""


def print_scorer(result: "TrainResult", config: "FitSettings", *, as_json: bool) -> int:
    """Print what a scorer is worth and what it cannot do; the card has all else. Return the exit code."""
    from annotations.labels.labels import cut_texts_warning
    from pipelines.scorers.evaluation_tables import UNKNOWN_ORIGIN, metrics_table, which_to_believe
    from pipelines.scorers.kind_tables import short_notes

    if as_json:
        show(json.dumps(result.metrics))
        return 0
    shown = result.evaluations[0]  # of effort fast, as runs are by default
    show(which_to_believe(result.evaluations))
    _print_table(metrics_table(shown))
    show(FIGURES_IN_WORDS)
    if not shown.origin_known:
        show(UNKNOWN_ORIGIN)
    for note in short_notes(shown, result.metrics.get("held_out", ())):
        show(note)
    if failed := [one.name for one in result.audit.effects if one.verdict == "no"]:
        show(
            f"Rewrites of documents that move scores as they should not: {', '.join(failed)}. The card has "
            "the figures; labels of documents that differ in this alone would help."
        )
    if result.cut_texts:
        show(cut_texts_warning(result.cut_texts, shown.rows))
    show(f"card: {result.out}/README.md (ways of fitting, languages and sources, rewrites, efforts)")
    show(f"scorer: {result.out}")
    if not shown.is_ordered:
        show("next: more labels, then the same command again.")
        return 0
    recall = shown.believed["recall_at_3"].value
    if recall < LOW_RECALL and isinstance(config, TrainConfig) and isinstance(config.labels, str):
        again = shlex.join(["edufilter", "threshold", result.out, config.labels])
        show(
            f"At {KEEP_AT:g} points it finds about {100 * recall:.0f} % of the good documents. "
            f"For another cut: {again}"
        )
    show(
        "Documents that it was trained on score about as their labels say. "
        "A run says how many of these it keeps."
    )
    embeds = [] if isinstance(config, TrainConfig) else ["--effort", "balanced", *placement_in_words(config)]
    show(f"next: {_to_filter(result.out, *embeds)}")
    return 0


def print_comparison(metrics: Mapping[str, Any]) -> None:
    """Print the nested figures of every way of fitting that was compared."""
    from pipelines.scorers.evaluation_tables import comparison_table

    show("This table only compares ways of fitting. How good the scorer is, the next one says.")
    _print_table(comparison_table(metrics))


def print_learning_curve(rows: Sequence[Mapping[str, Any]]) -> None:
    """Print nested figures by effort, number of labels and of groups, and whether more would help."""
    from pipelines.scorers.evaluation_tables import learning_curve_table
    from pipelines.scorers.learning_curve import more_labels_help

    table = learning_curve_table(rows)
    show("This table only compares numbers of labels. How good the scorer is, the figure to go by says.")
    _print_table(table)
    for line in (table.note, *more_labels_help(rows)):
        show(line)


def print_evaluation(evaluation: "Evaluation", held_out: Sequence[Mapping[str, Any]]) -> None:
    """Print how good scores are against labels, and what a scorer stored of kinds that it never saw."""
    from pipelines.scorers.evaluation_tables import (
        UNKNOWN_ORIGIN,
        confusion_table,
        drawn_at_random,
        has_unbiased,
        metrics_table,
        what_scored,
    )
    from pipelines.scorers.kind_tables import kind_notes, kinds_table, values_tables

    _print_table(metrics_table(evaluation))
    show(FIGURES_IN_WORDS)
    _print_table(confusion_table(evaluation))
    told, how = has_unbiased(evaluation), drawn_at_random(evaluation)
    drawn = f", {evaluation.unbiased_rows:,} of them {how}" if told else ""
    which = f"those {how}" if told else "these"
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
    show(what_scored(evaluation))


def print_audit(audit: "ScorerAudit", config: "AuditConfig") -> None:
    """Print what rewrites do to decisions and scores: last what came out, and what to do next.

    Parameters
    ----------
    audit : ScorerAudit
    config : AuditConfig
        What was audited by what, and how.
    """
    from pipelines.scorers.evaluation_tables import audit_notes, audit_tables

    for table in audit_tables(audit):
        _print_table(table)
    verdict, *notes = audit_notes(audit)
    for line in (*notes, verdict, f"next: {_after_audit(audit, config)}"):
        show(line)


def _to_filter(scorer: str, *options: str) -> str:
    """Return the command that says what filtering with a scorer would do."""
    return shlex.join(
        ["edufilter", "filter", "DUMP", "--scorer", scorer, *options, "--out", "OUT", "--dry-run"]
    )


def _after_audit(audit: "ScorerAudit", config: "AuditConfig") -> str:
    """Return what to do after an audit, by its settings: look at more documents, label some, or filter."""
    verdicts = {one.verdict for one in audit.effects}
    drawn_by = [] if config.scorer == "web" else ["--scorer", config.scorer]
    number = MORE_DOCUMENTS if "no" in verdicts else max(MORE_DOCUMENTS, 2 * audit.available)
    drawn = f"sample-{number}.parquet"  # a sample goes to a new file, and this one may be of the last audit
    draw = shlex.join(["edufilter", "sample", "DUMP", "--n", f"{number}", *drawn_by, "--out", drawn])
    if "no" in verdicts:
        return f"{MORE_LABELS} {draw}"
    options = options_in_words(config, without=("effort", "documents", "seed"))
    if "not shown" not in verdicts:
        return _to_filter(config.scorer, "--effort", config.effort, *options)
    again = words_of("audit", config.model_copy(update={"documents": audit.available}))
    if audit.documents < audit.available:
        return shlex.join(again)
    other = config.model_copy(update={"labels": drawn, "documents": None})
    return (
        f"audit more documents, which need no labels, if your dump has more than these {audit.available:,}:"
        f"\n  {draw}\n  {shlex.join(words_of('audit', other))}"
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
        show(f"*: {_why_starred(result)}")
    show("labels: labelled documents that score so much or more; precision is the share of good ones in them")
    show(
        "[in brackets: 95 % bands over groups, which hold for all cuts at once. So they are wider than the "
        "intervals of train and evaluate, which are of one cut]"
    )
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
    if result.slices:
        _print_slice_cuts(result.slices)
    if result.next_command is not None:
        show(f"next: {result.next_command}")
        if result.keep_at is not None and result.next_command.startswith("edufilter filter"):
            cut = f"--keep-at {result.keep_at:g} --to NEW"
            show(f"A run by this scorer need not score again: edufilter recut OUT {cut}")
    if result.exit_code == 4:
        own = [short_name(one.value) for one in result.slices if not one.why_common and not one.is_promised]
        of_whom = f" for {', '.join(own)}" if own and result.is_promised else ""
        show(f"Exit code 4: the goal is not promised{of_whom}.")


def _print_slice_cuts(slices: Sequence["SliceCut"]) -> None:
    """Print the cuts of slices, and which slices take the common one."""
    own = [one for one in slices if not one.why_common]
    rows = [
        (
            short_name(one.value), one.labels, one.good, f"{one.keep_at:g}",
            *("-" if figure is None else _in_percent(figure) for figure in (one.precision, one.recall)),
            "yes" if one.is_promised else "no, by the estimate",
        )
        for one in own[:SLICES_SHOWN]
    ]  # fmt: skip
    head = ("slice", "labels", "good", "cut", "precision", "recall", "shown by the labels")
    if rows:
        print_table(head, rows, title="A cut for each slice, in points; precision and recall in %")
    if len(own) > SLICES_SHOWN:
        show(f"{len(own) - SLICES_SHOWN:,} slices with fewer labels are not shown: --json has all")
    for why in dict.fromkeys(one.why_common for one in slices if one.why_common):
        others = [one for one in slices if one.why_common == why]
        names = ", ".join(f"{short_name(one.value)} ({one.labels:,})" for one in others[:SLICES_SHOWN])
        rest = len(others) - SLICES_SHOWN
        more = f" and {counted(rest, 'other slice')}" if rest > 0 else ""
        show(f"{why}, so the common cut of {others[0].keep_at:g} points (labels): {names}{more}")


def _why_starred(result: "Threshold") -> str:
    """Return in words what distinguishes the cut that answers a goal."""
    if result.is_promised:
        return "the cut that answers the goal"
    if result.goal not in ("precision", "recall"):
        return "the cut that comes nearest to the goal"
    if result.estimated_at is not None:
        return "the cut that reaches the goal by the estimate alone"
    return "the cut with the highest estimate; none reaches the goal"


def _in_percent(figure: Estimate) -> str:
    """Return a share and its band; alone where it is known."""
    if not np.isfinite(figure.value):
        return "-"
    value, low, high = map(short_percent, (figure.value, figure.low, figure.high))
    return value if figure.low == figure.high else f"{value} [{low},{high}]"


def print_push(result: "PushResult") -> None:
    """Print what went to the hub, or would go."""
    is_sent = bool(result.commit)
    show(f"{'sent to' if is_sent else 'would go to'} {HUB}{result.repository}:")
    for name, size in result.sizes.items():
        show(f"  {name}: {size:,} bytes")
    show("front matter of README.md:")
    show("".join(f"  {line}\n" for line in result.front_matter.splitlines()).rstrip("\n"))
    if result.embedder:
        show(
            f"Note: it names its embedder by a folder of this machine, {printable(result.embedder)}. Others "
            "score by it with --embedder FOLDER, or at effort fast."
        )
    if result.odd_license:
        near = near_license(result.odd_license)
        show(f"Note: the hub may not know the licence {printable(result.odd_license)}. Did you mean {near}?")
    if result.stays_public:
        show(
            f"Warning: {HUB}{result.repository} was there, for all to see, and stays so: --private is for "
            "new repositories. Its settings on the hub can hide it."
        )
    if is_sent:
        words = ["edufilter", "filter", "DUMP", "--scorer", result.address, "--out", "OUT"]
        show(f"next: {shlex.join(words)}")
    else:
        show("Nothing was sent. Without --dry-run it is.")
