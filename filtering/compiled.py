"""Compiles the kernels, and finds a place for what was compiled.

numba caches machine code next to the source or below the home; it fails where neither can be
written. Then a private folder below the system's temporary one serves, and if that cannot be had
either, there is no cache and each process compiles anew (about ten seconds).
"""

import os
import stat
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import numba

Function = TypeVar("Function", bound=Callable[..., Any])


def compiled(function: Function) -> Function:
    """Compile a function on its first call: without the GIL, without fastmath, from the cache if possible."""
    try:
        return _compile(function, cache=True)
    except RuntimeError:  # numba: "no locator available"
        folder = _private_folder()
        if folder is None:
            _say("no folder can be written, so kernels are compiled anew in each process")
            return _compile(function, cache=False)
        _say(f"compiled kernels are cached in {folder}")
        setattr(numba.config, "CACHE_DIR", str(folder))  # noqa: B010 - not in its type stubs
        return _compile(function, cache=True)


def _compile(function: Function, *, cache: bool) -> Function:
    dispatcher: Function = numba.njit(function, nogil=True, cache=cache, fastmath=False)
    return dispatcher


def _private_folder() -> Path | None:
    """Return a folder that only we can write to; None if there is none.

    The cache is loaded as code, so a folder that someone else could have filled is not used.
    """
    try:
        folder = Path(tempfile.gettempdir(), f"edufilter-numba-{os.getuid()}")
        folder.mkdir(mode=0o700, exist_ok=True)
        found = folder.lstat()
    except OSError:
        return None
    private = stat.S_ISDIR(found.st_mode) and found.st_uid == os.getuid() and not found.st_mode & 0o022
    return folder if private and os.access(folder, os.W_OK | os.X_OK) else None


_said: set[str] = set()


def _say(what: str) -> None:
    """Say a line once a process: on standard error, where logs go."""
    if what not in _said:
        _said.add(what)
        sys.stderr.write(f"edufilter: numba's cache cannot be written beside the source; {what}.\n")
