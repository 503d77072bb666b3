"""Proves what embedders promise: a text's numbers depend on the text alone, and tokens are counted exactly.

And where a model is found, which ones are refused, and what its digest notices.
"""

import re
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tokenizers import Tokenizer

from filtering.embedding import devices, sentence_transformer
from filtering.embedding.embedders import digest_of, locate
from filtering.embedding.sentence_transformer import SentenceTransformerEmbedder
from filtering.embedding.settings import DEFAULT_EMBEDDER, EmbedderSettings, Placement
from filtering.errors import SettingsError
from tests.kit.places import ROOT
from tests.kit.scorers.fitted import made_documents, run_python
from tests.kit.scorers.tiny_models import KINDS, make_tiny_model
from tests.kit.scripted.fakes import HashingEmbedder

CPU = Placement(device="cpu", threads=2)
PROMPT = "read the water: "
EMBEDDERS = ["hashing", DEFAULT_EMBEDDER, "float32", *KINDS, "prompted"]
"""`float32` is the default embedder as it computes on CPUs that have no bf16; of fewer tokens, for time."""

TEXTS = [
    *("", " \n\t ", "a", "A prime has two divisors.", "with\x00nul", "lone \ud800 surrogate", "\udfff"),
    *("😀 and 👩‍👩‍👧 again", "素数は二つの約数を持つ", "عدد أولي", "अभाज्य संख्या", "число", "e\u0301 é"),
    # Around whole multiples of LENGTH_STEP, with and without two special tokens, and beyond max_tokens.
    *("water " * count for count in (29, 30, 31, 32, 62, 64, 250, 253, 254, 255, 256, 300)),
    *("river light of the " * count for count in (7, 8, 63, 64, 900)),
    *made_documents(5, seed=3)[0],
]
CHUNK_TEXTS = 48
"""Fewer than the embedder takes, for time."""

OTHERS = [f"step {number} of example {number % 7}" for number in range(CHUNK_TEXTS + 40)]
LONG = "the light of the river, " * 42_000
"""A text of 1 MB."""


def made_embedder(name, folder, threads=2):
    placement = replace(CPU, threads=threads)
    if name == "hashing":
        return HashingEmbedder()
    if name in (DEFAULT_EMBEDDER, "float32"):
        with pytest.MonkeyPatch.context() as patch:
            if name == "float32":
                patch.setattr(devices, "NATIVE_BF16", ())
            settings = EmbedderSettings(max_tokens=64 if name == "float32" else 256)
            return SentenceTransformerEmbedder(settings, placement)
    if name == "prompted":
        make_tiny_model(folder, prompts={"document": PROMPT}, include_prompt=False)
    else:
        make_tiny_model(folder, name)
    return SentenceTransformerEmbedder(EmbedderSettings(name=str(folder)), placement)


@pytest.fixture(scope="module", params=EMBEDDERS)
def made(request, tmp_path_factory):
    """Return an embedder, and one of the same model that computes one batch at a time."""
    folder = tmp_path_factory.mktemp("model")
    return tuple(made_embedder(request.param, folder, threads) for threads in (2, 1))


@pytest.fixture(scope="module")
def embedder(made):
    """Return one of each kind of embedder."""
    return made[0]


@pytest.fixture(scope="module")
def together(embedder):
    """Return the embeddings of all texts, found in one call."""
    return embedder.embed(TEXTS)


def is_large(embedder):
    """Whether an embedder takes long: it is tried on a part of what tiny ones are tried on."""
    return embedder.settings.name == DEFAULT_EMBEDDER


def assert_same(found, wanted, at=slice(None)):
    assert found.vectors.tobytes() == wanted.vectors[at].tobytes()
    np.testing.assert_array_equal(found.tokens, wanted.tokens[at])
    np.testing.assert_array_equal(found.tokens_read, wanted.tokens_read[at])


def test_embeddings_are_one_finite_row_of_float32_a_text(embedder, together):
    assert together.vectors.dtype == np.float32
    assert together.vectors.shape == (len(TEXTS), embedder.width)
    assert np.isfinite(together.vectors).all()
    assert together.tokens.dtype == together.tokens_read.dtype == np.int64
    assert together.tokens.shape == together.tokens_read.shape == (len(TEXTS),)


def test_texts_that_differ_have_embeddings_that_differ(together):
    of_words = together.vectors[-5:]
    assert len(np.unique(of_words, axis=0)) == 5
    assert np.ptp(of_words, axis=0).max() > 0.01


