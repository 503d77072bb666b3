"""Proves that our trees predict what LightGBM predicts, and that models they cannot read are refused."""

import lightgbm
import numpy as np
import pytest

from filtering.errors import ScorerError
from filtering.fitting import BOOSTING
from filtering.trees import parse_trees

QUIET = {"verbose": -1, "num_threads": 1, "deterministic": True, "force_row_wise": True, "seed": 0}
PLAIN = {**QUIET, "objective": "regression", "use_missing": False, "min_data_in_leaf": 5}


def made(rows=400, columns=6, seed=0):
    rng = np.random.default_rng(seed)
    features = rng.normal(size=(rows, columns)).astype(np.float32)
    target = features[:, 0] * 2 + np.sin(features[:, 1] * 3) + rng.normal(size=rows) * 0.1
    return features, target


def fitted(features, target, rounds=20, **settings):
    return lightgbm.train({**PLAIN, **settings}, lightgbm.Dataset(features, target), rounds)


def assert_equal_predictions(booster, rows):
    found = parse_trees(booster.model_to_string()).predict(rows)
    np.testing.assert_allclose(found, booster.predict(rows), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("leaves", [2, 15, 63])
def test_predictions_are_those_of_lightgbm(seed, leaves):
    booster = fitted(*made(seed=seed), num_leaves=leaves)
    assert_equal_predictions(booster, made(rows=2_000, seed=99)[0] * 3)


def test_predictions_of_many_trees_are_those_of_lightgbm():
    booster = fitted(*made(), rounds=400)
    assert booster.num_trees() == 400
    assert_equal_predictions(booster, made(seed=5)[0])


def test_predictions_with_the_settings_of_the_fitting_are_those_of_lightgbm():
    features, target = made()
    booster = lightgbm.train(BOOSTING, lightgbm.Dataset(features, target, params={"max_bin": 63}), 50)
    assert_equal_predictions(booster, features)


@pytest.mark.parametrize("step", [1.0, 0.1])
def test_ties_at_thresholds_go_left_as_in_lightgbm(step):
    rng = np.random.default_rng(1)
    features = (rng.integers(0, 8, size=(500, 4)) * step).astype(np.float32)
    booster = fitted(features, features[:, 0] + features[:, 1] ** 2)
    trees = parse_trees(booster.model_to_string())
    # The thresholds themselves, and their neighbours among floats, as values of every feature.
    edges = np.unique(trees.threshold).astype(np.float32)
    edges = np.concatenate(
        [edges, np.nextafter(edges, np.float32(9)), np.nextafter(edges, np.float32(-9)), [0]]
    )
    rows = np.repeat(edges[:, None], 4, axis=1).astype(np.float32)
    assert_equal_predictions(booster, np.concatenate([features, rows]))


def test_extreme_values_are_those_of_lightgbm():
    booster = fitted(*made())
    rows = np.array([np.full(6, value) for value in (np.inf, -np.inf, 1e-40, -0.0, 3e38)], dtype=np.float32)
    assert_equal_predictions(booster, rows)


def test_a_constant_target_gives_trees_of_a_single_leaf():
    features, _ = made()
    booster = fitted(features, np.full(len(features), 2.5))
    assert (parse_trees(booster.model_to_string()).roots < 0).all()
    assert_equal_predictions(booster, features)
    assert booster.predict(features[:1])[0] == pytest.approx(2.5)


def test_trees_of_a_single_leaf_may_stand_among_others():
    text = fitted(*made(), rounds=3).model_to_string()
    first, second, third, rest = split_trees(text)
    stump = "Tree=1\nnum_leaves=1\nnum_cat=0\nsplit_feature=\nthreshold=\ndecision_type=\n"
    stump += "left_child=\nright_child=\nleaf_value=0.25\nis_linear=0\nshrinkage=1\n\n\n"
    rows = made(seed=7)[0]
    found = parse_trees(first + second + stump + third + rest).predict(rows)
    np.testing.assert_allclose(found, parse_trees(text).predict(rows) + 0.25, rtol=1e-12)


def split_trees(text):
    header, *trees = text.split("\nTree=")
    last, end, rest = trees[-1].partition("end of trees")
    middle = [f"Tree={tree}\n" for tree in trees[:-1]]
    assert len(middle) == 2
    return header + "\n" + middle[0], middle[1], f"Tree={last}", end + rest


def test_no_rows_give_no_predictions():
    trees = parse_trees(fitted(*made()).model_to_string())
    assert trees.predict(np.zeros((0, 6), dtype=np.float32)).shape == (0,)
    assert trees.features == 6


def test_categorical_splits_are_refused():
    features, target = made()
    features[:, 0] = np.arange(len(features)) % 5
    dataset = lightgbm.Dataset(features, features[:, 0] % 2 + target * 0.01, categorical_feature=[0])
    booster = lightgbm.train({**PLAIN, "min_data_per_group": 5}, dataset, 5)
    with pytest.raises(ScorerError, match="numerical splits"):
        parse_trees(booster.model_to_string())


def test_linear_leaves_are_refused():
    booster = lightgbm.train(
        {**PLAIN, "linear_tree": True},
        lightgbm.Dataset(*made(), params={"linear_tree": True, "verbose": -1}),
        5,
    )
    with pytest.raises(ScorerError, match="constant leaves"):
        parse_trees(booster.model_to_string())


@pytest.mark.parametrize(
    "settings",
    [
        {"objective": "binary"},
        {"objective": "poisson"},
        {"objective": "regression_l1"},
        {"reg_sqrt": True},
        {"boosting": "rf", "bagging_fraction": 0.5, "bagging_freq": 1},
    ],
    ids=str,
)
def test_a_model_whose_prediction_is_not_the_sum_of_its_trees_is_refused(settings):
    features, target = made()
    booster = fitted(features, (target > 0).astype(float), **settings)
    with pytest.raises(ScorerError, match="must be a LightGBM regression"):
        parse_trees(booster.model_to_string())


@pytest.mark.parametrize(
    "settings", [{"use_missing": True}, {"use_missing": True, "zero_as_missing": True}], ids=str
)
def test_missing_values_are_refused(settings):
    features, target = made()
    features[::3, 0] = np.nan
    booster = fitted(features, np.where(np.isnan(features[:, 0]), 3, target), **settings)
    with pytest.raises(ScorerError, match="decision type"):
        parse_trees(booster.model_to_string())


def test_a_model_without_trees_is_refused():
    text = fitted(*made()).model_to_string()
    with pytest.raises(ScorerError, match="at least one tree"):
        parse_trees(text.split("\nTree=")[0])


@pytest.mark.parametrize("text", ["", "tree\nversion=v4", "\x00" * 40])
def test_what_is_no_model_is_refused(text):
    with pytest.raises(ScorerError, match="must be a LightGBM regression"):
        parse_trees(text)


def with_field(text, name, change):
    """Change the numbers of a field of the first tree."""
    head, found, rest = text.partition(f"\n{name}=")
    assert found
    numbers, _, after = rest.partition("\n")
    return f"{head}{found}{' '.join(change(numbers.split()))}\n{after}"


@pytest.mark.parametrize(
    ("field", "change"),
    [
        ("split_feature", lambda numbers: ["6", *numbers[1:]]),
        ("split_feature", lambda numbers: ["-1", *numbers[1:]]),
        ("left_child", lambda numbers: ["0", *numbers[1:]]),
        ("right_child", lambda numbers: ["99", *numbers[1:]]),
        ("right_child", lambda numbers: ["-99", *numbers[1:]]),
        ("threshold", lambda numbers: numbers[1:]),
        ("leaf_value", lambda numbers: numbers[1:]),
    ],
    ids=[
        "feature beyond",
        "feature below",
        "circle",
        "node beyond",
        "leaf beyond",
        "few thresholds",
        "few leaves",
    ],
)
def test_a_tree_that_would_be_read_beyond_its_arrays_is_refused(field, change):
    text = fitted(*made()).model_to_string()
    with pytest.raises(ScorerError, match="must be whole"):
        parse_trees(with_field(text, field, change))
