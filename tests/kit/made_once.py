"""Makes what all test processes use once: the first that needs it makes it, the others wait and take it."""

import fcntl
import os
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import pytest

T = TypeVar("T")


def made_once(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], T]) -> T:
    """Return what `make` made of a folder of its own, in this process or in another one.

    Nobody may write to it. It is handed on as a pickle, between processes that are all ours.

    Parameters
    ----------
    factory : pytest.TempPathFactory
    name : str
        No other fixture has it.
    make : callable
    """
    base = factory.getbasetemp()
    if base.name == f"popen-{os.environ.get('PYTEST_XDIST_WORKER')}":
        base = base.parent  # of the process that all workers have in common
    made = base / f"{name}.made"
    with made.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not made.exists():
            content = pickle.dumps(make(factory.mktemp(name)))
            made.write_bytes(content)
            return pickle.loads(content)
    return pickle.loads(made.read_bytes())
