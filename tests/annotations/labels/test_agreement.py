"""Proves that agreement figures are the published ones, and the noise ceiling one for simulated raters."""

from dataclasses import fields

import numpy as np
import pytest

from annotations.labels.agreement import NOT_DEFINED, consensus, judge_agreement, krippendorff_alpha
from annotations.labels.noise_ceiling import rho_ceiling
from filtering.errors import LabelsError, ShapeError
from filtering.judging import intervals
from filtering.judging.intervals import Estimate
from filtering.judging.metrics import quadratic_kappa, rank_correlation, weighted_kappa
from tests.kit.late import Late

sklearn_metrics = Late("sklearn.metrics")

MISSING = np.nan
# "Computing Krippendorff's Alpha-Reliability" (2011), reliability data of 4 observers and 12 units.
PUBLISHED = np.array(
    [
        [1, 2, 3, 3, 2, 1, 4, 1, 2, MISSING, MISSING, MISSING],
        [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, MISSING, 3],
        [MISSING, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, MISSING],
        [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, MISSING],
    ]
).T
SEED_SPREAD = np.array([301, 1070, 529, 310, 138, 33])
"""How many of the seed labels of web documents have each of the points 0 to 5."""


@pytest.fixture(autouse=True)
def few_rounds(monkeypatch):
    """Resample less often than in earnest, for intervals that are rough and quick."""
    monkeypatch.setattr(intervals, "BOOTSTRAP_ROUNDS", 50)


def spread_as_seed(rng, rows):
    return rng.choice(6, rows, p=SEED_SPREAD / SEED_SPREAD.sum()) + rng.uniform(-0.5, 0.5, rows)


def normal(rng, rows):
    return rng.normal(2, 1.2, rows)


def crowded_at_zero(rng, rows):
    return rng.gamma(1.5, 0.7, rows)


def two_heaps(rng, rows):
    return np.where(rng.random(rows) < 0.7, rng.normal(1, 0.4, rows), rng.normal(4, 0.4, rows))


def rated(rng, truth, noise, raters=2, strictness=0.0):
    """Return whole points: truth plus noise, each further rater more generous by `strictness`."""
    shifts = strictness * np.arange(raters)
    return np.clip(np.round(truth[:, None] + shifts + rng.normal(0, noise, (len(truth), raters))), 0, 5)


def simulated(rows=200, noise=0.6, raters=2, seed=0):
    rng = np.random.default_rng(seed)
    return rated(rng, normal(rng, rows), noise, raters)


def judged(ratings, **options):
    names = [f"rater {column}" for column in range(ratings.shape[1])]
    return judge_agreement(ratings, names, [f"g{row}" for row in range(len(ratings))], **options)


# Figures of pairs, and alpha


def test_alpha_of_the_published_example_with_missing_ratings():
    assert krippendorff_alpha(PUBLISHED) == pytest.approx(0.815, abs=5e-4)


def test_alpha_does_not_count_documents_that_one_rater_rated():
    alone = np.array([[5.0, MISSING, MISSING, MISSING], [MISSING, MISSING, 0.0, MISSING]])
    assert krippendorff_alpha(np.vstack([PUBLISHED, alone])) == krippendorff_alpha(PUBLISHED)


def test_alpha_is_ordinal_so_that_only_the_order_of_points_counts():
    assert krippendorff_alpha(np.exp(PUBLISHED)) == pytest.approx(krippendorff_alpha(PUBLISHED))
    swapped = np.where(PUBLISHED == 5, 2.5, PUBLISHED)
    assert krippendorff_alpha(swapped) != pytest.approx(krippendorff_alpha(PUBLISHED), abs=1e-3)


@pytest.mark.parametrize("seed", range(3))
def test_kappa_is_that_of_scikit_learn_for_whole_and_for_half_points(seed):
    first, second = simulated(seed=seed).T
    known = sklearn_metrics.cohen_kappa_score(first, second, labels=range(6), weights="quadratic")
    assert quadratic_kappa(first, second) == pytest.approx(known)
    assert quadratic_kappa(first, second) == pytest.approx(weighted_kappa(first, second))
    halves = np.clip(second + np.random.default_rng(seed).choice([-0.5, 0, 0.5], len(second)), 0, 5)
    known = sklearn_metrics.cohen_kappa_score(2 * first, 2 * halves, labels=range(11), weights="quadratic")
    assert quadratic_kappa(first, halves) == pytest.approx(known)


def test_figures_of_a_pair_are_taken_over_the_documents_that_both_rated():
    ratings = simulated(rows=120, raters=3)
    ratings[:30, 0] = ratings[80:, 1] = MISSING
    pair = judged(ratings).pairs[0]
    first, second = ratings[30:80, 0], ratings[30:80, 1]
    assert (pair.first, pair.second, pair.documents) == ("rater 0", "rater 1", 50)
    assert pair.weighted_kappa.value == pytest.approx(quadratic_kappa(first, second))
    assert pair.rho.value == pytest.approx(rank_correlation(first, second))
    assert pair.exact.value == pytest.approx(np.mean(first == second))
    assert pair.within_one.value == pytest.approx(np.mean(abs(first - second) <= 1))
    assert pair.f1.value == pytest.approx(sklearn_metrics.f1_score(second >= 3, first >= 3))


