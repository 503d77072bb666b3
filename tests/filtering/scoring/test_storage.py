"""Proves that a saved scorer comes back as it was, and that whatever was changed in it is refused."""

import hashlib
import json
import shutil
from dataclasses import replace

import numpy as np
import pytest
from filtering_fixtures import EMBEDDER, made_data, made_documents, made_embedding_scorer, made_scorer
from safetensors.numpy import load, save

from filtering import EmbeddingScorer, Placement, SignalScorer, load_scorer, save_scorer
from filtering.embedding.embedders import EmbedderSettings
from filtering.errors import ScorerError, SettingsError
from filtering.fitting.stages import fit_stage
from filtering.scoring import storage
from filtering.scoring.calibration import Calibration
from filtering.scoring.stored_stage import build_stage

CARD = "# A scorer\n"
METRICS = {"nested": {"rho": 0.5, "rows": 3}}
MAX_SHIPPED_BYTES = 7_000_000


def save_made(folder, recipe="linear", **options):
    return save_scorer(made_scorer(recipe), str(folder), metrics=METRICS, card=CARD, **options)


@pytest.fixture(scope="module", params=["linear", "characters", "lightgbm"])
def pristine(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp("scorers") / request.param
    save_made(folder, request.param)
    return folder


@pytest.fixture
def saved(tmp_path, pristine):
    """Return a saved scorer that a test may change."""
    return shutil.copytree(pristine, tmp_path / "scorer")


@pytest.fixture
def with_trees(tmp_path):
    save_made(tmp_path / "scorer", "lightgbm")
    return tmp_path / "scorer"


def rewrite(folder, **changed):
    """Change the description of a scorer as its author could: with a new seal."""
    path = folder / "scorer.json"
    description = json.loads(path.read_text()) | changed
    description = {name: value for name, value in description.items() if value is not ...}
    description["seal"] = storage._seal(description)
    path.write_text(json.dumps(description))


def rewrite_arrays(folder, change, name="signals.safetensors"):
    """Change the arrays of a scorer, with the right digest and seal."""
    path = folder / name
    arrays = load(path.read_bytes())
    change(arrays)
    path.write_bytes(save(arrays))
    files = json.loads((folder / "scorer.json").read_text())["files"]
    rewrite(folder, files=files | {path.name: hashlib.sha256(path.read_bytes()).hexdigest()})


def test_a_saved_scorer_gives_the_same_scores(pristine):
    texts = [*made_documents(50, seed=3)[0], "", None, "\u6771\u4eac " * 2_000]
    first, again = made_scorer(pristine.name), load_scorer(str(pristine))
    np.testing.assert_array_equal(first.score(texts).value, again.score(texts).value)
    np.testing.assert_array_equal(first.unlike_seed(texts), again.unlike_seed(texts))
    assert again.domain == "web"


def test_saving_twice_gives_the_same_bytes(pristine, tmp_path):
    save_made(tmp_path / "again", pristine.name)
    for path in pristine.iterdir():
        assert path.read_bytes() == (tmp_path / "again" / path.name).read_bytes()
    assert len(list(pristine.iterdir())) == (4 if pristine.name == "lightgbm" else 3)


def test_a_loaded_scorer_saved_again_gives_the_same_bytes(pristine, tmp_path):
    save_scorer(load_scorer(str(pristine)), str(tmp_path / "again"), metrics=METRICS, card=CARD)
    for path in pristine.iterdir():
        assert path.read_bytes() == (tmp_path / "again" / path.name).read_bytes()


def test_the_digest_is_that_of_the_description(saved):
    content = (saved / "scorer.json").read_bytes()
    assert load_scorer(str(saved)).digest == hashlib.sha256(content).hexdigest()


def test_the_description_holds_metrics_and_the_card_is_written(saved):
    assert json.loads((saved / "scorer.json").read_text())["metrics"] == METRICS
    assert (saved / "README.md").read_text() == CARD


@pytest.mark.parametrize("name", ["signals.safetensors", "head.txt"])
def test_a_flipped_byte_anywhere_in_a_file_is_refused(with_trees, name):
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


@pytest.mark.parametrize("name", ["signals.safetensors", "head.txt", "scorer.json"])
@pytest.mark.parametrize("size", [0, 100])
def test_a_truncated_file_is_refused(with_trees, name, size):
    (with_trees / name).write_bytes((with_trees / name).read_bytes()[:size])
    with pytest.raises(ScorerError):
        load_scorer(str(with_trees))


@pytest.mark.parametrize("name", ["signals.safetensors", "head.txt"])
def test_a_missing_file_is_refused(with_trees, name):
    (with_trees / name).unlink()
    with pytest.raises(ScorerError, match=f"{name} must be readable"):
        load_scorer(str(with_trees))


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"format": storage.FORMAT + 1}, r"'format' in .* must be 3\. Got 4 instead\. Use the edufilter"),
        ({"format": 1}, r"'format' in .* must be 3\. Got 1 instead\. .*train it again"),
        ({"format": "2"}, "'format' in .* Got '2' instead"),
        ({"kind": "pickle"}, r"'kind' in .* must be 'signals'\. Got 'pickle'"),
        ({"window_rule": "all/2"}, "'window_rule' in .* Got 'all/2'"),
        ({"signals_version": 0}, "'signals_version' in .* Got 0"),
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


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "reference texts|whole scorer|LightGBM"),
        ("not a model", "LightGBM regression"),
        ("\xff", "whole scorer|LightGBM"),
    ],
)
def test_a_head_that_is_no_model_is_refused(with_trees, content, message):
    (with_trees / "head.txt").write_text(content, encoding="latin-1")
    files = json.loads((with_trees / "scorer.json").read_text())["files"]
    digest = hashlib.sha256(content.encode("latin-1")).hexdigest()
    rewrite(with_trees, files=files | {"head.txt": digest})
    with pytest.raises(ScorerError, match=message):
        load_scorer(str(with_trees))


