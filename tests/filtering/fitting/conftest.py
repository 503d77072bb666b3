"""What tests of fitting share."""

import pytest

from filtering.fitting import at_once


@pytest.fixture
def one_after_the_other(monkeypatch) -> None:
    """Make one fit at a time: `Recorded` notes their order."""
    monkeypatch.setattr(at_once, "MOST", 1)
