"""Small vectors of documents, out of their n-grams, and a score by them.

Each cell of the n-gram tables has a vector of `VECTOR_WIDTH` small integers; a document's is the sum of those
of its cells, weighted by its normalised counts: latent semantic analysis (Deerwester et al. 1990), with the
singular vectors in int8, so that they stay near the processor. The score is a sum of Gaussian bumps around
landmarks: ``sum(w * exp(-gamma * |x - landmark|^2))``. It brings most of what an embedding brings at a
hundredth of its cost (docs/experiments.md).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from filtering.arrays import Floats, Floats32
from filtering.brief import brief
from filtering.checked_arrays import Wanted, checked_arrays
from filtering.compiled import compiled
from filtering.errors import ScorerError
from filtering.signals.ngram_cells import CELLS, VECTOR_WIDTH, Bumps, score_vector

ARRAYS: Wanted = {
    "table": (np.int8, ((0, CELLS, 2 * CELLS), VECTOR_WIDTH)),
    "scales": (np.float32, (VECTOR_WIDTH,)),
    "landmarks": (np.float32, ("landmarks", VECTOR_WIDTH)),
    "weights": (np.float64, ("landmarks",)),
    "gamma": (np.float64, (1,)),
}
"""As they are saved."""


@dataclass(frozen=True)
class Vectors:
    """Vectors of cells, and bumps around landmarks.

    Parameters
    ----------
    table : int8 array, shape (CELLS, VECTOR_WIDTH) or (2 * CELLS, VECTOR_WIDTH) or (0, VECTOR_WIDTH)
        Of the word table's cells, and of the character table's where that is read.
    scales : float32 array, shape (VECTOR_WIDTH,)
        What the integers of each dimension are multiplied with.
    landmarks : float32 array, shape (landmarks, VECTOR_WIDTH)
    weights : float64 array, shape (landmarks,)
    gamma : float
        Inverse squared width of a bump.
    """

    __repr__ = brief

    table: NDArray[np.int8]
    scales: Floats32
    landmarks: Floats32
    weights: Floats
    gamma: float

    @property
    def bumps(self) -> Bumps:
        """Landmarks as the kernel takes them."""
        squares = (self.landmarks**2).sum(axis=1)
        weights = self.weights.astype(np.float32)
        return np.ascontiguousarray(self.landmarks.T), squares, weights, np.float32(self.gamma)

    def of_cells(self, cells: Any) -> Floats32:  # noqa: ANN401 - a sparse matrix
        """Return the vectors of documents: float32 array, shape (n, VECTOR_WIDTH).

        Parameters
        ----------
        cells : sparse float32 matrix, shape (n, 2 * CELLS)
        """
        own = cells if cells.shape[1] == len(self.table) else cells[:, : len(self.table)]  # a slice is a copy
        found: Floats32 = own @ (self.table * self.scales)
        return np.asarray(found, dtype=np.float32)

    def scores(self, cells: Any) -> Floats:  # noqa: ANN401 - a sparse matrix
        """Return the scores of documents by these vectors: float64 array, shape (n,)."""
        out = np.zeros(cells.shape[0], dtype=np.float64)
        if len(self.table):
            score_vectors(self.of_cells(cells).astype(np.float64), self.bumps, out)
        return out

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return all of it as arrays, by name."""
        return {
            name: np.atleast_1d(np.asarray(getattr(self, name), kind)) for name, (kind, _) in ARRAYS.items()
        }


NO_VECTORS = Vectors(
    table=np.zeros((0, VECTOR_WIDTH), dtype=np.int8),
    scales=np.ones(VECTOR_WIDTH, dtype=np.float32),
    landmarks=np.zeros((0, VECTOR_WIDTH), dtype=np.float32),
    weights=np.zeros(0, dtype=np.float64),
    gamma=1.0,
)


def check_vectors(arrays: Mapping[str, NDArray[Any]], *, prefix: str = "") -> Vectors:
    """Return saved vectors from their arrays, before whose names a prefix may stand.

    Raises
    ------
    ScorerError
        If one has another shape or dtype than it must, is not finite, or gamma is not above 0.
    KeyError
        If one is missing.
    """
    found = checked_arrays(arrays, ARRAYS, prefix=prefix)
    gamma = float(found.pop("gamma")[0])
    if gamma <= 0:
        raise ScorerError(f"'{prefix}gamma' must be above 0. Got {gamma:g} instead.")
    return Vectors(**found, gamma=gamma)


@compiled
def score_vectors(vectors: Floats, bumps: Bumps, out: Floats) -> None:
    """Fill `out` with the scores of vectors: float64 array, shape (n, VECTOR_WIDTH)."""
    distances = np.empty(len(bumps[1]), dtype=np.float32)
    for row in range(len(vectors)):
        out[row] = score_vector(vectors[row], bumps, distances)
