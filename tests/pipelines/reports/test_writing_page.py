"""Proves what the page of texts shows, and that nothing of a text or name in it acts."""

import json
from dataclasses import replace

import pytest

from annotations.writing.diversity import Diversity
from filtering.printable import printable
from pipelines.page_kit.page import SCRIPT
from pipelines.reports.writing_page import KEPT, render_page, write_writing_page
from pipelines.writing.write_result import Example
from tests.kit.labels.annotating import KEY
from tests.kit.pages.run_pages import Page
from tests.kit.scripted.server import ScriptedServer
from tests.kit.scripted.writer import Writer
from tests.kit.writing.texts import kept, write

HOSTILE = (
    "</pre></style><script>alert(1)</script><img src=x onerror=alert(2)>&lt;b&gt; \x1b[31m\u2066 ${x} {y}"
)


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """Return what came of forty stories, some of them bad, and their folder."""
    out = tmp_path_factory.mktemp("page") / "out"
    with pytest.MonkeyPatch.context() as patch, ScriptedServer(Writer({"short": 0.2, "loop": 0.2})) as server:
        patch.setenv("OPENAI_API_KEY", KEY)
        return write(out, server.base_url, grader="judge", n=40), out


def test_the_page_says_what_is_kept_what_is_not_and_why(written):
    result, out = written
    page = Page(write_writing_page(result).read_text())
    for said in (
        f"{result.kept:,}", "of 40", "too short", "repeats itself", f"{result.faults['too short']:,}",
        "Mean grades of what is kept, by judge", "grammar", "4 words", "near-duplicates", "evenness",
        "noun", "what it cost", "draws that the recipe allows",
        "it says the same again and again", "its score by web, its grade by judge",
    ):  # fmt: skip
        assert said in page.text, said
    assert (out / "report.html").exists()


def test_texts_are_shown_below_kept_or_the_reason_against_them(written):
    result, out = written
    page = render_page(result)
    kept_texts = {row["text"] for row in kept(out)}
    shown = [one for one in result.examples if not one.fault]
    assert 5 < len(shown) <= 12
    assert {one.text for one in shown} <= kept_texts
    for heading in (KEPT, "too short", "repeats itself"):
        assert f"<h3>{heading}</h3>" in page
    assert all(sum(one.fault == fault for one in result.examples) <= 2 for fault in result.faults)


def test_the_summary_holds_figures_and_no_text(written):
    result, out = written
    write_writing_page(result)
    summary = json.loads((out / "summary.json").read_text())
    assert summary["kept"] == result.kept
    assert summary["diversity"]["texts"] == result.diversity.texts
    assert "examples" not in summary


def test_without_samples_no_text_is_shown(written):
    result, _ = written
    page = render_page(replace(result, examples=()))
    assert "Texts to read" not in page
    assert not any(one.text[:40] in page for one in result.examples)


def test_names_and_texts_of_others_are_text_and_nothing_else(written):
    result, _ = written
    diversity = Diversity(2, 2, (1.0,) * 4, ((f"opening {HOSTILE}", 1.0),), {HOSTILE: 1.0}, {HOSTILE: 1}, 0.0)
    example = Example(f"text {HOSTILE}", {"noun": f"slot {HOSTILE}"}, result.examples[0].marks, "")
    page = Page(
        render_page(
            replace(
                result,
                model=f"model {HOSTILE}",
                grader=f"grader {HOSTILE}",
                scorer=f"scorer {HOSTILE}",
                out=f"out {HOSTILE}",
                diversity=diversity,
                examples=(example,),
                warnings=(f"warning {HOSTILE}",),
            )
        )
    )
    for word in ("opening", "text", "slot", "model", "grader", "scorer", "out", "warning"):
        assert f"{word} {printable(HOSTILE)}" in page.text, word
    tags = [tag for tag, _ in page.tags]
    assert not {"img", "iframe", "object", "link", "base", "form"} & set(tags)
    assert tags.count("script") == page.html.count(SCRIPT) == 1
    assert not [key for _, attributes in page.tags for key in attributes if key.startswith("on")]


def test_a_folder_without_a_text_has_a_page_that_says_so(written):
    result, _ = written
    nothing = replace(
        result, kept=0, asked=0, faults={"not asked": 40}, diversity=None, examples=(), grades={}
    )
    page = Page(render_page(nothing))
    assert "No text passed the checks." in page.text
    assert "Nothing was thrown away. Beside these: 40 not asked. The same command asks for them." in page.text


def test_what_found_no_answer_was_not_thrown_away_and_openings_are_shown_that_come_twice(written):
    result, _ = written
    openings = (("once upon a time there", 0.05), ("one day the hen ran", 0.025))
    page = Page(
        render_page(
            replace(
                result,
                faults={"too short": 3, "no answer": 7},
                diversity=replace(result.diversity, texts=40, openings=openings),
            )
        )
    )
    assert "Beside these: 7 no answer." in page.text
    assert "the endpoint gave none" not in page.text
    assert "once upon a time there" in page.text
    assert "one day the hen ran" not in page.text
    lone = replace(result, diversity=replace(result.diversity, texts=40, openings=openings[1:]))
    assert "No two texts open with the same 5 words." in Page(render_page(lone)).text
