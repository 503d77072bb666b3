"""What Ray sends to its workers by value, so that a worker with other code than the driver can say so.

Nothing of ours is imported before that is known, and only plain values come in and go out: a class of ours
could not even be read where another folder hides our packages.
"""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from pipelines.preflight import describe_code, first_difference

CHECKED: set[str] = set()
"""Filled in workers alone: what a driver held here would be sent along."""


def run_part(
    settings: str,
    part: dict[str, Any],
    attempt: int,
    apart: bool,
    code: dict[str, str],
    board: Any,  # noqa: ANN401 - a handle of Ray's
) -> dict[str, Any]:
    """Run a part on a Ray worker.

    Parameters
    ----------
    settings : str
        JSON of `WorkerSettings`.
    part : dict
        Fields of a `Part`.
    attempt : int
        Number of times that the driver sent this part before.
    apart : bool
        Whether to run it in a process of its own, since an earlier worker was lost.
    code : dict
        What `describe_code` says of the driver.
    board : handle of a `Board`
        Told how far the part is.

    Returns
    -------
    dict
        ``receipt`` with its fields, or ``refused`` or ``failed`` with the reason.
    """
    board.note.remote(part["key"], attempt, 0, 0, 0)
    with cancelled_between_batches() as cancelled:
        if "code" not in CHECKED:
            try:
                difference = first_difference(code, describe_code(_libraries(code)))
            except ImportError as error:
                difference = str(error)
            if difference:
                return {"refused": difference}
            CHECKED.add("code")
        from pipelines.executors.ray_worker import run_here

        def note(*totals: int) -> None:
            if cancelled.is_set():
                raise RuntimeError("The task was cancelled.")
            board.note.remote(part["key"], attempt, *totals)

        return run_here(settings, part, note, apart=apart)


@contextmanager
def cancelled_between_batches() -> Iterator[threading.Event]:
    """Yield an event that is set once Ray cancels the task.

    Ray raises KeyboardInterrupt wherever the task is. While a library is being imported, that leaves half of
    it behind, and every later task of this process would fail by it.
    """
    cancelled = threading.Event()
    before = signal.signal(signal.SIGINT, lambda number, frame: cancelled.set())
    try:
        yield cancelled
    finally:
        signal.signal(signal.SIGINT, before)


def _libraries(code: dict[str, str]) -> list[str]:
    return [name for name in code if name != "Python" and not name.endswith(".py")]


class Board:
    """Where running parts note how far they are, for the driver to look at now and then.

    Ray tells nothing of a task until it is over, and never ends one that hangs (decision 12).
    """

    def __init__(self) -> None:
        self._notes: dict[str, tuple[int, int, int, int]] = {}

    def note(self, key: str, attempt: int, rows: int, text_bytes: int, kept: int) -> None:
        """Note how far a part is: totals since it began."""
        self._notes[key] = (attempt, rows, text_bytes, kept)

    def take(self) -> dict[str, tuple[int, int, int, int]]:
        """Return what was noted since the last time."""
        notes, self._notes = self._notes, {}
        return notes
