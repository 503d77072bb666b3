"""From input files to parts: footers only, and never a matter of the number of workers.

A part is a run of row groups of one file and becomes one output file. Its key says what its output
depends on; a receipt under that key means that the part is done. Time stamps are not in the key, so
a copied dump goes on where it was; neither are workers, executor or progress.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import PurePosixPath

import pyarrow as pa

from filtering.errors import BadFileError, ColumnError, SettingsError
from pipelines.reading import Footer, InputFile, read_footer, resolve_text_column

OUTPUT_FORMAT = 2
"""Number of the layout and content of `out/`; raised when either changes."""

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


@dataclass(frozen=True)
class SetAside:
    """Input that could not be read, by name: a whole file, or the rows of a part."""

    relative: str
    rows: int
    """Number of rows, as the footer declares them; 0 where the footer itself cannot be read."""
    first_row: int
    why: str


@dataclass(frozen=True)
class Plan:
    """All that a run will do, decided before the first row is read.

    Parameters
    ----------
    settings : mapping
        What decides rows and bytes of the output, the scorer's digest included.
    parts : tuple of Part
        In order of relative path and rows.
    set_aside : tuple of SetAside
        Files whose footer cannot be read.
    """

    settings: Settings
    parts: tuple[Part, ...]
    set_aside: tuple[SetAside, ...]

    @property
    def digest(self) -> str:
        """sha256 over settings, parts and files set aside."""
        aside = [one.relative for one in self.set_aside]  # why names the path, which may change
        return _sha256([dict(self.settings), [part.key for part in self.parts], aside])

    @property
    def rows(self) -> int:
        """Rows of all parts."""
        return sum(part.rows for part in self.parts)


def _sha256(value: object) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()


def part_key(part: Part, settings: Settings) -> str:
    """Return the sha256 of what decides a part's output, in hexadecimal."""
    return _sha256(
        [
            part.relative,
            part.output,
            part.size_bytes,
            part.footer_sha256,
            part.first_row_group,
            part.stop_row_group,
            part.tie_quota,
            dict(settings),
            OUTPUT_FORMAT,
        ]
    )


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
    resolved: tuple[str, str] | None = None
    set_aside: list[SetAside] = []
    footers: list[tuple[InputFile, Footer]] = []
    for file in files:
        try:
            footer = read_footer(file.path)
        except BadFileError as error:
            if strict:
                raise
            set_aside.append(SetAside(file.relative, 0, 0, str(error)))
            continue
        name = resolve_text_column(footer.schema, file.path, text_column)
        if resolved and name != resolved[0]:
            raise ColumnError(
                f"All files must have one text column. Found {resolved[0]!r} in {resolved[1]} and {name!r} "
                f"in {file.path}. Choose with --text-column, or run them into two outputs."
            )
        resolved = resolved or (name, file.path)
        _refuse_taken(footer.schema, file.path, new_columns)
        footers.append((file, footer))
    if resolved is None:
        reasons = "; ".join(one.why for one in set_aside)
        raise SettingsError(f"At least one input must be a readable Parquet file. {reasons}")
    settings = {**settings, "text_column": resolved[0]}
    parts: list[Part] = []
    for file, footer in footers:
        parts += _split(file, footer, settings, resolved[0], rows_per_part)
    _refuse_clashes(parts)
    return Plan(settings, tuple(parts), tuple(set_aside)), resolved[0]


def _refuse_clashes(parts: Iterable[Part]) -> None:
    seen: dict[str, str] = {}
    for part in parts:
        other = seen.setdefault(part.output, part.relative)
        if other != part.relative:
            raise SettingsError(
                f"Each output must come from one input. {other!r} and {part.relative!r} would both be "
                f"written to {part.output!r}. Rename one of them."
            )


def _refuse_taken(schema: pa.Schema, path: str, new_columns: Sequence[str]) -> None:
    taken = [name for name in new_columns if name in schema.names]
    if taken:
        raise SettingsError(
            f"{path} must not have the columns that this run adds. Found {', '.join(taken)}. "
            "Choose another name with --score-column."
        )


def _split(
    file: InputFile, footer: Footer, settings: Settings, text_column: str, rows_per_part: int
) -> list[Part]:
    metadata = footer.metadata
    columns = {metadata.schema.column(i).path: i for i in range(metadata.num_columns)}
    column = columns[text_column]
    ranges: list[tuple[int, int]] = []
    start = rows = 0
    for index in range(metadata.num_row_groups):
        rows += metadata.row_group(index).num_rows
        if rows >= rows_per_part:
            ranges.append((start, index + 1))
            start, rows = index + 1, 0
    if start < metadata.num_row_groups or not ranges:
        ranges.append((start, metadata.num_row_groups))
    parts = []
    first_row = 0
    for number, (start, stop) in enumerate(ranges):
        groups = [metadata.row_group(index) for index in range(start, stop)]
        rows = sum(group.num_rows for group in groups)
        part = Part(
            key="",
            path=file.path,
            relative=file.relative,
            output=output_name(file.relative, number, len(ranges)),
            size_bytes=footer.size_bytes,
            footer_sha256=footer.sha256,
            first_row_group=start,
            stop_row_group=stop,
            first_row=first_row,
            rows=rows,
            text_bytes=sum(group.column(column).total_uncompressed_size for group in groups),
        )
        parts.append(keyed(part, settings))
        first_row += rows
    return parts


def keyed(part: Part, settings: Settings, **changes: str | int) -> Part:
    """Return the part with `changes` made and its key computed."""
    values = {field.name: getattr(part, field.name) for field in fields(part)} | changes
    return Part(**{**values, "key": part_key(Part(**values), settings)})


def is_unchanged(part: Part) -> bool:
    """Tell whether the input of a part is the file that the part was planned from, by size and footer.

    Raises
    ------
    BadFileError, RunError
        If its footer cannot be read any more.
    """
    footer = read_footer(part.path)
    return (footer.size_bytes, footer.sha256) == (part.size_bytes, part.footer_sha256)


def output_name(relative: str, number: int, count: int) -> str:
    """Return the path of a part's output below ``out/data``.

    Examples
    --------
    >>> output_name("cc/a.parquet", 0, 1), output_name("cc/a.parquet", 2, 12)
    ('cc/a.parquet', 'cc/a.part-00003-of-00012.parquet')
    """
    path = PurePosixPath(relative)
    stem = path.stem if path.suffix.lower() in (".parquet", ".parq", ".pq") else path.name
    number_of = f".part-{number + 1:05}-of-{count:05}" if count > 1 else ""
    return str(path.with_name(f"{stem}{number_of}.parquet"))
