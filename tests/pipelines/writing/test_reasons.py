"""Proves that each reason against a text says what it means, and of a single text what exactly is wrong."""

import re
from dataclasses import replace

import pytest

from annotations.writing.checks import REASONS
from annotations.writing.forms import TEXTS
from pipelines.reports.writing_page import render_page
from pipelines.writing.attempts import WITHOUT_REPLY
from pipelines.writing.marks import MARKED
from pipelines.writing.reasons import MEANINGS
from pipelines.writing.sieve import SIFTED
from tests.kit.pages.run_pages import Page
from tests.kit.scripted.server import ScriptedServer, completion
from tests.kit.scripted.writer import SAME, Writer, said, text
from tests.kit.writing.texts import failed, kept, write


def test_each_reason_that_is_ours_has_a_meaning():
    assert {*REASONS, *WITHOUT_REPLY, *TEXTS.called.values(), *MARKED, *SIFTED} <= set(MEANINGS)


def test_of_a_text_of_a_wrong_length_its_words_and_those_allowed_are_told(tmp_path, own):
    with ScriptedServer(Writer({"short": 0.5})) as server:
        write(tmp_path / "out", server.base_url, own)
        assert {row["detail"] for row in failed(tmp_path / "out")} == {"3 words, of at least 40"}
        own.write_text(own.read_text().replace("min_words = 40", "max_words = 90"))
        write(tmp_path / "out", server.base_url, own)
    told = {row["detail"] for row in failed(tmp_path / "out") if row["reason"] == "too long"}
    assert told
    for one in told:
        assert re.fullmatch(r"\d+ words, of at most 90", one)
        assert int(one.split()[0]) > 90


def without_the_noun(request):
    """Answer with a story about something else, but for every fourth request."""
    if request.count % 4 == 0:
        return text(request)
    content = request.body["messages"][-1]["content"]
    asked = content if isinstance(content, str) else content[0]["text"]
    noun = asked.partition('the noun "')[2].partition('"')[0]
    written = said(text(replace(request, body={"messages": [{"role": "user", "content": asked}]})))
    return completion(written.replace(f"said {noun} ", "said nothing "))


def test_of_a_text_that_lacks_words_these_are_told(tmp_path):
    with ScriptedServer(without_the_noun) as server:
        result = write(tmp_path / "out", server.base_url)
    rows = [row for row in failed(tmp_path / "out") if row["reason"] == "lacks a word"]
    assert len(rows) > 10
    assert {row["detail"] for row in rows} == {f"without {row['noun']}" for row in rows}
    shown = [one for one in result.examples if one.fault == "lacks a word"]
    assert all(one.detail in Page(render_page(result)).text for one in shown)


def test_of_a_near_duplicate_the_text_that_is_alike_is_told(tmp_path, own):
    with ScriptedServer(lambda request: completion(SAME)) as server:
        write(tmp_path / "out", server.base_url, own, n=5)
        write(tmp_path / "more", server.base_url, own, n=5, against=(str(tmp_path / "out" / "data"),))
    [stays] = kept(tmp_path / "out", "mine")
    assert [row["detail"] for row in failed(tmp_path / "out")] == [f"like draw {stays['draw']}"] * 4
    assert {row["detail"] for row in failed(tmp_path / "more")} == {"like row 0 of mine.parquet"}


@pytest.mark.parametrize("fault", ["short", "loop"])
def test_the_command_says_what_a_reason_means(tmp_path, command, fault):
    with ScriptedServer(Writer({fault: 0.5})) as server:
        done = command(
            *("write", "story", "--model", "scripted", "--base-url", server.base_url, "--n", 20),
            *("--out", tmp_path / "out"),
        )
    reason = {"short": "too short", "loop": "repeats itself"}[fault]
    assert f" {reason}: {MEANINGS[reason]}" in done.out
