"""Proves that a row group that is split into parts gives the rows, scores and pages that it gives whole."""

import numpy as np
import pyarrow.parquet as pq
import pytest

from pipelines import (
    ExplainConfig,
    FilterConfig,
    RecutConfig,
    explain_row,
    filter_dump,
    recut_run,
    verify_run,
)
from pipelines.dump.first_rows import read_spread_rows
from pipelines.dump.split_files import PartSize
from pipelines.dump.spread_rows import spread_rows
from pipelines.reports.runs import row_sample
from pipelines.reports.runs.write_report import write_report
from pipelines.run import filter as filter_module
from pipelines.run_folder.folder import RunFolder
from tests.kit.dumps.small import CUT, tables, write_dump
from tests.kit.runs.outcomes import QUIET, assert_each_row_once

ROWS = 330


@pytest.fixture(scope="module")
def runs(web, tmp_path_factory):
    """Return a dump of one row group, and runs over it: in one part, and in many."""
    folder = tmp_path_factory.mktemp("split")
    source = write_dump(folder / "in", rows=(ROWS,), row_group_size=ROWS)
    settings = {"inputs": [str(source)], "scorer": web, "keep_at": CUT, "effort": "fast", "write": "kept"}
    filter_dump(FilterConfig(**settings, out=folder / "whole"), reporter=QUIET)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(filter_module, "PART_SIZES", {"fast": PartSize(60, splits_row_groups=True)})
        filter_dump(FilterConfig(**settings, out=folder / "split", workers=2), reporter=QUIET)
    return source, folder / "whole", folder / "split"


def test_every_row_is_scored_and_written_once(runs):
    source, whole, split = runs
    parts = RunFolder(str(split)).read_plan().parts
    assert [part.rows for part in parts] == [55] * 6
    assert {(part.first_row_group, part.stop_row_group) for part in parts} == {(0, 1)}
    assert tables(split / "data").equals(tables(whole / "data"))
    assert tables(split / "run" / "scores").equals(tables(whole / "run" / "scores"))
    assert_each_row_once(source, split)
    assert verify_run(str(split)) == []


def test_another_cut_and_an_explanation_find_the_same_documents(runs, tmp_path):
    _, whole, split = runs
    for run in (whole, split):
        recut_run(RecutConfig(run=run, to=tmp_path / run.name, keep_fraction=0.3), reporter=QUIET)
    assert tables(tmp_path / "split" / "data").equals(tables(tmp_path / "whole" / "data"))
    for row in (0, 57, ROWS - 1):
        found = [
            explain_row(ExplainConfig(run=run, file="part-0.parquet", row=row)) for run in (whole, split)
        ]
        assert found[0] == found[1]


def test_a_document_is_found_by_a_value_wherever_the_parts_of_its_row_group_begin(runs):
    source, whole, split = runs
    ids = pq.read_table(source / "part-0.parquet")["id"].to_pylist()
    for row in (57, 200, ROWS - 1):
        where = f"id = {ids[row]}"
        wanted = explain_row(ExplainConfig(run=whole, file="part-0.parquet", row=row))
        assert explain_row(ExplainConfig(run=split, where=where)) == wanted


def test_rows_that_are_read_again_lie_in_their_parts(runs, monkeypatch):
    source, _, split = runs
    parts = RunFolder(str(split)).read_plan().parts
    for most_bytes in (0, 1 << 30):
        chosen = spread_rows(parts, range(len(parts)), rows=60, places=20, most_bytes=most_bytes)
        assert sum(map(len, chosen.values())) <= 60
        assert len(chosen) == 6
        for number, rows in chosen.items():
            assert rows.tolist() == sorted(set(rows.tolist()))
            assert 0 <= rows.min() <= rows.max() < parts[number].rows
    texts = [text.as_py() for batch in read_spread_rows(parts, "text", 60).texts for text in batch]
    known = pq.read_table(source / "part-0.parquet")["text"].to_pylist()
    places = [known.index(text) for text in texts]
    assert len(texts) == 60
    assert np.ptp(places) > 0.8 * ROWS
    monkeypatch.setattr(row_sample, "ROWS", 60)
    monkeypatch.setattr(row_sample, "PLACES", 20)
    assert write_report(str(split)).exists()
