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
from filtering.fitting.at_once import one_thread
from filtering.fitting.cross_validation import Fit, calibrate, out_of_fold
from filtering.fitting.fit_data import FitData, rank_target
from filtering.fitting.joint import KERNEL_WEIGHT, Landmarks, fit_joint, linear_values, spread_of
from filtering.fitting.recipes import Recipe, fit_trees
from filtering.scoring.scorers import EmbeddingStage
from filtering.signals.linear import LinearSignals
from filtering.signals.trees import Trees

HeadName = Literal["ridge", "joint"]
HEADS: tuple[HeadName, ...] = get_args(HeadName)

RIDGE_PENALTY = 3.0


@dataclass(frozen=True)
class FittedStage:
    """What a head fits: a function of the embedding, alone or with weights of signals and trees over both.

    Parameters
    ----------
    head : Head
    linear : LinearSignals, optional
    trees : Trees, optional
        Over the sum of both.
    held_out : float64 array, shape (m,), or None
        Raw values of the documents that it was fitted to, out of inner folds.
    """

    head: Head
    linear: LinearSignals | None
    trees: Trees | None
    held_out: Floats | None

    def predict(self, data: FitData, rows: Rows) -> Floats:
        """Return raw values of some rows."""
        raw = self.head.predict(data.embeddings[rows])
        if self.linear is not None:
            raw += linear_values(self.linear, data, rows)
        return raw if self.trees is None else self.trees.predict(raw, data.features[rows])


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
    """Fit the second stage to all rows; its calibration is fitted to values out of inner folds."""
    rows = np.arange(len(data))
    fitted = head_fit(name, recipe)(data, rows, held_out=True)
    assert isinstance(fitted, FittedStage)
    return EmbeddingStage(
        name=name,
        embedder=embedder,
        head=fitted.head,
        linear=fitted.linear,
        trees=fitted.trees,
        calibration=calibrate(data, rows, fitted),
    )


def _fit_ridge(data: FitData, rows: Rows, *, held_out: bool = False) -> FittedStage:
    embeddings = data.embeddings[rows]
    spread = np.sqrt(spread_of(embeddings))
    model = require("train", "sklearn.linear_model").Ridge(alpha=RIDGE_PENALTY)
    model.fit(embeddings.astype(np.float64) / spread, rank_target(data.labels[rows]))
    return FittedStage(
        head=LinearHead(model.coef_ / spread, float(model.intercept_)),
        linear=None,
        trees=None,
        held_out=out_of_fold(data, rows, _fit_ridge) if held_out else None,
    )


def _fit_joint(data: FitData, rows: Rows, *, recipe: Recipe, held_out: bool = False) -> FittedStage:
    fitted, _ = data.with_rewrites(rows)
    scale = np.sqrt(KERNEL_WEIGHT)
    has_trees = recipe == "lightgbm"
    with one_thread():
        landmarks = Landmarks.of(data.embeddings[fitted])
        joint = fit_joint(
            data,
            rows,
            characters=recipe != "linear",
            beside=landmarks.features(data.embeddings[fitted]) * scale,
            held_out=held_out or has_trees,
        )
    trees, values = fit_trees(data, rows, joint, held_out=held_out) if has_trees else (None, joint.documents)
    return FittedStage(landmarks.head(joint.beside * scale), joint.linear, trees, values)
