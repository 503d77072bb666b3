"""Proves that trees predict what LightGBM fitted, and that no text that they are read from harms LightGBM."""

import lightgbm
import numpy as np
import pytest
from filtering_fixtures import run_python

from filtering.errors import ScorerError
from filtering.fitting.recipes import BOOSTING
from filtering.signals import trees
from filtering.signals.read_signals import WIDTH
from filtering.signals.trees import FEATURES, parse_trees, stacked

QUIET = {"verbose": -1, "num_threads": 1, "deterministic": True, "force_row_wise": True, "seed": 0}
PLAIN = {**QUIET, "objective": "regression", "use_missing": False, "min_data_in_leaf": 5}


def made(rows=400, seed=0):
    """Return linear values, features, and a target that both drive."""
    rng = np.random.default_rng(seed)
    raw, features = rng.normal(size=rows), rng.normal(size=(rows, WIDTH)).astype(np.float32)
    return raw, features, raw * 2 + np.sin(features[:, -1] * 3) + rng.normal(size=rows) * 0.1


def fitted(rounds=20, change=lambda rows, target: (rows, target), categories=(), **settings):
    raw, features, target = made()
    table = lightgbm.Dataset(
        *change(stacked(raw, features), target), params={"verbose": -1}, categorical_feature=[*categories]
    )
    return lightgbm.train({**PLAIN, **settings}, table, rounds)


@pytest.fixture(scope="module")
def text():
    return fitted(3, num_leaves=4).model_to_string()


def assert_equal_predictions(booster, raw, features):
    found, rows = parse_trees(booster.model_to_string()), stacked(raw, features)
    np.testing.assert_array_equal(found.predict(raw, features), booster.predict(rows))
    np.testing.assert_array_equal(found.shares(raw, features), booster.predict(rows, pred_contrib=True))


@pytest.mark.parametrize(
    "settings", [{"num_leaves": 2}, {"num_leaves": 63}, BOOSTING], ids=["2", "63", "ours"]
)
def test_predictions_and_shares_are_those_of_what_was_fitted(settings):
    booster = fitted(**settings)
    raw, features, _ = made(rows=200, seed=99)
    assert_equal_predictions(booster, raw * 3, features * 3)
    # The thresholds themselves, their neighbours among floats, and the ends of all floats.
    edges = booster.trees_to_dataframe()["threshold"].dropna().unique()[:50].astype(np.float32)
    up, down = (np.nextafter(edges, np.float32(to)) for to in (9, -9))
    edges = np.concatenate([edges, up, down, np.float32([0, -0.0, 1e-40, 3e38, np.inf, -np.inf])])
    assert_equal_predictions(booster, edges, np.repeat(edges[:, None], WIDTH, axis=1))


def test_a_value_does_not_depend_on_the_batch():
    found, (raw, features, _) = parse_trees(fitted().model_to_string()), made(rows=20)
    alone = [found.predict(raw[at : at + 1], features[at : at + 1])[0] for at in range(20)]
    assert found.predict(raw, features).tolist() == alone
    assert found.predict(raw[:0], features[:0]).shape == (0,)


def test_reading_what_was_read_changes_nothing(text):
    assert parse_trees(parse_trees(text).text) == parse_trees(text)


def test_a_constant_target_gives_trees_of_a_single_leaf():
    booster = fitted(change=lambda rows, target: (rows, np.full(len(rows), 2.5)))
    raw, features, _ = made(rows=3)
    assert_equal_predictions(booster, raw, features)
    assert parse_trees(booster.model_to_string()).predict(raw, features).tolist() == [2.5] * 3


def test_trees_of_a_single_leaf_may_stand_among_others(text):
    stump = "\nTree=1\nnum_leaves=1\nnum_cat=0\nleaf_value=0.25\nis_linear=0\n\n"
    first, rest = text.split("\nTree=1\n")
    raw, features, _ = made(seed=7)
    found = parse_trees(f"{first}{stump}\nTree=1\n{rest}").predict(raw, features)
    np.testing.assert_allclose(found, parse_trees(text).predict(raw, features) + 0.25, rtol=1e-12)


@pytest.mark.parametrize(
    ("settings", "change"),
    [
        ({"objective": "binary"}, lambda rows, target: (rows, target > 0)),
        ({"objective": "poisson"}, lambda rows, target: (rows, target > 0)),
        ({"reg_sqrt": True}, lambda rows, target: (rows, target)),
        ({"boosting": "rf", "bagging_fraction": 0.5, "bagging_freq": 1}, lambda rows, target: (rows, target)),
        ({}, lambda rows, target: (rows[:, 1:], target)),
    ],
    ids=["binary", "poisson", "root", "mean of a forest", "a feature too few"],
)
def test_models_that_are_no_sum_of_trees_over_our_features_are_refused(settings, change):
    with pytest.raises(ScorerError, match=f"must be a LightGBM regression over {FEATURES} features"):
        parse_trees(fitted(2, change, **settings).model_to_string())


@pytest.mark.parametrize(
    ("settings", "change"),
    [
        ({"categories": [0], "min_data_per_group": 5}, lambda rows: np.arange(len(rows)) % 5),
        ({"linear_tree": True}, lambda rows: rows[:, 0]),
        ({"use_missing": True}, lambda rows: np.where(np.arange(len(rows)) % 3, rows[:, 0], np.nan)),
        ({"use_missing": True, "zero_as_missing": True}, lambda rows: np.maximum(rows[:, 0], 0)),
        ({"num_leaves": trees.MOST_LEAVES + 1, "min_data_in_leaf": 1}, lambda rows: rows[:, 0]),
    ],
    ids=["categories", "linear leaves", "missing values", "noughts that are missing", "too many leaves"],
)
def test_trees_of_other_kinds_are_refused(settings, change):
    def first_column(rows, target):
        rows[:, 0] = change(rows)
        return rows, np.nan_to_num(rows[:, 0] % 2 + target * 0.01, nan=3)

    with pytest.raises(ScorerError, match="Each tree of a scorer must be whole"):
        parse_trees(fitted(2, first_column, **settings).model_to_string())


