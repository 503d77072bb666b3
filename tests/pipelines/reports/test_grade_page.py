"""Proves what the page of grades and the command show, also of names and texts that are hostile."""

import json

import pytest

from pipelines import grade_texts
from pipelines.page_kit.page import SCRIPT
from pipelines.reports.grade_page import write_grade_page
from tests.kit.labels.annotating import KEY
from tests.kit.pages.run_pages import Page
from tests.kit.runs.outcomes import QUIET
from tests.kit.scripted.server import ScriptedServer, refused
from tests.kit.writing.grading import (
    GOOD,
    POOR,
    PROMPTS,
    count_hens,
    grade_config,
    parts_of,
    write_completions,
)

HOSTILE = "</pre><script>window.harm = 1</script><img src=x onerror='window.harm = 1'>"


@pytest.fixture(autouse=True)
def _key(monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", KEY)


def graded(tmp_path, texts, **settings):
    path = write_completions(tmp_path / "texts.parquet", texts)
    with ScriptedServer(count_hens) as server:
        config = grade_config(tmp_path, texts=path, base_url=server.base_url, **settings)
        return grade_texts(config, reporter=QUIET)


def test_the_page_has_a_table_by_model_and_texts_beside_each_other(tmp_path):
    page = Page(write_grade_page(graded(tmp_path, {"good": GOOD, "poor": POOR, "mute": " "})).read_text())
    for said in ("4.00 to 4.00", "-3.00 to -3.00", "highest", "worse", "grammar", "graded by scripted"):
        assert said in page.text, said
    assert "The grader is not asked about an empty text" in page.text
    assert "It wrote nothing." in page.text
    assert "mean of dimensions" in page.text
    for text in (GOOD, POOR, *PROMPTS):
        assert any(pre.strip() == text.strip() for pre in page.pres)
    figures = json.loads((tmp_path / "grades" / "grades.json").read_text())
    assert [one["name"] for one in figures["models"]] == ["good", "poor", "mute"]
    assert "examples" not in figures


def test_of_a_rubric_of_one_dimension_each_figure_stands_once(tmp_path):
    page = Page(write_grade_page(graded(tmp_path, {"good": GOOD}, rubric="web", samples=False)).read_text())
    assert page.text.count("4.00 to 4.00") == 1
    assert "mean of dimensions" not in page.text


def test_names_and_texts_of_others_are_text_and_nothing_else(tmp_path):
    result = graded(tmp_path, {HOSTILE: f"{GOOD} {HOSTILE}"})
    page = Page(write_grade_page(result).read_text())
    assert not {tag for tag, _ in page.tags} & {"img", "iframe", "link", "base"}
    assert page.html.count(SCRIPT) == [tag for tag, _ in page.tags].count("script") == 1
    assert any(HOSTILE in pre for pre in page.pres)


def test_without_samples_the_page_holds_no_text(tmp_path):
    page = write_grade_page(graded(tmp_path, {"good": GOOD}, samples=False)).read_text()
    assert PROMPTS[0] not in page
    assert "What models wrote" not in page


def test_the_command_prints_the_table_and_where_the_page_is(tmp_path, command):
    texts = write_completions(tmp_path / "texts.parquet", {"good": GOOD, "poor": POOR})
    out = tmp_path / "out"
    with ScriptedServer(count_hens) as server:
        words = ("grade", texts, "--model", "scripted", "--base-url", server.base_url, "--out", out)
        dry = command(*words, "--dry-run")
        assert "12 of 12 questions to ask, for 12 texts" in dry.out
        assert server.count == 0
        done = command(*words)
        found = json.loads(command(*words, "--json").out)
        assert server.count == 12
    assert done.code == 0, done.err
    assert "highest: good; worse: poor" in done.out
    assert f"read {out}/grades.html" in done.out
    assert [one["name"] for one in found["models"]] == ["good", "poor"]
    assert (out / "grades.html").is_file()


@pytest.mark.parametrize(
    ("count", "told"),
    [
        (6, "highest: good; worse: poor"),
        (3, "highest: good; too few beginnings: poor\nIntervals need 5 beginnings"),
    ],
)
def test_the_command_says_why_a_model_is_not_called_worse(tmp_path, command, count, told):
    texts = write_completions(tmp_path / "texts.parquet", {"good": GOOD, "poor": POOR}, PROMPTS[:count])
    with ScriptedServer(count_hens) as server:
        words = ("grade", texts, "--model", "scripted", "--base-url", server.base_url)
        assert told in command(*words, "--out", tmp_path / "out").out


def test_texts_are_told_by_the_same_words_on_the_page_and_by_the_command(tmp_path, command):
    def refuses_one(request):
        return refused() if parts_of(request)[1] == POOR else count_hens(request)

    texts = write_completions(tmp_path / "texts.parquet", {"good": GOOD, "poor": POOR, "mute": " "})
    with ScriptedServer(refuses_one) as server:
        words = ("grade", texts, "--model", "scripted", "--base-url", server.base_url)
        said = command(*words, "--out", tmp_path / "out").out
    assert "texts: 6 graded, 6 refused by the grader, 6 empty" in said
    page = Page((tmp_path / "out" / "grades.html").read_text()).text
    assert "6 empty, 6 without a grade" in page
    assert "refused by the grader" in page


def test_that_other_texts_leave_the_table_is_said_and_they_come_back_for_nothing(tmp_path, command):
    few, many = tmp_path / "few.parquet", tmp_path / "many.parquet"
    write_completions(few, {"good": GOOD})
    write_completions(many, {"good": GOOD, "poor": POOR})
    with ScriptedServer(count_hens) as server:

        def grade(texts, *more):
            words = ("--model", "scripted", "--base-url", server.base_url, "--out", tmp_path / "out")
            return command("grade", texts, *words, *more).err

        assert "raded here" not in grade(few)
        assert "raded here" not in grade(many)  # more texts take nothing away
        assert "Graded here before, and not among these: 6 of 12 texts." in grade(few)
        assert "graded by scripted by the rubric story, and now are by scripted by the rubric web." in grade(
            few, "--rubric", "web"
        )
        count = server.count
        grade(many, "--rubric", "story")
        assert server.count == count
