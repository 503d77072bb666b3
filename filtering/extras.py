"""Optional libraries: imported when they are used, with the pip line when they are missing."""

from importlib import import_module
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
        raise MissingExtraError(
            f"This needs {module!r}, which is not installed ({error}). "
            f"Install it from a clone of edufilter with: pip install '.[{extra}]'"
        ) from error
