"""Proves that a saved scorer is refused, whatever was changed in its files."""

import hashlib
import json
from dataclasses import replace

import numpy as np
import pytest

from filtering import load_scorer
from filtering.errors import ScorerError
from filtering.scoring import scorer_files
from filtering.scoring.calibration import Calibration
from tests.kit.scorers.saved import rewrite, rewrite_arrays, save_made


@pytest.fixture
def with_trees(tmp_path):
    save_made(tmp_path / "scorer", "lightgbm")
    return tmp_path / "scorer"


def test_a_flipped_byte_anywhere_in_a_file_is_refused(with_trees):
    name = "signals.safetensors"
    content = (with_trees / name).read_bytes()
    for at in [0, 8, len(content) // 3, len(content) // 2, len(content) - 1]:
        flipped = bytearray(content)
        flipped[at] ^= 1
        (with_trees / name).write_bytes(flipped)
        with pytest.raises(ScorerError, match=f"{name} must have the sha256"):
            load_scorer(str(with_trees))


def test_a_flipped_byte_anywhere_in_the_description_is_refused(with_trees):
    content = (with_trees / "scorer.json").read_bytes()
    let_pass = 0
    for at in range(len(content)):
        flipped = bytearray(content)
        flipped[at] ^= 1
        (with_trees / "scorer.json").write_bytes(flipped)
        try:
            load_scorer(str(with_trees))
        except ScorerError:
            continue
        # The 17th digit of a number may be any of several that mean the same float.
        assert json.loads(flipped) == json.loads(content)
        let_pass += 1
    assert let_pass <= 10


@pytest.mark.parametrize("name", ["signals.safetensors", "scorer.json"])
@pytest.mark.parametrize("size", [0, 100])
def test_a_truncated_file_is_refused(with_trees, name, size):
    (with_trees / name).write_bytes((with_trees / name).read_bytes()[:size])
    with pytest.raises(ScorerError):
        load_scorer(str(with_trees))


def test_a_missing_file_is_refused(with_trees):
    (with_trees / "signals.safetensors").unlink()
    with pytest.raises(ScorerError, match=r"signals\.safetensors must be readable"):
        load_scorer(str(with_trees))


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        (
            {"format": scorer_files.FORMAT + 1},
            r"'format' in .* must be 4\. Got 5 instead\. Use the edufilter",
        ),
        ({"format": 1}, r"'format' in .* must be 4\. Got 1 instead\. .*train it again"),
        ({"format": "2"}, "'format' in .* Got '2' instead"),
        ({"kind": "pickle"}, r"'kind' in .* must be 'signals'\. Got 'pickle'"),
        ({"window_rule": "all/2"}, "'window_rule' in .* Got 'all/2'"),
        ({"signals_version": 3}, r"'signals_version' in .* must be 5\. Got 3 instead\. .*train it again"),
        ({"files": {}}, "must hold a whole scorer"),
        ({"files": {"head.pickle": "00"}}, "no other files than a scorer's. Its list names 'head.pickle'"),
        ({"files": {"../../etc/passwd": "00"}}, "no other files than a scorer's"),
        ({"files": ["signals.safetensors"]}, "must describe a scorer"),
        ({"files": ...}, "must describe a scorer"),
        ({"kind": ...}, "'kind' in .* Got None"),
        ({"anchors": [0, 1, 2, 3, 4]}, "'anchors' must be 6 rising numbers"),
        ({"anchors": [0, 1, 2, 2, 4, 5]}, "'anchors' must be 6 rising numbers"),
        ({"anchors": [0, 1, 2, 3, 4, float("nan")]}, "'anchors' must be 6 rising numbers"),
        ({"anchors": "abcdef"}, "must hold a whole scorer"),
        ({"anchors": ...}, "must hold a whole scorer"),
        ({"bias": None}, "must hold a whole scorer"),
        ({"bias": 99.0}, "must give its reference texts their scores within"),
        ({"bias": float("nan")}, "must give its reference texts their scores within"),
        ({"references": []}, "must have reference texts"),
        ({"references": ...}, "must have reference texts"),
        ({"references": [{"text": "a"}]}, "must have reference texts"),
        ({"references": [{"text": "a", "full": 1.0}]}, "must have reference texts"),
        (
            {"references": [{"text": "a plain text", "fast": 6.5}]},
            "must give its reference texts their scores",
        ),
        ({"references": [{"text": "", "fast": 1.0}]}, "must give its reference texts their scores"),
    ],
    ids=str,
)
def test_a_description_that_does_not_fit_is_refused(saved, changed, message):
    rewrite(saved, **changed)
    with pytest.raises(ScorerError, match=message):
        load_scorer(str(saved))


