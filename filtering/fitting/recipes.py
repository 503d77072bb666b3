"""Fits the signals of a scorer to labels: three recipes, from simple to costly.

- ``linear``: one ridge regression over the word table, the vectors out of it and the statistics (`joint.py`).
- ``characters``: the same with the character table.
- ``lightgbm``: trees over the linear value (out of inner folds) and the statistics.
"""

from dataclasses import dataclass
from functools import partial
from typing import Any, Literal, get_args

import numpy as np

from filtering.arrays import Floats, Floats32, Rows
from filtering.extras import require
from filtering.fitting.at_once import one_thread
from filtering.fitting.cross_validation import Fit, calibrate
from filtering.fitting.fit_data import FitData, rank_target
from filtering.fitting.joint import Joint, fit_joint, inner_folds, linear_values
from filtering.scoring.novelty import fit_novelty
from filtering.scoring.scorers import SignalScorer
from filtering.signals.linear import LinearSignals
from filtering.signals.trees import Trees, build_trees, stacked

Recipe = Literal["linear", "characters", "lightgbm"]
RECIPES: tuple[Recipe, ...] = get_args(Recipe)

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
    "force_col_wise": True,
    "use_missing": False,
    "num_threads": 1,
    "verbose": -1,
}


@dataclass(frozen=True)
class Model:
    """What a recipe fits: the linear joint, and trees over it or none.

    Parameters
    ----------
    linear : LinearSignals
    trees : Trees, optional
    held_out : float64 array, shape (m,), or None
        Raw values of the documents that it was fitted to, out of inner folds.
    """

    linear: LinearSignals
    trees: Trees | None
    held_out: Floats | None

    def predict(self, data: FitData, rows: Rows) -> Floats:
        """Return raw values of some rows."""
        raw = linear_values(self.linear, data, rows)
        return raw if self.trees is None else self.trees.predict(raw, data.features[rows])


def signals_fit(recipe: Recipe) -> Fit:
    """Return what fits a recipe."""
    return partial(fit_model, recipe=recipe)


def fit_model(data: FitData, rows: Rows, recipe: Recipe, *, held_out: bool = False) -> Model:
    """Fit a recipe to some rows, with their values out of inner folds where they are asked for."""
    has_trees = recipe == "lightgbm"
    with one_thread():
        joint = fit_joint(data, rows, characters=recipe != "linear", held_out=held_out or has_trees)
    trees, values = fit_trees(data, rows, joint, held_out=held_out) if has_trees else (None, joint.documents)
    return Model(joint.linear, trees, values)


def fit_trees(data: FitData, rows: Rows, joint: Joint, *, held_out: bool) -> tuple[Trees, Floats | None]:
    """Fit trees over a linear value out of inner folds and the statistics.

    Parameters
    ----------
    data : FitData
    rows : int64 array, shape (m,)
    joint : Joint
        Fitted to the same rows, with values out of inner folds.
    held_out : bool
        Whether values of the trees out of the same folds are wanted.

    Returns
    -------
    Trees
    float64 array, shape (m,), or None
        Each is of trees that were fitted without its fold, over linear values that some documents of its fold
        had a part in: as stacking has it.
    """
    assert joint.held_out is not None
    fitted, of = data.with_rewrites(rows)
    features, target = data.features[fitted], rank_target(data.labels[rows])[of]
    trees = _boosted(joint.held_out, features, target)
    if not held_out:
        return trees, None
    values = trees.predict(joint.held_out, features)
    for train, inside in inner_folds(data, rows):
        own, others = np.flatnonzero(inside), train[of]
        of_others = _boosted(joint.held_out[others], features[others], target[others])
        values[own] = of_others.predict(joint.held_out[own], features[own])
    return trees, values[: len(rows)]


def _boosted(raw: Floats, features: Floats32, target: Floats) -> Trees:
    lightgbm = require("train", "lightgbm")
    table = lightgbm.Dataset(
        stacked(raw, features), target, params={"max_bin": BOOSTING["max_bin"], "verbose": -1}
    )
    booster = lightgbm.train(BOOSTING, table, BOOSTING_ROUNDS)
    return build_trees([tree["tree_structure"] for tree in booster.dump_model()["tree_info"]])


def fit_signals(data: FitData, recipe: Recipe, domain: str) -> SignalScorer:
    """Fit the signals of a scorer to all rows; the calibration is fitted to values out of inner folds."""
    rows = np.arange(len(data))
    model = fit_model(data, rows, recipe, held_out=True)
    return SignalScorer(
        domain=domain,
        linear=model.linear,
        trees=model.trees,
        calibration=calibrate(data, rows, model),
        novelty=fit_novelty(data.texts, data.groups),
    )
