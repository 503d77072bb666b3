"""Reads time stamps that are stored as INT96 in units that change none of them.

INT96 holds a day and the nanoseconds of that day, from long before our era to long after. Arrow's time
stamps are 64 bits: nanoseconds of the years 1677 to 2262, and what lies beyond wraps without a word. So a
column that has such dates anywhere in its file is read in microseconds there; in milliseconds beyond 292,000
years.
"""

from collections import defaultdict
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import ExitStack
from functools import lru_cache
from itertools import chain
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from filtering.errors import BadFileError
from pipelines.dump.batches import batch_rows, only_rows
from pipelines.dump.parts import Part
from pipelines.dump.reading import OpenParquet, batches_of, open_parquet

UNITS = ("ns", "us", "ms")
PER_SECOND = (10**9, 10**6, 10**3)
FILES_REMEMBERED = 256
"""Of whose INT96 it is known what they need: each part of a file asks."""


class Need(NamedTuple):
    """What a column needs, as places in `UNITS`."""

    reach: int
    """Of the finest unit that reaches all dates."""
    grain: int
    """Of the coarsest unit in which all are whole numbers."""


NOTHING = Need(0, len(UNITS) - 1)


def coarser_units(part: Part, file: pq.ParquetFile, *, checksums: bool) -> Mapping[str, str]:
    """Return the units of columns that are not read in nanoseconds, the same for all parts of a file.

    Parameters
    ----------
    part : Part
    file : ParquetFile
        Of the part.
    checksums : bool
        Whether the checksums of pages are checked.

    Raises
    ------
    BadFileError
        If the part has fractions in such a column that would be lost.
    RunError
        If the system does not let us read it.
    """
    leaves = map(file.schema.column, range(len(file.schema)))
    columns = tuple(leaf.path for leaf in leaves if leaf.physical_type == "INT96")
    needs = _needs(part.path, part.footer_sha256, columns, checksums) if columns else ()
    units = {}
    for name in dict.fromkeys(chain.from_iterable(needs)):
        reach = max(need[name].reach for need in needs if name in need)
        if min(needs[index].get(name, NOTHING).grain for index in part.row_groups) < reach:
            raise BadFileError(
                f"{part.path} must have time stamps that 64 bits can hold. Its column {name!r} has INT96 "
                f"beyond the reach of {UNITS[reach - 1]}, and fractions of {UNITS[reach]} in rows "
                f"{part.first_row} to {part.first_row + part.rows}. Store it as another type."
            )
        if reach:
            units[name] = UNITS[reach]
    return units


def exact_schema(path: str, schema: pa.Schema, units: Mapping[str, str]) -> pa.Schema:
    """Return the schema of a file whose columns are read in these units."""
    for unit in set(units.values()):
        with open_parquet(path, int96_unit=unit) as file:
            for index, field in enumerate(file.schema_arrow):
                if units.get(field.name) == unit:
                    schema = schema.set(index, field)
    return schema


def read_in_units(
    path: str, row_groups: range, units: Mapping[str, str], *, rows: range | None = None, checksums: bool
) -> Generator[pa.RecordBatch]:
    """Yield the rows of some row groups with all columns, some in coarser units, as `read_batches` does."""
    of_unit = {unit: [name for name in units if units[name] == unit] for unit in set(units.values())}
    with ExitStack() as stack:

        def opened(unit: str) -> OpenParquet:
            return stack.enter_context(open_parquet(path, checksums=checksums, int96_unit=unit))

        file = opened("ns")
        size = batch_rows(file, path, row_groups, None, checksums=checksums)
        others = (batches_of(opened(unit), path, row_groups, names, size) for unit, names in of_unit.items())

        def joined() -> Iterator[pa.RecordBatch]:
            for batch, *coarser in zip(batches_of(file, path, row_groups, None, size), *others, strict=True):
                for names, other in zip(of_unit.values(), coarser, strict=True):
                    for name in names:
                        batch = _replaced(batch, other, name)
                yield batch

        yield from only_rows(joined(), file, path, row_groups, rows)


def _replaced(batch: pa.RecordBatch, other: pa.RecordBatch, name: str) -> pa.RecordBatch:
    """Return a batch with the column of a name, or the columns, out of another one."""
    places = (one.schema.get_all_field_indices(name) for one in (batch, other))
    for index, place in zip(*places, strict=True):
        batch = batch.set_column(index, other.schema.field(place), other.column(place))
    return batch


@lru_cache(FILES_REMEMBERED)
def _needs(
    path: str, footer_sha256: str, columns: Sequence[str], checksums: bool
) -> Sequence[Mapping[str, Need]]:
    """Return what columns with INT96 need, for each row group of a file."""
    leaves = list(columns)
    with (
        open_parquet(path, checksums=checksums) as fine,
        open_parquet(path, checksums=checksums, int96_unit="s") as coarse,
    ):
        needs: list[Mapping[str, Need]] = []
        for index in range(fine.metadata.num_row_groups):
            group = range(index, index + 1)
            found: dict[str, list[Need]] = defaultdict(list)
            try:
                rows = batch_rows(fine, path, group, leaves, checksums=checksums)
                pairs = (batches_of(file, path, group, leaves, rows) for file in (fine, coarse))
                for one, other in zip(*pairs, strict=True):
                    for name, nanoseconds, seconds in zip(one.schema.names, one, other, strict=True):
                        found[name] += map(_need, _time_stamps(nanoseconds), _time_stamps(seconds))
            except BadFileError:  # it is set aside with its own part
                found.clear()
            needs.append({name: _of_all(some) for name, some in found.items()})
        return needs


def _of_all(needs: Sequence[Need]) -> Need:
    reach, grain = zip(NOTHING, *needs, strict=True)
    return Need(max(reach), min(grain))


def _need(nanoseconds: pa.Array, seconds: pa.Array) -> Need:
    """Return what time stamps need that were read in nanoseconds, which may have wrapped, and in seconds."""
    if (nanoseconds.type.unit, seconds.type.unit) != ("ns", "s"):  # another type than INT96, of like a name
        return NOTHING
    whole, numbers = _numbers(seconds), _numbers(nanoseconds)
    # The product wraps as the nanoseconds did, and so the difference is right.
    fractions = (numbers.view(np.uint64) - whole.view(np.uint64) * np.uint64(10**9)).view(np.int64)
    # What is out of reach wraps here too, and is another second then.
    fits = [
        np.array_equal((whole * of_one + fractions // (10**9 // of_one)) // of_one, whole)
        for of_one in PER_SECOND
    ]
    wholes = [place for place, of_one in enumerate(PER_SECOND) if not (fractions % (10**9 // of_one)).any()]
    return Need(fits.index(True), max(wholes))


def _numbers(time_stamps: pa.Array) -> NDArray[np.int64]:
    numbers: NDArray[np.int64] = time_stamps.drop_null().view(pa.int64()).to_numpy()
    return numbers


def _time_stamps(array: pa.Array) -> Iterator[pa.Array]:
    """Yield the time stamps in a column, out of structs and lists of any depth."""
    if pa.types.is_timestamp(array.type):
        yield array
    elif pa.types.is_struct(array.type):
        yield from chain.from_iterable(map(_time_stamps, array.flatten()))
    elif array.type.num_fields:
        yield from _time_stamps(array.flatten())
