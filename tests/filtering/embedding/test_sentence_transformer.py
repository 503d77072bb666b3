"""Proves that embeddings are those of `SentenceTransformer.encode`, and that wrong models are named.

And that an embedder keeps to itself: it leaves torch's threads as they were, goes to other processes,
serves several threads at once, and needs no more memory for more texts.
"""

import json
import pickle
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest

from filtering.embedding import devices
from filtering.embedding.embedders import digest_of, locate
from filtering.embedding.sentence_transformer import SentenceTransformerEmbedder
from filtering.embedding.settings import DEFAULT_EMBEDDER, EmbedderSettings, Placement
from filtering.embedding.transformer_models import convert
from filtering.errors import ScorerError, SettingsError
from tests.kit.late import Late
from tests.kit.scorers.fitted import made_documents, run_python
from tests.kit.scorers.tiny_models import KINDS, WIDTH, make_tiny_model

torch, sentence_transformers = Late("torch"), Late("sentence_transformers")

CPU = Placement(device="cpu", threads=2)
PROMPT = "read the water: "
SENTENCES = [
    "A prime number is a whole number above one that no smaller number divides.",
    "Let us see why: three times two is six, so six is no prime.",
    "Sign in | Basket (0) | Free delivery on orders over 30.",
    "Water boils at a lower temperature on a mountain, because the air presses less on it.",
    "def gcd(a, b):\n    while b:\n        a, b = b, a % b\n    return a",
    "The river Danube flows through ten countries before it reaches the Black Sea.",
    "¿Qué es un número primo? Una explicación para niños.",
]
REAL = [" ".join(SENTENCES[at : at + count]) for count in (1, 2, 3) for at in range(7)]


def cosine(left, right):
    return (left * right).sum(axis=1) / np.linalg.norm(left, axis=1) / np.linalg.norm(right, axis=1)


def made(folder, placement=CPU, **settings):
    return SentenceTransformerEmbedder(EmbedderSettings(name=str(folder), **settings), placement)


def encoded(folder, texts, act="encode_document", **options):
    """Return what sentence-transformers itself makes of texts, in float32."""
    model = sentence_transformers.SentenceTransformer(str(folder), device="cpu")
    model.float()
    return getattr(model, act)(texts, batch_size=4, **options)


@pytest.fixture
def float32(monkeypatch):
    """Compute as on a CPU that has no bf16."""
    monkeypatch.setattr(devices, "NATIVE_BF16", ())


@pytest.fixture(scope="module")
def minilm():
    """Return the default embedder."""
    return SentenceTransformerEmbedder(EmbedderSettings(), CPU)


@pytest.fixture(params=KINDS)
def tiny(request, tmp_path):
    """Return a folder with a tiny model of each kind."""
    return make_tiny_model(tmp_path / request.param, request.param)


def test_embeddings_in_float32_are_those_of_encode_to_the_sixth_digit(tiny, float32):
    np.testing.assert_allclose(made(tiny).embed(REAL).vectors, encoded(tiny, REAL), atol=2e-6)


def test_embeddings_of_this_machine_have_a_cosine_above_0_999_to_those_of_encode(tiny):
    assert cosine(made(tiny).embed(REAL).vectors, encoded(tiny, REAL)).min() > 0.999


def test_embeddings_of_the_default_embedder_are_those_of_encode(float32):
    folder, _ = locate(EmbedderSettings(), CPU)
    found = SentenceTransformerEmbedder(EmbedderSettings(), CPU).embed(REAL).vectors
    np.testing.assert_allclose(found, encoded(folder, REAL), atol=2e-6)


def test_the_default_embedder_in_bf16_keeps_a_cosine_of_0_999(minilm):
    folder, _ = locate(EmbedderSettings(), CPU)
    vectors = minilm.embed(REAL).vectors
    assert cosine(vectors, encoded(folder, REAL)).min() > 0.999
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=5e-3)


