"""Proves that full effort gives one score everywhere: by run, API or command, alone or among others."""

import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from filtering import load_scorer
from filtering.text.windows import window_text
from pipelines import FilterConfig, filter_dump
from pipelines.run_folder.folder import RunFolder
from tests.kit.dumps.small import CUT, make_texts, tables, write_dump
from tests.kit.runs.full_effort import CPU, FULL
from tests.kit.runs.outcomes import QUIET


def bits(values):
    """Return the bits of scores, with those of NaN where there is none."""
    return (
        np.array([np.nan if value is None else value for value in values], np.float32)
        .view(np.uint32)
        .tolist()
    )


@pytest.fixture(scope="session")
def scorer(two_stages):
    return load_scorer(two_stages.out, effort="full", placement=CPU)


@pytest.fixture(scope="session")
def texts(source):
    return tables(source)["text"].to_pylist()


@pytest.fixture(scope="session")
def scores(scorer, texts):
    return scorer.score(texts)


def test_a_run_gives_the_very_scores_of_the_api_and_stores_them_too(full_finished, texts, scores):
    data = tables(full_finished / "data")
    assert data["text"].to_pylist() == texts
    assert bits(data["edu_score"].to_pylist()) == bits(scores.value)
    assert data["edu_keep"].to_pylist() == (scores.value >= CUT).tolist()
    assert 0 < sum(data["edu_keep"].to_pylist()) < len(texts)
    stored = tables(full_finished / "run" / "scores")
    assert bits(stored["edu_score"].to_pylist()) == bits(scores.value)


def test_a_run_that_writes_scores_alone_gives_the_same(full, full_finished, tmp_path):
    filter_dump(FilterConfig(**full | {"write": "scores"}, out=tmp_path / "out"), reporter=QUIET)
    found, wanted = (tables(out / "run" / "scores") for out in (tmp_path / "out", full_finished))
    assert found.drop_columns(["edu_unsure"]).equals(wanted.drop_columns(["edu_unsure"]))
    assert set(found["edu_unsure"].to_pylist()) == {0}  # of rows that are not written nobody asks for it
    assert len(found) == len(wanted) > 0


def test_a_text_alone_gets_the_score_that_it_gets_among_others(scorer, texts, scores):
    alone = [scorer.score([text]).value[0] for text in texts[::7]]
    assert bits(alone) == bits(scores.value[::7])


def test_both_stages_tell_texts_apart_in_their_own_way(two_stages, texts, scores):
    fast = load_scorer(two_stages.out).score(texts)
    scored = scores.reason == 0
    assert fast.reason.tolist() == scores.reason.tolist()
    assert np.mean(fast.value[scored] != scores.value[scored]) > 0.9
    assert np.std(scores.value[scored]) > 0.5


def test_score_prints_the_same(command, two_stages, scores, texts, tmp_path):
    places = [0, 1, 2, 150, 151, len(texts) - 3]
    for place in places:
        (tmp_path / f"{place}.txt").write_bytes((texts[place] or "").encode())
    paths = [tmp_path / f"{place}.txt" for place in places]
    outcome = command("score", *paths, "-s", two_stages.out, *FULL)
    assert outcome.code == 0
    shown = [line.split("\t")[0] for line in outcome.out.splitlines()]
    # A file is empty where a row has no text.
    assert shown == ["empty", "empty", "white-space", *(f"{scores.value[place]:.2f}" for place in places[3:])]
    lines = command("score", *paths, "-s", two_stages.out, *FULL, "--json").out.splitlines()
    for line, place in zip(map(json.loads, lines), places, strict=True):
        value = float(scores.value[place])
        assert line["score"] == (None if np.isnan(value) else round(value, 4))


def test_the_second_stage_decided_where_there_is_a_score(full, full_finished, texts, tmp_path):
    stages = tables(full_finished / "run" / "scores")["edu_stage"].to_pylist()
    assert stages == [2 if text and text.strip() else 0 for text in texts]
    filter_dump(FilterConfig(**full | {"effort": "fast"}, out=tmp_path / "fast"), reporter=QUIET)
    fast = tables(tmp_path / "fast" / "run" / "scores")["edu_stage"].to_pylist()
    assert fast == [1 if stage else 0 for stage in stages]


def test_a_dictionary_of_texts_gets_the_same_scores(full, scorer, tmp_path):
    texts = [*make_texts(40), None, ""] * 3
    pq.write_table(
        pa.table({"text": pa.array(texts).dictionary_encode()}), tmp_path / "a.parquet", row_group_size=50
    )
    settings = full | {"inputs": [str(tmp_path / "a.parquet")]}
    filter_dump(FilterConfig(**settings, out=tmp_path / "out"), reporter=QUIET)
    found = tables(tmp_path / "out" / "data")
    assert pa.types.is_dictionary(found.schema.field("text").type)
    once = scorer.score(texts[:42]).value
    assert bits(found["edu_score"].to_pylist()) == bits(np.tile(once, 3))


def test_more_rows_than_are_embedded_at_a_time_keep_their_order(full, scorer, tmp_path):
    write_dump(tmp_path / "in", rows=(1300,), row_group_size=1300)
    settings = full | {"inputs": [str(tmp_path / "in")], "rows_per_part": 10_000, "workers": 2}
    filter_dump(FilterConfig(**settings, out=tmp_path / "out"), reporter=QUIET)
    found = tables(tmp_path / "out" / "data")
    assert found["id"].to_pylist() == list(range(1300))
    assert bits(found["edu_score"].to_pylist()) == bits(scorer.score(found["text"]).value)


def test_tokens_are_counted_as_the_embedder_counts_them(full_finished, scorer, texts):
    windows = [window_text(text.encode()) for text in texts if text and text.strip()]
    found = scorer.embedder.embed(windows)
    wanted = (int(found.tokens.sum()), int(found.tokens_read.sum()))
    manifest = json.loads((full_finished / "run" / "manifest.json").read_text())
    assert (manifest["tokens"], manifest["tokens_read"]) == wanted
    assert 0 < wanted[1] < wanted[0]
    folder = RunFolder(str(full_finished))
    receipts = pa.concat_tables(folder.receipts_in_order(folder.read_plan().parts))
    by_part = pq.read_table(full_finished / "run" / "manifest.parquet")
    for name, total in zip(("tokens", "tokens_read"), wanted, strict=True):
        assert by_part[name].to_pylist() == receipts[name].to_pylist()
        assert sum(by_part[name].to_pylist()) == total
