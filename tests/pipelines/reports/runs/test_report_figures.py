"""Proves that the figures and samples of a report are those of the run and its dump."""

import json
import shutil
from itertools import pairwise

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from filtering.explaining.drift import OTHER_DISTANCE
from pipelines import FilterConfig, filter_dump, write_report
from pipelines.page_kit.cards import CARD_CHARS, EXCERPT_CHARS
from pipelines.reports.runs.documents_to_show import GROUPS, SAMPLES, TENTH_GROUP, TENTHS
from pipelines.reports.runs.row_sample import IDENTIFIED
from pipelines.reports.runs.run_report_data import MadeBy, gather_report
from pipelines.reports.runs.write_report import FORMAT
from pipelines.run_folder.folder import RunFolder
from tests.kit.dumps.small import ARMENIAN, CUT, GEORGIAN, SELLING, make_texts
from tests.kit.pages.run_pages import Page, run_over, texts_of
from tests.kit.runs.outcomes import QUIET


def stored_scores(out):
    folder = RunFolder(str(out))
    parts = folder.read_plan().parts
    tables = [pq.read_table(folder.scores / part.output)["edu_score"].to_numpy() for part in parts]
    return np.concatenate(tables)


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


def sliced(folder, web):
    """Return a run over lessons and advertisements of two sites, in four languages and two files."""
    lessons, adverts = make_texts(60, seed=1), ["Buy now! " + " ".join(SELLING)] * 60
    (folder / "dump").mkdir()
    for name, texts, url in (("good", lessons, "school"), ("bad", adverts, "shop")):
        table = pa.table({"text": texts, "url": [f"https://www.{url}.org/{i}" for i in range(60)]})
        pq.write_table(table, folder / "dump" / f"{name}.parquet")
    others = pa.table({"text": [GEORGIAN, ARMENIAN, "", None], "url": ["https://ka.org/a", None, "", "no"]})
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
    assert {value for kind, value in found if kind == "site"} == {"school.org", "shop.org", "ka.org"}
    assert found[IDENTIFIED, "ka"][0] == found[IDENTIFIED, "hy"][0] == 1
    assert sum(rows for (kind, _), (rows, _) in found.items() if kind == "length") == 122
    assert any(one.is_far for one in report.slices if one.kind == "site")
    page = Page(write_report(result.out).read_text())
    (school,) = [one for one in report.slices if one.value == "school.org"]
    others = f"{100 * school.share_of_rest:.1f} % of all others."
    assert f"of the documents of the site school.org are kept, and {others}" in page.text
    (sample,) = [one for one in report.samples if one.slices.get("site") == "ka.org"]
    assert sample.slices[IDENTIFIED] == "ka"
    cards = [attributes["data-slices"] for tag, attributes in page.tags if tag == "article"]
    assert f"{IDENTIFIED}: ka" in "\n".join(cards).split("\n")


def test_each_document_says_why_and_the_dump_whether_it_is_like_the_seed(finished, copied):
    report = gather_report(str(finished))
    assert report.no_scorer == ""
    for one in report.samples:
        assert one.why.signals_score == pytest.approx(one.score, abs=1e-4)
        assert one.why.start + sum(group.points for group in one.why.groups) == pytest.approx(
            one.score, abs=1e-3
        )
    assert report.drift.documents == report.looked_at == 410
    assert report.drift.distance >= OTHER_DISTANCE  # lessons and advertisements of ten sentences each
    page = Page(write_report(str(copied)).read_text())
    assert report.drift.sentence in page.text
    assert page.text.count("lowered by") > 20


def test_the_same_figures_stand_in_json(copied):
    write_report(str(copied), made_by=MadeBy("edufilter filter dump", 410, 2.0))
    data = json.loads((copied / "run" / "report.json").read_text())
    report = gather_report(str(copied))
    assert data["manifest"] == report.manifest
    assert data["kept_bins"] == list(report.kept_bins)
    assert [one["text"] for one in data["samples"]] == texts_of(report)
    assert [one["share"] for one in data["slices"]] == [one.share for one in report.slices]
    assert (data["format"], data["made_by"]["rows_scored"]) == (FORMAT, 410)
    page = write_report(str(copied)).read_text()  # what made it is kept
    assert "edufilter filter dump" in page
    assert "205" in Page(page).text  # documents a second
