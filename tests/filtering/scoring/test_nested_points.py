"""Proves that nested points are found by text alone, and that no other arrays pass for them."""

from dataclasses import replace

import numpy as np
import pytest

from filtering import save_scorer
from filtering.errors import ScorerError
from filtering.scoring.cascade_exits import Exits
from filtering.scoring.nested_points import NestedPoints, check_nested
from filtering.scoring.settings import ExitSettings
from filtering.scoring.storage import read_nested
from tests.kit.scorers.fitted import made_scorer

TEXTS = [b"one", "zw\u00f6lf".encode(), b"three"]
POINTS = NestedPoints.of(TEXTS, np.array([1.0, 2.9, 4.0]), np.array([1.5, 3.5, 2.5]))


def test_points_are_those_of_the_same_text_and_no_number_of_any_other():
    found = POINTS.points_of([b"three", b"Three", b"one", b""])
    np.testing.assert_array_equal(found, [4.0, np.nan, 1.0, np.nan])
    np.testing.assert_array_equal(POINTS.points_of(TEXTS, full=True), [1.5, 3.5, 2.5])


def test_points_of_a_cascade_are_those_of_the_full_effort_between_its_exits():
    exits = Exits(2.5, 3.5, ExitSettings(), *(0,) * 12)
    np.testing.assert_array_equal(POINTS.points_of(TEXTS, exits), [1.0, 3.5, 4.0])


@pytest.mark.parametrize("full", [None, POINTS.full])
def test_points_that_are_saved_with_a_scorer_are_those_that_are_read(tmp_path, full):
    points = replace(POINTS, full=full)
    save_scorer(made_scorer(), str(tmp_path / "scorer"), metrics={}, card="", nested=points)
    again = read_nested(str(tmp_path / "scorer"))
    np.testing.assert_array_equal(again.points_of(TEXTS), POINTS.fast)
    assert (again.full is None) == (full is None)
    assert b"three" not in (tmp_path / "scorer" / "nested.safetensors").read_bytes()


def test_a_scorer_without_points_has_none(tmp_path):
    save_scorer(made_scorer(), str(tmp_path / "scorer"), metrics={}, card="")
    assert read_nested(str(tmp_path / "scorer")) is None


@pytest.mark.parametrize(
    ("name", "array"),
    [
        ("fast", np.array([1.0, 2.9, 5.1])),
        ("fast", np.array([1.0, 2.9, np.nan])),
        ("fast", np.array([1.0, 2.9])),
        ("full", np.array([-0.1, 0, 0])),
        ("full", np.ones(3, np.float32)),
        ("digests", np.zeros((3, 8), np.uint8)),
    ],
)
def test_arrays_that_are_no_points_are_refused(name, array):
    with pytest.raises(ScorerError, match="must"):
        check_nested(POINTS.arrays() | {name: array})
