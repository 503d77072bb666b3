"""Rows of a file in batches, whose memory is bounded whatever the file holds.

A few hundred bytes of a dictionary can decode to gigabytes, in any row group and in any column, within lists
and structs too. So what a row takes is measured and not believed: the first rows are decoded one by one, and
the longest value of each dictionary that could fill memory is looked at before its rows are decoded.
"""

from collections.abc import Generator, Iterable, Iterator, Mapping
from itertools import islice

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from filtering.arrays import Ints
from filtering.errors import BadFileError
from filtering.text.arrow import of_rows, text_lengths
from filtering.text.text_columns import holds_text
from pipelines.dump.reading import OpenParquet, batches_of, open_parquet, reading

BATCH_BYTES = 4 << 20
"""Decoded bytes that a batch aims at: a few batches in flight stay small, and fit the CPU's cache."""
BATCH_ROWS_LIMIT = 2048
REPETITION = 100
"""Text of one language is compressed 2 to 10 times; this many times takes repetition."""
WORST_BATCH_BYTES = 32 << 20
"""Decoded bytes that a batch may have if every row repeats the longest value of a dictionary."""
WORST_ROW_BYTES = 1 << 30
"""The same for one row, which cannot be decoded in pieces."""
PROBE_ROWS = 16
OFFSET_BYTES = {pa.string(): 4, pa.binary(): 4, pa.large_string(): 8, pa.large_binary(): 8}
"""Of a text in Arrow, beside its own bytes."""
GROWTH = 10_000
"""Times that row groups may grow when they are decoded; what does not repeat itself grows ten times."""
LEAST_ALLOWED_BYTES = 1 << 30
"""Decoded bytes that row groups may always have: a column of one value alone grows without bound."""
WIDTHS = {"BOOLEAN": 1 / 8, "INT32": 4, "FLOAT": 4, "INT64": 8, "DOUBLE": 8, "INT96": 8, "BYTE_ARRAY": 4}
"""Bytes of a value; of a text those of its place."""
NARROW = {"INT_8": 1, "UINT_8": 1, "INT_16": 2, "UINT_16": 2}


def read_batches(
    path: str,
    row_groups: range,
    columns: list[str] | None = None,
    *,
    rows: range | None = None,
    checksums: bool = True,
) -> Generator[pa.RecordBatch]:
    """Yield the rows of some row groups in order, in batches of about `BATCH_BYTES` decoded bytes.

    How many rows a batch has follows from the file and the range of rows alone, never from timing or threads.

    Parameters
    ----------
    path, row_groups, columns, checksums
    rows : range, optional
        Only these of them, counted from the first row of the file; those before are decoded and let go.

    Raises
    ------
    BadFileError
        If a page is corrupt, by its checksum or by itself; or if the rows grow without measure.
    RunError
        If the system does not let us read on.
    """
    with open_parquet(path, checksums=checksums) as file:
        size = batch_rows(file, path, row_groups, columns, checksums=checksums)
        batches = batches_of(file, path, row_groups, columns, size)
        yield from only_rows(_refuse_growth(batches, file, path, row_groups), file, path, row_groups, rows)


def only_rows(
    batches: Iterable[pa.RecordBatch], file: OpenParquet, path: str, row_groups: range, rows: range | None
) -> Iterator[pa.RecordBatch]:
    """Yield those of the rows of some row groups that lie in a range of the file; all if there is none."""
    with reading(path):
        first, end = (rows_before(file, group) for group in (row_groups.start, row_groups.stop))
    if rows is None or rows == range(first, end):
        yield from batches
        return
    for batch in batches:
        start, stop = (min(max(at - first, 0), batch.num_rows) for at in (rows.start, rows.stop))
        if start < stop:
            yield batch.slice(start, stop - start)
        first += batch.num_rows
        if first >= rows.stop:
            return


def rows_before(file: OpenParquet, row_group: int) -> int:
    """Return how many rows stand before a row group."""
    return sum(file.metadata.row_group(index).num_rows for index in range(row_group))


def read_chosen(
    file: OpenParquet,
    path: str,
    row_groups: range,
    rows: NDArray[np.int64],
    columns: list[str],
    *,
    checksums: bool = True,
) -> Iterator[tuple[NDArray[np.int64], pa.RecordBatch]]:
    """Yield some rows, and their numbers, in order; row groups that hold none of them are not read.

    Parameters
    ----------
    file : ParquetFile
        As `open_parquet` opens it: once for all row groups, since each opening reads a footer.
    path, row_groups, columns, checksums
        As in `read_batches`.
    rows : int64 array
        Rising, counted from the first row of the row groups.
    """
    first = 0
    for index in row_groups:
        with reading(path):
            count = file.metadata.row_group(index).num_rows
        wanted = rows[(rows >= first) & (rows < first + count)]
        if len(wanted):
            group = range(index, index + 1)
            size = batch_rows(file, path, group, columns, checksums=checksums)
            yield from _pick(batches_of(file, path, group, columns, size), wanted, first)
        first += count


