"""Proves that our trees predict what LightGBM predicts, and that models they cannot read are refused."""

from dataclasses import replace

import lightgbm
import numpy as np
import pytest
from filtering_fixtures import embedded_data

from filtering.errors import ScorerError, ShapeError
from filtering.fitting.recipes import BOOSTING
from filtering.fitting.stages import head_fit
from filtering.signals.trees import Trees, check_trees, parse_trees

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


def int32(*numbers):
    return np.array(numbers, dtype=np.int32)


WHOLE = Trees(
    roots=int32(0, 3, ~6, 4),
    feature=int32(0, 1, 2, 0, 1),
    threshold=np.array([0.5, 0.1, 0.25, 0.0, -0.5]),
    left=int32(1, ~0, ~2, ~4, ~7),
    right=int32(2, ~1, ~3, ~5, ~8),
    leaf=np.arange(9.0),
    features=3,
)
"""Trees of three nodes, one, none and one; their leaves are 0 to 3, 4 and 5, 6, and 7 and 8."""


def test_whole_trees_are_let_pass_and_walked_as_drawn():
    check_trees(WHOLE)
    rows = np.array([[0.4, 0.2, 9.0], [0.6, 0.0, 0.25], [0.0, -1.0, 0.0]], dtype=np.float32)
    assert WHOLE.predict(rows).tolist() == [1 + 5 + 6 + 8, 2 + 5 + 6 + 8, 0 + 4 + 6 + 7]


@pytest.mark.parametrize("trees", [1, 3])
def test_trees_of_single_leaves_alone_are_let_pass(trees):
    none = {name: WHOLE.left[:0] for name in ("feature", "left", "right")}
    leaves = np.full(trees, 0.5)
    one = Trees(
        roots=~np.arange(trees, dtype=np.int32),
        threshold=WHOLE.threshold[:0],
        leaf=leaves,
        features=2,
        **none,
    )
    check_trees(one)
    assert one.predict(np.zeros((2, 2), np.float32)).tolist() == [0.5 * trees] * 2


def test_trees_of_a_forest_of_scikit_learn_are_let_pass():
    data = embedded_data()
    trees = head_fit("forest", "linear")(data, np.arange(len(data))).head
    assert len(trees.roots) > 100
    check_trees(trees)


def test_rows_of_another_width_are_refused():
    for width in (2, 4):
        with pytest.raises(ShapeError, match=r"must have shape \(n, 3\)"):
            WHOLE.predict(np.zeros((5, width), np.float32))


def put(name, at, value):
    """Return the trees with one number changed."""
    array = getattr(WHOLE, name).copy()
    array[at] = value
    return replace(WHOLE, **{name: array})


@pytest.mark.parametrize(
    "trees",
    [
        pytest.param(put("left", 1, 3), id="node of the next tree"),
        pytest.param(put("right", 3, 4), id="node of the tree after the next"),
        pytest.param(put("left", 4, 2), id="node of an earlier tree"),
        pytest.param(put("right", 4, 5), id="node beyond all"),
        pytest.param(put("right", 2, 2**31 - 1), id="node far beyond all"),
        pytest.param(put("right", 2, 0), id="circle over the root"),
        pytest.param(put("right", 2, 1), id="circle over a node before"),
        pytest.param(put("left", 2, 2), id="circle of one node"),
        pytest.param(put("left", 3, 3), id="circle of a root"),
        pytest.param(put("left", 2, ~4), id="leaf of the next tree"),
        pytest.param(put("right", 3, ~6), id="leaf that is a tree"),
        pytest.param(put("left", 3, ~3), id="leaf of an earlier tree"),
        pytest.param(put("left", 4, ~6), id="leaf of the tree before, which has no node"),
        pytest.param(put("right", 4, ~9), id="leaf beyond all"),
        pytest.param(put("right", 4, -(2**31)), id="leaf far beyond all"),
        pytest.param(put("feature", 0, 3), id="feature beyond"),
        pytest.param(put("feature", 0, -1), id="feature below"),
        pytest.param(replace(WHOLE, features=0), id="no features"),
        pytest.param(replace(WHOLE, roots=int32(3, 0, ~6, 4)), id="unsorted roots"),
        pytest.param(replace(WHOLE, roots=int32(0, 4, ~6, 3)), id="unsorted later roots"),
        pytest.param(replace(WHOLE, roots=int32(0, 3, 4, ~6)), id="single leaf at another place"),
        pytest.param(replace(WHOLE, roots=int32(1, 3, ~6, 4)), id="roots from the second node on"),
        pytest.param(replace(WHOLE, roots=int32(0, 0, ~6, 4)), id="two trees of one root"),
        pytest.param(replace(WHOLE, roots=int32(0, 3, ~5, 4)), id="single leaf of another tree"),
        pytest.param(replace(WHOLE, roots=int32(0, 3, ~99, 4)), id="single leaf beyond"),
        pytest.param(replace(WHOLE, roots=int32(0, 3, ~6, 5)), id="root beyond"),
        pytest.param(replace(WHOLE, roots=int32(0, 3, 4)), id="a tree too few"),
        pytest.param(replace(WHOLE, roots=int32(0, 3, ~6, 4, ~9)), id="a tree too many"),
        pytest.param(replace(WHOLE, roots=int32()), id="no trees"),
        pytest.param(replace(WHOLE, leaf=np.arange(8.0)), id="a leaf too few"),
        pytest.param(replace(WHOLE, leaf=np.arange(10.0)), id="a leaf too many"),
        pytest.param(replace(WHOLE, threshold=WHOLE.threshold[1:]), id="a threshold too few"),
        pytest.param(replace(WHOLE, feature=WHOLE.feature[1:]), id="a feature too few"),
        pytest.param(replace(WHOLE, left=WHOLE.left[1:]), id="a left child too few"),
        pytest.param(replace(WHOLE, right=int32(*WHOLE.right, ~8)), id="a right child too many"),
    ],
)
def test_arrays_that_would_be_read_beyond_or_for_ever_are_refused(trees):
    with pytest.raises(ScorerError, match="must be whole"):
        check_trees(trees)


def test_whatever_numbers_are_let_pass_no_walk_leaves_its_arrays():
    rng = np.random.default_rng(0)
    let_pass = 0
    for _ in range(3_000):
        name = rng.choice(["left", "right", "roots"])
        trees = put(name, rng.integers(len(getattr(WHOLE, name))), rng.integers(-11, 8))
        try:
            check_trees(trees)
        except ScorerError:
            continue
        let_pass += 1
        to_walk = trees.roots.tolist()
        for steps, node in enumerate(to_walk):
            assert steps < 100  # a circle would go on for ever
            assert -len(trees.leaf) <= node < len(trees.feature)
            to_walk.extend([trees.left[node], trees.right[node]] if node >= 0 else [])
    assert 100 < let_pass < 1_500
