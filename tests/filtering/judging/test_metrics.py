"""Proves that each figure is the published one, and that intervals respect groups."""

import numpy as np
import pytest

from filtering.errors import ShapeError
from filtering.judging.intervals import Estimate, evaluate
from filtering.judging.metrics import (
    METRICS,
    area_under_curve,
    confusion,
    f1_at,
    precision_at,
    rank_correlation,
    recall_at,
    reliability,
    weighted_kappa,
)
from tests.kit.late import Late

stats, known = Late("scipy.stats"), Late("sklearn.metrics")

SCORES = np.array([0.2, 1.9, 2.0, 3.0, 2.99, 4.5, 5.0, 3.1])
LABELS = np.array([0.0, 2.0, 1.0, 3.0, 3.0, 4.0, 5.0, 2.0])


def made(rows=300, seed=0, noise=1.0):
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 6, size=rows).astype(float)
    return np.clip(labels + rng.normal(0, noise, size=rows), 0, 5), labels


def only(figure):
    """Return one figure to be resampled, which is quicker than all."""
    return {figure: METRICS[figure]}


def test_figures_of_eight_documents_by_hand():
    # At 3, three of four kept are right, and three of four wanted are kept.
    assert f1_at(SCORES, LABELS) == pytest.approx(0.75)
    assert precision_at(SCORES, LABELS) == pytest.approx(0.75)
    assert recall_at(SCORES, LABELS) == pytest.approx(0.75)
    # Of 16 pairs across the cut only (2.99, 3.1) and (3.0, 3.1) are in the wrong order.
    assert area_under_curve(SCORES, LABELS) == pytest.approx(14 / 16)


@pytest.mark.parametrize("seed", range(4))
def test_figures_are_those_of_scipy_and_scikit_learn(seed):
    scores, labels = made(seed=seed)
    kept, wanted = scores >= 3, labels >= 3
    assert rank_correlation(scores, labels) == pytest.approx(stats.spearmanr(scores, labels).statistic)
    assert area_under_curve(scores, labels) == pytest.approx(known.roc_auc_score(wanted, scores))
    assert f1_at(scores, labels) == pytest.approx(known.f1_score(wanted, kept))
    assert precision_at(scores, labels) == pytest.approx(known.precision_score(wanted, kept))
    assert recall_at(scores, labels) == pytest.approx(known.recall_score(wanted, kept))
    kappa = known.cohen_kappa_score(np.floor(scores), labels, weights="quadratic")
    assert weighted_kappa(scores, labels) == pytest.approx(kappa)


@pytest.mark.parametrize("cut", [1.0, 2.5, 4.0])
def test_figures_at_another_cut_use_it_for_scores_and_labels(cut):
    scores, labels = made()
    assert f1_at(scores, labels, cut) == pytest.approx(known.f1_score(labels >= cut, scores >= cut))
    assert area_under_curve(scores, labels, cut) == pytest.approx(known.roc_auc_score(labels >= cut, scores))


def test_kappa_takes_whole_points_rounded_down():
    scores, labels = np.array([2.9, 3.0, 0.0, 5.0]), np.array([2.0, 3.0, 0.0, 5.0])
    assert weighted_kappa(scores, labels) == 1.0
    assert weighted_kappa(scores + np.array([0.1, 0, 0, 0]), labels) < 1.0


def test_kappa_by_hand():
    # Squared distances of the pairs as they are, against those of all pairs.
    scores, labels = np.array([0.0, 1.0, 2.0, 4.0]), np.array([0.0, 2.0, 4.0, 4.0])
    observed = (1 + 4) / 4
    expected = np.mean([(a - b) ** 2 for a in scores for b in labels])
    assert weighted_kappa(scores, labels) == pytest.approx(1 - observed / expected)


def test_confusion_counts_labels_by_row_and_scores_by_column():
    table = confusion(SCORES, LABELS)
    assert table.shape == (6, 6)
    assert table.sum() == len(SCORES)
    assert table[3].tolist() == [0, 0, 1, 1, 0, 0]  # labels of 3 were scored 3.0 and 2.99
    assert table[5, 5] == table[0, 0] == 1


@pytest.mark.parametrize("figure", [rank_correlation, area_under_curve])
def test_figures_that_constant_labels_do_not_define_are_nan(figure):
    assert np.isnan(figure(SCORES, np.full(8, 2.0)))


def test_rank_correlation_of_constant_scores_is_nan():
    assert np.isnan(rank_correlation(np.full(8, 2.0), LABELS))


def test_nothing_kept_or_wanted_is_zero_or_nan_and_no_error():
    low = np.zeros(8)
    assert f1_at(low, LABELS) == 0.0
    assert f1_at(low, low) == 0.0
    assert np.isnan(precision_at(low, LABELS))
    assert np.isnan(recall_at(SCORES, low))