def test_a_head_for_other_features_is_refused(with_trees):
    content = (with_trees / "head.txt").read_text()
    width = made_scorer("lightgbm").trees.features
    content = content.replace(f"max_feature_idx={width - 1}", f"max_feature_idx={width}")
    (with_trees / "head.txt").write_text(content)
    files = json.loads((with_trees / "scorer.json").read_text())["files"]
    rewrite(with_trees, files=files | {"head.txt": hashlib.sha256(content.encode()).hexdigest()})
    with pytest.raises(ScorerError, match="Trees must see"):
        load_scorer(str(with_trees))


def test_a_foreign_folder_is_never_overwritten(tmp_path):
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "thesis.txt").write_text("years of work")
    for overwrite in (False, True):
        with pytest.raises(SettingsError, match="must be saved to a new or empty folder"):
            save_made(tmp_path / "notes", overwrite=overwrite)
    assert [path.name for path in (tmp_path / "notes").iterdir()] == ["thesis.txt"]


def test_a_file_in_place_of_the_folder_is_never_overwritten(tmp_path):
    (tmp_path / "notes").write_text("years of work")
    for overwrite in (False, True):
        with pytest.raises(SettingsError, match="must be saved to a new or empty folder"):
            save_made(tmp_path / "notes", overwrite=overwrite)
    assert (tmp_path / "notes").read_text() == "years of work"


def test_a_scorer_is_replaced_only_when_told_to(tmp_path):
    save_made(tmp_path / "scorer", "lightgbm")
    with pytest.raises(SettingsError, match="--overwrite"):
        save_made(tmp_path / "scorer")
    assert load_scorer(str(tmp_path / "scorer")).trees is not None
    save_made(tmp_path / "scorer", overwrite=True)
    assert load_scorer(str(tmp_path / "scorer")).trees is None
    assert not (tmp_path / "scorer" / "head.txt").exists()


def test_an_empty_folder_and_missing_parents_are_fine(tmp_path):
    (tmp_path / "empty").mkdir()
    for folder in (tmp_path / "empty", tmp_path / "a" / "b"):
        assert save_made(folder).digest == load_scorer(str(folder)).digest


@pytest.mark.parametrize("name", ["nowhere", "", "Web", "../web"])
def test_a_name_of_no_scorer_is_refused(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SettingsError, match=r"must be web or code, or a folder with a scorer\.json\. Got"):
        load_scorer(name)


def test_scores_that_move_a_little_between_processors_are_let_pass(saved):
    scorer = load_scorer(str(saved))
    moved = replace(scorer, calibration=Calibration(tuple(a + 1e-5 for a in scorer.calibration.anchors)))
    rewrite(saved, anchors=list(moved.calibration.anchors))
    load_scorer(str(saved))


