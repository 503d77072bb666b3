"""Libraries that are imported when a test uses them.

To find all tests, each worker imports all files of tests. It would spend half of that on libraries which it
may never use.
"""

from importlib import import_module
from typing import Any


class Late:
    """A module that is imported when one of its names is first asked for.

    Parameters
    ----------
    name : str
        As in ``import``.
    """

    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, name: str) -> Any:
        if name.startswith(("_", "pytest")):  # asked for by pytest, of all that stands in a file of tests
            raise AttributeError(name)
        return getattr(import_module(self._name), name)
