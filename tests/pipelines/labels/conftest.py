"""What tests of labels share: a sample, and the key of an endpoint."""

import pytest

from tests.kit.labels.annotating import KEY, write_sample


@pytest.fixture
def key(monkeypatch):
    """Set the key of an endpoint, which tests of secrets look for."""
    monkeypatch.setenv("OPENAI_API_KEY", KEY)


@pytest.fixture
def sample(tmp_path):
    """Return a file of 120 texts with groups and picks."""
    return write_sample(tmp_path / "sample.parquet", 120)
