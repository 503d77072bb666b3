"""What happens to one part: read, score, write, publish, receipt.

The only way through which rows are scored and written, for every executor and for `recut`. The
thread that calls `PartWorker.run` reads and writes; a pool of threads scores batches beside it, so
that one huge file uses more than one core. Reading, scoring and compression release the GIL.
"""

from collections import deque
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor

import numpy as np
import pyarrow as pa

from filtering import Scores
from filtering.arrays import Bytes, Floats32
from filtering.being_read import being_read
from filtering.errors import BadFileError, OutOfMemoryError, RunError, what_failed
from filtering.scoring.cascade import AnyScorer
from filtering.scoring.scorers import EmbeddingScorer, SignalScorer
from filtering.scoring.several import SeveralScorers, share_embedders
from filtering.text.arrow import TOO_LONG, text_lengths, without_texts
from pipelines.dump.batches import read_batches
from pipelines.dump.int96 import read_in_units
from pipelines.dump.parts import Part
from pipelines.dump.texts_of_tables import texts_of
from pipelines.run_folder.choices import describe_choice, times_of
from pipelines.run_folder.folder import RunFolder
from pipelines.run_folder.receipts import Receipt
from pipelines.run_folder.stored_scores import OF_EACH, reach, read_scores, read_several
from pipelines.scorer_addresses import open_scorer, refuse_other_scorer
from pipelines.worker.judged import LookedAt, judge
from pipelines.worker.leak_finder import LeakFinder
from pipelines.worker.part_files import open_part_files
from pipelines.worker.passages import look_for_passages
from pipelines.worker.row_chances import row_chances
from pipelines.worker.tally import Tally
from pipelines.worker.unsure_finder import UnsureFinder
from pipelines.worker.worker_settings import WorkerSettings

PIECE_ROWS: Mapping[str, int] = {"fast": 1 << 62, "balanced": 256, "full": 128}
"""Rows that are scored at a time, some dozens of which are embedded: progress is counted after each.

At effort full as fast as 512, within 3 %, and Ctrl-C waits 7 s instead of 17 on two busy cores; 64 are
15 % slower.
"""

Tick = Callable[[int, int, int], None]
"""Called after each batch with rows, bytes of text and rows kept; may raise to stop the worker."""

TimesAt = Callable[[Floats32, int], Bytes]
"""Tells how often rows are used, by their scores and the number of the first of them within the part."""
ScoreBatch = Callable[[pa.RecordBatch, int], Scores]
"""Gives the rows of a batch their scores; the number is that of its first row within the part."""


def score_texts(scorer: AnyScorer | SeveralScorers, part: Part, settings: WorkerSettings) -> ScoreBatch:
    """Return what scores the texts of a part."""

    def score(batch: pa.RecordBatch, first: int) -> Scores:
        texts = texts_of(batch, settings.text_column)
        too_long = text_lengths(texts) > settings.max_document_bytes
        texts = without_texts(texts, too_long)
        if isinstance(scorer, (SignalScorer, EmbeddingScorer)):
            return scorer.score(texts).too_long(too_long)
        chances = row_chances(part.relative, part.first_row + first, batch.num_rows)
        if isinstance(scorer, SeveralScorers):
            return scorer.score(texts, chances).too_long(too_long)
        scores = scorer.score_and_look_again(texts, chances, settings.audit_shares)
        return scores.too_long(too_long)

    return score


def look_up_scores(run: str, part: Part, combine: str | None) -> ScoreBatch:
    """Return what finds the scores that an earlier run stored of a part; of several scorers combined anew."""
    if combine is None:
        value, stage, reason = read_scores(RunFolder(run), part, *OF_EACH)
        stored = Scores(value=value, stage=stage, reason=reason, unusual=np.zeros(len(value), np.uint8))
    else:
        stored = read_several(RunFolder(run), part, combine)

    def look_up(batch: pa.RecordBatch, first: int) -> Scores:
        return stored.of_rows(slice(first, first + batch.num_rows))

    return look_up


def pass_all(settings: WorkerSettings) -> ScoreBatch:
    """Return what gives every row a score that passes the cut of a run without a scorer."""

    def score(batch: pa.RecordBatch, first: int) -> Scores:
        too_long = text_lengths(texts_of(batch, settings.text_column)) > settings.max_document_bytes
        nothing = np.zeros(batch.num_rows, dtype=np.uint8)
        value = np.zeros(batch.num_rows, dtype=np.float32)
        return Scores(value=value, stage=nothing, reason=nothing, unusual=nothing).too_long(too_long)

    return score


