"""Proves that trees predict what LightGBM fitted, and that arrays that are no trees are refused."""

import numpy as np
import pytest

from filtering.errors import ScorerError
from filtering.fitting.recipes import BOOSTING
from filtering.signals.read_signals import WIDTH
from filtering.signals.trees import FEATURES, MOST_NODES, build_trees, check_trees, stacked
from tests.kit.late import Late

lightgbm = Late("lightgbm")

PLAIN = {
    "verbose": -1,
    "num_threads": 1,
    "deterministic": True,
    "force_col_wise": True,
    "seed": 0,
    "objective": "regression",
    "use_missing": False,
    "min_data_in_leaf": 5,
}


def made(rows=400, seed=0):
    """Return linear values, features, and a target that both drive; values are those of float32."""
    rng = np.random.default_rng(seed)
    raw = rng.normal(size=rows).astype(np.float32).astype(np.float64)
    features = rng.normal(size=(rows, WIDTH)).astype(np.float32)
    return raw, features, raw * 2 + np.sin(features[:, -1] * 3) + rng.normal(size=rows) * 0.1


def fitted(rounds=20, target=None, **settings):
    raw, features, usual = made()
    table = lightgbm.Dataset(
        stacked(raw, features), usual if target is None else target, params={"verbose": -1}
    )
    return lightgbm.train({**PLAIN, **settings}, table, rounds)


def trees_of(booster):
    return build_trees([tree["tree_structure"] for tree in booster.dump_model()["tree_info"]])


def assert_equal_predictions(booster, raw, features):
    found = trees_of(booster).predict(raw, features)
    np.testing.assert_allclose(found, booster.predict(stacked(raw, features)), rtol=0, atol=1e-12)


@pytest.mark.parametrize(
    "settings", [{"num_leaves": 2}, {"num_leaves": 63}, BOOSTING], ids=["2", "63", "ours"]
)
def test_predictions_are_those_of_what_was_fitted(settings):
    booster = fitted(**settings)
    raw, features, _ = made(rows=200, seed=99)
    assert_equal_predictions(booster, raw * 3, features * 3)
    # The thresholds themselves, their neighbours among floats, and the ends of all floats. Around 0 LightGBM
    # has a threshold of 1e-35 on either side, and takes that number itself now for 0 and now not.
    edges = booster.trees_to_dataframe()["threshold"].dropna().unique()[:50].astype(np.float32)
    edges = edges[np.abs(edges) > 1e-30]
    up, down = (np.nextafter(edges, np.float32(to)) for to in (9, -9))
    edges = np.concatenate([edges, up, down, np.float32([0, -0.0, 1e-40, 3e38, np.inf, -np.inf])])
    assert_equal_predictions(booster, edges, np.repeat(edges[:, None], WIDTH, axis=1))


def test_shares_add_up_to_what_is_predicted_and_begin_at_the_mean_of_what_was_fitted():
    trees, (raw, features, target) = trees_of(fitted()), made()
    shares = trees.shares(raw, features)
    np.testing.assert_allclose(shares.sum(axis=1), trees.predict(raw, features), rtol=0, atol=1e-12)
    np.testing.assert_allclose(shares[:, -1], target.mean(), atol=1e-6)
    # The linear value and the last statistic drive the target: they have most of what tells documents apart.
    spreads = shares[:, :-1].std(axis=0)
    assert set(np.argsort(spreads)[-2:]) == {0, FEATURES - 1}


def test_a_value_does_not_depend_on_the_batch():
    found, (raw, features, _) = trees_of(fitted()), made(rows=20)
    alone = [found.predict(raw[at : at + 1], features[at : at + 1])[0] for at in range(20)]
    assert found.predict(raw, features).tolist() == alone
    assert found.predict(raw[:0], features[:0]).shape == (0,)


def test_a_constant_target_gives_trees_of_a_single_leaf():
    raw, features, _ = made(rows=3)
    trees = trees_of(fitted(target=np.full(400, 2.5)))
    assert trees.predict(raw, features).tolist() == [2.5] * 3
    assert trees.shares(raw, features)[:, -1].tolist() == [2.5] * 3


def test_trees_that_are_saved_are_those_that_are_read():
    trees = trees_of(fitted(3))
    again = check_trees({f"trees.{name}": array for name, array in trees.arrays().items()}, prefix="trees.")
    raw, features, _ = made(rows=50, seed=7)
    assert again.predict(raw, features).tobytes() == trees.predict(raw, features).tobytes()


TREES = {
    "roots": np.int32([0, 5]),
    "features": np.int16([0, 1, -1, -1, -1, -1]),
    "thresholds": np.float64([0.5, 0.125, 0, 0, 0, 0]),
    "others": np.int32([4, 3, 0, 0, 0, 0]),
    "values": np.float64([2, 1.5, 1, 2, 3, 0.25]),
}
"""A tree of two nodes and three leaves, and one of a single leaf."""


def test_a_tree_is_walked_as_drawn():
    features = np.zeros((3, WIDTH), np.float32)
    features[:, -FEATURES + 1] = [0.125, 0.2, 9]
    trees, raw = check_trees(TREES), np.array([0.5, 0.5, 0.6])
    assert trees.predict(raw, features).tolist() == [1.25, 2.25, 3.25]
    assert trees.shares(raw, features)[:, [0, 1, -1]].tolist() == [
        [-0.5, -0.5, 2.25],
        [-0.5, 0.5, 2.25],
        [1, 0, 2.25],
    ]


@pytest.mark.parametrize(
    ("name", "numbers"),
    [
        ("roots", [1, 5]),  # the first node is of no tree
        ("roots", [0, 0]),
        ("roots", [5, 0]),
        ("roots", [0, 6]),
        ("roots", [0, -1]),
        ("roots", []),  # nodes of no tree
        ("others", [0, 3, 0, 0, 0, 0]),  # a circle
        ("others", [-1, 3, 0, 0, 0, 0]),
        ("others", [5, 3, 0, 0, 0, 0]),  # a node of another tree
        ("others", [6, 3, 0, 0, 0, 0]),
        ("features", [0, 1, -1, -1, 0, -1]),  # what is below it is another tree
        ("features", [0, 1, -1, -1, -1, 0]),  # nothing is below it
        ("features", [FEATURES, 1, -1, -1, -1, -1]),
        ("features", [-2, 1, -1, -1, -1, -1]),
        ("features", [0, 1]),
        ("thresholds", [np.nan, 0, 0, 0, 0, 0]),
        ("thresholds", [np.inf, 0, 0, 0, 0, 0]),
        ("values", [2, 1, 1, 2, np.nan, 0]),
    ],
)
def test_arrays_that_are_no_trees_are_refused(name, numbers):
    with pytest.raises(ScorerError, match="must be"):
        check_trees(TREES | {name: np.array(numbers, TREES[name].dtype)})


def test_a_tree_of_very_many_nodes_is_refused():
    nodes = MOST_NODES + 2
    chain = {
        "roots": np.int32([0]),
        "features": np.int16([0] * (nodes - 2) + [-1, -1]),
        "thresholds": np.zeros(nodes),
        "others": np.arange(1, nodes + 1, dtype=np.int32),
        "values": np.zeros(nodes),
    }
    chain["others"][-3:] = nodes - 1
    with pytest.raises(ScorerError, match=f"with {MOST_NODES} nodes at most"):
        check_trees(chain)


def test_a_sum_of_no_trees_is_nothing():
    none = check_trees({name: array[:0] for name, array in TREES.items()})
    raw, features, _ = made(rows=2)
    assert none.predict(raw, features).tolist() == [0, 0]
