"""Proves that a stranger's scorer is refused by name, whatever was forged in it, and runs nothing."""

import hashlib
import json
import os
import shutil
from dataclasses import replace

import numpy as np
import pytest

from filtering import EmbeddingScorer, Placement, load_scorer, save_scorer
from filtering.embedding.settings import EmbedderSettings
from filtering.errors import ScorerError, SettingsError
from filtering.fitting.fit_heads import fit_stage
from filtering.scoring import scorer_files
from filtering.scoring.cascade_exits import PairedScores
from filtering.scoring.scorer_files import read_metrics
from filtering.scoring.storage import read_scorer
from tests.kit.scorers.fitted import made_data, made_scorer
from tests.kit.scorers.saved import rewrite
from tests.kit.scorers.tiny_models import make_tiny_model

CPU = Placement(device="cpu", threads=1)


@pytest.fixture(scope="module")
def pristine(tmp_path_factory):
    """Return the folder of a scorer of two stages, with pairs made up, and of its embedder."""
    from filtering.embedding.sentence_transformer import SentenceTransformerEmbedder  # imports torch

    root = tmp_path_factory.mktemp("forged")
    folder = make_tiny_model(root / "embedder")
    embedder = SentenceTransformerEmbedder(EmbedderSettings(name=str(folder), max_tokens=32), CPU)
    data = made_data(120)
    data = replace(data, embeddings=embedder.embed([text.decode() for text in data.texts]).vectors)
    points = np.linspace(0, 5, 2000, dtype=np.float32)
    pairs = PairedScores(points, points, np.arange(2000, dtype=np.int32), held_out=True)
    stage = fit_stage(data, "joint", "linear", embedder.settings)
    scorer = EmbeddingScorer(made_scorer(), stage, embedder, paired=pairs)
    save_scorer(scorer, str(root / "scorer"), metrics={"a": 1}, card="# Card\n")
    return root


@pytest.fixture
def forged(pristine, tmp_path):
    """Return a copy of it that a test may change; the embedder is the copy's own."""
    shutil.copytree(pristine, tmp_path / "forged")
    change_embedder(tmp_path / "forged" / "scorer", name=str(tmp_path / "forged" / "embedder"))
    return tmp_path / "forged" / "scorer"


def change_embedder(scorer, **changed):
    stage = json.loads((scorer / "scorer.json").read_text())["embedding"]
    embedder = {name: one for name, one in (stage["embedder"] | changed).items() if one is not ...}
    rewrite(scorer, embedding=stage | {"embedder": embedder})


def load_all(folder):
    """Load a scorer in every way; all that may come of it is an error that names it."""
    for effort in ("fast", "full", "balanced"):
        load_scorer(str(folder), effort=effort, placement=CPU)
    read_scorer(str(folder))
    read_metrics(str(folder))


def test_a_scorer_that_agrees_to_code_by_itself_runs_none(forged, tmp_path):
    make_tiny_model(forged.parent / "embedder", brings_code=True)
    change_embedder(forged, trust_remote_code=True)
    with pytest.raises(SettingsError, match=r"brings code of its own.*--trust-remote-code"):
        load_scorer(str(forged), effort="full", placement=CPU)
    assert not (forged.parent / "embedder" / "ran").exists()


def test_what_earlier_versions_noted_of_code_is_read_over(forged):
    for noted in (True, False, "yes"):
        change_embedder(forged, trust_remote_code=noted)
        load_scorer(str(forged), effort="full", placement=CPU)


@pytest.mark.parametrize(
    "digest", ["", ..., None, 5, "0" * 63, "g" * 64, "A" * 64, "0" * 64 + "\n"], ids=repr
)
def test_a_scorer_without_a_digest_of_its_embedder_is_not_loaded(forged, digest):
    change_embedder(forged, digest=digest)
    with pytest.raises(ScorerError, match="'digest'"):
        load_scorer(str(forged), effort="full", placement=CPU)


def test_another_embedder_under_the_name_is_refused(forged):
    change_embedder(forged, digest="0" * 64)
    with pytest.raises(ScorerError, match="must be the one that the scorer was trained with"):
        load_scorer(str(forged), effort="full", placement=CPU)


def nested(depth):
    value = []
    for _ in range(depth):
        value = [value]
    return value


ODD = {
    "null": None, "true": True, "a word": "abc", "long": "a" * 100_000, "control": "\ud800\x1b[31m",
    "a list": [[]], "an object": {"a": {}}, "deep nesting": nested(150), "a huge number": 10**4000,
    "infinity": float("inf"), "NaN": float("nan"), "below nought": -1e308, "1e308": 1e308,
}  # fmt: skip


def places(value, path=()):
    """Yield the path of each value within a description; of lists the first."""
    yield path
    inside = (
        value.items() if isinstance(value, dict) else enumerate(value[:1]) if isinstance(value, list) else ()
    )
    for key, one in inside:
        yield from places(one, (*path, key))


def with_value(description, path, value):
    if not path:
        return value
    copy = dict(description) if isinstance(description, dict) else list(description)
    copy[path[0]] = with_value(copy[path[0]], path[1:], value)
    return copy


