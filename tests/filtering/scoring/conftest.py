"""What tests of saved scorers share: one of each recipe, fitted and saved once."""

import shutil

import pytest

from tests.kit.made_once import made_once
from tests.kit.scorers.saved import save_made


@pytest.fixture(scope="session", params=["linear", "characters", "lightgbm"])
def pristine(request, tmp_path_factory):
    """Return a saved scorer of a recipe. Not to be written to."""
    recipe = request.param
    made = made_once(
        tmp_path_factory, f"pristine-{recipe}", lambda folder: save_made(folder / recipe, recipe)
    )
    return made / recipe


@pytest.fixture
def saved(tmp_path, pristine):
    """Return a saved scorer that a test may change."""
    return shutil.copytree(pristine, tmp_path / "scorer")
