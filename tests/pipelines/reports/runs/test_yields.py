"""Proves that a report tells how many tokens each cut would keep, in all and by language."""

import json
import re

import numpy as np
import pyarrow.parquet as pq
import pytest

from pipelines import FilterConfig, RecutConfig, filter_dump, recut_run, write_report
from pipelines.reports.runs.run_report_data import gather_report
from pipelines.reports.runs.yields import CUTS, Yield, yields_table
from tests.kit.dumps.choices import stored_rows, write_mixed_dump
from tests.kit.runs.outcomes import QUIET


@pytest.fixture(scope="module")
def reported(web, tmp_path_factory):
    """Return a run, and what it stored. Its scores and report may be written to."""
    folder = tmp_path_factory.mktemp("yields")
    source, out = write_mixed_dump(folder / "dump"), folder / "out"
    config = FilterConfig(
        inputs=[str(source)], out=out, scorer=web, effort="fast", rows_per_part=30, keep_at=1
    )
    filter_dump(config, reporter=QUIET)
    return out, [row for row in stored_rows(out, source) if row["score"] is not None]


def above(rows, cut):
    return sum(row["size"] for row in rows if row["score"] >= np.float32(cut)) / 4


def test_tokens_above_each_cut_are_those_of_the_stored_scores(reported):
    out, rows = reported
    whole, *others = gather_report(str(out), samples=False).yields
    assert (whole.kind, whole.tokens) == ("all", above(rows, 0))
    assert whole.above == tuple(above(rows, cut) for cut in CUTS)
    for language in ("en", "de", "fr"):
        [one] = [one for one in others if (one.kind, one.value) == ("language", language)]
        mine = [row for row in rows if row["language"] == language]
        assert (one.tokens, *one.above) == pytest.approx([above(mine, cut) for cut in (0, *CUTS)])
    lengths = [one.value for one in others if one.kind == "length"]
    assert lengths == [name for name in ("below 1 kB", "1 to 4 kB", "4 to 16 kB") if name in lengths]


def test_the_page_and_the_data_show_them_and_a_choice_says_what_it_is(reported, tmp_path):
    out, rows = reported
    cut = tmp_path / "cut"
    recut_run(RecutConfig(run=out, to=cut, repeat="score>=1:2"), reporter=QUIET)
    write_report(str(cut), reporter=QUIET)
    told = json.loads((cut / "run" / "report.json").read_text())
    assert told["yields"][0]["above"][0] == above(rows, 1.0)
    text = re.sub(r"<[^>]+>", " ", (cut / "run" / "report.html").read_text())
    assert "Tokens above each cut" in text
    assert "The same by kind of document" in text
    assert "used by score" in text
    assert "documents are used" in text


def test_a_cut_of_a_run_that_stored_no_sizes_has_a_report_without_them(reported, tmp_path):
    out, _ = reported
    cut = tmp_path / "cut"
    recut_run(RecutConfig(run=out, to=cut, keep_at=1.5), reporter=QUIET)
    for path in (out / "run" / "scores").rglob("*.parquet"):
        pq.write_table(pq.read_table(path).drop_columns(["edu_bytes"]), path)
    write_report(str(cut), samples=False, reporter=QUIET)
    assert json.loads((cut / "run" / "report.json").read_text())["yields"] == []
    assert "Tokens above each cut" not in (cut / "run" / "report.html").read_text()


def test_all_documents_have_a_row_for_each_cut_so_that_a_narrow_page_shows_it():
    table = yields_table([Yield("all", "all", 4000.0, (3000.0, 2000.0, 1000.0, 400.0, 40.0, 0.0))])
    assert table.head == ("points", "tokens", "% of all")
    assert [row[:2] for row in table.rows[:2]] == [("all", "4k"), ("\u2265 1", "3k")]
    assert len(table.rows) == 1 + len(CUTS)


def test_smaller_values_have_one_row_together():
    yields = [Yield("host", f"{number}.org", 1000.0 + number, (500.0,) * len(CUTS)) for number in range(25)]
    rows = yields_table(yields).rows
    assert len(rows) == 21
    assert rows[-1] == ("(5 others)", "5.11k", *["2.5k"] * len(CUTS))