def test_long_texts_are_read_up_to_max_tokens_as_encode_reads_them(tmp_path, float32):
    texts, _, _ = made_documents(6, seed=2)
    for kind, positions in (("bert", 200), ("roberta", 202), ("llama", 200)):
        folder = make_tiny_model(tmp_path / kind, kind, positions=positions)
        for most in (32, 99, 200):
            model = sentence_transformers.SentenceTransformer(str(folder), device="cpu")
            model.max_seq_length = most
            found = made(folder, max_tokens=most).embed(texts)
            assert (found.tokens > most).all()
            np.testing.assert_allclose(found.vectors, model.encode(texts), atol=2e-6)


def test_weights_differ_by_kind_of_number_but_rotary_positions_do_not(tmp_path):
    model = sentence_transformers.SentenceTransformer(str(make_tiny_model(tmp_path, "llama")), device="cpu")
    parts = convert(model, torch.device("cpu"), torch.bfloat16)
    assert {buffer.dtype for buffer in parts.buffers()} == {torch.float32}
    assert {one.dtype for one in parts.parameters()} == {torch.bfloat16}


@pytest.mark.parametrize(
    ("prompts", "default", "prompt", "act", "options"),
    [
        ({"document": PROMPT, "query": "light: "}, None, PROMPT, "encode_document", {}),
        ({"query": "light: "}, None, "", "encode_document", {}),
        ({"query": "light: "}, "query", "", "encode_document", {}),
        # encode_document means to look for these too, but always finds `document`, be it empty.
        ({"passage": PROMPT, "query": "light: "}, None, PROMPT, "encode", {"prompt_name": "passage"}),
        ({"corpus": PROMPT}, None, PROMPT, "encode", {"prompt_name": "corpus"}),
        ({"general": PROMPT}, "general", PROMPT, "encode", {}),
        ({"document": PROMPT, "general": "light: "}, "general", PROMPT, "encode_document", {}),
    ],
)
@pytest.mark.parametrize("kind", ["bert", "static"])
def test_the_prompt_is_the_one_that_the_model_has_for_documents(
    tmp_path, float32, kind, prompts, default, prompt, act, options
):
    folder = make_tiny_model(tmp_path, kind, prompts=prompts, default_prompt_name=default)
    embedder = made(folder)
    assert embedder.settings.prompt == prompt
    found = embedder.embed(REAL)
    np.testing.assert_allclose(found.vectors, encoded(folder, REAL, act, **options), atol=2e-6)
    plain = made(folder, prompt="").embed(REAL)
    np.testing.assert_array_equal(found.tokens, plain.tokens)
    assert (abs(found.vectors - plain.vectors).max() > 1e-3) == bool(prompt)


def test_a_prompt_of_the_settings_goes_before_that_of_the_model(tmp_path, float32):
    folder = make_tiny_model(tmp_path, prompts={"document": PROMPT})
    for prompt in ("", "the light of "):
        embedder = made(folder, prompt=prompt)
        assert embedder.settings.prompt == prompt
        wanted = encoded(folder, REAL, prompt=prompt)
        np.testing.assert_allclose(embedder.embed(REAL).vectors, wanted, atol=2e-6)
        assert abs(made(folder).embed(REAL).vectors - wanted).max() > 1e-3


FRAMES = {"both": ("[CLS]", "[SEP]"), "start": ("[CLS]", ""), "end": ("", "[SEP]"), "none": ("", "")}


@pytest.mark.parametrize("frame", FRAMES)
def test_the_prompt_is_left_out_of_the_mean_as_by_encode(tmp_path, float32, frame):
    options = {"prompts": {"document": PROMPT}}
    folder = make_tiny_model(tmp_path / "without", include_prompt=False, **options)
    whole = make_tiny_model(tmp_path / "with", **options)
    for one in (folder, whole):
        put_special_tokens(one, *FRAMES[frame])
    found = made(folder).embed(REAL).vectors
    np.testing.assert_allclose(found, encoded(folder, REAL), atol=2e-6)
    assert abs(found - made(whole).embed(REAL).vectors).max() > 1e-3


