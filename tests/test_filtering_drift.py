"""Proves that data like the seed is told from other data, and that distances are what they say."""

from functools import cache

import numpy as np
import pyarrow.parquet as pq
import pytest
from dumps import RUSSIAN
from filtering_fixtures import made_documents
from test_filtering_explain import quick_scorer

from filtering import load_scorer, measure_drift
from filtering.drift import MIN_DOCUMENTS, OTHER_DISTANCE, seed_distances
from filtering.errors import SettingsError
from filtering.linear import KNOTS
from filtering.signals import SCORE_COLUMNS, read_signals
from filtering.statistics import STATISTICS


@cache
def statistics(rows, seed=0):
    """Return the statistics of made-up documents."""
    return read_signals(made_documents(rows, seed=seed)[0]).features[:, SCORE_COLUMNS:]


def test_the_documents_that_were_fitted_have_hardly_a_distance():
    # `quick_scorer` is fitted to these very documents; knots are 24 steps apart.
    linear = quick_scorer().linear
    distances = seed_distances(linear, statistics(150))
    whole = np.isfinite(linear.knots).all(axis=1)
    assert whole.sum() > 5
    assert distances[whole].max() < 2 / (KNOTS - 1)


def test_a_distance_is_the_share_of_documents_that_moved():
    linear = quick_scorer().linear
    at = STATISTICS.index("word_bytes_mean")
    moved = statistics(150).copy()
    moved[:60, at] = 1000.0
    before = seed_distances(linear, statistics(150))
    after = seed_distances(linear, moved)
    assert after[at] == pytest.approx(0.4, abs=0.06)
    np.testing.assert_array_equal(np.delete(before, at), np.delete(after, at))
    moved[:, at] = 1000.0
    assert seed_distances(linear, moved)[at] == pytest.approx(1.0)


@pytest.mark.parametrize("scorer", ["web", "code"])
@pytest.mark.parametrize("pool", ["web", "code"])
def test_a_pool_looks_other_to_the_other_scorer_alone(scorer, pool, shared):
    table = pq.read_table(shared / "pool" / f"{pool}.parquet", columns=["text"])
    rows = np.sort(np.random.default_rng(4).choice(len(table), 300, replace=False))
    found = measure_drift(load_scorer(scorer), table["text"].take(rows), top=5)
    assert found.looks_other == (scorer != pool)
    assert ("looks like other data" in found.sentence) == (scorer != pool)
    assert (found.distance >= OTHER_DISTANCE) == (scorer != pool)
    assert len(found.shifts) == 5
    assert np.all(np.diff([shift.distance for shift in found.shifts]) <= 0)
    assert found.shifts[0].distance > found.distance


def test_another_language_is_other_data_and_bad_documents_do_not_count():
    texts = [f"{RUSSIAN} {number}" for number in range(MIN_DOCUMENTS)]
    found = measure_drift(load_scorer("web"), [*texts, None, "", b"\xff"])
    assert found.documents == MIN_DOCUMENTS
    assert found.unlike_share == 1.0
    assert found.looks_other
    assert "100 % of it is unlike" in found.sentence
    with pytest.raises(SettingsError, match=r"at least 100 documents with a score\. Got 99"):
        measure_drift(load_scorer("web"), [*texts[:-1], "", None])
