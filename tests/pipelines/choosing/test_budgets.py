"""Proves that budgets end where sorting all rows ends them, whatever groups, sizes and ties there are."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.choosing import budgets
from pipelines.choosing.budgets import Ranked, Taker, codes_of, find_ends
from pipelines.choosing.curve import class_edges, repeats_of
from pipelines.choosing.row_numbers import RowNumbers
from pipelines.choosing.shares import shared_out

GROUPS = 3
ROWS = st.lists(
    st.tuples(
        st.integers(-1, GROUPS - 1),
        st.one_of(st.sampled_from([-2.0, -0.0, 0.0, 2.5, 5.0]), st.floats(-1e3, 1e3, width=32)),
        st.integers(1, 50),
    ),
    max_size=30,
)


def ranked_of(rows):
    group, value, size = zip(*rows, strict=True) if rows else ((), (), ())
    return Ranked(np.array(group, np.int64), codes_of(np.array(value, np.float32)), np.array(size, np.int64))


@settings(max_examples=150, deadline=None)
@given(
    parts=st.lists(ROWS, min_size=1, max_size=4),
    shares=st.tuples(*[st.floats(0, 1)] * GROUPS),
    counters=st.sampled_from([1 << 4, 1 << 10, 1 << 22]),
)
def test_a_budget_takes_the_rows_that_sorting_puts_first(parts, shares, counters):
    every = [(number, row) for number, rows in enumerate(parts) for row in range(len(rows))]
    sizes = [sum(row[2] for rows in parts for row in rows if row[0] == group) for group in range(GROUPS)]
    amounts = np.array([int(share * size) for share, size in zip(shares, sizes, strict=True)])
    passes = [ranked_of(rows) for rows in parts]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(budgets, "COUNTERS", counters)
        ends = find_ends(lambda: passes, np.arange(GROUPS), amounts)
    taker = Taker(ends)
    taken = [np.flatnonzero(taker.take(ranked)).tolist() for ranked in passes]
    expected = set()
    for group, amount in enumerate(amounts.tolist()):
        mine = [place for place in every if parts[place[0]][place[1]][0] == group]
        left = amount
        for place in sorted(mine, key=lambda at: -np.float32(parts[at[0]][at[1]][1])):
            left -= parts[place[0]][place[1]][2]
            if left < 0:
                break
            expected.add(place)
    assert {(number, row) for number, rows in enumerate(taken) for row in rows} == expected


@given(st.lists(st.floats(width=32, allow_nan=False), min_size=1, max_size=20))
def test_codes_sort_like_numbers_and_tell_them_apart(values):
    codes = codes_of(np.array(values, np.float32))
    assert len(set(codes.tolist())) == len(set(np.array(values, np.float32).tolist()))
    order = np.argsort(codes, kind="stable")
    assert np.array(values, np.float32)[order].tolist() == sorted(np.array(values, np.float32).tolist())


@settings(max_examples=200, deadline=None)
@given(
    bounds=st.lists(
        st.tuples(st.integers(0, 10**12), st.integers(0, 10**12), st.floats(0, 1e12)), min_size=1, max_size=8
    ),
    share=st.floats(0, 1),
)
def test_shares_add_up_to_the_total_within_their_bounds_and_in_proportion(bounds, share):
    least, most = (np.array([at(*one[:2]) for one in bounds]) for at in (min, max))
    weights = np.array([one[2] for one in bounds])
    total = int(least.sum() + share * int((most - least).sum()))
    found = shared_out(total, weights, least, most)
    assert found.sum() == total
    assert ((least <= found) & (found <= most)).all()
    free = np.flatnonzero((found > least + 1) & (found < most - 1) & (weights > 1))
    rates = found[free] / weights[free]
    assert (
        np.abs(rates[:, None] - rates[None, :])
        <= 2 / np.minimum.outer(weights[free], weights[free]) + 1e-6 * rates.max(initial=0)
    ).all()


@settings(max_examples=100, deadline=None)
@given(
    sizes=st.lists(st.integers(0, 10**9), min_size=12, max_size=12).filter(any),
    share=st.floats(0.001, 1),
    most=st.floats(0.5, 20),
)
def test_a_curve_meets_its_budget_rises_and_repeats_no_class_too_often(sizes, share, most):
    edges, sizes = class_edges(0.4), np.array(sizes)
    budget = int(share * most * sizes.sum())
    times = repeats_of(sizes, edges, budget, most)
    assert abs((times * sizes).sum() - budget) <= 1e-6 * budget + 1
    assert times.max() <= most
    used = times[sizes > 0]
    assert (np.diff(used) >= -1e-9).all()


def test_the_steepest_curve_repeats_the_best_class_as_often_as_it_may():
    times = repeats_of(np.full(12, 10**6), class_edges(0.4), 10 * 10**6, 7.0)
    assert times[-1] == pytest.approx(7.0)
    assert times[0] < 0.01


def test_numbers_of_rows_come_back_from_any_place():
    numbers = RowNumbers()
    for piece in ([1, 2**32 - 1], [], [7, 8, 9]):
        numbers.add(np.array(piece, np.int64))
    assert numbers.at(1, 3).tolist() == [2**32 - 1, 7, 8]
    numbers.add(np.array([4]))
    assert numbers.at(5, 1).tolist() == [4]
