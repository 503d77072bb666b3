"""Signals to stop a command, such as Ctrl-C: answered at once, and the process ends within two seconds."""

import os
import signal
import sys
import threading
from collections.abc import Callable
from types import FrameType
from typing import NoReturn

STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM)
"""The supervisor passes them on to its child."""
INTERRUPTED = 130
"""Exit code of a command that was interrupted."""
STOP_WITHIN_S = 1.0
"""For work under way to come to a clean end; what does not is left, and the next run clears it away."""
END_WITHIN_S = 1.8
"""From a signal to stop until the process ends, whatever it is doing: two seconds with some to spare."""


def work_or_stop(work: Callable[[], int], is_ordered: threading.Event, last_words: Callable[[], str]) -> int:
    """Run a command, and return its exit code. What it raises after a signal to stop is no fault to show."""
    try:
        return work()
    except BaseException:
        if not is_ordered.is_set():
            raise
        _end_at_once(last_words)


def _end_at_once(last_words: Callable[[], str]) -> NoReturn:
    os.write(2, f"{last_words()}\n".encode(errors="replace"))
    os._exit(INTERRUPTED)


def raise_on_stop_signals(last_words: Callable[[], str]) -> threading.Event:
    """Let signals to stop raise KeyboardInterrupt: a scheduler's polite kill ends as cleanly as Ctrl-C does.

    It is answered at once, by the bare system call, for the signal may have come while a line was being
    written. What has not ended after `END_WITHIN_S` is ended, so that further signals change nothing. A
    terminal sends Ctrl-C to the supervisor, which passes it on, and to the child.

    Python drops KeyboardInterrupt where C code called it back, as LLVM does when numba has compiled
    something, and the code that called may then fail for want of what was not done. Neither is shown.

    Returns
    -------
    threading.Event
        Is set by a signal to stop.
    """
    is_ordered = threading.Event()

    def interrupt(number: int, frame: FrameType | None) -> None:
        if is_ordered.is_set():
            return
        is_ordered.set()
        sys.unraisablehook = lambda _: None
        os.write(2, b"\nInterrupted. Stopping ...\n")
        timer = threading.Timer(END_WITHIN_S, _end_at_once, [last_words])
        timer.daemon = True
        timer.start()
        raise KeyboardInterrupt

    handle_stop_signals(interrupt)
    return is_ordered


def handle_stop_signals(handler: Callable[[int, FrameType | None], None]) -> None:
    """Call a handler on signals to stop, but not on those that a shell or nohup asked to ignore."""
    for order in STOP_SIGNALS:
        if signal.getsignal(order) != signal.SIG_IGN:
            signal.signal(order, handler)
