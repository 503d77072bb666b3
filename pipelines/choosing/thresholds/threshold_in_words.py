"""The answer to a goal in words, and how labels were weighted for it."""

import numpy as np

from filtering.judging.intervals import Estimate
from filtering.judging.thresholds import LEAST_KEPT, Choice
from pipelines.amount_formats import short_count
from pipelines.choosing.thresholds.cut_rows import CutRow
from pipelines.settings.threshold import Goal


def likely_in_words(goal: Goal, row: CutRow) -> str:
    """Return what is told of a cut that would do by the estimates alone."""
    figure = _percents(row.precision if goal == "precision" else row.recall)
    return (
        f"By the estimate alone {row.cut:g} points would do ({goal} {figure}); the labels do not show that."
    )


def how_weighted(population: str | None, *, has_weights: bool) -> str:
    """Return how labels were weighted, and what that assumes."""
    if population is not None:
        return (
            f"Weighted to the run {population}: the labels of each range of scores stand for its documents "
            "there. That assumes that labelled documents are like those of the run with such scores."
        )
    if has_weights:
        return (
            "Weighted by how many documents each label stands for, from its probability of being drawn. That "
            "assumes that what you will filter is like the dump that they were drawn from."
        )
    return (
        "Not weighted: each label counts the same, for the labels have no column 'probability' that says how "
        "likely each was to be drawn. The figures hold if the labelled documents are a random part of what "
        "you will filter."
    )


def in_words(
    goal: Goal,
    amount: float,
    row: CutRow,
    choice: Choice,
    tokens: float | None,
    *,
    is_reached: bool = False,
    is_open: bool = False,
) -> str:
    """Return the answer to a goal.

    Parameters
    ----------
    goal : str
    amount : float
        How much was asked for.
    row : CutRow
        The cut to keep from.
    choice : Choice
        Whether it is promised, and how many more labels might promise one.
    tokens : float, optional
        Of the population.
    is_reached : bool
        Whether the estimate of a goal of quality reaches it there.
    is_open : bool
        Whether the band of some cut reaches it.
    """
    if goal == "precision" or goal == "recall":
        figure = _percents(row.precision if goal == "precision" else row.recall)
        wanted = f"{100 * amount:g} %"
        if choice.is_promised:
            return f"Keep from {row.cut:g} points: {goal} {figure}, so at least {wanted}."
        doubt = f"These labels cannot promise a {goal} of {wanted}"
        if not is_reached:
            helps = (
                "Some bands reach it, so more labels may yet show a cut that does."
                if is_open
                else "No band reaches it either, so more labels alone would not help."
            )
            whose = f" that keeps {LEAST_KEPT} labels or more" if goal == "precision" else ""
            return (
                f"{doubt}, and no cut{whose} is estimated to reach it. The highest estimate is from "
                f"{row.cut:g} points, by {row.labels:,} labels: {goal} {figure}. {helps}"
            )
        more = (
            "How many more labels would show it, these do not say."
            if choice.more_labels is None
            else f"Label about {choice.more_labels:,} more to show it (a rough estimate)."
        )
        return f"{doubt}. By the estimate alone keep from {row.cut:g} points: {goal} {figure}. {more}"
    if goal == "keep_fraction":
        kept = f"Keep from {row.cut:g} points: {_percents(row.documents)} of the documents"
        return f"{kept}." if choice.is_promised else f"{kept}; no cut keeps as few as {100 * amount:g} %."
    total = tokens or 0.0
    value, low, high = (
        short_count(share * total) for share in (row.tokens.value, row.tokens.low, row.tokens.high)
    )
    is_known = row.tokens.low == row.tokens.high
    kept = f"Keep from {row.cut:g} points: about {value} tokens{'' if is_known else f' [{low}, {high}]'}"
    if choice.is_promised:
        estimated = "" if is_known else " That is estimated from the labels, since the run stored no sizes."
        return f"{kept} of {short_count(total)}.{estimated}"
    why = f"the run has {short_count(total)} in all" if amount > total else "no cut keeps so few"
    return f"{kept}; {short_count(amount)} cannot be had, for {why}."


def _percents(figure: Estimate) -> str:
    """Return a share and its interval."""
    if not np.isfinite(figure.value):
        return str(figure)
    return f"{100 * figure.value:.1f} % [{100 * figure.low:.1f}, {100 * figure.high:.1f}]"
