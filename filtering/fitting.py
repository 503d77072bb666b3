"""Fits scorers to labels, and judges them by nested, grouped cross-validation.

Everything that is fitted - weights of cells, knots, head, calibration - is fitted inside each outer
fold, on its training rows only. Three recipes, from simple to costly:

- ``linear``: one ridge regression over the cells of the word table and, for each statistic, a
  piecewise linear function: hat functions over its quantiles.
- ``characters``: the same with the character table.
- ``lightgbm``: trees over the linear value (out of inner folds) and the statistics.

The target is the rank of the label: labels are skewed, and the calibration maps to points anyway.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from filtering.calibration import Calibration, fit_calibration
from filtering.extras import require
from filtering.folds import ASSIGNMENTS, FOLDS, fold_assignment, inner_assignment
from filtering.kernel import CELLS
from filtering.linear import KNOTS, LinearSignals
from filtering.metrics import area_under_curve, rank_correlation
from filtering.novelty import fit_novelty
from filtering.scorers import SignalScorer
from filtering.signals import NO_TABLE, SCORE_COLUMNS, Texts, read_cells, text_bytes
from filtering.trees import Trees, parse_trees

Recipe = Literal["linear", "characters", "lightgbm"]
RECIPES: tuple[Recipe, ...] = get_args(Recipe)

RIDGE_PENALTY = 0.15
STATISTIC_WEIGHT = 0.2
"""Squared weight of all statistics together beside the n-grams' 1 (docs/experiments.md)."""
HATS = 4
GRID = np.linspace(0.0, 1.0, KNOTS)
TIE_SPREADS = 2.0
"""Recipes whose mean figures differ by less than this many spreads are tied; the simplest is kept."""

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
    unbiased : bool array, shape (n,)
        Rows that were chosen without looking at scores.
    """

    texts: tuple[bytes, ...]
    cells: Any
    features: NDArray[np.float32]
    labels: NDArray[np.float64]
    groups: tuple[str, ...]
    unbiased: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.labels)


def read_fit_data(
    texts: Texts, labels: NDArray[np.float64], groups: Sequence[str], unbiased: NDArray[np.bool_]
) -> FitData:
    """Read the signals of labelled documents; those without a score (empty, say) are left out."""
    signals, cells = read_cells(texts)
    sparse = require("train", "scipy.sparse")
    matrix = sparse.csr_matrix((cells.values, cells.cells, cells.row_starts), shape=(len(labels), 2 * CELLS))
    good = np.flatnonzero(signals.reason == 0)
    documents = text_bytes(texts)
    return FitData(
        texts=tuple(documents[row] or b"" for row in good),
        cells=matrix[good],
        features=signals.features[good],
        labels=labels[good],
        groups=tuple(groups[int(row)] for row in good),
        unbiased=unbiased[good],
    )


@dataclass(frozen=True)
class Model:
    """What a recipe fits: the linear joint, and trees over it or none."""

    linear: LinearSignals
    booster: str | None

    def predict(self, data: FitData, rows: Rows) -> NDArray[np.float64]:
        """Return raw values of some rows."""
        raw = _linear_values(self.linear, data, rows)
        if self.booster is None:
            return raw
        return parse_trees(self.booster).predict(stacked(raw, data.features[rows]))


def stacked(raw: Floats, features: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return what trees see: the linear value, then the statistics.

    Parameters
    ----------
    raw : float array, shape (n,)
    features : float32 array, shape (n, WIDTH)

    Returns
    -------
    float32 array, shape (n, 1 + len(STATISTICS))
    """
    return np.concatenate([raw[:, None].astype(np.float32), features[:, SCORE_COLUMNS:]], axis=1)


def _linear_values(linear: LinearSignals, data: FitData, rows: Rows) -> NDArray[np.float64]:
    features = data.features[rows].copy()
    features[:, 0] = data.cells[rows][:, :CELLS] @ linear.word_weights
    if len(linear.character_weights):
        features[:, 1] = data.cells[rows][:, CELLS:] @ linear.character_weights
    return linear.predict(features)