def test_a_scorer_that_cannot_be_saved_leaves_the_one_that_was_there(tmp_path):
    first = save_made(tmp_path / "scorer")
    with pytest.raises(ValueError, match="JSON compliant"):
        save_scorer(
            made_scorer(), str(tmp_path / "scorer"), metrics={"rho": float("nan")}, card=CARD, overwrite=True
        )
    assert load_scorer(str(tmp_path / "scorer")).digest == first.digest


def test_a_scorer_without_a_second_stage_is_refused_where_one_is_asked_for(saved):
    with pytest.raises(SettingsError, match=r"--effort full.*was not.*--embedder"):
        load_scorer(str(saved), effort="full")


@pytest.fixture(scope="module")
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
        ({"kind": "pickle"}, "The kind of a head must be one of"),
        ({"anchors": [0, 1, 2, 2, 4, 5]}, "'anchors' must be 6 rising numbers"),
        ({"anchors": "abcdef"}, "must hold a whole scorer"),
        ({"embedder": {"name": "a", "command": "b"}}, "must hold a whole scorer"),
        ({"signals_weight": None}, "must hold a whole scorer"),
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


@pytest.fixture(scope="module")
def real(tiny_model):
    """Return a scorer whose second stage is by a real embedder, if a tiny one."""
    from filtering.embedding.sentence_transformer import SentenceTransformerEmbedder  # imports torch

    embedder = SentenceTransformerEmbedder(EmbedderSettings(name=str(tiny_model), max_tokens=32), CPU)
    data = made_data(120)
    data = replace(data, embeddings=embedder.embed([text.decode() for text in data.texts]).vectors)
    return EmbeddingScorer(made_scorer(), fit_stage(data, "joint", "linear", embedder.settings), embedder)


@pytest.fixture(scope="module")
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


@pytest.mark.parametrize("name", ["linear_bias", "signals_weight"])
def test_a_stage_with_a_number_that_is_none_is_refused(saved_real, name):
    stage = json.loads((saved_real / "scorer.json").read_text())["embedding"]
    rewrite(saved_real, embedding=stage | {name: float("nan")})
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


@pytest.mark.parametrize("name", ["web", "code"])
def test_shipped_scorers_load_by_name_and_are_small_and_have_a_card(name):
    scorer = load_scorer(name)
    assert scorer.domain == name
    files = list((storage.MODELS / name).iterdir())
    assert sum(path.stat().st_size for path in files) <= MAX_SHIPPED_BYTES
    assert {path.suffix for path in files} <= {".json", ".safetensors", ".txt", ".md"}
    card = (storage.MODELS / name / "README.md").read_text()
    assert name in card
    assert "rho" in card.lower() or "rank correlation" in card.lower()


@pytest.mark.parametrize("name", ["web", "code"])
def test_shipped_scorers_have_a_whole_second_stage(name):
    description = json.loads((storage.MODELS / name / "scorer.json").read_text())
    assert description["kind"] == "embedding"
    content = (storage.MODELS / name / "embedding.safetensors").read_bytes()
    stage = build_stage(description["embedding"], load(content))
    assert stage.name == description["metrics"]["heads"]["kept"]
    assert len(stage.embedder.digest) == 64
    assert not stage.embedder.trust_remote_code


@pytest.mark.parametrize("name", ["web", "code"])
def test_shipped_scorers_state_what_is_aimed_at(name):
    figures = json.loads((storage.MODELS / name / "scorer.json").read_text())["metrics"]
    fast, full = (figures[part]["compared"][figures[part]["kept"]] for part in ("signals", "heads"))
    least = {"web": (0.72, 0.900), "code": (0.745, 0.870)}[name]
    assert fast["rho"] >= least[0]
    assert fast["auc_at_3"] >= least[1]
    # What costs so much more time must be worth it.
    assert full["rho"] > fast["rho"]
    assert full["auc_at_3"] > fast["auc_at_3"]


def test_a_scorer_that_was_saved_without_pairs_says_so(pristine_pair):
    with pytest.raises(SettingsError, match="must hold pairs of fast and full scores for effort balanced"):
        load_scorer(str(pristine_pair), effort="balanced")
