"""Proves that every recipe finds what is there and nothing else, and that its scorer is what was fitted."""

from dataclasses import replace

import numpy as np
import pytest

from filtering.fitting.fit_data import read_fit_data
from filtering.fitting.recipes import RECIPES, fit_model, fit_signals, signals_fit
from filtering.folds import ASSIGNMENTS, fold_assignment
from tests.kit.scorers.fitted import (
    made_data,
    made_documents,
    made_scorer,
    nested_rho,
    seed_data,
    shuffled,
)


def assert_same_arrays(one, two):
    for name, array in one.arrays().items():
        np.testing.assert_array_equal(array, two.arrays()[name])


@pytest.mark.parametrize("recipe", RECIPES)
def test_every_recipe_finds_what_drives_the_labels(recipe):
    assert nested_rho(made_data(250), signals_fit(recipe)) > 0.8


def test_shuffled_labels_cannot_be_predicted():
    data = made_data()
    fit = signals_fit("linear")
    figures = [nested_rho(shuffled(data, seed=seed), fit, seed % ASSIGNMENTS) for seed in range(8)]
    assert abs(np.mean(figures)) < 0.05


def test_shuffled_labels_cannot_be_predicted_by_trees_either():
    data = made_data(250)
    figures = [nested_rho(shuffled(data, seed=seed), signals_fit("lightgbm"), seed) for seed in range(2)]
    assert abs(np.mean(figures)) < 0.1  # two standard errors of 2 x 250 rows are 0.09


@pytest.mark.parametrize("domain", ["web", "code"])
def test_shuffled_labels_of_the_real_seed_cannot_be_predicted(domain):
    data = seed_data(domain, every=4)
    figures = [nested_rho(shuffled(data, seed=seed), signals_fit("linear"), seed) for seed in range(2)]
    assert abs(np.mean(figures)) < 0.05


@pytest.mark.parametrize("recipe", RECIPES)
def test_a_scorer_reads_from_texts_what_was_fitted_to_cells(recipe):
    data = made_data()
    model = fit_model(data, np.arange(len(data)), recipe, held_out=True)
    texts = made_documents(60, seed=8)[0]
    other = read_fit_data(texts, np.zeros(60), ["g"] * 60, np.ones(60, bool))
    wanted = model.predict(other, np.arange(60))
    scorer = made_scorer(recipe)
    found = scorer.score(texts).value
    np.testing.assert_allclose(found, scorer.calibration.apply(wanted), atol=1e-4)


def test_a_model_is_fitted_to_its_rows_alone():
    data = made_data(250)
    rows = np.flatnonzero(fold_assignment(data.groups, 1) != 0)
    others = np.setdiff1d(np.arange(len(data)), rows)
    changed = replace(data, labels=data.labels.copy(), features=data.features.copy())
    changed.labels[others] = 5.0
    changed.features[others] = 7.0
    one, two = (fit_model(each, rows, "lightgbm") for each in (data, changed))
    assert_same_arrays(one.trees, two.trees)
    np.testing.assert_array_equal(one.linear.word_weights, two.linear.word_weights)
    np.testing.assert_array_equal(one.linear.knots, two.linear.knots)


@pytest.mark.parametrize("recipe", RECIPES)
def test_fitting_twice_gives_the_same_scorer(recipe):
    again = fit_signals(replace(made_data()), recipe, "web")  # a copy remembers no fit
    first = made_scorer(recipe)
    if recipe == "lightgbm":
        assert_same_arrays(again.trees, first.trees)
    assert again.calibration == first.calibration
    for name in ("word_weights", "character_weights", "knots", "knot_values"):
        np.testing.assert_array_equal(getattr(again.linear, name), getattr(first.linear, name))
    np.testing.assert_array_equal(again.novelty.words, first.novelty.words)


def test_recipes_fit_the_parts_they_are_named_for():
    assert not len(made_scorer("linear").linear.character_weights)
    assert made_scorer("characters").linear.character_weights.any()
    assert made_scorer("characters").trees is None
    assert made_scorer("lightgbm").trees is not None
