"""Temporary folders of this machine, for what goes to a store: gone with their process, or after it.

A process that is killed cannot clean up. Each holds a lock on its folder, which is gone with it, so the
next process on the machine knows which folders nobody needs any more, and removes them.
"""

import fcntl
import os
import shutil
import tempfile
from contextlib import suppress
from functools import cache
from pathlib import Path


@cache
def scratch_folder() -> Path:
    """Return the temporary folder of this process, after removing those of processes that are gone."""
    root = Path(tempfile.gettempdir()) / f"edufilter-{os.getuid()}"
    root.mkdir(mode=0o700, exist_ok=True)
    for lock in root.glob("*.lock"):
        _remove_if_left(lock)
    descriptor, name = tempfile.mkstemp(suffix=".lock", dir=root)
    fcntl.flock(descriptor, fcntl.LOCK_EX)  # held until the process ends: never closed
    return Path(name).with_suffix("")


def _remove_if_left(lock: Path) -> None:
    with suppress(OSError), open(lock) as file:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)  # a living process has it
        shutil.rmtree(lock.with_suffix(""), ignore_errors=True)
        lock.unlink()
