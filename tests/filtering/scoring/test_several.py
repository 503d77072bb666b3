"""Proves that several scorers embed a text once, and that what cannot be combined has no points."""

from dataclasses import dataclass, field, replace

import numpy as np
import pytest

from filtering.embedding.remembered import RememberingEmbedder
from filtering.rubric_points import POINTS
from filtering.scoring.scores import EMBEDDING_STAGE, SIGNALS_STAGE, Scores
from filtering.scoring.several import SeveralScorers, combine_scores, combine_values, share_embedders
from tests.kit.dumps.small import make_texts
from tests.kit.scorers.fitted import EMBEDDER, made_embedding_scorer, made_scorer
from tests.kit.scripted.fakes import HashingEmbedder

TEXTS = [*make_texts(40, seed=2), "", None, *make_texts(5, seed=2)]


@dataclass(frozen=True)
class CountingEmbedder(HashingEmbedder):
    """An embedder that notes what it is asked for."""

    asked: list[str] = field(default_factory=list)

    def embed(self, texts):
        self.asked.extend(texts)
        return super().embed(texts)


def same_scores(found, wanted):
    for name in ("value", "reason", "unusual", "stage"):
        np.testing.assert_array_equal(getattr(found, name), getattr(wanted, name))


def test_a_text_is_embedded_once_for_all_scorers_with_the_same_embedder():
    ridge, joint = (made_embedding_scorer(head) for head in ("ridge", "joint"))
    first, second = (CountingEmbedder(EMBEDDER.settings, EMBEDDER.width) for _ in range(2))
    scorers = share_embedders(
        {"ridge": replace(ridge, embedder=first), "joint": replace(joint, embedder=second)}
    )
    found = SeveralScorers(scorers, "max", 3.0).score(TEXTS)
    assert len(first.asked) == len(set(first.asked)) == 40
    assert second.asked == []
    for name, alone in (("ridge", ridge), ("joint", joint)):
        same_scores(found.each[name], alone.score(TEXTS))
    SeveralScorers(scorers, "max", 3.0).score(TEXTS[:1])
    assert len(first.asked) == 41  # what was remembered goes with its batch


def test_other_embedders_stay_apart():
    one = made_embedding_scorer("ridge")
    settings = replace(one.embedder.settings, max_tokens=7)
    other = replace(one, embedder=HashingEmbedder(settings, EMBEDDER.width))
    shared = share_embedders({"one": one, "other": other})
    assert shared["other"].embedder.settings.max_tokens == 7


def test_an_embedder_that_remembers_gives_what_the_one_beneath_gives():
    plain, remembering = HashingEmbedder(), RememberingEmbedder(HashingEmbedder())
    for texts in (["one two", "three"], [], ["three", "four", "one two", "four"]):
        found, wanted = remembering.embed(texts), plain.embed(texts)
        for name in ("vectors", "tokens", "tokens_read"):
            np.testing.assert_array_equal(getattr(found, name), getattr(wanted, name), strict=True)


def test_scorers_of_signals_score_together_as_alone():
    scorers = {"linear": made_scorer("linear"), "trees": made_scorer("trees")}
    found = SeveralScorers(scorers, "mean", 3.0).score(TEXTS)
    for name, scorer in scorers.items():
        same_scores(found.each[name], scorer.score(TEXTS))
    wanted = np.mean([one.value.astype(np.float64) for one in found.each.values()], axis=0)
    np.testing.assert_array_equal(found.value, wanted.astype(np.float32))
    assert found.reason.tolist() == found.each["linear"].reason.tolist()


def scores(value, reason, stage):
    unusual = np.zeros(len(value), np.uint8)
    return Scores(np.float32(value), np.uint8(reason), unusual, np.uint8(stage))


def test_a_document_that_one_scorer_leaves_out_has_no_points_unless_another_decides_alone():
    both = (SIGNALS_STAGE, EMBEDDING_STAGE)
    each = {
        "one": scores([1, 2, np.nan, np.nan], [0, 0, 5, 5], [*both, 0, 0]),
        "other": scores([3, np.nan, 4, np.nan], [0, 6, 0, 6], [EMBEDDING_STAGE, 0, EMBEDDING_STAGE, 0]),
    }
    found = combine_scores(each, "max")
    np.testing.assert_array_equal(found.value, np.float32([3, np.nan, np.nan, np.nan]))
    assert found.reason.tolist() == [0, 6, 5, 5]
    assert found.stage.tolist() == [SIGNALS_STAGE, 0, 0, 0]
    alone = combine_scores(each, "other")
    np.testing.assert_array_equal(alone.value, each["other"].value)
    assert alone.reason.tolist() == [0, 6, 0, 6]


@pytest.mark.parametrize("combine", ["max", "mean", "min"])
def test_combined_points_lie_between_those_that_are_combined(combine):
    points = {
        str(name): np.random.default_rng(name).uniform(0, POINTS, 99).astype(np.float32) for name in range(3)
    }
    found, every = combine_values(points, combine), np.stack([*points.values()])
    assert found.dtype == np.float32
    assert ((every.min(axis=0) <= found) & (found <= every.max(axis=0))).all()
