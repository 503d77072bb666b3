"""Proves that a file that ends the process that reads it costs that file, by the real command."""

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.kit.dumps.deadly_files import write_killer
from tests.kit.dumps.small import BARE, digests, make_texts
from tests.kit.faults.damaged import WHERE
from tests.kit.faults.damaged import run as run_over_damaged
from tests.kit.runs.outcomes import manifest_of

ROWS = 40


def table_of(count=ROWS):
    return pa.table({"text": make_texts(count), "n": range(count)})


@pytest.fixture
def dump(tmp_path):
    """Return a folder of two good files and of two that end their reader, by the footer and by the rows."""
    folder = tmp_path / "in"
    folder.mkdir()
    write_killer(folder / "a-footer.parquet", table_of(), "text")
    pq.write_table(table_of(), folder / "b.parquet")
    write_killer(folder / "c-rows.parquet", table_of(), "n")
    pq.write_table(table_of(), folder / "d.parquet")
    return folder


def test_a_run_goes_on_without_what_ends_its_reader(dump, warm_process, tmp_path, web):
    outcome = warm_process("filter", *BARE, dump, "-s", web, "--out", tmp_path / "out", "--write", "all")
    assert outcome.code == 3, outcome.err
    why = {one["relative"]: one["why"] for one in manifest_of(tmp_path / "out")["set_aside"]}
    assert set(why) == {"a-footer.parquet", "c-rows.parquet"}
    assert all("ends the process that reads it (SIGABRT)" in reason for reason in why.values())
    assert set(digests(tmp_path / "out" / "data")) == {"b.parquet", "d.parquet"}
    assert "Traceback" not in outcome.err


def test_a_sample_is_drawn_from_the_other_files(dump, warm_process, tmp_path):
    outcome = warm_process("sample", dump, "--n", 10, "--out", tmp_path / "sample.parquet")
    assert outcome.code == 3, outcome.err
    assert set(pq.read_table(tmp_path / "sample.parquet")["file"].to_pylist()) <= {"b.parquet", "d.parquet"}


def test_each_file_with_flipped_bits_is_read_or_set_aside(warm_process, tmp_path):
    tally = run_over_damaged(warm_process, tmp_path, 120)
    assert {where for where, _ in tally} == set(WHERE)
    assert {fate for _, fate in tally} >= {"read", "set aside"}