def put_special_tokens(folder, before, after):
    """Rewrite which special tokens the tokenizer puts around a text."""
    file = folder / "tokenizer.json"
    tokenizer = json.loads(file.read_text())
    framed = tokenizer["post_processor"]["single"]
    tokenizer["post_processor"]["single"] = [
        part for part in framed if "Sequence" in part or part["SpecialToken"]["id"] in (before, after)
    ]
    file.write_text(json.dumps(tokenizer))


@pytest.mark.parametrize("kind", ["bert", "llama"])
def test_a_text_of_no_tokens_at_all_is_finite(tmp_path, kind):
    folder = make_tiny_model(tmp_path, kind)
    put_special_tokens(folder, "", "")
    found = made(folder).embed(["", "water", " "])
    assert found.tokens.tolist() == [0, 1, 0]
    assert found.vectors[0].tobytes() == found.vectors[2].tobytes() != found.vectors[1].tobytes()


def test_a_prompt_takes_room_from_the_text(tmp_path):
    folder = make_tiny_model(tmp_path, prompts={"document": PROMPT})
    text = "water " * 100
    assert made(folder, max_tokens=20).embed([text, ""]).tokens_read.tolist() == [14, 0]
    assert made(folder, max_tokens=7).embed([text]).tokens_read.tolist() == [1]
    with pytest.raises(SettingsError, match=r"'max_tokens' \(--max-tokens\).*leave room for text.*Got 6"):
        made(folder, max_tokens=6)
    assert made(folder, max_tokens=6, prompt="").embed([text]).tokens_read.tolist() == [4]


@pytest.mark.parametrize("most", [2, 0, -7])
def test_max_tokens_must_be_more_than_the_special_ones(tmp_path, most):
    with pytest.raises(SettingsError, match=rf"leave room for text.*Got {most} instead"):
        made(make_tiny_model(tmp_path), max_tokens=most)


@pytest.mark.parametrize(("kind", "limit"), [("bert", 100), ("roberta", 98), ("llama", 100)])
def test_max_tokens_above_what_the_model_can_read_is_an_error_that_names_the_limit(tmp_path, kind, limit):
    folder = make_tiny_model(tmp_path, kind, positions=100)
    found = made(folder, max_tokens=limit).embed(["water " * 300, "water"])
    assert found.tokens_read.tolist() == [limit - (1 if kind == "llama" else 2), 1]
    with pytest.raises(SettingsError, match=f"at most {limit}, what the model can read. Got {limit + 1} "):
        made(folder, max_tokens=limit + 1)


def test_a_model_without_positions_reads_as_much_as_it_is_asked_to(tmp_path):
    folder = make_tiny_model(tmp_path, "static")
    found = made(folder, max_tokens=50_000).embed(["water " * 60_000])
    assert (found.tokens[0], found.tokens_read[0]) == (60_000, 50_000)


def test_embeddings_are_not_of_length_1_where_the_model_does_not_make_them_so(tmp_path, float32):
    folder = make_tiny_model(tmp_path, normalize=False)
    found = made(folder).embed(REAL).vectors
    np.testing.assert_allclose(found, encoded(folder, REAL), atol=5e-6)
    assert np.linalg.norm(found, axis=1).min() > 1.5


def test_the_folder_of_the_placement_is_the_one_that_is_used(tmp_path):
    first, second = make_tiny_model(tmp_path / "first"), make_tiny_model(tmp_path / "second", seed=1)
    moved = replace(CPU, folder=str(second))
    found = made(first, moved)
    assert found.settings.name == str(first)
    assert found.settings.digest == digest_of(second)
    np.testing.assert_array_equal(found.embed(REAL).vectors, made(second).embed(REAL).vectors)
    assert made("gone/away", moved).embed(["water"]).vectors.shape == (1, WIDTH)


