"""Nested, grouped cross-validation of whatever is fitted to labelled documents, and its calibration.

Everything that is fitted - weights, knots, heads, calibration - is fitted inside each outer fold, on
its training rows only: those of other groups that are no near-duplicates of a document in the fold.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from filtering.arrays import AnyFloats, Bools, Floats, Rows
from filtering.errors import LabelsError
from filtering.extras import require
from filtering.fitting.at_once import each, one_thread
from filtering.fitting.fit_data import FitData
from filtering.folds import ASSIGNMENTS, FOLDS, fold_assignment
from filtering.judging.metrics import area_under_curve, rank_correlation
from filtering.rubric_points import KEEP_AT, MIN_SIDE_ROWS, POINTS
from filtering.scoring.calibration import Calibration

TIE_SPREADS = 2.0
"""Whose mean figures differ by less than this many spreads are tied; the simplest is kept."""
MIN_GAP = 1e-3
"""Raw units between anchors, at least."""
LEAST_SLOPE = 0.1
"""Log odds that a standard deviation of raw values is worth, at least: less tells nothing of labels."""
IN_NO_FOLD = -1
"""The fold of what is always fitted to, and never predicted."""
LEAST_KINDS, LEAST_KIND_ROWS = 5, 5
"""Languages, say, and documents of each, from which on it can be told what a score is worth in others."""


class Fitted(Protocol):
    """What was fitted to some rows, shape (m,)."""

    @property
    def held_out(self) -> Floats | None:
        """Raw values of these rows out of inner folds, float64 array of shape (m,), where asked for."""
        ...

    def predict(self, data: FitData, rows: Rows) -> Floats:
        """Return raw values of some rows."""
        ...


class Fit(Protocol):
    """Fits to some rows."""

    def __call__(self, data: FitData, rows: Rows, *, held_out: bool = False) -> Fitted:
        """Fit, with or without values out of inner folds: what a calibration is fitted to."""
        ...


def out_of_fold(data: FitData, rows: Rows, fit: Fit, folds: Rows | None = None) -> Floats:
    """Return a raw value for each of `rows`, predicted by what was fitted to the rows of the other folds.

    Parameters
    ----------
    data : FitData
    rows : int64 array, shape (m,)
    fit : callable
    folds : int64 array, shape (m,), optional
        Fold of each row; inner folds if not given.

    Returns
    -------
    float64 array, shape (m,)

    Raises
    ------
    LabelsError
        If all of `rows` are near-duplicates of what a fold holds.
    """
    values = np.empty(len(rows), dtype=np.float64)
    tasks = list(by_fold(data, rows, folds))

    def predict(task: tuple[Rows, Bools]) -> Floats:
        train, inside = task
        return fit(data, train).predict(data, rows[inside])

    for (_, inside), found in zip(tasks, each(predict, tasks), strict=True):
        values[inside] = found
    return values


def by_fold(data: FitData, rows: Rows, folds: Rows | None = None) -> Iterator[tuple[Rows, Bools]]:
    """Yield what may be fitted to for each fold, and which of `rows` are in there: shape (m,).

    The folds are inner ones, independent of every outer assignment, if not given.
    """
    if folds is None:
        folds = fold_assignment([data.groups[row] for row in rows], "inner")
    clusters = data.clusters[rows]
    for fold in range(FOLDS):
        inside = folds == fold
        if inside.any():
            # Folds stay those of the groups (docs/decisions/0020): near-duplicates of what a fold holds, in
            # other groups, are left out where it is predicted.
            train = rows[~np.isin(clusters, clusters[inside])]
            if not len(train):
                raise LabelsError(
                    "Labelled documents must not all be near-duplicates of some in one fold. Those of "
                    f"{len(rows):,} documents are. Take out of their texts what these have in common."
                )
            yield train, inside


def nested_raw(data: FitData, fit: Fit, *, assignment: int) -> Floats:
    """Return a raw value for each row from what saw nothing of its fold.

    Parameters
    ----------
    data : FitData
    fit : callable
    assignment : int
        Number of the fold assignment.

    Returns
    -------
    float64 array, shape (n,)
    """
    return out_of_fold(data, np.arange(len(data)), fit, fold_assignment(data.groups, assignment))


def fit_calibration(raw: AnyFloats, labels: AnyFloats) -> Calibration:
    """Fit the anchors to out-of-fold values of documents that were drawn at random.

    Each anchor is where a logistic regression of ``label >= k`` on the raw value crosses one half. Where
    labels hardly rise with the value, or fall, anchors are so far apart that all documents get about the
    points that the middle label has. Where fewer than `MIN_SIDE_ROWS` labels are on one side of k, the
    spacing of the anchors before goes on.

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
            with one_thread():
                model = logistic(C=1e4, max_iter=1000).fit(raw[:, None] / spread, reached)
            slope, intercept = float(model.coef_[0, 0]), float(model.intercept_[0])
            if slope < LEAST_SLOPE:
                slope, intercept = LEAST_SLOPE, _intercept(raw / spread, reached.mean(), LEAST_SLOPE)
            anchor = -intercept / slope * spread
        elif len(anchors) >= 2:
            anchor = 2 * anchors[-1] - anchors[-2]
        else:
            anchor = anchors[-1] + 1.0 if anchors else float(raw.min())
        anchors.append(max(anchor, anchors[-1] + MIN_GAP) if anchors else anchor)
    lowest = min(2 * anchors[0] - anchors[1], float(raw.min()))
    return Calibration((min(lowest, anchors[0] - MIN_GAP), *anchors))


