"""How far raters agree about the same documents, and what that allows a scorer; no files are read."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from annotations.labels.labels import MIN_GROUPS
from annotations.labels.noise_ceiling import rho_ceiling
from filtering.arrays import AnyFloats, Floats
from filtering.errors import LabelsError, ShapeError
from filtering.judging.intervals import Estimate, evaluate
from filtering.judging.metrics import f1_at, quadratic_kappa, rank_correlation
from filtering.rubric_points import KEEP_AT

MIN_COMMON = 20
NOT_DEFINED = Estimate(float("nan"), float("nan"), float("nan"))


@dataclass(frozen=True)
class PairAgreement:
    """How far two raters agree over the documents that both rated.

    Figures are not defined (NaN) where the ratings do not define them, and where fewer than
    `MIN_COMMON` documents are common.

    Parameters
    ----------
    first, second : str
        Names of the raters.
    documents : int
        Rated by both.
    weighted_kappa : Estimate
        Cohen's kappa with quadratic weights.
    rho : Estimate
        Spearman's rank correlation.
    exact, within_one : Estimate
        Shares of documents with the same points, and with points no further than one apart.
    f1 : Estimate
        F1 at the cut of one rater judged by the other, which is the same either way.
    """

    first: str
    second: str
    documents: int
    weighted_kappa: Estimate
    rho: Estimate
    exact: Estimate
    within_one: Estimate
    f1: Estimate


@dataclass(frozen=True)
class Agreement:
    """How far raters agree, and what that allows a scorer.

    Parameters
    ----------
    raters : tuple of str
    documents : int
        Rated by at least two.
    cut : float
        Rubric points at which F1 is taken.
    pairs : tuple of PairAgreement
        Every pair of raters.
    alpha : Estimate
        Krippendorff's alpha for ordinal ratings, over all raters.
    rho_ceiling : Estimate
        Rank correlation with one rater that no scorer exceeds; see `annotations.labels.noise_ceiling`.
    """

    raters: tuple[str, ...]
    documents: int
    cut: float
    pairs: tuple[PairAgreement, ...]
    alpha: Estimate
    rho_ceiling: Estimate


def judge_agreement(
    ratings: Floats, raters: Sequence[str], groups: Sequence[str], *, cut: float = KEEP_AT, seed: int = 0
) -> Agreement:
    """Return how far raters agree, with intervals from a grouped bootstrap.

    Parameters
    ----------
    ratings : float64 array, shape (n, raters)
        Rubric points in [0, 5], whole or half; NaN where a rater gave none.
    raters : sequence of str
        Name of each column.
    groups : sequence of str, length n
        Site, book or repository of each document.
    cut : float
        Rubric points at which F1 is taken.

    Raises
    ------
    ShapeError
        If names or groups are not as many as columns and rows.
    LabelsError
        If there is one rater only, no pair has `MIN_COMMON` documents in common, or the documents
        are of fewer than `MIN_GROUPS` groups.
    """
    if ratings.ndim != 2 or ratings.shape != (len(groups), len(raters)):
        raise ShapeError(
            f"'ratings' must have one row a group and one column a rater, ({len(groups)}, {len(raters)}). "
            f"Got shape {ratings.shape} instead."
        )
    twice = (~np.isnan(ratings)).sum(axis=1) > 1
    shared, of_shared = ratings[twice], np.asarray(groups)[twice]
    pairs = _checked_pairs(shared, raters, of_shared)
    # Whole rows of ratings are resampled, in the place of scores and of labels alike.
    overall: Mapping[str, Callable[[AnyFloats, AnyFloats], float]] = {
        "alpha": lambda rows, _: krippendorff_alpha(rows),
        "rho_ceiling": lambda rows, _: rho_ceiling(np.asarray(rows, np.float64), pairs),
    }
    found = tuple(
        _judge_pair(shared, (first, second), raters, of_shared, cut, seed)
        for first, second in combinations(range(len(raters)), 2)
    )
    together = evaluate(shared, shared, of_shared.tolist(), metrics=overall, seed=seed)
    return Agreement(tuple(raters), int(twice.sum()), cut, found, **together)


def krippendorff_alpha(ratings: AnyFloats) -> float:
    """Return Krippendorff's alpha for ordinal ratings; NaN if all ratings are the same.

    Krippendorff 2011, "Computing Krippendorff's Alpha-Reliability". 1 is full agreement, 0 that of
    chance. The distance of two values is the number of ratings between them, squared, so it is the
    alpha for intervals over midranks.

    Parameters
    ----------
    ratings : float array, shape (n, raters)
        NaN where a rater gave none; documents with fewer than two ratings do not count.
    """
    rated = ~np.isnan(ratings)
    rated &= rated.sum(axis=1, keepdims=True) > 1
    values, codes = np.unique(ratings[rated], return_inverse=True)
    rows = np.nonzero(rated)[0]
    counts = np.bincount(rows * len(values) + codes, minlength=len(ratings) * len(values))
    counts = counts.reshape(len(ratings), len(values))[rated.any(axis=1)]
    weighted = counts / (counts.sum(axis=1, keepdims=True) - 1)
    totals = counts.sum(axis=0)
    midranks = np.cumsum(totals) - totals / 2
    apart = (midranks[:, None] - midranks) ** 2
    observed = ((counts.T @ weighted) * apart).sum()
    expected = (np.outer(totals, totals) * apart).sum() / max(totals.sum() - 1, 1)
    return float(1 - observed / expected) if expected > 0 else float("nan")


def consensus(ratings: Floats) -> tuple[Floats, Floats, Floats]:
    """Return the median, lowest and highest rating of each document.

    Parameters
    ----------
    ratings : float64 array, shape (n, raters)
        NaN where a rater gave none.

    Returns
    -------
    three float64 arrays, shape (n,)
        The median of an even number of ratings may be a half point. NaN where nobody rated.

    Examples
    --------
    >>> consensus(np.array([[2.0, 3.0, np.nan], [1.0, 1.0, 4.0]]))
    (array([2.5, 1. ]), array([2., 1.]), array([3., 4.]))
    """
    median, lowest, highest = np.full((3, len(ratings)), np.nan)
    rated = ~np.isnan(ratings).all(axis=1)  # numpy warns of rows without any
    median[rated] = np.nanmedian(ratings[rated], axis=1)
    lowest[rated] = np.nanmin(ratings[rated], axis=1)
    highest[rated] = np.nanmax(ratings[rated], axis=1)
    return median, lowest, highest


def _checked_pairs(ratings: Floats, raters: Sequence[str], groups: NDArray[np.str_]) -> list[tuple[int, int]]:
    """Return the pairs of columns with enough documents in common, of which there must be one."""
    if len(raters) < 2:
        raise LabelsError(
            f"Agreement needs at least two raters. Got {', '.join(raters) or 'none'} alone. Add the "
            "ratings of another one."
        )
    rated = (~np.isnan(ratings)).astype(np.int64)
    common = rated.T @ rated
    pairs = list(combinations(range(len(raters)), 2))
    most = max(int(common[pair]) for pair in pairs)
    if most < MIN_COMMON:
        raise LabelsError(
            f"Two raters must have rated at least {MIN_COMMON} documents in common. Found {most or 'none'}. "
            "Let them rate the same documents."
        )
    found = len(set(groups.tolist()))
    if found < MIN_GROUPS:
        raise LabelsError(
            f"Documents with two ratings must be of at least {MIN_GROUPS} groups (sites, books, "
            f"repositories), for intervals come from resampling groups. Found {found}."
        )
    return [pair for pair in pairs if common[pair] >= MIN_COMMON]


def _judge_pair(
    ratings: Floats,
    pair: tuple[int, int],
    raters: Sequence[str],
    groups: NDArray[np.str_],
    cut: float,
    seed: int,
) -> PairAgreement:
    both = ~np.isnan(ratings[:, pair]).any(axis=1)
    metrics = _pair_metrics(cut)
    figures = dict.fromkeys(metrics, NOT_DEFINED)
    if both.sum() >= MIN_COMMON:
        first, second = ratings[both][:, pair].T
        figures = evaluate(first, second, groups[both].tolist(), metrics=metrics, seed=seed)
    return PairAgreement(raters[pair[0]], raters[pair[1]], int(both.sum()), **figures)


def _pair_metrics(cut: float) -> Mapping[str, Callable[[AnyFloats, AnyFloats], float]]:
    def f1(first: AnyFloats, second: AnyFloats) -> float:
        return f1_at(first, second, cut) if max(first.max(), second.max()) >= cut else float("nan")

    return {
        "weighted_kappa": quadratic_kappa,
        "rho": rank_correlation,
        "exact": lambda first, second: float((first == second).mean()),
        "within_one": lambda first, second: float((np.abs(first - second) <= 1).mean()),
        "f1": f1,
    }
