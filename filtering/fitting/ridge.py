"""Ridge regression over the cells of documents and dense features beside them.

There are more cells than documents. The regression then needs of the cells only the products of documents
with each other (the Gram matrix; Saunders et al. 1998, "Ridge regression learning algorithm in dual
variables"). They are formed once, and serve every fold, every assignment of folds and every recipe.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from filtering.arrays import Floats, Floats32, Rows
from filtering.extras import require
from filtering.signals.kernel import CELLS

PENALTY = 0.15
TOLERANCE = 1e-5
"""Share of the target that conjugate gradients may leave over."""
MOST_ROUNDS = 2000
FORMED_ROWS = 16_384
"""The products of so many documents take 1 GiB. Those of more are not formed: less memory, more time."""
COMMON_SHARE = 0.1
"""Cells that more documents have are multiplied as dense columns: about as fast at .05 and .2."""
BLOCK = 2048
"""Columns, or rows, that are multiplied at a time."""

Times = Callable[[Floats], Floats]
"""Multiplies the products of some documents with a vector: float64 arrays, shape (m,)."""


@dataclass(frozen=True, eq=False)
class CellProducts:
    """Products of documents' cells.

    Parameters
    ----------
    cells : sparse float32 matrix, shape (n, 2 * CELLS)
    """

    cells: Any

    @cached_property
    def _of_words(self) -> Floats32:
        return formed(self.cells[:, :CELLS])

    @cached_property
    def _of_both(self) -> Floats32:
        return self._of_words + formed(self.cells[:, CELLS:])

    def times(self, rows: Rows, *, characters: bool) -> Times:
        """Return what multiplies the products of some documents.

        Parameters
        ----------
        rows : int64 array, shape (m,)
        characters : bool
            Whether the cells of the character table count too.
        """
        if self.cells.shape[0] <= FORMED_ROWS:
            products = (self._of_both if characters else self._of_words)[np.ix_(rows, rows)]
            return lambda vector: (products @ vector.astype(np.float32)).astype(np.float64)
        cells = self.cells[rows] if characters else self.cells[rows][:, :CELLS]
        return lambda vector: cells @ (cells.T @ vector)


def formed(cells: Any) -> Floats32:  # noqa: ANN401 - a sparse matrix
    """Return the products of rows with each other: float32 array, shape (n, n).

    Parameters
    ----------
    cells : sparse float32 matrix, shape (n, columns)
    """
    count = cells.shape[0]
    out = np.zeros((count, count), dtype=np.float32)
    common = cells.getnnz(axis=0) > COMMON_SHARE * count
    columns = cells.tocsc()
    dense = columns[:, np.flatnonzero(common)]
    for start in range(0, dense.shape[1], BLOCK):
        block = dense[:, start : start + BLOCK].toarray()
        out += block @ block.T
    rare = columns[:, np.flatnonzero(~common)].tocsr()
    for start in range(0, count, BLOCK):
        # The products are symmetric: those below the diagonal are those above it.
        block = (rare[start : start + BLOCK] @ rare[start:].T).toarray()
        out[start : start + BLOCK, start:] += block
        out[start + BLOCK :, start : start + BLOCK] += block[:, BLOCK:].T
    return out


def fit_ridge(
    of_cells: tuple[Any, Times, float], blocks: Sequence[tuple[Floats, float]], target: Floats
) -> tuple[Floats, list[Floats], float]:
    """Fit one ridge regression to cells and to blocks of dense features, each times its scale.

    The larger its scale, the less a block's weights are held back. It is solved for a weight of each document
    (the dual variables, of which the weights of features are sums), by conjugate gradients.

    Parameters
    ----------
    of_cells : tuple of (sparse matrix of n rows, Times, float)
        The cells, what multiplies their products, and their scale.
    blocks : sequence of (float array of n rows, float)
    target : float64 array, shape (n,)

    Returns
    -------
    float64 array, shape (columns,)
        The weights of the cells, not scaled.
    list of float64 array
        Of each block the weights of its features, not scaled.
    float
        The bias.
    """
    cells, times, scale = of_cells
    linalg = require("train", "scipy.sparse.linalg")
    dense = np.hstack([one * scale for one, scale in blocks])

    def products(documents: Floats) -> Floats:
        return scale**2 * times(documents) + dense @ (documents @ dense)

    def penalised(documents: Floats) -> Floats:
        found = products(documents - documents.mean())
        centred: Floats = found - found.mean() + PENALTY * documents
        return centred

    operator = linalg.LinearOperator((len(target), len(target)), penalised, dtype=np.float64)
    documents, _ = linalg.cg(operator, target - target.mean(), rtol=TOLERANCE, maxiter=MOST_ROUNDS)
    bias = float((target - products(documents)).mean())
    parts = np.split(documents @ dense, np.cumsum([one.shape[1] for one, _ in blocks])[:-1])
    weights = [part * scale for part, (_, scale) in zip(parts, blocks, strict=True)]
    return scale**2 * (cells.T @ documents), weights, bias
