"""Proves that products give the regression that the cells themselves give, formed or not."""

import numpy as np
import pytest
from scipy import sparse

from filtering.fitting import ridge
from filtering.fitting.recipes import fit_model
from filtering.fitting.ridge import PENALTY, CellProducts, form_products, solve_ridge
from filtering.signals.ngram_cells import CELLS
from tests.kit.late import Late
from tests.kit.scorers.fitted import made_data

linear_model = Late("sklearn.linear_model")

ROWS = np.arange(0, 160, 2)


@pytest.mark.parametrize("block", [7, 2048])
def test_formed_products_are_those_of_the_cells(block, monkeypatch):
    monkeypatch.setattr(ridge, "BLOCK", block)
    cells = made_data().cells
    wanted = cells.astype(np.float64)
    np.testing.assert_allclose(form_products(cells), (wanted @ wanted.T).toarray(), atol=1e-5)


@pytest.mark.parametrize("characters", [False, True])
@pytest.mark.parametrize("formed_rows", [0, 10_000])
def test_products_multiply_as_the_cells_of_their_rows_do(characters, formed_rows, monkeypatch):
    monkeypatch.setattr(ridge, "FORMED_ROWS", formed_rows)
    cells, vectors = made_data().cells, np.random.default_rng(3).normal(size=(len(ROWS), 2))
    of_rows = cells[ROWS] if characters else cells[ROWS][:, :CELLS]
    times = CellProducts(cells).times(ROWS, characters=characters)
    np.testing.assert_allclose(times(vectors), of_rows @ (of_rows.T @ vectors), atol=1e-4)
    np.testing.assert_allclose(times(vectors[:, 0]), times(vectors)[:, 0], atol=1e-4)


def test_each_regression_is_that_of_scikit_learn_on_its_own_documents(monkeypatch):
    monkeypatch.setattr(ridge, "TOLERANCE", 1e-6)
    data, rng = made_data(), np.random.default_rng(4)
    cells, target = data.cells[ROWS], data.labels[ROWS] + 7
    dense = rng.normal(size=(len(ROWS), 5)) * 0.4
    fitted = np.stack(
        [np.ones(len(ROWS), bool), np.arange(len(ROWS)) % 3 != 0, rng.random(len(ROWS)) < 0.5], 1
    )
    times = data.products.times(ROWS, characters=True)
    documents, biases, values = solve_ridge((times, 0.7), dense, target, fitted)
    matrix = sparse.hstack([cells * 0.7, dense], format="csr").astype(np.float64)
    for number, rows in enumerate(fitted.T):
        wanted = linear_model.Ridge(alpha=PENALTY, solver="sparse_cg", tol=1e-8)
        wanted.fit(matrix[rows], target[rows])
        assert not documents[~rows, number].any()
        np.testing.assert_allclose(matrix.T @ documents[:, number], wanted.coef_, atol=1e-3)
        assert biases[number] == pytest.approx(wanted.intercept_, abs=3e-3)
        np.testing.assert_allclose(values[:, number], wanted.predict(matrix), atol=3e-3)
        assert np.std(wanted.coef_) > 1e-3


def test_a_model_of_many_documents_is_that_of_few(monkeypatch):
    data = made_data()
    wanted = fit_model(data, ROWS, "characters").predict(data, ROWS)
    monkeypatch.setattr(ridge, "FORMED_ROWS", 0)
    np.testing.assert_allclose(fit_model(data, ROWS, "characters").predict(data, ROWS), wanted, atol=1e-2)
