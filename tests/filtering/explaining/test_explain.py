"""Proves that what moves a score adds up to it, for every recipe, and that all else that is told is true."""

import json
from dataclasses import asdict, replace
from functools import cache

import numpy as np
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings

from filtering import explain_documents, load_scorer
from filtering.embedding.heads import LinearHead
from filtering.errors import ShapeError
from filtering.explaining.contributions import mean_slopes, ngram_values, start_of
from filtering.explaining.explain import usual_values
from filtering.explaining.quantiles import HIGH, LOW, seed_quantiles
from filtering.explaining.readable import READABLE
from filtering.fitting.recipes import RECIPES
from filtering.scoring.cascade import CascadeScorer
from filtering.scoring.cascade_exits import PairedScores, find_exits
from filtering.scoring.scorers import EmbeddingScorer, EmbeddingStage
from filtering.scoring.settings import ExitSettings
from filtering.signals.read_signals import SCORE_COLUMNS
from filtering.signals.style import OTHERS, STATISTICS
from filtering.signals.vectors import NO_VECTORS
from tests.kit.dumps.odd_texts import HOSTILE, any_text
from tests.kit.scorers.fitted import EMBEDDER, SELLING, TEACHING, made_data, made_documents
from tests.kit.scorers.quick import quick_scorer

TEXTS = [*made_documents(20, seed=3)[0], *HOSTILE]
ALL = 1_000_000
"""More than a document has n-grams."""
NEAR = 2e-4
"""The kernel adds in single precision."""


@cache
def two_stages():
    """Return a scorer whose second stage is made up."""
    weights = np.random.default_rng(2).normal(size=EMBEDDER.width)
    web = load_scorer("web")
    stage = EmbeddingStage("ridge", EMBEDDER.settings, LinearHead(weights, 0.2), None, None, web.calibration)
    return EmbeddingScorer(web, stage, EMBEDDER)


def assert_adds_up(why, scorer):
    """Hold a whole explanation to the scorer's own values."""
    assert why.start + sum(one.points for one in why.groups) == pytest.approx(why.signals_score, abs=NEAR)
    slope = scorer.calibration.slope_between(why.start_raw, why.raw)
    singles = (*why.raised, *why.lowered)
    assert why.shown_share == pytest.approx(1.0)
    assert sum(one.share for one in why.groups) == pytest.approx(1.0)
    assert why.start_raw + sum(one.raw for one in singles) == pytest.approx(why.raw, abs=NEAR)
    for group in why.groups:
        of_group = [one for one in singles if one.group == group.group]
        assert sum(one.raw for one in of_group) == pytest.approx(group.raw, abs=NEAR)
        assert group.points == pytest.approx(slope * group.raw)
    assert all(one.raw > 0 for one in why.raised)
    assert all(one.raw < 0 for one in why.lowered)
    for side in (why.raised, why.lowered, why.groups):
        assert np.all(np.diff([abs(one.raw) for one in side]) <= 0)


@pytest.mark.parametrize("recipe", RECIPES)
def test_all_amounts_of_a_document_add_up_to_its_raw_value_and_score(recipe):
    scorer = quick_scorer(recipe)
    found = explain_documents(scorer, TEXTS, top=ALL)
    signals = scorer.linear.read(TEXTS)
    assert sum(not why.reason for why in found) > 25
    for why, raw, score in zip(found, scorer.raw(signals), scorer.score(TEXTS).value, strict=True):
        if not why.reason:
            assert why.raw == raw
            assert why.score == why.signals_score == score
            assert_adds_up(why, scorer)


@settings(max_examples=60, deadline=None)
@given(any_text)
def test_amounts_of_any_text_add_up(text):
    scorer = two_stages().signals
    (why,) = explain_documents(scorer, [text], top=ALL)
    if why.reason:
        assert np.isnan(scorer.score([text]).value[0])
    else:
        assert_adds_up(why, scorer)


@pytest.mark.parametrize("domain", ["web", "code"])
def test_amounts_of_documents_of_a_pool_add_up(domain, shared):
    texts = pq.read_table(shared / "pool" / f"{domain}.parquet", columns=["text"])["text"].slice(0, 40)
    scorer = load_scorer(domain)
    for why in explain_documents(scorer, texts, top=ALL):
        assert_adds_up(why, scorer)


def test_ngrams_alone_are_what_the_kernel_scores_by_them():
    linear = quick_scorer("characters").linear
    features = linear.read(TEXTS).features
    for text, row in zip(TEXTS, features, strict=True):
        if row.any():
            found = sum(float(values.sum()) for _, values in ngram_values(linear, text.encode()))
            wanted = linear.bias + row[:SCORE_COLUMNS].sum() - start_of(linear)
            assert found == pytest.approx(wanted, abs=NEAR)


