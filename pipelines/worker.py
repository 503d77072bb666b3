"""What happens to one part: read, score, write, publish, receipt.

The only way through which rows are scored and written, for every executor and for `recut`. The
thread that calls `PartWorker.run` reads and writes; a pool of threads scores batches beside it, so
that one huge file uses more than one core. Reading, scoring and compression release the GIL.
"""

from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from filtering import Scores
from filtering.cascade import AnyScorer, CascadeScorer
from filtering.documents import REASONS, UNUSUAL
from filtering.errors import BadFileError, RunError, ScorerError
from filtering.scorers import EMBEDDING_STAGE, NO_AUDIT
from filtering.signals import text_lengths
from filtering.windows import REACH
from pipelines.audit import lots
from pipelines.config_worker import WorkerSettings
from pipelines.leaks import HITS_SCHEMA, FoundLeaks, LeakFinder, LeakTally, apply_action
from pipelines.paths import AnyPath
from pipelines.plan import Part
from pipelines.reading import open_parquet, read_batches
from pipelines.receipts import Receipt
from pipelines.scorers import open_scorer
from pipelines.store import RunFolder, Written
from pipelines.writing import (
    SCORES_GROUP_ROWS,
    SCORES_SCHEMA,
    AddedColumns,
    GatheringWriter,
    output_batch,
    output_schema,
    scores_batch,
    source_format,
)

PIECE_ROWS: Mapping[str, int] = {"fast": 1 << 62, "balanced": 1024, "full": 128}
"""Rows that are scored at a time: about a hundred are embedded.

At effort full as fast as 512, within 3 %, and Ctrl-C waits 7 s instead of 17 on two busy cores; 64 are
15 % slower.
"""

Tick = Callable[[int, int, int], None]
"""Called after each batch with rows, bytes of text and rows kept; may raise to stop the worker."""


class BatchScorer(Protocol):
    """What gives the batches of a part their scores."""

    @property
    def piece_rows(self) -> int:
        """Rows that are scored at a time."""
        ...

    def start(self, part: Part) -> Callable[[pa.RecordBatch, int], Scores]:
        """Return the function from a batch, and its first row within the part, to scores."""
        ...


class TextScorer:
    """Scores of texts, by a scorer."""

    def __init__(self, settings: WorkerSettings) -> None:
        self._scorer = _planned_scorer(settings)
        self.piece_rows = PIECE_ROWS[settings.effort]
        self._audit_shares = settings.audit_shares
        self._text_column = settings.text_column

    def start(self, part: Part) -> Callable[[pa.RecordBatch, int], Scores]:
        """Return the function that scores a batch by its text column."""
        scorer = self._scorer

        def score(batch: pa.RecordBatch, first: int) -> Scores:
            texts = batch.column(self._text_column)
            if not isinstance(scorer, CascadeScorer):
                return scorer.score(texts)
            chances = lots(part.relative, part.first_row + first, batch.num_rows)
            return scorer.score_and_look_again(texts, chances, self._audit_shares)

        return score


def _planned_scorer(settings: WorkerSettings) -> AnyScorer:
    scorer = open_scorer(
        settings.scorer or "", settings.effort, settings.placement, settings.exit_settings, settings.rules
    )
    if settings.scorer_sha256 not in (None, scorer.digest):
        raise ScorerError(
            f"A worker must have the scorer that the run was planned with. {settings.scorer!r} is "
            "another one here: it was replaced, or differs between machines."
        )
    return scorer


def stored_scores(
    folder: RunFolder, part: Part
) -> tuple[NDArray[np.float32], NDArray[np.uint8], NDArray[np.uint8]]:
    """Return what a run stored of a part: rubric points (NaN without a score), stages, and reasons."""
    with open_parquet(str(folder.scores / part.output)) as file:
        table = file.read(use_threads=False)
    value: NDArray[np.float32] = table["edu_score"].to_numpy().astype(np.float32)
    return value, table["edu_stage"].to_numpy(), table["edu_reason"].to_numpy()


