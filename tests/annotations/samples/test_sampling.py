"""Proves that documents are drawn with exactly the probabilities that are stated."""

from collections import Counter

import numpy as np
import pytest

from annotations.samples.sampling import draw_groups, draw_systematically, stratified_order

SEEDS = 3000
STANDARD_ERRORS = 4.5
"""Of a mean over seeds; a true one lies further off once in 150,000 times."""

GROUP_ROWS = {
    "equal": ([100] * 12, 5, 20),
    "very unequal": ([20, 5_000, 30, 0, 40, 700, 25, 25, 1_000, 0], 6, 30),
    "one that is nearly all": ([1_000, 4, 4, 4], 4, 100),
    "visits take more than small groups have": ([3, 4, 200, 5, 3, 300], 7, 25),
    "empty at both ends": ([0, 0, 50, 80, 0, 70, 0], 3, 10),
    "nearly all": ([10, 20, 30, 40], 9, 11),
}
SIZES = {
    "equal": ([1.0] * 10, 3),
    "count near n": ([1.0, 2.0, 3.0, 4.0, 5.0], 4),
    "very unequal": ([1e-6, 1.0, 2.0, 1e6, 5.0, 0.5, 3.0, 1e5], 4),
    "some for sure, one after the other": ([100.0, 30.0, 10.0, 1.0, 1.0, 1.0, 2.0], 4),
    "one of many": ([1.0, 10.0, 0.1, 3.0], 1),
    "nearly for sure": ([1.0, 1.0, 1.0, 1.999], 2),
}


def assert_unbiased(found, expected):
    """Check that means over seeds are what they should be; where nothing varies, to the last digits."""
    found = np.asarray(found, dtype=float)
    error = found.std(axis=0, ddof=1) / np.sqrt(len(found))
    assert (np.abs(found.mean(axis=0) - expected) <= STANDARD_ERRORS * error + 1e-9 * np.abs(expected)).all()


@pytest.mark.parametrize("case", GROUP_ROWS)
def test_a_row_of_a_group_is_taken_as_often_as_is_stated(case):
    rows, visits, per_visit = GROUP_ROWS[case]
    rows = np.array(rows, dtype=np.int64)
    draws = [
        draw_groups(rows, visits=visits, rows_per_visit=per_visit, random=np.random.default_rng(seed))
        for seed in range(SEEDS)
    ]
    probability = draws[0].probability
    for draw in draws:
        assert (draw.probability == probability).all()
        assert ((draw.take >= 0) & (draw.take <= rows)).all()
        assert draw.take.sum() <= visits * per_visit
    some = rows > 0
    assert ((probability[some] > 0) & (probability[some] <= 1)).all()
    assert_unbiased([draw.take[some] / rows[some] for draw in draws], probability[some])


def test_large_groups_give_what_each_visit_takes_and_no_row_is_likelier_than_another():
    rows = np.array([1_000, 2_000, 3_000, 4_000])
    draw = draw_groups(rows, visits=10, rows_per_visit=50, random=np.random.default_rng(0))
    assert draw.take.tolist() == [50, 100, 150, 200]
    assert draw.probability == pytest.approx(np.full(4, 0.05))


@pytest.mark.parametrize("rows", [[3, 0, 4], [0, 0], []], ids=str)
def test_all_rows_are_taken_where_there_are_no_more(rows):
    draw = draw_groups(np.array(rows, np.int64), visits=2, rows_per_visit=4, random=np.random.default_rng(0))
    assert draw.take.tolist() == rows
    assert draw.probability.tolist() == [1.0] * len(rows)


@pytest.mark.parametrize("case", SIZES)
def test_a_position_is_drawn_as_often_as_is_stated(case):
    sizes, count = SIZES[case]
    sizes, found = np.array(sizes), np.zeros((SEEDS, len(sizes)))
    stated = np.zeros(len(sizes))
    for seed in range(SEEDS):
        rows, probability = draw_systematically(sizes, count=count, random=np.random.default_rng(seed))
        found[seed, rows] = 1
        stated[rows] = probability
    # What was never drawn must be so rare that this is no wonder.
    drawn = found.any(axis=0)
    assert ((stated[drawn] > 0) & (stated[drawn] <= 1)).all()
    assert stated.sum() == pytest.approx(count, abs=1e-3)
    assert_unbiased(found[:, drawn], stated[drawn])


