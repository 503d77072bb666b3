"""What a run does with the parts of long documents: the columns that tell of them, and rows of their own.

A document that is kept is written whole. Of a long one that is not, its passages can be written.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from filtering.arrays import Bools, Ints
from filtering.scoring.cascade import AnyScorer, signals_of
from filtering.scoring.passages import Passages, ScoredSegments, find_passages, score_segments
from filtering.text.arrow import text_lengths
from filtering.text.segments import cut_out
from pipelines.dump.texts_of_tables import text_path, texts_of

SEGMENT_TYPE = pa.struct([("start", pa.int64()), ("end", pa.int64()), ("points", pa.float32())])
PASSAGES_TYPE = pa.list_(SEGMENT_TYPE)
"""Of the column of segments."""


@dataclass(frozen=True)
class FoundPassages:
    """What was found in the long ones of the n documents of a batch.

    Parameters
    ----------
    segments : ScoredSegments
        Of all of them.
    passages : Passages
        Of some of them.
    keep_at : float
        Points from which a segment belongs to a passage.
    """

    segments: ScoredSegments
    passages: Passages
    keep_at: float

    def of_rows(self, chosen: Bools) -> "FoundPassages":
        """Return this with the passages of some documents alone, which an array of shape (n,) says."""
        return FoundPassages(self.segments, self.passages.of_rows(chosen), self.keep_at)

    def rows(self, documents: int) -> Bools:
        """Return which documents have passages, shape (documents,)."""
        return np.bincount(self.passages.row, minlength=documents) > 0

    def counted(self, keep: Bools, sizes: Ints) -> Counter[str]:
        """Return the figures of a run: see `pipelines.reports.runs.passages`.

        Parameters
        ----------
        keep : bool array, shape (n,)
            Documents that are kept whole.
        sizes : int64 array, shape (n,)
            Bytes of the documents.
        """
        found, passages = self.segments, self.passages
        is_long = np.bincount(found.row, minlength=len(keep)) > 0
        given = self.rows(len(keep))
        is_weak = keep[found.row] & ~(found.points >= np.float32(self.keep_at))
        return Counter(
            documents=int(is_long.sum()),
            segments=len(found.row),
            whole=int((is_long & keep).sum()),
            whole_bytes=int(sizes[is_long & keep].sum()),
            weak_bytes=int((found.stop - found.start)[is_weak].sum()),
            cut=int(given.sum()),
            cut_bytes=int(sizes[given].sum()),
            passages=len(passages.row),
            passage_bytes=int((passages.stop - passages.start).sum()),
        )


def look_for_passages(scorer: AnyScorer, texts: pa.Array, scored: Bools, keep_at: float) -> FoundPassages:
    """Score the segments of the long ones of some documents, at effort fast, and find their passages.

    Parameters
    ----------
    scorer : SignalScorer, EmbeddingScorer or CascadeScorer
    texts : Arrow array, length n
    scored : bool array, shape (n,)
        Documents with a score: others have no segments.
    keep_at : float
        Points from which a segment belongs to a passage.
    """
    segments = score_segments(signals_of(scorer), texts, scored)
    return FoundPassages(segments, find_passages(segments, keep_at), keep_at)


def passages_column(found: FoundPassages, rows: int) -> pa.Array:
    """Return the segments of each document of a batch, of `PASSAGES_TYPE`; null where it has none."""
    segments = found.segments
    counts = np.bincount(segments.row, minlength=rows)
    values = pa.StructArray.from_arrays(
        [pa.array(segments.start), pa.array(segments.stop), pa.array(segments.points, from_pandas=True)],
        fields=list(SEGMENT_TYPE),
    )
    offsets = np.append(0, np.cumsum(counts)).astype(np.int32)
    return pa.ListArray.from_arrays(pa.array(offsets), values, type=PASSAGES_TYPE, mask=pa.array(counts == 0))


def best_column(found: FoundPassages, rows: int) -> pa.Array:
    """Return the points of the best segment of each document of a batch; null where it has none."""
    return pa.array(found.segments.best(rows), from_pandas=True)


@dataclass(frozen=True)
class PassageColumns:
    """Names of the columns in which the row of a passage differs from that of its document."""

    text: str
    score: str
    start: str
    end: str


def whole_or_passages(
    batch: pa.RecordBatch, keep: Bools, passages: Passages, names: PassageColumns
) -> pa.RecordBatch:
    """Return documents that are kept whole, and passages of others as rows of their own, in order.

    Parameters
    ----------
    batch : RecordBatch of n rows
        With null in the columns of where a passage starts and ends.
    keep : bool array, shape (n,)
    passages : Passages
        Of documents that are not kept.
    names : PassageColumns
    """
    row = np.concatenate([np.flatnonzero(keep), passages.row])
    order = np.argsort(row, kind="stable")
    row, is_passage = row[order], (order >= keep.sum())
    rows = taken_rows(batch, row)
    whole = texts_of(rows, names.text)
    start, stop = np.zeros(len(row), np.int64), text_lengths(whole)
    start[is_passage], stop[is_passage] = passages.start, passages.stop
    path = text_path(batch.schema, names.text)
    score = rows.column(names.score).to_numpy(zero_copy_only=False).copy()
    score[is_passage] = passages.points
    changed = {
        path[0]: _with_text(rows.column(path[0]), path[1:], cut_out(whole, np.arange(len(row)), start, stop)),
        names.score: pa.array(score),
        names.start: pa.array(start, mask=~is_passage),
        names.end: pa.array(stop, mask=~is_passage),
    }
    columns = [changed.get(name, rows.column(name)) for name in batch.schema.names]
    return pa.RecordBatch.from_arrays(columns, schema=batch.schema)


def taken_rows(batch: pa.RecordBatch, rows: Ints) -> pa.RecordBatch:
    """Return some rows of a batch, in the order in which they are named."""
    try:
        return batch.take(pa.array(rows))
    except pa.ArrowNotImplementedError:  # of string views (pyarrow 26.0)
        return pa.concat_batches([batch.slice(row, 1) for row in rows.tolist()] or [batch.slice(0, 0)])


def _with_text(column: pa.Array, fields: Sequence[str], texts: pa.Array) -> pa.Array:
    """Return a column with other texts: in a field of it, or of a field of that, where names lead there."""
    if not fields:
        return texts.cast(column.type)
    children, place = column.flatten(), column.type.get_field_index(fields[0])
    children[place] = _with_text(children[place], fields[1:], texts)
    return pa.StructArray.from_arrays(children, fields=list(column.type), mask=column.is_null())
