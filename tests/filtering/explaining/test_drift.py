"""Proves that data like the seed is told from other data, and that distances are what they say."""

from functools import cache

import numpy as np
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from filtering import load_scorer, measure_drift
from filtering.errors import SettingsError
from filtering.explaining.drift import MIN_DOCUMENTS, OTHER_DISTANCE, distances_from
from filtering.explaining.quantiles import seed_quantiles
from filtering.signals.linear import GRID
from filtering.signals.read_signals import SCORE_COLUMNS, read_signals
from filtering.signals.style import STATISTICS
from tests.kit.dumps.small import GEORGIAN
from tests.kit.late import Late
from tests.kit.scorers.fitted import made_documents
from tests.kit.scorers.quick import quick_scorer

stats = Late("scipy.stats")


@cache
def statistics(rows, seed=0):
    """Return the statistics of made-up documents."""
    return read_signals(made_documents(rows, seed=seed)[0]).features[:, SCORE_COLUMNS:]


def made_columns(rows, *, shift=0.0, seed=0):
    """Return columns without ties, with ties at 0, and of whole numbers."""
    plain = np.random.default_rng(seed).normal(shift, 1.0, size=rows)
    return np.stack([plain, np.maximum(plain, 0.0), np.round(plain)], axis=1).astype(np.float32)


@pytest.mark.parametrize("shift", [0.0, 0.3, 1.0, -2.0, 10.0])
def test_distances_are_those_of_kolmogorov_and_smirnov_up_to_the_grid(shift):
    seed, here = made_columns(4_000), made_columns(3_000, shift=shift, seed=1)
    found = distances_from(np.quantile(seed, GRID, axis=0).T, here)
    for column, distance in enumerate(found):
        wanted = stats.ks_2samp(seed[:, column], here[:, column]).statistic
        assert wanted - 1 / 24 - 1e-3 <= distance <= wanted + 1e-3


def test_the_documents_that_were_fitted_have_no_distance():
    # `quick_scorer` is fitted to these very documents.
    quantiles = seed_quantiles(quick_scorer().linear)
    distances = distances_from(quantiles, statistics(150))
    known = ~np.isnan(quantiles).any(axis=1)
    assert known.sum() > len(STATISTICS) - 10
    assert distances[known].max() < 1 / 24
    assert np.isnan(distances[~known]).all()


def test_a_distance_is_the_share_of_documents_that_moved():
    quantiles = seed_quantiles(quick_scorer().linear)
    at = STATISTICS.index("word_characters_mean")
    moved = statistics(150).copy()
    moved[:60, at] = 1000.0
    before, after = (distances_from(quantiles, one) for one in (statistics(150), moved))
    assert after[at] == pytest.approx(0.4, abs=0.06)
    np.testing.assert_array_equal(np.delete(before, at), np.delete(after, at))
    moved[:, at] = 1000.0
    assert distances_from(quantiles, moved)[at] == pytest.approx(1.0)


@pytest.mark.parametrize("scorer", ["web", "code"])
@pytest.mark.parametrize("pool", ["web", "code"])
def test_a_pool_looks_other_to_the_other_scorer_alone(scorer, pool, shared):
    table = pq.read_table(shared / "pool" / f"{pool}.parquet")
    if pool == "web":  # its seed is English
        table = table.filter(pc.equal(table["language"], "en"))
    rows = np.sort(np.random.default_rng(4).choice(len(table), 300, replace=False))
    found = measure_drift(load_scorer(scorer), table["text"].take(rows), top=5)
    assert not found.looks_other  # in languages that the scorer knows
    assert ("of another kind" in found.sentence) == (scorer != pool)
    assert (found.distance >= OTHER_DISTANCE) == (scorer != pool)
    assert len(found.shifts) == 5
    assert np.all(np.diff([shift.distance for shift in found.shifts]) <= 0)
    assert found.shifts[0].distance > found.distance


def test_another_language_is_other_data_and_bad_documents_do_not_count():
    texts = [f"{GEORGIAN} {number}" for number in range(MIN_DOCUMENTS)]
    found = measure_drift(load_scorer("web"), [*texts, None, "", b"\xff"])
    assert found.documents == MIN_DOCUMENTS
    assert found.unsure.share == 1.0
    assert found.looks_other
    assert "their scores are not reliable" in found.sentence or "may not be reliable" in found.sentence
    with pytest.raises(SettingsError, match=r"at least 100 documents with a score\. Got 99"):
        measure_drift(load_scorer("web"), [*texts[:-1], "", None])
