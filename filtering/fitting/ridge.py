"""Ridge regression over the cells of documents and dense features beside them.

There are more cells than documents. The regression then needs of the cells only the products of documents
with each other (the Gram matrix; Saunders et al. 1998, "Ridge regression learning algorithm in dual
variables"). They are formed once, and serve every fold, every assignment of folds and every recipe.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from threading import Lock
from typing import Any

import numpy as np

from filtering.arrays import AnyFloats, Bools, Floats, Floats32, Rows
from filtering.extras import require
from filtering.fitting.at_once import each
from filtering.signals.ngram_cells import CELLS

PENALTY = 0.15
TOLERANCE = 1e-3
"""Share of the target that conjugate gradients may leave over."""
SMALLEST = 1e-9
"""What may be left over in any case: targets that are all the same differ from their mean by rounding."""
MOST_ROUNDS = 2000
REST = 0.5
"""Penalty of the regression that rounds begin with: what cells bring counts as noise. At .3 and 2 as fast."""
FORMED_ROWS = 16_384
"""The products of so many documents take 1 GiB. Those of more are not formed: less memory, more time."""
COMMON_SHARE = 0.1
"""Cells that more documents have are multiplied as dense columns: about as fast at .05 and .2."""
BLOCK = 2048
"""Columns, or rows, that are multiplied at a time."""
FORMING = Lock()
"""Of several fits that ask at once, one forms the products."""
Times = Callable[[Floats], Floats]
"""Multiplies the products of some documents with vectors: float64 arrays, shape (m,) or (m, k)."""


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
        return form_products(self.cells[:, :CELLS])

    @cached_property
    def _of_both(self) -> Floats32:
        return self._of_words + form_products(self.cells[:, CELLS:])

    def times(self, rows: Rows, *, characters: bool) -> Times:
        """Return what multiplies the products of some documents.

        Parameters
        ----------
        rows : int64 array, shape (m,)
        characters : bool
            Whether the cells of the character table count too.
        """
        if self.cells.shape[0] <= FORMED_ROWS:
            with FORMING:
                formed = self._of_both if characters else self._of_words
            products = formed[np.ix_(rows, rows)]
            return lambda vector: (products @ vector.astype(np.float32)).astype(np.float64)
        cells = self.cells[rows] if characters else self.cells[rows][:, :CELLS]
        return lambda vector: cells @ (cells.T @ vector)


def form_products(cells: Any) -> Floats32:  # noqa: ANN401 - a sparse matrix
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

    def add_rows(start: int) -> None:
        # The products are symmetric: those below the diagonal are those above it.
        block = (rare[start : start + BLOCK] @ rare[start:].T).toarray()
        out[start : start + BLOCK, start:] += block
        out[start + BLOCK :, start : start + BLOCK] += block[:, BLOCK:].T

    for _ in each(add_rows, range(0, count, BLOCK)):
        pass
    return out


def solve_ridge(
    of_cells: tuple[Times, float], dense: Floats, target: Floats, fitted: Bools
) -> tuple[Floats, Floats, Floats]:
    """Solve several ridge regressions of the same documents at once, each fitted to some of them.

    Each is solved for a weight of every document (the dual variables, of which the weights of features are
    sums), by conjugate gradients. One pass over the products serves all. They begin as if the dense features
    were all there is, which is solved at once: a quarter of the rounds are left (docs/experiments.md).

    Parameters
    ----------
    of_cells : tuple of (Times, float)
        What multiplies the products of the documents' cells, and the scale of the cells. The larger a
        feature's scale, the less its weight is held back.
    dense : float64 array, shape (n, columns)
        Other features, times their scales.
    target : float64 array, shape (n,)
    fitted : bool array, shape (n, k)
        The documents that each regression is fitted to.

    Returns
    -------
    float64 array, shape (n, k)
        Weights of documents; 0 for those that are not fitted to.
    float64 array, shape (k,)
        Biases.
    float64 array, shape (n, k)
        What each regression gives each document.
    """
    times, scale = of_cells
    linalg = require("train", "scipy.sparse.linalg")
    counts, dense = fitted.sum(axis=0), dense.astype(np.float32)

    def centred(values: Floats) -> Floats:
        found: Floats = np.where(fitted, values - np.where(fitted, values, 0.0).sum(axis=0) / counts, 0.0)
        return found

    def products(documents: Floats) -> Floats:
        return scale**2 * times(documents) + dense @ (dense.T @ documents.astype(np.float32))

    def penalised(flat: Floats) -> Floats:
        documents = flat.reshape(fitted.shape)
        found: Floats = centred(products(centred(documents))) + PENALTY * documents
        return found.ravel()

    inverses = np.stack(list(_inverses(dense, fitted)))

    def preconditioned(flat: Floats) -> Floats:
        documents = centred(flat.reshape(fitted.shape))
        weights = np.einsum("kij,jk->ik", inverses, dense.T @ documents.astype(np.float32))
        found: Floats = centred(documents - dense @ weights)
        return found.ravel()

    targets = np.broadcast_to(target[:, None], fitted.shape)
    shape = (fitted.size, fitted.size)
    flat, _ = linalg.cg(
        linalg.LinearOperator(shape, penalised, dtype=np.float64),
        centred(targets).ravel(),
        M=linalg.LinearOperator(shape, preconditioned, dtype=np.float64),
        rtol=TOLERANCE,
        atol=SMALLEST,
        maxiter=MOST_ROUNDS,
    )
    documents = centred(flat.reshape(fitted.shape))
    values = products(documents)
    biases = np.where(fitted, targets - values, 0.0).sum(axis=0) / counts
    return documents, biases, values + biases


def _inverses(dense: AnyFloats, fitted: Bools) -> Iterator[Floats32]:
    """Yield what ridge regressions of dense features alone need (Woodbury 1950): shape (columns, columns).

    Squares of all documents are formed once. Each regression takes off those of the few that it leaves out.

    Parameters
    ----------
    dense : float32 array, shape (n, columns)
    fitted : bool array, shape (n, k)
    """
    lapack = require("train", "scipy.linalg.lapack")
    about_mean = (dense - dense.mean(axis=0)).astype(np.float64)
    squares_of_all, sums_of_all = about_mean.T @ about_mean, about_mean.sum(axis=0)
    for rows in fitted.T:
        left_out = about_mean[~rows]
        sums = sums_of_all - left_out.sum(axis=0)
        squares = squares_of_all - left_out.T @ left_out - np.outer(sums, sums / rows.sum())
        squares[np.diag_indices_from(squares)] += REST
        above, _ = lapack.dpotri(lapack.dpotrf(squares)[0])  # of a symmetric matrix: a third of the work
        inverse: Floats32 = (np.triu(above) + np.triu(above, 1).T).astype(np.float32)
        yield inverse
