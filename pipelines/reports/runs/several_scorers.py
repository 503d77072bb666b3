"""How far the scorers of a run agree, from the scores that it stored of each, and where they differ most."""

import heapq
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, permutations

import numpy as np

from filtering.arrays import Floats, Floats32, Ints
from filtering.rubric_points import POINTS
from pipelines.amount_formats import percent
from pipelines.page_kit.page import Table
from pipelines.reports.runs.documents_to_show import Pick, RunScores, pick_of
from pipelines.run_folder.stored_scores import read_scores

STEPS = 100
"""Of a point: ranks are told apart by so much, in memory that does not grow with the documents."""
BINS = POINTS * STEPS + 1
SAMPLES = 4
"""Documents that are picked for each of two scorers against the other."""


@dataclass(frozen=True)
class ScorerKeeps:
    """What a scorer would keep alone, of documents that all scorers give points.

    Parameters
    ----------
    name : str
    mean : float
        Rubric points.
    kept, alone : int
        Documents that reach the cut of the run by its points, and those that do by no other's.
    """

    name: str
    mean: float
    kept: int
    alone: int


@dataclass(frozen=True)
class PairAgrees:
    """How far two scorers agree, on documents that all scorers give points.

    Parameters
    ----------
    first, second : str
        Names of the scorers.
    rank_correlation : float
        Spearman's, of points in hundredths; NaN where one of them gives all the same.
    both, first_only, second_only : int
        Documents that reach the cut of the run by the points of both, and of one alone.
    """

    first: str
    second: str
    rank_correlation: float
    both: int
    first_only: int
    second_only: int


@dataclass(frozen=True)
class SeveralAgree:
    """How far the scorers of a run agree.

    Parameters
    ----------
    documents : int
        That were counted: those that all scorers give points.
    keep_at : float
        Rubric points of the cut.
    scorers : tuple of ScorerKeeps
    pairs : tuple of PairAgrees
    """

    documents: int
    keep_at: float
    scorers: tuple[ScorerKeeps, ...]
    pairs: tuple[PairAgrees, ...]


def explained_by(combine: str | None, names: Collection[str]) -> str:
    """Return the scorer by which reasons for scores are told: that whose points decide, else the first."""
    return combine if combine is not None and combine in names else next(iter(names), "")


def higher_by(first: str, second: str) -> str:
    """Return the heading of documents to which one scorer gives more points than another."""
    return f"{first} far above {second}"


def differing_groups(names: Sequence[str]) -> tuple[str, ...]:
    """Return the headings of all documents on which two scorers differ."""
    return tuple(higher_by(*pair) for pair in permutations(names, 2))


def points_of(run: RunScores, number: int) -> dict[str, Floats32]:
    """Return the points that each of several scorers gave the rows of a part; NaN where it gave none."""
    names = [*run.decisions.plan.facts.digests]
    columns = (f"edu_score_{name}" for name in names)
    return dict(zip(names, read_scores(run.decisions.holder, run.parts[number], *columns), strict=True))


def compare_scorers(run: RunScores, stored: Sequence[int]) -> tuple[SeveralAgree, dict[str, list[Pick]]]:
    """Return how far several scorers agree, and documents on which two of them differ most.

    Parameters
    ----------
    run : RunScores
    stored : sequence of int
        Numbers of the parts that are read.

    Returns
    -------
    SeveralAgree
    dict of str to list of Pick
        Up to `SAMPLES` by `differing_groups`, those first on which they differ most.
    """
    names = [*run.decisions.plan.facts.digests]
    cut = np.float32(run.keep_at)
    joint = {pair: np.zeros((BINS, BINS), np.int64) for pair in combinations(names, 2)}
    both: dict[tuple[str, str], Ints] = {pair: np.zeros(3, np.int64) for pair in joint}
    sums = {name: np.zeros(3) for name in names}
    picks: dict[str, list[Pick]] = {group: [] for group in differing_groups(names)}
    documents = 0
    for number in stored:
        points, decided = points_of(run, number), run.of_part(number)
        there = np.all([~np.isnan(own) for own in points.values()], axis=0)
        documents += int(there.sum())
        reach = {name: own[there] >= cut for name, own in points.items()}
        for name, own in reach.items():
            alone = own & ~np.any([reach[other] for other in names if other != name], axis=0)
            sums[name] += (points[name][there].sum(dtype=np.float64), own.sum(), alone.sum())
        for pair in joint:
            first, second = (np.rint(points[name][there] * STEPS).astype(np.int64) for name in pair)
            np.add.at(joint[pair], (first, second), 1)
            one, other = (reach[name] for name in pair)
            both[pair] += ((one & other).sum(), (one & ~other).sum(), (~one & other).sum())
        for higher, lower in permutations(names, 2):
            group = higher_by(higher, lower)
            gap = np.where(there, points[lower] - points[higher], np.inf)
            rows = np.argsort(gap, kind="stable")[:SAMPLES]
            found = [pick_of(decided, number, row, float(gap[row])) for row in rows.tolist() if gap[row] < 0]
            scored = [pick for pick in found if not np.isnan(pick.score)]
            picks[group] = heapq.nsmallest(SAMPLES, [*picks[group], *scored])
    scorers = [
        ScorerKeeps(name, total / max(documents, 1), int(kept), int(alone))
        for name, (total, kept, alone) in sums.items()
    ]
    pairs = [PairAgrees(*pair, _rank_correlation(joint[pair]), *both[pair].tolist()) for pair in joint]
    return SeveralAgree(documents, run.keep_at, tuple(scorers), tuple(pairs)), picks


def _rank_correlation(joint: Ints) -> float:
    """Return Spearman's correlation of two values, from how often each pair of them occurs."""
    first, second = joint.sum(axis=1), joint.sum(axis=0)
    total = first.sum()
    ranks = [_centred_ranks(counts) for counts in (first, second)]
    spreads = [float((counts * rank**2).sum()) for counts, rank in zip((first, second), ranks, strict=True)]
    if not total or not min(spreads):
        return float("nan")
    return float(ranks[0] @ joint @ ranks[1]) / float(np.sqrt(spreads[0] * spreads[1]))


def _centred_ranks(counts: Ints) -> Floats:
    """Return the mean rank of each value, less that of all, from how often each occurs."""
    ends = np.cumsum(counts)
    return np.asarray(ends - counts / 2 - ends[-1] / 2, np.float64)


def agreement_tables(found: SeveralAgree, addresses: Mapping[str, str]) -> list[Table]:
    """Return what is shown of how far scorers agree: a row a scorer, and a row each two of them."""
    scorers = [
        (
            one.name, addresses.get(one.name, ""), f"{one.mean:.2f}", one.kept,
            percent(one.kept, found.documents), one.alone,
        )
        for one in found.scorers
    ]  # fmt: skip
    pairs = [
        (
            f"{one.first} and {one.second}",
            "" if np.isnan(one.rank_correlation) else f"{one.rank_correlation:.2f}",
            one.both, one.first_only, one.second_only,
        )
        for one in found.pairs
    ]  # fmt: skip
    return [
        Table(
            f"Each scorer alone, kept from {found.keep_at:.4g} points",
            ("scorer", "from", "mean points", "would keep", "share", "that no other would keep"),
            scorers,
            texts=2,
        ),
        Table(
            "Each two scorers",
            ("", "rank correlation", "both keep", "only the first", "only the second"),
            pairs,
        ),
    ]
