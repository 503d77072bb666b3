"""Proves that the page of a run says what the run did, and that no document can do anything in it."""

import re
import shutil
import subprocess
import sys
from html.parser import HTMLParser

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from conftest import QUIET
from dumps import CUT, make_texts

from filtering.errors import OutputError
from pipelines import FilterConfig, RecutConfig, filter_dump, recut_run, write_report
from pipelines.report_data import EXCERPT_CHARS, GROUPS, MORE_CHARS, SAMPLES, gather_report
from pipelines.store import RunFolder

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
        assert (one.text, one.characters) == (text[: EXCERPT_CHARS + MORE_CHARS], len(text))


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
    assert len(page.pres) >= len(report.samples) == len(GROUPS) * SAMPLES
    assert all(any(shown + text[len(HOSTILE) : 200] in pre for pre in page.pres) for text in texts_of(report))
    assert HOSTILE_NAME in page.text
    assert not {tag for tag, _ in page.tags} & {"script", "img", "iframe", "object", "link", "base", "form"}
    assert not [name for _, attributes in page.tags for name in attributes if name.startswith("on")]
    assert "\x00" not in page.html
    assert "\x1b" not in page.html


def texts_of(report):
    return [one.text for one in report.samples]


def test_the_page_opens_offline_and_forbids_scripts_and_requests(hostile):
    page = Page(write_report(str(hostile)).read_text())
    loading = {"src", "href", "xlink:href", "srcset", "data", "action", "poster", "background"}
    assert not [attributes for _, attributes in page.tags if loading & set(attributes)]
    assert "@import" not in page.html
    assert not re.search(r"url\((?!['\"]?#)", page.html)
    policy = [a["content"] for _, a in page.tags if a.get("http-equiv") == "Content-Security-Policy"]
    assert policy == ["default-src 'none'; style-src 'unsafe-inline'"]


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
    assert sample.characters == len(text) > len(sample.text) == EXCERPT_CHARS + MORE_CHARS
    page = Page(write_report(str(out)).read_text())
    assert f"{len(text) - EXCERPT_CHARS:,} more characters" in page.text
    assert f"{len(text) - EXCERPT_CHARS - MORE_CHARS:,} more characters are in the file" in page.text


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
    monkeypatch.setattr("pipelines.report_data.FEW_FILES", 1)
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
        "from pipelines.commands import run\n"
        "from pipelines.report_data import gather_report\n"
        "assert gather_report(sys.argv[1]).samples\n"
        "raise SystemExit(run(['report', sys.argv[1]]))"
    )
    done = subprocess.run([sys.executable, "-c", code, str(copied)], capture_output=True, text=True)
    assert done.returncode == 2
    assert "pip install 'edufilter[report]'" in done.stderr
    assert not (copied / "run" / "report.html").exists()


def test_the_command_prints_where_the_page_is(command, copied):
    outcome = command("report", copied)
    assert (outcome.code, outcome.out.strip()) == (0, str(copied / "run" / "report.html"))