@pytest.mark.parametrize("case", SIZES)
def test_probabilities_are_in_proportion_to_sizes_below_certainty(case):
    sizes, count = SIZES[case]
    rows, probability = draw_systematically(np.array(sizes), count=count, random=np.random.default_rng(1))
    ratio = probability / np.array(sizes)[rows]
    below = probability < 1
    assert ratio[below] == pytest.approx(np.full(below.sum(), ratio[below].mean() if below.any() else 0.0))


def test_exactly_as_many_as_asked_for_are_drawn_rising_and_each_once():
    random = np.random.default_rng(0)
    for _ in range(2000):
        sizes = np.exp(random.normal(0, random.uniform(0, 6), int(random.integers(1, 60))))
        count = int(random.integers(0, len(sizes) + 3))
        rows, probability = draw_systematically(sizes, count=count, random=random)
        assert len(rows) == len(probability) == min(count, len(sizes))
        assert (np.diff(rows) > 0).all()
        assert ((probability > 0) & (probability <= 1)).all()


def test_all_are_drawn_for_sure_where_there_are_no_more():
    for sizes in ([], [0.1], [1e-9, 5.0, 1e9]):
        rows, probability = draw_systematically(np.array(sizes), count=3, random=np.random.default_rng(0))
        assert rows.tolist() == list(range(len(sizes)))
        assert probability.tolist() == [1.0] * len(sizes)


def test_totals_of_a_dump_are_estimated_without_bias_through_both_phases():
    world = np.random.default_rng(7)
    group_rows = np.array([5, 400, 30, 0, 900, 60, 60, 2, 250])
    starts = np.concatenate([[0], np.cumsum(group_rows)])
    points = np.clip(world.normal(1.5, 1.2, starts[-1]), 0, 5).astype(np.float32)
    lengths = world.integers(50, 12_000, starts[-1])
    # What is counted depends on all that the draw looks at.
    values = np.stack([np.ones(starts[-1]), points >= 3, points * lengths, np.arange(starts[-1])], axis=1)
    estimates = []
    for seed in range(SEEDS):
        random = np.random.default_rng(seed)
        draw = draw_groups(group_rows, visits=4, rows_per_visit=40, random=random)
        taken, first = [], []
        for start, size, take, chance in zip(
            starts[:-1], group_rows, draw.take, draw.probability, strict=True
        ):
            taken.append(start + np.sort(random.choice(size, size=take, replace=False)))
            first.append(np.full(take, chance))
        taken, first = np.concatenate(taken), np.concatenate(first)
        order = stratified_order(points[taken], lengths[taken])
        drawn, second = draw_systematically(1 / first[order], count=60, random=random)
        rows = order[drawn]
        estimates.append((values[taken[rows]] / (first[rows] * second)[:, None]).sum(axis=0))
    assert_unbiased(estimates, values.sum(axis=0))


def test_each_stratum_has_its_share_of_a_draw():
    random = np.random.default_rng(3)
    points = random.choice([0.2, 0.9, 1.5, 2.7, 4.4], size=4000, p=[0.3, 0.3, 0.3, 0.08, 0.02])
    lengths = random.choice([100, 600, 2000, 5000, 20_000], size=4000)
    order = stratified_order(points.astype(np.float32), lengths)
    rows, _ = draw_systematically(np.ones(4000), count=300, random=random)
    strata = list(zip(np.floor(points).tolist(), lengths.tolist(), strict=True))
    drawn, whole = Counter(strata[row] for row in order[rows]), Counter(strata)
    assert len(whole) == 20
    for stratum, size in whole.items():
        assert abs(drawn[stratum] - size * 300 / 4000) < 1


def test_documents_of_like_score_then_length_then_place_stand_together():
    points = np.array([3.2, 0.1, 3.9, 0.9, 3.5, 0.5], dtype=np.float32)
    lengths = np.array([100, 2401, 9000, 2400, 100, 2300])
    order = stratified_order(points, lengths)
    assert order.tolist() == [3, 5, 1, 0, 4, 2]


def test_each_part_of_a_dump_has_its_share_of_a_draw():
    points, lengths = np.full(5000, 1.0, np.float32), np.full(5000, 900)
    order = stratified_order(points, lengths)
    rows, _ = draw_systematically(np.ones(5000), count=100, random=np.random.default_rng(1))
    parts = Counter((order[rows] // 500).tolist())
    assert set(parts) == set(range(10))
    assert all(9 <= count <= 11 for count in parts.values())
