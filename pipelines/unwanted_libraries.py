"""Keeps from the program what its libraries load by chance: what they find, could use, and nobody asks for.

For example: pyarrow looks for pandas at the first array that it makes, and so loads 300 modules where pandas
is installed, be it for another program. They are kept from the command alone: what is loaded into the process
of others is for others to say.
"""

import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec
from types import FrameType, ModuleType

UNWANTED = {
    # Cython is not seen: what pyarrow imports is asked for by whoever calls it. None of these knows pandas.
    **dict.fromkeys(("pyarrow", "filtering", "annotations", "pipelines"), ("pandas",)),
    # To show objects of classes that it makes.
    "rich": ("attr",),
    # For linear algebra, source positions, C functions and settings in a file: no kernel has any.
    "numba": ("scipy", "coverage", "cffi", "yaml"),
}
"""By the package that asks, which packages it is told are not there."""


class _Finder:
    """Looks for a module before all others do."""

    @staticmethod
    def find_spec(
        name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Refuse a module that is not wanted; leave all others to those that find them."""
        asking: FrameType | None = sys._getframe(1)
        while asking is not None and asking.f_globals.get("__name__", "").startswith("importlib"):
            asking = asking.f_back
        by = asking.f_globals.get("__name__", "") if asking is not None else ""
        if name.partition(".")[0] in UNWANTED.get(by.partition(".")[0], ()):
            raise ModuleNotFoundError(f"{by} does without {name}", name=name)
        return None


def do_without_them() -> None:
    """Load none of them in this process, unless another library asks."""
    sys.meta_path.insert(0, _Finder)
