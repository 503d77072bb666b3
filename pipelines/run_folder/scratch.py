"""Temporary folders of this machine, for what goes to a store: gone with their process, or after it.

Each process makes one of its own, with a name that nobody can guess and closed to all others. A process that
is killed cannot clean up. Each holds a lock in its folder, which is gone with it, so the next process of the
same user knows which folders nobody needs any more. It removes those that only this user can have made.
"""

import atexit
import fcntl
import os
import shutil
import tempfile
from contextlib import suppress
from functools import cache
from pathlib import Path

from filtering.errors import RunError
from filtering.private_folders import is_closed

PREFIX = "edufilter-scratch-"
LOCK = "lock"


def scratch_folder() -> Path:
    """Return the temporary folder of this process, after removing those of processes that are gone.

    Raises
    ------
    RunError
        If somebody has put it away, or opened it to others, since it was made.
    """
    folder = _made()
    if not is_closed(folder):
        raise RunError(
            f"{folder} must be as it was made: a folder that only this user can enter. It is gone or has "
            "changed. Run the same command again."
        )
    return folder


@cache
def _made() -> Path:
    root = Path(tempfile.gettempdir())
    for left in root.glob(f"{PREFIX}*"):
        _remove_if_left(left)
    folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=root))
    descriptor, new = tempfile.mkstemp(dir=folder)
    fcntl.flock(descriptor, fcntl.LOCK_EX)  # held until the process ends: never closed
    os.rename(new, folder / LOCK)  # only now, for an unlocked one says that nobody needs the folder
    atexit.register(_remove_at_end, folder, os.getpid())
    return folder


def _remove_at_end(folder: Path, maker: int) -> None:
    if os.getpid() == maker:  # and not a child that was forked
        shutil.rmtree(folder, ignore_errors=True)


def _remove_if_left(folder: Path) -> None:
    """Remove a folder that was made here, by this user, if the process that made it is gone."""
    with suppress(OSError):
        if is_closed(folder):
            with open(os.open(folder / LOCK, os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK), "rb") as file:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)  # a living process has it
                shutil.rmtree(folder)
