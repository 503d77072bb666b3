"""What a choice comes to: a row for each slice and each class, told before anything is written."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from filtering.arrays import Bytes, Floats, Ints
from filtering.rubric_points import POINTS
from pipelines.choosing.budgets import value_of
from pipelines.choosing.rules import Rule
from pipelines.choosing.scored_rows import Pool, ScoredRows
from pipelines.store.choices import write_choice
from pipelines.store.run_folder import RunFolder


@dataclass(frozen=True)
class Amount:
    """Documents, and what they come to.

    Parameters
    ----------
    documents : int
    used : int
        How often they are used, all together.
    tokens : float
        That are read then.
    points : float
        Mean score, each document as often as it is used; 0 of none.
    """

    documents: int
    used: int
    tokens: float
    points: float


@dataclass(frozen=True)
class ChosenSlice:
    """A slice, as a plain cut would keep it, and as it is chosen."""

    name: str
    there: Amount
    plain: Amount
    chosen: Amount


@dataclass(frozen=True)
class ChosenClass:
    """Documents that are used alike: what there is, and what is chosen."""

    name: str
    there: Amount
    chosen: Amount


@dataclass(frozen=True)
class Chosen:
    """A choice.

    Parameters
    ----------
    pool : Pool
    rule : Rule
    slices : sequence of ChosenSlice
        The largest first.
    classes : sequence of ChosenClass
        The best first; none of a choice without classes.
    total : ChosenSlice
        All slices together.
    lowest : float
        Rubric points of the worst document that is chosen; 5 where there is none.
    quotas : sequence of int
        By part: documents that are chosen with the very score at which one cut for all ends; empty if there
        are several.
    counts_tokens : bool
        Whether tokens are counted, and not told by bytes.
    """

    pool: Pool
    rule: Rule
    slices: Sequence[ChosenSlice]
    classes: Sequence[ChosenClass]
    total: ChosenSlice
    lowest: float
    quotas: Sequence[int]
    counts_tokens: bool

    @property
    def ends_at(self) -> float:
        """Rubric points at which one cut for all ends: `quotas` are of documents with that very score."""
        points = value_of(int(self.rule.ends.code[0]))
        return points if points <= POINTS else float(POINTS)  # above all scores, where none is chosen

    def write(self, folder: RunFolder) -> None:
        """Publish how often each row of each part is used."""
        times_of = self.rule.begin()
        for rows in self.pool:
            write_choice(folder, rows.part, times_of(rows))


class _Sums:
    """Documents, uses, sizes and points by slice or class."""

    def __init__(self, count: int) -> None:
        self._sums = np.zeros((4, count))

    def add(self, place: Ints, rows: ScoredRows, times: Ints | Bytes) -> None:
        """Count rows as often as they are used; those with place -1 are left out."""
        used = (times > 0) & (place >= 0)
        at, often = place[used], times[used].astype(np.float64)
        count = self._sums.shape[1]
        # Sums of floats are exact below 2**53, far above the bytes of any dump.
        self._sums += np.stack(
            [
                np.bincount(at, weights, count)
                for weights in (None, often, often * rows.size[used], often * rows.score[used])
            ]
        )

    def amounts(self, per_token: int) -> list[Amount]:
        """Return the amount of each."""
        return [_amount(column, per_token) for column in self._sums.T]

    def whole(self, per_token: int) -> Amount:
        """Return that of all together."""
        return _amount(self._sums.sum(axis=1), per_token)


def _amount(sums: Floats, per_token: int) -> Amount:
    documents, used, size, points = sums.tolist()
    return Amount(int(documents), int(used), size / per_token, points / used if used else 0.0)


def count_chosen(pool: Pool, rule: Rule, plain: Rule) -> Chosen:
    """Return what a rule comes to, beside what a plain cut does, in one pass.

    Parameters
    ----------
    pool : Pool
    rule, plain : Rule
    """
    there, before, after = (_Sums(len(pool.slices)) for _ in range(3))
    classes = len(rule.names)
    of_classes = (_Sums(classes), _Sums(classes))
    times_of, plain_times_of = rule.begin(), plain.begin()
    lowest, quotas = float(POINTS), []
    for rows in pool:
        times = times_of(rows)
        group = np.where(rows.scored, rows.group, -1)
        there.add(group, rows, np.ones(len(group), np.int64))
        before.add(group, rows, plain_times_of(rows))
        after.add(group, rows, times)
        if rule.class_of is not None:
            found = rule.class_of(rows)
            place = np.where(found >= 0, found % classes, -1)
            of_classes[0].add(place, rows, np.ones(len(place), np.int64))
            of_classes[1].add(place, rows, times)
        lowest = min(lowest, float(rows.score[times > 0].min(initial=np.float32(POINTS))))
        if len(rule.ends.code) == 1:
            quotas.append(int(((times > 0) & (rule.ranked(rows).code == rule.ends.code[0])).sum()))
    per_token = pool.per_token
    parted = zip(pool.slices, *(sums.amounts(per_token) for sums in (there, before, after)), strict=True)
    named = zip(rule.names, *(sums.amounts(per_token) for sums in of_classes), strict=True)
    return Chosen(
        pool=pool,
        rule=rule,
        slices=sorted((ChosenSlice(*one) for one in parted), key=lambda one: -one.there.documents),
        classes=sorted((ChosenClass(*one) for one in named), key=lambda one: one.name, reverse=True),
        total=ChosenSlice("all", *(sums.whole(per_token) for sums in (there, before, after))),
        lowest=lowest,
        quotas=quotas,
        counts_tokens=pool.tokens is not None,
    )
