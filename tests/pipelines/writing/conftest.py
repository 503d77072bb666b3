"""What tests of writing share: the key of an endpoint, and a recipe of one's own."""

import pytest

from filtering.errors import SettingsError
from pipelines.writing.code_runs.run_code import require_isolation
from tests.kit.labels.annotating import KEY
from tests.kit.writing.texts import OWN


@pytest.fixture(autouse=True)
def key(monkeypatch):
    """Set the key of an endpoint."""
    monkeypatch.setenv("OPENAI_API_KEY", KEY)


@pytest.fixture
def own(tmp_path):
    """Return the path of a recipe with twenty combinations."""
    path = tmp_path / "mine.toml"
    path.write_text(OWN)
    return path


@pytest.fixture
def _shut_in():
    """Skip a test where code cannot be run in safety."""
    try:
        require_isolation()
    except SettingsError as error:
        pytest.skip(f"code cannot be shut in here: {error}")
