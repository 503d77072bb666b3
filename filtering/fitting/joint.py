"""One ridge regression over all signals of documents: in every recipe, and in the head `joint`.

It takes the cells of the n-gram tables, the landmark features of the vector out of these, and, for each
statistic, a piecewise linear function: hat functions over its quantiles.
"""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from filtering.arrays import Bools, Floats, Floats32, Rows
from filtering.embedding.heads import KernelHead
from filtering.extras import require
from filtering.fitting.cross_validation import by_fold
from filtering.fitting.fit_data import FitData, rank_target
from filtering.fitting.ridge import Times, solve_ridge
from filtering.signals.linear import GRID, HATS, KNOTS, LinearSignals, hat_values, mean_positions
from filtering.signals.ngram_cells import CELLS, VECTOR_WIDTH
from filtering.signals.read_signals import NO_TABLE, SCORE_COLUMNS
from filtering.signals.vectors import NO_VECTORS, Vectors

STATISTIC_WEIGHT = 0.2
"""Squared weight of all statistics together beside the n-grams' 1 (docs/experiments.md)."""
LANDMARKS = 512
KERNEL_SCALE = 1.0
"""Inverse squared width of a bump, in units of the vectors' spread (docs/experiments.md)."""
KERNEL_WEIGHT = 0.3
"""Squared weight of the landmark features beside the n-grams' 1 (docs/experiments.md)."""
VECTOR_TOLERANCE = 1e-4
LEAST_SQUARE = 1e-6
"""Share of the largest squared singular value below which a direction is noise."""
INT8_MAX = 127


def spread_of(embeddings: Floats32) -> float:
    """Return the mean squared distance from the mean: models scale their embeddings differently."""
    rows = embeddings.astype(np.float64)
    return float(((rows - rows.mean(axis=0)) ** 2).sum(axis=1).mean()) or 1.0


@dataclass(frozen=True)
class Landmarks:
    """Nystroem's map (Williams and Seeger 2001): features whose products approximate a Gaussian kernel."""

    nystroem: Any

    @classmethod
    def of(cls, embeddings: Floats32) -> "Landmarks":
        """Choose landmarks among vectors: float32 array, shape (n, width)."""
        nystroem = require("train", "sklearn.kernel_approximation").Nystroem(
            gamma=KERNEL_SCALE / spread_of(embeddings),
            n_components=min(LANDMARKS, len(embeddings)),
            random_state=0,
        )
        return cls(nystroem.fit(embeddings.astype(np.float64)))

    def features(self, embeddings: Floats32) -> Floats:
        """Return the features: float64 array, shape (n, landmarks)."""
        found: Floats = self.nystroem.transform(embeddings.astype(np.float64))
        return found

    def head(self, weights: Floats) -> KernelHead:
        """Return the head that weighs the features: their weights fold into those of the landmarks."""
        return KernelHead(
            landmarks=self.nystroem.components_.astype(np.float32),
            weights=self.nystroem.normalization_.T @ weights,
            gamma=float(self.nystroem.gamma),
        )


@dataclass(frozen=True)
class Joint:
    """What the regression gives.

    Parameters
    ----------
    linear : LinearSignals
    beside : float64 array, shape (columns,)
        Weights of the features that stood beside the signals.
    held_out : float64 array, shape (m + s,), or None
        Values of the documents and rewrites that it was fitted to, out of inner folds.
    documents : float64 array, shape (m,), or None
        Those of the documents alone.
    """

    linear: LinearSignals
    beside: Floats
    held_out: Floats | None
    documents: Floats | None


def fit_joint(
    data: FitData, rows: Rows, *, characters: bool, beside: Floats | None = None, held_out: bool = False
) -> Joint:
    """Fit one ridge regression to n-grams, statistics, and what else stands beside them.

    What needs no labels (quantiles, vectors, landmarks) is found once of all rows: the inner folds share it,
    and recipes that read the same tables share vectors and landmarks. A fit with values out of inner folds is
    remembered whole: trees stand over it, figures and points of an assignment both ask for it, and so does a
    recipe that needs no such values.

    Parameters
    ----------
    data : FitData
    rows : int64 array, shape (m,)
    characters : bool
        Whether the character table is read too.
    beside : float64 array, shape (m + s, columns), optional
        More features of the rows and their rewrites, as ``data.with_rewrites(rows)`` orders them.
    held_out : bool
        Whether values out of inner folds are wanted.
    """
    if beside is not None:
        return _fit(data, rows, characters, beside, held_out=held_out)
    key = ("joint", characters, rows.tobytes())
    if held_out:
        return data.remembered(key, lambda: _fit(data, rows, characters, None, held_out=True))
    known: Joint | None = data.recalled(key)
    return known or _fit(data, rows, characters, None, held_out=False)


