"""Proves that no document and no name can do anything in the page of a run."""

import hashlib
import re
import shutil
from base64 import b64encode
from dataclasses import fields, is_dataclass, replace

import pytest

from filtering.printable import ACTING, printable
from pipelines import write_report
from pipelines.page_kit.page import SCRIPT
from pipelines.reports.runs.documents_to_show import GROUPS, SAMPLES
from pipelines.reports.runs.passages import MarkedDocument, PassagesTold, Piece
from pipelines.reports.runs.run_leaks import LeakCount, LeakPair, RunLeaks
from pipelines.reports.runs.run_page import render_page
from pipelines.reports.runs.run_report_data import MadeBy, gather_report
from tests.kit.dumps.small import make_texts
from tests.kit.pages.run_pages import Page, run_over, texts_of

HOSTILE = (
    "</pre></style><script>alert(1)</script><img src=x onerror=alert(2)>&lt;b&gt; "
    "\x00\x1b[31m\u2066\u200f\x9b ${x} {style} "
)
HOSTILE_NAME = "<img src=x onerror=alert(3)>&amp;.parquet"


@pytest.fixture(scope="module")
def hostile(web, tmp_path_factory):
    texts = [HOSTILE + text for text in make_texts(100)]
    return run_over(texts, tmp_path_factory.mktemp("hostile"), web, name=HOSTILE_NAME)


def test_documents_and_file_names_are_text_and_nothing_else(hostile):
    report = gather_report(str(hostile))
    page = Page(write_report(str(hostile)).read_text())
    shown = printable(HOSTILE)
    assert len(page.pres) >= len(report.samples) > len(GROUPS) * SAMPLES
    assert all(any(shown + text[len(HOSTILE) : 200] in pre for pre in page.pres) for text in texts_of(report))
    assert HOSTILE_NAME in page.text
    assert not {tag for tag, _ in page.tags} & {"img", "iframe", "object", "link", "base", "form"}
    assert [tag for tag, _ in page.tags].count("script") == 1  # the page's own
    assert page.html.count(SCRIPT) == 1
    assert not [name for _, attributes in page.tags for name in attributes if name.startswith("on")]
    assert ACTING.findall(re.sub(r"[\n\t]", "", page.html)) == []


def planted(value):
    """Return the same with markup before each string that a page may get from elsewhere."""
    if isinstance(value, str):
        return HOSTILE_NAME + value
    if isinstance(value, dict):
        return {name: planted(one) for name, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [planted(one) for one in value]
    if not is_dataclass(value):
        return value
    ours = {"group", "action"}  # names of this package
    return replace(
        value, **{f.name: planted(getattr(value, f.name)) for f in fields(value) if f.name not in ours}
    )


def test_no_string_of_a_report_is_markup(finished):
    count = LeakCount("bench", "ngram", "solution", 1, 1, 1)
    pair = LeakPair("task", "bench", ["ngram"], "leak", "a", 1, 1, 2, "lines", "text of the task")
    marked = MarkedDocument("d.parquet", 3, "its id", 1.0, (Piece(2.0, "a passage"), Piece(None, "the rest")))
    aside = {"relative": "c.parquet", "why": "it is broken", "rows": 3}
    report = gather_report(str(finished))
    report = replace(
        report,
        made_by=MadeBy("edufilter filter dump", 410, 2.0),
        leaks=RunLeaks(
            "drop", 1, 0, 0, 0, [], [("t", 21)], True, 164, 5, [count], [pair], {"b": "it is gone"}
        ),
        passages=PassagesTold(("4 of 9 documents",), (marked,)),
        unread={"c": "it has changed"},
        no_languages="no fastText",
        no_scorer="no scorer",
        manifest={
            **report.manifest,
            "settings": {**report.manifest["settings"], "passages_at": 2.0},
            "set_aside": [aside],
            "reasons": {"empty": 1},
            "unusual": {"long": 1},
        },
    )
    page = Page(render_page(planted(report), {"wide": "<svg></svg>"}))
    assert not {tag for tag, _ in page.tags} & {"img", "iframe", "object", "link", "base", "form"}
    assert [tag for tag, _ in page.tags].count("script") == [tag for tag, _ in page.tags].count("svg") == 1
    for said in (
        str(finished), "edufilter filter dump", "bench", "ngram", "leak", "task", "lines", "text of the task",
        "4 of 9 documents", "d.parquet", "its id", "a passage", "the rest",
        "it is gone", "it has changed", "no fastText", "no scorer", "c.parquet", "it is broken",
        report.drift.sentence, report.drift.shifts[0].meaning, report.slices[0].value, report.slices[0].kind,
        report.samples[0].file, report.samples[0].text[:200], report.samples[0].why.raised[0].name,
    ):  # fmt: skip
        assert HOSTILE_NAME + said in page.text, said


def test_the_page_opens_offline_and_forbids_other_scripts_and_requests(hostile):
    page = Page(write_report(str(hostile)).read_text())
    loading = {"src", "href", "xlink:href", "srcset", "data", "action", "poster", "background"}
    assert not [attributes for _, attributes in page.tags if loading & set(attributes)]
    assert "@import" not in page.html
    assert not re.search(r"url\((?!['\"]?#)", page.html)
    policy = [a["content"] for _, a in page.tags if a.get("http-equiv") == "Content-Security-Policy"]
    digest = b64encode(hashlib.sha256(SCRIPT.encode()).digest()).decode()
    assert policy == [f"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{digest}'"]


def test_a_report_without_samples_holds_no_text_of_a_document(hostile, tmp_path, command):
    out = shutil.copytree(hostile, tmp_path / "out")
    assert command("report", out, "--no-samples").code == 0
    for name in ("report.html", "report.json"):
        content = (out / "run" / name).read_text()
        assert "alert(1)" not in content
        assert "Photosynthesis" not in content
    assert gather_report(str(out), samples=False).slices
