"""Proves that scores are judged within each kind of documents, by figures that copies do not make surer."""

import numpy as np
import pytest

from filtering.judging import intervals
from filtering.judging.kinds import KIND_METRICS, LEAST_ROWS, LEAST_SIDE_ROWS, judge_kind
from filtering.judging.metrics import rank_correlation

NAMES = list(KIND_METRICS)


@pytest.fixture(autouse=True)
def few_rounds(monkeypatch):
    """Draw as often as intervals need to be told apart, no more."""
    monkeypatch.setattr(intervals, "BOOTSTRAP_ROUNDS", 100)


def made(rows, seed=0, noise=1.0):
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 6, size=rows).astype(float)
    return np.clip(labels + rng.normal(0, noise, size=rows), 0, 5), labels


def alone(rows):
    return [str(row) for row in range(rows)]


def test_a_value_is_judged_from_so_many_documents_and_so_many_on_either_side_of_the_cut():
    few = LEAST_SIDE_ROWS
    labels = {
        "enough": [4.0] * few + [1.0] * (LEAST_ROWS - few),
        "too few": [4.0, 1.0] * 9 + [1.0],
        "hardly good": [4.0] * (few - 1) + [1.0] * 40,
        "hardly poor": [1.0] * (few - 1) + [4.0] * 30,
        "": [4.0, 1.0] * 30,
    }
    values = [value for value, own in labels.items() for _ in own] + [None] * 50
    points = np.array([label for own in labels.values() for label in own] + [4.0, 1.0] * 25)
    found = judge_kind("genre", points, points, alone(len(points)), values)
    assert [(one.value, one.rows, one.groups) for one in found.values] == [("enough", LEAST_ROWS, LEAST_ROWS)]
    assert (found.rows, found.others, found.other_rows) == (LEAST_ROWS, 3, 42 + 32 + 19)
    assert found.largest_others == {"hardly good": 42, "hardly poor": 32, "too few": 19}


def test_a_score_that_tells_languages_apart_alone_orders_the_documents_of_none():
    values = ["high"] * 150 + ["low"] * 150
    labels = np.concatenate([np.repeat([2.0, 3.0, 4.0], 50), np.repeat([0.0, 1.0, 3.0], 50)])
    points = np.repeat([4.0, 1.0], 150) + np.arange(300) % 5 / 10  # the same five for each label
    assert rank_correlation(points, labels) > 0.5
    found = judge_kind("language", points, labels, alone(300), values)
    assert [one.is_ordered for one in found.values] == [False, False]
    assert abs(found.metrics["rho"].value) < 0.01
    right = judge_kind("language", labels + np.arange(300) % 5 / 10, labels, alone(300), values)
    assert [one.is_ordered for one in right.values] == [True, True]


def test_the_mean_is_weighted_by_documents_and_values_stand_from_the_worst_on():
    (good, labels), (poor, others) = made(60, noise=0.1), made(240, seed=1, noise=4.0)
    found = judge_kind(
        "genre", np.append(good, poor), np.append(labels, others), alone(300), ["a"] * 60 + ["b"] * 240
    )
    assert [one.value for one in found.values] == ["b", "a"]
    by_value = {one.value: one.metrics for one in found.values}
    for name in NAMES:
        assert by_value["a"][name].value == KIND_METRICS[name](good, labels)
        mean = 0.2 * by_value["a"][name].value + 0.8 * by_value["b"][name].value
        assert found.metrics[name].value == pytest.approx(mean)
        assert found.metrics[name].low < mean < found.metrics[name].high


def test_precision_is_of_the_values_of_which_something_is_kept():
    points, labels = made(100)
    values = ["a"] * 50 + ["b"] * 50
    points[50:] = np.minimum(points[50:], 2.5)
    found = judge_kind("genre", points, labels, alone(100), values)
    by_value = {one.value: one.metrics for one in found.values}
    assert np.isnan(by_value["b"]["precision_at_3"].value)
    assert found.metrics["precision_at_3"].value == by_value["a"]["precision_at_3"].value
    assert found.metrics["recall_at_3"].value == by_value["a"]["recall_at_3"].value / 2


def test_scores_that_are_all_alike_order_nothing_and_stand_first():
    points, labels = made(100)
    points[:50] = 3.5
    found = judge_kind("genre", points, labels, alone(100), ["a"] * 50 + ["b"] * 50)
    assert [(one.value, one.is_ordered) for one in found.values] == [("a", False), ("b", True)]
    assert np.isnan(found.values[0].metrics["rho"].value)


def test_copies_inside_a_group_add_no_certainty_and_one_group_is_drawn_by_document():
    points, labels = made(60)
    values = (["a"] * 30 + ["b"] * 30) * 9

    def width(groups):
        found = judge_kind("genre", np.tile(points, 9), np.tile(labels, 9), groups, values)
        return [one.metrics["rho"].high - one.metrics["rho"].low for one in (found, *found.values)]

    copies, by_document = width([str(row) for row in range(60)] * 9), width(alone(540))
    assert all(one > 2 * other for one, other in zip(copies, by_document, strict=True))
    _, *of_one_group = width(values)
    assert of_one_group == pytest.approx(by_document[1:], rel=0.4)


def test_draws_with_too_few_documents_are_not_judged_either():
    # Of two documents, or of copies of them, the rank correlation is 1 or -1.
    points, labels = made(64, noise=0.3)
    groups = ["large"] * 28 + ["small"] * 2 + ["third"] * 2 + alone(32)
    points[28:32] = 5 - labels[28:32]
    found = judge_kind("genre", points, labels, groups, ["a"] * 32 + ["b"] * 32)
    by_value = {one.value: one for one in found.values}
    assert by_value["a"].is_ordered


def test_one_value_alone_parts_nothing_and_values_of_few_documents_have_no_figure():
    points, labels = made(60)
    assert judge_kind("genre", points, labels, alone(60), ["a"] * 50 + [None] * 10) is None
    found = judge_kind("genre", points, labels, alone(60), alone(60))
    assert (found.rows, found.values, found.others) == (0, (), 60)
    assert np.isnan([found.metrics[name].value for name in NAMES]).all()
