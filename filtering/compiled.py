"""Compiles the kernels, and finds a place for what was compiled.

Machine code is cached beside the source, else below the user's cache folder, else in a folder below the
system's temporary one; if none can be used, each process compiles anew (about ten seconds). numba unpickles
its index and loads the rest as code, so a folder that others own, or may write to, is passed by
(`filtering.private_folders`). The folder's name holds a digest of the kernels' sources and of all that these
import: numba by itself would not see that a kernel calls a function, or was built with a constant, of another
file that has changed.
"""

import hashlib
import os
import re
import sys
import tempfile
from collections.abc import Callable
from functools import cache, cached_property, update_wrapper
from pathlib import Path
from typing import Any, TypeVar, cast

from filtering.private_folders import make_private

PACKAGE = Path(__file__).parent
KERNEL = re.compile(rb"^@compiled$", re.MULTILINE)
IMPORT = re.compile(rb"^from (\S+) import (\([^)]*\)|.*)", re.MULTILINE)
NAME = re.compile(r"\w+")
Function = TypeVar("Function", bound=Callable[..., Any])


def compiled(function: Function) -> Function:
    """Compile a function without the GIL, without fastmath, and from the cache if possible.

    That is done when it is first called, or one that calls it: numba takes a third of a second to import.
    """
    return cast(Function, _Kernel(function))


class _Kernel:
    """A function that numba compiles and calls once it is needed."""

    def __init__(self, function: Callable[..., Any]) -> None:
        update_wrapper(self, function)

    def __call__(self, *arguments: Any) -> Any:  # noqa: ANN401 - as the function has it
        return self.dispatcher(*arguments)

    @cached_property
    def dispatcher(self) -> Any:  # noqa: ANN401 - a class of numba
        """What numba makes of the function."""
        import numba

        folder = _cache_folder()
        before = numba.config.CACHE_DIR
        # Read by numba when it decorates; put back, for other packages have caches of their own.
        numba.config.CACHE_DIR = str(folder or "")
        try:
            return numba.njit(self.__wrapped__, nogil=True, cache=folder is not None, fastmath=False)
        finally:
            numba.config.CACHE_DIR = before

    @property
    def _numba_type_(self) -> Any:  # noqa: ANN401 - a class of numba
        """What numba asks for where a function that it compiles calls this one."""
        return self.dispatcher._numba_type_


def is_compiled(kernel: Callable[..., Any]) -> bool:
    """Tell whether a kernel was compiled here before; if not, its first call takes seconds."""
    folder, module = _cache_folder(), kernel.__module__.rpartition(".")[2]
    return folder is not None and any(folder.glob(f"*/{module}.{kernel.__name__}-*.nbi"))


@cache
def _cache_folder() -> Path | None:
    """Return the folder for compiled kernels; None if none can be used. Said once, if it is an odd one."""
    name = f"kernels-{hashlib.sha256(b''.join(kernel_sources(PACKAGE))).hexdigest()[:16]}"
    user = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    for parent in (PACKAGE / "__pycache__", Path(user, "edufilter")):
        is_new = not (parent / name).exists()
        if _can_use(parent / name):
            if is_new:
                _say("compiling kernels, once after each installation (about ten seconds)")
            return parent / name
    private = _temporary_folder()
    if private is not None and _can_use(private / name):
        _say(f"numba's cache cannot be kept beside the source; compiled kernels are cached in {private}")
        return private / name
    _say(
        "numba's cache cannot be kept beside the source; no folder can be written to by us alone, so kernels "
        "are compiled anew in each process"
    )
    return None


def kernel_sources(package: Path) -> list[bytes]:
    """Return the sources that machine code depends on: files with kernels, and what they import, and so on.

    All that is imported counts, not only what holds kernels: a constant is compiled in. Only a package's own
    ``__init__.py`` does not; no kernel takes a constant from one.
    """
    sources = {path: path.read_bytes() for path in package.rglob("*.py")}
    asked = [path for path, source in sources.items() if KERNEL.search(source)]
    needed = set()
    while asked:
        path = asked.pop()
        if path in sources and path not in needed:
            needed.add(path)
            asked += _imports(sources[path], package)
    return [sources[path] for path in sorted(needed)]


def _imports(source: bytes, package: Path) -> list[Path]:
    """Return the files that may be meant by the imports of a source; some may not exist."""
    found = []
    for module, names in IMPORT.findall(source):
        path = package.parent.joinpath(*module.decode().split("."))
        # A name may itself be a module: from filtering import statistics.
        found += [path.with_suffix(".py"), *(path / f"{name}.py" for name in NAME.findall(names.decode()))]
    return found


def _can_use(folder: Path) -> bool:
    """Tell whether we can write to a folder, made if it is not there, and nobody else."""
    try:
        if not make_private(folder):
            return False
        with tempfile.TemporaryFile(dir=folder):
            return True
    except OSError:
        return False


def _temporary_folder() -> Path | None:
    """Return a folder for read-only installations without a home, as in containers; None if there is none."""
    try:
        folder = Path(tempfile.gettempdir(), f"edufilter-numba-{os.getuid()}")
        return folder if make_private(folder) else None
    except OSError:
        return None


def _say(what: str) -> None:
    """Say a line on standard error, where logs go."""
    sys.stderr.write(f"edufilter: {what}.\n")
