"""How well a perfect scorer could do against one rater, from how far raters agree.

The model: what a rater gives depends on the document and on noise, which is of one size for all raters
and independent between them. Raters that err alike (two readings by one language model) agree on their
errors too: then the ceiling is that of a scorer which may learn those errors, not of one that is right.
"""

from collections.abc import Sequence

import numpy as np

from filtering.arrays import Floats
from filtering.judging.metrics import rank_correlation

Pairs = Sequence[tuple[int, int]]


def rho_ceiling(ratings: Floats, pairs: Pairs) -> float:
    """Return the rank correlation with one rater that no scorer can exceed.

    It is the square root of the mean rank correlation between raters (Spearman 1904, "The proof and
    measurement of association between two things"): 0 at or below chance, NaN if all are constant.

    It is a bound whatever the shape of truth and noise, and rounding to points does not break it:
    nothing correlates with a rater's midrank better than its best forecast from the document, and
    that forecast correlates so. The true value as a score without ties stays below. In simulations
    (0.2 to 1 points of noise, rounded to whole points) it did by .00 to .014 with labels spread as
    the seed labels are, by .02 to .04 with half of the documents at 0, and by .03 where raters agree
    so closely (rho .95) that a score gains by having ties too.

    Parameters
    ----------
    ratings : float64 array, shape (n, raters)
        Rubric points; NaN where a rater gave none.
    pairs : sequence of pairs of int
        The columns to compare.
    """
    rated = ~np.isnan(ratings)
    both = [(first, second, rated[:, first] & rated[:, second]) for first, second in pairs]
    found = [
        rank_correlation(ratings[rows, first], ratings[rows, second])
        for first, second, rows in both
        if rows.any()
    ]
    finite = [rho for rho in found if np.isfinite(rho)]
    return float(np.sqrt(max(sum(finite) / len(finite), 0))) if finite else float("nan")
