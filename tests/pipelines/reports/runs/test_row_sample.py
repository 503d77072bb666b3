"""Proves that the rows which slices are counted on are spread over a run, and few of a large one."""

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import pipelines.reports.runs.row_sample
from pipelines import FilterConfig, filter_dump
from pipelines.dump.rows import RowReader
from pipelines.reports.runs.documents_to_show import RunScores
from pipelines.reports.runs.row_sample import choose_rows, look_at
from pipelines.run_folder.decisions import RunDecisions
from pipelines.run_folder.folder import RunFolder
from tests.kit.dumps.small import make_texts
from tests.kit.runs.outcomes import QUIET


@pytest.fixture(scope="module")
def run(web, tmp_path_factory):
    folder = tmp_path_factory.mktemp("rows")
    (folder / "dump").mkdir()
    for number, rows in enumerate((600, 300, 100)):
        texts = make_texts(rows, seed=number)
        pq.write_table(pa.table({"text": texts}), folder / "dump" / f"{number}.parquet", row_group_size=50)
    config = FilterConfig(
        effort="fast", inputs=[str(folder / "dump")], out=folder / "out", scorer=web, rows_per_part=200
    )
    filter_dump(config, reporter=QUIET)
    found = RunFolder(str(folder / "out"))
    plan = found.read_plan()
    return RunScores(RunDecisions(found, plan, found), plan.parts)


def test_a_small_run_is_read_whole(run):
    rows = choose_rows(run.parts, run.stored())
    assert sum(len(one) for one in rows.values()) == 1000
    seen = look_at(run, rows, RowReader("text"))
    assert len(seen.picks) == 1000
    assert len({pick.place for pick in seen.picks}) == 1000


def test_of_a_larger_run_beginnings_of_row_groups_are_read_by_their_share(run, monkeypatch):
    monkeypatch.setattr(pipelines.reports.runs.row_sample, "ROWS", 100)
    monkeypatch.setattr(pipelines.reports.runs.row_sample, "PLACES", 20)
    rows = choose_rows(run.parts, run.stored())
    assert sum(len(one) for one in rows.values()) == 100
    of_file = {}
    for number, chosen in rows.items():
        part = run.parts[number]
        of_file[part.relative] = of_file.get(part.relative, 0) + len(chosen)
        assert (np.diff(chosen) > 0).all()
        assert set(chosen % 50) == set(range(5))  # twenty row groups of fifty rows, five of each
    assert of_file == {"0.parquet": 60, "1.parquet": 30, "2.parquet": 10}
    for pick in look_at(run, rows, RowReader("text")).picks:
        assert pick.score == run.of_part(pick.part).value[pick.row]


def test_no_more_text_is_read_than_allowed(run, monkeypatch):
    monkeypatch.setattr(pipelines.reports.runs.row_sample, "READ_BYTES", 20_000)
    seen = look_at(run, choose_rows(run.parts, run.stored()), RowReader("text"))
    assert 10 < len(seen.picks) < 300
    assert len({pick.part for pick in seen.picks}) == len(run.parts)


def test_what_is_gone_is_left_out(run, tmp_path):
    from dataclasses import replace

    parts = [replace(part, path=str(tmp_path / "gone.parquet")) for part in run.parts[:1]] + list(
        run.parts[1:]
    )
    found = RunScores(run.decisions, parts)
    seen = look_at(found, choose_rows(parts, run.stored()), RowReader("text"))
    assert len(seen.picks) == 1000 - parts[0].rows
