"""How well a perfect scorer could do against one rater, from how far raters agree.

The model: what a rater gives depends on the document and on noise, which is of one size for all raters
and independent between them. Raters that err alike (two readings by one language model) agree on their
errors too: then the ceiling is that of a scorer which may learn those errors, not of one that is right.
"""

from collections.abc import Sequence
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from filtering.extras import require
from filtering.metrics import rank_correlation

ANGLES = np.linspace(0, np.pi / 2, 1025)
"""Arc sines of the latent correlations that are looked through; the joint share is right to 1e-6."""
LATENT = np.linspace(-8, 8, 4001)
"""Standard deviations at which the latent truth is looked at."""
MEDIAN_VARIANCE = 0.4487
"""Variance of the median of three standard normal values (David & Nagaraja 2003, Order Statistics)."""

Ratings = NDArray[np.float64]
Pairs = Sequence[tuple[int, int]]


def rho_ceiling(ratings: Ratings, pairs: Pairs) -> float:
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
    found = [rank_correlation(first, second) for first, second in _common(ratings, pairs)]
    finite = [rho for rho in found if np.isfinite(rho)]
    return float(np.sqrt(max(sum(finite) / len(finite), 0))) if finite else float("nan")


def f1_ceiling(ratings: Ratings, pairs: Pairs, cut: float) -> float:
    """Return the F1 at `cut` that a perfect scorer with the best threshold reaches against one rater.

    Whether a rater reaches the cut is taken for a normal value beyond a threshold of the rater's own;
    the tetrachoric correlation of two raters (Pearson 1900, "On the correlation of characters not
    quantitatively measurable", Phil. Trans. A 195) is then the squared one of truth and rater. It is
    solved once for all pairs. Raters of unlike strictness keep their thresholds: with a shared one, half
    a point of strictness looks like noise and takes up to .11 off.

    In the same simulations it was right within .008, and within .025 for documents in two heaps.
    Without agreement it is the F1 of keeping everything.

    Parameters
    ----------
    ratings : float64 array, shape (n, raters)
        Rubric points; NaN where a rater gave none.
    pairs : sequence of pairs of int
        The columns to compare. A pair with a rater whose ratings are all on one side of the cut says
        nothing; if there is no other, the ceiling is NaN.
    """
    joint, observed, reached, documents = np.zeros(len(ANGLES)), 0, 0.0, 0
    for first, second in _common(ratings, pairs):
        shares = float((first >= cut).mean()), float((second >= cut).mean())
        if all(0 < share < 1 for share in shares):
            joint += len(first) * _joint_shares(*shares)
            observed += int(((first >= cut) & (second >= cut)).sum())
            reached += len(first) * sum(shares) / 2
            documents += len(first)
    if not documents:
        return float("nan")
    return best_f1(reached / documents, float(np.sin(np.interp(observed, joint, ANGLES))))


def best_f1(share: float, agreement: float) -> float:
    """Return the best F1 of the truth against a rater, over thresholds, under the normal model.

    Parameters
    ----------
    share : float
        Share of documents that a rater puts at or above the cut, in (0, 1).
    agreement : float
        Tetrachoric correlation of two raters, in [0, 1].

    Examples
    --------
    >>> round(best_f1(0.2, 1.0), 3), round(best_f1(0.2, 0.7), 3), round(best_f1(0.2, 0.0), 3)
    (1.0, 0.684, 0.333)
    """
    needed = NormalDist().inv_cdf(1 - share)
    noise = max(np.sqrt(1 - agreement), 1e-9)  # a step, not a division by zero, at full agreement
    weights = np.exp(-(LATENT**2) / 2) / np.exp(-(LATENT**2) / 2).sum()
    chance = require("train", "scipy.special").ndtr((np.sqrt(agreement) * LATENT - needed) / noise)
    found = np.cumsum((weights * chance)[::-1])
    kept = np.cumsum(weights[::-1])
    return float((2 * found / (kept + found[-1])).max())


def ceiling_of_median(rho: float) -> float:
    """Return up to what the median of three raters lifts a ceiling of rho against one.

    In simulations .01 to .03 more than was reached: that each rater rounds is not averaged away.
    """
    reliability = rho**2
    noise = MEDIAN_VARIANCE * (1 - reliability)
    return float(np.sqrt(reliability / (reliability + noise)))


def _common(ratings: Ratings, pairs: Pairs) -> list[tuple[Ratings, Ratings]]:
    """Return the ratings of each pair over the documents that both rated, and no pair without any."""
    rated = ~np.isnan(ratings)
    both = [(first, second, rated[:, first] & rated[:, second]) for first, second in pairs]
    return [(ratings[rows, first], ratings[rows, second]) for first, second, rows in both if rows.any()]


def _joint_shares(first: float, second: float) -> NDArray[np.float64]:
    """Return the share of documents that both raters put at or above the cut, for each of `ANGLES`.

    The derivative of the bivariate normal distribution by its correlation is its density.
    """
    one, other = (NormalDist().inv_cdf(1 - share) for share in (first, second))
    sines = np.sin(ANGLES)
    squares = np.maximum(1 - sines**2, 1e-300)
    density = np.exp(-((one - other) ** 2) / (2 * squares) - one * other / (1 + sines)) / (2 * np.pi)
    steps = (density[1:] + density[:-1]) / 2 * (ANGLES[1] - ANGLES[0])
    return first * second + np.concatenate([[0.0], np.cumsum(steps)])
