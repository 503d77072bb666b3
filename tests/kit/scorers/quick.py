"""Scorers that are fitted in a moment."""

from dataclasses import replace
from functools import cache

import numpy as np

from filtering import load_scorer
from filtering.fitting.recipes import fit_model
from tests.kit.scorers.fitted import made_data


@cache
def quick_scorer(recipe="linear"):
    """Return a scorer of a recipe, fitted once to few documents; its calibration is a shipped one."""
    model = fit_model(made_data(150), np.arange(150), recipe)
    return replace(load_scorer("web"), linear=model.linear, trees=model.trees, digest="")
