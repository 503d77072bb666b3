"""Proves that folders of transformers models write on after beginnings: once, and as their seed says."""

import json

import pytest

from filtering.errors import SettingsError
from pipelines import estimate_grading, grade_texts
from pipelines.writing.grading.completions import model_names
from pipelines.writing.grading.sampled import Writer
from tests.kit.labels.annotating import KEY
from tests.kit.runs.outcomes import QUIET
from tests.kit.scripted.server import ScriptedServer
from tests.kit.writing.grading import PROMPTS, count_hens, grade_config, parts_of, write_model, write_prompts

HOW = {"length": 6, "batch": 4, "sampling_temperature": 1.0}


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return write_model(tmp_path_factory.mktemp("models") / "kept-1")


@pytest.fixture(scope="module")
def writer(model):
    return Writer(model, "cpu")


def test_what_is_written_follows_from_the_seed(writer):
    first = writer.write_on(PROMPTS, seed=1, **HOW)
    assert first == writer.write_on(PROMPTS, seed=1, **HOW)
    assert first != writer.write_on(PROMPTS, seed=2, **HOW)
    assert len(set(first)) == len(PROMPTS)
    for prompt, text in zip(PROMPTS, first, strict=True):
        assert text
        assert not text.startswith(prompt)


def test_tokens_are_counted_as_they_are_drawn_and_come_to_the_length_of_each_batch(writer):
    counted = []
    first = writer.write_on(PROMPTS, seed=1, wrote=counted.append, **HOW)
    assert first == writer.write_on(PROMPTS, seed=1, **HOW)
    assert sum(counted) == 2 * HOW["length"]
    assert counted.count(1) > 2


def test_a_beginning_repeated_is_written_on_differently_each_time(writer):
    assert len(set(writer.write_on(PROMPTS[:1] * 6, seed=1, **HOW))) > 3


def test_long_beginnings_lose_their_beginning_and_a_length_that_does_not_fit_is_refused(writer):
    [text] = writer.write_on(["and so on " * 200], seed=1, **HOW)
    assert text
    with pytest.raises(SettingsError, match=r"--length must be below the 64 tokens"):
        writer.write_on(PROMPTS, seed=1, **{**HOW, "length": 64})


def test_models_of_two_folders_are_graded_on_the_same_beginnings(model, tmp_path, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    other = write_model(tmp_path / "random-1", seed=9)
    prompts = write_prompts(tmp_path / "prompts.jsonl", PROMPTS[:3])
    values = {"prompts": prompts, "from_models": (model, other), "length": 4, "per_prompt": 2, "batch": 4}
    assert estimate_grading(grade_config(tmp_path, **values)).questions == 12
    with ScriptedServer(count_hens) as server:
        config = grade_config(tmp_path, base_url=server.base_url, **values)
        result = grade_texts(config, reporter=QUIET)
        first = server.count
        assert {parts_of(request)[0] for request in server.requests} == set(PROMPTS[:3])
        again = grade_texts(config, reporter=QUIET)
        assert server.count == first  # the texts are the same: nothing was written or asked anew
        longer = grade_config(tmp_path, base_url=server.base_url, **{**values, "length": 5})
        grade_texts(longer, reporter=QUIET)
        assert server.count > first
    assert {one.name for one in result.models} == {"kept-1", "random-1"}
    assert all(one.completions == 6 for one in result.models)
    assert result.prompts == 3
    assert again.models == result.models


def test_a_folder_that_is_no_model_or_brings_code_is_refused_before_anything_is_asked(model, tmp_path):
    prompts = write_prompts(tmp_path / "prompts.jsonl")

    def refusal(folder):
        with pytest.raises(SettingsError) as caught:
            grade_texts(grade_config(tmp_path, prompts=prompts, from_models=(str(folder),)), reporter=QUIET)
        assert not (tmp_path / "grades").exists()
        return str(caught.value)

    empty = tmp_path / "empty"
    empty.mkdir()
    assert "must be a folder that transformers saved. Found no config.json in it." in refusal(empty)
    assert refusal(tmp_path / "nowhere") == (
        f"--from-model '{tmp_path / 'nowhere'}' must be a folder that transformers saved. There is none."
    )
    own = tmp_path / "own"
    write_model(own)
    config = json.loads((own / "config.json").read_text())
    (own / "config.json").write_text(json.dumps({**config, "auto_map": {"AutoModel": "own.Own"}}))
    assert "names code of its own" in refusal(own)
    (own / "config.json").write_text(json.dumps(config))
    (own / "model.safetensors").rename(own / "pytorch_model.bin")
    assert "pickled ones are refused" in refusal(own)


def test_a_model_of_another_kind_is_refused(tiny_model):
    with pytest.raises(SettingsError, match="must be one that writes"):
        Writer(str(tiny_model), "cpu")


def test_names_of_models_are_short_where_they_tell_them_apart():
    assert model_names(["a/x", "b/y/"]) == ["x", "y"]
    assert model_names(["a/x", "b/x"]) == ["a/x", "b/x"]
