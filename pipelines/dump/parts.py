"""Parts: runs of row groups of one file, or of rows, each the unit of work and one output; and their table.

How files are split is for `pipelines.dump.split_files` to say, and what a run makes of parts for
`pipelines.run_folder.plan`.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, overload

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

ROWS_HELD = 8192
"""Parts that are Python objects at a time; all of them are a table of Arrow, ten times as small."""

Fields = Mapping[str, Any]
"""The fields of a part by name, before it has a key and is a `Part`."""


@dataclass(frozen=True)
class Part:
    """The unit of work, resume, retry and progress: some row groups of one file, or rows of one row group.

    Parameters
    ----------
    key : str
        sha256 of everything that decides the part's output, in hexadecimal; empty where nothing is written.
    path, relative : str
        The input file, and its path below its root.
    output : str
        Path of the output below ``out/data``.
    size_bytes, footer_sha256
        Of the whole input file.
    first_row_group, stop_row_group : int
        Half-open range of row groups that its rows lie in.
    first_row, rows : int
        Position of the first row in the file, and number of rows.
    text_bytes : int
        Bytes of the text column as the footer declares them, uncompressed.
    tie_quota : int
        Of rows that have the very score of the cut, this many are kept; -1 keeps all.
    """

    key: str
    path: str
    relative: str
    output: str
    size_bytes: int
    footer_sha256: str
    first_row_group: int
    stop_row_group: int
    first_row: int
    rows: int
    text_bytes: int
    tie_quota: int = -1

    @property
    def row_groups(self) -> range:
        """The row groups of the part."""
        return range(self.first_row_group, self.stop_row_group)

    @property
    def row_range(self) -> range:
        """The rows of the part in the file."""
        return range(self.first_row, self.first_row + self.rows)

    @property
    def name(self) -> str:
        """The part in words, for messages."""
        return f"{self.relative} (rows {self.first_row} to {self.first_row + self.rows})"


_SHARED_STRING = pa.dictionary(pa.int32(), pa.string())
"""Of values that all parts of a file have in common."""
PART_SCHEMA = pa.schema(
    [
        ("key", pa.string()),
        ("path", _SHARED_STRING),
        ("relative", _SHARED_STRING),
        ("output", pa.string()),
        ("size_bytes", pa.int64()),
        ("footer_sha256", _SHARED_STRING),
        ("first_row_group", pa.int32()),
        ("stop_row_group", pa.int32()),
        ("first_row", pa.int64()),
        ("rows", pa.int64()),
        ("text_bytes", pa.int64()),
        ("tie_quota", pa.int64()),
    ]
)
KEY_CHARS = 64


@dataclass(frozen=True)
class SetAside:
    """Input that could not be read, by name: a whole file, or the rows of a part."""

    relative: str
    rows: int
    """Number of rows, as the footer declares them; 0 where the footer itself cannot be read."""
    first_row: int
    why: str

    @property
    def in_words(self) -> str:
        """The line that says so on the screen."""
        begin = f" from row {self.first_row} on" if self.first_row else ""
        return f"could not be read: {self.relative}{begin}. {self.why}"


class Parts(Sequence[Part]):
    """Parts in a table, one row each: a million of them take 200 MB, and are made objects one by one.

    Parameters
    ----------
    table : pa.Table
        Of `PART_SCHEMA`.
    """

    def __init__(self, table: pa.Table) -> None:
        self.table = table

    @classmethod
    def from_rows(cls, rows: Iterable[Fields]) -> "Parts":
        """Return parts from their fields by name."""
        rows, batches = iter(rows), []
        while held := list(islice(rows, ROWS_HELD)):
            batches.append(pa.RecordBatch.from_pylist(held, PART_SCHEMA))
        return cls(pa.Table.from_batches(batches, PART_SCHEMA))

    def __len__(self) -> int:
        return int(self.table.num_rows)

    def __iter__(self) -> Iterator[Part]:
        for batch in self.table.to_batches(max_chunksize=ROWS_HELD):
            yield from map(Part, *(column.to_pylist() for column in batch.columns))

    @overload
    def __getitem__(self, place: int) -> Part: ...

    @overload
    def __getitem__(self, place: slice) -> "Parts": ...

    def __getitem__(self, place: int | slice) -> "Part | Parts":
        if isinstance(place, slice):
            return self.take(np.arange(len(self))[place])
        place = range(len(self))[place]
        return Part(**self.table.slice(place, 1).to_pylist()[0])

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Parts) and bool(self.table.equals(other.table))

    __hash__ = None  # type: ignore[assignment]  # as of every mutable sequence

    def column(self, name: str) -> NDArray[Any]:
        """Return a column of numbers, shape (n,)."""
        values: NDArray[Any] = self.table[name].to_numpy()
        return values

    def take(self, places: NDArray[np.int64]) -> "Parts":
        """Return the parts at some places, in that order."""
        return Parts(rows_at(self.table.to_batches(), PART_SCHEMA, places))

    def where(self, mask: NDArray[np.bool_]) -> "Parts":
        """Return the parts for which the mask, of shape (n,), is true."""
        return Parts(self.table.filter(pa.array(mask)))

    def has_key(self, keys: pa.ChunkedArray) -> NDArray[np.bool_]:
        """Return which parts have one of some keys, shape (n,)."""
        return places_of(self.table["key"], keys) >= 0

    def of_key(self, key: str) -> Part:
        """Return the part that has a key."""
        place: int = pc.index(self.table["key"], key).as_py()
        return self[place]

    def largest_first(self, mask: NDArray[np.bool_]) -> "PartsInOrder":
        """Return the parts for which the mask is true as they should run: no large one begins last."""
        places = np.flatnonzero(mask)
        return PartsInOrder(self, places[np.argsort(-self.column("text_bytes")[places], kind="stable")])

    @property
    def files(self) -> frozenset[str]:
        """Relative paths of the files that the parts are of."""
        return frozenset(self.table["relative"].unique().to_pylist())


class PartsInOrder(Sequence[Part]):
    """Some parts in another order, without a table of their own: of a million that saves 245 MB."""

    def __init__(self, parts: Parts, places: NDArray[np.int64]) -> None:
        self._parts, self._places = parts, places

    def __len__(self) -> int:
        return len(self._places)

    def __iter__(self) -> Iterator[Part]:
        for start in range(0, len(self), ROWS_HELD):
            yield from self._parts.take(self._places[start : start + ROWS_HELD])

    @overload
    def __getitem__(self, place: int) -> Part: ...

    @overload
    def __getitem__(self, place: slice) -> "PartsInOrder": ...

    def __getitem__(self, place: int | slice) -> "Part | PartsInOrder":
        if isinstance(place, slice):
            return PartsInOrder(self._parts, self._places[place])
        return self._parts[int(self._places[place])]


def rows_at(batches: Iterable[pa.RecordBatch], schema: pa.Schema, places: NDArray[np.int64]) -> pa.Table:
    """Return the rows at some places of all batches together, in that order.

    Of each batch by itself: `Table.take` joins all chunks, and their dictionaries, at each call.
    """
    order = np.argsort(places, kind="stable")
    rising, taken, first = places[order], [], 0
    for batch in batches:
        start, stop = np.searchsorted(rising, (first, first + len(batch)))
        if start < stop:
            taken.append(batch.take(pa.array(rising[start:stop] - first)))
        first += len(batch)
    return pa.Table.from_batches(taken, schema).take(pa.array(np.argsort(order)))


def places_of(wanted: pa.ChunkedArray, keys: pa.ChunkedArray) -> NDArray[np.int64]:
    """Return where each wanted key stands first among `keys`, shape (n,); -1 where it does not.

    By sorting: the hash tables of pyarrow's `index_in` take three times the memory of the keys.
    """
    known, sought = _as_bytes(keys), _as_bytes(wanted)
    if not len(known):
        return np.full(len(sought), -1)
    order = np.argsort(known, kind="stable")
    at = np.searchsorted(known, sought, sorter=order)
    places = order[np.minimum(at, len(known) - 1)]
    places[known[places] != sought] = -1
    return places


def _as_bytes(keys: pa.ChunkedArray) -> NDArray[np.bytes_]:
    """Return the first half of each key, 128 bits: no two keys of this world have the same."""
    halves, start = np.empty(len(keys), f"S{KEY_CHARS // 2}"), 0
    for chunk in keys.chunks:
        fixed = chunk.cast(pa.binary()).cast(pa.binary(KEY_CHARS))
        whole = np.frombuffer(fixed.buffers()[1], halves.dtype)[2 * fixed.offset :]
        halves[start : start + len(chunk)] = whole[: 2 * len(chunk) : 2]
        start += len(chunk)
    return halves
