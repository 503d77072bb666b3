"""Proves that a scorer of two stages comes back as it was, and is refused if its second was changed."""

import hashlib
import json
import shutil
from dataclasses import replace

import numpy as np
import pytest
from safetensors.numpy import load

from filtering import EmbeddingScorer, Placement, SignalScorer, load_scorer, save_scorer
from filtering.embedding.settings import EmbedderSettings
from filtering.errors import ScorerError, SettingsError
from filtering.fitting.fit_heads import fit_stage
from filtering.scoring.stored_stage import build_stage
from tests.kit.scorers.fitted import EMBEDDER, made_data, made_documents, made_embedding_scorer, made_scorer
from tests.kit.scorers.saved import CARD, METRICS, rewrite, rewrite_arrays


@pytest.fixture(scope="session")
def pristine_pair(tmp_path_factory):
    """Return a saved scorer of two stages, of which the second is by the fake embedder."""
    folder = tmp_path_factory.mktemp("scorers") / "joint"
    save_scorer(made_embedding_scorer("joint"), str(folder), metrics=METRICS, card=CARD)
    return folder


@pytest.fixture
def pair(tmp_path, pristine_pair):
    """Return a saved scorer of two stages that a test may change."""
    return shutil.copytree(pristine_pair, tmp_path / "pair")


def test_effort_fast_gives_the_first_stage_of_two(pristine_pair):
    texts = [*made_documents(50, seed=3)[0], "", None, "\u6771\u4eac " * 2_000]
    first, again = made_embedding_scorer("joint"), load_scorer(str(pristine_pair))
    assert isinstance(again, SignalScorer)
    np.testing.assert_array_equal(first.signals.score(texts).value, again.score(texts).value)
    assert (first.score(texts).value[:50] != again.score(texts).value[:50]).any()


def test_two_stages_are_saved_as_one_more_file_and_the_same_bytes_each_time(pristine_pair, tmp_path):
    saved = save_scorer(made_embedding_scorer("joint"), str(tmp_path / "again"), metrics=METRICS, card=CARD)
    names = ["README.md", "embedding.safetensors", "scorer.json", "signals.safetensors"]
    assert sorted(path.name for path in pristine_pair.iterdir()) == names
    for path in pristine_pair.iterdir():
        assert path.read_bytes() == (tmp_path / "again" / path.name).read_bytes()
    assert isinstance(saved, EmbeddingScorer)
    assert saved.digest == saved.signals.digest == load_scorer(str(pristine_pair)).digest
    texts = made_documents(20, seed=3)[0]
    wanted = made_embedding_scorer("joint").score(texts).value
    np.testing.assert_array_equal(saved.score(texts).value, wanted)


def test_the_stage_of_a_folder_gives_the_scores_that_were_saved(pristine_pair):
    description = json.loads((pristine_pair / "scorer.json").read_text())
    assert description["kind"] == "embedding"
    stage = build_stage(
        description["embedding"], load((pristine_pair / "embedding.safetensors").read_bytes())
    )
    scorer = EmbeddingScorer(load_scorer(str(pristine_pair)), stage, EMBEDDER)
    texts = made_documents(50, seed=3)[0]
    np.testing.assert_array_equal(
        scorer.score(texts).value, made_embedding_scorer("joint").score(texts).value
    )
    found = scorer.score([one["text"] for one in description["references"]]).value
    np.testing.assert_allclose(found, [one["full"] for one in description["references"]], atol=1e-6)


