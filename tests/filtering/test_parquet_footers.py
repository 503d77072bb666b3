"""Proves that no footer fills memory, whatever it claims, wherever Parquet of others is read."""

import os

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from annotations.labels.sources import read_table
from filtering import parquet_footers
from filtering.errors import BadFileError, LabelsError
from filtering.leaks.tasks import read_benchmark
from pipelines.dump import reading
from pipelines.dump.inputs import find_inputs
from pipelines.dump.reading import open_parquet, read_footer
from pipelines.dump.split_files import PartSize, split_files
from tests.kit.dumps.forged_footers import KEY, MAGIC, footer_of, group_of, vast_footer, write_footer
from tests.kit.dumps.small import make_table


def claim_three_gigabytes(path):
    with path.open("wb") as file:
        file.truncate(3 << 30)  # of which a disk holds nothing
        file.seek(0, os.SEEK_END)
        file.write(((3 << 30) - 100).to_bytes(4, "little") + MAGIC)


FORGED = {
    "column chunks without end": (lambda path: write_footer(path, vast_footer()), "that fits into memory"),
    "three gigabytes": (
        claim_three_gigabytes,
        r"at most 67,108,864 bytes\. It is said to have 3,221,225,372",
    ),
    "row groups that are not there": (
        lambda path: write_footer(path, footer_of(count=(1 << 31) - 1)),
        "Exceeded size limit",
    ),
    "columns that are not there": (
        lambda path: write_footer(path, footer_of(group_of(b"", (1 << 31) - 1), 1)),
        "Exceeded size limit",
    ),
}


@pytest.fixture(params=FORGED)
def forged(request, tmp_path, monkeypatch):
    """Return a file and why it is refused; less memory than 1 GiB is enough to try that."""
    monkeypatch.setattr(parquet_footers, "MEMORY_BYTES", 350 << 20)
    make, why = FORGED[request.param]
    make(tmp_path / "forged.parquet")
    return tmp_path / "forged.parquet", why


def test_a_dump_goes_on_without_the_file(forged):
    path, why = forged
    pq.write_table(make_table(20), path.with_name("good.parquet"))
    files = find_inputs([str(path.parent)], "/nowhere/out")
    dump = split_files(files, text_column=None, size=PartSize(80))
    [aside] = dump.set_aside
    assert (aside.relative, dump.parts.files) == ("forged.parquet", {"good.parquet"})
    with pytest.raises(BadFileError, match=why):
        read_footer(str(path))


def test_labels_benchmarks_and_files_of_a_run_are_refused(forged):
    path, why = forged
    with pytest.raises(LabelsError, match=why):
        read_table(str(path), ["text"])
    with pytest.raises(BadFileError, match=why):
        read_benchmark(path)
    with pytest.raises(BadFileError, match=why), open_parquet(path):
        pass


def test_many_small_things_are_no_fault(tmp_path):
    path = write_footer(tmp_path / "keys.parquet", footer_of(keys=KEY * 500_000, key_count=500_000))
    assert read_footer(str(path)).schema.names == ["text"]


@pytest.mark.parametrize("within", [False, True])
def test_more_columns_than_anybody_needs_are_refused_with_their_number(within, tmp_path, monkeypatch):
    monkeypatch.setattr(reading, "MOST_COLUMNS", 50)
    names = [f"c{number}" for number in range(50)]
    columns = [pa.array([1])] * 50
    if within:
        names, columns = ["rows"], [pa.array([[dict.fromkeys(names, 1)]])]
    path = tmp_path / "wide.parquet"
    pq.write_table(pa.table({"text": ["words"], **dict(zip(names, columns, strict=True))}), path)
    with pytest.raises(BadFileError, match=r"wide\.parquet must have at most 50 columns.* It has 51\."):
        read_footer(str(path))


def test_the_buffers_of_many_columns_share_what_one_may_have(tmp_path, monkeypatch):
    monkeypatch.setattr(reading, "BUFFERS_BYTES", 4 << 20)
    path, rows = tmp_path / "wide.parquet", 32 << 10
    column = pa.array(range(rows))
    table = pa.table({f"c{number}": column for number in range(100)})
    pq.write_table(table, path, use_dictionary=False, compression="none", data_page_size=8 << 10)
    before = pa.total_allocated_bytes()
    with open_parquet(str(path)) as file:
        next(file.iter_batches(10, use_threads=False))
        assert pa.total_allocated_bytes() - before < 10 << 20 < path.stat().st_size
