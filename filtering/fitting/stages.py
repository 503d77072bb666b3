"""Fits the second stage of a scorer: seven heads over embeddings, from simple to costly.

Over the embedding alone:

- ``ridge``: a ridge regression.
- ``ordinal``: for each point k a logistic regression of ``label >= k``; their chances are summed.
- ``svr``: a support vector regression with a Gaussian kernel, approximated by landmarks (Nystroem).
- ``lightgbm``: boosted trees.
- ``forest``: a random forest, as phi-1 had it ("Textbooks Are All You Need", section 2.1).

Joined with the signals:

- ``joint`` (concatenation): one ridge regression over n-grams, statistics, and the landmark features
  of the embedding.
- ``stack``: a linear regression over two values out of inner folds: the first stage's, and ``svr``'s.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from filtering.arrays import Floats, Floats32, Rows
from filtering.embedding.heads import Head, KernelHead, LinearHead, OrdinalHead
from filtering.embedding.settings import EmbedderSettings
from filtering.extras import require
from filtering.fitting.cross_validation import Fit, Fitted, calibrate, nested_raw, out_of_fold
from filtering.fitting.fit_data import FitData, rank_target
from filtering.fitting.recipes import (
    KERNEL_WEIGHT,
    Landmarks,
    Recipe,
    boost,
    fit_linear,
    linear_values,
    signals_fit,
    spread_of,
)
from filtering.machine import available_cpus
from filtering.rubric_points import MIN_SIDE_ROWS, POINTS
from filtering.scoring.scorers import EmbeddingStage
from filtering.signals.linear import LinearSignals
from filtering.signals.trees import Trees, parse_trees

HeadName = Literal["ridge", "ordinal", "svr", "lightgbm", "forest", "joint", "stack"]
HEADS: tuple[HeadName, ...] = get_args(HeadName)

RIDGE_PENALTY = 3.0
ORDINAL_COST = 3.0
SVR_COST = 1.0
SVR_MARGIN = 0.3
"""Rank points by which a label may be missed at no cost."""
FOREST_TREES = 200
FOREST_LEAF_ROWS = 3
FOREST_COLUMNS = 0.2
"""Share of an embedding's numbers that a split chooses from."""
NEVER_LOGIT = -30.0


@dataclass(frozen=True)
class FittedStage:
    """What a head fits: a function of the embedding, beside n-grams of its own or the first stage's value."""

    head: Head
    linear: LinearSignals | None = None
    signals: Fitted | None = None
    signals_weight: float = 0.0

    def predict(self, data: FitData, rows: Rows) -> Floats:
        """Return raw values of some rows."""
        raw = self.head.predict(data.embeddings[rows])
        if self.linear is not None:
            raw = raw + linear_values(self.linear, data, rows)
        if self.signals is not None:
            raw = raw + self.signals_weight * self.signals.predict(data, rows)
        return raw


def head_fit(name: HeadName, recipe: Recipe) -> Fit:
    """Return what fits a head.

    Parameters
    ----------
    name : str
    recipe : str
        How the first stage joins the signals; those of a head that joins them do it the same way.
    """
    if name == "joint":
        return partial(_fit_joint, recipe=recipe)
    if name == "stack":
        return partial(_fit_stack, recipe=recipe)
    return partial(_fit_alone, fit_head=ALONE[name])


def fit_stage(data: FitData, name: HeadName, recipe: Recipe, embedder: EmbedderSettings) -> EmbeddingStage:
    """Fit the second stage to all rows; its calibration is fitted to values out of outer folds."""
    rows = np.arange(len(data))
    fit = head_fit(name, recipe)
    fitted = fit(data, rows)
    assert isinstance(fitted, FittedStage)
    return EmbeddingStage(
        name=name,
        embedder=embedder,
        head=fitted.head,
        linear=fitted.linear,
        signals_weight=fitted.signals_weight,
        calibration=calibrate(data, rows, nested_raw(data, fit, assignment=0)),
    )


def _fit_alone(data: FitData, rows: Rows, fit_head: Callable[[Floats32, Floats], Head]) -> FittedStage:
    return FittedStage(fit_head(data.embeddings[rows], data.labels[rows]))


def _fit_joint(data: FitData, rows: Rows, recipe: Recipe) -> FittedStage:
    landmarks = Landmarks.of(data.embeddings[rows])
    scale = np.sqrt(KERNEL_WEIGHT)
    features = landmarks.features(data.embeddings[rows]) * scale
    linear, weights = fit_linear(data, rows, characters=recipe != "linear", beside=features)
    return FittedStage(landmarks.head(weights * scale, 0.0), linear=linear)


