"""Proves that exits hold what they promise, at the rate at which they promise it."""

from dataclasses import replace

import numpy as np
import pytest

from filtering.errors import SettingsError
from filtering.rate_bounds import binomial_tail, design_effect, rate_bound
from filtering.scoring.cascade_exits import PairedScores, find_exits, shows_usual, usual_exits
from filtering.scoring.exit_evidence import documents_needed
from filtering.scoring.settings import LEAST_KEEPERS, LEAST_PAIRED, MAX_FALSE, MAX_LOST, ExitSettings
from tests.kit.late import Late

stats = Late("scipy.stats")

SEEDS = 200
POPULATION = 200_000


def pairs_of(fast, full, groups=None, *, held_out=True):
    codes = np.arange(len(fast)) if groups is None else groups
    return PairedScores(
        fast.astype(np.float32), full.astype(np.float32), codes.astype(np.int32), held_out=held_out
    )


def population(noise=0.35, seed=0):
    """Return scores of both stages of very many documents: most far below the cut, as on the web."""
    rng = np.random.default_rng(seed)
    fast = np.clip(rng.normal(1.5, 0.8, POPULATION), 0, 5)
    return fast, np.clip(fast + rng.normal(0, noise, POPULATION), 0, 5)


def true_rates(exits, fast, full):
    """Return the true shares of documents lost, of false ones, and of all decided otherwise."""
    fast, full = fast.astype(np.float32), full.astype(np.float32)
    keeps = full >= np.float32(exits.settings.keep_at)
    lost, false = keeps & (fast < np.float32(exits.lower)), ~keeps & (fast >= np.float32(exits.upper))
    kept = (keeps & ~lost) | false
    return lost.sum() / keeps.sum(), false.sum() / kept.sum(), (lost | false).mean()


def disagreement(exits, fast, full):
    """Return the true share of documents that are decided otherwise than by the full scorer."""
    return float(true_rates(exits, fast, full)[2])


@pytest.mark.parametrize(("count", "trials", "rate"), [(0, 100, 0.01), (13, 4657, 0.005), (5, 5, 0.3)])
def test_tails_and_bounds_are_those_of_scipy(count, trials, rate):
    assert binomial_tail(count, trials, rate) == pytest.approx(stats.binom.cdf(count, trials, rate))
    wanted = stats.beta.ppf(0.975, count + 1, trials - count) if count < trials else 1.0
    assert rate_bound(count, trials, 0.975) == pytest.approx(wanted)


def test_a_bound_of_what_was_never_tried_is_one():
    assert rate_bound(0, 0, 0.95) == 1.0


@pytest.mark.parametrize(("keep_at", "allowed"), [(3.0, 0.01), (2.0, 0.03)])
def test_the_bound_holds_at_the_stated_rate_over_many_draws(keep_at, allowed):
    fast, full = population()
    broken, passed = 0, []
    for seed in range(SEEDS):
        drawn = np.random.default_rng(seed).choice(POPULATION, 2000)
        exits = find_exits(pairs_of(fast[drawn], full[drawn]), ExitSettings(keep_at, allowed))
        broken += disagreement(exits, fast, full) > allowed
        passed.append(1 - exits.dropped - exits.kept)
    assert broken <= stats.binom.ppf(0.999, SEEDS, 0.05)
    assert np.mean(passed) < 0.4  # and it is no empty promise


def test_bounds_on_keepers_hold_together_at_the_stated_rate_over_many_draws():
    fast, full = population()
    broken, found = 0, []
    for seed in range(SEEDS):
        drawn = np.random.default_rng(seed).choice(POPULATION, 2000)
        exits = find_exits(
            pairs_of(fast[drawn], full[drawn]), ExitSettings(2.5, max_lost=0.05, max_false=0.1)
        )
        lost, false, _ = true_rates(exits, fast, full)
        assert exits.lost_bound <= 0.05
        assert exits.false_bound <= 0.1
        broken += lost > 0.05 or false > 0.1
        found.append((lost, false))
    assert broken <= stats.binom.ppf(0.999, SEEDS, 0.05)
    assert (np.mean(found, axis=0) > (0.015, 0.04)).all()  # and exits are no wider than it takes


def test_the_bound_is_not_far_from_what_can_be_promised():
    fast, full = population()
    drawn = np.random.default_rng(1).choice(POPULATION, 5000)
    exits = find_exits(pairs_of(fast[drawn], full[drawn]), ExitSettings(max_disagreement=0.01))
    assert 0.003 < disagreement(exits, fast, full) <= exits.disagreement_bound <= 0.01


def test_exits_are_the_narrowest_that_the_exact_test_lets_pass():
    fast, full = population()
    paired = pairs_of(fast[:3000], full[:3000])
    exits = find_exits(paired, ExitSettings(3.0, 0.02))
    keeps = paired.full >= np.float32(3)

    def pass_the_test(wrong):  # each side has half of the bound, and of the error
        return stats.binom.cdf(wrong.sum(), 3000, 0.01) <= 0.025

    for step, passes in ((0, True), (0.01, False)):
        assert pass_the_test(keeps & (paired.fast < np.float32(exits.lower + step))) == passes
        assert pass_the_test(~keeps & (paired.fast >= np.float32(exits.upper - step))) == passes