def _planned_scorer(settings: WorkerSettings) -> AnyScorer | SeveralScorers | None:
    """Return the scorer that a run was planned with, or several; None where nothing is scored."""
    if settings.scores_from is not None:
        return None
    scorers: dict[str, AnyScorer] = {}
    for one in settings.scorers:
        scorer = open_scorer(one.address, settings.effort, settings.placement, settings.exits, one.rules)
        refuse_other_scorer(one.address, scorer.digest, one.sha256)
        scorers = share_embedders({**scorers, one.name: scorer})
    if settings.combine is None:
        return next(iter(scorers.values()), None)
    return SeveralScorers(scorers, settings.combine, settings.keep_at, settings.audit_shares)


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
        self._scorer = _planned_scorer(settings)
        self._leaks = None if settings.leaks is None else LeakFinder(self._folder, settings.leaks)
        self._unsure = None
        if settings.unsure is not None:
            self._unsure = UnsureFinder(settings.unsure, settings.text_column)

    def close(self, *, wait: bool = True) -> None:
        """End the threads that score."""
        self._pool.shutdown(wait, cancel_futures=True)

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
        try:
            with being_read(part.name):
                return self._write(part, tick)
        except BadFileError as error:
            return Receipt(key=part.key, output=part.output, rows=part.rows, set_aside=str(error))
        except (MemoryError, pa.ArrowMemoryError) as error:
            raise OutOfMemoryError(f"Reading and scoring {part.name} ran out of memory: {error}") from error
        except OSError as error:
            raise RunError(
                f"Writing {self._folder.temporary} failed at {part.name}: {what_failed(error)}. "
                "Mend that, then run the same command again: it goes on where it was."
            ) from error

    def _write(self, part: Part, tick: Tick) -> Receipt:
        settings = self._settings
        tally = Tally(signals_read=settings.scores and settings.scores_from is None)
        with open_part_files(self._folder, part, settings) as files:
            for batch, found in self._scored(part, files.units):
                judged = judge(found, settings)
                files.add(batch, judged)
                tick(batch.num_rows, *tally.add(judged))
            if tally.rows != part.rows:
                raise BadFileError(f"{part.name} must have {part.rows} rows. Found {tally.rows}.")
            choice = describe_choice(self._folder, part) if settings.chosen else {}
            return Receipt(
                key=part.key, output=part.output, **tally.fields(), **files.publish(), **choice
            )  # fmt: skip

    def _scored(self, part: Part, units: Mapping[str, str]) -> Iterator[tuple[pa.RecordBatch, LookedAt]]:
        """Yield batches and what was found in them, in order, with a bounded number in flight.

        `Executor.map` would read the whole part ahead of its writer; its bound is of Python 3.14.
        """
        score, times_at, settings = self._score_batch_of(part), self._times_of(part), self._settings

        def look_at(batch: pa.RecordBatch, first: int) -> LookedAt:
            scores, texts = score(batch, first), texts_of(batch, settings.text_column)
            times = times_at(scores.value, first)
            candidates = (times > 0) & (scores.reason != TOO_LONG)
            unsure = leaks = passages = None
            scorer = self._scorer
            if settings.passages_at is not None and scorer and not isinstance(scorer, SeveralScorers):
                passages = look_for_passages(scorer, texts, scores.reason == 0, settings.passages_at)
                if settings.write == "passages":
                    candidates |= passages.rows(len(candidates))
            if self._unsure is not None:
                # To detect a language takes as long as a score: of rows that are not written nobody asks.
                rows = candidates if settings.write in ("kept", "passages") else scores.reason == 0
                unsure = self._unsure.find(batch, rows)
            if self._leaks is not None:
                leaks = self._leaks.find(part, texts, first, candidates)
            return LookedAt(scores, times, text_lengths(texts), unsure, leaks, passages)

        waiting: deque[tuple[pa.RecordBatch, Future[LookedAt]]] = deque()
        first = 0
        try:
            for batch in self._pieces(part, units):
                waiting.append((batch, self._pool.submit(look_at, batch, first)))
                first += batch.num_rows
                if len(waiting) > self._settings.threads + 1:
                    batch, future = waiting.popleft()
                    yield batch, future.result()
            while waiting:
                batch, future = waiting.popleft()
                yield batch, future.result()
        finally:
            for _, future in waiting:
                future.cancel()

    def _score_batch_of(self, part: Part) -> ScoreBatch:
        if self._settings.scores_from is not None:
            return look_up_scores(self._settings.scores_from, part, self._settings.combine)
        if self._scorer is None:
            return pass_all(self._settings)
        return score_texts(self._scorer, part, self._settings)

    def _times_of(self, part: Part) -> TimesAt:
        """Return what tells how often rows are used: that is decided for a new cut, else scores say it."""
        settings = self._settings
        if settings.scores_from is None:
            return lambda value, first: reach(value, settings.keep_at).astype(np.uint8)
        source = RunFolder(settings.scores_from)
        (value,) = read_scores(source, part, "edu_score", combine=settings.combine)
        times = times_of(self._folder, part, value, settings.keep_at, chosen=settings.chosen)
        return lambda value, first: times[first : first + len(value)]

    def _pieces(self, part: Part, units: Mapping[str, str]) -> Iterator[pa.RecordBatch]:
        """Yield the rows of a part in pieces that are scored in seconds: for progress, and a quick Ctrl-C."""
        settings, checksums = self._settings, not self._settings.ignore_checksums
        columns = [settings.text_column] if settings.write == "scores" else None
        rows = PIECE_ROWS[settings.effort if settings.embeds else "fast"]
        if units:
            batches = read_in_units(
                part.path, part.row_groups, units, rows=part.row_range, checksums=checksums
            )
        else:
            batches = read_batches(
                part.path, part.row_groups, columns, rows=part.row_range, checksums=checksums
            )
        for batch in batches:
            for start in range(0, batch.num_rows, rows):
                yield batch.slice(start, rows)
