"""How good scores are: against labels, with intervals that respect groups."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from filtering.arrays import AnyFloats, Floats, Ints
from filtering.errors import ShapeError
from filtering.rate_bounds import CONFIDENCE, rate_interval
from filtering.rubric_points import KEEP_AT, POINTS

BOOTSTRAP_ROUNDS = 500

Numbers = AnyFloats | Ints


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


def _ranks(values: AnyFloats) -> Floats:
    """Return ranks from 1 on, the mean of them where values are equal.

    The same as scipy's ``rankdata``, which takes six times as long where values are few.
    """
    _, codes, counts = np.unique(values, return_inverse=True, return_counts=True)
    ranks: Floats = (np.cumsum(counts) - (counts - 1) / 2)[codes]
    return ranks


def rank_correlation(scores: AnyFloats, labels: AnyFloats) -> float:
    """Return Spearman's rho; NaN if either side is constant."""
    if scores.std() == 0 or labels.std() == 0:
        return float("nan")
    first, second = (ranks - ranks.mean() for ranks in (_ranks(scores), _ranks(labels)))
    return float(first @ second / np.sqrt((first @ first) * (second @ second)))


def area_under_curve(scores: AnyFloats, labels: AnyFloats, cut: float = 3.0) -> float:
    """Return the chance that a document labelled at least `cut` scores above one that is not."""
    reached = labels >= cut
    if reached.all() or not reached.any():
        return float("nan")
    above = int(reached.sum())
    pairs_won = _ranks(scores)[reached].sum() - above * (above + 1) / 2  # Mann and Whitney's U
    return float(pairs_won / (above * (len(reached) - above)))


def weighted_kappa(scores: AnyFloats, labels: AnyFloats) -> float:
    """Return the quadratic weighted kappa of whole points (a score of 2.9 is a 2)."""
    return quadratic_kappa(_whole_points(scores), _whole_points(labels))


def quadratic_kappa(first: Numbers, second: Numbers) -> float:
    """Return Cohen's kappa with quadratic weights; NaN if all ratings are the same.

    It is one less the mean squared distance over that of pairs drawn at random, simplified. That needs
    no table of points: half points count as they are, and resampling is quick (scikit-learn takes 4 ms).
    """
    by_chance = first.var() + second.var() + (first.mean() - second.mean()) ** 2
    together = ((first - first.mean()) * (second - second.mean())).mean()
    return float(2 * together / by_chance) if by_chance > 0 else float("nan")


def f1_at(scores: AnyFloats, labels: AnyFloats, cut: float = 3.0) -> float:
    """Return F1 of ``score >= cut`` against ``label >= cut``; 0 where nothing is found."""
    kept, wanted = scores >= cut, labels >= cut
    return float(2 * (kept & wanted).sum() / max(kept.sum() + wanted.sum(), 1))


def precision_at(scores: AnyFloats, labels: AnyFloats, cut: float = 3.0) -> float:
    """Return the share of documents with ``score >= cut`` that have ``label >= cut``."""
    kept = scores >= cut
    return float((labels[kept] >= cut).mean()) if kept.any() else float("nan")


def recall_at(scores: AnyFloats, labels: AnyFloats, cut: float = 3.0) -> float:
    """Return the share of documents with ``label >= cut`` that have ``score >= cut``."""
    wanted = labels >= cut
    return float((scores[wanted] >= cut).mean()) if wanted.any() else float("nan")


def confusion(scores: AnyFloats, labels: AnyFloats) -> Ints:
    """Count documents by whole points.

    Returns
    -------
    int64 array, shape (6, 6)
        Rows are labels, columns scores, both rounded down.
    """
    table = np.zeros((6, 6), dtype=np.int64)
    np.add.at(table, (_whole_points(labels), _whole_points(scores)), 1)
    return table


def _whole_points(values: AnyFloats) -> Ints:
    return np.clip(np.floor(values), 0, POINTS).astype(np.int64)


METRICS: Mapping[str, Callable[[AnyFloats, AnyFloats], float]] = {
    "rho": rank_correlation,
    "weighted_kappa": weighted_kappa,
    "auc_at_3": area_under_curve,
    "f1_at_3": f1_at,
    "precision_at_3": precision_at,
    "recall_at_3": recall_at,
}
SHARES: Mapping[str, Callable[[AnyFloats, AnyFloats], AnyFloats]] = {
    "precision_at_3": lambda scores, labels: scores,
    "recall_at_3": lambda scores, labels: labels,
}
"""Figures that are shares of the documents which reach the cut: by their scores, or by their labels."""
LEAST_BEHIND = 5
"""Documents, of fewer of which no share is told."""


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


def reliability(scores: AnyFloats, labels: AnyFloats) -> list[tuple[int, float, float]]:
    """Return what scores of each whole point came to: documents, mean score, mean label.

    Means are NaN where a point has no document.
    """
    points = _whole_points(scores)
    found = []
    for point in range(6):
        inside = points == point
        count = int(inside.sum())
        means = (float(scores[inside].mean()), float(labels[inside].mean())) if count else (float("nan"),) * 2
        found.append((count, *means))
    return found
