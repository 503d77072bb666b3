"""Proves that a head predicts what scikit-learn predicts, each document alone, and refuses other widths."""

import numpy as np
import pytest
from filtering_fixtures import EMBEDDER, made_documents
from sklearn.kernel_approximation import Nystroem
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.svm import SVR, LinearSVR

from filtering.embedding.heads import KernelHead, LinearHead, OrdinalHead
from filtering.errors import ShapeError
from filtering.signals.trees import Trees

WIDTH = 37
"""Odd, so that no loop over it ends with a full vector."""

RNG = np.random.default_rng(0)
HEADS = {
    "linear": LinearHead(RNG.normal(size=WIDTH), 0.3),
    "ordinal": OrdinalHead(RNG.normal(size=(WIDTH, 5)), RNG.normal(size=5)),
    "kernel": KernelHead(
        RNG.normal(size=(23, WIDTH)).astype(np.float32), RNG.normal(size=23), gamma=0.02, bias=-0.5
    ),
    "trees": Trees(
        roots=np.array([0, 2, ~5], dtype=np.int32),
        feature=np.array([3, 36, 0], dtype=np.int32),
        threshold=np.array([0.1, -0.2, 0.0]),
        left=np.array([1, ~0, ~3], dtype=np.int32),
        right=np.array([~2, ~1, ~4], dtype=np.int32),
        leaf=RNG.normal(size=6),
        features=WIDTH,
    ),
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
    model = Ridge(alpha=0.1).fit(embeddings.astype(np.float64), labels)
    head = LinearHead(model.coef_, float(model.intercept_))
    assert_close(head.predict(others), model.predict(others.astype(np.float64)))


def test_an_ordinal_head_predicts_the_sum_of_the_chances_of_logistic_regressions(made):
    embeddings, labels, others = made
    models = [LogisticRegression(C=30).fit(embeddings, labels >= point) for point in range(1, 6)]
    head = OrdinalHead(
        np.stack([model.coef_[0] for model in models], axis=1).astype(np.float64),
        np.array([model.intercept_[0] for model in models], dtype=np.float64),
    )
    others = others.astype(np.float64)
    wanted = sum(model.predict_proba(others)[:, 1] for model in models)
    assert_close(head.predict(others.astype(np.float32)), wanted)
    assert ((wanted > 0) & (wanted < 5)).all()


def test_a_kernel_head_predicts_what_support_vectors_over_landmarks_predict(made):
    embeddings, labels, others = made
    nystroem = Nystroem(gamma=0.8, n_components=50, random_state=3).fit(embeddings.astype(np.float64))
    model = LinearSVR(C=1.0, loss="squared_epsilon_insensitive", dual=False)
    model.fit(nystroem.transform(embeddings.astype(np.float64)), labels)
    head = KernelHead(
        nystroem.components_.astype(np.float32),
        nystroem.normalization_.T @ model.coef_,
        gamma=0.8,
        bias=float(model.intercept_[0]),
    )
    assert_close(head.predict(others), model.predict(nystroem.transform(others.astype(np.float64))))


def test_a_kernel_head_with_every_support_vector_for_a_landmark_predicts_what_svr_predicts(made):
    embeddings, labels, others = made
    model = SVR(gamma=0.5).fit(embeddings.astype(np.float64), labels)
    head = KernelHead(
        model.support_vectors_.astype(np.float32), model.dual_coef_[0], 0.5, float(model.intercept_[0])
    )
    assert_close(head.predict(others), model.predict(others.astype(np.float64)))


def test_bumps_by_hand():
    head = KernelHead(np.array([[0, 0], [3, 4]], np.float32), np.array([1.0, 10.0]), gamma=0.04, bias=0.5)
    one = np.exp(-1.0)  # the landmarks are 5 apart, and 0.04 * 25 is 1
    found = head.predict(np.array([[0, 0], [3, 4], [1e6, 0]], dtype=np.float32))
    np.testing.assert_allclose(found, [0.5 + 1 + 10 * one, 0.5 + one + 10, 0.5])


def test_chances_of_extreme_logits_are_none_or_certain_and_no_warning():
    head = OrdinalHead(np.array([[1.0, -1.0]]), np.array([0.0, 0.0]))
    with np.errstate(all="raise"):
        found = head.predict(np.array([[1e30], [-1e30], [0.0]], dtype=np.float32))
    assert found.tolist() == [1.0, 1.0, 1.0]
    low = OrdinalHead(np.array([[1.0]]), np.array([-800.0]))
    assert low.predict(np.array([[0.0], [1600.0]], dtype=np.float32)).tolist() == [0.0, 1.0]


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


def test_trees_are_summed():
    # The trees of HEADS by hand, as scikit-learn would walk them.
    trees = HEADS["trees"]
    rows = noise(50)
    first = np.where(rows[:, 3] <= 0.1, np.where(rows[:, 36] <= -0.2, *trees.leaf[:2]), trees.leaf[2])
    second = np.where(rows[:, 0] <= 0.0, *trees.leaf[3:5])
    np.testing.assert_allclose(trees.predict(rows), first + second + trees.leaf[5], rtol=1e-12)
