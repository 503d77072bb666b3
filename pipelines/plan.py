"""From input files to parts: footers only, and never a matter of the number of workers.

A part is a run of row groups of one file and becomes one output file. Its key says what its output
depends on; a receipt under that key means that the part is done. Time stamps are not in the key, so
a copied dump goes on where it was; neither are workers, executor or progress.
"""

import hashlib
import json
from array import array
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from typing import Any, overload

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from filtering.errors import BadFileError, ColumnError, SettingsError
from pipelines.inputs import PARQUET_SUFFIXES, InputFile
from pipelines.paths import is_store
from pipelines.reading import Footer, read_footer, resolve_text_column

OUTPUT_FORMAT = 5
"""Number of the layout and content of `out/`; raised when either changes."""

FOOTERS_AT_A_TIME = 32
"""Of files in a store, where each takes a round trip or two; on a disk one thread is faster than several."""
FOOTERS_HELD = 4096
ROWS_HELD = 8192
"""Parts that are Python objects at a time; all of them are a table of Arrow, ten times as small."""

Settings = Mapping[str, str | float | int | None]


@dataclass(frozen=True)
class Part:
    """The unit of work, resume, retry and progress: some row groups of one file.

    Parameters
    ----------
    key : str
        sha256 of everything that decides the part's output, in hexadecimal.
    path, relative : str
        The input file, and its path below its root.
    output : str
        Path of the output below ``out/data``.
    size_bytes, footer_sha256
        Of the whole input file.
    first_row_group, stop_row_group : int
        Half-open range of row groups.
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
KEY_FIELDS = (
    *("relative", "output", "size_bytes", "footer_sha256"),
    *("first_row_group", "stop_row_group", "tie_quota"),
)
"""What decides a part's output beside the settings."""


@dataclass(frozen=True)
class SetAside:
    """Input that could not be read, by name: a whole file, or the rows of a part."""

    relative: str
    rows: int
    """Number of rows, as the footer declares them; 0 where the footer itself cannot be read."""
    first_row: int
    why: str


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
    def from_rows(cls, rows: Iterable[Mapping[str, Any]]) -> "Parts":
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
    """Some parts in another order, without a table of their own."""

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


@dataclass(frozen=True)
class Plan:
    """All that a run will do, decided before the first row is read.

    Parameters
    ----------
    settings : mapping
        What decides rows and bytes of the output, the scorer's digest included.
    parts : Parts
        In order of relative path and rows.
    set_aside : tuple of SetAside
        Files whose footer cannot be read.
    """

    settings: Settings
    parts: Parts
    set_aside: tuple[SetAside, ...]

    @cached_property
    def digest(self) -> str:
        """sha256 over settings, parts and files set aside."""
        aside = [one.relative for one in self.set_aside]  # why names the path, which may change
        digest = _hash([dict(self.settings), aside])
        for batch in self.parts.table.select(["key"]).to_batches():
            digest.update("".join(batch.column(0).to_pylist()).encode())
        return digest.hexdigest()

    @cached_property
    def places(self) -> str:
        """sha256 over where the inputs lie, and why some cannot be read: what the digest leaves out."""
        paths = self.parts.table["path"].unique().to_pylist()
        return _hash([paths, [one.why for one in self.set_aside]]).hexdigest()

    @cached_property
    def rows(self) -> int:
        """Rows of all parts."""
        return int(self.parts.column("rows").sum())


def _hash(value: object) -> "hashlib._Hash":
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode())


def keys_under(settings: Settings) -> Callable[[Mapping[str, Any]], str]:
    """Return the function from a part's fields to its key: the sha256 of what decides the part's output."""
    base = _hash([dict(settings), OUTPUT_FORMAT])

    def key_of(row: Mapping[str, Any]) -> str:
        digest = base.copy()
        digest.update("\0".join([str(row[name]) for name in KEY_FIELDS]).encode(errors="surrogatepass"))
        return digest.hexdigest()

    return key_of


