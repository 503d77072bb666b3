"""Which rows say most of a finished run, and how its scores are spread, from the scores that it stored."""

import heapq
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from filtering.rubric_points import POINTS
from pipelines.dump.parts import Part
from pipelines.every_nth import step_over
from pipelines.names import lookup_below
from pipelines.run_folder.decisions import Decisions, RunDecisions

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
MOST_PARTS = 2000
"""Parts whose scores are read: in a store each takes some round trips."""


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
    """What a run decided of its rows, by their stored scores.

    Parameters
    ----------
    decisions : RunDecisions
    parts : sequence of Part
    """

    decisions: RunDecisions
    parts: Sequence[Part]

    @property
    def keep_at(self) -> float:
        """Rubric points from which rows were kept."""
        return self.decisions.plan.facts.keep_at

    def stored(self) -> list[int]:
        """Return the numbers of parts that have stored scores: all, or `MOST_PARTS` spread over them."""
        if not self.decisions.plan.facts.scores:
            return []
        is_stored = lookup_below(self.decisions.holder.scores)
        found = [number for number, part in enumerate(self.parts) if is_stored(part.output)]
        return found[:: step_over(len(found), MOST_PARTS)]

    def of_part(self, number: int) -> Decisions:
        """Return what was decided of a part."""
        return self.decisions.of_part(self.parts[number])

    def picks_of(self, number: int, rows: NDArray[np.int64]) -> list[Pick]:
        """Return rows of a part that have a score, of those given by their numbers."""
        if not len(rows):
            return []
        found = self.of_part(number)
        return [pick_of(found, number, row) for row in rows[found.scored[rows]].tolist()]


def pick_of(found: Decisions, number: int, row: int, key: float = 0.0) -> Pick:
    """Return a row of a part as a pick."""
    value, kept, stage = found.value[row], found.kept[row], found.stage[row]
    return Pick(key, number, row, float(value), bool(kept), int(stage))


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
        found = run.of_part(number)
        value, scored = found.value.astype(np.float64), found.scored
        for kept in (0, 1):
            bins[kept] += _by_bin(found.value[scored & (found.kept == kept)])
        ties = TIE_SPREAD * np.random.default_rng(number).random(len(value))
        for group, (of_kept, sign) in GROUPS.items():
            # Leaks and unsure documents are dropped whatever their score: they say nothing of the cut.
            is_wanted = scored & (found.kept == of_kept) & ~found.left_out
            keys = np.where(is_wanted, sign * value + ties, np.inf)
            groups[group] = _with_wanted(groups[group], found, number, keys)
    return bins, groups


def _by_bin(value: NDArray[np.float32]) -> NDArray[np.int64]:
    places = np.minimum((value * BINS_PER_POINT).astype(np.int64), POINTS * BINS_PER_POINT - 1)
    return np.bincount(places, minlength=POINTS * BINS_PER_POINT)


def _with_wanted(picks: list[Pick], found: Decisions, number: int, keys: NDArray[np.float64]) -> list[Pick]:
    """Return the picks of a group after one more part, whose rows of other groups have infinite keys."""
    worst = picks[-1].key if len(picks) == SAMPLES else np.inf
    rows = np.flatnonzero(keys < worst)
    if len(rows) > SAMPLES:  # of a million rows not each is made an object
        rows = rows[keys[rows] <= np.partition(keys[rows], SAMPLES - 1)[SAMPLES - 1]]
    more = [pick_of(found, number, row, float(keys[row])) for row in rows.tolist()]
    return heapq.nsmallest(SAMPLES, [*picks, *more])


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