def test_no_texts_have_no_rows(embedder):
    found = embedder.embed([])
    assert found.vectors.shape == (0, embedder.width)
    assert found.vectors.dtype == np.float32
    assert found.tokens.shape == found.tokens_read.shape == (0,)


def test_embedding_twice_gives_the_same_bits(embedder, together):
    assert_same(embedder.embed(tuple(TEXTS)), together)


def test_an_embedding_does_not_depend_on_order(embedder, together):
    backwards = np.arange(len(TEXTS))[::-1]
    orders = (np.random.default_rng(0).permutation(len(TEXTS)), backwards)
    for order in orders[:1] if is_large(embedder) else orders:
        assert_same(embedder.embed([TEXTS[at] for at in order]), together, order)


def test_an_embedding_does_not_depend_on_its_neighbours(embedder, together):
    for at in range(0, len(TEXTS), 4 if is_large(embedder) else 1):
        assert_same(embedder.embed([TEXTS[at]]), together, slice(at, at + 1))


def test_an_embedding_does_not_depend_on_the_number_of_texts(embedder, together, monkeypatch):
    monkeypatch.setattr(sentence_transformer, "CHUNK_TEXTS", CHUNK_TEXTS)
    before = CHUNK_TEXTS - len(TEXTS) // 2  # the texts lie across the border of two chunks
    found = embedder.embed([*OTHERS[:before], *TEXTS, *OTHERS[before:]])
    inside = slice(before, before + len(TEXTS))
    assert found.vectors[inside].tobytes() == together.vectors.tobytes()
    others = np.r_[:before, before + len(TEXTS) : len(found.vectors)]
    for at in (0, before - 1, before, len(OTHERS) - 1):
        assert_same(embedder.embed([OTHERS[at]]), found, others[at : at + 1])


def test_an_embedding_does_not_depend_on_the_number_of_threads(made, together):
    assert_same(made[1].embed(TEXTS), together)


def test_tokens_are_counted_exactly(embedder, together):
    if isinstance(embedder, HashingEmbedder):
        wanted = [len(text.split()) for text in TEXTS]
    else:
        folder, _ = locate(embedder.settings, CPU)
        tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        tokenizer.no_truncation()
        tokenizer.no_padding()
        clean = [text.encode("utf-8", "replace").decode() for text in TEXTS]
        wanted = [len(tokenizer.encode(text, add_special_tokens=False)) for text in clean]
    assert together.tokens.tolist() == wanted
    assert together.tokens[0] == 0


def test_tokens_read_are_all_tokens_of_a_short_text_and_some_of_a_long_one(embedder, together):
    tokens, read = together.tokens, together.tokens_read
    assert (read <= tokens).all()
    most = read.max()
    assert embedder.settings.max_tokens - 10 < most <= embedder.settings.max_tokens
    np.testing.assert_array_equal(read, np.minimum(tokens, most))
    assert (read < tokens).any()


def test_what_comes_after_the_tokens_that_are_read_changes_nothing(embedder, together):
    start = "water " * 300
    found = embedder.embed([start, start + "river " * 500, "river " + start])
    assert found.vectors[0].tobytes() == found.vectors[1].tobytes() != found.vectors[2].tobytes()


def test_a_text_of_a_megabyte_is_embedded_by_its_start(embedder):
    found = embedder.embed([LONG, LONG[:4_800]])
    assert found.vectors[0].tobytes() == found.vectors[1].tobytes()
    assert found.tokens[0] > 200_000
    assert found.tokens_read[0] == found.tokens_read[1]


def test_white_space_alone_is_embedded_as_nothing(together):
    assert together.vectors[0].tobytes() == together.vectors[1].tobytes()


def test_a_lone_surrogate_is_read_as_a_question_mark(embedder):
    found = embedder.embed(["lone \ud800 surrogate", "lone ? surrogate"]).vectors
    assert found[0].tobytes() == found[1].tobytes()


def test_settings_say_which_model_it_is(embedder):
    assert embedder.settings.digest
    assert embedder.settings.prompt is not None or isinstance(embedder, HashingEmbedder)


def test_the_fake_gives_texts_of_the_same_words_similar_embeddings():
    found = HashingEmbedder().embed(["green river water", "water green river", "river water", "cart deal"])
    same = found.vectors @ found.vectors[0]
    assert same[0] == same[1] == pytest.approx(1)
    assert same[1] > same[2] > same[3]
    assert np.linalg.norm(found.vectors, axis=1) == pytest.approx(1)