def rekeyed(parts: Parts, settings: Settings, tie_quotas: Iterable[int]) -> Parts:
    """Return parts with other quotas of ties, and their keys under other settings."""
    key_of = keys_under(settings)
    rows = ({**vars(part), "tie_quota": quota} for part, quota in zip(parts, tie_quotas, strict=True))
    return Parts.from_rows({**row, "key": key_of(row)} for row in rows)


def make_plan(
    files: Sequence[InputFile],
    *,
    settings: Settings,
    text_column: str | None,
    new_columns: Sequence[str],
    rows_per_part: int,
    strict: bool = False,
) -> tuple[Plan, str]:
    """Read all footers and split the files into parts.

    Parameters
    ----------
    files : sequence of InputFile
        In order of relative path.
    settings : mapping
        What decides the output beside the files; the name of the text column is added.
    text_column : str, optional
        As the user gave it.
    new_columns : sequence of str
        Columns that the output gets; no input may have one of them.
    rows_per_part : int
        A part is closed at the row group in which it reaches this many rows.
    strict : bool
        Raise at the first bad footer instead of setting the file aside.

    Returns
    -------
    Plan, str
        The plan and the name of the text column.

    Raises
    ------
    ColumnError
        If a file lacks the text column, or files disagree on which it is.
    SettingsError
        If a file already has one of `new_columns`, or no file can be read at all.
    BadFileError
        If `strict` and a footer cannot be read.
    """
    rows = _PartRows(settings, text_column, new_columns, rows_per_part)
    set_aside: list[SetAside] = []

    hashes = array("q")  # of outputs: all names at once would take ten times the memory

    def readable() -> Iterator[Mapping[str, Any]]:
        for file, footer in _footers(files):
            if isinstance(footer, Footer):
                for row in rows.of_file(file, footer):
                    hashes.append(hash(row["output"]))
                    yield row
            elif strict:
                raise footer
            else:
                set_aside.append(SetAside(file.relative, 0, 0, str(footer)))

    parts = Parts.from_rows(readable())
    if rows.text_column is None:
        reasons = "; ".join(one.why for one in set_aside)
        raise SettingsError(f"At least one input must be a readable Parquet file. {reasons}")
    _refuse_clashes(parts, np.frombuffer(hashes, dtype=np.int64))
    return Plan(rows.settings, parts, tuple(set_aside)), rows.text_column


def _footers(files: Sequence[InputFile]) -> Iterator[tuple[InputFile, Footer | BadFileError]]:
    """Yield files with their footers, or what is wrong with these."""

    def read(file: InputFile) -> Footer | BadFileError:
        try:
            return read_footer(file.path)
        except BadFileError as error:
            return error

    if not any(is_store(file.path) for file in files):
        yield from ((file, read(file)) for file in files)
        return
    with ThreadPoolExecutor(FOOTERS_AT_A_TIME, thread_name_prefix="footer") as pool:
        for start in range(0, len(files), FOOTERS_HELD):
            held = files[start : start + FOOTERS_HELD]
            yield from zip(held, pool.map(read, held), strict=True)


class _PartRows:
    """Splits files into the rows of their parts, under the text column of the first file."""

    def __init__(
        self, settings: Settings, text_column: str | None, new_columns: Sequence[str], rows_per_part: int
    ) -> None:
        self.settings = settings
        self.text_column: str | None = None
        self._given, self._new_columns, self._rows_per_part = text_column, new_columns, rows_per_part
        self._first_path = ""
        self._key_of = keys_under(settings)

    def of_file(self, file: InputFile, footer: Footer) -> Iterator[Mapping[str, Any]]:
        """Yield the fields of each part of a file."""
        name = resolve_text_column(footer.schema, file.path, self._given)
        if self.text_column is None:
            self.text_column, self._first_path = name, file.path
            self.settings = {**self.settings, "text_column": name}
            self._key_of = keys_under(self.settings)
        if name != self.text_column:
            raise ColumnError(
                f"All files must have one text column. Found {self.text_column!r} in {self._first_path} and "
                f"{name!r} in {file.path}. Choose with --text-column, or run them into two outputs."
            )
        _refuse_taken(footer.schema, file.path, self._new_columns)
        for row in _split(file, footer, name, self._rows_per_part):
            yield {**row, "key": self._key_of(row)}


