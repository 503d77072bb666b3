"""Proves what the page of grades and the command show, also of names and texts that are hostile."""

import json

import pytest
from annotating import KEY
from grading import GOOD, POOR, PROMPTS, count_hens, grade_config, write_completions
from run_pages import Page
from runs import QUIET
from scripted_server import ScriptedServer

from pipelines import grade_texts
from pipelines.page_kit.page import SCRIPT
from pipelines.reports.grade_page import write_grade_page

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
    assert "no grader was asked" in page.text
    for text in (GOOD, POOR, *PROMPTS):
        assert any(pre.strip() == text.strip() for pre in page.pres)
    figures = json.loads((tmp_path / "grades" / "grades.json").read_text())
    assert [one["name"] for one in figures["models"]] == ["good", "poor", "mute"]
    assert "examples" not in figures


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
        assert "12 of 12 questions to ask, about 12 texts" in dry.out
        assert server.count == 0
        done = command(*words)
        found = json.loads(command(*words, "--json").out)
        assert server.count == 12
    assert done.code == 0, done.err
    assert "highest: good; worse: poor" in done.out
    assert f"read {out}/grades.html" in done.out
    assert [one["name"] for one in found["models"]] == ["good", "poor"]
    assert (out / "grades.html").is_file()
