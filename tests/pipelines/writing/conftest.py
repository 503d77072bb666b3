"""What tests of writing share: the key of an endpoint, and a recipe of one's own."""

import pytest
from annotating import KEY
from written_texts import OWN


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