def fit_model(data: FitData, rows: Rows, recipe: Recipe) -> Model:
    """Fit a recipe to some rows."""
    linear = _fit_linear(data, rows, characters=recipe != "linear")
    if recipe != "lightgbm":
        return Model(linear, None)
    inner = _out_of_fold(
        data, rows, lambda train, test: _linear_values(_fit_linear(data, train, characters=True), data, test)
    )
    lightgbm = require("train", "lightgbm")
    target = _rank_target(data.labels[rows])
    table = lightgbm.Dataset(
        stacked(inner, data.features[rows]), target, params={"max_bin": BOOSTING["max_bin"], "verbose": -1}
    )
    booster = lightgbm.train(BOOSTING, table, BOOSTING_ROUNDS)
    return Model(linear, _without_parameters(booster.model_to_string()))


def _without_parameters(text: str) -> str:
    """Drop the parameters that LightGBM appends: they name the machine's threads, and nothing reads them."""
    return text.split("\nparameters:")[0] + "\n"


def _rank_target(labels: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the labels' mean ranks, scaled to [0, 5]."""
    ranks: NDArray[np.float64] = require("train", "scipy.stats").rankdata(labels)
    return 5.0 * ranks / len(labels)


def _fit_linear(data: FitData, rows: Rows, *, characters: bool) -> LinearSignals:
    sparse = require("train", "scipy.sparse")
    ridge = require("train", "sklearn.linear_model").Ridge
    statistics = data.features[rows][:, SCORE_COLUMNS:]
    knots, bases = _knots(statistics)
    scale = np.sqrt(STATISTIC_WEIGHT / len(bases))
    hats = [_hats(column, *basis) * scale for column, basis in zip(statistics.T, bases, strict=True)]
    table_weight = np.sqrt(0.5) if characters else 1.0
    cells = data.cells[rows] if characters else data.cells[rows][:, :CELLS]
    matrix = sparse.hstack([cells * table_weight, sparse.csr_matrix(np.hstack(hats))], format="csr")
    model = ridge(alpha=RIDGE_PENALTY, solver="sparse_cg", tol=1e-5, max_iter=2000)
    model.fit(matrix.astype(np.float64), _rank_target(data.labels[rows]))
    width = cells.shape[1]
    cell_weights = (model.coef_[:width] * table_weight).astype(np.float32)
    hat_weights = model.coef_[width:].reshape(len(bases), HATS) * scale
    knot_values = np.zeros_like(knots)
    for values, (positions, at), weights in zip(knot_values, bases, hat_weights, strict=True):
        values[: len(at)] = _hat_values(positions) @ weights
        values[len(at) :] = values[len(at) - 1]
    return LinearSignals(
        word_weights=cell_weights[:CELLS],
        character_weights=cell_weights[CELLS:] if characters else NO_TABLE,
        knots=knots,
        knot_values=knot_values,
        bias=float(model.intercept_),
    )


def _knots(
    statistics: NDArray[np.float32],
) -> tuple[NDArray[np.float32], list[tuple[NDArray[np.float64], NDArray[np.float32]]]]:
    """Return each statistic's distinct quantiles, and their places in [0, 1]: the mean where they tie."""
    knots = np.full((statistics.shape[1], KNOTS), np.inf, dtype=np.float32)
    bases = []
    for row, column in zip(knots, statistics.T, strict=True):
        quantiles = np.quantile(column, GRID).astype(np.float32)
        at, inverse = np.unique(quantiles, return_inverse=True)
        positions = np.bincount(inverse, GRID) / np.bincount(inverse)
        row[: len(at)] = at
        bases.append((positions, at))
    return knots, bases


def _hat_values(positions: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the hat functions at places in [0, 1]: float64 array, shape (len(positions), HATS)."""
    centres = np.linspace(0.0, 1.0, HATS)
    return np.maximum(0.0, 1.0 - np.abs(positions[:, None] - centres) * (HATS - 1))


def _hats(
    column: NDArray[np.float32], positions: NDArray[np.float64], at: NDArray[np.float32]
) -> NDArray[np.float64]:
    """Return the hat functions of a statistic, linear between its knots: shape (n, HATS)."""
    values = _hat_values(positions)
    return np.stack([np.interp(column, at, values[:, hat]) for hat in range(HATS)], axis=1)


def _out_of_fold(
    data: FitData, rows: Rows, fit_predict: Callable[[Rows, Rows], Floats], folds: Rows | None = None
) -> NDArray[np.float64]:
    """Return a value for each of `rows`, predicted by what was fitted to the rows of the other folds."""
    if folds is None:
        folds = inner_assignment([data.groups[row] for row in rows])
    values = np.empty(len(rows), dtype=np.float64)
    for fold in range(FOLDS):
        inside = folds == fold
        if inside.any():
            values[inside] = fit_predict(rows[~inside], rows[inside])
    return values


def fit_scorer(data: FitData, recipe: Recipe, domain: str) -> SignalScorer:
    """Fit a scorer to all rows; its calibration is fitted to values out of outer folds."""
    rows = np.arange(len(data))
    raw = nested_raw(data, recipe, assignment=0)
    model = fit_model(data, rows, recipe)
    trees: Trees | None = parse_trees(model.booster) if model.booster else None
    return SignalScorer(
        domain=domain,
        linear=model.linear,
        booster=model.booster,
        trees=trees,
        calibration=_calibrate(data, rows, raw),
        novelty=fit_novelty(data.texts, data.groups),
    )


def _calibrate(data: FitData, rows: Rows, raw: Floats) -> Calibration:
    unbiased = data.unbiased[rows]
    return fit_calibration(raw[unbiased], data.labels[rows][unbiased])


def nested_raw(data: FitData, recipe: Recipe, *, assignment: int) -> NDArray[np.float64]:
    """Return a raw value for each row from a model that saw nothing of its fold.

    Parameters
    ----------
    data : FitData
    recipe : {"linear", "characters", "lightgbm"}
    assignment : int
        Number of the fold assignment.

    Returns
    -------
    float64 array, shape (n,)
    """
    return _out_of_fold(
        data,
        np.arange(len(data)),
        lambda train, test: fit_model(data, train, recipe).predict(data, test),
        fold_assignment(data.groups, assignment),
    )


def nested_points(data: FitData, recipe: Recipe) -> NDArray[np.float64]:
    """Return rubric points for each row from a model and a calibration that saw nothing of its fold.

    Returns
    -------
    float64 array, shape (n,)
        In [0, 5].
    """

    def fit_predict(train: Rows, test: Rows) -> Floats:
        inner = _out_of_fold(data, train, lambda a, b: fit_model(data, a, recipe).predict(data, b))
        calibration = _calibrate(data, train, inner)
        return calibration.apply(fit_model(data, train, recipe).predict(data, test))

    rows = np.arange(len(data))
    return _out_of_fold(data, rows, fit_predict, fold_assignment(data.groups, 0))


@dataclass(frozen=True)
class RecipeFigures:
    """Nested figures of a recipe over the fold assignments.

    Parameters
    ----------
    recipe : str
    rho, auc : tuple of float
        Rank correlation, and area under the curve at 3, of each assignment.
    """

    recipe: Recipe
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


def compare_recipes(data: FitData, recipes: Sequence[Recipe]) -> list[RecipeFigures]:
    """Return the nested figures of each recipe over all fold assignments."""
    figures = []
    for recipe in recipes:
        raws = [nested_raw(data, recipe, assignment=number) for number in range(ASSIGNMENTS)]
        figures.append(
            RecipeFigures(
                recipe,
                rho=tuple(rank_correlation(raw, data.labels) for raw in raws),
                auc=tuple(area_under_curve(raw, data.labels) for raw in raws),
            )
        )
    return figures


def choose_recipe(figures: Sequence[RecipeFigures]) -> Recipe:
    """Return the simplest recipe that is tied with the best by rank correlation.

    The rule was written down before the figures: two recipes are tied where their mean rank
    correlations differ by no more than `TIE_SPREADS` times the larger of their spreads.

    Parameters
    ----------
    figures : sequence of RecipeFigures
        From simple to costly.
    """
    best = max(figures, key=lambda one: one.summary()["rho"])
    for one in figures:
        spread = max(one.summary()["rho_spread"], best.summary()["rho_spread"])
        if best.summary()["rho"] - one.summary()["rho"] <= TIE_SPREADS * spread:
            return one.recipe
    return best.recipe
