"""What a worker found out about the rows of a batch, and what becomes of them."""

from dataclasses import dataclass

import numpy as np

from filtering import Scores
from filtering.arrays import Bools, Bytes, Ints
from filtering.leaks.hits import LEAK
from filtering.text.arrow import UNSURE
from pipelines.worker.leak_finder import FoundLeaks
from pipelines.worker.passages import FoundPassages
from pipelines.worker.unsure_finder import FoundUnsure
from pipelines.worker.worker_settings import WorkerSettings


@dataclass(frozen=True)
class LookedAt:
    """What was found in a batch of n rows.

    Parameters
    ----------
    scores : Scores
    times : uint8 array, shape (n,)
        How often each would be used; 0 is dropped.
    sizes : int64 array, shape (n,)
        Bytes of the texts.
    unsure : FoundUnsure, optional
        None where nothing becomes of documents that the scorer does not know.
    leaks : FoundLeaks, optional
        None where none are looked for.
    passages : FoundPassages, optional
        None where documents are judged as wholes alone.
    """

    scores: Scores
    times: Bytes
    sizes: Ints
    unsure: FoundUnsure | None
    leaks: FoundLeaks | None
    passages: FoundPassages | None


@dataclass(frozen=True)
class Judged:
    """What becomes of the n rows of a batch.

    Parameters
    ----------
    scores : Scores
    times : uint8 array, shape (n,)
        How often each is used; 0 is dropped.
    sizes : int64 array, shape (n,)
        As in `LookedAt`.
    reason : uint8 array, shape (n,)
        Places in `filtering.text.arrow.REASONS`: why a row has no score, or is dropped in spite of it.
    unsure : FoundUnsure, optional
        As in `LookedAt`.
    leaks : FoundLeaks, optional
        In rows that would be kept, whole or in part.
    passages : FoundPassages, optional
        Of rows that are not kept whole.
    """

    scores: Scores
    times: Bytes
    sizes: Ints
    reason: Bytes
    unsure: FoundUnsure | None
    leaks: FoundLeaks | None
    passages: FoundPassages | None

    @property
    def keep(self) -> Bools:
        """Rows that are kept, shape (n,)."""
        return self.times > 0


def judge(found: LookedAt, settings: WorkerSettings) -> Judged:
    """Return what becomes of rows, in view of what was found in those that pass the cut, whole or in part."""
    passed: Bools = found.times > 0
    wanted, reason = passed.copy(), found.scores.reason
    if found.passages is not None:
        wanted |= found.passages.rows(len(wanted))
    if found.unsure is not None and settings.unsure is not None and settings.unsure.action == "drop":
        reason = np.where(passed & found.unsure.is_unsure, np.uint8(UNSURE), reason)
        wanted &= ~found.unsure.is_unsure
    leaks = None if found.leaks is None else found.leaks.of_rows(wanted)
    if leaks is not None and settings.leaks is not None and settings.leaks.action == "drop":
        wanted &= ~leaks.rows_with(LEAK, len(wanted))
    times = found.times * wanted
    passages = None if found.passages is None else found.passages.of_rows(wanted & ~passed)
    return Judged(found.scores, times, found.sizes, reason, found.unsure, leaks, passages)
