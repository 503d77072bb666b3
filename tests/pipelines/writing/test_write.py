"""Proves that texts are written by each recipe, and that bad ones are set aside with a reason."""

import json
from dataclasses import replace

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from annotations import load_recipe
from annotations.writing.recipe import recipe_digest
from filtering import load_scorer
from filtering.errors import RunError
from tests.kit.dumps.small import make_texts
from tests.kit.scripted.server import ScriptedServer, completion, text_parts
from tests.kit.scripted.writer import FAULTS, SAME, Writer, said, text
from tests.kit.writing.texts import failed, kept, write

GERMAN = (
    "Die Brücke stand seit vielen Jahren über dem Fluss, und niemand wusste, wer sie gebaut hatte. Eines "
    "Morgens kam ein Mädchen mit einer Laterne vorbei und sah, dass ein Stein fehlte. Sie holte ihren "
    "Bruder, und gemeinsam suchten sie am Ufer, bis die Sonne hoch am Himmel stand und beide müde waren."
)


@pytest.mark.parametrize("recipe", ["textbook", "exercise", "story", "story_instructions", "rewrite"])
def test_a_shipped_recipe_runs_from_its_draws_to_its_files(tmp_path, recipe):
    out = tmp_path / "out"
    more = {"textbook": {"topics": 40}, "rewrite": {"inputs": [str(tmp_path / "d.parquet")]}}.get(recipe, {})
    table = pa.table({"text": make_texts(60), "url": ["https://a.org/x"] * 60})
    pq.write_table(table, tmp_path / "d.parquet")
    with ScriptedServer(Writer()) as server:
        result = write(out, server.base_url, recipe, n=30, **more)
        asked = [text_parts(request.body, "user")[-1] for request in server.requests]
    rows, loaded = kept(out, recipe), load_recipe(recipe)
    assert dict(result.faults) == {}
    assert (result.kept, result.asked, result.exit_code) == (30, 30, 0) == (len(rows), 30, 0)
    assert failed(out) == []
    assert len(set(asked)) == len(asked)
    assert sorted(row["draw"] for row in rows) == list(range(30))
    first = rows[0]
    assert set(loaded.names) <= set(first)
    assert (first["recipe"], first["recipe_sha256"]) == (recipe, recipe_digest(loaded))
    assert (first["model"], first["tokens_in"]) == ("scripted", 100)
    assert first["edu_score"] == pytest.approx(load_scorer(loaded.scorer).score([first["text"]]).value[0])
    wanted = {"a.org"} if recipe == "rewrite" else {row[loaded.group] for row in rows}
    assert {row["group"] for row in rows} == wanted
    if recipe == "story_instructions":
        assert first["text"].startswith(f"Words: {first['noun']}, {first['verb']}, {first['adjective']}\n")
    if recipe == "textbook":
        lines = [json.loads(line) for line in (out / "topics.jsonl").read_text().splitlines()]
        assert len(lines) == len(set(map(tuple, lines))) == 40 == result.topics
        assert [first["subject"], first["topic"]] in lines


@pytest.mark.parametrize("name", sorted(FAULTS.keys() - {"wrong tests"}))  # which are found where code is run
def test_a_faulty_text_is_set_aside_with_its_reason_and_never_kept(tmp_path, own, name):
    recipe = {"broken code": "exercise", "the same": own}.get(name, "story")
    with ScriptedServer(Writer({name: 0.4})) as server:
        result = write(tmp_path / "out", server.base_url, recipe)
    reason, rows = FAULTS[name][1], failed(tmp_path / "out")
    assert dict(result.faults) == {reason: len(rows)}
    assert {row["reason"] for row in rows} == {reason}
    assert result.kept + len(rows) == 20
    assert 2 <= len(rows) < 16
    if name == "the same":  # the first of a likeness stays
        assert [row["text"] for row in kept(tmp_path / "out", "mine")].count(SAME) == 1


def test_stories_without_their_words_are_set_aside(tmp_path):
    def script(request):
        return text(request) if request.count % 2 else completion(text_without_words(request))

    with ScriptedServer(script) as server:
        result = write(tmp_path / "out", server.base_url)
    assert dict(result.faults) == {"lacks a word": 10}


def text_without_words(request):
    body = {"messages": [{"role": "user", "content": "Write about a lamp."}]}
    return said(text(replace(request, body=body)))


def test_texts_of_another_language_are_set_aside(tmp_path, own):
    own.write_text(own.read_text() + 'language = "en"\n')
    with ScriptedServer(lambda one: completion(GERMAN) if one.count % 4 == 3 else text(one)) as server:
        result = write(tmp_path / "out", server.base_url, own)
    assert dict(result.faults) == {"other language": 5}