@pytest.mark.parametrize("odd", ODD.values(), ids=ODD)
def test_an_odd_value_anywhere_in_a_description_is_an_error_that_names_the_scorer_or_none(forged, odd):
    whole = json.loads((forged / "scorer.json").read_text())
    refused = 0
    for path in list(places(whole)):
        if path[:1] in ((), ("seal",), ("metrics",)):
            continue
        rewrite(forged, **with_value(whole, path, odd))
        try:
            load_all(forged)
        except (ScorerError, SettingsError) as error:
            assert len(str(error)) < 3000  # noqa: PT017 - of those that are raised
            refused += 1
    assert refused > 20


@pytest.mark.parametrize("opening", ["[", '{"a":', '{"format": 3, "kind": ['])
@pytest.mark.parametrize("depth", [900, 200_000])
def test_deep_nesting_in_a_description_is_a_fault_of_the_scorer(forged, opening, depth):
    closing = {"[": "]", '{"a":': "}", '{"format": 3, "kind": [': "]}"}[opening]
    for content in (opening * depth, opening * depth + "0" + closing * depth):
        (forged / "scorer.json").write_text(content)
        with pytest.raises(ScorerError, match="must describe a scorer"):
            load_all(forged)


@pytest.mark.parametrize("depth", range(300, 1000, 25))
def test_what_python_can_just_read_and_not_write_again_is_a_fault_of_the_scorer(forged, depth):
    whole = json.loads((forged / "scorer.json").read_text())
    text = json.dumps(whole | {"metrics": "HERE"}).replace(
        '"HERE"', '{"a": ' + "[" * depth + "]" * depth + "}"
    )
    (forged / "scorer.json").write_text(text)
    with pytest.raises(ScorerError, match=r"must describe a scorer|must be as it was saved"):
        load_all(forged)


@pytest.mark.parametrize("number", ["9" * 5000, "-" + "9" * 5000, "1e999", "-1e999", "NaN", "Infinity"])
def test_numbers_beyond_all_others_are_a_fault_of_the_scorer(forged, number):
    whole = json.loads((forged / "scorer.json").read_text())
    text = json.dumps(whole | {"bias": "HERE"}).replace('"HERE"', number)
    (forged / "scorer.json").write_text(text)
    with pytest.raises(ScorerError):
        load_all(forged)


def link(path, target):
    path.unlink()
    path.symlink_to(target)


def pipe(path):
    path.unlink()
    os.mkfifo(path)


def move_out(path):
    path.rename(path.parents[1] / "moved")
    path.symlink_to(path.parents[1] / "moved")


def move_out_by_a_folder(path):
    move_out(path)
    (path.parent / "away").symlink_to(path.parents[1])
    link(path, "away/moved")


def swell(path):
    with path.open("ab") as file:
        file.truncate(scorer_files.SCORER_BYTES + 1)


FILES = {
    "an endless device": (lambda path: link(path, "/dev/zero"), "regular file"),
    "a pipe": (pipe, "regular file"),
    "a folder": (lambda path: (path.unlink(), path.mkdir()), "regular file"),
    "a link that leads out": (move_out, "link that leads out"),
    "a link by a folder that leads out": (move_out_by_a_folder, "link that leads out"),
    "more than a scorer has": (swell, "must have at most"),
    "a link in a circle": (lambda path: link(path, path.name), "must be readable|must be .* a folder"),
}  # fmt: skip


@pytest.mark.parametrize(
    "name", ["scorer.json", "signals.safetensors", "embedding.safetensors", "pairs.safetensors"]
)
@pytest.mark.parametrize(("forge", "message"), FILES.values(), ids=FILES)
def test_a_file_of_a_scorer_that_is_none_is_refused_and_not_read(forged, name, forge, message):
    forge(forged / name)
    with pytest.raises((ScorerError, SettingsError), match=message):
        load_all(forged)


def test_a_link_within_the_folder_of_a_scorer_is_followed(forged):
    (forged / "signals.safetensors").rename(forged / "real")
    (forged / "signals.safetensors").symlink_to("real")
    load_all(forged)
    forged.with_name("linked").symlink_to(forged)
    load_all(forged.with_name("linked"))


def test_all_files_of_a_scorer_together_are_bounded(forged, monkeypatch):
    largest = max(path.stat().st_size for path in forged.iterdir())
    monkeypatch.setattr(scorer_files, "SCORER_BYTES", largest + 1000)
    with pytest.raises(ScorerError, match="must have at most"):
        load_all(forged)


def test_arrays_of_a_number_that_numpy_has_not_are_a_fault_of_the_scorer(forged):
    header = json.dumps({"a": {"dtype": "BF16", "shape": [1], "data_offsets": [0, 2]}}).encode()
    content = len(header).to_bytes(8, "little") + header + b"\0\0"
    (forged / "signals.safetensors").write_bytes(content)
    files = json.loads((forged / "scorer.json").read_text())["files"]
    rewrite(forged, files=files | {"signals.safetensors": hashlib.sha256(content).hexdigest()})
    with pytest.raises(ScorerError, match="scorer must hold a whole scorer"):
        load_all(forged)


def test_a_forged_scorer_gives_the_scores_of_the_one_it_was_copied_from(forged, pristine):
    texts = ["A prime has two divisors.", "Buy now!"]
    one, other = (load_scorer(str(at), effort="full", placement=CPU) for at in (forged, pristine / "scorer"))
    np.testing.assert_array_equal(one.score(texts).value, other.score(texts).value)