@pytest.mark.parametrize("content", ["", "[]", "null", "3", '{"format": 1}', "\x00"])
def test_a_description_that_is_none_is_refused(saved, content):
    (saved / "scorer.json").write_text(content)
    with pytest.raises(ScorerError, match="must describe a scorer"):
        load_scorer(str(saved))


def test_changed_text_without_a_new_seal_is_refused(saved):
    path = saved / "scorer.json"
    path.write_text(path.read_text().replace('"rows": 3', '"rows": 4'))
    with pytest.raises(ScorerError, match="must be as it was saved"):
        load_scorer(str(saved))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda a: a.update(word_weights=a["word_weights"][:-1]), "'word_weights' must be float32 of shape"),
        (lambda a: a.update(word_weights=a["word_weights"].astype(np.float64)), "Got float64"),
        (lambda a: a.update(word_weights=a["word_weights"].astype(np.float16)), "Got float16"),
        (lambda a: a.update(word_weights=np.zeros(0, np.float32)), "'word_weights' must be float32"),
        (
            lambda a: a.update(character_weights=np.zeros(7, np.float32)),
            "'character_weights' must be float32",
        ),
        (lambda a: a.update(knots=a["knots"][:, :-1]), "'knots' must be float32 of shape"),
        (lambda a: a.update(knot_values=a["knot_values"].T), "'knot_values' must be float32 of shape"),
        (
            lambda a: a.update(known_words=a["known_words"][::-1].copy()),
            "'known_words' must rise",
        ),
        (
            lambda a: a.update(known_words=a["known_words"].astype(np.int64)),
            "'known_words' must be uint32",
        ),
        (lambda a: a.pop("knots"), "must hold a whole scorer. 'knots'"),
        (lambda a: a.update(word_weights=a["word_weights"] * np.float32(2)), "must give its reference texts"),
        (
            lambda a: a.update(knot_values=a["knot_values"] + np.float32(0.01)),
            "must give its reference texts",
        ),
    ],
)
def test_arrays_that_do_not_fit_are_refused(saved, change, message):
    rewrite_arrays(saved, change)
    with pytest.raises(ScorerError, match=message):
        load_scorer(str(saved))


def test_arrays_that_are_no_safetensors_are_refused(saved):
    content = b"\x80\x04\x95 a pickle"
    (saved / "signals.safetensors").write_bytes(content)
    files = json.loads((saved / "scorer.json").read_text())["files"]
    rewrite(saved, files=files | {"signals.safetensors": hashlib.sha256(content).hexdigest()})
    with pytest.raises(ScorerError, match="must hold a whole scorer"):
        load_scorer(str(saved))


def test_trees_that_lead_nowhere_are_refused(with_trees):
    def lead_nowhere(arrays):
        arrays["trees.others"] += 1_000_000

    rewrite_arrays(with_trees, lead_nowhere)
    with pytest.raises(ScorerError, match="must be a leaf, or look at one of"):
        load_scorer(str(with_trees))


def test_scores_that_move_a_little_between_processors_are_let_pass(saved):
    scorer = load_scorer(str(saved))
    moved = replace(scorer, calibration=Calibration(tuple(a + 1e-5 for a in scorer.calibration.anchors)))
    rewrite(saved, anchors=list(moved.calibration.anchors))
    load_scorer(str(saved))
