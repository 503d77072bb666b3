"""Labelled documents as numbers, and nested, grouped cross-validation of whatever is fitted to them.

Everything that is fitted - weights, knots, heads, calibration - is fitted inside each outer fold, on
its training rows only: those of other groups that are no near-duplicates of a document in the fold.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from filtering.arrow_texts import Texts, text_bytes
from filtering.calibration import Calibration, fit_calibration
from filtering.errors import LabelsError
from filtering.extras import require
from filtering.folds import ASSIGNMENTS, FOLDS, fold_assignment
from filtering.kernel import CELLS
from filtering.metrics import area_under_curve, rank_correlation
from filtering.near_duplicates import near_duplicate_clusters
from filtering.reading import read_cells

TIE_SPREADS = 2.0
"""Whose mean figures differ by less than this many spreads are tied; the simplest is kept."""

Rows = NDArray[np.int64]
Floats = NDArray[np.floating]


@dataclass(frozen=True)
class FitData:
    """Labelled documents as numbers.

    Parameters
    ----------
    texts : tuple of bytes, length n
    cells : sparse float32 matrix, shape (n, 2 * CELLS)
    features : float32 array, shape (n, WIDTH)
        Signals without n-gram scores.
    labels : float64 array, shape (n,)
    groups : tuple of str, length n
    clusters : int64 array, shape (n,)
        Near-duplicates, in one group or in several, share a number.
    unbiased : bool array, shape (n,)
        Rows that were chosen without looking at scores.
    rows : int64 array, shape (n,)
        Place of each document among all labelled ones, some of which have no score.
    embeddings : float32 array, shape (n, width)
        Of width 0 where none were asked for.
    """

    texts: tuple[bytes, ...]
    cells: Any
    features: NDArray[np.float32]
    labels: NDArray[np.float64]
    groups: tuple[str, ...]
    clusters: Rows
    unbiased: NDArray[np.bool_]
    rows: Rows
    embeddings: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.labels)

    def where(self, chosen: NDArray[np.bool_]) -> "FitData":
        """Return some of the documents."""
        at = np.flatnonzero(chosen)
        return FitData(
            texts=tuple(self.texts[row] for row in at),
            cells=self.cells[at],
            features=self.features[at],
            labels=self.labels[at],
            groups=tuple(self.groups[row] for row in at),
            clusters=self.clusters[at],
            unbiased=self.unbiased[at],
            rows=self.rows[at],
            embeddings=self.embeddings[at],
        )

    def copied_across_groups(self) -> int:
        """Return how many documents have a near-duplicate in another group."""
        pairs = set(zip(self.clusters.tolist(), self.groups, strict=True))
        groups_of = Counter(cluster for cluster, _ in pairs)
        return sum(groups_of[cluster] > 1 for cluster in self.clusters.tolist())


def read_fit_data(
    texts: Texts, labels: NDArray[np.float64], groups: Sequence[str], unbiased: NDArray[np.bool_]
) -> FitData:
    """Read the signals of labelled documents; those without a score (empty, say) are left out."""
    signals, cells = read_cells(texts)
    sparse = require("train", "scipy.sparse")
    matrix = sparse.csr_matrix((cells.values, cells.cells, cells.row_starts), shape=(len(labels), 2 * CELLS))
    good = np.flatnonzero(signals.reason == 0)
    documents = text_bytes(texts)
    read = tuple(documents[row] or b"" for row in good)
    return FitData(
        texts=read,
        cells=matrix[good],
        features=signals.features[good],
        labels=labels[good],
        groups=tuple(groups[int(row)] for row in good),
        clusters=near_duplicate_clusters(read),
        unbiased=unbiased[good],
        rows=good,
        embeddings=np.zeros((len(good), 0), dtype=np.float32),
    )


class Fitted(Protocol):
    """What was fitted to some rows."""

    def predict(self, data: FitData, rows: Rows) -> NDArray[np.float64]:
        """Return raw values of some rows."""
        ...


Fit = Callable[[FitData, Rows], Fitted]
"""Fits to some rows."""


def rank_target(labels: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the labels' mean ranks, scaled to [0, 5].

    Labels are skewed, and the calibration maps to points anyway.
    """
    ranks: NDArray[np.float64] = require("train", "scipy.stats").rankdata(labels)
    return 5.0 * ranks / len(labels)


