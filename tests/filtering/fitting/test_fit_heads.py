"""Proves that every head finds what is there and nothing else, and that its scorer is what was fitted."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import sparse

from filtering.fitting import fit_heads, joint
from filtering.fitting.cross_validation import fit_calibration, nested_raw, out_of_fold
from filtering.fitting.fit_data import rank_target, read_fit_data
from filtering.fitting.fit_heads import HEADS, head_fit
from filtering.fitting.ridge import PENALTY, solve_ridge
from filtering.folds import ASSIGNMENTS, fold_assignment
from filtering.scoring.calibration import Calibration
from filtering.scoring.scorers import EmbeddingScorer, EmbeddingStage
from filtering.scoring.stored_stage import stage_arrays
from filtering.signals.ngram_cells import CELLS
from filtering.text.windows import window_text
from tests.kit.late import Late
from tests.kit.scorers.fitted import (
    EMBEDDER,
    embedded_data,
    made_data,
    made_documents,
    made_embedding_scorer,
    made_scorer,
    nested_rho,
    shuffled,
)

linear_model = Late("sklearn.linear_model")

POINTS = Calibration((0.0, 1.0, 2.0, 3.0, 4.0, 5.0))


def fitted(data, name, recipe="linear"):
    return head_fit(name, recipe)(data, np.arange(len(data)), held_out=True)


def values(stage, data):
    return stage.predict(data, np.arange(len(data)))


def as_stage(model, name):
    return EmbeddingStage(name, EMBEDDER.settings, model.head, model.linear, model.trees, POINTS)


def others(rows=60):
    """Return documents that nothing was fitted to, as texts and as numbers."""
    texts = made_documents(rows, seed=8)[0]
    data = read_fit_data(texts, np.zeros(rows), ["g"] * rows, np.ones(rows, bool))
    return texts, replace(data, embeddings=EMBEDDER.embed([window_text(t) for t in data.texts]).vectors)


def with_noise(data, width=12, seed=0):
    """Return the same documents with embeddings that have nothing to do with them."""
    noise = np.random.default_rng(seed).normal(size=(len(data), width)).astype(np.float32)
    return replace(data, embeddings=noise)


@pytest.mark.parametrize("head", HEADS)
def test_every_head_finds_what_drives_the_labels(head):
    assert nested_rho(embedded_data(), head_fit(head, "linear")) > 0.78


@pytest.mark.parametrize("head", HEADS)
def test_every_head_finds_what_the_embedding_alone_tells(head):
    data = with_noise(made_data(250))
    told = data.embeddings[:, 3] + data.embeddings[:, 7] > 0
    assert nested_rho(replace(data, labels=np.where(told, 4.0, 1.0)), head_fit(head, "linear")) > 0.6


@pytest.mark.parametrize("head", HEADS)
def test_only_a_head_that_joins_the_signals_finds_what_the_embedding_does_not_tell(head):
    found = nested_rho(with_noise(made_data(250)), head_fit(head, "linear"))
    assert found > 0.7 if head == "joint" else abs(found) < 0.2


@pytest.mark.parametrize(("head", "times", "bound"), [("ridge", 60, 0.035), ("joint", 12, 0.08)])
def test_shuffled_labels_cannot_be_predicted(head, times, bound):
    data = embedded_data()
    fit = head_fit(head, "linear")
    figures = [nested_rho(shuffled(data, seed=seed), fit, seed % ASSIGNMENTS) for seed in range(times)]
    # One figure's standard deviation is 0.09; the bounds are three standard errors of the mean.
    assert abs(np.mean(figures)) < bound


@pytest.mark.parametrize("head", HEADS)
def test_a_nested_value_is_untouched_by_labels_of_its_own_fold(head):
    data = embedded_data(120)
    inside = fold_assignment(data.groups, 0) == 2
    changed = replace(data, labels=np.where(inside, 5.0 - data.labels, data.labels))
    before, after = (nested_raw(one, head_fit(head, "linear"), assignment=0) for one in (data, changed))
    np.testing.assert_array_equal(before[inside], after[inside])
    assert (before[~inside] != after[~inside]).any()


@pytest.mark.parametrize("head", HEADS)
def test_a_head_is_fitted_to_its_rows_alone(head):
    data = embedded_data()
    rows = np.flatnonzero(fold_assignment(data.groups, 1) != 0)
    beside = np.setdiff1d(np.arange(len(data)), rows)
    changed = replace(
        data, **{name: getattr(data, name).copy() for name in ("labels", "features", "embeddings")}
    )
    for array in (changed.labels, changed.features, changed.embeddings):
        array[beside] = 5.0
    one, two = (head_fit(head, "linear")(each, rows).predict(data, rows) for each in (data, changed))
    np.testing.assert_array_equal(one, two)


def test_ridge_is_that_of_scikit_learn_over_embeddings_of_spread_one():
    data = embedded_data()
    rows = data.embeddings.astype(np.float64)
    scaled = rows / np.sqrt(rows.var(axis=0).sum())
    model = linear_model.Ridge(alpha=fit_heads.RIDGE_PENALTY).fit(scaled, rank_target(data.labels))
    np.testing.assert_allclose(values(fitted(data, "ridge"), data), model.predict(scaled), atol=1e-9)


@pytest.mark.parametrize("recipe", ["linear", "characters"])
def test_joint_is_one_ridge_regression_of_scikit_learn(monkeypatch, recipe):
    seen = []

    def recorded(of_cells, dense, target, trains):
        seen.append((of_cells, dense, target))
        return solve_ridge(of_cells, dense, target, trains)

    monkeypatch.setattr(joint, "solve_ridge", recorded)
    data = embedded_data()
    stage = fitted(data, "joint", recipe)
    assert bool(len(stage.linear.character_weights)) == (recipe == "characters")
    [((_, scale), dense, target)] = seen
    cells = data.cells if recipe == "characters" else data.cells[:, :CELLS]
    matrix = sparse.hstack([cells * scale, dense], format="csr")
    model = linear_model.Ridge(alpha=PENALTY, solver="sparse_cg", tol=1e-6)
    wanted = model.fit(matrix.astype(np.float64), target).predict(matrix)
    np.testing.assert_allclose(values(stage, data), wanted, atol=5e-3)
    # The landmark features are part of it, and of a weight that is felt.
    assert np.std(stage.head.predict(data.embeddings)) > 0.1


@pytest.mark.parametrize("head", HEADS)
def test_a_scorer_reads_from_texts_what_was_fitted_to_cells(head):
    texts, data = others()
    scorer = made_embedding_scorer(head)
    wanted = scorer.stage.calibration.apply(values(fitted(embedded_data(), head), data))
    assert np.std(wanted) > 0.5
    np.testing.assert_allclose(scorer.score(texts).value, wanted, atol=1e-4)


def test_a_scorer_reads_the_tables_of_its_recipe():
    texts, data = others()
    model = fitted(embedded_data(), "joint", "characters")
    scorer = EmbeddingScorer(made_scorer(), as_stage(model, "joint"), EMBEDDER)
    np.testing.assert_allclose(scorer.score(texts).value, POINTS.apply(values(model, data)), atol=1e-4)


@pytest.mark.parametrize("head", HEADS)
def test_fitting_twice_gives_the_same_stage(head):
    first = made_embedding_scorer(head).stage
    again = fitted(embedded_data(), head)
    one, two = stage_arrays(first), stage_arrays(as_stage(again, head))
    assert one.keys() == two.keys()
    for name in one:
        np.testing.assert_array_equal(one[name], two[name])


@pytest.mark.parametrize("head", HEADS)
def test_a_stage_has_the_parts_that_its_head_joins(head):
    stage = made_embedding_scorer(head).stage
    assert stage.name == head
    assert stage.embedder == EMBEDDER.settings
    assert (stage.linear is not None) == (head == "joint")


def test_a_stage_is_calibrated_by_values_out_of_folds():
    data = embedded_data()
    found = made_embedding_scorer("joint").stage.calibration
    rows = np.arange(len(data))
    fold_by_fold = out_of_fold(data, rows, head_fit("joint", "linear"))
    held_out = fitted(data, "joint").held_out
    assert found == fit_calibration(held_out, data.labels)
    # What needs no labels is found once for all folds, so the values are not quite those of a fit to each.
    assert np.corrcoef(held_out, fold_by_fold)[0, 1] > 0.97
    # A head knows its own rows too well: anchors by them would be another thing.
    inside = fit_calibration(values(fitted(data, "joint"), data), data.labels)
    assert np.max(np.abs(np.subtract(found.anchors, inside.anchors))) > 0.05


@pytest.mark.parametrize("head", HEADS)
def test_labels_all_of_one_value_give_one_value(head):
    data = embedded_data()
    found = values(fitted(replace(data, labels=np.full(len(data), 2.0)), head), others()[1])
    assert np.isfinite(found).all()
    assert np.std(found) < 1e-3


@pytest.mark.parametrize("head", HEADS)
def test_embeddings_all_alike_give_values_all_the_same(head):
    data = embedded_data()
    alike = replace(data, embeddings=np.full((len(data), 7), 0.1, dtype=np.float32))
    found = values(fitted(alike, head), alike)
    assert np.isfinite(found).all()
    assert (np.std(found) < 1e-6) == (head == "ridge")


def test_fewer_rows_than_landmarks_have_a_landmark_each():
    data = embedded_data()
    rows = np.arange(60)
    stage = head_fit("joint", "linear")(data, rows)
    assert 60 < joint.LANDMARKS
    assert sorted(map(tuple, stage.head.landmarks)) == sorted(map(tuple, data.embeddings[rows]))
    assert np.isfinite(values(stage, data)).all()


@pytest.mark.parametrize("landmarks", [64, 512])
def test_more_rows_than_landmarks_have_no_more_landmarks_than_that(monkeypatch, landmarks):
    monkeypatch.setattr(joint, "LANDMARKS", landmarks)
    data = embedded_data(600)
    head = fitted(data, "joint").head
    assert head.landmarks.shape == (landmarks, EMBEDDER.width)
    assert head.weights.shape == (landmarks,)


@pytest.mark.parametrize("head", HEADS)
@pytest.mark.parametrize("scale", [0.01, 100])
def test_embeddings_of_another_scale_give_the_same_values(head, scale):
    data = embedded_data()
    scaled = replace(data, embeddings=data.embeddings * np.float32(scale))
    one, two = (values(fitted(each, head), each) for each in (data, scaled))
    np.testing.assert_allclose(one, two, atol=0.02)
    assert np.corrcoef(one, two)[0, 1] > 0.99999
