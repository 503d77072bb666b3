"""What is written of a batch, and how: the input's columns as they were, and what a run adds.

Files are written as the source was, as far as pyarrow can: schema and metadata, names of list elements, the
codec of each column, row groups of the same number of rows.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from itertools import zip_longest
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from filtering.errors import BadFileError
from filtering.scoring.scores import STAGES, Scores
from filtering.scoring.settings import Effort
from filtering.text.arrow import REASONS
from pipelines.dump.int96 import exact_schema
from pipelines.dump.parts import Part
from pipelines.dump.reading import reading
from pipelines.dump.rewriting import (
    WRITER_OPTIONS,
    has_integer_decimals,
    parquet_schema,
    refuse_unwritable,
    unwritable,
    writable_array,
    writable_schema,
)
from pipelines.run_folder.publishing import new_file
from pipelines.run_folder.stored_scores import UNSURE
from pipelines.settings.runs import LeakAction
from pipelines.worker.copies import rows_with_copies
from pipelines.worker.footer_keys import true_keys
from pipelines.worker.judged import Judged
from pipelines.worker.leak_finder import leaked_tasks
from pipelines.worker.passages import (
    PASSAGES_TYPE,
    PassageColumns,
    best_column,
    passages_column,
    taken_rows,
    whole_or_passages,
)
from pipelines.worker.worker_settings import WorkerSettings

ROW_GROUP_BYTES = 64 << 20
"""Row groups are closed at this size, whatever the source's had: they are held in memory."""


@dataclass(frozen=True)
class AddedColumns:
    """Names of the columns that a run adds.

    Examples
    --------
    >>> added = AddedColumns.named("edu_score")
    >>> added.unsure, added.keep, added.reason, added.stage, added.leak, added.repeat, added.file, added.row
    ('edu_unsure', 'edu_keep', 'edu_reason', 'edu_stage', 'edu_leak', 'edu_repeat', 'edu_file', 'edu_row')
    >>> added.passages, added.best, added.start, added.end
    ('edu_passages', 'edu_best', 'edu_start', 'edu_end')
    """

    score: str
    each: Mapping[str, str]
    unsure: str
    keep: str
    reason: str
    stage: str
    leak: str
    repeat: str
    file: str
    row: str
    passages: str
    best: str
    start: str
    end: str

    @classmethod
    def named(cls, score_column: str, scorers: Sequence[str] = ()) -> "AddedColumns":
        """Return the names that go with the name of the score column; a column for each of several scorers.

        Examples
        --------
        >>> AddedColumns.named("edu_score", ["web", "mine"]).each
        {'web': 'edu_score_web', 'mine': 'edu_score_mine'}
        """
        stem = score_column.removesuffix("_score")
        names = "unsure keep reason stage leak repeat file row passages best start end".split()
        each = {name: f"{score_column}_{name}" for name in scorers}
        return cls(score_column, each, *(f"{stem}_{name}" for name in names))

    def in_mode(
        self,
        write: str,
        effort: Effort,
        *,
        scores: bool = True,
        leaks: LeakAction | None = None,
        origin: bool = False,
        unsure: bool = False,
        repeats: bool = False,
        passages: bool = False,
    ) -> tuple[str, ...]:
        """Return the names that are added in a mode of writing; that of the stage where stages mix."""
        if write == "scores":
            return ()
        names = []
        if scores:
            names += [self.score, *self.each.values(), *([self.unsure] if unsure else [])]
            names += [self.passages, self.best] if passages else []
            names += [self.start, self.end] if write == "passages" else []
            if write == "all":
                names += [self.keep, self.reason]
            if effort == "balanced":
                names.append(self.stage)
        if leaks == "mark" or (leaks is not None and write == "all"):
            names.append(self.leak)
        if repeats:
            names.append(self.repeat)
        return (*names, self.file, self.row) if origin else tuple(names)


def added_fields(added: AddedColumns, names: Sequence[str]) -> list[pa.Field]:
    """Return the columns that a run adds."""
    kinds = {
        **dict.fromkeys((added.score, *added.each.values()), pa.float32()),
        added.keep: pa.bool_(),
        added.unsure: pa.bool_(),
        added.repeat: pa.int32(),
        added.row: pa.int64(),
        added.passages: PASSAGES_TYPE,
        added.best: pa.float32(),
        added.start: pa.int64(),
        added.end: pa.int64(),
    }
    return [pa.field(name, kinds.get(name, pa.string())) for name in names]


