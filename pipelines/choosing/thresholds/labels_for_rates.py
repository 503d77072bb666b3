"""Which labels speak of rates, such as precision: those that were drawn at random."""

import numpy as np

from filtering.arrays import Bools
from filtering.errors import LabelsError
from filtering.judging.thresholds import ScoredLabels
from pipelines.scorers.evaluation import JudgedPoints

MIN_USED_ROWS = 50
"""Labels drawn at random, below which nothing is said of rates."""

SAME_POINTS = 0.01
"""By which a score may differ between machines."""


def rows_for_rates(judged: JudgedPoints, *, by_score: bool = False) -> Bools:
    """Return which labels speak of rates: drawn at random, with a known weight.

    Parameters
    ----------
    judged : JudgedPoints
        Of n labels.
    by_score : bool
        Whether labels will be weighted within ranges of scores. There those serve too that were drawn near a
        cut, by the very scores that they have here.

    Returns
    -------
    bool array, shape (n,)
    """
    found = judged.labels
    serves = found.unbiased[judged.rows]
    if by_score and found.near_cut is not None:
        serves |= np.abs(found.near_cut[judged.rows] - judged.points) <= SAME_POINTS
    if found.weights is not None:
        serves &= ~np.isnan(found.weights[judged.rows])
    return np.asarray(serves)


def labels_for_rates(judged: JudgedPoints, label_at: float, serves: Bools) -> ScoredLabels:
    """Return the labels that speak of rates.

    Parameters
    ----------
    judged : JudgedPoints
    label_at : float
        Points from which a label is good.
    serves : bool array, shape (n,)
        As `rows_for_rates` returns them.

    Raises
    ------
    LabelsError
        If they are too few, or all on one side of `label_at`.
    """
    found = judged.labels
    weights = np.ones(len(found)) if found.weights is None else found.weights
    rows = judged.rows[serves]
    good = found.scores[rows] >= label_at
    if len(rows) < MIN_USED_ROWS:
        raise LabelsError(
            f"At least {MIN_USED_ROWS} labels must be drawn at random, and have a weight, "
            f"or else none. Found {len(rows)} of {len(found)}. Label more, as 'edufilter sample' draws them."
        )
    if good.all() or not good.any():
        raise LabelsError(
            f"Of the {len(rows)} labels that serve rates some must be at least {label_at:g}, and some below. "
            f"Found {int(good.sum())} of at least that. Choose another --label-at, or label more."
        )
    _, groups = np.unique([found.groups[int(row)] for row in rows], return_inverse=True)
    sizes = np.ones(len(found), dtype=np.int64) if found.text_bytes is None else found.text_bytes
    return ScoredLabels(judged.points[serves], good, weights[rows], sizes[rows], groups)