def _intercept(values: AnyFloats, share: float, slope: float) -> float:
    """Return the intercept with which a logistic regression of this slope gives the share that is there."""
    return float(np.log(share / (1 - share)) - slope * values.mean())


def calibrate(data: FitData, rows: Rows, fitted: Fitted) -> Calibration:
    """Fit a calibration to what was fitted to `rows`: to its values out of inner folds.

    Only rows that were drawn at random count.
    """
    assert fitted.held_out is not None
    unbiased = data.unbiased[rows]
    return fit_calibration(fitted.held_out[unbiased], data.labels[rows][unbiased])


@dataclass(frozen=True)
class FoldFit:
    """A fit and a calibration that saw nothing of a fold, to give points to what is in there.

    Parameters
    ----------
    rows : int64 array
        Those in the fold.
    fitted : Fitted
    calibration : Calibration
    """

    rows: Rows
    fitted: Fitted
    calibration: Calibration

    def points(self, data: FitData, rows: Rows) -> Floats:
        """Return rubric points in [0, 5] for some rows of any data."""
        return self.calibration.apply(self.fitted.predict(data, rows)).astype(np.float64)


def nested_fits(data: FitData, fit: Fit, folds: Rows | None = None) -> Iterator[FoldFit]:
    """Yield a fit and a calibration for each fold: those of the first assignment if none are given."""
    rows = np.arange(len(data))
    if folds is None:
        folds = fold_assignment(data.groups, 0)

    def fit_fold(task: tuple[Rows, Bools]) -> FoldFit:
        train, inside = task
        fitted = fit(data, train, held_out=True)
        return FoldFit(rows[inside], fitted, calibrate(data, train, fitted))

    yield from each(fit_fold, list(by_fold(data, rows, folds)))


def nested_points(data: FitData, fit: Fit, folds: Rows | None = None) -> Floats:
    """Return rubric points for each row from a fit and a calibration that saw nothing of its fold.

    Parameters
    ----------
    data : FitData
    fit : callable
    folds : int64 array, shape (n,), optional
        Fold of each row, `IN_NO_FOLD` for what is never left out; those of the first assignment if not given.

    Returns
    -------
    float64 array, shape (n,)
        In [0, 5]; NaN for rows that are never left out.
    """
    points = np.full(len(data), np.nan)
    for fold in nested_fits(data, fit, folds):
        points[fold.rows] = fold.points(data, fold.rows)
    return points


