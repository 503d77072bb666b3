"""Proves that curves are what counting says, that weights make a population, and which cut answers a goal."""

from dataclasses import replace

import numpy as np
import pytest

from filtering.judging.bands import Bands
from filtering.judging.thresholds import (
    CUTS,
    FINE_CUTS,
    Choice,
    Curve,
    ScoredLabels,
    above,
    are_kept,
    by_estimate_alone,
    curve_of,
    cut_for_precision,
    cut_for_recall,
    cut_for_share,
    fine_places,
    kept_shares,
    post_stratified,
)


def made(rows=300, seed=0, *, top=5.0):
    random = np.random.default_rng(seed)
    points = np.minimum(5 * random.beta(1.2, 2.0, rows), top)
    return ScoredLabels(
        points=points,
        good=random.random(rows) < 1 / (1 + np.exp(-3 * (points - 2.5))),
        weights=random.integers(1, 5, rows).astype(np.float64),
        text_bytes=random.integers(100, 9000, rows),
        groups=random.integers(0, rows // 2, rows),
    )


def test_a_curve_is_what_repeating_each_document_by_its_weight_and_counting_gives():
    labels = made()
    curve = curve_of(labels, CUTS)
    repeated = np.repeat(np.arange(len(labels)), labels.weights.astype(int))
    points, good = labels.points[repeated].astype(np.float32), labels.good[repeated]
    sizes = labels.text_bytes[repeated]
    for place, cut in enumerate(CUTS.astype(np.float32)):
        kept = points >= cut
        assert curve.documents.value[place] == pytest.approx(kept.mean())
        assert curve.tokens.value[place] == pytest.approx(sizes[kept].sum() / sizes.sum())
        assert curve.recall.value[place] == pytest.approx(good[kept].sum() / good.sum())
        assert curve.rows[place] == (labels.points.astype(np.float32) >= cut).sum()
        if kept.any():
            assert curve.precision.value[place] == pytest.approx(good[kept].mean())
        else:
            assert np.isnan(curve.precision.value[place])


def test_ends_lie_around_the_figures_and_a_cut_at_0_keeps_all_for_certain():
    curve = curve_of(made(), CUTS)
    for bands in (curve.documents, curve.tokens, curve.precision, curve.recall):
        told = np.isfinite(bands.value)
        assert (0 <= bands.low[told]).all()
        assert (bands.low[told] <= bands.value[told]).all()
        assert (bands.value[told] <= bands.high[told]).all()
        assert (bands.high[told] <= 1).all()
    for bands in (curve.documents, curve.tokens, curve.recall):
        assert bands.value[0] == bands.low[0] == bands.high[0] == 1
    assert curve.precision.low[0] < curve.precision.value[0] < curve.precision.high[0]


def test_a_known_kept_share_has_no_width():
    known = np.linspace(1, 0, len(CUTS))
    curve = curve_of(made(), CUTS, kept_share=known)
    for ends in (curve.documents.value, curve.documents.low, curve.documents.high):
        np.testing.assert_array_equal(ends, known)


def test_post_stratified_labels_are_spread_over_scores_as_the_population_is():
    labels, population = made(rows=2000), made(rows=20_000, seed=1).points ** 1.2 / 5**0.2
    counts = np.bincount(fine_places(population), minlength=len(FINE_CUTS))
    weights = post_stratified(labels, counts)
    assert weights.sum() == pytest.approx(len(population))
    curve = curve_of(replace(labels, weights=weights), CUTS)
    shares = are_kept(population, CUTS).mean(axis=0)
    filled = curve.rows >= 10  # above, ranges are joined
    assert filled.sum() > 15
    np.testing.assert_allclose(curve.documents.value[filled], shares[filled])
    # By hand: the good of each range of scores, times what the population has there.
    place, of_population = (np.floor(4 * points) for points in (labels.points, population))
    good_in = np.zeros(len(CUTS))
    for number in range(len(CUTS) - 1):
        inside = place == number
        if inside.any():
            rate = np.average(labels.good[inside], weights=labels.weights[inside])
            good_in[number] = rate * (of_population == number).sum()
    by_hand = good_in[::-1].cumsum()[::-1][:12] / above(counts)[:3000:250]
    np.testing.assert_allclose(curve.precision.value[:12], by_hand)


def test_scores_that_no_label_has_are_stood_for_by_the_nearest_labels():
    labels = made(top=2.9)
    counts = np.zeros(len(FINE_CUTS), dtype=np.int64)
    counts[fine_places(np.array([0.1, 1.2, 4.9]))] = [600, 300, 100]
    weights = post_stratified(labels, counts)
    assert weights.sum() == pytest.approx(1000)
    top = labels.points >= 2.75
    assert weights[top].sum() == pytest.approx(100)


def test_labels_fewer_than_a_range_needs_are_all_one_range():
    labels = made(rows=8)
    counts = np.bincount(fine_places(np.array([0.5, 4.5])), minlength=len(FINE_CUTS))
    weights = post_stratified(labels, counts)
    np.testing.assert_allclose(weights, labels.weights * 2 / labels.weights.sum())


KEPT = np.array([100, 80, 60, 40, 20])
"""Labels that each cut keeps."""


def curve_with(*, precision=None, recall=None, rows=KEPT):
    """Return a curve of five cuts with given (value, low) pairs."""
    nothing = Bands(*(np.full(5, np.nan),) * 3)

    def bands(pairs):
        return nothing if pairs is None else Bands(*np.array([(v, low, 1.0) for v, low in pairs]).T)

    return Curve(np.arange(5.0), nothing, nothing, bands(precision), bands(recall), rows)


def test_a_precision_is_promised_by_the_lowest_cut_whose_lower_end_reaches_it():
    nan = float("nan")
    curve = curve_with(precision=[(0.2, 0.1), (0.6, 0.5), (0.9, 0.8), (0.95, 0.85), (nan, nan)])
    assert cut_for_precision(curve, 0.8, 100) == Choice(2, is_promised=True)
    assert cut_for_precision(curve, 0.5, 100) == Choice(1, is_promised=True)


def test_a_recall_is_promised_by_the_highest_cut_whose_lower_end_reaches_it():
    curve = curve_with(recall=[(1.0, 1.0), (0.98, 0.9), (0.9, 0.8), (0.5, 0.3), (0.0, 0.0)])
    assert cut_for_recall(curve, 0.8, 100) == Choice(2, is_promised=True)
    assert cut_for_recall(curve, 0.9, 100) == Choice(1, is_promised=True)


def test_where_nothing_is_promised_the_highest_estimate_is_named_with_how_many_labels_it_lacks():
    curve = curve_with(precision=[(0.2, 0.1), (0.6, 0.5), (0.9, 0.8), (0.95, 0.7), (0.5, 0.0)])
    # At the third cut .1 must shrink to .05: four times the labels. At the fourth .25 to .1: 6.25 times.
    assert cut_for_precision(curve, 0.85, 100) == Choice(3, is_promised=False, more_labels=300)
    assert cut_for_precision(curve, 0.96, 100) == Choice(3, is_promised=False)


def test_a_cut_that_keeps_a_few_labels_is_no_estimate_of_precision():
    figures = [(0.2, 0.1), (0.6, 0.5), (0.7, 0.6), (0.8, 0.5), (1.0, 0.0)]
    curve = curve_with(precision=figures, rows=KEPT - 1)
    assert by_estimate_alone(curve, "precision", 0.75) == 3
    assert by_estimate_alone(curve, "precision", 0.9) is None
    assert cut_for_precision(curve, 0.9, 99) == Choice(3, is_promised=False)
    few = curve_with(precision=figures, rows=KEPT // 10)  # then all of them together
    assert cut_for_precision(few, 0.9, 10) == Choice(0, is_promised=False)


def test_keeping_all_is_no_answer_to_a_recall():
    curve = curve_with(recall=[(1.0, 1.0), (0.98, 0.9), (0.9, 0.8), (0.5, 0.3), (0.0, 0.0)])
    assert cut_for_recall(curve, 0.96, 100) == Choice(1, is_promised=False, more_labels=1500)


def test_a_share_is_answered_by_the_lowest_cut_that_keeps_no_more():
    points = np.random.default_rng(0).uniform(0, 5, 10_000).astype(np.float32)
    shares = kept_shares(points, np.ones(len(points)))
    cut = cut_for_share(shares, 0.1)
    assert (points >= np.float32(cut)).mean() <= 0.1
    assert (points >= np.float32(cut - 0.001)).mean() > 0.1
    assert cut_for_share(shares, 1.0) == 0.0
    assert cut_for_share(np.ones(len(FINE_CUTS)), 0.1) == 5.0


def test_scores_are_counted_as_float32_compares_them():
    cut = np.float32(2.3)
    assert fine_places(np.array([cut, np.nextafter(cut, np.float32(0))])).tolist() == [2300, 2299]
    assert fine_places(np.array([0.0, 5.0])).tolist() == [0, 5000]
