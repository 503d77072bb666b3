"""Proves that fitting finds what is there and nothing else, and that nothing leaks between groups."""

from dataclasses import replace

import numpy as np
import pytest
import sklearn.linear_model
from filtering_fixtures import made_data, made_documents, made_scorer, require_seed, seed_data, shuffled

from filtering.fitting import (
    RECIPES,
    RecipeFigures,
    choose_recipe,
    compare_recipes,
    fit_model,
    fit_scorer,
    nested_points,
    nested_raw,
    read_fit_data,
)
from filtering.folds import ASSIGNMENTS, fold_assignment
from filtering.metrics import area_under_curve, rank_correlation
from filtering.signals import read_signals


def nested_rho(data, recipe="linear", assignment=0):
    return rank_correlation(nested_raw(data, recipe, assignment=assignment), data.labels)


@pytest.mark.parametrize("recipe", RECIPES)
def test_every_recipe_finds_what_drives_the_labels(recipe):
    assert nested_rho(made_data(250), recipe) > 0.8


def test_shuffled_labels_cannot_be_predicted():
    data = made_data()
    figures = [nested_rho(shuffled(data, seed=seed), assignment=seed % ASSIGNMENTS) for seed in range(8)]
    assert abs(np.mean(figures)) < 0.05


def test_shuffled_labels_cannot_be_predicted_by_trees_either():
    data = made_data(250)
    figures = [nested_rho(shuffled(data, seed=seed), "lightgbm", seed) for seed in range(2)]
    assert abs(np.mean(figures)) < 0.1  # two standard errors of 2 x 250 rows are 0.09


@pytest.mark.parametrize("domain", ["web", "code"])
def test_shuffled_labels_of_the_real_seed_cannot_be_predicted(domain):
    require_seed(domain)
    data = seed_data(domain)
    figures = [nested_rho(shuffled(data, seed=seed), assignment=seed) for seed in range(2)]
    assert abs(np.mean(figures)) < 0.05


def test_shuffling_moves_labels_only():
    data = made_data()
    moved = shuffled(data, seed=1)
    assert sorted(moved.labels) == sorted(data.labels)
    assert (moved.labels != data.labels).any()
    assert moved.groups == data.groups
    assert moved.features is data.features
    np.testing.assert_array_equal(shuffled(data, seed=1).labels, moved.labels)


def group_words(rows=400, groups=20, seed=0):
    """Return documents whose label is told by two words that only their own group has."""
    rng = np.random.default_rng(seed)
    secret = ["".join(rng.choice(list("abcdefghijklmnop"), size=9)) for _ in range(2 * groups)]
    texts, _, _ = made_documents(rows, seed=seed)
    of = np.arange(rows) % groups
    high = rng.random(rows) < 0.5
    made = [
        f"{secret[2 * group + one]} " * 8 + " ".join(rng.permutation(text.split()[:30]))
        for text, group, one in zip(texts, of, high, strict=True)
    ]
    # The texts' own quality is cut loose from the label: only the secret words tell it.
    return made, np.where(high, 4.0, 1.0), [f"group-{group}" for group in of]


def test_words_that_tell_the_label_inside_one_group_only_give_no_gain():
    texts, labels, groups = group_words()
    data = read_fit_data(texts, labels, groups, np.ones(len(texts), bool))
    assert abs(np.mean([nested_rho(data, assignment=number) for number in range(ASSIGNMENTS)])) < 0.15
    # The same words, with no group kept together, tell nearly all: so it is the groups that hold them back.
    apart = replace(data, groups=tuple(str(row) for row in range(len(data))))
    assert nested_rho(apart) > 0.7


@pytest.mark.parametrize("recipe", ["linear", "lightgbm"])
def test_a_nested_value_is_untouched_by_labels_of_its_own_fold(recipe):
    data = made_data(250)
    inside = fold_assignment(data.groups, 0) == 2
    changed = replace(data, labels=np.where(inside, 5.0 - data.labels, data.labels))
    before, after = (nested_raw(one, recipe, assignment=0) for one in (data, changed))
    np.testing.assert_array_equal(before[inside], after[inside])
    assert (before[~inside] != after[~inside]).any()


def test_nested_points_are_untouched_by_labels_of_their_own_fold():
    data = made_data(250)
    inside = fold_assignment(data.groups, 0) == 2
    changed = replace(data, labels=np.where(inside, 5.0 - data.labels, data.labels))
    before, after = nested_points(data, "linear"), nested_points(changed, "linear")
    np.testing.assert_array_equal(before[inside], after[inside])
    assert (before[~inside] != after[~inside]).any()


def test_nested_points_are_calibrated_at_3():
    data = made_data()
    points = nested_points(data, "linear")
    assert ((points >= 0) & (points <= 5)).all()
    near = np.abs(points - 3) < 0.4
    assert near.sum() > 30
    assert (data.labels[near] >= 3).mean() == pytest.approx(0.5, abs=0.2)
    assert (points >= 3).mean() == pytest.approx((data.labels >= 3).mean(), abs=0.04)