def test_exits_for_keepers_are_the_narrowest_that_the_exact_tests_let_pass():
    fast, full = population()
    paired = pairs_of(fast[:3000], full[:3000])
    exits = find_exits(paired, ExitSettings(2.0, max_lost=0.02, max_false=0.05))
    keeps = paired.full >= np.float32(2)
    right = int(keeps.sum())
    # F of the K + F - L that are kept, where L is 2 % of K: as a rate of the K + F.
    odds = 0.05 / 0.95 * 0.98
    for step, passes in ((0, True), (0.01, False)):
        lost = int((keeps & (paired.fast < np.float32(exits.lower + step))).sum())
        false = int((~keeps & (paired.fast >= np.float32(exits.upper - step))).sum())
        assert (stats.binom.cdf(lost, right, 0.02) <= 0.025) == passes
        assert (stats.binom.cdf(false, right + false, odds / (1 + odds)) <= 0.025) == passes


def test_documents_of_a_group_count_for_less_and_the_bound_holds_all_the_same():
    """Groups lean to one side as a whole, as the pages of a site do; they are drawn whole."""
    rng = np.random.default_rng(7)
    number, size, allowed = 2000, 150, 0.03
    lean = np.repeat(rng.normal(0, 0.5, number), size)
    fast = np.clip(np.repeat(rng.normal(1.5, 0.7, number), size) + rng.normal(0, 0.4, number * size), 0, 5)
    full = np.clip(fast + lean + rng.normal(0, 0.1, number * size), 0, 5)
    broken, found = {True: 0, False: 0}, 0
    for seed in range(SEEDS // 2):
        groups = np.random.default_rng(seed).choice(number, 70, replace=False)
        rows = (groups[:, None] * size + np.arange(size)).ravel()
        for grouped in broken:
            paired = pairs_of(fast[rows], full[rows], rows // size if grouped else None)
            try:
                exits = find_exits(paired, ExitSettings(3.0, allowed))
            except SettingsError:  # rather than a promise that does not hold
                continue
            found += grouped
            assert exits.is_exact != grouped
            broken[grouped] += disagreement(exits, fast, full) > allowed
    assert found > SEEDS // 10
    assert broken[True] <= stats.binom.ppf(0.999, SEEDS // 2, 0.05)
    assert broken[False] > stats.binom.ppf(0.999, SEEDS // 2, 0.05)  # where groups are not looked at


def test_the_design_effect_is_one_for_lone_documents_and_the_size_of_groups_of_twins():
    rng = np.random.default_rng(0)
    wrong = rng.random(4000) < 0.1
    assert design_effect(wrong, np.arange(4000, dtype=np.int32)) == 1.0
    twins = np.repeat(wrong, 5)
    assert design_effect(twins, np.repeat(np.arange(4000, dtype=np.int32), 5)) == pytest.approx(5, rel=0.01)


@pytest.mark.parametrize("documents", [10_000, 1500])
def test_without_bounds_the_usual_ones_hold_or_the_least_that_the_keepers_can_show(documents):
    fast, full = population()
    paired = pairs_of(fast[:documents], full[:documents])
    exits = find_exits(paired, ExitSettings())
    held = exits.settings
    assert shows_usual(paired) == (documents == 10_000)
    if shows_usual(paired):
        assert (held.max_lost, held.max_false) == (MAX_LOST, MAX_FALSE)
    else:
        assert (exits.lost_keepers, exits.false_keeps) == (0, 0)
        least = 1 - 0.025 ** (1 / exits.keepers)
        assert exits.lost_bound == pytest.approx(least)
        assert least <= held.max_lost < least + 0.001
        assert exits.false_bound <= held.max_false < exits.false_bound + 0.002
        with pytest.raises(SettingsError, match=r"at least 183 documents .*, for --max-lost 0\.02\."):
            find_exits(paired, ExitSettings(max_lost=MAX_LOST))
        with pytest.raises(SettingsError, match=r"at least \d+ documents .*, for --max-false 0\.05\."):
            find_exits(paired, ExitSettings(max_false=MAX_FALSE))
    assert exits == find_exits(paired, held)  # as a plan says it
    assert (exits.lower, exits.upper) in [(one.lower, one.upper) for one in usual_exits(paired)]


def test_too_few_documents_are_refused_with_the_number_that_it_takes():
    fast, full = population()
    assert documents_needed(0.01) == LEAST_PAIRED == 736
    loose = ExitSettings(max_disagreement=0.01)
    assert find_exits(pairs_of(fast[:736], full[:736]), loose)
    with pytest.raises(SettingsError, match="tuned on 736 documents of different groups"):
        find_exits(pairs_of(fast[:735], full[:735]), loose)
    enough = int(np.flatnonzero(full >= 3)[LEAST_KEEPERS - 1]) + 1
    assert find_exits(pairs_of(fast[:enough], full[:enough]), ExitSettings()).keepers == LEAST_KEEPERS
    with pytest.raises(SettingsError, match=r"at least 36 documents .* This scorer was tuned on 35 such"):
        find_exits(pairs_of(fast[: enough - 1], full[: enough - 1]), ExitSettings())
    assert not usual_exits(pairs_of(fast[: enough - 1], full[: enough - 1]))


def grouped(agreeing, groups=50, size=40):
    """Return pairs of few groups, one of which has others scores by the full scorer if they do not agree."""
    fast = np.repeat(np.linspace(1.0, 4.5, groups), size)
    full = fast.copy()
    full[:size] += 0 if agreeing else 3.5
    return pairs_of(fast, full, np.arange(groups * size) // size, held_out=False)


@pytest.mark.parametrize("fraction", [None, 0.1])
@pytest.mark.parametrize("agreeing", [True, False])
def test_a_cut_at_zero_keeps_everything_and_needs_no_evidence(agreeing, fraction):
    for settings in (ExitSettings(0.0, 1e-6, fraction), ExitSettings(0.0, max_lost=1e-6)):
        exits = find_exits(grouped(agreeing), settings)
        assert (exits.lower, exits.upper, exits.kept, exits.disagreement_bound) == (0.0, 0.0, 1.0, 0.0)
        assert (exits.lost_bound, exits.false_bound) == (0.0, 0.0)
    assert exits.is_exact
    assert not exits.leaves_open(np.array([0.0, 2.5, 5.0], np.float32)).any()


def test_where_nothing_disagrees_each_group_counts_once_and_the_message_says_so():
    strict = ExitSettings(max_disagreement=0.01)
    with pytest.raises(SettingsError, match=r"of 50 groups\. .* count as 50\. Use --effort fast"):
        find_exits(grouped(agreeing=True), strict)
    with pytest.raises(SettingsError, match=r"alike, so they count as \d+\. Use --effort fast"):
        find_exits(grouped(agreeing=False), replace(strict, keep_at=2.0))
    with pytest.raises(SettingsError, match=r"on 880 such documents of 22 groups\. .* count as 22\. Use"):
        find_exits(grouped(agreeing=True), ExitSettings())
    assert find_exits(grouped(agreeing=True), ExitSettings(max_disagreement=0.2)).disagreement_bound <= 0.2


def test_without_disagreement_a_large_group_weighs_as_much_as_it_has_documents():
    groups = np.repeat(np.arange(3, dtype=np.int32), (8, 1, 1))
    assert design_effect(np.zeros(10, dtype=bool), groups) == pytest.approx(66 / 10)


def test_where_the_stages_agree_nothing_is_embedded_and_where_they_do_not_everything_is():
    fast, _ = population()
    exits = find_exits(pairs_of(fast[:2000], fast[:2000]), ExitSettings(2.0))
    assert (exits.lower, exits.upper, exits.disagreement) == (2.0, 2.0, 0.0)
    exits = find_exits(pairs_of(fast[:2000], 5 - fast[:2000]), ExitSettings(2.5, 0.01))
    assert exits.leaves_open(fast[:2000].astype(np.float32)).mean() > 0.9


def test_a_fraction_is_not_exceeded_and_spent_where_it_helps_most():
    fast, full = population()
    paired = pairs_of(fast[:5000], full[:5000])
    before = 1.0
    for fraction in (0.0, 0.02, 0.05, 0.2, 1.0):
        exits = find_exits(paired, ExitSettings(full_fraction=fraction))
        assert 1 - exits.dropped - exits.kept <= fraction + 1e-9
        assert exits.disagreement <= before
        before = exits.disagreement
    assert before == 0.0


def test_rates_of_lost_keepers_and_false_keeps_by_hand():
    fast = np.array([0.5, 1.0, 2.9, 3.1, 4.0, 4.5] * 200)
    full = np.array([3.5, 1.0, 3.2, 2.8, 4.0, 2.0] * 200)
    exits = find_exits(pairs_of(fast, full), ExitSettings(full_fraction=2 / 6))
    assert (exits.lower, exits.upper) == (1.01, 3.11)
    assert (exits.dropped, exits.kept) == (pytest.approx(2 / 6), pytest.approx(2 / 6))
    assert exits.disagreement == pytest.approx(2 / 6)
    assert exits.lost_keepers == pytest.approx(1 / 3)  # of 0.5, 2.9 and 4.0
    assert exits.false_keeps == pytest.approx(1 / 3)  # of 2.9, 4.0 and 4.5


def test_what_has_no_score_is_not_passed_on():
    fast, full = population()
    exits = find_exits(pairs_of(fast[:2000], full[:2000]), ExitSettings(2.0))
    assert exits.leaves_open(np.array([np.nan, exits.lower, exits.upper], np.float32)).tolist() == [
        False,
        True,
        False,
    ]
