"""Proves that the page of a scorer says what the evaluation found, and shows its worst errors."""

import json
from html import unescape

import numpy as np
import pyarrow.parquet as pq
import pytest

from annotations import read_labels
from filtering.errors import OutputError
from pipelines import evaluate_scorer
from pipelines.page_kit.page import refuse_page
from pipelines.reports.scorer_page import write_scorer_report
from pipelines.reports.scorer_report_data import TOO_HIGH, TOO_LOW, gather_scorer_report
from pipelines.scorers.evaluate import points_of_labels
from pipelines.scorers.kind_tables import kinds_table, values_tables


@pytest.fixture(scope="module")
def judged(trained, labels, haste):
    with haste():
        return points_of_labels(trained.out, str(labels))


@pytest.fixture(scope="module")
def report(trained, labels, judged, haste):
    with haste():
        return gather_scorer_report(trained.out, str(labels), judged=judged)


@pytest.mark.usefixtures("hasty")
def test_it_is_the_evaluation_that_evaluate_prints(report, trained, labels):
    assert report.evaluation == evaluate_scorer(trained.out, str(labels))
    assert report.evaluation.nested


def test_errors_are_those_that_lie_farthest_from_their_labels(report, judged):
    miss = judged.points - judged.labels.scores[judged.rows]
    high = [one.score - one.label for one in report.errors if one.kind == TOO_HIGH]
    low = [one.score - one.label for one in report.errors if one.kind == TOO_LOW]
    assert high == pytest.approx(np.sort(miss)[::-1][: len(high)].tolist())
    assert low == pytest.approx(np.sort(miss)[: len(low)].tolist())
    assert len(high) == len(low) == 10
    for one in report.errors:
        assert judged.labels.texts[one.row].as_py().startswith(one.text[:100])
        assert judged.labels.scores[one.row] == one.label


def test_the_source_is_told_from_the_score(report):
    bias = report.bias["group"]
    assert bias.sources == 60
    assert -1 <= bias.excess.low <= bias.excess.value <= bias.excess.high <= 1


@pytest.mark.usefixtures("hasty")
def test_the_page_and_the_data_say_the_same(trained, labels, judged, tmp_path):
    found = write_scorer_report(trained.out, str(labels), str(tmp_path / "a.html"), judged=judged)
    page = (tmp_path / "a.html").read_text().replace(",\u00a0", ", ")  # which keeps an interval in one line
    data = json.loads((tmp_path / "a.json").read_text())
    assert str(found.evaluation.metrics["rho"]) in page
    assert data["evaluation"]["metrics"]["rho"]["value"] == found.evaluation.metrics["rho"].value
    assert data["format"] == 2
    assert [one["kind"] for one in data["evaluation"]["within"]] == ["length"]
    for table in (kinds_table(found.evaluation, ()), *values_tables(found.evaluation)):
        assert all(str(cell) in unescape(page) for row in table.rows for cell in row)
    assert "say nothing of single raters" in page
    assert page.count("<svg") == 4
    assert [one["name"] for one in data["audit"]["effects"]] == [one.name for one in found.audit.effects]
    assert all(one.name in unescape(page) for one in found.audit.effects)


@pytest.mark.usefixtures("hasty")
def test_no_samples_means_no_text_of_a_document(trained, labels, judged, tmp_path):
    write_scorer_report(trained.out, str(labels), str(tmp_path / "a.html"), judged=judged, samples=False)
    words = {text[:40] for text in pq.read_table(labels)["text"].to_pylist()}
    for name in ("a.html", "a.json"):
        content = (tmp_path / name).read_text()
        assert not any(one in content for one in words)


def test_the_command_refuses_a_page_that_it_cannot_write_before_it_judges(trained, labels, command, tmp_path):
    for path in (tmp_path / "none" / "a.html", tmp_path / "a.txt"):
        found = command("evaluate", trained.out, labels, "--html", path)
        assert (found.code, found.out) == (2, "")
        assert "must be a file that ends in .html" in found.err
    with pytest.raises(OutputError):
        refuse_page(str(tmp_path))


@pytest.mark.usefixtures("hasty")
def test_the_command_writes_it(trained, labels, command, tmp_path):
    found = command("evaluate", trained.out, labels, "--html", tmp_path / "a.html")
    assert found.code == 0, found.said
    assert f"report: {tmp_path / 'a.html'}" in found.out
    assert len(read_labels(str(labels))) == 300