def test_every_figure_has_an_interval_around_it():
    found = judged(simulated(raters=3))
    assert [(pair.first[-1], pair.second[-1]) for pair in found.pairs] == [("0", "1"), ("0", "2"), ("1", "2")]
    estimates = [getattr(of, one.name) for of in (found, *found.pairs) for one in fields(of)]
    estimates = [one for one in estimates if isinstance(one, Estimate)]
    assert len(estimates) == 2 + 3 * 5
    for one in estimates:
        assert one.low < one.value < one.high


def test_alpha_over_all_raters_takes_documents_that_some_did_not_rate():
    ratings = simulated(rows=90, raters=3)
    ratings[:30, 0] = ratings[30:60, 1] = MISSING
    ratings[60:70, :2] = MISSING  # rated once, so not counted
    found = judged(ratings)
    assert found.documents == 80
    assert found.alpha.value == pytest.approx(krippendorff_alpha(ratings))


def test_the_cut_is_that_which_is_asked_for():
    ratings = simulated()
    at_two = judged(ratings, cut=2.0)
    assert at_two.cut == 2.0
    assert at_two.pairs[0].f1.value == pytest.approx(
        sklearn_metrics.f1_score(ratings[:, 1] >= 2, ratings[:, 0] >= 2)
    )
    assert at_two.pairs[0].f1 != judged(ratings).pairs[0].f1


def test_copies_inside_a_group_add_no_certainty():
    ratings = simulated(rows=60)
    copied = np.tile(ratings, (9, 1))
    names, groups = ["a", "b"], [f"g{row % 60}" for row in range(540)]
    grouped, once, alone = judge_agreement(copied, names, groups), judged(ratings), judged(copied)

    def width(found):
        return found.rho_ceiling.high - found.rho_ceiling.low

    assert width(grouped) == pytest.approx(width(once), rel=0.3)
    assert width(alone) < 0.6 * width(grouped)


def test_the_same_seed_gives_the_same_intervals():
    ratings = simulated(rows=40)
    assert judged(ratings, seed=3) == judged(ratings, seed=3) != judged(ratings, seed=4)


# The noise ceiling


@pytest.mark.parametrize("spread", [spread_as_seed, normal])
def test_intervals_of_the_ceiling_cover_what_a_perfect_scorer_reaches_against_rounding_raters(
    spread, monkeypatch
):
    monkeypatch.setattr(intervals, "BOOTSTRAP_ROUNDS", 100)
    rng = np.random.default_rng(9)
    truth = spread(rng, 200_000)
    one_rater = rated(rng, truth, 0.6, raters=1)[:, 0]
    reached, covered = rank_correlation(truth, one_rater), 0
    for seed in range(20):
        rng = np.random.default_rng(seed)
        ratings = rated(rng, spread(rng, 500), 0.6)
        pair = {"rho": lambda rows, _: rho_ceiling(rows, [(0, 1)])}
        found = intervals.evaluate(ratings, ratings, [str(row) for row in range(500)], metrics=pair)["rho"]
        covered += found.low <= reached <= found.high
    assert covered >= 15  # of 20; 19 were to be expected without any bias


@pytest.mark.parametrize("noise", [0.1, 0.5, 1.2])
@pytest.mark.parametrize(
    ("spread", "slack"), [(spread_as_seed, 0.035), (normal, 0.02), (crowded_at_zero, 0.04), (two_heaps, 0.07)]
)
def test_no_score_of_the_truth_exceeds_the_ceiling_of_rho(spread, slack, noise):
    rng = np.random.default_rng(1)
    truth = spread(rng, 200_000)
    ratings = rated(rng, truth, noise)
    ceiling = rho_ceiling(ratings, [(0, 1)])
    scores = (truth, np.round(truth), np.round(2 * truth), np.maximum(truth, 0), truth**3)
    reached = [rank_correlation(score, ratings[:, 0]) for score in scores]
    # Sampling moves either side by about .001.
    assert max(reached) - 0.002 <= ceiling <= reached[0] + slack


def test_the_ceiling_pools_all_pairs():
    ratings = np.column_stack([simulated(rows=400, noise=0.4), simulated(rows=400, noise=0.4)[:, 1]])
    ratings[:, 2] = np.random.default_rng(5).permutation(ratings[:, 2])
    pairs = [(0, 1), (0, 2), (1, 2)]
    rhos = [rank_correlation(ratings[:, one], ratings[:, other]) for one, other in pairs]
    found = judged(ratings)
    assert found.rho_ceiling.value == pytest.approx(np.sqrt(np.mean(rhos)))


