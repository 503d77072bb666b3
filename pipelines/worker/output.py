"""What is written of a batch, and how: the input's columns as they were, and what a run adds.

Files are written as the source was, as far as pyarrow can: schema and metadata, the codec of each
column, row groups of the same number of rows.
"""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from filtering import Scores
from filtering.scoring.scorers import STAGES
from filtering.scoring.settings import Effort
from filtering.text.arrow import REASONS
from pipelines.dump.reading import open_parquet
from pipelines.settings.runs import LeakAction
from pipelines.worker.leak_finder import FoundLeaks, leaked_tasks

ROW_GROUP_BYTES = 64 << 20
"""Row groups are closed at this size, whatever the source's had: they are held in memory."""


@dataclass(frozen=True)
class AddedColumns:
    """Names of the columns that a run adds.

    Examples
    --------
    >>> AddedColumns.named("edu_score")
    AddedColumns(score='edu_score', keep='edu_keep', reason='edu_reason', stage='edu_stage', leak='edu_leak')
    """

    score: str
    keep: str
    reason: str
    stage: str
    leak: str

    @classmethod
    def named(cls, score_column: str) -> "AddedColumns":
        """Return the names that go with the name of the score column."""
        stem = score_column.removesuffix("_score")
        return cls(score_column, f"{stem}_keep", f"{stem}_reason", f"{stem}_stage", f"{stem}_leak")

    def in_mode(
        self, write: str, effort: Effort, *, scores: bool = True, leaks: LeakAction | None = None
    ) -> tuple[str, ...]:
        """Return the names that are added in a mode of writing; that of the stage where stages mix."""
        if write == "scores":
            return ()
        names = []
        if scores:
            names.append(self.score)
            if write == "all":
                names += [self.keep, self.reason]
            if effort == "balanced":
                names.append(self.stage)
        if leaks == "mark" or (leaks is not None and write == "all"):
            names.append(self.leak)
        return tuple(names)


def output_schema(schema: pa.Schema, added: AddedColumns, names: Sequence[str]) -> pa.Schema:
    """Return the schema of an output file: the input's, its metadata included, and what is added."""
    kinds = {added.score: pa.float32(), added.keep: pa.bool_()}
    for name in names:
        schema = schema.append(pa.field(name, kinds.get(name, pa.string())))
    return schema


def output_batch(
    batch: pa.RecordBatch,
    scores: Scores,
    keep: NDArray[np.bool_],
    found: FoundLeaks | None,
    added: AddedColumns,
    write: str,
    schema: pa.Schema,
) -> pa.RecordBatch:
    """Return the rows of a batch that are written, with the columns that are added."""
    columns = [*batch.columns]
    for name in schema.names[batch.num_columns :]:
        if name == added.score:
            columns.append(pa.array(scores.value, mask=scores.reason > 0))
        elif name == added.keep:
            columns.append(pa.array(keep))
        elif name == added.reason:
            columns.append(_named(scores.reason, REASONS))
        elif name == added.leak:
            columns.append(leaked_tasks(found, len(keep)) if found else pa.nulls(len(keep), pa.string()))
        else:
            columns.append(_named(scores.stage, STAGES))
    out = pa.RecordBatch.from_arrays(columns, schema=schema)
    return _kept_rows(out, keep) if write == "kept" else out


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


def source_format(path: str, row_groups: range) -> tuple[pa.Schema, dict[str, str], int]:
    """Return the schema of a file, the codec of each column, and its row groups' size in rows."""
    with open_parquet(path) as file:
        groups = [file.metadata.row_group(index) for index in row_groups]
        codecs: dict[str, str] = {}
        for group in groups[:1]:
            for index in range(group.num_columns):
                column = group.column(index)
                codecs[column.path_in_schema] = _codec(column.compression)
        return file.schema_arrow, codecs, max((group.num_rows for group in groups), default=1)


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
    schema : Arrow schema of the file
    codecs : dict
        Codec of each leaf column; zstd for others.
    group_rows : int
        Rows of a row group.
    """

    def __init__(self, path: Path, schema: pa.Schema, codecs: dict[str, str], group_rows: int) -> None:
        self.schema = schema
        self.rows = 0
        self._group_rows = max(group_rows, 1)
        self._waiting: list[pa.RecordBatch] = []
        self._waiting_rows = self._waiting_bytes = 0
        self._unify = any(pa.types.is_dictionary(field.type) for field in schema)
        added = {field.name: "ZSTD" for field in schema if not _has_leaf(codecs, field.name)}
        self._writer = pq.ParquetWriter(
            path, schema, compression={**codecs, **added} or "zstd", write_page_checksum=True
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
        self._writer.write_table(table, row_group_size=self._waiting_rows)
        self.rows += self._waiting_rows
        self._waiting, self._waiting_rows, self._waiting_bytes = [], 0, 0

    def close(self) -> None:
        """Write what is left, and the footer."""
        self._flush()
        self._writer.close()

    def let_go(self) -> None:
        """Let go of the file, whole or not."""
        with suppress(OSError, pa.ArrowException):
            self._writer.close()


def _has_leaf(codecs: dict[str, str], name: str) -> bool:
    return any(path == name or path.startswith(f"{name}.") for path in codecs)
