"""From a head's raw value to rubric points.

Point k is anchored where a label of at least k is as likely as not, so that keeping documents from
3.0 up means what the rubric's 3 means. Between anchors the map is linear; it never falls.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from filtering.brief import brief
from filtering.errors import ScorerError
from filtering.rubric_points import POINTS

MIN_RUN = 1e-6
"""Raw units over which a slope is taken at least."""


@dataclass(frozen=True)
class Calibration:
    """A monotone, piecewise linear map.

    Parameters
    ----------
    anchors : tuple of float
        Six rising raw values: those that become the points 0 to 5.
    """

    __repr__ = brief

    anchors: tuple[float, ...]

    def apply(self, raw: NDArray[np.floating]) -> NDArray[np.float32]:
        """Return rubric points.

        Parameters
        ----------
        raw : float array, shape (n,)
            What the head predicts.

        Returns
        -------
        float32 array, shape (n,)
            Rubric points in [0, 5].

        Examples
        --------
        >>> Calibration((0.0, 1.0, 2.0, 2.5, 3.0, 4.0)).apply(np.array([-1.0, 2.25, 9.0]))
        array([0. , 2.5, 5. ], dtype=float32)
        """
        points: NDArray[np.float32] = np.interp(raw, self.anchors, np.arange(POINTS + 1.0)).astype(np.float32)
        return points

    def slope_between(self, one: float, other: float) -> float:
        """Return the points that a raw unit is worth, on average, between two raw values.

        Examples
        --------
        >>> Calibration((0.0, 1.0, 2.0, 2.5, 3.0, 4.0)).slope_between(2.5, 1.0)
        1.3333333333333333
        """
        low, high = min(one, other), max(one, other)
        if high - low < MIN_RUN:
            low, high = low - MIN_RUN, high + MIN_RUN
        points = np.interp((low, high), self.anchors, np.arange(POINTS + 1.0))
        return float((points[1] - points[0]) / (high - low))


def check_anchors(anchors: Sequence[float]) -> tuple[float, ...]:
    """Return the anchors of a saved calibration.

    Raises
    ------
    ScorerError
        If they are not six rising numbers.
    """
    found = tuple(float(anchor) for anchor in anchors)
    if len(found) != POINTS + 1 or not all(np.diff(found) > 0):  # NaN does not rise
        raise ScorerError(f"'anchors' must be {POINTS + 1} rising numbers. Got {found} instead.")
    return found