def _pick(
    batches: Iterable[pa.RecordBatch], rows: NDArray[np.int64], first: int
) -> Iterator[tuple[NDArray[np.int64], pa.RecordBatch]]:
    for batch in batches:
        inside = rows[(rows >= first) & (rows < first + batch.num_rows)]
        if len(inside):
            # Slices, for pyarrow cannot take from string views (26.0).
            yield inside, pa.concat_batches([batch.slice(row - first, 1) for row in inside.tolist()])
        first += batch.num_rows
        if first > rows[-1]:
            return


def _refuse_growth(
    batches: Iterable[pa.RecordBatch], file: OpenParquet, path: str, row_groups: range
) -> Iterator[pa.RecordBatch]:
    """Yield batches as long as they have not grown without measure: minutes of work out of a kilobyte."""
    allowed, decoded = _allowed_bytes(file, path, row_groups), 0
    for batch in batches:
        decoded += batch.nbytes
        if decoded > allowed:
            raise _grown(path, row_groups, allowed)
        yield batch


def _allowed_bytes(file: OpenParquet, path: str, row_groups: range) -> int:
    """Return how many bytes some row groups may have when they are decoded."""
    with reading(path):
        groups = [file.metadata.row_group(index) for index in row_groups]
        stored = sum(
            group.column(at).total_compressed_size for group in groups for at in range(group.num_columns)
        )
    return max(LEAST_ALLOWED_BYTES, GROWTH * min(max(int(stored), 0), file.size_bytes))


def _grown(path: str, row_groups: range, allowed: int) -> BadFileError:
    return BadFileError(
        f"{path} must not grow more than {GROWTH:,} times when it is decoded. Row groups "
        f"{row_groups.start} to {row_groups.stop} have more than {allowed:,} bytes."
    )


def _least_bytes(file: OpenParquet, path: str, row_groups: range, columns: list[str] | None) -> float:
    """Return what some row groups take decoded at least: a list repeats a number as often as it likes."""
    with reading(path):
        leaves = [file.schema.column(at) for at in range(len(file.schema))]
        asked = [(at, _width(leaf)) for at, leaf in enumerate(leaves) if _is_asked(leaf.path, columns)]
        groups = [file.metadata.row_group(index) for index in row_groups]
        values = (
            (max(int(group.column(at).num_values), 0), width) for group in groups for at, width in asked
        )
        return sum(count * width for count, width in values)


def _width(leaf: pq.ColumnSchema) -> float:
    """Return the bytes that a value of a leaf takes at least in Arrow."""
    if leaf.physical_type == "FIXED_LEN_BYTE_ARRAY":
        return int(leaf.length)
    return NARROW.get(leaf.converted_type, WIDTHS.get(leaf.physical_type, 0))


def batch_rows(
    file: OpenParquet, path: str, row_groups: range, columns: list[str] | None, *, checksums: bool
) -> int:
    """Return how many rows make a batch: of `BATCH_BYTES` usually, of `WORST_BATCH_BYTES` at worst.

    Raises
    ------
    BadFileError
        If one row may take more than `WORST_ROW_BYTES`, or all more than they may.
    """
    allowed = _allowed_bytes(file, path, row_groups)
    if _least_bytes(file, path, row_groups, columns) > allowed:
        raise _grown(path, row_groups, allowed)
    with reading(path):
        groups = [file.metadata.row_group(index) for index in row_groups]
        declared = max((group.total_byte_size / max(group.num_rows, 1) for group in groups), default=0.0)
    first_bytes, worst_bytes = _row_bytes(file, path, row_groups, columns, checksums=checksums)
    usual = int(BATCH_BYTES / max(declared, first_bytes, 1.0))
    return max(1, min(BATCH_ROWS_LIMIT, usual, int(WORST_BATCH_BYTES / max(worst_bytes, 1.0))))


def _row_bytes(
    file: OpenParquet, path: str, row_groups: range, columns: list[str] | None, *, checksums: bool
) -> tuple[float, float]:
    """Return what a row takes decoded: on average of the first, and on average of a row group at worst.

    At worst all values are the longest of their dictionary. Rows repeat such a value at the cost of a few
    bits, anywhere in the file: first rows cannot show it.
    """
    worst, coded = 0.0, {}
    for index, name, values_per_row, rows in _suspect_rows(
        file, path, row_groups, columns, checksums=checksums
    ):
        worst = max(worst, values_per_row * max(map(_longest_value, rows.columns), default=0))
        if worst > WORST_ROW_BYTES:
            raise BadFileError(
                f"{path} must have rows that fit into memory. Those of row group {index} may take "
                f"{worst:,.0f} bytes each in {name!r}."
            )
        if index == row_groups.start and (rows.num_rows, rows.num_columns) == (PROBE_ROWS, 1):
            coded[name] = rows.column(0)
    return _bytes_of_first_rows(file, path, row_groups, columns, coded), worst


