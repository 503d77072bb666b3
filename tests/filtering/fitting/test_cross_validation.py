"""Proves that nested figures leak nothing between groups, and how the simplest of the best is told."""

from dataclasses import replace
from itertools import groupby

import numpy as np
import pytest

from filtering.errors import LabelsError
from filtering.fitting import joint
from filtering.fitting.cross_validation import (
    IN_NO_FOLD,
    Figures,
    calibrate,
    compare,
    folds_of_kinds,
    nested_figures,
    nested_points,
    nested_raw,
    out_of_fold,
    simplest_of_the_best,
)
from filtering.fitting.fit_data import read_fit_data
from filtering.fitting.recipes import signals_fit
from filtering.folds import ASSIGNMENTS, FOLDS, fold_assignment
from filtering.judging.metrics import area_under_curve, rank_correlation
from filtering.signals.read_signals import read_signals
from tests.kit.scorers.fitted import Recorded, made_data, made_documents, nested_rho, shuffled

LINEAR = signals_fit("linear")
NAN = float("nan")
pytestmark = pytest.mark.usefixtures("one_after_the_other")


def test_shuffling_moves_labels_only():
    data = made_data()
    moved = shuffled(data, seed=1)
    assert sorted(moved.labels) == sorted(data.labels)
    assert (moved.labels != data.labels).any()
    assert moved.groups == data.groups
    assert moved.features is data.features
    np.testing.assert_array_equal(shuffled(data, seed=1).labels, moved.labels)


def group_words(rows=400, groups=20, seed=0):
    """Return documents whose label is told by two words that only their own group has."""
    rng = np.random.default_rng(seed)
    secret = ["".join(rng.choice(list("abcdefghijklmnop"), size=9)) for _ in range(2 * groups)]
    texts, _, _ = made_documents(rows, seed=seed)
    of = np.arange(rows) % groups
    high = rng.random(rows) < 0.5
    made = [
        f"{secret[2 * group + one]} " * 8 + " ".join(rng.permutation(text.split()[:30]))
        for text, group, one in zip(texts, of, high, strict=True)
    ]
    # The texts' own quality is cut loose from the label: only the secret words tell it.
    return made, np.where(high, 4.0, 1.0), [f"group-{group}" for group in of]


def test_words_that_tell_the_label_inside_one_group_only_give_no_gain():
    texts, labels, groups = group_words()
    data = read_fit_data(texts, labels, groups, np.ones(len(texts), bool))
    assert abs(np.mean([nested_rho(data, LINEAR, number) for number in range(ASSIGNMENTS)])) < 0.15
    # The same words, with no group kept together, tell nearly all: so it is the groups that hold them back.
    apart = replace(data, groups=tuple(str(row) for row in range(len(data))))
    assert nested_rho(apart, LINEAR) > 0.7


@pytest.mark.parametrize("recipe", ["linear", "lightgbm"])
def test_a_nested_value_is_untouched_by_labels_of_its_own_fold(recipe):
    data = made_data(150)
    inside = fold_assignment(data.groups, 0) == 2
    changed = replace(data, labels=np.where(inside, 5.0 - data.labels, data.labels))
    before, after = (nested_raw(one, signals_fit(recipe), assignment=0) for one in (data, changed))
    np.testing.assert_array_equal(before[inside], after[inside])
    assert (before[~inside] != after[~inside]).any()


def test_nested_points_are_untouched_by_labels_of_their_own_fold():
    data = made_data(250)
    inside = fold_assignment(data.groups, 0) == 2
    changed = replace(data, labels=np.where(inside, 5.0 - data.labels, data.labels))
    before, after = nested_points(data, LINEAR), nested_points(changed, LINEAR)
    np.testing.assert_array_equal(before[inside], after[inside])
    assert (before[~inside] != after[~inside]).any()


def test_nested_points_are_calibrated_at_3():
    data = made_data()
    points = nested_points(data, LINEAR)
    assert ((points >= 0) & (points <= 5)).all()
    near = np.abs(points - 3) < 0.4
    assert near.sum() > 30
    assert (data.labels[near] >= 3).mean() == pytest.approx(0.5, abs=0.2)
    assert (points >= 3).mean() == pytest.approx((data.labels >= 3).mean(), abs=0.04)


