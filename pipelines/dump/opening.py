"""Opens files by their names: what is no file is said to be none, and nothing is waited for."""

import errno
import os
from typing import IO

from filtering.errors import BadFileError, RunError
from filtering.regular_files import open_regular
from pipelines.names import name_of, place_of
from pipelines.object_stores import AnyPath, StoreFile, StorePath


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
        return open(place, "rb", opener=open_regular)
    except OSError as error:
        if is_input and error.errno in (errno.ENOENT, errno.ELOOP) and (why := _why_gone(str(place))):
            raise BadFileError(f"{file} must be there. It is {why}.") from error
        raise
    except RunError as error:
        if is_input and isinstance(error.__cause__, FileNotFoundError):
            raise BadFileError(f"{file} must be there. It is gone, or never was.") from error
        raise


def _why_gone(path: str) -> str:
    """Return why there is no file; nothing where its whole folder is gone, which is no fault of the file."""
    if os.path.islink(path):
        return f"a link to {name_of(os.readlink(path))}, where nothing is"
    return "gone, or never was" if os.path.isdir(os.path.dirname(path)) else ""
