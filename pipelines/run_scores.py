"""The stored scores of a finished run: how they are spread, and which rows say most of a run."""

import heapq
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, pairwise

import numpy as np
from numpy.typing import NDArray

from filtering.points import POINTS
from pipelines.paths import AnyPath, files_below
from pipelines.plan import Part
from pipelines.reading import open_parquet
from pipelines.store import RunFolder
from pipelines.worker import Cut

BINS_PER_POINT = 10
SAMPLES = 8
"""Rows that are picked for each group."""
GROUPS = {
    "Best kept": (True, -1),
    "Worst dropped": (False, 1),
    "Just over the cut": (True, 1),
    "Just under the cut": (False, -1),
}
"""Rows to read: whether of the kept ones, and the sign that sorts those wanted first. The worst that were
kept are just over the cut, the best that were dropped just under it."""
TENTHS, TENTH_GROUP = 10, "One of each tenth"
"""And a row at random out of each tenth of the rows, by score."""
TIE_SPREAD = 1e-9
"""Rubric points over which equal scores are shuffled: samples shall not all be of the first file."""
BATCH_ROWS = 1 << 16
MOST_PARTS = 2000
"""Parts whose scores are read: in a store each takes some round trips."""

Scored = tuple[NDArray[np.float32], NDArray[np.uint8]]
"""Rubric points, NaN where a document has none, and numbers of stages, as in `filtering.scorers.STAGES`."""


@dataclass(frozen=True, order=True)
class Pick:
    """A row of a part that may be shown; the one with the lowest key is wanted most."""

    key: float
    part: int
    row: int
    score: float
    kept: bool
    stage: int

    @property
    def place(self) -> tuple[int, int]:
        """Number of the part, and of the row in it."""
        return self.part, self.row


@dataclass(frozen=True)
class RunScores:
    """The stored scores of a run.

    Parameters
    ----------
    folder : RunFolder
    parts : sequence of Part
    keep_at : float
        Rubric points from which rows were kept.
    """

    folder: RunFolder
    parts: Sequence[Part]
    keep_at: float

    def stored(self) -> list[int]:
        """Return the numbers of parts that have stored scores: all, or `MOST_PARTS` spread over them."""
        names = {name for name, _ in files_below(self.folder.scores)}
        found = [number for number, part in enumerate(self.parts) if part.output in names]
        return found[:: -(-len(found) // MOST_PARTS) or 1]

    def batches(
        self, number: int
    ) -> Iterator[tuple[NDArray[np.float32], NDArray[np.uint8], NDArray[np.bool_]]]:
        """Yield points, stages, and what was kept, of the rows of a part in order."""
        cut = Cut(self.keep_at, self.parts[number].tie_quota)
        for value, stage in read_stored_scores(self.folder.scores / self.parts[number].output):
            yield value, stage, cut.keep(value)

    def picks_of(self, number: int, rows: NDArray[np.int64]) -> list[Pick]:
        """Return rows of a part that have a score, of those given by their numbers."""
        if not len(rows):
            return []
        pieces = zip(*self.batches(number), strict=True)
        value, stage, keep = (np.concatenate(one) for one in pieces)
        return [
            Pick(0.0, number, row, float(value[row]), bool(keep[row]), int(stage[row]))
            for row in rows.tolist()
            if not np.isnan(value[row])
        ]


def read_stored_scores(path: AnyPath) -> Iterator[Scored]:
    """Yield the stored scores of a part, and the stages that gave them."""
    with open_parquet(str(path)) as file:
        for batch in file.iter_batches(batch_size=BATCH_ROWS, columns=["edu_score", "edu_stage"]):
            value, stage = (batch.column(place).to_numpy(zero_copy_only=False) for place in (0, 1))
            yield value.astype(np.float32), stage


def count_and_pick(run: RunScores, stored: Sequence[int]) -> tuple[NDArray[np.int64], dict[str, list[Pick]]]:
    """Count rows by score, and pick rows to read by group, in one pass over the stored scores.

    Returns
    -------
    int64 array, shape (2, n)
        Of dropped and of kept rows, in n bins of 1 / `BINS_PER_POINT` points; n is 0 where none are stored.
    dict
        Up to `SAMPLES` of each group, those wanted most first.
    """
    bins = np.zeros((2, POINTS * BINS_PER_POINT if stored else 0), dtype=np.int64)
    groups: dict[str, list[Pick]] = {group: [] for group in GROUPS}
    for number in stored:
        first, shuffle = 0, np.random.default_rng(number)
        for value, stage, keep in run.batches(number):
            scored, noise = ~np.isnan(value), TIE_SPREAD * shuffle.random(len(value))
            for kept in (0, 1):
                places = (value[scored & (keep == kept)] * BINS_PER_POINT).astype(np.int64)
                bins[kept] += np.bincount(np.minimum(places, bins.shape[1] - 1), minlength=bins.shape[1])
            for group, (of_kept, sign) in GROUPS.items():
                key = np.where(scored & (keep == of_kept), sign * value.astype(np.float64) + noise, np.inf)
                limit = groups[group][-1].key if len(groups[group]) == SAMPLES else np.inf
                picks = (
                    Pick(float(key[i]), number, first + i, float(value[i]), of_kept, int(stage[i]))
                    for i in np.flatnonzero(key < limit).tolist()
                )
                groups[group] = heapq.nsmallest(SAMPLES, chain(groups[group], picks))
            first += len(value)
    return bins, groups


def one_of_each_tenth(picks: Sequence[Pick], groups: Mapping[str, Sequence[Pick]]) -> list[Pick]:
    """Return a row at random out of each tenth of some rows, by score, the best first; none of the groups."""
    taken = {pick.place for group in groups.values() for pick in group}
    ordered = sorted(picks, key=lambda pick: -pick.score)
    ends = np.linspace(0, len(ordered), TENTHS + 1).astype(int).tolist()
    random = np.random.default_rng(0)
    tenths = (
        [one for one in ordered[start:stop] if one.place not in taken] for start, stop in pairwise(ends)
    )
    return [tenth[random.integers(len(tenth))] for tenth in tenths if tenth]


def without_repeats(groups: Mapping[str, Sequence[Pick]]) -> dict[Pick, str]:
    """Return the group of each pick; a row of two groups is of the first."""
    group_of: dict[Pick, str] = {}
    for group, picks in groups.items():
        taken = {pick.place for pick in group_of}
        group_of |= {pick: group for pick in picks if pick.place not in taken}
    return group_of
