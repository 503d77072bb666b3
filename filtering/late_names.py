"""Public names of a package, each imported when it is first used: to name one package loads nothing else."""

from collections.abc import Callable, Mapping, Sequence
from importlib import import_module


def late_names(package: str, homes: Mapping[str, Sequence[str]]) -> tuple[list[str], Callable[[str], object]]:
    """Return what a package has for ``__all__`` and for ``__getattr__``.

    Parameters
    ----------
    package : str
    homes : mapping of str to sequence of str
        By module below the package, the names that are public.
    """
    home_of = {name: module for module, names in homes.items() for name in names}

    def find(name: str) -> object:
        if name not in home_of:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        return getattr(import_module(f"{package}.{home_of[name]}"), name)

    return sorted(home_of), find