def _refuse_clashes(parts: Parts, hashes: NDArray[np.int64]) -> None:
    order = np.argsort(hashes, kind="stable")
    for at in np.flatnonzero(np.diff(hashes[order]) == 0).tolist():
        one, other = parts[int(order[at])], parts[int(order[at + 1])]
        if one.output == other.output:
            raise SettingsError(
                f"Each output must come from one input. {one.relative!r} and {other.relative!r} would both "
                f"be written to {one.output!r}. Rename one of them."
            )


def _refuse_taken(schema: pa.Schema, path: str, new_columns: Sequence[str]) -> None:
    taken = [name for name in new_columns if name in schema.names]
    if taken:
        raise SettingsError(
            f"{path} must not have the columns that this run adds. Found {', '.join(taken)}. "
            "Choose another name with --score-column."
        )


def _split(file: InputFile, footer: Footer, text_column: str, rows_per_part: int) -> Iterator[dict[str, Any]]:
    metadata = footer.metadata
    paths = (metadata.schema.column(index).path for index in range(metadata.num_columns))
    column = next(index for index, path in enumerate(paths) if path == text_column)
    groups = [metadata.row_group(index) for index in range(metadata.num_row_groups)]
    rows_of = [group.num_rows for group in groups]
    bytes_of = [group.column(column).total_uncompressed_size for group in groups]
    ranges: list[tuple[int, int]] = []
    start = rows = 0
    for index, group_rows in enumerate(rows_of):
        rows += group_rows
        if rows >= rows_per_part:
            ranges.append((start, index + 1))
            start, rows = index + 1, 0
    if start < len(groups) or not ranges:
        ranges.append((start, len(groups)))
    first_row = 0
    for number, (start, stop) in enumerate(ranges):
        rows = sum(rows_of[start:stop])
        yield {
            "path": file.path,
            "relative": file.relative,
            "output": output_name(file.relative, number, len(ranges)),
            "size_bytes": footer.size_bytes,
            "footer_sha256": footer.sha256,
            "first_row_group": start,
            "stop_row_group": stop,
            "first_row": first_row,
            "rows": rows,
            "text_bytes": sum(bytes_of[start:stop]),
            "tie_quota": -1,
        }
        first_row += rows


def is_unchanged(part: Part) -> bool:
    """Tell whether the input of a part is the file that the part was planned from, by size and footer.

    Raises
    ------
    BadFileError, RunError
        If its footer cannot be read any more.
    """
    footer = read_footer(part.path)
    return (footer.size_bytes, footer.sha256) == (part.size_bytes, part.footer_sha256)


def refuse_changed(part: Part) -> None:
    """Check that the input of a part is as it was when the run read it.

    Raises
    ------
    SettingsError
        If it is not.
    RunError
        If it cannot be read.
    """
    try:
        unchanged = is_unchanged(part)
    except BadFileError:  # what is no Parquet any more has changed
        unchanged = False
    if not unchanged:
        raise SettingsError(
            f"The inputs of a run must be unchanged to read them again. {part.path} has changed."
        )


def output_name(relative: str, number: int, count: int) -> str:
    """Return the path of a part's output below ``out/data``.

    Examples
    --------
    >>> output_name("cc/a.parquet", 0, 1), output_name("cc/a.parquet", 2, 12)
    ('cc/a.parquet', 'cc/a.part-00003-of-00012.parquet')
    """
    stem, dot, suffix = relative.rpartition(".")
    if dot + suffix.lower() not in PARQUET_SUFFIXES:
        stem = relative
    number_of = f".part-{number + 1:05}-of-{count:05}" if count > 1 else ""
    return f"{stem}{number_of}.parquet"
