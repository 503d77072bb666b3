"""What maps embeddings to a raw value: predict only. `fitting/fit_heads.py` fits them.

Sums run in a fixed order, one document after the other, so that a document's value does not depend
on the size of the batch, as it does with a matrix product of BLAS.
"""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from filtering.brief import brief
from filtering.compiled import compiled
from filtering.errors import ShapeError
from filtering.text.arrow import frozen


class Head(Protocol):
    """What maps embeddings to raw values."""

    def predict(self, embeddings: NDArray[np.float32]) -> NDArray[np.float64]:
        """Return raw values.

        Parameters
        ----------
        embeddings : float32 array, shape (n, width)

        Returns
        -------
        float64 array, shape (n,)
        """
        ...


@dataclass(frozen=True)
class LinearHead:
    """A linear function of the embedding.

    Parameters
    ----------
    weights : float64 array, shape (width,)
    bias : float
    """

    __repr__ = brief

    weights: NDArray[np.float64]
    bias: float

    def predict(self, embeddings: NDArray[np.float32]) -> NDArray[np.float64]:
        """Return raw values; see `Head.predict`.

        Raises
        ------
        ShapeError
            If the width of `embeddings` is not that of the weights.
        """
        return _products(embeddings, self.weights[:, None])[:, 0] + self.bias


@dataclass(frozen=True)
class KernelHead:
    """A sum of Gaussian bumps around landmarks: ``sum(w * exp(-gamma * |x - landmark|^2))``.

    Parameters
    ----------
    landmarks : float32 array, shape (landmarks, width)
    weights : float64 array, shape (landmarks,)
    gamma : float
        Inverse squared width of a bump; greater than 0.
    """

    __repr__ = brief

    landmarks: NDArray[np.float32]
    weights: NDArray[np.float64]
    gamma: float

    def predict(self, embeddings: NDArray[np.float32]) -> NDArray[np.float64]:
        """Return raw values; see `LinearHead.predict`."""
        points = self.landmarks.astype(np.float64)
        products = _products(embeddings, points.T)
        rows = embeddings.astype(np.float64)
        squares = _squares(rows)[:, None] + _squares(points)[None, :] - 2.0 * products
        bumps = np.exp(-self.gamma * np.maximum(squares, 0.0))
        return _products(bumps, self.weights[:, None])[:, 0]


def _products(rows: NDArray[np.floating], columns: NDArray[np.float64]) -> NDArray[np.float64]:
    if rows.ndim != 2 or rows.shape[1] != len(columns):
        raise ShapeError(f"'embeddings' must have shape (n, {len(columns)}). Got shape {rows.shape} instead.")
    out = np.zeros((len(rows), columns.shape[1]), dtype=np.float64)
    add_products(frozen(rows.astype(np.float64)), frozen(columns), out)
    return out


def _squares(rows: NDArray[np.float64]) -> NDArray[np.float64]:
    total = np.zeros(len(rows), dtype=np.float64)
    for column in rows.T:
        total += column * column
    return total


@compiled
def add_products(rows: NDArray[np.float64], columns: NDArray[np.float64], out: NDArray[np.float64]) -> None:
    """Add the matrix product to `out`, summing over the width in order.

    Parameters
    ----------
    rows : float64 array, shape (n, width)
    columns : float64 array, shape (width, m)
    out : float64 array, shape (n, m)
    """
    for row in range(len(rows)):
        for at in range(len(columns)):
            value = rows[row, at]
            for column in range(columns.shape[1]):  # the inner loop is vectorised: its sums are apart
                out[row, column] += value * columns[at, column]
