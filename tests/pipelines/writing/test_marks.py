"""Proves that texts are graded by the rubric of their recipe, and kept by grade and score."""

import json

import pyarrow.parquet as pq
import pytest

from annotations import load_rubric, read_labels
from annotations.labels.label_rubric import rubric_of
from filtering.errors import LabelsError
from pipelines.writing.text_folder import data_file
from tests.kit.scripted.server import ScriptedServer, refused
from tests.kit.scripted.writer import Writer
from tests.kit.writing.texts import failed, kept, write


def test_a_second_model_grades_each_text_by_each_dimension(tmp_path):
    with ScriptedServer(Writer()) as server:
        result = write(tmp_path / "out", server.base_url, grader="judge")
        graded = [one for one in server.requests if one.body["model"] == "judge"]
    assert len(graded) == 20
    rows = kept(tmp_path / "out")
    assert set(result.grades) == {"grammar", "creativity", "consistency"}
    for row in rows:
        dimensions = [row[f"score_{name}"] for name in result.grades]
        assert row["score"] == pytest.approx(sum(dimensions) / 3)
        assert row["grader"] == "judge"
    assert result.grades["grammar"] == pytest.approx(sum(row["score_grammar"] for row in rows) / 20)


def test_what_is_kept_lies_above_either_cut(tmp_path):
    with ScriptedServer(Writer()) as server:
        write(tmp_path / "out", server.base_url, grader="judge", n=40)
        everything = kept(tmp_path / "out")
        grades = sorted(row["score"] for row in everything)
        scores = sorted(row["edu_score"] for row in everything)
        cut = {"keep_grade": grades[20], "keep_at": scores[10]}
        asked = server.count
        result = write(tmp_path / "out", server.base_url, grader="judge", n=40, **cut)
        assert server.count == asked  # another cut asks nothing
    good = [
        {**row, "picked": "unknown"}  # no longer at random
        for row in everything
        if row["score"] >= grades[20] and row["edu_score"] >= scores[10]
    ]
    assert kept(tmp_path / "out") == good
    assert result.kept == len(good) < 40
    for row in failed(tmp_path / "out"):
        low = {"low grade": row["score"] < grades[20], "low edu_score": row["edu_score"] < scores[10]}
        assert low[row["reason"]]


def test_a_text_without_a_grade_is_kept_only_where_none_is_asked_for(tmp_path):
    def script(request):
        is_third = request.body["model"] == "judge" and request.count % 3 == 0
        return refused() if is_third else Writer()(request)

    with ScriptedServer(script) as server:
        result = write(tmp_path / "out", server.base_url, grader="judge", n=30)
        missing = [row for row in kept(tmp_path / "out") if row["score"] is None]
        assert len(missing) == 10
        with pytest.raises(LabelsError, match="With --keep-grade 0 it keeps graded texts alone"):
            read_labels(str(data_file(str(tmp_path / "out"), "story")))
        assert result.kept == 30
        cut = write(tmp_path / "out", server.base_url, grader="judge", n=30, keep_grade=0.0)
    assert dict(cut.faults) == {"no grade": 10}


def test_another_rubric_and_another_scorer_may_be_named(tmp_path):
    with ScriptedServer(Writer()) as server:
        result = write(
            tmp_path / "out", server.base_url, grader="judge", grade_rubric="web", scorer="code", n=5
        )
    assert set(result.grades) == {"educational_value"}
    assert result.scorer == "code"
    columns = pq.read_schema(data_file(str(tmp_path / "out"), "story")).names
    assert [name for name in columns if name.startswith("score")] == ["score"]


def test_graded_texts_are_labels_that_name_their_rubric(tmp_path):
    with ScriptedServer(Writer()) as server:
        write(tmp_path / "out", server.base_url, grader="judge", n=120)
    path = str(data_file(str(tmp_path / "out"), "story"))
    labels, rows = read_labels(path), kept(tmp_path / "out")
    assert labels.scores.tolist() == [row["score"] for row in rows]
    assert list(labels.groups) == [row["noun"] for row in rows]
    assert rubric_of(path) == load_rubric("story")
    assert labels.origin_known
    assert labels.unbiased.all()


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ({"grader": "judge"}, r"Found 30\. Have more texts written and graded: the same 'edufilter write'"),
        ({}, "It has no 'score'.* The same 'edufilter write' with --grade MODEL"),
    ],
)
def test_who_trains_on_too_little_that_was_written_is_told_to_have_more_written(tmp_path, more, told):
    with ScriptedServer(Writer()) as server:
        write(tmp_path / "out", server.base_url, n=30, **more)
    with pytest.raises(LabelsError, match=told):
        read_labels(str(data_file(str(tmp_path / "out"), "story")))


def test_a_folder_of_texts_is_no_folder_of_labels_and_says_what_is(tmp_path, command):
    with ScriptedServer(Writer()) as server:
        write(tmp_path / "out", server.base_url, n=2)
    done = command("train", tmp_path / "out", "--out", tmp_path / "scorer")
    assert done.code == 2
    assert f"{tmp_path / 'out'} is one: name a file below {tmp_path / 'out'}/data." in done.err


def test_the_grader_is_asked_by_a_form_and_the_writer_is_not(tmp_path):
    with ScriptedServer(Writer()) as server:
        write(tmp_path / "out", server.base_url, grader="judge", n=3)
        bodies = [one.body for one in server.requests]
        forms = {one["model"]: one.get("response_format", {}).get("type") for one in bodies}
    assert forms == {"scripted": None, "judge": "json_schema"}


def test_a_grader_by_the_scripted_words_gives_grades_of_the_scale(tmp_path):
    with ScriptedServer(Writer()) as server:
        write(tmp_path / "out", server.base_url, "exercise", grader="judge", n=4)
    assert all(row["score"] in range(6) for row in kept(tmp_path / "out", "exercise"))


def test_the_summary_holds_what_the_command_prints_as_json(tmp_path, command):
    with ScriptedServer(Writer()) as server:
        done = command(
            *("write", "story", "--model", "scripted", "--base-url", server.base_url, "--n", 5),
            *("--grade", "judge", "--out", tmp_path / "out", "--json"),
        )
    assert done.code == 0, done.said
    printed, stored = json.loads(done.out), json.loads((tmp_path / "out" / "summary.json").read_text())
    assert printed == stored
