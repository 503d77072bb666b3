"""Proves that products give the regression that the cells themselves give, formed or not."""

import numpy as np
import pytest
import sklearn.linear_model
from filtering_fixtures import made_data
from scipy import sparse

from filtering.fitting import ridge
from filtering.fitting.recipes import fit_model
from filtering.fitting.ridge import PENALTY, CellProducts, fit_ridge, formed
from filtering.signals.kernel import CELLS

ROWS = np.arange(0, 160, 2)


@pytest.mark.parametrize("block", [7, 2048])
def test_formed_products_are_those_of_the_cells(block, monkeypatch):
    monkeypatch.setattr(ridge, "BLOCK", block)
    cells = made_data().cells
    wanted = cells.astype(np.float64)
    np.testing.assert_allclose(formed(cells), (wanted @ wanted.T).toarray(), atol=1e-5)


@pytest.mark.parametrize("characters", [False, True])
@pytest.mark.parametrize("formed_rows", [0, 10_000])
def test_products_multiply_as_the_cells_of_their_rows_do(characters, formed_rows, monkeypatch):
    monkeypatch.setattr(ridge, "FORMED_ROWS", formed_rows)
    cells, vector = made_data().cells, np.random.default_rng(3).normal(size=len(ROWS))
    of_rows = cells[ROWS] if characters else cells[ROWS][:, :CELLS]
    found = CellProducts(cells).times(ROWS, characters=characters)(vector)
    np.testing.assert_allclose(found, of_rows @ (of_rows.T @ vector), atol=1e-4)


def test_weights_and_bias_are_those_of_scikit_learn():
    data, rng = made_data(), np.random.default_rng(4)
    cells, target = data.cells[ROWS], data.labels[ROWS] + 7
    blocks = [(rng.normal(size=(len(ROWS), width)), scale) for width, scale in ((3, 0.4), (0, 1.0), (5, 2.0))]
    times = data.products.times(ROWS, characters=True)
    of_cells, of_blocks, bias = fit_ridge((cells, times, 0.7), blocks, target)
    matrix = sparse.hstack([cells * 0.7, *(one * scale for one, scale in blocks)], format="csr")
    wanted = sklearn.linear_model.Ridge(alpha=PENALTY, solver="sparse_cg", tol=1e-8)
    wanted.fit(matrix.astype(np.float64), target)
    scaled = np.concatenate(
        [of_cells / 0.7, *(one / scale for one, (_, scale) in zip(of_blocks, blocks, strict=True))]
    )
    np.testing.assert_allclose(scaled, wanted.coef_, atol=2e-4)
    assert bias == pytest.approx(wanted.intercept_, abs=1e-3)
    assert np.std(scaled) > 1e-3


def test_a_model_of_many_documents_is_that_of_few(monkeypatch):
    data = made_data()
    wanted = fit_model(data, ROWS, "characters").predict(data, ROWS)
    monkeypatch.setattr(ridge, "FORMED_ROWS", 0)
    np.testing.assert_allclose(fit_model(data, ROWS, "characters").predict(data, ROWS), wanted, atol=1e-2)