def folds_of_kinds(data: FitData, kinds: Sequence[str | None]) -> Rows | None:
    """Return folds that leave out whole kinds: languages, say.

    A kind with more than half of the documents is never left out, nor are documents of no kind: without
    them a fit would be one to fewer labels rather than one that does not know the kind. The others are
    dealt out, the largest first, each to the fold with the fewest documents.

    Parameters
    ----------
    data : FitData
    kinds : sequence of str or None, length n

    Returns
    -------
    int64 array, shape (n,)
        `IN_NO_FOLD` for what is never left out. None where fewer than `LEAST_KINDS` kinds have
        `LEAST_KIND_ROWS` documents, or a fold leaves too few labels to fit to: fewer than 10 on either side
        of 3 that were drawn at random, or fewer than five groups.
    """
    counts = Counter(kind for kind in kinds if kind)
    dealt = [(kind, count) for kind, count in sorted(counts.items()) if 2 * count <= len(data)]
    if sum(count >= LEAST_KIND_ROWS for count in counts.values()) < LEAST_KINDS:
        return None
    sizes, fold_of = [0] * FOLDS, {}
    for kind, count in sorted(dealt, key=lambda one: -one[1]):
        fold_of[kind] = int(np.argmin(sizes))
        sizes[fold_of[kind]] += count
    folds = np.array([fold_of.get(kind or "", IN_NO_FOLD) for kind in kinds], dtype=np.int64)
    is_enough = all(
        _is_enough(data, ~np.isin(data.clusters, data.clusters[folds == fold])) for fold in range(FOLDS)
    )
    return folds if is_enough else None


def _is_enough(data: FitData, train: Bools) -> bool:
    reached = data.labels[train & data.unbiased] >= KEEP_AT
    groups = {data.groups[row] for row in np.flatnonzero(train)}
    return min(reached.sum(), (~reached).sum()) >= MIN_SIDE_ROWS and len(groups) >= FOLDS


@dataclass(frozen=True)
class Figures:
    """Nested figures of a way of fitting, over the fold assignments.

    Parameters
    ----------
    name : str
    rho, auc : tuple of float
        Rank correlation, and area under the curve at 3, of each assignment.
    """

    name: str
    rho: tuple[float, ...]
    auc: tuple[float, ...]

    def summary(self) -> dict[str, float]:
        """Return means and spreads (standard deviations over assignments)."""
        return {
            "rho": float(np.mean(self.rho)),
            "rho_spread": float(np.std(self.rho, ddof=1)),
            "auc_at_3": float(np.mean(self.auc)),
            "auc_at_3_spread": float(np.std(self.auc, ddof=1)),
        }


def fits_of_points() -> int:
    """Return how many fits `nested_points` makes, at most."""
    return FOLDS


def fits_of_figures() -> int:
    """Return how many fits `nested_figures` makes, at most."""
    return ASSIGNMENTS * FOLDS


def nested_figures(data: FitData, name: str, fit: Fit) -> Figures:
    """Return the nested figures of a way of fitting over all fold assignments."""
    (found,) = compare(data, {name: fit})
    return found


def compare(data: FitData, fits: Mapping[str, Fit]) -> list[Figures]:
    """Return the nested figures of some ways of fitting, by their names from simple to costly.

    All fit to one fold assignment before the next, the costly ones first: so what is done tells how long the
    rest takes. The first assignment comes last: nested points, which are asked for next, are of its folds,
    and their fits are remembered.
    """
    raws: dict[str, list[Floats]] = {name: [] for name in fits}
    for number in reversed(range(ASSIGNMENTS)):
        for name in reversed(raws):
            raws[name].append(nested_raw(data, fits[name], assignment=number))
    return [
        Figures(
            name,
            rho=tuple(rank_correlation(raw, data.labels) for raw in reversed(found)),
            auc=tuple(area_under_curve(raw, data.labels) for raw in reversed(found)),
        )
        for name, found in raws.items()
    ]


def simplest_of_the_best(figures: Sequence[Figures]) -> str:
    """Return the name of the simplest way of fitting that is tied with the best by rank correlation.

    The rule was written down before the figures: two are tied where their mean rank correlations
    differ by no more than `TIE_SPREADS` times the larger of their spreads.

    Parameters
    ----------
    figures : sequence of Figures
        From simple to costly.
    """
    best = max(figures, key=lambda one: one.summary()["rho"])
    for one in figures:
        spread = max(one.summary()["rho_spread"], best.summary()["rho_spread"])
        if best.summary()["rho"] - one.summary()["rho"] <= TIE_SPREADS * spread:
            return one.name
    return best.name
