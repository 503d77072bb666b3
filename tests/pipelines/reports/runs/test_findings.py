"""Proves that a page names the three things that matter most, each beside what to compare it with."""

from dataclasses import replace

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from filtering.scoring.unsure import Unsure
from pipelines import FilterConfig, filter_dump
from pipelines.reports.runs.findings import SHOWN, find_what_matters
from pipelines.reports.runs.kept_shares import say_the_same, slices_of
from pipelines.reports.runs.run_report_data import gather_report
from pipelines.run.audit import AuditResult, Side
from tests.kit.dumps.small import make_texts
from tests.kit.runs.outcomes import QUIET

ASIDE = {"relative": "c.parquet", "why": "it is broken", "rows": 3}


@pytest.fixture(scope="module")
def report(finished):
    """Return a report without anything that matters."""
    found = gather_report(str(finished), samples=False)
    return replace(found, unsure=None, slices=())


def of_kind(kind, **kept):
    return tuple(slices_of(kind, {value: (100, count) for value, count in kept.items()}))


def test_where_nothing_matters_nothing_is_said(report):
    assert find_what_matters(report, None) == []
    near = replace(report, slices=of_kind("site", a=10, b=11))
    assert find_what_matters(near, None) == []


def test_doubts_about_scores_come_first_and_three_things_are_enough(report):
    unsure = Unsure(100, {"zh": 40, "ar": 10}, {"en": 99}, 0)
    broken = AuditResult(Side(900, 500, 50), Side(100, 100, 0), 100, 1000, max_lost=0.02, max_false=0.05)
    manifest = {**report.manifest, "set_aside": [ASIDE, ASIDE]}
    other = replace(report, unsure=unsure, manifest=manifest, slices=of_kind("site", a=90, b=10))
    found = find_what_matters(other, broken)
    assert len(found) == SHOWN == 3
    assert "Label some of this dump" in found[0].meaning
    assert found[1].figure == "47.37 %"
    assert found[2].figure == "2"
    assert find_what_matters(other, replace(broken, max_lost=0.5))[-1].meaning.endswith(
        "and 10.0 % of all others."
    )


def test_of_each_kind_the_slice_that_differs_most_is_named_and_lengths_come_last(report):
    slices = (*of_kind("length", short=0, long=90), *of_kind("lang", en=80, de=5, fr=50))
    first, last = find_what_matters(replace(report, slices=slices), None)
    assert (first.figure, first.meaning) == (
        "5.0 %",
        "of the documents in the language de are kept, and 65.0 % of all others.",
    )
    assert "length" in last.meaning


@pytest.mark.parametrize("finding", range(4))
def test_a_meaning_holds_no_riddle_and_no_second_figure_but_the_share_of_the_others(finding, report):
    foreign = Unsure(100, {"zh": 40, "ar": 10}, {"en": 99}, 0)
    odd = Unsure(100, {}, {"en": 99}, untold=50, read=50, odd=50)
    reports = [
        replace(report, unsure=foreign),
        replace(report, unsure=odd),
        replace(report, manifest={**report.manifest, "set_aside": [ASIDE]}),
        replace(report, slices=of_kind("site", a=90, b=10)),
    ]
    (one,) = find_what_matters(reports[finding], None)
    assert one.figure
    assert one.meaning.count("%") == one.is_slice
    assert ";" not in one.meaning


def test_a_column_of_languages_and_what_is_found_are_one_kind():
    column = ["eng_Latn"] * 50 + ["deu_Latn"] * 50
    found = ["en"] * 48 + ["de"] * 52
    assert say_the_same(found, column)
    assert say_the_same([None] * 30 + found[30:], column)  # where the text does not tell
    assert not say_the_same(["en"] * 100, column)
    assert not say_the_same(column, ["en"] * 100)
    assert not say_the_same([str(row) for row in range(100)], ["en"] * 100)
    assert not say_the_same(found, [None] * 80 + column[80:])
    assert not say_the_same([None], [None])


def test_a_page_tells_shares_by_the_users_column_of_languages_alone(web, tmp_path):
    table = pa.table({"text": [*make_texts(40), *["Das ist ein Satz. Und noch einer, der länger ist."] * 40],
                      "lang": ["English"] * 40 + ["German"] * 40})  # fmt: skip
    pq.write_table(table, tmp_path / "dump.parquet")
    config = FilterConfig(
        effort="fast", inputs=[str(tmp_path / "dump.parquet")], out=tmp_path / "out", scorer=web
    )
    filter_dump(config, reporter=QUIET)
    kinds = {one.kind for one in gather_report(str(tmp_path / "out")).slices}
    assert "lang" in kinds
    assert "language found" not in kinds
