"""What a choice comes to: a row for each slice and each class, told before anything is written."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from filtering.arrays import Bytes, Floats, Ints
from filtering.rubric_points import POINTS
from pipelines.choosing.rules import Rule
from pipelines.choosing.scored_rows import Pool, ScoredRows
from pipelines.run_folder.choices import write_choice
from pipelines.run_folder.folder import RunFolder


@dataclass(frozen=True, slots=True)
class Amount:
    """Documents, and what they come to.

    Parameters
    ----------
    documents : int
    used : int
        How often those with a score are used, all together.
    tokens : float
        That are read then.
    points : float
        Mean score, each document as often as it is used; 0 of none.
    """

    documents: int
    used: int
    tokens: float
    points: float


@dataclass(frozen=True, slots=True)
class ChosenSlice:
    """A slice, as a plain cut would keep it, and as it is chosen.

    Parameters
    ----------
    name : str
    there, plain, chosen : Amount
        All documents, those that a plain cut would keep, and those that are chosen.
    wanted : float, optional
        Tokens that are its share of a budget; None where there are no shares of tokens.
    """

    name: str
    there: Amount
    plain: Amount
    chosen: Amount
    wanted: float | None = None

    @classmethod
    def together(cls, name: str, some: "Sequence[ChosenSlice]") -> "ChosenSlice":
        """Return several as one."""
        wanted = [one.wanted for one in some if one.wanted is not None]
        return cls(
            name,
            _together([one.there for one in some]),
            _together([one.plain for one in some]),
            _together([one.chosen for one in some]),
            sum(wanted) if wanted else None,
        )


def _together(amounts: Sequence[Amount]) -> Amount:
    documents, used, tokens = (
        sum(getattr(one, name) for one in amounts) for name in ("documents", "used", "tokens")
    )
    return Amount(documents, used, tokens, sum(one.points * one.used for one in amounts) / max(used, 1))


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
    lowest, plain_lowest : float
        Rubric points of the worst document that is chosen, and that a plain cut would keep; 5 where there is
        none.
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
    plain_lowest: float
    quotas: Sequence[int]
    counts_tokens: bool

    @property
    def repeats(self) -> bool:
        """Whether documents are used more than once."""
        return self.rule.class_of is not None

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
        at, often, score = place[used], times[used].astype(np.float64), np.nan_to_num(rows.score[used])
        often *= rows.scored[used]
        count = self._sums.shape[1]
        # Sums of floats are exact below 2**53, far above the bytes of any dump.
        weights = (None, often, times[used] * rows.size[used], often * score)
        self._sums += np.stack([np.bincount(at, weight, count) for weight in weights])

    def amounts(self, per_token: int) -> list[Amount]:
        """Return the amount of each."""
        return [_amount(column, per_token) for column in self._sums.T]


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
    lowest, quotas = [float(POINTS)] * 2, []
    for rows in pool:
        times, plain_times = times_of(rows), plain_times_of(rows)
        there.add(rows.group, rows, np.ones(len(times), np.int64))
        before.add(rows.group, rows, plain_times)
        after.add(rows.group, rows, times)
        if rule.class_of is not None:
            found = rule.class_of(rows)
            place = np.where(found >= 0, found % classes, -1)
            of_classes[0].add(place, rows, np.ones(len(place), np.int64))
            of_classes[1].add(place, rows, times)
        lowest = [
            min(so_far, float(rows.score[used > 0].min(initial=np.float32(POINTS))))
            for so_far, used in zip(lowest, (times, plain_times), strict=True)
        ]
        if len(rule.ends.code) == 1:
            quotas.append(int(((times > 0) & (rule.ranked(rows).code == rule.ends.code[0])).sum()))
    per_token = pool.per_token
    wanted = [None] * len(pool.slices) if rule.wanted is None else (rule.wanted / per_token).tolist()
    parted = zip(
        pool.slices, *(sums.amounts(per_token) for sums in (there, before, after)), wanted, strict=True
    )
    slices = [ChosenSlice(*one) for one in parted]
    named = zip(rule.names, *(sums.amounts(per_token) for sums in of_classes), strict=True)
    return Chosen(
        pool=pool,
        rule=rule,
        slices=sorted(slices, key=lambda one: -one.there.documents),
        classes=sorted((ChosenClass(*one) for one in named), key=lambda one: one.name, reverse=True),
        total=ChosenSlice.together("all", slices),
        lowest=lowest[0],
        plain_lowest=lowest[1],
        quotas=quotas,
        counts_tokens=pool.tokens is not None,
    )
