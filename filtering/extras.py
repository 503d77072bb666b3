"""Optional libraries: imported when they are used, with the pip line when they are missing."""

import shlex
import sys
from collections.abc import Mapping
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
        f"This needs the extra {extra!r}, which is not installed ({error}). Install it {_how(extra)}"
    )


def require_all(modules: Mapping[str, str], *, then: Mapping[str, str] | None = None) -> None:
    """Check that what a command will use is installed, without loading it; tell all that is missing at once.

    Parameters
    ----------
    modules : mapping of str to str
        By extra, the name of a module that it installs, without dots.
    then : mapping of str to str, optional
        The same of the commands that follow: if something is missing, what they need is named with it.

    Raises
    ------
    MissingExtraError
        If one is not installed.
    """
    if missing := _missing_of(modules):
        one = len(missing) == 1
        named, lacking = (" and ".join(map(repr, some)) for some in (missing, missing.values()))
        extras = {**missing, **_missing_of(then or {})}
        raise MissingExtraError(
            f"This needs the {'extra' if one else 'extras'} {named}, which {'is' if one else 'are'} "
            f"not installed ({lacking} {'is' if one else 'are'} missing). Install it {_how(','.join(extras))}"
        )


def how_to_install(modules: Mapping[str, str]) -> str:
    """Return the line that installs what a command will use and this environment lacks; empty if it has all.

    Parameters
    ----------
    modules : mapping of str to str
        As `require_all` takes them.
    """
    missing = _missing_of(modules)
    return _how(",".join(missing)) if missing else ""


def _missing_of(modules: Mapping[str, str]) -> dict[str, str]:
    return {extra: module for extra, module in modules.items() if find_spec(module) is None}


def _how(extra: str) -> str:
    """Return the line that installs an extra, or several with commas, where this program runs."""
    clone = Path(__file__).parents[1]
    if Path(sys.prefix) == clone / ".venv" and (clone / "Makefile").is_file():
        return f"in {clone} with: make setup, or: .venv/bin/python -m pip install '.[{extra}]'"
    return f"from a clone of edufilter with: {shlex.quote(sys.executable)} -m pip install '.[{extra}]'"
