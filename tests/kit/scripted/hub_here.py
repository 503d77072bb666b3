"""A scripted hub for this process, where huggingface_hub may have been imported already."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.kit.scripted.hub import TOKEN, scripted_hub


@contextmanager
def hub_here(folder: Path, cache: Path, *, token: str | None = TOKEN) -> Iterator[str]:
    """Let the hub's client of this process ask a scripted hub, and keep its copies in a folder.

    The client reads its environment when it is imported, and these names of its own later on.
    """
    from huggingface_hub import constants

    with scripted_hub(folder) as environment, pytest.MonkeyPatch.context() as patch:
        endpoint = environment["HF_ENDPOINT"]
        template = constants.HUGGINGFACE_CO_URL_TEMPLATE.removeprefix(constants.ENDPOINT)
        for name, value in (
            ("ENDPOINT", endpoint),
            ("HUGGINGFACE_CO_URL_TEMPLATE", endpoint + template),
            ("HF_HUB_CACHE", str(cache)),
            ("HF_HUB_DISABLE_XET", True),
            ("HF_HUB_DISABLE_IMPLICIT_TOKEN", False),
            ("HF_HUB_OFFLINE", False),
            ("HF_TOKEN_PATH", str(cache / "none")),
        ):
            patch.setattr(constants, name, value)
        patch.setenv("HF_TOKEN", token or "")
        yield endpoint
