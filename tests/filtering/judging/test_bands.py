"""Proves that bands hold for all columns at once as often as they say: with groups, weights and rare hits."""

import numpy as np
import pytest

from filtering.judging.bands import MIN_GROUPS_A_SIDE, share_bands
from filtering.rate_bounds import rate_bound

CUTS = np.arange(2, 20, 2) / 4
DRAWS = 150
LEAST = 0.95 - 2 * np.sqrt(0.95 * 0.05 / DRAWS)
"""Two standard errors of simulation below what is stated."""


def draw(random, groups, base, *, unequal):
    """Return scores, labels, weights and groups; documents of a group resemble each other."""
    codes = np.repeat(np.arange(groups), random.integers(1, 6, groups))
    likeness = random.normal(0, 0.8, groups)[codes]
    points = np.clip(5 * random.beta(1.2, 3.0, len(codes)) + 0.3 * likeness, 0, 4.99)
    good = random.random(len(codes)) < 1 / (1 + np.exp(-(base + 2 * (points - 3) + likeness)))
    if not unequal:
        return points, good, np.ones(len(codes)), codes
    chance = np.clip(0.2 + 0.16 * points, 0, 1)
    taken = random.random(len(codes)) < chance
    return points[taken], good[taken], 1 / chance[taken], codes[taken]


def curves(points, good, weights):
    """Return weights and hits of precision, and of recall."""
    kept, good = points[:, None] >= CUTS, np.repeat(good[:, None], len(CUTS), axis=1)
    return (weights[:, None] * kept, good), (weights[:, None] * good, kept)


@pytest.mark.parametrize(
    ("groups", "base", "unequal"),
    [(100, 0.0, True), (60, -1.0, False), (120, -2.5, True)],
    ids=["weights", "few groups", "rare hits"],
)
def test_bands_hold_for_all_columns_at_once(groups, base, unequal):
    everybody = draw(np.random.default_rng(99), 100_000, base, unequal=False)
    truths = [(w * h).sum(axis=0) / w.sum(axis=0) for w, h in curves(*everybody[:3])]
    held = np.zeros((DRAWS, 2))
    for seed in range(DRAWS):
        *drawn, codes = draw(np.random.default_rng(seed), groups, base, unequal=unequal)
        for number, bands in enumerate(share_bands(curves(*drawn), codes)):
            told = np.isfinite(bands.value)
            inside = (bands.low <= truths[number]) & (truths[number] <= bands.high)
            held[seed, number] = inside[told].all()
    assert (held.mean(axis=0) >= LEAST).all()


def band(weights, hits, codes):
    """Return the band of one curve."""
    [found] = share_bands([(weights, hits)], codes)
    return found


def test_a_band_over_many_columns_is_wider_than_that_of_one():
    points, good, weights, codes = draw(np.random.default_rng(0), 300, 0.0, unequal=False)
    weights, hits = curves(points, good, weights)[0]
    at = 4
    together = band(weights, hits, codes)
    alone = band(weights[:, [at]], hits[:, [at]], codes)
    assert together.value[at] == alone.value[0]
    assert together.low[at] < alone.low[0] < alone.value[0] < alone.high[0] < together.high[at]
    assert ((together.low >= 0) & (together.high <= 1)).all()


def test_a_document_copied_within_its_group_tells_nothing_new():
    points, good, weights, codes = draw(np.random.default_rng(0), 300, 0.0, unequal=False)
    weights, hits = curves(points, good, weights)[0]
    once = band(weights, hits, codes)
    twice = band(np.repeat(weights, 2, axis=0), np.repeat(hits, 2, axis=0), np.repeat(codes, 2))
    for name in ("value", "low", "high"):  # of the columns that the bootstrap serves
        np.testing.assert_allclose(getattr(twice, name)[:6], getattr(once, name)[:6])


@pytest.mark.parametrize("misses", [0, 2, MIN_GROUPS_A_SIDE - 1])
def test_few_misses_get_the_exact_interval(misses):
    hits = np.arange(40)[:, None] >= misses
    bands = band(np.ones((40, 1)), hits, np.arange(40))
    assert bands.value[0] == (40 - misses) / 40
    assert bands.low[0] == 1 - rate_bound(misses, 40, 0.975)
    assert bands.high[0] == rate_bound(40 - misses, 40, 0.975)


def test_few_misses_among_few_groups_count_as_few_documents():
    hits = np.ones((40, 1), dtype=bool)
    alone = band(np.ones((40, 1)), hits, np.arange(40))
    shared = band(np.ones((40, 1)), hits, np.arange(40) // 8)
    assert shared.low[0] == 1 - rate_bound(0, 5, 0.975)
    assert shared.low[0] < alone.low[0]


def test_columns_of_few_misses_learn_from_others_how_alike_a_group_is():
    random = np.random.default_rng(0)
    codes = np.arange(400) // 8
    independent, shared = random.random(400) < 0.5, (random.random(50) < 0.5)[codes]
    few = np.arange(400) >= 3
    ends = [band(np.ones((400, 2)), np.stack([other, few], axis=1), codes) for other in (independent, shared)]
    assert ends[1].low[1] < ends[0].low[1] - 0.03


def test_a_column_without_a_document_has_no_share_and_takes_no_error_from_others():
    hits = np.ones((40, 2), dtype=bool)
    weights = np.ones((40, 2))
    weights[:, 1] = 0
    bands = band(weights, hits, np.arange(40))
    assert np.isnan([bands.value[1], bands.low[1], bands.high[1]]).all()
    assert bands.low[0] == band(weights[:, :1], hits[:, :1], np.arange(40)).low[0]


def test_bands_of_several_curves_are_those_of_each_by_itself():
    points, good, weights, codes = draw(np.random.default_rng(0), 60, -1.0, unequal=True)
    precision, recall = curves(points, good, weights)
    empty = np.zeros((len(points), 2)), np.zeros((len(points), 2), dtype=bool)
    several = (precision, empty, recall)
    for together, one in zip(share_bands(several, codes), several, strict=True):
        alone = band(*one, codes)
        for name in ("value", "low", "high"):
            np.testing.assert_array_equal(getattr(together, name), getattr(alone, name))