def test_without_vectors_and_weights_ngrams_add_nothing():
    linear = replace(quick_scorer().linear, vectors=NO_VECTORS)
    plain = replace(linear, word_weights=np.zeros_like(linear.word_weights))
    assert start_of(plain) == plain.bias
    assert not any(values.any() for _, values in ngram_values(plain, b"some words"))


def test_mean_slopes_are_exact_at_the_end_of_the_line():
    vectors = quick_scorer("characters").linear.vectors
    random = np.random.default_rng(0)
    for vector in random.normal(scale=0.4, size=(20, 16)):
        heights = [
            vectors.weights @ np.exp(-vectors.gamma * ((point - vectors.landmarks) ** 2).sum(axis=1))
            for point in (vector, np.zeros(16))
        ]
        assert mean_slopes(vectors, vector) @ vector == pytest.approx(heights[0] - heights[1], abs=1e-6)


def test_words_that_teach_raise_and_words_that_sell_lower():
    document = f"{' '.join(TEACHING)} {' '.join(SELLING)} table river green"
    (why,) = explain_documents(quick_scorer(), [document], top=20)
    raised, lowered = ({one.name.strip('"') for one in side} for side in (why.raised, why.lowered))
    assert len(raised & set(TEACHING)) > 3 > len(raised & set(SELLING))
    assert len(lowered & set(SELLING)) > 3 > len(lowered & set(TEACHING))


def test_taking_a_statistic_to_its_lowest_knot_changes_the_value_as_told():
    scorer = quick_scorer()
    linear, features = scorer.linear, scorer.linear.read(TEXTS[:5]).features
    added = linear.statistic_values(features)
    for at in range(len(STATISTICS)):
        changed = features.copy()
        changed[:, SCORE_COLUMNS + at] = linear.knots[at, 0]
        wanted = linear.predict(features) - linear.predict(changed)
        np.testing.assert_allclose(added[:, at] - linear.knot_values[at, 0], wanted, atol=1e-5)


@pytest.mark.parametrize("recipe", ["linear", "characters"])
def test_a_document_of_usual_statistics_is_moved_by_none(recipe):
    scorer = quick_scorer(recipe)
    features = np.median(made_data(150).features, axis=0)[None].astype(np.float32)
    known = ~np.isnan(seed_quantiles(scorer.linear)).any(axis=1)
    usual = usual_values(scorer.linear)
    added = scorer.linear.statistic_values(features)[0] - usual.added
    assert known.sum() > len(STATISTICS) - 10
    assert np.abs(added[known]).max() < 1e-6
    quantiles = np.quantile(made_data(150).features[:, SCORE_COLUMNS:], [1 / 8, 7 / 8], axis=0)
    np.testing.assert_allclose(usual.quantiles[known][:, [LOW, HIGH]], quantiles.T[known], rtol=1e-6)


def test_a_long_word_is_not_shown_in_full():
    (why,) = explain_documents(load_scorer("web"), ["x" * 60_000 + " and " + "A" * 50_000], top=ALL)
    assert max(len(one.name) for one in (*why.raised, *why.lowered)) < 100


def test_every_statistic_has_a_name_of_its_own():
    assert len(set(READABLE)) == len(STATISTICS)
    assert set(OTHERS) <= set(STATISTICS)


def test_a_document_without_a_score_says_its_reason_alone():
    found = explain_documents(quick_scorer(), ["", None, " \n", b"\xff", "fine"])
    assert [why.reason for why in found] == ["empty", "null", "white-space", "invalid-utf8", ""]
    assert [why.score is None for why in found] == [True, True, True, True, False]
    assert [why.stage for why in found] == ["", "", "", "", "signals"]
    assert explain_documents(quick_scorer(), []) == []
    with pytest.raises(ShapeError, match="put it into a list"):
        explain_documents(quick_scorer(), "one text")


def test_explanations_are_plain_data():
    found = explain_documents(quick_scorer("characters"), TEXTS[:2], top=3)
    assert json.loads(json.dumps([asdict(why) for why in found]))[0]["raised"][0]["group"]
    assert all(len(side) == 3 for why in found for side in (why.raised, why.lowered))


def test_an_embedding_is_told_as_points_before_and_after():
    full = two_stages()
    texts = TEXTS[:20]
    before, after = full.signals.score(texts).value, full.score(texts).value
    for why, one, other in zip(explain_documents(full, texts), before, after, strict=True):
        assert (why.signals_score, why.score, why.stage) == (one, other, "embedding")
        assert why.start + sum(group.points for group in why.groups) == pytest.approx(one, abs=NEAR)
    assert np.abs(before - after).max() > 0.05
    paired = PairedScores(before, after, np.arange(len(texts), dtype=np.int32), held_out=True)
    exits = find_exits(paired, ExitSettings(3.0, full_fraction=0.4))
    found = explain_documents(CascadeScorer(full, exits), texts)
    assert {why.stage for why in found} == {"signals", "embedding"}
    assert all(why.score == why.signals_score for why in found if why.stage == "signals")
