"""Proves that a cascade scores as its stages do, and that looking again changes nothing."""

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

from filtering import load_scorer, save_scorer
from filtering.embedding.settings import Placement
from filtering.errors import ScorerError, SettingsError
from filtering.scoring.audited import count_audited
from filtering.scoring.cascade_exits import PairedScores
from filtering.scoring.scores import EMBEDDING_STAGE, SIGNALS_STAGE
from filtering.scoring.settings import MAX_LOST, ExitSettings
from tests.kit.dumps.small import make_texts

CPU = Placement(device="cpu")
TEXTS = [*make_texts(300, seed=11), "", " \n", None, "a " * 5000]


@pytest.fixture(scope="session")
def stages(cascade):
    """Return what each effort makes of the texts, and the cascade itself."""
    scorers = {effort: load_scorer(cascade.out, effort=effort, placement=CPU) for effort in ("fast", "full")}
    balanced = load_scorer(
        cascade.out, effort="balanced", placement=CPU, exits=ExitSettings(2.5, full_fraction=0.3)
    )
    return {name: scorer.score(TEXTS) for name, scorer in scorers.items()}, balanced


def test_between_the_exits_scores_are_those_of_the_full_scorer_and_else_those_of_signals(stages):
    scores, balanced = stages
    found = balanced.score(TEXTS)
    passed = balanced.exits.leaves_open(scores["fast"].value)
    assert 0.1 < passed.mean() < 0.5
    np.testing.assert_array_equal(found.value, np.where(passed, scores["full"].value, scores["fast"].value))
    scored = found.reason == 0
    assert (found.stage[scored] == np.where(passed, EMBEDDING_STAGE, SIGNALS_STAGE)[scored]).all()
    np.testing.assert_array_equal(found.reason, scores["fast"].reason)
    assert 0 < found.tokens_read < scores["full"].tokens_read


@pytest.mark.parametrize("kind", [pa.string(), pa.large_string(), pa.string_view(), "dictionary", "chunks"])
def test_all_forms_of_texts_have_the_same_scores(stages, kind):
    _, balanced = stages
    texts = pa.array(TEXTS)
    if kind == "dictionary":
        texts = texts.dictionary_encode()
    elif kind == "chunks":
        texts = pa.chunked_array([texts.slice(0, 100), texts.slice(100)])
    else:
        texts = texts.cast(kind)
    np.testing.assert_array_equal(balanced.score(texts).value, balanced.score(TEXTS).value)


def test_a_score_does_not_depend_on_its_neighbours(stages):
    _, balanced = stages
    together = balanced.score(TEXTS).value
    apart = [balanced.score(TEXTS[start : start + 7]).value for start in range(0, len(TEXTS), 7)]
    np.testing.assert_array_equal(np.concatenate(apart), together)


def test_looking_again_counts_what_it_sees_and_changes_no_score(stages):
    scores, balanced = stages
    chances = np.random.default_rng(0).random(len(TEXTS))
    found = balanced.score_and_look_again(TEXTS, chances, (0.5, 0.8))
    plain = balanced.score(TEXTS)
    assert plain.audited == ()
    np.testing.assert_array_equal(found.value, plain.value)
    np.testing.assert_array_equal(found.stage, plain.stage)
    early, keeps = plain.stage == SIGNALS_STAGE, scores["full"].value >= 2.5
    dropped = early & (plain.value < 2.5) & (chances < 0.5)
    kept = early & (plain.value >= 2.5) & (chances < 0.8)
    wanted = (dropped.sum(), (dropped & keeps).sum(), kept.sum(), (kept & ~keeps).sum())
    counts = count_audited(found.audited)
    assert tuple(counts.values()) == wanted
    assert counts["audited_dropped"] > 10
    assert counts["audited_kept"] > 5


def test_copies_of_a_text_are_looked_at_and_count_once(stages):
    _, balanced = stages
    once = balanced.score_and_look_again(TEXTS, np.zeros(len(TEXTS)), (1.0, 1.0))
    twice = balanced.score_and_look_again([*TEXTS, *TEXTS], np.zeros(2 * len(TEXTS)), (1.0, 1.0))
    assert len(twice.audited) == 2 * len(once.audited) > 0
    assert count_audited(twice.audited) == count_audited(once.audited)


def test_without_a_pool_the_labels_serve_where_they_are_enough(two_stages, trained):
    with pytest.raises(
        SettingsError,
        match=r"tuned on 736 documents .* tuned on 200 documents\. .* Or allow more with --max-disagreement",
    ):
        load_scorer(
            two_stages.out, effort="balanced", placement=CPU, exits=ExitSettings(max_disagreement=0.01)
        )
    exits = load_scorer(two_stages.out, effort="balanced", placement=CPU).exits
    assert (exits.documents, exits.is_exact) == (200, False)
    assert exits.settings.max_lost > MAX_LOST  # too few for the usual bound
    with pytest.raises(SettingsError, match=r"with an embedder for --effort balanced"):
        load_scorer(trained.out, effort="balanced", placement=CPU)


def test_pairs_are_saved_with_the_scorer_and_decide_its_digest(cascade, tmp_path):
    full = load_scorer(cascade.out, effort="full", placement=CPU)
    assert full.paired.is_exact
    assert len(full.paired) > 1500
    same = save_scorer(full, str(tmp_path / "same"), metrics={}, card="")
    other = replace(full, paired=replace(full.paired, held_out=False))
    other = save_scorer(other, str(tmp_path / "other"), metrics={}, card="")
    assert same.digest != other.digest
    again = load_scorer(str(tmp_path / "other"), effort="full", placement=CPU).paired
    assert not again.is_exact
    np.testing.assert_array_equal(again.fast, full.paired.fast)


BAD = {
    "another type": ({"fast": np.zeros(9, np.float64)}, "'fast' must be float32"),
    "other lengths": ({"groups": np.zeros(8, np.int32)}, r"'groups' must be int32 of shape \(documents=9,\)"),
    "off the scale": ({"full": np.full(9, 5.5, np.float32)}, r"Pairs must be two scores in \[0, 5\]"),
    "no number": ({"full": np.full(9, np.nan, np.float32)}, "'full' must be float32 .* all finite"),
}


@pytest.mark.parametrize("name", BAD)
def test_pairs_that_cannot_be_are_refused(cascade, tmp_path, name):
    full = load_scorer(cascade.out, effort="full", placement=CPU)
    good = {
        "fast": np.ones(9, np.float32),
        "full": np.ones(9, np.float32),
        "groups": np.arange(9, dtype=np.int32),
    }
    changed, message = BAD[name]
    bad = replace(full, paired=PairedScores(**good | changed, held_out=True))
    save_scorer(bad, str(tmp_path / "bad"), metrics={}, card="")
    with pytest.raises(ScorerError, match=message):
        load_scorer(str(tmp_path / "bad"), effort="full", placement=CPU)
