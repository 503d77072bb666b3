"""Says in words how labels were weighted, and which cut answers a goal."""

from typing import TYPE_CHECKING

from filtering.thresholds import Choice
from pipelines.config_scorers import Goal

if TYPE_CHECKING:
    from pipelines.threshold import CutRow


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
        "Not weighted: the labels have no probability of being drawn. That assumes that those that were "
        "chosen without looking at scores are a random part of what you will filter."
    )


def count_words(count: float) -> str:
    """Return a large number with the unit that suits it.

    Examples
    --------
    >>> count_words(12_300_000_000), count_words(950)
    ('12.3B', '950')
    """
    for unit, size in (("T", 1e12), ("B", 1e9), ("M", 1e6), ("k", 1e3)):
        if count >= size:
            return f"{count / size:.3g}{unit}"
    return f"{count:.3g}"


def in_words(goal: Goal, amount: float, row: "CutRow", choice: Choice, tokens: float | None) -> str:
    """Return the answer to a goal.

    Parameters
    ----------
    goal : str
    amount : float
        How much was asked for.
    row : CutRow
        The cut that was chosen.
    choice : Choice
        Why.
    tokens : float, optional
        Of the population.
    """
    if goal == "precision" or goal == "recall":
        figure = row.precision if goal == "precision" else row.recall
        if choice.is_promised:
            return f"Keep from {row.cut:g} points: {goal} {figure}, so at least {amount:g}."
        best = f"These labels cannot promise a {goal} of {amount:g}. The best cut is {row.cut:g}: {figure}."
        if choice.more_labels is None:
            return f"{best} No cut is estimated above {amount:g}, so more labels alone would not help."
        return f"{best} Label about {choice.more_labels:,} more (a rough estimate)."
    if goal == "keep_fraction":
        kept = f"Keep from {row.cut:g} points: {row.documents} of the documents"
        return f"{kept}." if choice.is_promised else f"{kept}; no cut keeps as few as {amount:g}."
    total = tokens or 0.0
    low, high = count_words(row.tokens.low * total), count_words(row.tokens.high * total)
    kept = (
        f"Keep from {row.cut:g} points: about {count_words(row.tokens.value * total)} tokens [{low}, {high}]"
    )
    if choice.is_promised:
        return f"{kept} of {count_words(total)}."
    why = f"the run has {count_words(total)} in all" if amount > total else "no cut keeps so few"
    return f"{kept}; {count_words(amount)} cannot be had, for {why}."