def _fit(data: FitData, rows: Rows, characters: bool, beside: Floats | None, *, held_out: bool) -> Joint:
    fitted, of = data.with_rewrites(rows)
    statistics = data.features[fitted][:, SCORE_COLUMNS:]
    knots, bases = _knots(statistics)
    hats = np.hstack([_hats(column, *basis) for column, basis in zip(statistics.T, bases, strict=True)])
    cells = data.cells[fitted] if characters else data.cells[fitted, :CELLS]
    times = data.products.times(fitted, characters=characters)
    key = ("vectors", characters, fitted.tobytes())
    vectors, landmarks, embeddings = data.remembered(key, lambda: _vectors_of(cells, times))
    blocks = [
        (hats, np.sqrt(STATISTIC_WEIGHT / len(bases))),
        (landmarks.features(embeddings), np.sqrt(KERNEL_WEIGHT)),
        (np.zeros((len(fitted), 0)) if beside is None else beside, 1.0),
    ]
    dense = np.hstack([block * scale for block, scale in blocks])
    folds = inner_folds(data, rows) if held_out else []
    trains = np.stack([np.ones(len(rows), dtype=bool), *(train for train, _ in folds)], axis=1)[of]
    scale = np.sqrt(0.5) if characters else 1.0
    documents, biases, values = solve_ridge((times, scale), dense, rank_target(data.labels[rows])[of], trains)
    out_of_folds = None
    if held_out:
        out_of_folds = values[:, 0].copy()
        for (_, inside), of_fold in zip(folds, values.T[1:], strict=True):
            out_of_folds[inside[of]] = of_fold[inside[of]]
    at = np.cumsum([block.shape[1] for block, _ in blocks])[:-1]
    of_hats, of_bumps, of_beside = (
        part * scale for part, (_, scale) in zip(np.split(documents[:, 0] @ dense, at), blocks, strict=True)
    )
    knot_values = np.zeros_like(knots)
    for row, (positions, quantiles), weights in zip(
        knot_values, bases, of_hats.reshape(len(bases), HATS), strict=True
    ):
        row[: len(quantiles)] = hat_values(positions) @ weights
        row[len(quantiles) :] = row[len(quantiles) - 1]
    cell_weights = (scale**2 * (cells.T @ documents[:, 0])).astype(np.float32)
    head = landmarks.head(of_bumps)
    linear = LinearSignals(
        word_weights=cell_weights[:CELLS],
        character_weights=cell_weights[CELLS:] if characters else NO_TABLE,
        knots=knots,
        knot_values=knot_values,
        bias=float(biases[0]),
        vectors=replace(vectors, landmarks=head.landmarks, weights=head.weights, gamma=head.gamma),
    )
    return Joint(linear, of_beside, out_of_folds, None if out_of_folds is None else out_of_folds[: len(rows)])


def _vectors_of(
    cells: Any,  # noqa: ANN401 - a sparse matrix
    times: Times,
) -> tuple[Vectors, Landmarks, Floats32]:
    vectors = fit_vectors(cells, times)
    embeddings = vectors.of_cells(cells)
    return vectors, Landmarks.of(embeddings), embeddings


def inner_folds(data: FitData, rows: Rows) -> list[tuple[Bools, Bools]]:
    """Return which of some rows each inner fold may be fitted to, and which are in it: shape (m,)."""
    return [(np.isin(rows, train), inside) for train, inside in by_fold(data, rows)]


def linear_values(linear: LinearSignals, data: FitData, rows: Rows) -> Floats:
    """Return the raw values of some rows by a linear joint of their signals."""
    features, cells = data.features[rows].copy(), data.cells[rows]
    features[:, 0] = cells[:, :CELLS] @ linear.word_weights
    if len(linear.character_weights):
        features[:, 1] = cells[:, CELLS:] @ linear.character_weights
    features[:, 2] = linear.vectors.scores(cells)
    return linear.predict(features)


def fit_vectors(cells: Any, times: Times) -> Vectors:  # noqa: ANN401 - a sparse matrix
    """Return vectors of the cells that documents have, without landmarks: leading right singular vectors.

    Parameters
    ----------
    cells : sparse float32 matrix, shape (n, CELLS) or (n, 2 * CELLS)
    times : callable
        Multiplies the products of these documents' cells.
    """
    linalg = require("train", "scipy.sparse.linalg")
    count = cells.shape[0]
    operator = linalg.LinearOperator((count, count), times, dtype=np.float64)
    squares, left = linalg.eigsh(
        operator, min(VECTOR_WIDTH, count - 1), v0=np.ones(count), tol=VECTOR_TOLERANCE
    )
    kept = np.flatnonzero(squares > squares[-1] * LEAST_SQUARE)[::-1]
    leading = cells.T @ left[:, kept].astype(np.float32)
    leading /= np.sqrt((leading**2).sum(axis=0))
    scales = np.ones(VECTOR_WIDTH, dtype=np.float32)
    width = leading.shape[1]
    scales[:width] = np.maximum(leading.max(axis=0), -leading.min(axis=0)) / INT8_MAX
    table = np.zeros((cells.shape[1], VECTOR_WIDTH), dtype=np.int8)
    leading /= scales[:width]
    table[:, :width] = np.round(leading, out=leading)
    return replace(NO_VECTORS, table=table, scales=scales)


def _knots(
    statistics: Floats32,
) -> tuple[Floats32, list[tuple[Floats, Floats32]]]:
    """Return each statistic's distinct quantiles, and their places in [0, 1]: the mean where they tie."""
    knots = np.full((statistics.shape[1], KNOTS), np.inf, dtype=np.float32)
    bases = []
    quantiles_of_all = np.quantile(statistics, GRID, axis=0).astype(np.float32)
    for row, quantiles in zip(knots, quantiles_of_all.T, strict=True):
        at, inverse = np.unique(quantiles, return_inverse=True)
        row[: len(at)] = at
        bases.append((mean_positions(inverse), at))
    return knots, bases


def _hats(column: Floats32, positions: Floats, at: Floats32) -> Floats:
    """Return the hat functions of a statistic, linear between its knots: shape (n, HATS)."""
    values = hat_values(positions)
    return np.stack([np.interp(column, at, values[:, hat]) for hat in range(HATS)], axis=1)
