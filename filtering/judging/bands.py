"""Bands of shares that hold for all columns at once, from documents that have weights and groups.

Columns that enough groups speak of share a studentised sup-t band from a grouped bootstrap (Montiel Olea and
Plagborg-Moller 2019, Journal of Applied Econometrics 34), on the scale of log-odds, which stays in [0, 1]. A
bootstrap says nothing where hits or misses are few: five of five resample to five of five. There the interval
is the exact one of Clopper and Pearson (1934), of as many documents as these count for (Korn and Graubard
1998): weights differ, and documents of a group are alike, as much as in the nearest of the other columns, or
wholly where there is none. Each column has its share of the allowed error (Bonferroni), so both kinds hold
together.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from filtering.arrays import Bools, Floats, Ints
from filtering.rate_bounds import CONFIDENCE, rate_interval

MIN_GROUPS_A_SIDE = 10
"""Groups with a hit, and groups with a miss, from which on the bootstrap is trusted."""
ROUNDS = 2000
ROUNDS_AT_A_TIME = 200


@dataclass(frozen=True)
class Bands:
    """Shares, and intervals that hold for all of them at once.

    Parameters
    ----------
    value, low, high : float64 arrays, shape (k,)
        In [0, 1]; NaN in columns without a document.
    """

    value: Floats
    low: Floats
    high: Floats

    def placed(self, places: Ints, other: "Bands") -> "Bands":
        """Return these shares, in some columns those of another one."""
        ends = [own.copy() for own in (self.value, self.low, self.high)]
        for own, theirs in zip(ends, (other.value, other.low, other.high), strict=True):
            own[places] = theirs
        return Bands(*ends)


def certain(value: Floats) -> Bands:
    """Return shares that are known: float64 array, shape (k,)."""
    return Bands(value, value, value)


def share_bands(curves: Sequence[tuple[Floats, Bools]], groups: Ints, *, seed: int = 0) -> tuple[Bands, ...]:
    """Return for each curve the weighted share of hits in each column, with a band over all its columns.

    Columns are in an order in which neighbours resemble each other: cuts, say. One bootstrap serves all
    curves, since to draw its groups takes most of the time.

    Parameters
    ----------
    curves : sequence of pairs of arrays, shape (n, k)
        What each document counts for in each column, float64, from 0 on; and whether it is a hit, bool.
    groups : int64 array, shape (n,)
        Number of each document's group; whole groups are resampled.
    seed : int
        Of the bootstrap.
    """
    _, codes = np.unique(groups, return_inverse=True)
    sums = [
        _Sums(_by_group(weights * hits, codes), _by_group(weights * ~hits, codes)) for weights, hits in curves
    ]
    largest = _largest_distances([(one.hit[:, one.well], one.miss[:, one.well]) for one in sums], seed)
    return tuple(
        _bands(weights, one, distances)
        for (weights, _), one, distances in zip(curves, sums, largest, strict=True)
    )


@dataclass(frozen=True, eq=False)
class _Sums:
    """What groups weigh in each column.

    Parameters
    ----------
    hit, miss : float64 arrays, shape (groups, k)
    """

    hit: Floats
    miss: Floats

    @cached_property
    def well(self) -> Ints:
        """Columns that the bootstrap serves."""
        sides = np.minimum((self.hit > 0).sum(axis=0), (self.miss > 0).sum(axis=0))
        return np.flatnonzero(sides >= MIN_GROUPS_A_SIDE)


def _bands(weights: Floats, sums: _Sums, largest: Floats) -> Bands:
    hit, miss, well = sums.hit, sums.miss, sums.well
    total = hit.sum(axis=0) + miss.sum(axis=0)
    defined = total > 0
    value = np.divide(hit.sum(axis=0), total, out=np.full(len(total), np.nan), where=defined)
    low, high = np.full(len(total), np.nan), np.full(len(total), np.nan)
    error_each = (1 - CONFIDENCE) / max(int(defined.sum()), 1)
    if len(well):
        low[well], high[well] = _sup_t(hit[:, well], miss[:, well], error_each * len(well), largest)
    counting = _documents_that_count(weights, hit, miss, well)
    for column in np.setdiff1d(np.flatnonzero(defined), well).tolist():
        low[column], high[column] = rate_interval(float(value[column]), float(counting[column]), error_each)
    return Bands(value, low, high)


def _by_group(values: Floats, codes: Ints) -> Floats:
    sums = np.zeros((int(codes.max(initial=-1)) + 1, values.shape[1]))
    np.add.at(sums, codes, values)
    return sums


def _largest_distances(curves: Sequence[tuple[Floats, Floats]], seed: int) -> list[Floats]:
    """Return how far each round of the bootstrap lies from what was found, in its standard errors.

    Of the column that lies farthest: for each curve a float64 array, shape (`ROUNDS`,).

    Parameters
    ----------
    curves : sequence of pairs of float64 arrays, shape (groups, k)
        Hits and misses of each group. A curve may have no column.
    seed : int
    """
    number, random = len(curves[0][0]), np.random.default_rng(seed)
    served = [at for at, (hit, _) in enumerate(curves) if hit.shape[1]]
    found = [np.zeros(ROUNDS) for _ in curves]
    odds = {at: _log_odds(np.ones((1, number)), *curves[at])[0] for at in served}
    for start in range(0, ROUNDS if served else 0, ROUNDS_AT_A_TIME):
        drawn = random.multinomial(number, np.full(number, 1 / number), size=ROUNDS_AT_A_TIME)
        counts = drawn.astype(np.float64)
        for at in served:
            # A round without a hit or a miss in some column says that anything is possible.
            with np.errstate(divide="ignore", invalid="ignore"):
                resampled, its_spread = _log_odds(counts, *curves[at])
                distance = np.abs(resampled - odds[at]) / its_spread
            largest = np.nan_to_num(distance, nan=np.inf).max(axis=1)
            found[at][start : start + ROUNDS_AT_A_TIME] = largest
    return found


def _sup_t(hit: Floats, miss: Floats, error: float, largest: Floats) -> tuple[Floats, Floats]:
    """Return lower and upper ends over all columns, for an error shared by all of them."""
    odds, spread = _log_odds(np.ones((1, len(hit))), hit, miss)
    reach = float(np.quantile(largest, 1 - error, method="higher"))
    ends = odds[0] - reach * spread[0], odds[0] + reach * spread[0]
    with np.errstate(over="ignore"):
        low, high = (1 / (1 + np.exp(-end)) for end in ends)
    return low, high


def _log_odds(counts: Floats, hit: Floats, miss: Floats) -> tuple[Floats, Floats]:
    """Return the log-odds of hits, and their standard errors by linearisation over groups.

    A group that is drawn once more moves the log-odds by ``hit / hits - miss / misses``. The variance is the
    sum of the squares of that, multiplied out, so that all rounds are a matrix product.

    Parameters
    ----------
    counts : float64 array, shape (rounds, groups)
        How often each group was drawn.
    hit, miss : float64 arrays, shape (groups, k)

    Returns
    -------
    float64 array, shape (rounds, k); float64 array, shape (rounds, k)
    """
    number = len(hit)
    hits, misses = counts @ hit, counts @ miss
    variance = (
        counts @ hit**2 / hits**2
        - 2 * (counts @ (hit * miss)) / (hits * misses)
        + counts @ miss**2 / misses**2
    )
    spread = np.sqrt(np.maximum(variance, 0) * number / (number - 1))
    return np.log(hits) - np.log(misses), spread


def _documents_that_count(weights: Floats, hit: Floats, miss: Floats, well: Ints) -> Floats:
    """Return how many independent documents of equal weight each column is worth.

    The lesser of two: what is measured in the column itself, and what is to be expected if documents of a
    group are as alike in it as in the nearest column that shows that well.

    Parameters
    ----------
    weights : float64 array, shape (n, k)
    hit, miss : float64 arrays, shape (groups, k)
    well : int64 array
        Columns that show how alike the documents of a group are.
    """
    total = hit + miss
    with np.errstate(divide="ignore", invalid="ignore"):
        measured = _measured(hit, total)
        alone = _of_equal_weight(weights)  # if documents were independent
        excess = alone / _of_equal_weight(total) - 1  # if those of a group were copies of each other
        likeness = np.clip(np.nan_to_num((alone / measured - 1) / excess), 0, 1)
        expected: Floats = alone / (1 + _of_nearest(likeness, well) * excess)
    return np.minimum(expected, measured)


def _measured(hit: Floats, total: Floats) -> Floats:
    """Return how many documents would vary as the shares of groups do; infinite where these do not."""
    value = hit.sum(axis=0) / total.sum(axis=0)
    variance = ((hit - value * total) ** 2).sum(axis=0) / total.sum(axis=0) ** 2
    return np.where(variance > 0, value * (1 - value) / variance, np.inf)


def _of_equal_weight(weights: Floats) -> Floats:
    """Return how many rows of equal weight are as good as those of each column (Kish 1965)."""
    found: Floats = weights.sum(axis=0) ** 2 / (weights**2).sum(axis=0)
    return found


def _of_nearest(values: Floats, well: Ints) -> Floats:
    """Return for each column the value of the nearest of some columns; 1 where there are none."""
    if not len(well):
        return np.ones(len(values))
    places = np.arange(len(values))
    nearest: Floats = values[well[np.abs(well[None, :] - places[:, None]).argmin(axis=1)]]
    return nearest