class StoredScores:
    """Scores that an earlier run stored; on some the full scorer decides anew, where that is asked for."""

    def __init__(self, settings: WorkerSettings) -> None:
        self._folder = RunFolder(settings.scores_from or "")
        scorer = _planned_scorer(settings) if settings.rescore else None
        self._cascade = scorer if isinstance(scorer, CascadeScorer) else None
        self.piece_rows = PIECE_ROWS["balanced" if self._cascade else "fast"]
        self._text_column = settings.text_column

    def start(self, part: Part) -> Callable[[pa.RecordBatch, int], Scores]:
        """Return the function that looks a batch's scores up."""
        value, stage, reason = stored_scores(self._folder, part)

        def look_up(batch: pa.RecordBatch, first: int) -> Scores:
            rows = slice(first, first + batch.num_rows)
            unusual = np.zeros(batch.num_rows, dtype=np.uint8)
            scores = Scores(value=value[rows], stage=stage[rows], reason=reason[rows], unusual=unusual)
            texts = batch.column(self._text_column)
            return scores if self._cascade is None else self._cascade.rescore(texts, scores)

        return look_up


class NoScores:
    """No scores: every row passes the cut."""

    piece_rows = PIECE_ROWS["fast"]

    def start(self, part: Part) -> Callable[[pa.RecordBatch, int], Scores]:
        """Return the function that gives every row of a batch the same."""

        def pass_all(batch: pa.RecordBatch, first: int) -> Scores:
            nothing = np.zeros(batch.num_rows, dtype=np.uint8)
            value = np.zeros(batch.num_rows, dtype=np.float32)
            return Scores(value=value, stage=nothing, reason=nothing, unusual=nothing)

        return pass_all


def _source_of(settings: WorkerSettings) -> BatchScorer:
    if settings.scores_from is not None:
        return StoredScores(settings)
    return TextScorer(settings) if settings.scorer is not None else NoScores()


