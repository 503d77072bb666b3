"""What a worker found out about the rows of a batch, and what becomes of them."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from filtering import Scores
from filtering.leaks.search import LEAK
from filtering.text.arrow import UNSURE
from pipelines.worker.leak_finder import FoundLeaks
from pipelines.worker.unsure_finder import FoundUnsure
from pipelines.worker.worker_settings import WorkerSettings


@dataclass(frozen=True)
class LookedAt:
    """What was found in a batch of n rows, whatever their cut.

    Parameters
    ----------
    scores : Scores
    unsure : FoundUnsure, optional
        None where nothing becomes of documents that the scorer does not know.
    leaks : FoundLeaks, optional
        None where none are looked for.
    """

    scores: Scores
    unsure: FoundUnsure | None
    leaks: FoundLeaks | None


@dataclass(frozen=True)
class Judged:
    """What becomes of the n rows of a batch.

    Parameters
    ----------
    scores : Scores
    keep : bool array, shape (n,)
        Rows that are kept.
    reason : uint8 array, shape (n,)
        Places in `filtering.text.arrow.REASONS`: why a row has no score, or is dropped in spite of it.
    unsure : FoundUnsure, optional
        As in `LookedAt`.
    leaks : FoundLeaks, optional
        In rows that would be kept.
    """

    scores: Scores
    keep: NDArray[np.bool_]
    reason: NDArray[np.uint8]
    unsure: FoundUnsure | None
    leaks: FoundLeaks | None


def judge(found: LookedAt, passed: NDArray[np.bool_], settings: WorkerSettings) -> Judged:
    """Return what becomes of rows, in view of what was found in those that pass the cut.

    Parameters
    ----------
    found : LookedAt
    passed : bool array, shape (n,)
        Rows that pass the cut.
    settings : WorkerSettings
    """
    keep, reason = passed, found.scores.reason
    if found.unsure is not None and settings.unsure is not None and settings.unsure.action == "drop":
        reason = np.where(passed & found.unsure.is_unsure, np.uint8(UNSURE), reason)
        keep = passed & ~found.unsure.is_unsure
    leaks = None if found.leaks is None else found.leaks.of_rows(keep)
    if leaks is not None and settings.leaks is not None and settings.leaks.action == "drop":
        keep = keep & ~leaks.rows_with(LEAK, len(keep))
    return Judged(found.scores, keep, reason, found.unsure, leaks)
