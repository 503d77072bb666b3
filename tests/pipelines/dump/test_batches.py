"""Proves that the memory of a batch is bounded, whatever a file holds, and that growth has a limit."""

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from filtering.errors import BadFileError
from pipelines.dump import batches as module
from pipelines.dump.batches import PROBE_ROWS, WORST_BATCH_BYTES, read_batches

LONG = "teach " * 250_000
"""Of 1.5 MB: a thousand of them are more than memory should hold, and take a kilobyte in a file."""
COUNT = 300


def repeated(count=COUNT):
    """Return a column whose first rows are short, and all others one long text."""
    numbers = (np.arange(count) >= PROBE_ROWS).astype(np.int32)
    return pa.DictionaryArray.from_arrays(pa.array(numbers), pa.array(["short", LONG]))


def write(path, table):
    """Write a table whose dictionaries are read as texts: none of them is ever whole in memory here."""
    pq.write_table(table, path, compression="zstd", store_schema=False)


def within_structs():
    return pa.StructArray.from_arrays([repeated()], ["inner"])


def within_lists():
    return pa.ListArray.from_arrays(pa.array(range(COUNT + 1), pa.int32()), repeated())


def within_maps():
    keys = pa.array(["key"] * COUNT)
    return pa.MapArray.from_arrays(pa.array(range(COUNT + 1), pa.int32()), keys, repeated())


COLUMNS = [repeated, within_structs, within_lists, within_maps]


@pytest.mark.parametrize("column", COLUMNS, ids=lambda make: make.__name__)
def test_rows_that_repeat_a_long_value_come_in_small_batches(column, tmp_path):
    path = tmp_path / "a.parquet"
    write(path, pa.table({"text": ["short"] * COUNT, "other": column()}))
    assert path.stat().st_size < 4000
    sizes = [(batch.num_rows, batch.nbytes) for batch in read_batches(str(path), range(1))]
    assert sum(rows for rows, _ in sizes) == COUNT
    assert 4 * len(LONG) < max(size for _, size in sizes) <= WORST_BATCH_BYTES


def test_a_late_row_group_is_looked_at_like_the_first(tmp_path):
    path = tmp_path / "a.parquet"
    schema = pa.schema([("text", repeated(1).type)])
    with pq.ParquetWriter(path, schema, compression="zstd", store_schema=False) as writer:
        for group in range(6):
            texts = pa.array([f"some words of page {group} {row}" for row in range(2000)])
            writer.write_table(pa.table({"text": texts.dictionary_encode()}))
        writer.write_table(pa.table({"text": repeated()}))
    sizes = [batch.nbytes for batch in read_batches(str(path), range(7))]
    assert max(sizes) <= WORST_BATCH_BYTES


def test_a_row_that_cannot_fit_is_refused_before_it_is_decoded(tmp_path):
    path = tmp_path / "a.parquet"
    column = pa.ListArray.from_arrays(pa.array([0, 800], pa.int32()), repeated(800))
    write(path, pa.table({"text": ["short"], "other": column}))
    with pytest.raises(BadFileError, match=r"rows that fit into memory.*'other"):
        next(read_batches(str(path), range(1)))


def test_rows_that_grow_without_measure_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "LEAST_ALLOWED_BYTES", 10 << 20)
    path = tmp_path / "a.parquet"
    write(path, pa.table({"text": repeated()}))
    with pytest.raises(BadFileError, match="must not grow more than 10,000 times"):
        list(read_batches(str(path), range(1)))


def test_what_repeats_itself_as_texts_do_grows_as_it_likes(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "LEAST_ALLOWED_BYTES", 0)
    path = tmp_path / "a.parquet"
    write(path, pa.table({"text": ["the same page again"] * 2000}))
    assert sum(batch.num_rows for batch in read_batches(str(path), range(1))) == 2000


def test_a_list_that_repeats_a_number_without_measure_is_refused_before_it_is_decoded(tmp_path, monkeypatch):
    count = 5_000_000
    path = tmp_path / "a.parquet"
    numbers = pa.ListArray.from_arrays(pa.array([0, count], pa.int32()), pa.array(np.zeros(count, np.int64)))
    write(path, pa.table({"text": ["short"], "other": numbers}))
    monkeypatch.setattr(module, "LEAST_ALLOWED_BYTES", 10 << 20)
    before = pa.total_allocated_bytes()
    with pytest.raises(BadFileError, match="must not grow more than 10,000 times"):
        next(read_batches(str(path), range(1)))
    assert pa.total_allocated_bytes() == before
    assert sum(batch.num_rows for batch in read_batches(str(path), range(1), ["text"])) == 1


def test_first_rows_that_point_beyond_their_dictionary_make_a_bad_file(tmp_path):
    path, rows = tmp_path / "a.parquet", 4 * PROBE_ROWS
    texts = pa.array([str(row % 3) * 1_000_000 for row in range(rows)])
    schema = pa.schema([pa.field("text", texts.type, nullable=False)])
    pq.write_table(pa.table([texts], schema), path, compression="none")
    chunk = pq.read_metadata(path).row_group(0).column(0)
    end = chunk.dictionary_page_offset + chunk.total_compressed_size
    forged = bytearray(path.read_bytes())
    forged[end - rows // 4 : end] = b"\xff" * (rows // 4)  # two bits a row: 3, of a dictionary of 0 to 2
    path.write_bytes(forged)
    with pytest.raises(BadFileError, match="could not be read"):
        next(read_batches(str(path), range(1)))