class PartWorker:
    """Turns parts into output files and receipts.

    Parameters
    ----------
    settings : WorkerSettings
        Plain values only: a worker can be built from them in any process.
    """

    def __init__(self, settings: WorkerSettings) -> None:
        self._settings = settings
        self._folder = RunFolder(settings.out)
        self._pool = ThreadPoolExecutor(settings.threads, thread_name_prefix="score")
        self._source = _source_of(settings)
        self._leaks = None if settings.leaks is None else LeakFinder(self._folder, settings.leaks)

    def close(self) -> None:
        """End the threads that score."""
        self._pool.shutdown(cancel_futures=True)

    def run(self, part: Part, tick: Tick) -> Receipt:
        """Read, score and write a part, publish its files, and return a receipt.

        Parameters
        ----------
        part : Part
        tick : callable
            Called after each batch; what it raises stops the part and leaves nothing behind.

        Returns
        -------
        Receipt
            Its `set_aside` says so where the part cannot be read.

        Raises
        ------
        RunError
            If the system does not let us read or write; the part can be run again.
        """
        paths: tuple[Path, ...] = ()
        try:
            paths = tuple(self._folder.new_temporary(name) for name in ("data", "scores", "hits"))
            return self._write(part, tick, *paths)
        except BadFileError as error:
            return Receipt(key=part.key, output=part.output, rows=part.rows, set_aside=str(error))
        except OSError as error:
            raise RunError(
                f"Writing {self._folder.temporary} failed at {part.name}: {error}. "
                "Mend that, then run the same command again: it goes on where it was."
            ) from error
        finally:
            with suppress(OSError):  # what may not be removed now, the next run removes
                for path in paths:
                    path.unlink(missing_ok=True)

    def _write(self, part: Part, tick: Tick, data_path: Path, scores_path: Path, hits_path: Path) -> Receipt:
        settings = self._settings
        added = AddedColumns.named(settings.score_column)
        tally = Tally(signals_read=settings.scores and settings.scores_from is None)
        text_column, leak_tally, hits = settings.text_column, LeakTally(), None
        cut = Cut(settings.keep_at, part.tie_quota)
        with ExitStack() as stack:
            schema, codecs, group_rows = source_format(part.path, part.row_groups)
            data = scores = None
            if settings.write != "scores":
                leak_action = settings.leaks.action if settings.leaks is not None else None
                names = added.in_mode(
                    settings.write, settings.effort, scores=settings.scores, leaks=leak_action
                )
                out_schema = output_schema(schema, added, names)
                data = stack.enter_context(GatheringWriter(data_path, out_schema, codecs, group_rows))
            if settings.scores and (settings.scores_from is None or settings.rescore):
                scores = stack.enter_context(
                    GatheringWriter(scores_path, SCORES_SCHEMA, {}, SCORES_GROUP_ROWS)
                )
            columns = [settings.text_column] if settings.write == "scores" else None
            batches = read_batches(part.path, part.row_groups, columns)
            for batch, scored, found in self._scored(part, self._pieces(batches)):
                keep = cut.keep(scored.value)
                texts = batch.column(text_column)
                if found is not None and settings.leaks is not None:
                    found = found.of_rows(keep)
                    before, action = int(keep.sum()), settings.leaks.action
                    batch, keep = apply_action(action, batch, text_column, keep, found)
                    leak_tally.add(found, len(keep), before - int(keep.sum()) if action == "cut" else 0)
                    if len(found.hits):
                        hits = hits or stack.enter_context(
                            GatheringWriter(hits_path, HITS_SCHEMA, {}, SCORES_GROUP_ROWS)
                        )
                        for piece in found.hits.to_batches():
                            hits.add(piece)
                if data is not None:
                    data.add(output_batch(batch, scored, keep, found, added, settings.write, data.schema))
                if scores is not None:
                    scores.add(scores_batch(scored))
                tick(batch.num_rows, *tally.add(texts, batch.column(text_column), scored, keep))
        if tally.rows != part.rows:
            raise BadFileError(f"{part.name} must have {part.rows} rows. Found {tally.rows}.")
        nothing = Written(0, "", 0)
        # Scores and hits first: whoever sees the data of a part finds these.
        hits_file = self._publish(hits_path, self._folder.hits / part.output, hits) or nothing
        scores_file = self._publish(scores_path, self._folder.scores / part.output, scores) or nothing
        data_file = self._publish(data_path, self._folder.data / part.output, data) or nothing
        return Receipt(
            key=part.key,
            output=part.output,
            rows=tally.rows,
            kept=tally.kept,
            reasons=_counts(REASONS, tally.reasons),
            unusual=_counts(UNUSUAL, tally.unusual),
            text_bytes=tally.text_bytes,
            kept_text_bytes=tally.kept_text_bytes,
            unread_bytes=tally.unread_bytes,
            tokens=tally.tokens,
            tokens_read=tally.tokens_read,
            embedded=tally.embedded,
            embedded_kept=tally.embedded_kept,
            audited_dropped=tally.audit.dropped,
            audited_lost=tally.audit.lost,
            audited_kept=tally.audit.kept,
            audited_false=tally.audit.false,
            data_rows=data_file.rows,
            data_bytes=data_file.size_bytes,
            data_sha256=data_file.sha256,
            scores_bytes=scores_file.size_bytes,
            scores_sha256=scores_file.sha256,
            leaked=leak_tally.leaked,
            leaks=dict(sorted(leak_tally.counts.items())),
            hits_rows=hits_file.rows,
            hits_bytes=hits_file.size_bytes,
            hits_sha256=hits_file.sha256,
        )

    def _publish(self, temporary: Path, final: AnyPath, writer: "GatheringWriter | None") -> Written | None:
        return None if writer is None else self._folder.publish(temporary, final, writer.rows)

    def _pieces(self, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """Yield batches in pieces that are scored in seconds: for progress, and a quick end by Ctrl-C."""
        rows = self._source.piece_rows
        for batch in batches:
            for start in range(0, batch.num_rows, rows):
                yield batch.slice(start, rows)

    def _scored(
        self, part: Part, batches: Iterable[pa.RecordBatch]
    ) -> Iterator[tuple[pa.RecordBatch, Scores, FoundLeaks | None]]:
        """Yield batches, their scores and leaks, in order, with a bounded number in flight."""
        score, leaks = self._source.start(part), self._leaks
        keep_at, text_column = np.float32(self._settings.keep_at), self._settings.text_column

        def look_at(batch: pa.RecordBatch, first: int) -> tuple[Scores, FoundLeaks | None]:
            scores = score(batch, first)
            if leaks is None:
                return scores, None
            return scores, leaks.find(part, batch.column(text_column), first, scores.value >= keep_at)

        waiting: deque[tuple[pa.RecordBatch, Future[tuple[Scores, FoundLeaks | None]]]] = deque()
        first = 0
        try:
            for batch in batches:
                waiting.append((batch, self._pool.submit(look_at, batch, first)))
                first += batch.num_rows
                if len(waiting) > self._settings.threads + 1:
                    batch, future = waiting.popleft()
                    yield batch, *future.result()
            while waiting:
                batch, future = waiting.popleft()
                yield batch, *future.result()
        finally:
            for _, future in waiting:
                future.cancel()


@dataclass
class Cut:
    """The rule from score to kept: at least `keep_at`, with a quota for those exactly on it.

    Parameters
    ----------
    keep_at : float
        Rubric points.
    tie_quota : int
        Rows with the very score `keep_at` that may still be kept; -1 for any number.
    """

    keep_at: float
    tie_quota: int

    def keep(self, value: NDArray[np.float32]) -> NDArray[np.bool_]:
        """Return which rows are kept; NaN never is.

        Parameters
        ----------
        value : float32 array, shape (n,)
            Rubric points.

        Returns
        -------
        bool array, shape (n,)
        """
        at = np.float32(self.keep_at)
        if self.tie_quota < 0:
            return value >= at
        ties = np.flatnonzero(value == at)[: self.tie_quota]
        self.tie_quota -= len(ties)
        keep = value > at
        keep[ties] = True
        return keep


class Tally:
    """Counts over the rows of a part.

    Parameters
    ----------
    signals_read : bool
        Whether signals read the texts; they do not where scores are looked up.
    """

    def __init__(self, *, signals_read: bool) -> None:
        self._signals_read = signals_read
        self.rows = self.kept = self.text_bytes = self.kept_text_bytes = self.unread_bytes = 0
        self.tokens = self.tokens_read = self.embedded = self.embedded_kept = 0
        self.audit = NO_AUDIT
        self.reasons: Counter[int] = Counter()
        self.unusual: Counter[int] = Counter()

    def add(
        self, texts: pa.Array, written: pa.Array, scores: Scores, keep: NDArray[np.bool_]
    ) -> tuple[int, int]:
        """Count a batch, as it was read and as it is written; return its bytes of text and its rows kept."""
        lengths = text_lengths(texts)
        batch_bytes, kept = int(lengths.sum()), int(keep.sum())
        self.rows += len(keep)
        self.kept += kept
        self.text_bytes += batch_bytes
        kept_lengths = lengths if written is texts else text_lengths(written)
        self.kept_text_bytes += int(kept_lengths[keep].sum())
        if self._signals_read:
            self.unread_bytes += int(np.maximum(lengths[scores.reason == 0] - REACH.whole, 0).sum())
        self.tokens += scores.tokens
        self.tokens_read += scores.tokens_read
        embedded = scores.stage == EMBEDDING_STAGE
        self.embedded += int(embedded.sum())
        self.embedded_kept += int((embedded & keep).sum())
        self.audit = self.audit + scores.audit
        if scores.reason.any():
            self.reasons.update(scores.reason[scores.reason > 0].tolist())
        if scores.unusual.any():
            for bit in range(len(UNUSUAL)):
                self.unusual[bit] += int((scores.unusual >> bit & 1).sum())
        return batch_bytes, kept


def _counts(names: tuple[str, ...], counter: Counter[int]) -> dict[str, int]:
    return {names[code]: count for code, count in sorted(counter.items()) if count}
