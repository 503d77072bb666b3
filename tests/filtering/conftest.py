"""What tests of filtering share."""

from collections.abc import Iterator

import pytest

from filtering.fitting import joint


@pytest.fixture(scope="module", autouse=True)
def few_landmarks() -> Iterator[None]:
    """Fit few landmarks to made-up documents: with all 512, half the time goes to their products."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(joint, "LANDMARKS", 64)
        yield