def test_another_model_than_the_one_of_the_digest_is_refused(tmp_path):
    first, second = make_tiny_model(tmp_path / "first"), make_tiny_model(tmp_path / "second", seed=1)
    digest = digest_of(first)
    assert made(first, digest=digest).settings.digest == digest
    with pytest.raises(ScorerError, match=rf"{digest[:12]}.*Found another \({digest_of(second)[:12]}"):
        made(second, digest=digest)
    with pytest.raises(ScorerError, match=digest[:12]):
        made(first, replace(CPU, folder=str(second)), digest=digest)


@pytest.mark.parametrize("name", ["tpu", "", "CPU", "cuda:x", "meta", "hpu", "vulkan"])
def test_a_device_that_is_none_is_an_error_that_names_it(tmp_path, name):
    with pytest.raises(SettingsError, match=rf"'device' \(--device\) must be auto.*Got {name!r} instead"):
        made(make_tiny_model(tmp_path), Placement(device=name))


def test_a_gpu_where_there_is_none_is_an_error_and_auto_goes_without(tmp_path):
    if torch.cuda.is_available():
        pytest.skip("has a GPU")
    folder = make_tiny_model(tmp_path)
    for name in ("cuda", "cuda:1"):
        with pytest.raises(SettingsError, match=f"Got {name!r} instead"):
            made(folder, Placement(device=name))
    if not torch.backends.mps.is_available():
        found = made(folder, Placement(threads=2)).embed(REAL).vectors
        np.testing.assert_array_equal(found, made(folder).embed(REAL).vectors)


def cut_short(path):
    path.write_bytes(path.read_bytes()[:2_000])