def test_calibration_looks_at_unbiased_rows_only():
    data = made_data()
    # Rows chosen by their scores are labelled two points too high; calibration must not see them.
    biased = np.arange(len(data)) % 2 == 1
    skewed = replace(
        data, labels=np.where(biased, np.minimum(data.labels + 2, 5), data.labels), unbiased=~biased
    )
    points = nested_points(skewed, LINEAR)
    assert (points[~biased] >= 3).mean() == pytest.approx((data.labels[~biased] >= 3).mean(), abs=0.06)
    unaware = nested_points(replace(skewed, unbiased=np.ones(len(data), bool)), LINEAR)
    assert (unaware[~biased] >= 3).mean() > (points[~biased] >= 3).mean() + 0.1


def test_documents_without_a_score_are_left_out_of_the_fit():
    texts = ["some words", "", None, " ", "other words"]
    data = read_fit_data(texts, np.arange(5.0), list("abcde"), np.array([True, True, True, False, False]))
    assert len(data) == 2
    assert data.labels.tolist() == [0.0, 4.0]
    assert data.groups == ("a", "e")
    assert data.unbiased.tolist() == [True, False]
    assert data.texts == (b"some words", b"other words")
    assert data.rows.tolist() == [0, 4]
    assert data.clusters.tolist() == [0, 1]
    assert data.cells.shape[0] == 2
    assert data.embeddings.shape == (2, 0)
    np.testing.assert_array_equal(data.features, read_signals(["some words", "other words"]).features)


def copied_across_groups(data):
    """Return data whose rows 0 to 49 are near-duplicates of 50 to 99, and 100 to 102 of each other."""
    clusters = np.arange(len(data))
    clusters[50:100] = clusters[:50]
    clusters[100:103] = 100
    return replace(data, clusters=clusters)


def test_each_row_is_predicted_once_by_what_was_fitted_to_all_other_folds():
    data, fit = made_data(250), Recorded()
    rows = np.arange(7, 187)
    folds = rows % FOLDS
    np.testing.assert_array_equal(out_of_fold(data, rows, fit, folds), rows)
    assert fit.fitted == [rows[folds != fold].tolist() for fold in range(FOLDS)]


def test_near_duplicates_of_what_a_fold_holds_are_left_out_of_what_predicts_it_and_no_others():
    data, fit = copied_across_groups(made_data(250)), Recorded()
    rows = np.arange(250)
    np.testing.assert_array_equal(out_of_fold(data, rows, fit), rows)
    folds = fold_assignment(data.groups, "inner")
    left_out = 0
    for fold, fitted in enumerate(fit.fitted):
        held = set(data.clusters[folds == fold].tolist())
        others = np.flatnonzero(folds != fold)
        assert fitted == [row for row in others if data.clusters[row] not in held]
        left_out += len(others) - len(fitted)
    assert left_out > 50


def test_near_duplicates_are_kept_apart_in_a_subset_too():
    data, fit = copied_across_groups(made_data(250)).where(np.arange(250) % 250 >= 20), Recorded()
    np.testing.assert_array_equal(data.clusters[:3], [20, 21, 22])
    assert data.copied_across_groups() == sum(
        any(own == one and group != other for own, group in zip(data.clusters, data.groups, strict=True))
        for one, other in zip(data.clusters, data.groups, strict=True)
    )
    assert data.copied_across_groups() > 50
    assert made_data(250).copied_across_groups() == 0
    rows, folds = np.array([0, 30, 50, 100]), np.array([0, 1, 1, 0])  # rows 20, 50, 70 and 120 of all
    out_of_fold(data, rows, fit, folds)
    assert fit.fitted == [[30], [100]]


def test_labels_that_are_all_near_duplicates_are_refused():
    data = replace(made_data(250), clusters=np.zeros(250, dtype=np.int64))
    with pytest.raises(LabelsError, match=r"must not all be near-duplicates .* 250 documents"):
        nested_raw(data, Recorded(), assignment=0)


