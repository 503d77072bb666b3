"""One process at a time for a folder: the lock is gone with the process that holds it."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filtering.errors import OutputError


@contextmanager
def hold_lock(path: Path, root: Path) -> Iterator[None]:
    """Hold the lock of a folder.

    Parameters
    ----------
    path : Path
        The file to lock; made where it is not there.
    root : Path
        The folder, for the message.

    Raises
    ------
    OutputError
        If another process, or another run of this one, holds it.
    """
    # flock, not lockf: held by this very descriptor, so that two runs of one process are kept
    # apart, and asking `is_locked` lets go of nothing.
    with open(_descriptor(path, os.O_RDWR | os.O_CREAT)) as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise OutputError(
                f"Only one run at a time may write to {root}. Another one is at work; "
                "wait for it, or choose another --out."
            ) from None
        yield


def _descriptor(path: Path, flags: int) -> int:
    """Open a file that is there as itself: not by a link, and no pipe, which would wait."""
    return os.open(path, flags | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, 0o666)


def is_locked(path: Path) -> bool:
    """Tell whether a process holds a lock now; nobody does where there is no such file."""
    try:
        with open(_descriptor(path, os.O_RDONLY)) as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True
    return False
