"""From a head's raw value to rubric points.

Point k is anchored where a label of at least k is as likely as not, so that keeping documents from
3.0 up means what the rubric's 3 means. Between anchors the map is linear; it never falls.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from filtering.errors import ScorerError
from filtering.extras import require

POINTS = 5
MIN_SIDE_ROWS = 10
"""An anchor needs this many labels on either side; beyond, the spacing of the ones before goes on."""
MIN_GAP = 1e-3
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


def fit_calibration(raw: NDArray[np.floating], labels: NDArray[np.floating]) -> Calibration:
    """Fit the anchors to out-of-fold values of documents that were sampled without looking at scores.

    Each anchor is where a logistic regression of ``label >= k`` on the raw value crosses one half.

    Parameters
    ----------
    raw : float array, shape (n,)
        Out-of-fold predictions of the head.
    labels : float array, shape (n,)
        Labels in [0, 5].
    """
    logistic = require("train", "sklearn.linear_model").LogisticRegression
    spread = float(raw.std()) or 1.0
    anchors: list[float] = []
    for point in range(1, POINTS + 1):
        reached = labels >= point
        if min(reached.sum(), (~reached).sum()) >= MIN_SIDE_ROWS:
            model = logistic(C=1e4, max_iter=1000).fit(raw[:, None] / spread, reached)
            slope = max(float(model.coef_[0, 0]), MIN_GAP)
            anchor = -float(model.intercept_[0]) / slope * spread
        elif len(anchors) >= 2:
            anchor = 2 * anchors[-1] - anchors[-2]
        else:
            anchor = anchors[-1] + 1.0 if anchors else float(raw.min())
        anchors.append(max(anchor, anchors[-1] + MIN_GAP) if anchors else anchor)
    lowest = min(2 * anchors[0] - anchors[1], float(raw.min()))
    return Calibration((min(lowest, anchors[0] - MIN_GAP), *anchors))