def test_a_flipped_byte_of_the_second_stage_is_refused_even_where_the_first_is_asked_for(pair):
    content = (pair / "embedding.safetensors").read_bytes()
    for at in [0, 8, len(content) // 3, len(content) // 2, len(content) - 1]:
        flipped = bytearray(content)
        flipped[at] ^= 1
        (pair / "embedding.safetensors").write_bytes(flipped)
        for effort in ("fast", "full"):
            with pytest.raises(ScorerError, match=r"embedding\.safetensors must have the sha256"):
                load_scorer(str(pair), effort=effort)


def test_a_missing_second_stage_is_refused(pair):
    (pair / "embedding.safetensors").unlink()
    with pytest.raises(ScorerError, match=r"embedding\.safetensors must be readable"):
        load_scorer(str(pair))


@pytest.mark.parametrize(
    "changed", [{"kind": "signals"}, {"embedding": None}, {"embedding": {}}, {"embedding": ...}], ids=str
)
def test_a_kind_that_is_not_that_of_the_stages_is_refused(pair, changed):
    rewrite(pair, **changed)
    with pytest.raises(ScorerError, match="'kind' in"):
        load_scorer(str(pair))


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"name": "svr"}, "pair must hold a whole scorer. The head .* must be one of .* train it again"),
        ({"anchors": [0, 1, 2, 2, 4, 5]}, "'anchors' must be 6 rising numbers"),
        ({"anchors": "abcdef"}, "must hold a whole scorer"),
        ({"embedder": {"name": "a", "command": "b"}}, "must hold a whole scorer"),
        ({"name": ...}, "must hold a whole scorer. 'name'"),
    ],
    ids=str,
)
def test_a_description_of_a_stage_that_does_not_fit_is_refused(pair, changed, message):
    stage = json.loads((pair / "scorer.json").read_text())["embedding"]
    rewrite(pair, embedding={name: one for name, one in (stage | changed).items() if one is not ...})
    load_scorer(str(pair))  # the first stage is none the worse for it
    with pytest.raises(ScorerError, match=message):
        load_scorer(str(pair), effort="full")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda a: a.pop("head.landmarks"), "must hold a whole scorer. 'head.landmarks'"),
        (
            lambda a: a.update({"head.weights": a["head.weights"][1:]}),
            r"'head.weights' .* \(landmarks=\d+,\)",
        ),
        (lambda a: a.update({"head.weights": a["head.weights"] * np.nan}), "'head.weights' must .* finite"),
        (lambda a: a.pop("linear.knots"), "must hold a whole scorer. 'linear.knots'"),
        (lambda a: a.update({"linear.knots": a["linear.knots"][:, 1:]}), "'linear.knots' must be float32"),
    ],
)
def test_arrays_of_a_stage_that_do_not_fit_are_refused(pair, change, message):
    rewrite_arrays(pair, change, "embedding.safetensors")
    with pytest.raises(ScorerError, match=message):
        load_scorer(str(pair), effort="full")


def test_a_stage_that_the_list_of_files_leaves_out_is_refused(pair):
    files = json.loads((pair / "scorer.json").read_text())["files"]
    rewrite(pair, files={name: digest for name, digest in files.items() if not name.startswith("embedding")})
    with pytest.raises(ScorerError, match=r"must hold a whole scorer\. 'embedding\.safetensors'"):
        load_scorer(str(pair), effort="full")


def test_arrays_of_a_stage_that_are_no_safetensors_are_refused(pair):
    content = b"\x80\x04\x95 a pickle"
    (pair / "embedding.safetensors").write_bytes(content)
    files = json.loads((pair / "scorer.json").read_text())["files"]
    rewrite(pair, files=files | {"embedding.safetensors": hashlib.sha256(content).hexdigest()})
    with pytest.raises(ScorerError, match="must hold a whole scorer"):
        load_scorer(str(pair), effort="full")


CPU = Placement(device="cpu")


@pytest.fixture(scope="session")
def real(tiny_model):
    """Return a scorer whose second stage is by a real embedder, if a tiny one."""
    from filtering.embedding.sentence_transformer import SentenceTransformerEmbedder  # imports torch

    embedder = SentenceTransformerEmbedder(EmbedderSettings(name=str(tiny_model), max_tokens=32), CPU)
    data = made_data(120)
    data = replace(data, embeddings=embedder.embed([text.decode() for text in data.texts]).vectors)
    return EmbeddingScorer(made_scorer(), fit_stage(data, "joint", "linear", embedder.settings), embedder)


