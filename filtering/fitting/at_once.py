"""Makes several fits at once, each with one thread of linear algebra."""

import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from functools import lru_cache
from typing import Any, TypeVar

from filtering.extras import require
from filtering.machine import available_cpus

MOST = 4
"""Fits at once: each holds the products of its documents, up to a gigabyte."""
Task = TypeVar("Task")
Result = TypeVar("Result")


def one_thread() -> AbstractContextManager[object]:
    """Return a context in which libraries of linear algebra use one thread each.

    Products are small: more threads wait for each other, and sum in another order on each machine.
    """
    limits: AbstractContextManager[object] = _libraries(len(sys.modules)).limit(limits=1)
    return limits


@lru_cache(maxsize=1)
def _libraries(modules: int) -> Any:  # noqa: ANN401 - of threadpoolctl
    """Return the libraries that can be limited; they are looked for anew where more modules are imported.

    That takes as long as a small fit.
    """
    return require("train", "threadpoolctl").ThreadpoolController()


def each(function: Callable[[Task], Result], tasks: Sequence[Task]) -> Iterator[Result]:
    """Yield what a function makes of each task, in their order; as many run at once as there are CPUs."""
    with one_thread():
        pool = ThreadPoolExecutor(min(MOST, available_cpus()))
        try:
            yield from pool.map(function, tasks)
        finally:
            pool.shutdown(wait=False, cancel_futures=True)  # whoever interrupts does not wait
