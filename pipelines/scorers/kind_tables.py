"""How good scores are within kinds of documents, and on kinds never seen: as tables and sentences."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from filtering.judging.intervals import LEAST_BEHIND, Estimate
from filtering.judging.kinds import FEW_GROUPS, KIND_METRICS, LEAST_ROWS, LEAST_SIDE_ROWS, JudgedKind
from filtering.printable import printable
from filtering.rubric_points import KEEP_AT
from pipelines.amount_formats import short_percent
from pipelines.page_kit.page import Table
from pipelines.scorers.evaluation import Evaluation

FIGURES = ("rho", "AUC", "precision", "recall")
PERCENT = ("precision_at_3", "recall_at_3")
NAME_CHARS = 60
SHORTLY_NAMED = 3
"""Values that a line on the screen names of a kind."""
SAID_IN_PART = ("source", "length")
"""Kinds of which no more is said than what a score does not order, and of what it keeps nothing."""


def kinds_table(evaluation: Evaluation, held_out: Sequence[Mapping[str, Any]]) -> Table:
    """Return figures over all documents, within languages and the like, and on what was never seen.

    Parameters
    ----------
    evaluation : Evaluation
    held_out : sequence of mapping
        As ``scorer.json`` holds them: of effort ``fast``.
    """
    rows: list[Sequence[object]] = [
        ("all documents", evaluation.unbiased_rows, *_figures(evaluation.unbiased_metrics))
    ]
    for one in evaluation.within:
        if len(one.values) > 1:  # else it is what the table of its values says
            rows.append((f"within {one.kind}s ({len(one.values)})", one.rows, *_figures(one.metrics)))
    for told in held_out if evaluation.effort == "fast" and evaluation.nested else ():
        kind = told["kind"]
        for name, key in ((f"in a {kind} never seen", "metrics"), (f"the same, {kind} seen", "seen_metrics")):
            rows.append((name, told["rows"], *_figures(_estimates(told[key]))))
    caption = f"effort {evaluation.effort}, within kinds: {_which(evaluation)}"
    return Table(caption, ("", "labels", *FIGURES), rows)


def values_tables(evaluation: Evaluation, *, most: int | None = None) -> list[Table]:
    """Return figures of each language and the like, the worst first; a table for each kind.

    Parameters
    ----------
    evaluation : Evaluation
    most : int, optional
        So many of each kind at most.
    """
    return [_values_table(one, most) for one in evaluation.within if one.values]


def _values_table(one: JudgedKind, most: int | None) -> Table:
    shown = one.values[:most]
    rows: list[Sequence[object]] = [
        (_name(each.value), each.rows, each.groups, *_figures(each.metrics)) for each in shown
    ]
    if one.others:
        rows.append((f"others ({one.others:,}), not judged", one.other_rows, *[""] * (1 + len(FIGURES))))
    part = f" ({len(shown)} of {len(one.values)})" if len(shown) < len(one.values) else ""
    return Table(f"by {one.kind}, the worst first{part}", (one.kind, "labels", "groups", *FIGURES), rows)


def kind_notes(evaluation: Evaluation, held_out: Sequence[Mapping[str, Any]]) -> list[str]:
    """Say what a score does not order, of what it keeps nothing, and what is not judged."""
    notes = [*_notes_of_all(evaluation), *(note for one in evaluation.within for note in _notes_of(one))]
    if any(not each.is_ordered for one in evaluation.within for each in one.values):
        notes.append(
            "Documents count as not ordered where the interval of rho reaches 0, or that of AUC reaches .5. "
            "More labels may show that they are."
        )
    if any(each.groups < FEW_GROUPS for one in evaluation.within for each in one.values):
        notes.append(f"Intervals of fewer than {FEW_GROUPS} groups are rough.")
    if _lacks_shares(evaluation, held_out):
        notes.append(
            f"Precision is not defined where fewer than {LEAST_BEHIND} documents score {KEEP_AT:g} or more, "
            "and recall where so few are labelled so: such a figure would say nothing."
        )
    if held_out and evaluation.effort == "fast" and evaluation.nested:
        notes += map(_note_of_held_out, held_out)
    return notes


def _lacks_shares(evaluation: Evaluation, held_out: Sequence[Mapping[str, Any]]) -> bool:
    """Tell whether some precision or recall that tables have is not defined."""
    figures = [
        evaluation.unbiased_metrics,
        *(each.metrics for one in evaluation.within for each in one.values),
        *(_estimates(told[key]) for told in held_out for key in ("metrics", "seen_metrics")),
    ]
    return any(not np.isfinite(one[name].value) for one in figures for name in PERCENT)


def short_notes(evaluation: Evaluation, held_out: Sequence[Mapping[str, Any]]) -> list[str]:
    """Say how good scores are on kinds never seen, and how many kinds they do not order: a line each."""
    notes = list(_notes_of_all(evaluation))
    for told in held_out:
        never, seen = (_estimates(told[key])["auc_at_3"] for key in ("metrics", "seen_metrics"))
        by_chance = f" That these are below those of {told['kind']}s never seen is chance."
        notes.append(
            f"In {told['kind']}s never seen, at effort fast: AUC at {KEEP_AT:g} points {_short(never)}. "
            f"Where they were seen: {_short(seen)}.{by_chance if never.value > seen.value else ''}"
        )
    for one in evaluation.within:
        if unordered := [_name(each.value) for each in one.values if not each.is_ordered]:
            more = f" and {len(unordered) - SHORTLY_NAMED:,} more" if len(unordered) > SHORTLY_NAMED else ""
            kind = f"{one.kind}{'s' * (len(unordered) > 1)}"
            notes.append(
                f"Among documents of the {kind} {', '.join(unordered[:SHORTLY_NAMED])}{more}, their order by "
                "score may be no better than chance."
            )
    return notes


def _notes_of_all(evaluation: Evaluation) -> Iterator[str]:
    if not evaluation.is_ordered:
        auc = _short(evaluation.believed["auc_at_3"])
        yield (
            f"Its order by score is not shown to be better than chance: AUC at {KEEP_AT:g} points {auc}, and "
            ".5 is chance. Do not filter by it. Label more documents, or look whether two readers give them "
            "the same labels."
        )


def _notes_of(one: JudgedKind) -> Iterator[str]:
    kinds, cut = f"{one.kind}s", f"{KEEP_AT:g} points"
    unordered = {each.value: each.rows for each in one.values if not each.is_ordered}
    if unordered:
        yield f"The score does not order these {kinds}: {_counts(unordered)}."
    elif len(one.values) > 1 and one.kind not in SAID_IN_PART:
        yield f"The score orders the documents of each of the {len(one.values)} {kinds} that are judged."
    lost = {each.value: each.rows for each in one.values if each.metrics["recall_at_3"].value == 0}
    if lost:
        yield f"At {cut} it keeps no good document of these {kinds}: {_counts(lost)}."
    if one.others and one.kind not in SAID_IN_PART:
        more = one.others - len(one.largest_others)
        rest = f" and {more:,} other {one.kind if more == 1 else kinds}" if more else ""
        are = f"is 1 {one.kind}" if one.others == 1 else f"are {one.others:,} {kinds}"
        yield (
            f"Not judged {are} with fewer than {LEAST_ROWS} labels, or fewer than {LEAST_SIDE_ROWS} on "
            f"either side of {cut}: {_counts(one.largest_others)}{rest}."
        )


def _note_of_held_out(told: Mapping[str, Any]) -> str:
    kind, stays = told["kind"], told["never_left_out"]
    note = (
        f"In a {kind} never seen: some whole {kind}s at a time, {told['values']} in all, were left out and "
        "scored by what was fitted to the others. These may be of the same sites or repositories."
    )
    return note + (f" {_name(stays)} has more than half of all labels, and stays in." if stays else "")


def _which(evaluation: Evaluation) -> str:
    chosen = f"{evaluation.unbiased_rows:,} documents"
    if evaluation.origin_known:
        chosen = f"the {chosen} drawn at random"
    elif evaluation.unbiased_rows < evaluation.rows:
        chosen = f"the {chosen} taken as drawn at random"
    return f"{chosen}; at {KEEP_AT:g} points AUC, and precision and recall in %; 95 % intervals"


def _figures(metrics: Mapping[str, Estimate]) -> list[str]:
    return [in_percent(metrics[name]) if name in PERCENT else _short(metrics[name]) for name in KIND_METRICS]


def _short(figure: Estimate) -> str:
    """Return a figure and its interval with two digits: all columns have room on a screen."""
    if not np.isfinite(figure.value):
        return "not defined"
    ends = (f"{end:.2f}".replace("0.", ".", 1) for end in (figure.value, figure.low, figure.high))
    return "{} [{}, {}]".format(*ends)


def in_percent(share: Estimate) -> str:
    """Return a share and its interval in percent."""
    if not np.isfinite(share.value):
        return "not defined"
    return "{} [{}, {}]".format(*map(short_percent, (share.value, share.low, share.high)))


def _counts(values: Mapping[str, int]) -> str:
    return ", ".join(f"{_name(value)} (n {count:,})" for value, count in values.items())


def _name(value: str) -> str:
    """Return what labels call a language or genre, on one line; the beginning of a long text."""
    return printable(value if len(value) <= NAME_CHARS else f"{value[: NAME_CHARS - 3]}...")


def _estimates(told: Mapping[str, Mapping[str, float | None]]) -> dict[str, Estimate]:
    """Return figures as they were before they were stored: null is what is not defined."""

    def end(one: Mapping[str, float | None], name: str) -> float:
        value = one[name]
        return float("nan") if value is None else value

    return {
        name: Estimate(end(one, "value"), end(one, "low"), end(one, "high")) for name, one in told.items()
    }