def test_raters_that_agree_on_all_have_a_ceiling_of_one():
    found = judged(np.repeat(simulated()[:, :1], 3, axis=1))
    for one in (found.rho_ceiling, found.alpha, found.pairs[0].rho, found.pairs[0].f1):
        assert [one.value, one.low, one.high] == pytest.approx([1, 1, 1], abs=1e-4)


def test_raters_that_contradict_each_other_leave_a_ceiling_of_nothing():
    ratings = simulated()
    ratings[:, 1] = 5 - ratings[:, 0]
    found = judged(ratings)
    assert found.rho_ceiling == Estimate(0.0, 0.0, 0.0)
    assert found.alpha.value < 0


def test_raters_that_agree_by_chance_have_a_low_ceiling_with_an_interval():
    ratings = simulated(rows=400)
    ratings[:, 1] = np.random.default_rng(0).permutation(ratings[:, 1])
    found = judged(ratings).rho_ceiling
    assert found.low == 0
    assert 0 <= found.value < found.high < 0.5


# What the ratings do not define


@pytest.mark.parametrize("cut", [5.5, 0.0])
def test_f1_is_not_defined_where_all_ratings_are_on_one_side_of_the_cut(cut):
    found = judged(simulated(), cut=cut)
    assert (str(found.pairs[0].f1) == "not defined") == (cut > 5)  # everything kept, everything wanted: 1
    assert np.isfinite(found.rho_ceiling.value)


def test_a_constant_rater_leaves_rho_and_the_ceiling_not_defined():
    ratings = simulated()
    ratings[:, 1] = 2.0
    found = judged(ratings)
    assert [str(one) for one in (found.pairs[0].rho, found.rho_ceiling)] == ["not defined"] * 2
    assert found.pairs[0].weighted_kappa == Estimate(0.0, 0.0, 0.0)
    assert found.alpha.value < 0.1


def test_ratings_that_are_all_the_same_define_shares_alone():
    found = judged(np.full((30, 2), 2.0)).pairs[0]
    assert found.exact == found.within_one == Estimate(1.0, 1.0, 1.0)
    assert [str(one) for one in (found.weighted_kappa, found.rho, found.f1)] == ["not defined"] * 3


def test_a_constant_rater_among_three_does_not_hide_what_the_others_show():
    ratings = simulated(raters=3)
    ratings[:, 2] = 2.0
    found, without = judged(ratings), judged(ratings[:, :2])
    assert found.rho_ceiling == without.rho_ceiling


def test_a_pair_with_few_documents_in_common_stands_as_not_defined_and_leaves_the_ceiling_alone():
    ratings = simulated(rows=100, raters=3)
    ratings[19:, 2] = MISSING
    ratings[:9, 0] = MISSING
    found = judged(ratings)
    assert [pair.documents for pair in found.pairs] == [91, 10, 19]
    assert found.pairs[1].rho == found.pairs[2].rho == NOT_DEFINED
    assert found.rho_ceiling.value == pytest.approx(np.sqrt(found.pairs[0].rho.value))


# What is refused


@pytest.mark.parametrize(("columns", "named"), [(1, "rater 0"), (0, "none")])
def test_a_single_rater_is_refused_by_name(columns, named):
    with pytest.raises(LabelsError, match=rf"Got {named} alone. Add the ratings of another"):
        judged(simulated()[:, :columns])


@pytest.mark.parametrize(("common", "found"), [(0, "none"), (19, "19")])
def test_too_few_documents_in_common_are_refused(common, found):
    ratings = simulated(rows=100)
    ratings[: 50 - common, 0] = ratings[50:, 1] = MISSING
    with pytest.raises(LabelsError, match=rf"at least 20 documents in common\. Found {found}\."):
        judged(ratings)


def test_twenty_documents_in_common_are_enough():
    assert judged(simulated(rows=20)).documents == 20


def test_too_few_groups_are_refused_for_their_intervals_would_seem_certain():
    with pytest.raises(LabelsError, match=r"at least 10 groups .* Found 9\."):
        judge_agreement(simulated(rows=90), ["a", "b"], [f"g{row % 9}" for row in range(90)])


@pytest.mark.parametrize(("names", "groups"), [(["a"], 30), (["a", "b"], 29)])
def test_names_and_groups_must_be_as_many_as_columns_and_rows(names, groups):
    with pytest.raises(ShapeError, match=r"Got shape \(30, 2\)"):
        judge_agreement(simulated(rows=30), names, ["g"] * groups)


# Consensus


def test_consensus_keeps_the_half_point_of_two_raters_and_ignores_missing_ratings():
    ratings = np.array([[2, 3, MISSING], [1, 5, 2], [MISSING, MISSING, 4], [MISSING] * 3, [0, 1, 1]])
    median, lowest, highest = consensus(ratings)
    np.testing.assert_array_equal(median, [2.5, 2, 4, MISSING, 1])
    np.testing.assert_array_equal(lowest, [2, 1, 4, MISSING, 0])
    np.testing.assert_array_equal(highest, [3, 5, 4, MISSING, 1])