DAMAGE = {
    "weights cut short": ("model.safetensors", cut_short),
    "weights of something else": ("model.safetensors", lambda path: path.write_bytes(b"other" * 900)),
    "a tokenizer that is none": ("tokenizer.json", lambda path: path.write_text("{}")),
    "no tokenizer": ("tokenizer.json", lambda path: path.unlink()),
    "no config": ("config.json", lambda path: path.unlink()),
    "an unknown kind": ("config.json", lambda path: path.write_text('{"model_type": "of next year"}')),
    "a config that is none": ("config.json", lambda path: path.write_text("[]")),
    "no modules": ("modules.json", lambda path: path.write_text("[]")),
    "a module that is none": ("modules.json", lambda path: path.write_text('[{"type": 1}]')),
    "no pooling": ("1_Pooling/config.json", lambda path: path.unlink()),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_model_is_an_error_that_names_it(tmp_path, damage):
    folder = make_tiny_model(tmp_path)
    name, harm = DAMAGE[damage]
    harm(folder / name)
    with pytest.raises(SettingsError, match=rf"'{folder}' cannot be loaded: \S"):
        made(folder)


def test_embeddings_that_are_not_finite_are_an_error(tmp_path):
    from safetensors.torch import load_file, save_file

    folder = make_tiny_model(tmp_path, "static")
    weights = load_file(folder / "model.safetensors")
    weights["embedding.weight"][:] = torch.nan
    save_file(weights, folder / "model.safetensors")
    with pytest.raises(ScorerError, match="must be finite"):
        made(folder).embed(["water"])


def test_code_of_a_model_runs_where_it_was_agreed_to_and_nowhere_else(tmp_path, monkeypatch):
    monkeypatch.setattr("transformers.dynamic_module_utils.HF_MODULES_CACHE", str(tmp_path / "modules"))
    monkeypatch.setattr(sys, "path", list(sys.path))
    folder = make_tiny_model(tmp_path / "model", brings_code=True)
    agreed = replace(CPU, trust_remote_code=True)
    with pytest.raises(SettingsError, match="brings code"):
        made(folder)
    assert not (folder / "ran").exists()
    found = made(folder, agreed).embed(REAL).vectors
    assert (folder / "ran").exists()
    plain = make_tiny_model(tmp_path / "plain")
    np.testing.assert_array_equal(found, made(plain).embed(REAL).vectors)


def test_the_threads_of_torch_are_left_as_they_were(tmp_path):
    folder = make_tiny_model(tmp_path)
    before = torch.get_num_threads()
    torch.set_num_threads(3)
    try:
        for threads in (1, 2, None):
            embedder = made(folder, replace(CPU, threads=threads))
            assert torch.get_num_threads() == 3
            embedder.embed(REAL)
            with ThreadPoolExecutor(1) as others:  # what a new thread begins with is kept apart
                assert torch.get_num_threads() == others.submit(torch.get_num_threads).result() == 3
        assert set(embedder._pool.map(lambda _: torch.get_num_threads(), range(8))) == {1}
    finally:
        torch.set_num_threads(before)


def test_several_threads_may_embed_at_once(tiny, minilm):
    texts = [f"{text} {number}" for number in range(30) for text in SENTENCES]
    for embedder, count in ((made(tiny), len(texts)), (minilm, 16)):
        orders = [np.random.default_rng(seed).permutation(count) for seed in range(6)]
        wanted = embedder.embed(texts[:count]).vectors
        with ThreadPoolExecutor(6) as pool:
            found = pool.map(lambda order: embedder.embed([texts[at] for at in order]), orders)  # noqa: B023
            for order, one in zip(orders, found, strict=True):
                np.testing.assert_array_equal(one.vectors, wanted[order])


ELSEWHERE = """
import json, pickle, resource, sys
import numpy as np
from filtering.embedding.settings import EmbedderSettings, Placement
from filtering.embedding.sentence_transformer import SentenceTransformerEmbedder
def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // (1 if sys.platform != "darwin" else 1024)
embedder = SentenceTransformerEmbedder(EmbedderSettings(sys.argv[1]), Placement("cpu", threads=2))
texts = [f"the light of river {number}, " * (1 + number % 3) for number in range(10_000)]
embedder.embed(texts[:2_000])
before = peak()
for start in (2_000, 4_000):
    embedder.embed(texts[start : start + 2_000])
embedder.embed(texts)
print(peak() - before)
embedders = pickle.load(open(sys.argv[2], "rb"))
texts = json.load(open(sys.argv[3]))
np.save(sys.argv[4], np.hstack([embedder.embed(texts).vectors for embedder in embedders]))
"""
"""Embeds more and more texts, says how much memory has grown, and takes embedders out of a message."""


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory, minilm):
    """Return the size of a message, its embedders, what they found in another process, and its memory."""
    folder = tmp_path_factory.mktemp("elsewhere")
    message, texts, out = (folder / name for name in ("message", "texts", "out.npy"))
    embedders = [minilm, made(make_tiny_model(folder / "prompted", prompts={"document": PROMPT}))]
    message.write_bytes(pickle.dumps(embedders))
    texts.write_text(json.dumps(REAL))
    said = run_python(ELSEWHERE, make_tiny_model(folder / "tiny"), message, texts, out).stdout
    return message.stat().st_size, embedders, np.load(out), int(said)


def test_an_embedder_is_small_as_a_message_and_the_same_in_another_process(elsewhere):
    size, embedders, found, _ = elsewhere
    assert size < 2_000
    assert found.tobytes() == np.hstack([embedder.embed(REAL).vectors for embedder in embedders]).tobytes()


def test_memory_does_not_grow_with_the_number_of_texts(elsewhere):
    *_, grown_kb = elsewhere
    assert grown_kb < 30_000  # all 10,000 tokenised at once take 49,000


def test_an_embedder_whose_model_changed_on_its_way_is_refused(tmp_path):
    folder = make_tiny_model(tmp_path)
    message = pickle.dumps(made(folder))
    assert pickle.loads(message).settings == made(folder).settings
    make_tiny_model(tmp_path, seed=1)
    with pytest.raises(ScorerError, match="Found another"):
        pickle.loads(message)


def test_the_default_embedder_has_384_numbers_and_the_bits_of_its_package(minilm):
    folder, _ = locate(EmbedderSettings(), CPU)
    assert minilm.width == 384
    assert minilm.settings == EmbedderSettings(DEFAULT_EMBEDDER, prompt="", digest=digest_of(folder))
