"""What became of each part, written down as it is told: segments of many receipts each.

A million small files would take minutes to read back, so the driver, which alone writes receipts,
gathers them: one that comes alone is written at once, many that come together go into one segment, at
most `WRITE_EVERY_S` after they came. A driver that is killed loses those seconds: such parts are run
again and give the same bytes. A segment is named by its content, so two drivers of one plan do no harm.
"""

import math
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from itertools import chain
from types import TracebackType
from typing import Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from pipelines.dump.parts import ROWS_HELD, Parts, places_of, rows_at

WRITE_EVERY_S = 5.0
SEGMENT_ROWS = 10_000
ALIGNED_ROWS = 131_072


@dataclass(frozen=True)
class Receipt:
    """What became of a part; the only thing that a worker gives back.

    Parameters
    ----------
    key, output : str
        Of the part.
    rows, kept : int
        Rows read, and rows that are kept.
    used : int
        How often these are used, all together: as many times as there are, unless a new cut repeats some.
    reasons : dict
        Number of documents without a score, by reason.
    unusual : dict
        Number of documents that were scored but counted as unusual, by kind.
    text_bytes, kept_text_bytes, used_text_bytes, unread_bytes : int
        UTF-8 bytes of all documents, of those kept, of these as often as they are used, and those beyond what
        signals read of a document.
    tokens, tokens_read : int
        As in `filtering.scoring.scores.Scores`.
    embedded, embedded_kept : int
        Rows that the full scorer decided, and those of them that it keeps.
    audited : sequence of int
        Texts that the full scorer looked at as well, and what came out: see `filtering.scoring.audited`.
    data_bytes, scores_bytes : int
        Size of the two output files; 0 where the file is not written.
    data_sha256, scores_sha256 : str
        Digests of the two output files; empty where the file is not written.
    data_rows : int
        Rows of the output file.
    leaked : int
        Documents with a benchmark leak, of those that would be kept.
    leaks : dict
        Such documents by benchmark, documents of common knowledge alone, and such that could not be searched
        as others.
    unsure : dict
        Documents in languages that the scorer does not know, by language: of those that are kept, or were
        dropped for that.
    passages : dict
        Figures of long documents and their passages, as `FoundPassages.counted` names them; empty where
        documents are judged as wholes alone.
    hits_rows, hits_bytes, hits_sha256 : int, int, str
        Rows, size and digest of the file of hits; nothing where there is none.
    choice_bytes, choice_sha256 : int, str
        Size and digest of the file that says how often each row is used; nothing where there is none.
    set_aside : str
        Why the part could not be read; empty if it could.
    """

    key: str
    output: str
    rows: int
    kept: int = 0
    used: int = 0
    reasons: Mapping[str, int] = field(default_factory=dict)
    unusual: Mapping[str, int] = field(default_factory=dict)
    text_bytes: int = 0
    kept_text_bytes: int = 0
    used_text_bytes: int = 0
    unread_bytes: int = 0
    tokens: int = 0
    tokens_read: int = 0
    embedded: int = 0
    embedded_kept: int = 0
    audited: Sequence[int] = ()
    data_rows: int = 0
    data_bytes: int = 0
    data_sha256: str = ""
    scores_bytes: int = 0
    scores_sha256: str = ""
    leaked: int = 0
    leaks: Mapping[str, int] = field(default_factory=dict)
    unsure: Mapping[str, int] = field(default_factory=dict)
    passages: Mapping[str, int] = field(default_factory=dict)
    hits_rows: int = 0
    hits_bytes: int = 0
    hits_sha256: str = ""
    choice_bytes: int = 0
    choice_sha256: str = ""
    set_aside: str = ""


_KINDS: Mapping[object, pa.DataType] = {
    str: pa.string(),
    int: pa.int64(),
    Sequence[int]: pa.list_(pa.uint64()),
    Mapping[str, int]: pa.map_(pa.string(), pa.int64()),
}
RECEIPT_SCHEMA = pa.schema([(one.name, _KINDS[one.type]) for one in fields(Receipt)])
INDEX_SCHEMA = pa.schema([RECEIPT_SCHEMA.field("key"), RECEIPT_SCHEMA.field("set_aside")])
"""What tells which parts are done."""


def table_of(receipts: Iterable[Receipt]) -> pa.Table:
    """Return receipts as rows of `RECEIPT_SCHEMA`."""
    return pa.Table.from_pylist([vars(receipt) for receipt in receipts], RECEIPT_SCHEMA)