def test_half_of_a_character_in_a_text_ends_nothing(tmp_path):
    def script(request):
        return completion(said(text(request)).replace("They", "They \ud83d"))

    with ScriptedServer(script) as server:
        result = write(tmp_path / "out", server.base_url, n=5)
    assert result.kept == 5
    assert all("\\ud83d" in row["text"] for row in kept(tmp_path / "out"))


def test_near_duplicates_are_asked_for_again_with_other_draws(tmp_path, own):
    with ScriptedServer(Writer({"the same": 0.4})) as server:
        plain = write(tmp_path / "plain", server.base_url, own, n=10)
        result = write(tmp_path / "fresh", server.base_url, own, n=10, until_fresh=True)
        assert server.count == 20 + result.more_draws
    assert plain.faults["near-duplicate"] > 0
    assert result.kept == 10
    assert result.asked == 10 + result.more_draws == 10 + result.faults["near-duplicate"]
    assert max(row["draw"] for row in kept(tmp_path / "fresh", "mine")) >= 10


def test_asking_again_ends_where_slots_are_used_up_or_nothing_new_comes(tmp_path, own):
    with ScriptedServer(lambda request: completion(SAME)) as server:
        result = write(tmp_path / "out", server.base_url, own, n=3, until_fresh=True)
    # Two of three are copies; then two of two, five times.
    assert (result.kept, result.asked, result.faults["near-duplicate"]) == (1, 13, 12)
    with ScriptedServer(lambda request: completion(SAME)) as server:
        result = write(tmp_path / "other", server.base_url, own, n=19, until_fresh=True)
    assert result.asked == 20 == result.combinations


def test_texts_like_those_of_other_files_are_set_aside(tmp_path, own):
    with ScriptedServer(Writer()) as server:
        write(tmp_path / "one", server.base_url, own)
        others = [str(tmp_path / "one" / "data")]
        seven = [row["text"] for row in kept(tmp_path / "one", "mine")][:7]
        pq.write_table(pa.table({"text": seven}), tmp_path / "seven.parquet")
        result = write(tmp_path / "two", server.base_url, own, against=others)
        some = write(tmp_path / "three", server.base_url, own, against=[str(tmp_path / "seven.parquet")])
        other = write(tmp_path / "four", server.base_url, "story", against=others)
    assert result.kept == 0
    assert dict(result.faults) == {"near-duplicate of --against": 20}
    assert dict(some.faults) == {"near-duplicate of --against": 7}
    assert not other.faults


def test_texts_that_hold_a_task_of_a_benchmark_are_set_aside(tmp_path, own):
    task = (
        "Write a function that takes the heights of the tides on the northern quay, sorts them by the hour "
        "at which the watchman wrote them down, and returns the widest gap between two in a row."
    )
    record = {"task_id": "T/0", "prompt": task, "canonical_solution": "", "test": "", "entry_point": "gap"}
    (tmp_path / "bench.jsonl").write_text(json.dumps(record) + "\n")

    def script(request):
        answer = said(text(request))
        return completion(f"{answer} {task}" if request.count in (2, 9) else answer)

    with ScriptedServer(script) as server:
        benchmarks = [str(tmp_path / "bench.jsonl")]
        result = write(tmp_path / "out", server.base_url, own, decontaminate=benchmarks, concurrency=1)
    assert dict(result.faults) == {"holds a benchmark's task": 2}


def test_where_no_reply_is_a_text_it_is_not_called_done_and_says_why(tmp_path, own):
    with ScriptedServer(Writer({"short": 1.0})) as server, pytest.raises(RunError) as caught:
        write(tmp_path / "out", server.base_url, own)
    assert "None of 20 is one: 20 x too short. Try a model that follows orders better" in str(caught.value)


def test_a_model_that_writes_no_text_is_not_paid_for_all_of_them(tmp_path):
    with ScriptedServer(Writer({"refusal in words": 1.0})) as server, pytest.raises(RunError) as caught:
        write(tmp_path / "out", server.base_url, n=500, concurrency=1)
    assert server.count == 25
    assert "25 x refusal" in str(caught.value)


def test_most_texts_may_be_bad_without_an_end(tmp_path):
    with ScriptedServer(Writer({"short": 0.8})) as server:
        result = write(tmp_path / "out", server.base_url, n=200)
    assert 20 < result.kept < 60
    assert result.exit_code == 0
