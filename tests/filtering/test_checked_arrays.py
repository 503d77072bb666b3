"""Proves that arrays of a saved scorer are taken by name, and refused where they are not as they must be."""

import numpy as np
import pytest

from filtering.checked_arrays import checked_arrays
from filtering.errors import ScorerError

WANTED = {
    "table": (np.int8, ((0, 6), "width")),
    "scales": (np.float32, ("width",)),
    "bias": (np.float64, ()),
}
GOOD = {
    "table": np.ones((6, 3), np.int8),
    "scales": np.ones(3, np.float32),
    "bias": np.array(0.5),
}


def test_the_arrays_that_are_wanted_come_back_as_they_are_and_no_others():
    found = checked_arrays(GOOD | {"more": np.ones(2)}, WANTED)
    assert found.keys() == WANTED.keys()
    assert all(found[name] is GOOD[name] for name in WANTED)


def test_each_of_several_sizes_will_do():
    table = np.zeros((0, 3), np.int8)
    assert checked_arrays(GOOD | {"table": table}, WANTED)["table"] is table


def test_a_prefix_stands_before_names_and_in_messages_alone():
    arrays = {f"head.{name}": array for name, array in GOOD.items()}
    assert checked_arrays(arrays, WANTED, prefix="head.").keys() == WANTED.keys()
    with pytest.raises(ScorerError, match=r"'head\.bias' must be float64 of shape \(\)"):
        checked_arrays(arrays | {"head.bias": np.ones(1)}, WANTED, prefix="head.")
    with pytest.raises(KeyError, match=r"head\.table"):
        checked_arrays(GOOD, WANTED, prefix="head.")


@pytest.mark.parametrize(
    ("name", "array", "message"),
    [
        ("table", np.ones((6, 3), np.int16), r"int8 of shape \(0 or 6, width\).* Got int16 \(6, 3\) instead"),
        ("table", np.ones((5, 3), np.int8), r"Got int8 \(5, 3\) instead"),
        ("table", np.ones(6, np.int8), r"Got int8 \(6,\) instead"),
        ("scales", np.ones(4, np.float32), r"float32 of shape \(width=3,\), all finite\. Got float32 \(4,\)"),
        ("scales", np.array([1, np.nan, 1], np.float32), "all finite"),
        ("scales", np.array([1, np.inf, 1], np.float32), "all finite"),
        ("bias", np.array(np.nan), "all finite"),
    ],
)
def test_arrays_of_another_kind_are_refused_by_name(name, array, message):
    with pytest.raises(ScorerError, match=rf"^'{name}' must be .*{message}"):
        checked_arrays(GOOD | {name: array}, WANTED)


@pytest.mark.parametrize("name", WANTED)
def test_each_array_is_needed(name):
    with pytest.raises(KeyError, match=name):
        checked_arrays({other: array for other, array in GOOD.items() if other != name}, WANTED)


def test_infinities_may_be_allowed_and_nan_never():
    arrays = GOOD | {"scales": np.array([1, np.inf, 1], np.float32)}
    assert checked_arrays(arrays, WANTED, infinite=("scales",))["scales"] is arrays["scales"]
    with pytest.raises(ScorerError, match="'scales' must be"):
        checked_arrays(GOOD | {"scales": np.full(3, np.nan, np.float32)}, WANTED, infinite=("scales",))
