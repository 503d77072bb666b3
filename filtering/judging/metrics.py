"""How good scores are against labels, as single figures; `intervals.py` says how sure they are."""

from collections.abc import Callable, Mapping

import numpy as np

from filtering.arrays import AnyFloats, Floats, Ints
from filtering.rubric_points import POINTS

Numbers = AnyFloats | Ints


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
