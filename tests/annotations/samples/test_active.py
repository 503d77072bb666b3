"""Proves that the active choice keeps its mixture, repeats nothing, and spreads over what differs."""

from collections import Counter

import numpy as np
import pytest
from numpy.typing import NDArray

from annotations.samples import active
from annotations.samples.active import choose_active, diversity_features
from filtering.signals.style import STATISTICS


@pytest.fixture
def mix(monkeypatch):
    """Return what sets another mixture."""

    def set_mix(**constants):
        for name, value in constants.items():
            monkeypatch.setattr(active, name, value)

    return set_mix


def candidates(rows: int = 2000, seed: int = 0) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    random = np.random.default_rng(seed)
    points = np.clip(random.normal(1.8, 1.0, rows), 0, 5).astype(np.float32)
    return points, random.normal(size=(rows, 8)).astype(np.float32)


def test_each_kind_has_its_share_and_no_row_comes_twice():
    points, features = candidates()
    rows, why = choose_active(points, features, count=200, keep_at=3.0, seed=0)
    assert len(set(rows.tolist())) == len(rows) == len(why) == 200
    assert Counter(why) == {"uncertain": 100, "high": 40, "diverse": 60}


def test_each_beginning_of_the_order_has_the_whole_mixture():
    points, features = candidates()
    _, why = choose_active(points, features, count=200, keep_at=3.0, seed=0)
    whole = Counter(why)
    for end in (20, 50, 110):
        begun = Counter(why[:end])
        assert all(abs(begun[kind] - end * whole[kind] / 200) <= 1 for kind in whole)


def test_the_same_seed_gives_the_same_rows_and_another_one_others():
    points, features = candidates()
    first, first_why = choose_active(points, features, count=100, keep_at=3.0, seed=7)
    again, again_why = choose_active(points, features, count=100, keep_at=3.0, seed=7)
    other, _ = choose_active(points, features, count=100, keep_at=3.0, seed=8)
    assert first.tolist() == again.tolist()
    assert first_why == again_why
    assert set(first.tolist()) != set(other.tolist())


def test_the_arguments_are_left_as_they_came():
    points, features = candidates(50)
    before = points.copy(), features.copy()
    choose_active(points, features, count=20, keep_at=3.0, seed=0)
    assert (points == before[0]).all()
    assert (features == before[1]).all()


def test_uncertain_rows_are_the_nearest_to_the_cut(mix):
    points, features = candidates()
    mix(HIGH=0.0, DIVERSE=0.0)
    rows, why = choose_active(points, features, count=50, keep_at=2.5, seed=0)
    assert set(why) == {"uncertain"}
    chosen = np.abs(points[rows] - 2.5)
    assert chosen.max() <= np.abs(np.delete(points, rows) - 2.5).min()


def test_high_rows_score_above_all_that_were_left():
    points, features = candidates()
    rows, why = choose_active(points, features, count=100, keep_at=1.0, seed=0)
    high = points[[row for row, reason in zip(rows, why, strict=True) if reason == "high"]]
    assert high.min() >= np.delete(points, rows).max()


def test_diverse_rows_stay_in_the_band(mix):
    points, features = candidates()
    mix(HIGH=0.0, DIVERSE=1.0, BAND_POINTS=0.7)
    rows, why = choose_active(points, features, count=100, keep_at=2.0, seed=0)
    assert set(why) == {"diverse"}
    assert np.abs(points[rows] - 2.0).max() <= 0.7


def test_diverse_rows_reach_small_clusters_that_random_ones_miss(mix):
    random = np.random.default_rng(0)
    centres = 50 * random.normal(size=(12, 8))
    # One cluster of 1,945 and eleven of 5: sixteen random rows meet one or two of the twelve.
    cluster = np.repeat(np.arange(12), [1945, *[5] * 11])
    features = (centres[cluster] + random.normal(size=(2000, 8))).astype(np.float32)
    points = np.full(2000, 3.0, dtype=np.float32)
    mix(HIGH=0.0, DIVERSE=1.0)
    rows, _ = choose_active(points, features, count=16, keep_at=3.0, seed=0)
    assert len(set(cluster[rows].tolist())) >= 11


