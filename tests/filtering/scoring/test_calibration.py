"""Proves that rubric points mean what they say: at point k a label of at least k is as likely as not."""

import numpy as np
import pytest

from filtering.errors import ScorerError
from filtering.fitting.cross_validation import MIN_GAP, fit_calibration
from filtering.rubric_points import MIN_SIDE_ROWS, POINTS
from filtering.scoring.calibration import Calibration, check_anchors


def made(rows=4_000, seed=0, spread=0.6):
    rng = np.random.default_rng(seed)
    raw = rng.normal(1.0, 2.0, size=rows)
    labels = np.clip(np.round(2.5 + 0.8 * raw + rng.normal(0, spread, size=rows)), 0, 5)
    return raw, labels


@pytest.mark.parametrize("point", range(1, POINTS + 1))
def test_at_each_point_a_label_of_at_least_it_is_as_likely_as_not(point):
    raw, labels = made()
    near = np.abs(raw - fit_calibration(raw, labels).anchors[point]) < 0.15
    assert near.sum() > 40
    assert (labels[near] >= point).mean() == pytest.approx(0.5, abs=0.17)


def test_points_do_not_depend_on_the_scale_of_raw_values():
    raw, labels = made()
    points = fit_calibration(raw, labels).apply(raw)
    other = fit_calibration(raw * 1000 - 7, labels).apply(raw * 1000 - 7)
    np.testing.assert_allclose(points, other, atol=0.01)


@pytest.mark.parametrize("seed", range(5))
def test_anchors_rise_and_points_never_fall(seed):
    rng = np.random.default_rng(seed)
    calibration = fit_calibration(rng.normal(size=200), rng.integers(0, 6, size=200).astype(float))
    assert len(calibration.anchors) == POINTS + 1
    assert (np.diff(calibration.anchors) >= MIN_GAP * 0.99).all()
    grid = np.linspace(-50, 50, 10_001)
    assert (np.diff(calibration.apply(grid)) >= 0).all()


def test_points_stay_between_0_and_5():
    points = Calibration((0.0, 1.0, 2.0, 3.0, 4.0, 5.0)).apply(np.array([-np.inf, -9.0, 0.5, 5.0, np.inf]))
    assert points.dtype == np.float32
    assert points.tolist() == [0.0, 0.0, 0.5, 5.0, 5.0]


def test_a_rare_top_label_goes_on_with_the_spacing_before_it():
    raw, labels = made()
    labels = np.minimum(labels, 4)
    labels[np.argsort(raw)[-(MIN_SIDE_ROWS - 1) :]] = 5
    anchors = fit_calibration(raw, labels).anchors
    assert anchors[5] - anchors[4] == pytest.approx(anchors[4] - anchors[3])


def test_labels_that_only_span_one_cut_still_give_a_rising_map():
    raw, labels = made()
    anchors = fit_calibration(raw, np.where(labels >= 3, 5.0, 0.0)).anchors
    assert (np.diff(anchors) > 0).all()


def test_labels_all_of_one_value_still_give_a_rising_map():
    raw, _ = made(rows=50)
    assert (np.diff(fit_calibration(raw, np.full(50, 2.0)).anchors) > 0).all()


def test_constant_raw_values_give_a_rising_map():
    _, labels = made(rows=200)
    anchors = fit_calibration(np.zeros(200), labels).anchors
    assert np.isfinite(anchors).all()
    assert (np.diff(anchors) > 0).all()


def test_raw_values_that_fall_with_the_label_never_give_a_falling_map():
    raw, labels = made()
    assert (np.diff(fit_calibration(-raw, labels).anchors) > 0).all()


@pytest.mark.parametrize("order", [1, -1], ids=["hardly rising", "falling"])
@pytest.mark.parametrize("seed", range(3))
def test_values_that_tell_nothing_of_labels_give_about_the_middle_label_to_all(seed, order):
    rng = np.random.default_rng(seed)
    labels = rng.choice(6, p=[0.3, 0.4, 0.15, 0.05, 0.05, 0.05], size=400).astype(float)
    raw = 2.5 + 0.05 * (order * 0.05 * labels + rng.normal(0.0, 1.0, size=400))
    points = fit_calibration(raw, labels).apply(raw)
    assert 0.8 < np.mean(points) < 2.0
    assert (points >= 3).mean() < 0.02


def test_anchors_that_rise_are_let_pass_as_numbers():
    assert check_anchors([-1, 0.5, 1, 2, 3, 4]) == (-1.0, 0.5, 1.0, 2.0, 3.0, 4.0)
    raw, labels = made()
    anchors = fit_calibration(raw, labels).anchors
    assert check_anchors(anchors) == anchors


@pytest.mark.parametrize(
    "anchors",
    [
        [],
        [0, 1, 2, 3, 4],
        [0, 1, 2, 3, 4, 5, 6],
        [0, 1, 2, 2, 4, 5],
        [5, 4, 3, 2, 1, 0],
        [0, 1, 2, 3, 4, float("nan")],
        [float("nan"), 1, 2, 3, 4, 5],
    ],
    ids=str,
)
def test_anchors_that_are_not_six_rising_numbers_are_refused(anchors):
    with pytest.raises(ScorerError, match="'anchors' must be 6 rising numbers"):
        check_anchors(anchors)
