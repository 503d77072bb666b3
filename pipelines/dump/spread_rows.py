"""Some rows of a dump or run, spread over all of it: which ones follows from its parts alone."""

from collections import defaultdict
from collections.abc import Mapping, Sequence

import numpy as np
import pyarrow.parquet as pq
from numpy.typing import NDArray

from filtering.errors import BadFileError, RunError
from pipelines.dump.parts import Part
from pipelines.dump.reading import open_parquet, reading

Rows = Mapping[int, NDArray[np.int64]]
"""Rising row numbers within parts, by number of the part."""


def spread_rows(
    parts: Sequence[Part], numbers: Sequence[int], *, rows: int, places: int, most_bytes: int = 0
) -> Rows:
    """Choose about so many rows of some parts, all of those that have no more.

    Parameters
    ----------
    parts : sequence of Part
    numbers : sequence of int
        Which of them may be chosen from.
    rows : int
    places : int
        At which they lie together, evenly spread.
    most_bytes : int
        Bytes of row groups that may be decoded to reach places in their middle. Where it takes more, rows are
        those at the beginnings of the row groups instead.
    """
    sizes = np.array([parts[number].rows for number in numbers], dtype=np.int64)
    total = int(sizes.sum())
    if total <= rows:
        return {number: np.arange(parts[number].rows) for number in numbers}
    ends = np.cumsum(sizes)
    offsets: dict[int, list[int]] = defaultdict(list)
    for position in ((np.arange(places) + 0.5) / places * total).astype(np.int64):
        at = int(np.searchsorted(ends, position, side="right"))
        offsets[numbers[at]].append(int(position - ends[at] + sizes[at]))
    most = most_bytes // len(offsets)
    return {number: _near(parts[number], some, rows // places, most) for number, some in offsets.items()}


def _near(part: Part, offsets: Sequence[int], count: int, most_bytes: int) -> NDArray[np.int64]:
    """Return so many rows for each of some places in a part; none if it cannot be read."""
    try:
        with open_parquet(part.path) as file, reading(part.path):
            groups = [file.metadata.row_group(index) for index in range(part.stop_row_group)]
            return np.array(sorted(_rows_of(part, groups, offsets, count, most_bytes)), dtype=np.int64)
    except (BadFileError, RunError, IndexError):
        return np.zeros(0, dtype=np.int64)


def _rows_of(
    part: Part, groups: Sequence[pq.RowGroupMetaData], offsets: Sequence[int], count: int, most_bytes: int
) -> set[int]:
    # Of a row group that the part holds some rows of, these.
    ends = np.cumsum([0, *(group.num_rows for group in groups)])
    starts = np.clip(ends, part.row_range.start, part.row_range.stop)[part.first_row_group :] - part.first_row
    places = np.searchsorted(starts, offsets, side="right") - 1
    touched = sum(groups[part.first_row_group + place].total_byte_size for place in set(places.tolist()))
    chosen: set[int] = set()
    for place, offset in zip(places.tolist(), offsets, strict=True):
        begin, taken = (offset, 0) if touched <= most_bytes else (int(starts[place]), 0)
        while begin < starts[place + 1] and taken < count:
            taken += begin not in chosen
            chosen.add(begin)
            begin += 1
    return chosen