def _suspect_rows(
    file: OpenParquet, path: str, row_groups: range, columns: list[str] | None, *, checksums: bool
) -> Iterator[tuple[int, str, float, pa.RecordBatch]]:
    """Yield row group, name, values a row and first rows of the leaves whose dictionary could fill memory.

    Their texts are not decoded. To unpack a dictionary takes most of the time, so all first rows are read
    with it at once, where a row is one text; elsewhere a row may have many, and one row is read.
    """
    with reading(path):
        suspects = {index: _repeating(file.metadata.row_group(index), columns) for index in row_groups}
        fields = {field.name: field.type for field in file.schema_arrow}
    names = sorted({name for found in suspects.values() for name in found})
    if not names:
        return
    with open_parquet(path, read_dictionary=names, checksums=checksums) as probe:
        for index, found in suspects.items():
            for name, values_per_row in found.items():
                is_text = index == row_groups.start and fields.get(name) in OFFSET_BYTES
                count = PROBE_ROWS if is_text else 1
                for rows in islice(batches_of(probe, path, range(index, index + 1), [name], count), 1):
                    yield index, name, values_per_row, rows


def _bytes_of_first_rows(
    file: OpenParquet,
    path: str,
    row_groups: range,
    columns: list[str] | None,
    coded: Mapping[str, pa.DictionaryArray],
) -> float:
    """Return what a row takes decoded, on average of the first: `PROBE_ROWS`, or fewer huge ones.

    `coded` has that many rows of the columns that need not be read again.
    """
    with reading(path):
        leaves = [file.schema.column(at).path for at in range(len(file.schema))]
        in_texts = np.zeros(PROBE_ROWS, np.int64)
        for name, texts in coded.items():
            in_texts += _decoded_bytes(texts, file.schema_arrow.field(name).type)
    others = [name for name in leaves if _is_asked(name, columns) and name not in coded] if coded else columns
    batches = batches_of(file, path, row_groups, others, 1)
    sizes: list[int] = []
    for batch, text_bytes in zip(batches, in_texts.tolist(), strict=False):
        sizes.append(batch.nbytes + text_bytes)
        if len(sizes) >= PROBE_ROWS or sum(sizes) >= BATCH_BYTES:
            break
    return sum(sizes) / max(len(sizes), 1)


def _decoded_bytes(texts: pa.DictionaryArray, kind: pa.DataType) -> Ints:
    """Return what each text of a dictionary takes where it is read by itself: a null has one byte more."""
    nulls: NDArray[np.bool_] = texts.is_null().to_numpy(zero_copy_only=False)
    return of_rows(texts, text_lengths(texts.dictionary)) + OFFSET_BYTES[kind] + nulls


def _repeating(group: pq.RowGroupMetaData, columns: list[str] | None) -> dict[str, float]:
    """Return the leaves of a row group whose dictionary could fill memory, and how many values a row has.

    These are mostly dictionary, or shrink like nothing but repetition.
    """
    found = {}
    for index in range(group.num_columns):
        chunk = group.column(index)
        if chunk.physical_type != "BYTE_ARRAY" or not chunk.has_dictionary_page:
            continue
        name = chunk.path_in_schema
        values_per_row = max(1.0, chunk.num_values / max(group.num_rows, 1))
        values = min(group.num_rows, BATCH_ROWS_LIMIT) * values_per_row
        if values * chunk.total_uncompressed_size > WORST_BATCH_BYTES and _is_asked(name, columns):
            dictionary_bytes = chunk.data_page_offset - chunk.dictionary_page_offset
            whole = max(chunk.total_compressed_size, 1)
            if dictionary_bytes > whole / 2 or chunk.total_uncompressed_size > REPETITION * whole:
                found[name] = values_per_row
    return found


def _is_asked(name: str, columns: list[str] | None) -> bool:
    return columns is None or any(name == one or name.startswith(f"{one}.") for one in columns)


def _longest_value(array: pa.Array) -> int:
    """Return the bytes of the longest text in an array, within lists and structs too."""
    if isinstance(array.type, pa.BaseExtensionType):
        array = array.storage
    if pa.types.is_dictionary(array.type):
        return _longest_value(array.dictionary)
    if pa.types.is_struct(array.type):
        return max(map(_longest_value, array.flatten()), default=0)
    if array.type.num_fields:
        return _longest_value(array.values)
    return int(text_lengths(array).max(initial=0)) if holds_text(array.type) else 0