def output_batches(
    batch: pa.RecordBatch,
    judged: Judged,
    added: AddedColumns,
    settings: WorkerSettings,
    schema: pa.Schema,
    origin: tuple[str, int],
) -> Iterator[pa.RecordBatch]:
    """Yield the rows of a batch that are written, with the columns that are added.

    Where rows are written as often as they are used, the copies of a row stand apart, and memory does not
    grow with their number.

    Parameters
    ----------
    batch : RecordBatch of n rows
    judged : Judged
    added : AddedColumns
    settings : WorkerSettings
    schema : Schema
        Of the output.
    origin : (str, int)
        The input file, by its path below its folder, and the row in it of the first row.
    """
    columns = [writable_array(one, field.type) for one, field in zip(batch.columns, schema, strict=False)]
    make = _makers(judged, added, origin)
    columns += [make[name]() for name in schema.names[batch.num_columns :]]
    out = pa.RecordBatch.from_arrays(columns, schema=schema)
    if settings.write == "all":
        yield out
        return
    if settings.write == "passages" and judged.passages is not None and len(judged.passages.passages.row):
        names = PassageColumns(settings.text_column, added.score, added.start, added.end)
        yield whole_or_passages(out, judged.keep, judged.passages.passages, names)
        return
    if not settings.expand:
        yield _kept_rows(out, judged.keep)
        return
    for rows in rows_with_copies(judged.times, judged.sizes):
        yield taken_rows(out, rows)


def _makers(
    judged: Judged, added: AddedColumns, origin: tuple[str, int]
) -> Mapping[str, Callable[[], pa.Array]]:
    """Return what makes each column that a run may add."""
    scores, keep, found, passages = judged.scores, judged.keep, judged.leaks, judged.passages
    count = len(keep)
    codes = np.zeros(count, np.uint8) if judged.unsure is None else judged.unsure.codes
    each = {added.each[name]: own for name, own in scores.each.items()}
    return {
        **{name: partial(_points, own) for name, own in each.items()},
        added.score: lambda: _points(scores),
        added.unsure: lambda: pa.array(codes == UNSURE, mask=codes == 0),
        added.keep: lambda: pa.array(keep),
        added.reason: lambda: _named(judged.reason, REASONS),
        added.repeat: lambda: pa.array(judged.times.astype(np.int32)),
        added.file: lambda: pa.repeat(pa.scalar(origin[0], pa.string()), count),
        added.row: lambda: pa.array(np.arange(origin[1], origin[1] + count)),
        added.leak: lambda: leaked_tasks(found, count) if found else pa.nulls(count, pa.string()),
        added.stage: lambda: _named(scores.stage, STAGES),
        added.start: lambda: pa.nulls(count, pa.int64()),
        added.end: lambda: pa.nulls(count, pa.int64()),
        **({} if passages is None else {
            added.passages: lambda: passages_column(passages, count),
            added.best: lambda: best_column(passages, count),
        }),
    }  # fmt: skip


def _points(scores: Scores) -> pa.Array:
    """Return rubric points; null where there are none."""
    return pa.array(scores.value, mask=scores.reason > 0)


def _named(codes: NDArray[np.uint8], names: tuple[str, ...]) -> pa.Array:
    """Return the names of codes; none for the code 0."""
    return pa.array([None, *names[1:]], type=pa.string()).take(pa.array(codes))


def _kept_rows(batch: pa.RecordBatch, keep: NDArray[np.bool_]) -> pa.RecordBatch:
    try:
        return batch.filter(pa.array(keep))
    except pa.ArrowNotImplementedError:
        # pyarrow cannot filter string views (26.0); runs of kept rows are joined instead.
        edges = np.flatnonzero(np.diff(keep, prepend=False, append=False)).reshape(-1, 2)
        runs = [batch.slice(start, stop - start) for start, stop in edges.tolist()]
        return pa.concat_batches(runs) if runs else batch.slice(0, 0)


@dataclass(frozen=True)
class FileFormat:
    """How a file of rows is written.

    Parameters
    ----------
    schema : Arrow schema
        Of the file, its keys included.
    codecs : sequence of str
        Of the first leaf columns, in their order; all others are zstd.
    group_rows : int
        Rows of a row group.
    integer_decimals : bool
        Whether small decimals are stored as integers.
    source : str
        Whose columns these are, for messages.
    """

    schema: pa.Schema
    codecs: Sequence[str] = ()
    group_rows: int = 1
    integer_decimals: bool = False
    source: str = ""