def out_of_fold(data: FitData, rows: Rows, fit: Fit, folds: Rows | None = None) -> NDArray[np.float64]:
    """Return a raw value for each of `rows`, predicted by what was fitted to the rows of the other folds.

    Parameters
    ----------
    data : FitData
    rows : int64 array, shape (m,)
    fit : callable
    folds : int64 array, shape (m,), optional
        Fold of each row; inner folds, independent of every outer assignment, if not given.

    Returns
    -------
    float64 array, shape (m,)

    Raises
    ------
    LabelsError
        If all of `rows` are near-duplicates of what a fold holds.
    """

    def fit_predict(train: Rows, test: Rows) -> Floats:
        return fit(data, train).predict(data, test)

    inner = fold_assignment([data.groups[row] for row in rows], "inner")
    return _by_fold(data, rows, fit_predict, inner if folds is None else folds)


def _by_fold(
    data: FitData, rows: Rows, fit_predict: Callable[[Rows, Rows], Floats], folds: Rows
) -> NDArray[np.float64]:
    values = np.empty(len(rows), dtype=np.float64)
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
            values[inside] = fit_predict(train, rows[inside])
    return values


def nested_raw(data: FitData, fit: Fit, *, assignment: int) -> NDArray[np.float64]:
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


def calibrate(data: FitData, rows: Rows, raw: Floats) -> Calibration:
    """Fit a calibration to out-of-fold values of `rows`, those chosen without looking at scores."""
    unbiased = data.unbiased[rows]
    return fit_calibration(raw[unbiased], data.labels[rows][unbiased])


def nested_points(data: FitData, fit: Fit) -> NDArray[np.float64]:
    """Return rubric points for each row from a fit and a calibration that saw nothing of its fold.

    Returns
    -------
    float64 array, shape (n,)
        In [0, 5].
    """

    def fit_predict(train: Rows, test: Rows) -> Floats:
        calibration = calibrate(data, train, out_of_fold(data, train, fit))
        return calibration.apply(fit(data, train).predict(data, test))

    return _by_fold(data, np.arange(len(data)), fit_predict, fold_assignment(data.groups, 0))


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


def nested_figures(data: FitData, name: str, fit: Fit) -> Figures:
    """Return the nested figures of a way of fitting over all fold assignments."""
    raws = [nested_raw(data, fit, assignment=number) for number in range(ASSIGNMENTS)]
    return Figures(
        name,
        rho=tuple(rank_correlation(raw, data.labels) for raw in raws),
        auc=tuple(area_under_curve(raw, data.labels) for raw in raws),
    )


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


def learning_curve(data: FitData, name: str, fit: Fit, sizes: Sequence[int]) -> list[tuple[int, Figures]]:
    """Return nested figures of what was fitted to fewer labels, over all fold assignments.

    Parameters
    ----------
    data : FitData
    name : str
    fit : callable
    sizes : sequence of int
        Numbers of labels to fit to; those that the training folds do not have are left out, and
        all that they have stand last.

    Returns
    -------
    list of (int, Figures)
    """
    # One order for all sizes: a larger set holds the smaller one.
    order = np.random.default_rng(0).permutation(len(data))
    most = len(data) * (FOLDS - 1) // FOLDS

    def fit_to(size: int) -> Fit:
        def fit_some(data: FitData, rows: Rows) -> Fitted:
            place = np.argsort(order)[rows]
            return fit(data, np.sort(rows[np.argsort(place)[:size]]))

        return fit_some

    # Folds differ in size: "all" is what each of them has, not `most` of it.
    fits = {size: fit_to(size) for size in sizes if size < most} | {most: fit}
    return [(size, nested_figures(data, name, one)) for size, one in fits.items()]
