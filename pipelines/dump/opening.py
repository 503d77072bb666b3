"""Opens files by their names: what is no file is said to be none, and nothing is waited for."""

import errno
import os
import stat
from typing import IO

from filtering.errors import BadFileError, RunError
from pipelines.names import name_of, place_of
from pipelines.paths import AnyPath, StoreFile, StorePath

KINDS = {
    stat.S_IFDIR: "a folder",
    stat.S_IFIFO: "a pipe, and Parquet is read from its end: write it to a file first",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}


def open_file(file: str | AnyPath) -> IO[bytes] | StoreFile:
    """Open a file for reading, anywhere in it.

    Parameters
    ----------
    file : str or path
        The name of an input; or the path of a file of our own, which must be there.

    Raises
    ------
    BadFileError
        If it is no regular file; or if an input is not there.
    OSError, RunError
        If the system, or the store, does not let us read it.
    """
    is_input = isinstance(file, str)
    place = place_of(file) if isinstance(file, str) else file
    try:
        if isinstance(place, StorePath):
            return place.open()
        return open(place, "rb", opener=_open_regular)
    except OSError as error:
        if is_input and error.errno in (errno.ENOENT, errno.ELOOP) and (why := _why_gone(str(place))):
            raise BadFileError(f"{file} must be there. It is {why}.") from error
        raise
    except RunError as error:
        if is_input and isinstance(error.__cause__, FileNotFoundError):
            raise BadFileError(f"{file} must be there. It is gone since it was found.") from error
        raise


def _open_regular(path: str, flags: int) -> int:
    """Open a file; one that another process would have to write to first is not waited for."""
    try:
        descriptor = os.open(path, flags | os.O_NONBLOCK)
    except OSError as error:
        if error.errno == errno.ENXIO:  # a socket, or a device without a driver
            _refuse_other(path, os.stat(path))
        raise
    try:
        _refuse_other(path, os.fstat(descriptor))
    except BadFileError:
        os.close(descriptor)
        raise
    return descriptor


def _refuse_other(path: str, found: os.stat_result) -> None:
    kind = stat.S_IFMT(found.st_mode)
    if kind != stat.S_IFREG:
        raise BadFileError(f"{name_of(path)} must be a file. It is {KINDS.get(kind, 'something else')}.")


def _why_gone(path: str) -> str:
    """Return why there is no file; nothing where its whole folder is gone, which is no fault of the file."""
    if os.path.islink(path):
        return f"a link to {name_of(os.readlink(path))}, where nothing is"
    return "gone since it was found" if os.path.isdir(os.path.dirname(path)) else ""