def test_calibration_looks_at_unbiased_rows_only():
    data = made_data()
    # Rows chosen by their scores are labelled two points too high; calibration must not see them.
    biased = np.arange(len(data)) % 2 == 1
    skewed = replace(
        data, labels=np.where(biased, np.minimum(data.labels + 2, 5), data.labels), unbiased=~biased
    )
    points = nested_points(skewed, "linear")
    assert (points[~biased] >= 3).mean() == pytest.approx((data.labels[~biased] >= 3).mean(), abs=0.06)
    unaware = nested_points(replace(skewed, unbiased=np.ones(len(data), bool)), "linear")
    assert (unaware[~biased] >= 3).mean() > (points[~biased] >= 3).mean() + 0.1


def test_the_linear_recipe_predicts_what_scikit_learn_predicts(monkeypatch):
    seen = {}

    class Recording(sklearn.linear_model.Ridge):
        def fit(self, matrix, target):
            seen.update(model=self, matrix=matrix)
            return super().fit(matrix, target)

    monkeypatch.setattr(sklearn.linear_model, "Ridge", Recording)
    data = made_data()
    rows = np.arange(len(data))
    for recipe in ("linear", "characters"):
        found = fit_model(data, rows, recipe).predict(data, rows)
        np.testing.assert_allclose(found, seen["model"].predict(seen["matrix"]), atol=1e-4)


@pytest.mark.parametrize("recipe", RECIPES)
def test_a_scorer_reads_from_texts_what_was_fitted_to_cells(recipe):
    data = made_data()
    model = fit_model(data, np.arange(len(data)), recipe)
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
    assert one.booster == two.booster
    np.testing.assert_array_equal(one.linear.word_weights, two.linear.word_weights)
    np.testing.assert_array_equal(one.linear.knots, two.linear.knots)


@pytest.mark.parametrize("recipe", RECIPES)
def test_fitting_twice_gives_the_same_scorer(recipe):
    again = fit_scorer(made_data(), recipe, "web")
    first = made_scorer(recipe)
    assert again.booster == first.booster
    assert again.calibration == first.calibration
    for name in ("word_weights", "character_weights", "knots", "knot_values"):
        np.testing.assert_array_equal(getattr(again.linear, name), getattr(first.linear, name))
    np.testing.assert_array_equal(again.novelty.words, first.novelty.words)


def test_recipes_fit_the_parts_they_are_named_for():
    assert not len(made_scorer("linear").linear.character_weights)
    assert made_scorer("characters").linear.character_weights.any()
    assert made_scorer("characters").booster is None
    assert made_scorer("lightgbm").trees is not None


def test_documents_without_a_score_are_left_out_of_the_fit():
    texts = ["some words", "", None, " ", "other words"]
    data = read_fit_data(texts, np.arange(5.0), list("abcde"), np.array([True, True, True, False, False]))
    assert len(data) == 2
    assert data.labels.tolist() == [0.0, 4.0]
    assert data.groups == ("a", "e")
    assert data.unbiased.tolist() == [True, False]
    assert data.texts == (b"some words", b"other words")
    np.testing.assert_array_equal(data.features, read_signals(["some words", "other words"]).features)


@pytest.mark.parametrize(
    ("linear", "characters", "lightgbm", "kept"),
    [
        # Spreads (standard deviations) are 0.01 unless said otherwise.
        ((0.70, 0.71, 0.72), (0.70, 0.71, 0.72), (0.70, 0.71, 0.72), "linear"),  # all the same
        ((0.70, 0.71, 0.72), (0.75, 0.76, 0.77), (0.75, 0.76, 0.77), "characters"),  # 5 spreads better
        ((0.70, 0.71, 0.72), (0.71, 0.72, 0.73), (0.75, 0.76, 0.77), "lightgbm"),  # both others far below
        ((0.70, 0.71, 0.72), (0.71, 0.72, 0.73), (0.715, 0.725, 0.735), "linear"),  # within 1.5 spreads
        ((0.66, 0.71, 0.76), (0.75, 0.76, 0.77), (0.75, 0.76, 0.77), "linear"),  # its own spread is wide
        ((0.80, 0.81, 0.82), (0.70, 0.71, 0.72), (0.70, 0.71, 0.72), "linear"),  # the simplest is best
    ],
)
def test_the_simplest_recipe_within_two_spreads_of_the_best_is_kept(linear, characters, lightgbm, kept):
    candidates = [
        RecipeFigures(recipe, rho=rho, auc=rho)
        for recipe, rho in zip(RECIPES, (linear, characters, lightgbm), strict=True)
    ]
    assert choose_recipe(candidates) == kept


def test_figures_are_summed_up_by_mean_and_sample_deviation():
    summary = RecipeFigures("linear", rho=(0.6, 0.7, 0.8), auc=(0.9, 0.9, 0.9)).summary()
    assert summary == pytest.approx({"rho": 0.7, "rho_spread": 0.1, "auc_at_3": 0.9, "auc_at_3_spread": 0.0})


def test_recipes_are_compared_over_all_assignments():
    data = made_data(250)
    (found,) = compare_recipes(data, ["linear"])
    assert len(found.rho) == len(found.auc) == ASSIGNMENTS
    raw = nested_raw(data, "linear", assignment=3)
    assert found.rho[3] == rank_correlation(raw, data.labels)
    assert found.auc[3] == area_under_curve(raw, data.labels)
