"""Scorers that are fitted in a moment."""

from dataclasses import replace
from functools import cache

import numpy as np
from filtering_fixtures import made_data

from filtering import load_scorer
from filtering.fitting.recipes import fit_model
from filtering.signals.trees import parse_trees


@cache
def quick_scorer(recipe="linear"):
    """Return a scorer of a recipe, fitted once to few documents; its calibration is a shipped one."""
    model = fit_model(made_data(150), np.arange(150), recipe)
    trees = parse_trees(model.booster) if model.booster else None
    return replace(load_scorer("web"), linear=model.linear, booster=model.booster, trees=trees, digest="")
