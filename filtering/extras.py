"""Optional libraries: imported when they are used, with the pip line when they are missing."""

import sys
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType

from filtering.errors import MissingExtraError


def require(extra: str, module: str) -> ModuleType:
    """Import `module`, which the extra `extra` installs.

    Parameters
    ----------
    extra : str
        Name of the extra in ``pip install '.[extra]'``.
    module : str
        Dotted name of the module to import.

    Raises
    ------
    MissingExtraError
        If the module is not installed.
    """
    try:
        return import_module(module)
    except ImportError as error:
        raise _missing(extra, module, error) from error


def require_folder(extra: str, package: str) -> Path:
    """Return the folder of `package`, which the extra `extra` installs, without importing it.

    Raises
    ------
    MissingExtraError
        If the package is not installed.
    """
    try:
        found = find_spec(package)
        if found is None or found.origin is None:
            raise ModuleNotFoundError(f"No module named {package!r}")
    except ImportError as error:
        raise _missing(extra, package, error) from error
    return Path(found.origin).parent


def _missing(extra: str, module: str, error: ImportError) -> MissingExtraError:
    return MissingExtraError(
        f"This needs {module!r}, which is not installed ({error}). Install it {_how(extra)}"
    )


def _how(extra: str) -> str:
    """Return the line that installs an extra where this program runs."""
    clone = Path(__file__).parents[1]
    if Path(sys.prefix) == clone / ".venv" and (clone / "Makefile").is_file():
        return f"in {clone} with: make setup, or: .venv/bin/python -m pip install '.[{extra}]'"
    return f"from a clone of edufilter with: python -m pip install '.[{extra}]'"
