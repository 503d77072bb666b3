"""Proves that rewrites of documents are fitted to with the label of their document, and only with it."""

from dataclasses import replace

import numpy as np
import pytest

from filtering.fitting.cross_validation import nested_raw
from filtering.fitting.fit_data import DONE, REWRITTEN, read_fit_data
from filtering.fitting.recipes import fit_model, signals_fit
from filtering.folds import fold_assignment
from filtering.judging.rewrites import Rewrite, rewrites_of
from filtering.signals.read_signals import read_signals
from pipelines.scorers.nested_judge import embedded
from tests.kit.scorers.fitted import EMBEDDER, made_documents

PROSE = rewrites_of(is_code=False)


@pytest.fixture(scope="module")
def data():
    texts, labels, groups = made_documents(300)
    return read_fit_data(texts, labels, groups, np.ones(len(texts), bool), rewrites=PROSE)


def test_a_share_of_the_documents_stands_there_rewritten_too(data):
    assert len(data.rewritten) / len(data) == pytest.approx(REWRITTEN, abs=0.1)
    assert len(set(data.rewritten.tolist())) == len(data.rewritten)
    assert data.features.shape[0] == data.cells.shape[0] == len(data) + len(data.rewrites)
    of_rewrites = data.features[len(data) :]
    np.testing.assert_array_equal(of_rewrites, read_signals(list(data.rewrites)).features)


@pytest.mark.parametrize("kind", ["harmless", "appended", "harmful"])
def test_documents_get_harmless_rewrites_and_poor_ones_words_and_none_get_harm(kind):
    """Each rewrite here leaves a mark of its own."""
    marks = [f"{kind}-{number}" for number in range(4)]
    rewrites = [Rewrite(one, kind, lambda text, one=one: f"{text} {one}") for one in marks]
    texts, labels, groups = made_documents(300)
    data = read_fit_data(texts, labels, groups, np.ones(300, bool), rewrites=rewrites)
    done = [[mark in text.decode() for mark in marks] for text in data.rewrites]
    if kind == "harmful":
        assert not done
        return
    assert np.mean(done) == pytest.approx(DONE, abs=0.1)
    assert any(all(one) for one in done)
    assert (data.labels[data.rewritten] < 2).all() == (kind == "appended")


def test_which_rewrite_a_document_has_does_not_depend_on_the_others(data):
    texts, labels, groups = made_documents(300)
    some = read_fit_data(texts[100:], labels[100:], groups[100:], np.ones(200, bool), rewrites=PROSE)
    assert some.rewrites == data.rewrites[-len(some.rewrites) :]
    assert some.rewritten.tolist() == [row - 100 for row in data.rewritten if row >= 100]


def test_some_documents_are_fitted_to_with_their_own_rewrites(data):
    rows = np.flatnonzero(np.arange(len(data)) % 3 == 0)
    fitted, of = data.with_rewrites(rows)
    assert fitted[: len(rows)].tolist() == rows.tolist()
    assert sorted(data.rewritten[fitted[len(rows) :] - len(data)]) == sorted(set(data.rewritten) & set(rows))
    assert rows[of[len(rows) :]].tolist() == data.rewritten[fitted[len(rows) :] - len(data)].tolist()


def test_a_part_of_the_documents_keeps_its_rewrites(data):
    chosen = np.arange(len(data)) % 2 == 1
    part = data.where(chosen)
    assert [part.texts[row] for row in part.rewritten] == [
        data.texts[row] for row in data.rewritten if chosen[row]
    ]
    np.testing.assert_array_equal(part.features[len(part) :], read_signals(list(part.rewrites)).features)
    assert (part.cells[len(part) :] != data.cells[len(data) :][chosen[data.rewritten]]).nnz == 0


def test_a_rewrite_is_not_fitted_to_where_its_document_is_left_out(data):
    folds = fold_assignment(data.groups, 0)
    features = data.features.copy()
    features[len(data) :][folds[data.rewritten] == 2] = 7.0
    changed = replace(data, features=features)
    before, after = (nested_raw(one, signals_fit("lightgbm"), assignment=0) for one in (data, changed))
    np.testing.assert_array_equal(before[folds == 2], after[folds == 2])
    assert (before[folds != 2] != after[folds != 2]).any()


def test_values_out_of_inner_folds_are_of_documents_alone(data):
    rows = np.flatnonzero(fold_assignment(data.groups, 0) != 1)
    for recipe in ("linear", "lightgbm"):
        assert fit_model(data, rows, recipe, held_out=True).held_out.shape == rows.shape


def test_values_out_of_inner_folds_are_untouched_by_labels_of_their_own_fold(data):
    rows = np.arange(len(data))
    inside = fold_assignment(data.groups, "inner") == 3
    # Ranks of all labels are the target: labels that change places within the fold leave them as they are.
    moved = data.labels.copy()
    moved[inside] = np.random.default_rng(0).permutation(moved[inside])
    changed = replace(data, labels=moved)
    before, after = (fit_model(one, rows, "linear", held_out=True).held_out for one in (data, changed))
    np.testing.assert_allclose(before[inside], after[inside], atol=0.01)
    assert np.abs(before[~inside] - after[~inside]).max() > 0.05


def test_rewrites_are_embedded_behind_the_documents_and_their_tokens_do_not_count(data):
    found, tokens = embedded(data, EMBEDDER)
    alone, tokens_alone = embedded(replace(data, rewritten=data.rewritten[:0], rewrites=()), EMBEDDER)
    assert found.embeddings.shape[0] == len(data) + len(data.rewrites)
    np.testing.assert_array_equal(found.embeddings[: len(data)], alone.embeddings)
    assert tokens == tokens_alone
