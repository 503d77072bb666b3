"""Quantiles of statistics over a scorer's seed, out of what was fitted to it.

A saved scorer holds each distinct quantile once (`LinearSignals.knots`) and not how often it stood there:
many documents have no bracket at all, and the lowest of their quantiles are all 0. How often, the values at
the knots still say, since these are sums of a few known functions of the places of the knots.

All of this guessing is of the format: one that stored a quantile as often as it stands there (repeated knots,
and no infinity) would make it a look-up. That is for the next format of scorers.
"""

from collections.abc import Iterator
from functools import lru_cache

import numpy as np

from filtering.arrays import Floats, Ints
from filtering.signals.linear import HATS, KNOTS, LinearSignals, hat_values, mean_positions

FIT_TOLERANCE = 1e-6
"""Share of the largest value at a knot by which a fit may miss: knots' values are float32."""
REMEMBERED = 512
"""Statistics, as many as four scorers have: those of one take 13 ms, and a page asks four times."""
LOW, MEDIAN, HIGH = KNOTS // 8, KNOTS // 2, KNOTS - 1 - KNOTS // 8
"""Places in the grid. Between the outer two lie three in four documents of the seed: what is usual."""


def seed_quantiles(linear: LinearSignals) -> Floats:
    """Return the quantiles of each statistic over the documents that a scorer was fitted to.

    Quantiles that tie are taken to be the lowest ones, else some of the lowest and some of the highest;
    which it was, the values at the knots must bear out. Any `HATS` values would: of so few quantiles the
    lowest must be 0, which statistics have in common. Where nothing fits, the row is NaN.

    Parameters
    ----------
    linear : LinearSignals

    Returns
    -------
    float64 array, shape (len(STATISTICS), KNOTS)
        The quantiles 0, 1/24 ... 1.
    """
    rows = zip(linear.knots.astype(np.float64), linear.knot_values.astype(np.float64), strict=True)
    return np.stack([_quantiles(knots.tobytes(), values.tobytes()) for knots, values in rows])


@lru_cache(maxsize=REMEMBERED)
def _quantiles(all_knots: bytes, knot_values: bytes) -> Floats:
    """Return a row, from the bytes of the float64 arrays of its statistic."""
    knots = np.frombuffer(all_knots)
    knots = knots[np.isfinite(knots)]
    values = np.frombuffer(knot_values)[: len(knots)]
    if 1 < len(knots) <= HATS and knots[0] != 0.0:
        return np.full(KNOTS, np.nan)
    for inverse in _possible_ties(len(knots)):
        hats = hat_values(mean_positions(inverse))
        missed = np.abs(hats @ np.linalg.lstsq(hats, values, rcond=None)[0] - values)
        if missed.max() <= FIT_TOLERANCE * np.abs(values).max():
            return knots[inverse]
    return np.full(KNOTS, np.nan)


def _possible_ties(distinct: int) -> Iterator[Ints]:
    """Yield which distinct quantile may stand at each place: all ties lowest, then more of them highest."""
    for at_top in range(KNOTS - distinct + 1):
        yield np.clip(np.arange(KNOTS) - (KNOTS - distinct - at_top), 0, distinct - 1)
