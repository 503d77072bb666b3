"""Proves that scores which follow the source are told from scores that follow the labels."""

import numpy as np
import pytest

from filtering.judging import intervals
from filtering.judging.bias import source_bias


def made(*, of_source, seed=0, sources=60, documents=8):
    """Return scores, labels and sources; scores follow the source alone by a share, and else the labels."""
    random = np.random.default_rng(seed)
    own = np.repeat(random.normal(2.5, 1, sources), documents)
    labels = own + random.normal(0, 1, len(own))
    scores = of_source * own + (1 - of_source) * labels + random.normal(0, 0.3, len(own))
    return scores, labels, [f"site {at}" for at in np.repeat(np.arange(sources), documents)]


def test_scores_that_follow_the_source_are_called_so():
    found = source_bias(*made(of_source=0.9))
    assert found.of_labels.value == pytest.approx(0.5, abs=0.12)
    assert found.of_scores.value > 0.8
    assert found.is_biased
    assert found.rho_within.value < 0.5


def test_scores_that_follow_the_labels_are_not(monkeypatch):
    monkeypatch.setattr(intervals, "BOOTSTRAP_ROUNDS", 300)  # of twenty, for time
    told = [source_bias(*made(of_source=0.0, seed=seed)).is_biased for seed in range(20)]
    assert sum(told) <= 2
    assert source_bias(*made(of_source=0.0)).rho_within.value > 0.8


def test_shares_are_those_that_documents_were_made_with():
    random = np.random.default_rng(1)
    means = random.normal(0, 2, 400)
    own = np.repeat(2 * (means - means.mean()) / means.std(), 5)  # 4 of 5 parts of the variance
    values = own + random.normal(0, 1, len(own))
    found = source_bias(values, values, [str(at) for at in np.repeat(np.arange(400), 5)])
    assert found.of_scores.value == pytest.approx(0.8, abs=0.03)
    assert found.of_scores.low < 0.8 < found.of_scores.high
    assert (found.excess.value, found.excess.low, found.excess.high) == (0, 0, 0)


def test_lone_documents_say_nothing_and_are_left_out():
    scores, labels, sources = made(of_source=0.5, sources=10, documents=4)
    more = [*sources, *(f"lone {at}" for at in range(30))]
    random = np.random.default_rng(2)
    with_lone = source_bias(
        np.append(scores, random.normal(size=30)), np.append(labels, random.normal(size=30)), more
    )
    assert with_lone == source_bias(scores, labels, sources)
    assert (with_lone.sources, with_lone.documents) == (10, 40)
    assert source_bias(scores[:4], labels[:4], ["a", "b", "c", "d"]) is None