def test_evaluate_gives_every_figure_with_an_interval_around_it():
    scores, labels = made()
    found = evaluate(scores, labels, [str(row) for row in range(300)])
    assert set(found) == set(METRICS)
    for name, estimate in found.items():
        assert estimate.value == METRICS[name](scores, labels)
        assert estimate.low < estimate.value < estimate.high


def test_intervals_of_ungrouped_rows_are_as_wide_as_the_normal_theory_says():
    # F1 has no simple formula; precision is a share of n kept documents.
    scores, labels = made(rows=2_000)
    found = evaluate(scores, labels, [str(row) for row in range(2_000)], metrics=only("precision_at_3"))
    found = found["precision_at_3"]
    width = 2 * 1.96 * np.sqrt(found.value * (1 - found.value) / (scores >= 3).sum())
    assert found.high - found.low == pytest.approx(width, rel=0.15)


def test_evaluate_gives_the_figures_that_are_asked_for_and_no_others():
    scores, labels = made()
    groups = [str(row) for row in range(300)]
    few = {"mean": lambda scores, labels: float(scores.mean()), "rho": rank_correlation}
    found = evaluate(scores, labels, groups, metrics=few)
    assert list(found) == ["mean", "rho"]
    assert found["mean"].value == pytest.approx(scores.mean())
    # The same documents are drawn for a figure, whichever others are asked for beside it.
    assert found["rho"] == evaluate(scores, labels, groups, metrics=only("rho"))["rho"]


def width(estimate):
    return estimate.high - estimate.low


@pytest.mark.parametrize("figure", ["rho", "auc_at_3", "f1_at_3"])
def test_copies_inside_a_group_add_no_certainty(figure):
    def found(rows, groups):
        return evaluate(scores[rows], labels[rows], [str(g) for g in groups], metrics=only(figure))[figure]

    scores, labels = made(rows=100)
    once = found(np.arange(100), range(100))
    copied = np.tile(np.arange(100), 9)
    grouped, alone = found(copied, copied), found(copied, range(900))
    # Whole groups are drawn: nine copies are as uncertain as one. Drawn alone they seem three times as sure.
    assert grouped.value == pytest.approx(once.value)
    assert width(grouped) == pytest.approx(width(once), rel=0.15)
    assert width(alone) < 0.5 * width(grouped)


def test_the_same_seed_gives_the_same_interval():
    scores, labels = made(rows=60)
    groups = [f"g{row % 7}" for row in range(60)]
    rho = only("rho")
    first = evaluate(scores, labels, groups, metrics=rho, seed=3)
    assert evaluate(scores, labels, groups, metrics=rho, seed=3) == first
    assert evaluate(scores, labels, groups, metrics=rho, seed=4)["rho"] != first["rho"]


def test_a_figure_that_no_resample_defines_has_nan_for_an_interval():
    found = evaluate(SCORES, np.full(8, 2.0), list("abcdefgh"), metrics=only("rho"))
    assert np.isnan([found["rho"].value, found["rho"].low, found["rho"].high]).all()


def test_lengths_that_differ_are_refused():
    with pytest.raises(ShapeError, match=r"must have one length\. Got 8, 8 and 7"):
        evaluate(SCORES, LABELS, ["a"] * 7)


def test_an_estimate_prints_its_interval():
    assert str(Estimate(0.71234, 0.6, 0.8)) == "0.712 [0.600, 0.800]"


def test_reliability_of_eight_documents_by_hand():
    zero, one, two, three, four, five = reliability(SCORES, LABELS)
    assert zero == (1, 0.2, 0.0)
    assert one == (1, 1.9, 2.0)
    assert two == (2, pytest.approx((2.0 + 2.99) / 2), 2.0)  # labels of 1 and 3
    assert three == (2, pytest.approx(3.05), 2.5)
    assert four == (1, 4.5, 4.0)
    assert five == (1, 5.0, 5.0)


def test_points_that_no_document_has_count_none_and_have_no_mean():
    found = reliability(np.array([3.2, 3.4]), np.array([3.0, 4.0]))
    assert [count for count, _, _ in found] == [0, 0, 0, 2, 0, 0]
    assert np.isnan([mean for count, *means in found if not count for mean in means]).all()
    assert found[3] == (2, pytest.approx(3.3), 3.5)


def test_reliability_counts_every_document_once():
    scores, labels = made(rows=500)
    found = reliability(scores, labels)
    assert sum(count for count, _, _ in found) == 500
    assert sum(count * mean for count, mean, _ in found) == pytest.approx(scores.sum())
    assert sum(count * mean for count, _, mean in found) == pytest.approx(labels.sum())
