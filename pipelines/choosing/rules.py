"""How often documents are used by their scores: a cut, a budget, a draw, cuts by slice, a curve, or by hand.

All of these are one rule: a document is used so often anyhow, by its class, and once more as long as a budget
lasts, in some order. A cut, a budget and a draw use none anyhow. A curve and repeats by hand use documents so
many whole times anyhow, and the order draws which ones make up the rest.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from itertools import pairwise

import numpy as np

from filtering.arrays import Bools, Bytes, Floats, Floats32, Ints
from pipelines.choosing.amounts import budgets_of, count, total_of
from pipelines.choosing.budgets import Ends, Ranked, Taker, codes_of, find_ends
from pipelines.choosing.curve import class_edges, repeats_of
from pipelines.choosing.cut_file import SliceCuts
from pipelines.choosing.scored_rows import Pool, ScoredRows
from pipelines.choosing.whole_documents import Budgets, Rows, ends_of, reached
from pipelines.settings.choosing import RecutConfig, RepeatRules

RankedOf = Callable[[ScoredRows], Ranked]
"""Gives rows the order in which they are used once more, in groups."""
ClassOf = Callable[[ScoredRows], Ints]
"""Gives rows the numbers of their classes; -1 for those that are of none."""


@dataclass(frozen=True)
class Rule:
    """How often documents are used.

    Parameters
    ----------
    ranked : callable
    ends : Ends
        Where that ends, by group.
    class_of : callable, optional
        None where there are no classes.
    times : float64 array, shape (n,)
        How often each class is used.
    names : tuple of str
        Of the classes of a slice; all slices have the same.
    wanted : int64 array, shape (slices,), optional
        What of a budget of tokens is the share of each slice, in sizes; None where slices have none.
    """

    ranked: RankedOf
    ends: Ends
    class_of: ClassOf | None = None
    times: Floats = field(default_factory=lambda: np.zeros(0))
    names: tuple[str, ...] = ()
    wanted: Ints | None = None

    @property
    def digest(self) -> str:
        """sha256 of what was found."""
        found = (self.ends.code, self.ends.left, self.times)
        return hashlib.sha256(b"\0".join(array.tobytes() for array in found)).hexdigest()

    def begin(self) -> Callable[[ScoredRows], Bytes]:
        """Return what tells how often rows are used: of all parts in turn, in the order of the dump."""
        taker, whole = Taker(self.ends), np.append(np.floor(self.times), 0).astype(np.uint8)

        def times_of(rows: ScoredRows) -> Bytes:
            times = taker.take(self.ranked(rows)).astype(np.uint8)
            return times if self.class_of is None else times + whole[self.class_of(rows)]

        return times_of


def rule_of(pool: Pool, config: RecutConfig, cuts: SliceCuts | None) -> Rule:
    """Return the rule that settings ask for.

    Parameters
    ----------
    pool : Pool
        In slices, if the settings or the cuts have any.
    config : RecutConfig
        With an amount.
    cuts : SliceCuts, optional
        What the file of its cuts holds.

    Raises
    ------
    SettingsError
        If its budget cannot be met; the message has the most that can.
    """
    if cuts is not None:
        return _cut([cuts.cuts.get(name, cuts.others) for name in pool.slices], config.floor, _slice_of)
    if config.repeat is not None:
        return _repeated(pool, config, config.repeat)
    if config.curve:
        return _curved(pool, config)
    if config.by is None and config.keep_at is not None:
        return plain_cut(config.keep_at, config.floor)
    return _best(pool, config)


def shortest_first(pool: Pool, rule: Rule) -> int:
    """Return the size of the shortest of the documents that come first in their slices; 0 where none does."""
    sizes = reached(_rows(pool, rule.ranked), np.ones(len(rule.ends.code), np.int64))
    return int(sizes[sizes > 0].min(initial=0 if not sizes.any() else np.iinfo(np.int64).max))


def plain_cut(points: float, floor: float | None) -> Rule:
    """Return the rule of one cut for all."""
    return _cut([points], floor, _one)


def plain_rule(pool: Pool, config: RecutConfig) -> Rule:
    """Return the rule of one cut for all that keeps a share or a budget, or as much of it as there is."""
    ranked = _by_score(config, 0.0, _one)
    whole = count(pool, config).whole
    most = whole.good if config.keep_tokens is None else whole.size
    total = np.minimum(most, total_of(config, pool, whole))
    return Rule(ranked, ends_of(_rows(pool, ranked), Budgets(total, total)))


def _one(rows: ScoredRows) -> Ints:
    return np.zeros(len(rows.group), np.int64)


def _slice_of(rows: ScoredRows) -> Ints:
    return rows.group


def _rows(pool: Pool, ranked: RankedOf) -> Rows:
    return lambda: map(ranked, pool)


def _cut(points: list[float], floor: float | None, group_of: ClassOf) -> Rule:
    lowest = np.maximum(points, floor or 0.0).astype(np.float32)

    def ranked(rows: ScoredRows) -> Ranked:
        return _in_order(rows, rows.score, rows.scored, group_of(rows), in_documents=True)

    # Scores of the very points are kept: all whose code is above the one before.
    return Rule(ranked, Ends(codes_of(lowest).astype(np.int64) - 1, np.zeros(len(points), np.int64)))


def _best(pool: Pool, config: RecutConfig) -> Rule:
    """Return the rule of what comes first within each slice, by score or by draw."""
    census = count(pool, config)
    census = census if config.by else census.whole
    most = census.good if config.keep_tokens is None else census.size
    ranked = _by_score(config, config.temperature or 0.0, _slice_of if config.by else _one)
    rows = _rows(pool, ranked)
    budgets = budgets_of(config, pool, census, most, lambda least: reached(rows, least))
    wanted = budgets.amounts if config.by and config.keep_tokens is not None else None
    return Rule(ranked, ends_of(rows, budgets), wanted=wanted)


def _by_score(config: RecutConfig, temperature: float, group_of: ClassOf) -> RankedOf:
    """Return the order of falling scores, or of a draw by scores, of what reaches the floor.

    The largest of score / temperature + noise are a draw without replacement, each with a probability in
    proportion to exp(score / temperature), if the noise has the distribution of Gumbel (Kool et al. 2019).
    """

    def ranked(rows: ScoredRows) -> Ranked:
        keys = rows.score
        if temperature:
            with np.errstate(divide="ignore"):
                noise = -np.log(-np.log(rows.chances(config.seed)))
            keys = (rows.score.astype(np.float64) / temperature + noise).astype(np.float32)
        reach = rows.score >= np.float32(config.floor or 0.0)
        return _in_order(rows, keys, reach, group_of(rows), in_documents=config.keep_tokens is None)

    return ranked


def _in_order(rows: ScoredRows, keys: Floats32, wanted: Bools, group: Ints, *, in_documents: bool) -> Ranked:
    """Return rows by falling keys, those that are wanted."""
    size = np.ones(len(keys), np.int64) if in_documents else rows.size
    return Ranked(np.where(wanted, group, -1), codes_of(keys), size)


def _curved(pool: Pool, config: RecutConfig) -> Rule:
    """Return the rule of a curve over ranks, within each slice."""
    edges, slices = class_edges(config.drop_lowest), len(pool.slices)
    census = count(pool, config)
    class_of = _by_rank(pool, edges, census.scored, config.floor)
    sizes = _sums(pool, class_of, slices * (len(edges) - 1), in_documents=False).reshape(slices, -1)
    most = np.floor(config.max_repeat * sizes.sum(axis=1)).astype(np.int64)
    # Each is used but for less than a document.
    budgets = budgets_of(
        config, pool, census, most, lambda least: np.minimum(least + np.maximum(census.largest - 1, 0), most)
    )
    times = np.array(
        [
            repeats_of(own, edges, int(budget), config.max_repeat)
            for own, budget in zip(sizes, budgets.amounts, strict=True)
        ]
    )
    whole = (np.floor(times).astype(np.int64) * sizes).sum(axis=1)
    names = tuple(f"{low:.2f} to {high:.2f}" for low, high in pairwise(edges.tolist()))
    left = Budgets(budgets.amounts - whole, budgets.most - whole)
    rule = _drawn(pool, config, class_of, times.ravel(), _slice_of, left, names, in_documents=False)
    return replace(rule, wanted=budgets.amounts) if config.by else rule


def _by_rank(pool: Pool, edges: Floats, scored: Ints, floor: float | None) -> ClassOf:
    """Return what gives rows their classes by rank within their slice; equal scores are of one class."""
    above = _edges_by_rank(pool, edges, scored)

    def class_of(rows: ScoredRows) -> Ints:
        code, place = codes_of(rows.score).astype(np.int64), np.full(len(rows.score), -1)
        for of_slice in above.T:
            place += code > of_slice[rows.group]
        wanted = (rows.score >= np.float32(floor or 0.0)) & (place >= 0)
        return np.where(wanted, rows.group * above.shape[1] + place, -1)

    return class_of


def _edges_by_rank(pool: Pool, edges: Floats, scored: Ints) -> Ints:
    """Return the codes above which classes begin, shape (slices, classes), the lowest class first.

    Where an edge lies among equal scores, these are all of the class that their middle is in.
    """

    def ranked(rows: ScoredRows) -> Ranked:
        return _in_order(rows, rows.score, rows.scored, rows.group, in_documents=True)

    shape = len(scored), len(edges) - 1
    wanted = np.round((1 - edges[:-1])[None, :] * scored[:, None]).astype(np.int64)
    groups = np.repeat(np.arange(shape[0]), shape[1])
    ends = find_ends(_rows(pool, ranked), groups, wanted.ravel())
    code, above = ends.code.reshape(shape), wanted - ends.left.reshape(shape)
    ties = np.zeros(shape, dtype=np.int64)
    for some in map(ranked, pool):
        for place, of_slice in enumerate(code.T):
            equal = (some.group >= 0) & (some.code == of_slice[some.group])
            ties[:, place] += np.bincount(some.group[equal], minlength=shape[0])
    return np.where(2 * above + ties <= 2 * wanted, code - 1, code)


def _repeated(pool: Pool, config: RecutConfig, rules: RepeatRules) -> Rule:
    """Return the rule of repeats by points."""
    points = np.array([lowest for lowest, _ in rules], dtype=np.float32)
    times = np.array([often for _, often in rules])

    def class_of(rows: ScoredRows) -> Ints:
        # Rules stand by falling points: as many as a score does not reach come before its own.
        place = (rows.score[:, None] < points[None, :]).sum(axis=1)
        wanted = (rows.score >= np.float32(config.floor or 0.0)) & (place < len(points))
        return np.where(wanted, place, -1)

    documents = _sums(pool, class_of, len(points), in_documents=True)
    more = np.round(times * documents).astype(np.int64) - np.floor(times).astype(np.int64) * documents
    left = Budgets(more, more)
    names = tuple(f"score >= {lowest:g}" for lowest in points.tolist())
    return _drawn(pool, config, class_of, times, class_of, left, names, in_documents=True)


def _sums(pool: Pool, class_of: ClassOf, classes: int, *, in_documents: bool) -> Ints:
    """Return the documents, or the sizes, of each class."""
    sums = np.zeros(classes + 1, dtype=np.int64)
    for rows in pool:
        weights = None if in_documents else rows.size
        sums += np.bincount(class_of(rows) + 1, weights, classes + 1).astype(np.int64)
    return sums[1:]


def _drawn(
    pool: Pool,
    config: RecutConfig,
    class_of: ClassOf,
    times: Floats,
    group_of: ClassOf,
    left: Budgets,
    names: tuple[str, ...],
    *,
    in_documents: bool,
) -> Rule:
    """Return the rule of classes that are used so often: what is left of whole numbers is drawn.

    By itself each document would be drawn if its chance, a number below 1, was below the fraction of its
    class. In the order of chance / fraction those come first, and the budget says where to end.
    """
    fraction = np.append(times - np.floor(times), 0.0)

    def ranked(rows: ScoredRows) -> Ranked:
        own = fraction[class_of(rows)]
        keys = -(rows.chances(config.seed) / np.where(own > 0, own, 1.0)).astype(np.float32)
        return _in_order(rows, keys, own > 0, group_of(rows), in_documents=in_documents)

    there = _sums(pool, lambda rows: ranked(rows).group, len(left.amounts), in_documents=in_documents)
    within = Budgets(np.clip(left.amounts, 0, there), np.clip(left.most, 0, there))
    return Rule(ranked, ends_of(_rows(pool, ranked), within), class_of, times, names)