def test_copies_in_other_groups_give_no_gain():
    rng = np.random.default_rng(0)
    # Labels are drawn by lot: nothing but a copy tells them.
    texts = [" ".join(rng.permutation([f"w{number}" for number in range(400)])[:80]) for _ in range(200)]
    labels = rng.choice([0.0, 1.0, 4.0, 5.0], size=200)
    copied = [*texts, *(f"{text} indeed" for text in texts)]
    groups = [f"site-{number}" for number in range(400)]
    data = read_fit_data(copied, np.tile(labels, 2), groups, np.ones(400, bool))
    assert abs(np.mean([nested_rho(data, LINEAR, number) for number in range(ASSIGNMENTS)])) < 0.15
    unaware = replace(data, clusters=np.arange(400))
    assert nested_rho(unaware, LINEAR) > 0.5


def test_inner_folds_are_those_of_groups_and_are_not_the_outer_ones():
    data, fit = made_data(250), Recorded()
    out_of_fold(data, np.arange(250), fit)
    for rows in fit.fitted:
        inside = {data.groups[row] for row in rows}
        assert inside.isdisjoint(data.groups[row] for row in np.setdiff1d(np.arange(250), rows))
    outer = [np.flatnonzero(fold_assignment(data.groups, 0) != fold).tolist() for fold in range(FOLDS)]
    assert not any(rows in outer for rows in fit.fitted)


def test_a_fold_that_no_row_is_in_is_not_fitted():
    data, fit = made_data(250), Recorded()
    out_of_fold(data, np.arange(40), fit, np.arange(40) % 2 * 3)
    assert len(fit.fitted) == 2


def test_a_calibration_of_some_rows_is_fitted_to_their_own_labels():
    data = made_data()
    rows = np.flatnonzero(data.labels < 5)[::-1]
    fitted = Recorded()
    fitted.held_out = data.labels[rows] + np.random.default_rng(0).normal(0, 0.4, size=len(rows))
    points = calibrate(data, rows, fitted).apply(np.array([0.5, 1.5, 2.5, 3.5]))
    np.testing.assert_allclose(points, [1, 2, 3, 4], atol=0.25)


def test_whole_kinds_are_left_out_but_for_one_that_has_most_labels_and_for_documents_of_none():
    data, fit = made_data(250), Recorded()
    kinds = ["most"] * 130 + [None] * 10 + ["a"] * 40 + ["b"] * 30 + ["c"] * 20 + ["d"] * 12 + ["e"] * 8
    folds = folds_of_kinds(data, kinds)
    assert set(folds[:140].tolist()) == {IN_NO_FOLD}
    by_kind = {kind: set(folds[np.array(kinds) == kind].tolist()) for kind in "abcde"}
    assert sorted(by_kind.values()) == [{fold} for fold in range(5)]
    points = nested_points(data, signals_fit("linear"), folds)
    assert np.isnan(points).tolist() == [kind in ("most", None) for kind in kinds]
    values = out_of_fold(data, np.arange(250), fit, folds)
    assert len(values) == 250
    for rows in fit.fitted:
        assert set(range(140)) <= set(rows)
        left_out = {kinds[row] for row in range(250)} - {kinds[row] for row in rows}
        assert len(left_out) == 1
        assert rows == [row for row in range(250) if kinds[row] not in left_out]


def test_kinds_are_dealt_out_so_that_folds_are_of_much_the_same_size():
    kinds = [f"kind {int(row**0.5)}" for row in range(250)]
    sizes = np.bincount(folds_of_kinds(made_data(250), kinds))
    assert len(sizes) == FOLDS
    assert sizes.max() - sizes.min() <= 10


@pytest.mark.parametrize("number", [1, 4, 125, 250])
def test_of_too_few_kinds_or_kinds_of_too_few_documents_none_is_left_out(number):
    assert folds_of_kinds(made_data(250), [f"kind {row % number}" for row in range(250)]) is None


