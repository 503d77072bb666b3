"""Fits the signals of a scorer to labels: three recipes, from simple to costly.

- ``linear``: one ridge regression over the cells of the word table, the landmark features of the vector out
  of these, and, for each statistic, a piecewise linear function: hat functions over its quantiles.
- ``characters``: the same with the character table.
- ``lightgbm``: trees over the linear value (out of inner folds) and the statistics.
"""

from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Literal, get_args

import numpy as np

from filtering.arrays import Floats, Floats32, Rows
from filtering.embedding.heads import KernelHead
from filtering.extras import require
from filtering.fitting.cross_validation import Fit, calibrate, nested_raw, out_of_fold
from filtering.fitting.fit_data import FitData, rank_target
from filtering.fitting.ridge import Times, fit_ridge
from filtering.scoring.novelty import fit_novelty
from filtering.scoring.scorers import SignalScorer
from filtering.signals.kernel import CELLS, VECTOR_WIDTH
from filtering.signals.linear import GRID, HATS, KNOTS, LinearSignals, hat_values, mean_positions
from filtering.signals.read_signals import NO_TABLE, SCORE_COLUMNS
from filtering.signals.trees import Trees, parse_trees, stacked
from filtering.signals.vectors import NO_VECTORS, Vectors

Recipe = Literal["linear", "characters", "lightgbm"]
RECIPES: tuple[Recipe, ...] = get_args(Recipe)

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
BOOSTING_ROUNDS = 200
BOOSTING: dict[str, Any] = {
    "objective": "regression",
    "num_leaves": 15,
    "learning_rate": 0.04,
    "min_data_in_leaf": 20,
    "feature_fraction": 0.5,
    "bagging_fraction": 0.8,
    "bagging_freq": 1,
    "lambda_l2": 1.0,
    "max_bin": 63,
    "seed": 0,
    "deterministic": True,
    "force_row_wise": True,
    "use_missing": False,
    "verbose": -1,
}


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
class Model:
    """What a recipe fits: the linear joint, and trees over it or none."""

    linear: LinearSignals
    trees: Trees | None

    def predict(self, data: FitData, rows: Rows) -> Floats:
        """Return raw values of some rows."""
        raw = linear_values(self.linear, data, rows)
        return raw if self.trees is None else self.trees.predict(raw, data.features[rows])


def linear_values(linear: LinearSignals, data: FitData, rows: Rows) -> Floats:
    """Return the raw values of some rows by a linear joint of their signals."""
    features = data.features[rows].copy()
    features[:, 0] = data.cells[rows][:, :CELLS] @ linear.word_weights
    if len(linear.character_weights):
        features[:, 1] = data.cells[rows][:, CELLS:] @ linear.character_weights
    features[:, 2] = linear.vectors.scores(data.cells[rows])
    return linear.predict(features)


def signals_fit(recipe: Recipe) -> Fit:
    """Return what fits a recipe."""
    return partial(fit_model, recipe=recipe)


def fit_model(data: FitData, rows: Rows, recipe: Recipe) -> Model:
    """Fit a recipe to some rows."""
    linear, _ = fit_linear(data, rows, characters=recipe != "linear")
    if recipe != "lightgbm":
        return Model(linear, None)
    inner = out_of_fold(data, rows, signals_fit("characters"))
    table = require("train", "lightgbm").Dataset(
        stacked(inner, data.features[rows]),
        rank_target(data.labels[rows]),
        params={"max_bin": BOOSTING["max_bin"], "verbose": -1},
    )
    booster = require("train", "lightgbm").train(BOOSTING, table, BOOSTING_ROUNDS)
    return Model(linear, parse_trees(booster.model_to_string()))


def fit_linear(
    data: FitData, rows: Rows, *, characters: bool, beside: Floats | None = None
) -> tuple[LinearSignals, Floats]:
    """Fit one ridge regression to n-grams, statistics, and what else stands beside them.

    Parameters
    ----------
    data : FitData
    rows : int64 array, shape (m,)
    characters : bool
        Whether the character table is read too.
    beside : float64 array, shape (m, columns), optional
        More features of the rows.

    Returns
    -------
    LinearSignals
    float64 array, shape (columns,)
        Weights of `beside`.
    """
    statistics = data.features[rows][:, SCORE_COLUMNS:]
    knots, bases = _knots(statistics)
    hats = np.hstack([_hats(column, *basis) for column, basis in zip(statistics.T, bases, strict=True)])
    cells = data.cells[rows] if characters else data.cells[rows][:, :CELLS]
    times = data.products.times(rows, characters=characters)
    vectors = fit_vectors(cells, times)
    of_vectors = vectors.of_cells(cells)
    landmarks = Landmarks.of(of_vectors)
    bumps = landmarks.features(of_vectors)
    of_cells, (of_hats, of_bumps, of_beside), bias = fit_ridge(
        (cells, times, np.sqrt(0.5) if characters else 1.0),
        [
            (hats, np.sqrt(STATISTIC_WEIGHT / len(bases))),
            (bumps, np.sqrt(KERNEL_WEIGHT)),
            (np.zeros((len(rows), 0)) if beside is None else beside, 1.0),
        ],
        rank_target(data.labels[rows]),
    )
    knot_values = np.zeros_like(knots)
    for values, (positions, at), weights in zip(
        knot_values, bases, of_hats.reshape(len(bases), HATS), strict=True
    ):
        values[: len(at)] = hat_values(positions) @ weights
        values[len(at) :] = values[len(at) - 1]
    cell_weights = of_cells.astype(np.float32)
    head = landmarks.head(of_bumps)
    linear = LinearSignals(
        word_weights=cell_weights[:CELLS],
        character_weights=cell_weights[CELLS:] if characters else NO_TABLE,
        knots=knots,
        knot_values=knot_values,
        bias=bias,
        vectors=replace(vectors, landmarks=head.landmarks, weights=head.weights, gamma=head.gamma),
    )
    return linear, of_beside


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
    scales[:width] = np.abs(leading).max(axis=0) / INT8_MAX
    table = np.zeros((cells.shape[1], VECTOR_WIDTH), dtype=np.int8)
    table[:, :width] = np.round(leading / scales[:width])
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


def fit_signals(data: FitData, recipe: Recipe, domain: str) -> SignalScorer:
    """Fit the signals of a scorer to all rows; the calibration is fitted to values out of outer folds."""
    rows = np.arange(len(data))
    model = fit_model(data, rows, recipe)
    return SignalScorer(
        domain=domain,
        linear=model.linear,
        trees=model.trees,
        calibration=calibrate(data, rows, nested_raw(data, signals_fit(recipe), assignment=0)),
        novelty=fit_novelty(data.texts, data.groups),
    )
