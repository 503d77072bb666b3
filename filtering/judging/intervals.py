"""How sure figures are: intervals from draws of whole groups (sites, books, repositories)."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from filtering.arrays import AnyFloats, Floats, Ints
from filtering.errors import ShapeError
from filtering.judging.metrics import METRICS
from filtering.rate_bounds import CONFIDENCE, rate_interval
from filtering.rubric_points import KEEP_AT

BOOTSTRAP_ROUNDS = 500
SHARES: Mapping[str, Callable[[AnyFloats, AnyFloats], AnyFloats]] = {
    "precision_at_3": lambda scores, labels: scores,
    "recall_at_3": lambda scores, labels: labels,
}
"""Figures that are shares of the documents which reach the cut: by their scores, or by their labels."""
LEAST_BEHIND = 5
"""Documents, of fewer of which no share is told."""


@dataclass(frozen=True)
class Estimate:
    """A figure and its interval.

    Parameters
    ----------
    value, low, high : float
        NaN where the labels do not define the figure (all on one side of the cut, say).
    """

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        if not np.isfinite(self.value):
            return "not defined"
        return f"{self.value:.3f} [{self.low:.3f}, {self.high:.3f}]"


def evaluate(
    scores: AnyFloats,
    labels: AnyFloats,
    groups: Sequence[str],
    *,
    metrics: Mapping[str, Callable[[AnyFloats, AnyFloats], float]] = METRICS,
    seed: int = 0,
) -> dict[str, Estimate]:
    """Return metrics with their intervals from a grouped bootstrap.

    Whole groups (sites, books, repositories) are drawn with replacement, since documents of one
    group are not independent. The interval holds the middle 95 % of the resampled figures.

    Parameters
    ----------
    scores, labels : float arrays, shape (n,)
        Rubric points.
    groups : sequence of str, length n
    metrics : mapping, optional
        Name and function of each; all that there are if not given.

    Raises
    ------
    ShapeError
        If the three are not of one length.
    """
    if not len(scores) == len(labels) == len(groups):
        raise ShapeError(
            "'scores', 'labels' and 'groups' must have one length. "
            f"Got {len(scores)}, {len(labels)} and {len(groups)} instead."
        )
    _, codes = np.unique(np.asarray(groups), return_inverse=True)
    resampled: dict[str, list[float]] = {name: [] for name in metrics}
    for _, rows in drawn_groups(codes, seed):
        for name, metric in metrics.items():
            resampled[name].append(metric(scores[rows], labels[rows]))
    return {
        name: as_far_as_shown(
            name, estimate(metric(scores, labels), np.array(resampled[name])), scores, labels
        )
        for name, metric in metrics.items()
    }


def as_far_as_shown(name: str, figure: Estimate, scores: AnyFloats, labels: AnyFloats) -> Estimate:
    """Return a figure as it is, but for shares of few documents.

    Of fewer than `LEAST_BEHIND` documents a share says nothing, and is not defined. Where all that it is of
    are alike, resampling cannot tell how sure that is: the interval is then the exact one.

    Parameters
    ----------
    name : str
        As in `METRICS`.
    figure : Estimate
    scores, labels : float arrays, shape (n,)
        What it was computed of.

    Examples
    --------
    >>> whole = Estimate(1.0, 1.0, 1.0)
    >>> print(as_far_as_shown("precision_at_3", whole, np.full(20, 4.0), np.full(20, 4.0)))
    1.000 [0.832, 1.000]
    >>> print(as_far_as_shown("precision_at_3", whole, np.full(2, 4.0), np.full(2, 4.0)))
    not defined
    """
    if name not in SHARES or not np.isfinite(figure.value):
        return figure
    behind = int((SHARES[name](scores, labels) >= KEEP_AT).sum())
    if behind < LEAST_BEHIND:
        return Estimate(*(float("nan"),) * 3)
    if figure.low < figure.high:
        return figure
    return Estimate(figure.value, *rate_interval(figure.value, behind, 1 - CONFIDENCE))


def estimate(value: float, resampled: Floats) -> Estimate:
    """Return a figure with the interval that the middle of its resampled values spans, of those defined."""
    tail = (1 - CONFIDENCE) / 2
    finite = resampled[np.isfinite(resampled)]
    low, high = np.quantile(finite, [tail, 1 - tail]) if len(finite) else (float("nan"),) * 2
    return Estimate(float(value), float(low), float(high))


def drawn_groups(codes: Ints, seed: int) -> Iterator[tuple[Ints, Ints]]:
    """Yield `BOOTSTRAP_ROUNDS` draws of whole groups, as many as there are, with replacement.

    Parameters
    ----------
    codes : int64 array, shape (n,)
        Number of each row's group; each from 0 on has one.
    seed : int

    Yields
    ------
    int64 array, shape (groups,)
        Numbers of the groups drawn.
    int64 array
        All of their rows.
    """
    order = np.argsort(codes, kind="stable")
    members = np.split(order, np.flatnonzero(np.diff(codes[order])) + 1)
    random = np.random.default_rng(seed)
    for _ in range(BOOTSTRAP_ROUNDS):
        groups = random.integers(len(members), size=len(members))
        yield groups, np.concatenate([members[group] for group in groups])