def format_like(
    file: pq.ParquetFile, part: Part, units: Mapping[str, str], added: Sequence[pa.Field]
) -> FileFormat:
    """Return the format of the output of a part: as its source has it, with columns that are added.

    Parameters
    ----------
    file : ParquetFile
        The source.
    part : Part
    units : mapping
        As `coarser_units` returns them.
    added : sequence of Field

    Raises
    ------
    BadFileError
        If pyarrow cannot write one of the columns.
    """
    with reading(part.path):
        schema = writable_schema(exact_schema(part.path, file.schema_arrow, units))
        refuse_unwritable(schema, part.path)
        keys = {**(schema.metadata or {}), **(file.metadata.metadata or {})}
        groups = [file.metadata.row_group(index) for index in part.row_groups]
        return FileFormat(
            schema=pa.schema([*schema, *added], true_keys(keys, added)),
            codecs=[
                _codec(group.column(i).compression) for group in groups[:1] for i in range(group.num_columns)
            ],
            group_rows=max((group.num_rows for group in groups), default=1),
            integer_decimals=has_integer_decimals(file.schema),
            source=part.path,
        )


def _codec(compression: str) -> str:
    """Return pyarrow's name for writing a codec; LZO and the like, which it cannot write, become zstd."""
    name = {"UNCOMPRESSED": "NONE", "LZ4_RAW": "LZ4"}.get(compression, compression)
    return name if name in ("NONE", "SNAPPY", "GZIP", "BROTLI", "LZ4", "ZSTD") else "ZSTD"


class GatheringWriter:
    """Writes batches as row groups of a given number of rows, at most `ROW_GROUP_BYTES` each.

    pyarrow's own writer makes a row group of every batch that it is given (26.0).

    Parameters
    ----------
    path : Path
    form : FileFormat
    """

    def __init__(self, path: Path, form: FileFormat) -> None:
        self.schema = schema = form.schema
        self.rows = 0
        self._source = form.source
        self._group_rows = max(form.group_rows, 1)
        self._waiting: list[pa.RecordBatch] = []
        self._waiting_rows = self._waiting_bytes = 0
        self._unify = any(pa.types.is_dictionary(field.type) for field in schema)
        leaves = parquet_schema(schema, integer_decimals=form.integer_decimals)
        paths = (leaves.column(index).path for index in range(len(leaves)))
        self._file = new_file(path)
        self._writer = pq.ParquetWriter(
            self._file,
            schema,
            compression=dict(zip_longest(paths, form.codecs, fillvalue="ZSTD")),
            write_page_checksum=True,
            store_decimal_as_integer=form.integer_decimals,
            **WRITER_OPTIONS,
        )

    def add(self, batch: pa.RecordBatch) -> None:
        """Take the next rows."""
        start = 0
        while start < batch.num_rows:
            piece = batch.slice(start, self._group_rows - self._waiting_rows)
            start += piece.num_rows
            self._waiting.append(piece)
            self._waiting_rows += piece.num_rows
            self._waiting_bytes += piece.nbytes
            if self._waiting_rows >= self._group_rows or self._waiting_bytes >= ROW_GROUP_BYTES:
                self._flush()

    def _flush(self) -> None:
        if not self._waiting_rows:
            return
        table = pa.Table.from_batches(self._waiting, self.schema)
        if self._unify:
            table = table.unify_dictionaries()
        try:
            self._writer.write_table(table, row_group_size=self._waiting_rows)
        except (pa.ArrowNotImplementedError, pa.ArrowInvalid) as error:
            raise self._unwritable(table, error) from error
        self.rows += self._waiting_rows
        self._waiting, self._waiting_rows, self._waiting_bytes = [], 0, 0

    def _unwritable(self, table: pa.Table, error: Exception) -> BadFileError:
        """Return the error that names the column that pyarrow cannot write, as it says only when it tries."""
        for field, column in zip(table.schema, table.columns, strict=True):
            try:
                pq.write_table(
                    pa.table([column], pa.schema([field])), pa.BufferOutputStream(), **WRITER_OPTIONS
                )
            except pa.ArrowException:
                return unwritable(self._source, field, error)
        return BadFileError(f"{self._source} must have columns that can be written as well as read. {error}")

    def close(self) -> None:
        """Write what is left, and the footer."""
        self._flush()
        self._writer.close()
        self._file.close()

    def let_go(self) -> None:
        """Let go of the file, whole or not."""
        with suppress(OSError, pa.ArrowException):
            self._writer.close()
            self._file.close()