def receipts_of(table: pa.Table) -> Iterator[Receipt]:
    """Yield the receipts that a table of `RECEIPT_SCHEMA` holds."""
    for batch in table.to_batches(max_chunksize=ROWS_HELD):
        for row in batch.to_pylist():
            counts = {name: dict(row[name]) for name in ("reasons", "unusual", "leaks", "unsure", "passages")}
            yield Receipt(**{**row, **counts, "audited": tuple(row["audited"])})


def aligned(parts: Parts, read: Callable[[Sequence[str]], Iterator[pa.Table]]) -> Iterator[pa.Table]:
    """Yield the receipts of parts in the order of the parts, some at a time.

    Of several receipts of a part the one that says that it is done counts. The segments are read once for
    their keys, and once more for each of the tables: all receipts of a million parts are never held at once.

    Parameters
    ----------
    parts : Parts
    read : callable
        Yields some columns of the segments, the same segments in the same order each time.

    Raises
    ------
    KeyError
        If a part has none; the message is its name.
    """
    places = _receipt_places(parts, pa.concat_tables([INDEX_SCHEMA.empty_table(), *read(INDEX_SCHEMA.names)]))
    for start in range(0, len(parts), ALIGNED_ROWS):
        batches = chain.from_iterable(table.to_batches() for table in read(RECEIPT_SCHEMA.names))
        yield rows_at(batches, RECEIPT_SCHEMA, places[start : start + ALIGNED_ROWS])


def _receipt_places(parts: Parts, index: pa.Table) -> NDArray[np.int64]:
    """Return for each part the row of `index` with the receipt that counts, shape (n,)."""
    is_set_aside = pc.not_equal(index["set_aside"], "").to_numpy()
    # Of the receipts of a part the first is found: so those that say that it is done come first.
    best_first = np.argsort(is_set_aside, kind="stable")
    keys = (
        index["key"].take(pa.array(best_first)) if is_set_aside.any() else index["key"]
    )  # of a million: 70 MB
    places = places_of(parts.table["key"], keys)
    if (places < 0).any():
        raise KeyError(parts.where(places < 0)[0].name)
    return best_first[places]


def sum_of_counts(column: pa.ChunkedArray) -> dict[str, int]:
    """Return the sums of a column of counts by name, sorted by name."""
    totals: Counter[str] = Counter()
    for chunk in column.chunks:
        for name, count in zip(chunk.keys.to_pylist(), chunk.items.to_pylist(), strict=True):
            totals[name] += count
    return dict(sorted(totals.items()))


class ReceiptLog:
    """Writes receipts down as they come; leaving the context writes those that wait.

    The caller of `add` writes, so that what it added alone is on disk when it goes on; a thread sees to
    stragglers. Whoever writes keeps an error, and `add` and leaving raise it.

    Parameters
    ----------
    write : callable
        Writes a segment; what it raises comes out of the next `add`, or of leaving.
    """

    def __init__(self, write: Callable[[Sequence[Receipt]], None]) -> None:
        self._write = write
        self._waiting: list[Receipt] = []
        self._written_s = -math.inf
        self._error: Exception | None = None
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._write_stragglers, name="receipts", daemon=True)

    def add(self, receipt: Receipt) -> None:
        """Take a receipt."""
        with self._lock:
            self._waiting.append(receipt)
            if self._is_due or len(self._waiting) >= SEGMENT_ROWS:
                self._flush()
        self._raise_error()

    @property
    def _is_due(self) -> bool:
        return time.monotonic() - self._written_s >= WRITE_EVERY_S

    def _flush(self) -> None:
        """Write what waits; after an error nothing is tried again: it was tried, for minutes perhaps."""
        if not self._waiting or self._error is not None:
            return
        try:
            self._write(self._waiting)
        except Exception as error:
            self._error = error
        else:
            self._waiting, self._written_s = [], time.monotonic()

    def _raise_error(self) -> None:
        if self._error is not None:
            raise self._error

    def _write_stragglers(self) -> None:
        while not self._stop.wait(max(WRITE_EVERY_S, 0.1)):
            with self._lock:
                if self._is_due:
                    self._flush()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.join()
        self._flush()
        if error is None:  # else the one that is under way says more
            self._raise_error()
