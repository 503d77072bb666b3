"""Makes what all test processes use once: the first that needs it makes it, the others wait and read it."""

import fcntl
import os
from collections.abc import Callable
from pathlib import Path

import pytest


def made_once(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], object]) -> Path:
    """Return a folder that `make` filled, in this process or in another one. Nobody may write to it.

    Parameters
    ----------
    factory : pytest.TempPathFactory
    name : str
        No other fixture has it.
    make : callable
        Gets an empty folder.
    """
    base = factory.getbasetemp()
    if base.name == f"popen-{os.environ.get('PYTEST_XDIST_WORKER')}":
        base = base.parent  # of the process that all workers have in common
    made = base / f"{name}.made"
    with made.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not made.is_symlink():
            folder = factory.mktemp(name)
            make(folder)
            made.symlink_to(folder)
    return made.readlink()
