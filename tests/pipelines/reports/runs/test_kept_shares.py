"""Proves that kept shares by slice are counted right, and that far is said of what is far alone."""

import numpy as np
import pytest

from pipelines.reports.runs.kept_shares import (
    FAR_LEVEL,
    OTHERS,
    SHOWN,
    count_kept,
    shortened,
    slices_of,
    wilson_interval,
)
from tests.kit.late import Late

stats = Late("scipy.stats")


def test_documents_are_counted_by_value_and_those_without_one_left_out():
    found = count_kept(["a", "b", None, "a"], [True, False, True, False])
    assert found == {"a": (2, 1), "b": (1, 0)}


def test_each_slice_is_compared_with_all_others():
    first, second = slices_of("site", {"a": (200, 20), "b": (100, 90)}, in_order=True)
    assert (first.share, first.share_of_rest) == (0.1, 0.9)
    assert (second.share, second.share_of_rest) == (0.9, 0.1)
    assert first.is_far
    assert second.is_far
    assert first.low < first.share < first.high


def test_one_value_is_no_slice():
    assert slices_of("site", {"a": (200, 20)}) == []
    assert slices_of("site", {}) == []


@pytest.mark.parametrize(
    ("counts", "why"),
    [
        ({"a": (3, 2), "b": (1000, 200)}, "too few documents to tell"),
        ({"a": (1000, 500), "b": (1000, 520)}, "about the same"),
        ({"a": (100_000, 12_000), "b": (100_000, 11_000)}, "surely another share, and hardly another one"),
        ({"a": (0, 0), "b": (100, 10)}, "nothing"),
    ],
)
def test_what_is_not_far_is_not_called_so(counts, why):
    assert not any(one.is_far for one in slices_of("site", counts)), why


@pytest.mark.parametrize(
    ("own", "rest"),
    [((17, 13), (1400, 240)), ((23, 21), (1400, 234)), ((2, 2), (10**9, 10**6)), ((25, 0), (40, 30))],
)
def test_a_small_slice_is_far_where_its_share_differs_enough(own, rest):
    assert {one.is_far for one in slices_of("site", {"a": own, "b": rest})} == {True}


@pytest.mark.parametrize("own", [(12, 0), (12, 9), (12, 10), (40, 25), (40, 6), (40, 5), (6, 6)])
def test_far_is_what_the_exact_test_finds(own):
    rest = (900, 300)
    table = [[own[1], own[0] - own[1]], [rest[1], rest[0] - rest[1]]]
    chance = 2 * min(stats.fisher_exact(table, alternative=side).pvalue for side in ("less", "greater"))
    assert slices_of("site", {"a": own, "b": rest}, in_order=True)[0].is_far == (chance < FAR_LEVEL / 2)


def test_where_slices_differ_by_accident_alone_hardly_any_run_is_told_of_one():
    random = np.random.default_rng(0)
    told = 0
    for _ in range(300):
        counts = {str(site): (60, int(random.binomial(60, 0.15))) for site in range(40)}
        told += any(one.is_far for one in slices_of("site", counts))
    assert told / 300 < 0.05


def test_many_values_are_joined_the_far_ones_standing_first():
    counts = {f"site {number:03}": (50 + number, 5) for number in range(100)} | {"far": (40, 39)}
    whole = slices_of("site", counts)
    assert len(whole) == len(counts)
    found = shortened(whole, SHOWN)
    assert len(found) == SHOWN + 1
    assert found[0].value == "far"
    assert found[1].value == "site 099"
    assert found[-1].value == OTHERS
    assert sum(one.rows for one in found) == sum(rows for rows, _ in counts.values())
    assert sum(one.kept for one in found) == sum(kept for _, kept in counts.values())


def test_the_interval_holds_as_often_as_it_says():
    random = np.random.default_rng(0)
    for share in (0.02, 0.1, 0.5):
        ends = [wilson_interval(int(count), 200) for count in random.binomial(200, share, 500)]
        assert np.mean([low <= share <= high for low, high in ends]) > 0.91
    assert wilson_interval(0, 0) == (0.0, 1.0)