def test_diverse_rows_keep_away_from_what_was_chosen_as_uncertain(mix):
    # Two heaps; the nearest to the cut are all in the first, so the diverse half comes from the second.
    points = np.repeat(np.array([3.0, 2.5], dtype=np.float32), 100)
    features = np.repeat(np.array([[0.0], [9.0]], dtype=np.float32), 100, axis=0)
    features += np.random.default_rng(0).normal(0, 0.01, features.shape).astype(np.float32)
    mix(HIGH=0.0, DIVERSE=0.5)
    rows, why = choose_active(points, features, count=4, keep_at=3.0, seed=0)
    assert any(row >= 100 for row, reason in zip(rows, why, strict=True) if reason == "diverse")
    assert all(row < 100 for row, reason in zip(rows, why, strict=True) if reason == "uncertain")


def test_a_copy_of_a_chosen_row_is_no_diverse_one_while_others_are_left(mix):
    features = np.array([[1.0, 2.0]] * 50 + [[5.0, 5.0], [9.0, 1.0]], dtype=np.float32)
    points = np.full(52, 3.0, dtype=np.float32)
    mix(HIGH=0.0, DIVERSE=1.0)
    for seed in range(10):
        rows, _ = choose_active(points, features, count=3, keep_at=3.0, seed=seed)
        assert {50, 51} <= set(rows.tolist())


def test_a_band_with_too_few_is_filled_up_with_uncertain_rows(mix):
    points = np.array([0.0, 0.1, 0.2, 3.0, 3.1], dtype=np.float32)
    features = np.arange(5, dtype=np.float32)[:, None]
    mix(HIGH=0.0, DIVERSE=1.0, BAND_POINTS=0.5)
    rows, why = choose_active(points, features, count=4, keep_at=3.0, seed=0)
    assert len(set(rows.tolist())) == 4
    assert Counter(why) == {"diverse": 2, "uncertain": 2}


def test_rows_without_a_finite_score_are_never_chosen():
    points, features = candidates(100)
    points[::2] = np.nan
    points[1] = np.inf
    rows, _ = choose_active(points, features, count=100, keep_at=3.0, seed=0)
    assert sorted(rows.tolist()) == [row for row in range(3, 100, 2)]


def test_all_are_chosen_once_where_more_are_asked_for():
    points, features = candidates(37)
    rows, why = choose_active(points, features, count=1000, keep_at=3.0, seed=0)
    assert sorted(rows.tolist()) == list(range(37))
    assert len(why) == 37


@pytest.mark.parametrize("size", [0, 1, 2, 3])
def test_few_candidates_are_enough(size):
    points, features = candidates(size)
    rows, why = choose_active(points, features, count=2, keep_at=3.0, seed=0)
    assert len(set(rows.tolist())) == len(rows) == len(why) == min(2, size)
    assert rows.dtype == np.int64


def test_nothing_is_chosen_where_nothing_is_asked_for_or_has_a_score():
    points, features = candidates(10)
    assert choose_active(points, features, count=0, keep_at=3.0, seed=0)[1] == []
    assert choose_active(points * np.nan, features, count=5, keep_at=3.0, seed=0)[1] == []


@pytest.mark.parametrize("value", [0.0, 3.0, 5.0])
def test_constant_scores_and_features_give_a_random_choice(value):
    points = np.full(300, value, dtype=np.float32)
    rows, _ = choose_active(points, np.ones((300, 4), np.float32), count=60, keep_at=3.0, seed=0)
    assert len(set(rows.tolist())) == 60
    # Not the first ones: those of a dump are often alike.
    assert 100 < rows.mean() < 200


def test_shares_that_are_both_rounded_up_give_no_row_too_many(mix):
    points, features = candidates(10)
    mix(HIGH=0.5, DIVERSE=0.5)
    rows, why = choose_active(points, features, count=3, keep_at=3.0, seed=0)
    assert len(set(rows.tolist())) == 3
    assert Counter(why) == {"high": 2, "diverse": 1}


def test_features_tell_prose_from_code_and_no_text_is_far_out():
    prose = [f"Water boils at {degrees} degrees because heat moves its molecules." for degrees in range(20)]
    code = [f"def add_{number}(a, b):\n    return a + b + {number}\n" for number in range(20)]
    features = diversity_features([*prose, *code, "x" * 100_000, ""])
    assert features.shape == (42, len(STATISTICS))
    assert features.dtype == np.float32
    assert np.abs(features).max() <= 3
    within = np.linalg.norm(features[0] - features[19])
    across = np.linalg.norm(features[0] - features[20])
    assert across > 3 * within


def test_no_texts_have_no_features():
    assert diversity_features([]).shape == (0, len(STATISTICS))