def test_importing_the_embedders_imports_no_large_library():
    code = "import sys, filtering, filtering.embedding.embedders\nprint(' '.join(sys.modules))"
    heavy = {"torch", "transformers", "tokenizers", "sentence_transformers", "huggingface_hub"}
    assert heavy & set(run_python(code).stdout.split()) == set()


def test_few_files_name_the_large_libraries():
    modules = "torch|sentence_transformers|transformers"
    naming = re.compile(rf"""import +({modules})\b|from +({modules})\b|["']({modules})["'.]""")
    files = [path for top in ("filtering", "annotations", "pipelines") for path in (ROOT / top).rglob("*.py")]
    found = {path.relative_to(ROOT).as_posix() for path in files if naming.search(path.read_text())}
    assert found == {
        "filtering/embedding/sentence_transformer.py",
        "filtering/embedding/transformer_models.py",
        "pipelines/proof/language_model.py",
        "pipelines/proof/lego_probe.py",
        "pipelines/proof/tokens.py",
        "pipelines/settings/scorers.py",  # to tell whether it is installed
        "pipelines/writing/grading/sampled.py",
    }


def test_the_default_embedder_is_found_in_its_package():
    folder, commit = locate(EmbedderSettings(), Placement())
    assert (folder / "model.safetensors").is_file()
    assert commit is None


def test_a_folder_is_found_by_its_name_and_the_placement_goes_before_the_settings(tmp_path):
    first, second = make_tiny_model(tmp_path / "first"), make_tiny_model(tmp_path / "second")
    settings = EmbedderSettings(name=str(first))
    assert locate(settings, Placement()) == (first, None)
    assert locate(settings, Placement(folder=str(second))) == (second, None)
    assert locate(EmbedderSettings(name="moved/away"), Placement(folder=str(second))) == (second, None)


def test_a_folder_that_is_not_there_is_an_error_that_names_it(tmp_path):
    with pytest.raises(SettingsError, match="no-such-folder"):
        locate(EmbedderSettings(), Placement(folder=str(tmp_path / "no-such-folder")))


@pytest.fixture
def folder(tmp_path):
    """Return a folder with a tiny model."""
    return make_tiny_model(tmp_path / "model")


def flip(path, at):
    data = bytearray(path.read_bytes())
    data[at] ^= 1
    path.write_bytes(data)


@pytest.mark.parametrize("name", ["model.safetensors", "tokenizer.json"])
@pytest.mark.parametrize("at", [0, 1000, -1])
def test_a_digest_notices_a_changed_byte_of_weights_and_tokenizer(folder, name, at):
    before = digest_of(folder)
    flip(folder / name, at)
    after = digest_of(folder)
    assert after != before
    flip(folder / name, at)
    assert digest_of(folder) == before


@pytest.mark.parametrize(
    "name",
    ["vocab.txt", "vocab.json", "merges.txt", "spiece.model", "2_Dense/model.safetensors", "b.safetensors"],
)
def test_a_digest_notices_a_further_file_of_weights_or_tokenizer_and_its_bytes(folder, name):
    before = digest_of(folder)
    (folder / name).parent.mkdir(exist_ok=True)
    (folder / name).write_text("one")
    with_one = digest_of(folder)
    (folder / name).write_text("two")
    assert len({before, with_one, digest_of(folder)}) == 3


def test_a_digest_notices_another_name_of_the_same_bytes(folder):
    (folder / "spiece.model").write_text("one")
    before = digest_of(folder)
    (folder / "spiece.model").rename(folder / "spm.model")
    assert digest_of(folder) != before


@pytest.mark.parametrize(
    "name",
    ["README.md", "config.json", "modules.json", "1_Pooling/config.json", "onnx/tokenizer.json", "notes.txt"],
)
def test_a_digest_does_not_notice_what_libraries_write_anew(folder, name):
    before = digest_of(folder)
    (folder / name).parent.mkdir(exist_ok=True)
    (folder / name).write_text("changed")
    assert digest_of(folder) == before


def test_a_digest_does_not_depend_on_where_the_model_lies(folder, tmp_path, monkeypatch):
    before = digest_of(folder)
    moved = tmp_path / "elsewhere" / "under another name"
    shutil.copytree(folder, moved)
    assert digest_of(moved) == before
    monkeypatch.chdir(moved)
    assert digest_of(Path()) == before
    assert digest_of(make_tiny_model(tmp_path / "other", seed=1)) != before
