"""Reads documents of a finished run once more from its inputs, as far as these are what the run read."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from filtering.errors import BadFileError, RunError
from pipelines.dump.changed_inputs import is_unchanged, refuse_changed
from pipelines.dump.parts import Part
from pipelines.dump.rows import Row, RowReader

Place = tuple[int, int]
"""Number of a part, and of a row in it."""


def read_again(
    parts: Sequence[Part], places: Iterable[Place], read: RowReader, *, most_bytes: int | None = None
) -> tuple[Iterator[tuple[Place, Row]], dict[str, str]]:
    """Return documents in the order of their places, each once; and which inputs cannot be read, and why.

    Documents are read as they are taken, one after the other; the second is filled meanwhile.

    Parameters
    ----------
    parts : sequence of Part
        Of the run.
    places : iterable of (int, int)
        Number of the part, and of the row in it.
    read : RowReader
    most_bytes : int, optional
        Text after which no more is read, each part by its share of the places; all is read if not given.
    """
    wanted: dict[int, list[int]] = defaultdict(list)
    for number, row in sorted(set(places)):
        wanted[number].append(row)
    count = sum(len(rows) for rows in wanted.values())
    unread: dict[str, str] = {}

    def rows_of_all() -> Iterator[tuple[Place, Row]]:
        for number, rows in wanted.items():
            part, left_bytes = parts[number], (most_bytes or 0) * len(rows) // count
            try:
                if not is_unchanged(part):
                    raise BadFileError(f"{part.path} must be as it was. It has changed since the run.")
                for row in read(part, np.array(rows)):
                    yield (number, row.number), row
                    left_bytes -= len(row.data or b"")
                    if most_bytes is not None and left_bytes <= 0:
                        break
            except (BadFileError, RunError, OSError) as error:
                unread[part.relative] = str(error)

    return rows_of_all(), unread


def read_unchanged(part: Part, rows: NDArray[np.int64], read: RowReader) -> Iterator[Row]:
    """Yield rows of one part of a finished run.

    Parameters
    ----------
    part : Part
    rows : int64 array
        Rising, counted within the part.
    read : RowReader

    Raises
    ------
    SettingsError
        If the input is not what the run read.
    BadFileError, RunError
        If it cannot be read.
    """
    refuse_changed(part)
    yield from read(part, rows)
