"""Proves what labels of a run's documents say of it: nothing of documents that they were not drawn for."""

import csv

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from conftest import QUIET
from dumps import CUT, replaced

from filtering.errors import LabelsError, OutputError
from pipelines import FilterConfig, NearCutConfig, SampleConfig, filter_dump, sample_dump, sample_near_cut
from pipelines.checked import check_run
from pipelines.store import RunFolder

OVER, UNDER = "kept by at most 0.5 points", "dropped by at most 0.5 points"


@pytest.fixture(scope="module")
def run(dump, tmp_path_factory):
    """Return a run whose parts are pieces of files."""
    out = tmp_path_factory.mktemp("run") / "out"
    config = FilterConfig(effort="fast", inputs=[str(dump)], out=out, keep_at=CUT, rows_per_part=80)
    filter_dump(config, reporter=QUIET)
    return RunFolder(str(out))


@pytest.fixture
def near(run, tmp_path):
    """Return a sample from near the cut, as Parquet, with every third row of either side good."""
    path = tmp_path / "near.parquet"
    sample_near_cut(NearCutConfig(run=str(run.root), out=path, n=60))
    table = pq.read_table(path).sort_by("id")
    scores = [4.0 if number % 3 == 0 else 1.0 for number in range(len(table))]
    table = table.append_column("score", pa.array(scores))
    pq.write_table(table, path)
    return path


def ranges_of(checked):
    return {one.name: one for one in checked.ranges}


def test_documents_from_near_the_cut_speak_of_those_near_it_alone(run, near):
    rows = pq.read_table(near).to_pylist()
    checked = check_run(run, str(near), 3.0)
    assert (checked.labels, checked.elsewhere) == (60, 0)
    found = ranges_of(checked)
    assert list(found) == [OVER, UNDER]
    for name, is_over in ((OVER, True), (UNDER, False)):
        good = [row["score"] >= 3 for row in rows if (row["edu_score"] >= CUT) == is_over]
        assert (found[name].labels, found[name].good) == (30, sum(good))
        assert found[name].share.value == pytest.approx(np.mean(good))
        assert found[name].share.low < np.mean(good) < found[name].share.high
    assert ranges_of(check_run(run, str(near), 4.5))[OVER].good == 0


def test_documents_that_were_drawn_at_random_stand_for_all_by_their_weights(run, dump, tmp_path):
    path = tmp_path / "sample.parquet"
    sample_dump(SampleConfig(inputs=[str(dump)], out=path, n=80))
    table = pq.read_table(path)
    good = np.arange(len(table)) % 2 == 0
    weights = np.where(good, 3.0, 1.0) * table["weight"].to_numpy()
    table = replaced(table, "weight", pa.array(weights)).append_column(
        "score", pa.array(np.where(good, 5, 0))
    )
    pq.write_table(table, path)
    found = ranges_of(check_run(run, str(path), 3.0))
    kept = table["edu_score"].to_numpy() >= np.float32(CUT)
    for name, chosen in (("kept", kept), ("dropped", ~kept)):
        assert found[name].labels == chosen.sum()
        assert found[name].share.value == pytest.approx(weights[chosen & good].sum() / weights[chosen].sum())


def test_a_table_that_went_through_a_spreadsheet_is_found_again(run, near, tmp_path):
    rows = pq.read_table(near).to_pylist()
    for row in rows[:5]:
        row["score"] = ""
    for row in rows[5:15]:
        row["text"] = row["text"].replace("\n", "\r\n")
    for row in rows[15:18]:
        row["text"] = "Another document than the run has there."
    rows[20]["file"] = "elsewhere.parquet"
    with open(tmp_path / "filled.csv", "w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]), delimiter=";")
        writer.writeheader()
        writer.writerows(rows)
    checked = check_run(run, str(tmp_path / "filled.csv"), 3.0)
    assert (checked.labels, checked.elsewhere) == (60 - 5 - 4, 4)


def test_what_cannot_speak_of_a_run_is_refused(run, near, tmp_path, command):
    table = pq.read_table(near)
    pq.write_table(table.drop_columns(["row"]), tmp_path / "no-row.parquet")
    with pytest.raises(LabelsError, match="must have the columns text, score, file, row"):
        check_run(run, str(tmp_path / "no-row.parquet"), 3.0)
    empty = replaced(table, "score", pa.nulls(len(table), pa.float64()))
    pq.write_table(empty, tmp_path / "empty.parquet")
    with pytest.raises(LabelsError, match="All 60 are empty"):
        check_run(run, str(tmp_path / "empty.parquet"), 3.0)
    far = replaced(table, "row", pa.array([10_000_000] * len(table)))
    pq.write_table(far, tmp_path / "far.parquet")
    with pytest.raises(LabelsError, match="None of 60 is"):
        check_run(run, str(tmp_path / "far.parquet"), 3.0)
    assert command("recut", run.root, "--keep-at", 2, "--to", tmp_path / "cut", "--no-report").code == 0
    with pytest.raises(OutputError, match="It is a new cut itself"):
        check_run(RunFolder(str(tmp_path / "cut")), str(near), 3.0)


def test_the_report_shows_what_people_measured(run, near, command):
    found = ranges_of(check_run(run, str(near), 3.0))[OVER]
    assert command("report", run.root, "--labels", near).code == 0
    page = (run.run / "report.html").read_text()
    assert f"Of documents {OVER} <b>{100 * found.share.value:.0f} %</b> are good, by 30 labels" in page
    assert f"<td class=number>{found.good}</td>" in page
    assert command("report", run.root).code == 0
    assert "What labels say of it" not in (run.run / "report.html").read_text()