def _fit_stack(data: FitData, rows: Rows, recipe: Recipe) -> FittedStage:
    signals, alone = signals_fit(recipe), partial(_fit_alone, fit_head=_fit_svr)
    values = np.stack([out_of_fold(data, rows, fit) for fit in (signals, alone)], axis=1)
    line = require("train", "sklearn.linear_model").LinearRegression()
    line.fit(values, rank_target(data.labels[rows]))
    signals_weight, head_weight = (float(weight) for weight in line.coef_)
    head = _fit_svr(data.embeddings[rows], data.labels[rows])
    head = replace(
        head, weights=head.weights * head_weight, bias=head.bias * head_weight + float(line.intercept_)
    )
    return FittedStage(head, signals=signals(data, rows), signals_weight=signals_weight)


def _fit_ridge(embeddings: Floats32, labels: Floats) -> LinearHead:
    spread = np.sqrt(spread_of(embeddings))
    model = require("train", "sklearn.linear_model").Ridge(alpha=RIDGE_PENALTY)
    model.fit(embeddings.astype(np.float64) / spread, rank_target(labels))
    return LinearHead(model.coef_ / spread, float(model.intercept_))


def _fit_ordinal(embeddings: Floats32, labels: Floats) -> OrdinalHead:
    spread = np.sqrt(spread_of(embeddings))
    scaled = embeddings.astype(np.float64) / spread
    weights = np.zeros((embeddings.shape[1], POINTS))
    bias = np.zeros(POINTS)
    for point in range(1, POINTS + 1):
        reached = labels >= point
        if min(reached.sum(), (~reached).sum()) < MIN_SIDE_ROWS:
            bias[point - 1] = -NEVER_LOGIT if reached.mean() > 0.5 else NEVER_LOGIT
            continue
        model = require("train", "sklearn.linear_model").LogisticRegression(C=ORDINAL_COST, max_iter=1000)
        model.fit(scaled, reached)
        weights[:, point - 1] = model.coef_[0] / spread
        bias[point - 1] = model.intercept_[0]
    return OrdinalHead(weights, bias)


def _fit_svr(embeddings: Floats32, labels: Floats) -> KernelHead:
    landmarks = Landmarks.of(embeddings)
    model = require("train", "sklearn.svm").LinearSVR(
        C=SVR_COST, epsilon=SVR_MARGIN, loss="squared_epsilon_insensitive", dual=False, max_iter=10_000
    )
    model.fit(landmarks.features(embeddings), rank_target(labels))
    return landmarks.head(model.coef_, float(model.intercept_[0]))


def _fit_lightgbm(embeddings: Floats32, labels: Floats) -> Trees:
    return parse_trees(boost(embeddings, rank_target(labels)))


def _fit_forest(embeddings: Floats32, labels: Floats) -> Trees:
    forest = require("train", "sklearn.ensemble").RandomForestRegressor(
        FOREST_TREES,
        min_samples_leaf=FOREST_LEAF_ROWS,
        max_features=FOREST_COLUMNS,
        random_state=0,
        n_jobs=available_cpus(),
    )
    forest.fit(embeddings, rank_target(labels))
    return _trees_of([one.tree_ for one in forest.estimators_], embeddings.shape[1])


ALONE: dict[HeadName, Callable[[Floats32, Floats], Head]] = {
    "ridge": _fit_ridge,
    "ordinal": _fit_ordinal,
    "svr": _fit_svr,
    "lightgbm": _fit_lightgbm,
    "forest": _fit_forest,
}


def _trees_of(trees: list[Any], width: int) -> Trees:
    """Return scikit-learn's trees, of which the mean is the value, as arrays of which the sum is."""
    columns: dict[str, list[NDArray[Any]]] = {
        name: [] for name in ("feature", "threshold", "left", "right", "leaf")
    }
    roots = []
    nodes = leaves = 0
    for tree in trees:
        inner = tree.children_left >= 0
        # New numbers: nodes and leaves are counted apart, and a leaf is the inverse of its number.
        number = np.where(inner, nodes + np.cumsum(inner) - 1, ~(leaves + np.cumsum(~inner) - 1))
        roots.append(number[0])
        columns["feature"].append(tree.feature[inner])
        columns["threshold"].append(tree.threshold[inner])
        columns["left"].append(number[tree.children_left[inner]])
        columns["right"].append(number[tree.children_right[inner]])
        columns["leaf"].append(tree.value[~inner, 0, 0] / len(trees))
        nodes += int(inner.sum())
        leaves += int((~inner).sum())
    joined = {name: np.concatenate(column) for name, column in columns.items()}
    return Trees(
        roots=np.array(roots, dtype=np.int32),
        feature=joined["feature"].astype(np.int32),
        threshold=joined["threshold"].astype(np.float64),
        left=joined["left"].astype(np.int32),
        right=joined["right"].astype(np.int32),
        leaf=joined["leaf"].astype(np.float64),
        features=width,
    )