def test_kinds_without_which_too_few_labels_are_left_are_not_left_out():
    data = made_data(250)
    kinds = [f"kind {row % 5}" for row in range(250)]
    assert folds_of_kinds(data, kinds) is not None
    # All that is good is of one kind; or all that was drawn at random.
    good = ["good" if label >= 3 else kind for kind, label in zip(kinds, data.labels, strict=True)]
    assert folds_of_kinds(data, good) is None
    assert folds_of_kinds(replace(data, unbiased=np.arange(250) % 5 == 0), kinds) is None
    # Every document has a near-duplicate of each kind.
    assert folds_of_kinds(replace(data, clusters=np.arange(250) // 5), kinds) is None


@pytest.mark.parametrize(
    ("linear", "characters", "lightgbm", "kept"),
    [
        # Spreads (standard deviations) are 0.01 unless said otherwise.
        ((0.70, 0.71, 0.72), (0.70, 0.71, 0.72), (0.70, 0.71, 0.72), "linear"),  # all the same
        ((0.70, 0.71, 0.72), (0.75, 0.76, 0.77), (0.75, 0.76, 0.77), "characters"),  # 5 spreads better
        ((0.70, 0.71, 0.72), (0.71, 0.72, 0.73), (0.75, 0.76, 0.77), "lightgbm"),  # both others far below
        ((0.70, 0.71, 0.72), (0.71, 0.72, 0.73), (0.715, 0.725, 0.735), "linear"),  # within 1.5 spreads
        ((0.66, 0.71, 0.76), (0.75, 0.76, 0.77), (0.75, 0.76, 0.77), "linear"),  # its own spread is wide
        ((0.80, 0.81, 0.82), (0.70, 0.71, 0.72), (0.70, 0.71, 0.72), "linear"),  # the simplest is best
        ((0.70, 0.71, 0.72), (0.75, 0.76, 0.77), (NAN, NAN, NAN), "characters"),  # trees that say nothing
        ((NAN, NAN, NAN), (NAN, NAN, NAN), (NAN, NAN, NAN), "linear"),  # nor does anything else
    ],
)
def test_the_simplest_within_two_spreads_of_the_best_is_kept(linear, characters, lightgbm, kept):
    candidates = [
        Figures(recipe, rho=rho, auc=rho)
        for recipe, rho in zip(
            ("linear", "characters", "lightgbm"), (linear, characters, lightgbm), strict=True
        )
    ]
    assert simplest_of_the_best(candidates) == kept


def test_figures_are_summed_up_by_mean_and_sample_deviation():
    summary = Figures("linear", rho=(0.6, 0.7, 0.8), auc=(0.9, 0.9, 0.9)).summary()
    assert summary == pytest.approx({"rho": 0.7, "rho_spread": 0.1, "auc_at_3": 0.9, "auc_at_3_spread": 0.0})


def test_ways_of_fitting_are_compared_in_rounds_of_which_the_costly_one_begins():
    data, order = made_data(60), []

    def noted(name):
        def fit(data, rows, *, held_out=False):
            order.append(name)
            return Recorded()

        return fit

    found = compare(data, {name: noted(name) for name in ("simple", "costly")})
    assert [one.name for one in found] == ["simple", "costly"]
    assert [name for name, _ in groupby(order)] == ["costly", "simple"] * ASSIGNMENTS


def test_points_are_of_fits_that_figures_were_made_of(monkeypatch):
    data, solved = replace(made_data(60)), []

    def counted(*arguments, solve=joint.solve_ridge):
        solved.append(arguments)
        return solve(*arguments)

    monkeypatch.setattr(joint, "solve_ridge", counted)
    nested_figures(data, "lightgbm", signals_fit("lightgbm"))
    of_figures = len(solved)
    points = nested_points(data, signals_fit("characters"))
    assert len(solved) == of_figures
    np.testing.assert_array_equal(points, nested_points(replace(data), signals_fit("characters")))
    assert len(solved) == of_figures + FOLDS


def test_figures_are_of_all_assignments():
    data = made_data(250)
    found = nested_figures(data, "linear", LINEAR)
    assert found.name == "linear"
    assert len(found.rho) == len(found.auc) == ASSIGNMENTS
    raw = nested_raw(data, LINEAR, assignment=3)
    assert found.rho[3] == rank_correlation(raw, data.labels)
    assert found.auc[3] == area_under_curve(raw, data.labels)
