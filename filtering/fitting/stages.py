"""Fits the second stage of a scorer: two heads over embeddings, from simple to costly.

- ``ridge``: a ridge regression over the embedding alone, as FineWeb-Edu has it.
- ``joint``: one ridge regression over n-grams, statistics, and the landmark features of the embedding.
"""

from dataclasses import dataclass
from functools import partial
from typing import Literal, get_args

import numpy as np

from filtering.arrays import Floats, Rows
from filtering.embedding.heads import Head, LinearHead
from filtering.embedding.settings import EmbedderSettings
from filtering.extras import require
from filtering.fitting.cross_validation import Fit, calibrate, nested_raw
from filtering.fitting.fit_data import FitData, rank_target
from filtering.fitting.recipes import (
    KERNEL_WEIGHT,
    Landmarks,
    Recipe,
    fit_linear,
    linear_values,
    spread_of,
)
from filtering.scoring.scorers import EmbeddingStage
from filtering.signals.linear import LinearSignals

HeadName = Literal["ridge", "joint"]
HEADS: tuple[HeadName, ...] = get_args(HeadName)

RIDGE_PENALTY = 3.0


@dataclass(frozen=True)
class FittedStage:
    """What a head fits: a function of the embedding, alone or beside weights of signals."""

    head: Head
    linear: LinearSignals | None = None

    def predict(self, data: FitData, rows: Rows) -> Floats:
        """Return raw values of some rows."""
        raw = self.head.predict(data.embeddings[rows])
        return raw if self.linear is None else raw + linear_values(self.linear, data, rows)


def head_fit(name: HeadName, recipe: Recipe) -> Fit:
    """Return what fits a head.

    Parameters
    ----------
    name : str
    recipe : str
        How the first stage joins the signals; a head that joins them too reads the same tables.
    """
    fits: dict[HeadName, Fit] = {"ridge": _fit_ridge, "joint": partial(_fit_joint, recipe=recipe)}
    return fits[name]


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
        calibration=calibrate(data, rows, nested_raw(data, fit, assignment=0)),
    )


def _fit_ridge(data: FitData, rows: Rows) -> FittedStage:
    embeddings = data.embeddings[rows]
    spread = np.sqrt(spread_of(embeddings))
    model = require("train", "sklearn.linear_model").Ridge(alpha=RIDGE_PENALTY)
    model.fit(embeddings.astype(np.float64) / spread, rank_target(data.labels[rows]))
    return FittedStage(LinearHead(model.coef_ / spread, float(model.intercept_)))


def _fit_joint(data: FitData, rows: Rows, recipe: Recipe) -> FittedStage:
    landmarks = Landmarks.of(data.embeddings[rows])
    scale = np.sqrt(KERNEL_WEIGHT)
    features = landmarks.features(data.embeddings[rows]) * scale
    linear, weights = fit_linear(data, rows, characters=recipe != "linear", beside=features)
    return FittedStage(landmarks.head(weights * scale), linear)