@pytest.fixture(scope="session")
def pristine_real(real, tmp_path_factory):
    folder = tmp_path_factory.mktemp("scorers") / "real"
    save_scorer(real, str(folder), metrics=METRICS, card=CARD)
    return folder


@pytest.fixture
def saved_real(pristine_real, tmp_path):
    """Return a saved scorer with a real embedder that a test may change."""
    return shutil.copytree(pristine_real, tmp_path / "real")


def test_effort_full_gives_the_same_scores_as_before_it_was_saved(real, pristine_real):
    texts = [*made_documents(20, seed=3)[0], "", None, "\u6771\u4eac " * 2_000]
    again = load_scorer(str(pristine_real), effort="full", placement=CPU)
    assert isinstance(again, EmbeddingScorer)
    assert again.digest == again.signals.digest == load_scorer(str(pristine_real)).digest
    np.testing.assert_array_equal(again.score(texts).value, real.score(texts).value)
    np.testing.assert_array_equal(again.unlike_seed(texts), real.unlike_seed(texts))


def test_two_stages_loaded_and_saved_again_give_the_same_bytes(pristine_real, tmp_path):
    again = load_scorer(str(pristine_real), effort="full", placement=CPU)
    save_scorer(again, str(tmp_path / "again"), metrics=METRICS, card=CARD)
    for path in pristine_real.iterdir():
        assert path.read_bytes() == (tmp_path / "again" / path.name).read_bytes()


@pytest.mark.parametrize(
    "changed",
    [{"anchors": [0, 1, 2, 3, 4, 5]}, {"linear_bias": 99.0}],
    ids=str,
)
def test_a_stage_that_gives_its_reference_texts_other_scores_is_refused(saved_real, changed):
    stage = json.loads((saved_real / "scorer.json").read_text())["embedding"]
    rewrite(saved_real, embedding=stage | changed)
    with pytest.raises(ScorerError, match=r"must give its reference texts their scores within 0\.05"):
        load_scorer(str(saved_real), effort="full", placement=CPU)


def test_a_stage_with_a_number_that_is_none_is_refused(saved_real):
    stage = json.loads((saved_real / "scorer.json").read_text())["embedding"]
    rewrite(saved_real, embedding=stage | {"linear_bias": float("nan")})
    with pytest.raises(ScorerError, match="must be finite"):
        load_scorer(str(saved_real), effort="full", placement=CPU)


def test_a_head_for_embeddings_of_another_width_is_refused(saved_real):
    def cut(arrays):
        arrays["head.landmarks"] = arrays["head.landmarks"][:, 1:].copy()

    rewrite_arrays(saved_real, cut, "embedding.safetensors")
    with pytest.raises(ScorerError, match=r"real must hold a whole scorer\. .* must have shape \(n, 31\)"):
        load_scorer(str(saved_real), effort="full", placement=CPU)


def test_embeddings_that_move_a_little_between_processors_are_let_pass(saved_real):
    references = json.loads((saved_real / "scorer.json").read_text())["references"]
    for shift, passes in ((0.04, True), (0.06, False)):
        moved = [one | {"full": one["full"] + shift} for one in references]
        rewrite(saved_real, references=moved)
        load_scorer(str(saved_real))  # signals are the same everywhere, and held to more
        if passes:
            load_scorer(str(saved_real), effort="full", placement=CPU)
        else:
            with pytest.raises(ScorerError, match="other signals or embeddings"):
                load_scorer(str(saved_real), effort="full", placement=CPU)


def test_a_scorer_that_was_saved_without_pairs_says_so(pristine_pair):
    with pytest.raises(SettingsError, match="must hold pairs of fast and full scores for effort balanced"):
        load_scorer(str(pristine_pair), effort="balanced")
