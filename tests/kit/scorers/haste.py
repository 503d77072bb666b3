"""Fits and judges scorers in a hurry: for tests that prove what is judged, not its figures."""

import pytest

import filtering.fitting.joint
import filtering.fitting.recipes
import filtering.judging.intervals
from filtering.fitting import cross_validation
from filtering.folds import fold_assignment


def make_haste(patch: pytest.MonkeyPatch) -> None:
    """Fit fewer landmarks and trees, in fewer folds, compare by fewer of their assignments, resample less."""
    patch.setattr(filtering.fitting.joint, "LANDMARKS", 64)
    patch.setattr(filtering.fitting.recipes, "BOOSTING_ROUNDS", 5)
    patch.setattr(filtering.judging.intervals, "BOOTSTRAP_ROUNDS", 5)
    patch.setattr(cross_validation, "ASSIGNMENTS", 2)
    patch.setattr(cross_validation, "FOLDS", 3)
    patch.setattr(cross_validation, "fold_assignment", lambda *of: fold_assignment(*of) % 3)
