"""The joint of all signals: n-gram and vector scores, and a piecewise linear function of each statistic.

raw(document) = bias + word score + character score + vector score + sum over statistics s of f_s(value of s)

A sum says exactly what moved a score, and costs a microsecond.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from filtering.arrays import Floats, Floats32, Ints
from filtering.brief import brief
from filtering.checked_arrays import Wanted, checked_arrays
from filtering.compiled import compiled
from filtering.signals.ngram_cells import CELLS
from filtering.signals.read_signals import SCORE_COLUMNS, Signals, read_signals
from filtering.signals.style import STATISTICS
from filtering.signals.vectors import NO_VECTORS, Vectors, check_vectors
from filtering.text.arrow import Texts, frozen

KNOTS = 25
"""Quantiles 0, 1/24 ... 1 of the documents that a function was fitted to; fewer where these tie."""
GRID = np.linspace(0.0, 1.0, KNOTS)
HATS = 4
"""A function of a statistic is fitted as a sum of so many hat functions of the place among the quantiles."""
CENTRES = np.linspace(0.0, 1.0, HATS)
"""Where these are highest."""

ARRAYS: Wanted = {
    "word_weights": (np.float32, (CELLS,)),
    "character_weights": (np.float32, ((CELLS, 0),)),
    "knots": (np.float32, (len(STATISTICS), KNOTS)),
    "knot_values": (np.float32, (len(STATISTICS), KNOTS)),
}


@dataclass(frozen=True)
class LinearSignals:
    """A sum of functions of the signals of a document.

    Parameters
    ----------
    word_weights : float32 array, shape (CELLS,)
    character_weights : float32 array, shape (CELLS,) or (0,)
        Empty where the character table is not read.
    knots : float32 array, shape (len(STATISTICS), KNOTS)
        Rising values of each statistic, filled up with infinity.
    knot_values : float32 array, shape (len(STATISTICS), KNOTS)
        What each adds to the raw value at its knots; constant beyond them.
    bias : float
    vectors : Vectors
    """

    __repr__ = brief

    word_weights: Floats32
    character_weights: Floats32
    knots: Floats32
    knot_values: Floats32
    bias: float
    vectors: Vectors = NO_VECTORS

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return all that is an array, by name."""
        named = {name: getattr(self, name) for name in ARRAYS}
        return named | {f"vectors.{name}": array for name, array in self.vectors.arrays().items()}

    def read(self, texts: Texts) -> Signals:
        """Return the signals of documents, with the n-gram scores by these weights."""
        return read_signals(texts, self.word_weights, self.character_weights, self.vectors)

    def predict(self, features: Floats32) -> Floats:
        """Return raw values.

        Parameters
        ----------
        features : float32 array, shape (n, WIDTH)
            Of `Signals` read with these weights.

        Returns
        -------
        float64 array, shape (n,)
        """
        out = np.empty(len(features), dtype=np.float64)
        add_up(frozen(features), frozen(self.knots), frozen(self.knot_values), self.bias, out)
        return out

    def statistic_values(self, features: Floats32) -> Floats:
        """Return what each statistic adds to the raw values.

        Parameters
        ----------
        features : float32 array, shape (n, WIDTH)

        Returns
        -------
        float64 array, shape (n, len(STATISTICS))
        """
        columns = zip(features[:, SCORE_COLUMNS:].T, self.knots, self.knot_values, strict=True)
        known = [(column, np.isfinite(knots), knots, values) for column, knots, values in columns]
        return np.stack(
            [np.interp(column, knots[real], values[real]) for column, real, knots, values in known], axis=1
        )


def hat_values(positions: Floats) -> Floats:
    """Return the hat functions at places in [0, 1]: float64 array, shape (len(positions), HATS)."""
    return np.maximum(0.0, 1.0 - np.abs(positions[:, None] - CENTRES) * (HATS - 1))


def mean_positions(inverse: Ints) -> Floats:
    """Return the place of each distinct quantile in [0, 1]: the mean where several tie.

    Parameters
    ----------
    inverse : int64 array, shape (KNOTS,)
        Number of the distinct quantile at each place of the grid.
    """
    found: Floats = np.bincount(inverse, GRID) / np.bincount(inverse)
    return found


def build_linear(arrays: Mapping[str, NDArray[Any]], bias: float, *, prefix: str = "") -> LinearSignals:
    """Return a saved joint from its arrays, before whose names a prefix may stand.

    Raises
    ------
    ScorerError
        If one has another shape or dtype than it must, or is not finite.
    KeyError
        If one is missing.
    """
    own = checked_arrays(arrays, ARRAYS, prefix=prefix, infinite=("knots",))
    return LinearSignals(**own, bias=bias, vectors=check_vectors(arrays, prefix=f"{prefix}vectors."))


@compiled
def add_up(
    features: Floats32,
    knots: Floats32,
    knot_values: Floats32,
    bias: float,
    out: Floats,
) -> None:
    """Fill `out` with raw values; parameters as in `LinearSignals`."""
    for row in range(len(features)):
        total = bias
        for column in range(SCORE_COLUMNS):
            total += features[row, column]
        for statistic in range(len(knots)):
            value = features[row, SCORE_COLUMNS + statistic]
            above = 0
            for knot in range(KNOTS):  # counting is faster than searching: it is vectorised
                above += knots[statistic, knot] <= value
            if above == 0:
                total += knot_values[statistic, 0]
            elif above == KNOTS or np.isinf(knots[statistic, above]):
                total += knot_values[statistic, above - 1]
            else:
                low, high = knots[statistic, above - 1], knots[statistic, above]
                share = (value - low) / (high - low)
                low_value = knot_values[statistic, above - 1]
                total += low_value + share * (knot_values[statistic, above] - low_value)
        out[row] = total
