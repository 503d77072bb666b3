"""Tells documents that are unlike those a scorer was fitted on: another language or script, say.

The statistics of a document, each as its place among the seed's quantiles, have a squared
Mahalanobis distance from the seed's mean (Mahalanobis 1936). Unlike is what lies farther than all
but `SEED_SHARE` of the seed's own documents, as measured on groups that the covariance was not
fitted to. A share far above that in a dump says that scores mean little there.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from filtering.folds import FOLDS, fold_assignment

SEED_SHARE = 0.01
SHRINKAGE = 0.1
"""Share of the covariance taken from its diagonal: some statistics are almost functions of others."""


@dataclass(frozen=True)
class Novelty:
    """The seed's documents as a mean, a covariance and a bound.

    Parameters
    ----------
    knots : float32 array, shape (s, KNOTS)
        Quantiles of each statistic, filled up with infinity.
    mean : float32 array, shape (s,)
    whitening : float32 array, shape (s, s)
        The distance is the length of ``(places - mean) @ whitening``.
    bound : float
        Squared distance beyond which a document is unlike the seed.
    """

    knots: NDArray[np.float32]
    mean: NDArray[np.float32]
    whitening: NDArray[np.float32]
    bound: float

    def unlike(self, statistics: NDArray[np.float32]) -> NDArray[np.bool_]:
        """Return which documents are unlike the seed.

        Parameters
        ----------
        statistics : float32 array, shape (n, s)

        Returns
        -------
        bool array, shape (n,)
        """
        places = _places(statistics, self.knots)
        return _distances(places, self.mean, self.whitening) > self.bound


def fit_novelty(
    statistics: NDArray[np.float32], knots: NDArray[np.float32], groups: Sequence[str]
) -> Novelty:
    """Fit mean, covariance and bound to the statistics of the seed.

    Parameters
    ----------
    statistics : float32 array, shape (n, s)
    knots : float32 array, shape (s, KNOTS)
    groups : sequence of str, length n
    """
    places = _places(statistics, knots)
    folds = fold_assignment(groups, 0)
    distances = np.zeros(len(places))
    for fold in range(FOLDS):
        inside = folds == fold
        if inside.any():
            distances[inside] = _distances(places[inside], *_moments(places[~inside]))
    mean, whitening = _moments(places)
    return Novelty(knots, mean, whitening, float(np.quantile(distances, 1 - SEED_SHARE)))


def _places(statistics: NDArray[np.float32], knots: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return where each value lies among its quantiles, in [-1, 2]: beyond the seed's range it goes on."""
    places = np.empty_like(statistics)
    for column, (values, row) in enumerate(zip(statistics.T, knots, strict=True)):
        at = row[np.isfinite(row)]
        grid = np.linspace(0.0, 1.0, len(at)) if len(at) > 1 else np.array([0.5])
        spread = max(float(at[-1] - at[0]), 1e-6)
        beyond = (np.maximum(values - at[-1], 0) + np.minimum(values - at[0], 0)) / spread
        places[:, column] = np.interp(values, at, grid) + np.clip(beyond, -1, 1)
    return places


def _moments(places: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    mean = places.mean(axis=0)
    covariance = np.cov(places, rowvar=False)
    diagonal = np.diag(np.diag(covariance) + 1e-4)
    shrunk = (1 - SHRINKAGE) * covariance + SHRINKAGE * diagonal
    whitening = np.linalg.cholesky(np.linalg.inv(shrunk))
    return mean.astype(np.float32), whitening.astype(np.float32)


def _distances(
    places: NDArray[np.float32], mean: NDArray[np.float32], whitening: NDArray[np.float32]
) -> NDArray[np.float64]:
    white = (places - mean) @ whitening
    return np.einsum("ij,ij->i", white, white, dtype=np.float64)
