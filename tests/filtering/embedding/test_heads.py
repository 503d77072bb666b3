"""Proves that a head predicts what scikit-learn predicts, each document alone, and refuses other widths."""

import numpy as np
import pytest

from filtering.embedding.heads import KernelHead, LinearHead
from filtering.errors import ShapeError
from tests.kit.late import Late
from tests.kit.scorers.fitted import EMBEDDER, made_documents

linear, kernels = Late("sklearn.linear_model"), Late("sklearn.kernel_approximation")

WIDTH = 37
"""Odd, so that no loop over it ends with a full vector."""

RNG = np.random.default_rng(0)
HEADS = {
    "linear": LinearHead(RNG.normal(size=WIDTH), 0.3),
    "kernel": KernelHead(RNG.normal(size=(23, WIDTH)).astype(np.float32), RNG.normal(size=23), gamma=0.02),
}


@pytest.fixture(scope="module")
def made():
    """Return embeddings of documents that models are fitted to, their labels, and embeddings of others."""
    texts, labels, _ = made_documents(200)
    others = [*made_documents(40, seed=1)[0], "", "only words that no other text has"]
    return EMBEDDER.embed(texts).vectors, labels, EMBEDDER.embed(others).vectors


def noise(rows, seed=0):
    return np.random.default_rng(seed).normal(size=(rows, WIDTH)).astype(np.float32)


def assert_close(found, wanted):
    assert found.dtype == np.float64
    assert np.std(wanted) > 0.1
    np.testing.assert_allclose(found, wanted, rtol=1e-9, atol=1e-9)


def test_a_linear_head_predicts_what_ridge_predicts(made):
    embeddings, labels, others = made
    model = linear.Ridge(alpha=0.1).fit(embeddings.astype(np.float64), labels)
    head = LinearHead(model.coef_, float(model.intercept_))
    assert_close(head.predict(others), model.predict(others.astype(np.float64)))


def test_a_kernel_head_predicts_what_ridge_over_landmarks_predicts(made):
    embeddings, labels, others = made
    nystroem = kernels.Nystroem(gamma=0.8, n_components=50, random_state=3).fit(embeddings.astype(np.float64))
    model = linear.Ridge(fit_intercept=False).fit(nystroem.transform(embeddings.astype(np.float64)), labels)
    weights = nystroem.normalization_.T @ model.coef_
    head = KernelHead(nystroem.components_.astype(np.float32), weights, gamma=0.8)
    assert_close(head.predict(others), model.predict(nystroem.transform(others.astype(np.float64))))


def test_bumps_by_hand():
    head = KernelHead(np.array([[0, 0], [3, 4]], np.float32), np.array([1.0, 10.0]), gamma=0.04)
    one = np.exp(-1.0)  # the landmarks are 5 apart, and 0.04 * 25 is 1
    found = head.predict(np.array([[0, 0], [3, 4], [1e6, 0]], dtype=np.float32))
    np.testing.assert_allclose(found, [1 + 10 * one, one + 10, 0])


@pytest.mark.parametrize("kind", HEADS)
@pytest.mark.parametrize("size", [1, 2, 3, 8, 61])
def test_a_value_does_not_depend_on_the_batch(kind, size):
    rows = noise(64)
    together = HEADS[kind].predict(rows)
    assert len(np.unique(together)) > 4
    apart = [HEADS[kind].predict(rows[start : start + size]) for start in range(0, 64, size)]
    assert np.concatenate(apart).tobytes() == together.tobytes()
    order = np.random.default_rng(1).permutation(64)
    assert HEADS[kind].predict(rows[order]).tobytes() == together[order].tobytes()


@pytest.mark.parametrize("kind", HEADS)
def test_predicting_changes_no_input(kind):
    rows = noise(5)
    before = rows.copy()
    assert HEADS[kind].predict(rows).tobytes() == HEADS[kind].predict(rows).tobytes()
    np.testing.assert_array_equal(rows, before)


@pytest.mark.parametrize("kind", HEADS)
def test_no_embeddings_have_no_values(kind):
    assert HEADS[kind].predict(noise(0)).shape == (0,)


@pytest.mark.parametrize("kind", HEADS)
@pytest.mark.parametrize("shape", [(4, WIDTH - 1), (4, WIDTH + 1), (4, 0), (WIDTH,), (2, 2, WIDTH)], ids=str)
def test_embeddings_of_another_width_are_refused(kind, shape):
    with pytest.raises(ShapeError, match=rf"must have shape \(n, {WIDTH}\)\. Got shape"):
        HEADS[kind].predict(np.zeros(shape, dtype=np.float32))