@pytest.mark.parametrize("content", ["", "tree\nversion=v4", "\x00" * 40, "\nTree=0\nnum_leaves=1"])
def test_what_is_no_model_is_refused(content, text):
    for one in (content, text.split("\nTree=")[0]):
        with pytest.raises(ScorerError, match="must be a LightGBM regression"):
            parse_trees(one)


def test_a_text_without_end_is_refused(text, monkeypatch):
    monkeypatch.setattr(trees, "MOST_CHARS", len(text) - 1)
    with pytest.raises(ScorerError, match="must be a LightGBM regression"):
        parse_trees(text)


TREE = {
    "num_cat": "0",
    "split_feature": "0 1 2",
    "threshold": "0.5 0.125 0.25",
    "decision_type": "2 2 2",
    "left_child": "1 -1 -3",
    "right_child": "2 -2 -4",
    "leaf_value": "1 2 3 4",
    "leaf_count": "5 5 5 5",
    "internal_count": "20 10 10",
    "is_linear": "0",
}


def text_of(**changed):
    """Return a model of one tree of three nodes, with some of its fields changed."""
    fields = TREE | changed
    header = "\n".join(sorted(trees.NEEDED))
    return f"{header}\n\nTree=0\n" + "".join(f"{name}={value}\n" for name, value in fields.items())


def test_a_tree_is_walked_as_drawn():
    features = np.zeros((4, WIDTH), np.float32)
    features[:, -FEATURES + 1 :][:, :2] = [[0.125, 9], [0.2, 9], [9, 0.25], [9, 0.3]]
    found = parse_trees(text_of()).predict(np.array([0.5, 0.5, 0.6, 0.6]), features)
    assert found.tolist() == [1, 2, 3, 4]


@pytest.mark.parametrize(
    ("field", "numbers"),
    [
        ("left_child", "0 -1 -3"),
        ("left_child", "1 1 -3"),
        ("left_child", "1 -1 1"),
        ("left_child", "2 -1 -3"),  # both sides lead to one node: paths would double at each
        ("right_child", "3 -2 -4"),
        ("right_child", "2 -1 -4"),
        ("right_child", "2 -5 -4"),
        ("right_child", "2 -2 -2147483649"),
        ("right_child", "2 -2 -4 -5"),
        ("left_child", "1 -1"),
        ("split_feature", f"{FEATURES} 1 2"),
        ("split_feature", "-1 1 2"),
        ("split_feature", "1 2"),
        ("threshold", "nan 0.1 0.25"),
        ("threshold", "0.5 inf 0.25"),
        ("threshold", "0.5 0.1"),
        ("leaf_value", "1 2 3 nan"),
        ("leaf_value", "1 2 3"),
        ("leaf_value", "1 2 3 4 5"),
        ("leaf_count", "5 5 5"),
        ("leaf_count", "5 5 5 0"),
        ("internal_count", "-1 10 10"),
        ("internal_count", "2147483648 10 10"),
        ("internal_count", ""),
        ("decision_type", "2 1 2"),
        ("decision_type", "2 2"),
        ("num_cat", "1"),
        ("num_cat", ""),
        ("is_linear", "1"),
    ],
)
def test_a_tree_that_is_not_whole_is_refused(field, numbers):
    with pytest.raises(ScorerError, match="Each tree of a scorer must be whole"):
        parse_trees(text_of(**{field: numbers}))


@pytest.mark.parametrize("numbers", ["1 x -3", "1 -1 0x3", "1 -1 -3.0", "1 -1 " + "9" * 5000])
def test_words_where_numbers_must_stand_are_refused(numbers):
    with pytest.raises(ValueError, match="int"):
        parse_trees(text_of(left_child=numbers))


def test_lightgbm_survives_whatever_is_let_pass(tmp_path, text):
    (tmp_path / "model.txt").write_text(parse_trees(text).text)
    code = """
import sys
from pathlib import Path
import numpy as np
from filtering.signals.read_signals import WIDTH
from filtering.signals.trees import parse_trees
rng, text = np.random.default_rng(0), Path(sys.argv[1]).read_text()
odd = ["0", "-1", "1", "3", "99", "-99", "2147483648", "nan", "inf", "1e308", "abc", "", "1_0", "9" * 400]
refused = 0
for _ in range(200):
    lines = text.splitlines()
    at = rng.integers(len(lines))
    name, equals, value = lines[at].partition("=")
    numbers = value.split() or [""]
    numbers[rng.integers(len(numbers))] = str(rng.choice(odd))
    changed = f"{name}{equals}{' '.join(numbers)}"
    lines[at : at + 1] = [[changed], [changed], [changed, lines[at]], []][rng.integers(4)]
    try:
        trees = parse_trees("\\n".join(lines))
    except ValueError:  # a ScorerError is one
        refused += 1
        continue
    for found in (trees.predict, trees.shares):
        assert len(found(rng.normal(size=2), np.zeros((2, WIDTH), np.float32))) == 2
print(refused)
"""
    assert 50 < int(run_python(code, tmp_path / "model.txt").stdout) < 180
