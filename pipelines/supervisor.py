"""Keeps a command alive on files that end the process that reads them.

The command is the child of a small process that has imported nothing yet. Where a signal such as SIGABRT or
SIGSEGV ends the child, the notes of what it read (`filtering/being_read.py`) tell which file it was, and the
command begins again without it. What else ends the child ends the supervisor too, and the other way round.
"""

import atexit
import mmap
import os
import signal
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from types import FrameType

from filtering.being_read import MEMORY_BYTES, Notes, begin_notes, names_in
from filtering.printable import printable
from pipelines.stop_signals import STOP_SIGNALS, handle_stop_signals, raise_on_stop_signals, work_or_stop

FATAL = (signal.SIGABRT, signal.SIGSEGV, signal.SIGBUS, signal.SIGFPE, signal.SIGILL, signal.SIGKILL)
"""What ends a process that reads a damaged file; SIGKILL is what the system sends where memory runs out."""
NAMES_SHOWN = 3


def supervise(work: Callable[[], int], *, last_words: Callable[[], str] = str) -> int:
    """Run a command in a child of this process, and again where a file that it read ended it.

    Parameters
    ----------
    work : callable
        Returns an exit code.
    last_words : callable
        Returns what to say where `work` does not end in time after an order to stop.

    Returns
    -------
    int
        In the child, the exit code of `work`. Here, that of the child; 1 where one of `FATAL` ended it
        and leaving out a file does not help. Another signal ends this process as it ended the child.
    """
    deadly: dict[str, str] = {}
    suspects: frozenset[str] = frozenset()
    ends = os.pipe()
    while True:
        memory = mmap.mmap(-1, MEMORY_BYTES)
        sys.stdout.flush()
        sys.stderr.flush()
        # An order that comes before both processes know what to do with it waits.
        signal.pthread_sigmask(signal.SIG_BLOCK, STOP_SIGNALS)
        child = os.fork()
        if not child:
            os.close(ends[1])
            end_when_closed(ends[0])
            is_ordered = raise_on_stop_signals(last_words)
            signal.pthread_sigmask(signal.SIG_UNBLOCK, STOP_SIGNALS)
            begin_notes(Notes(memory, deadly, suspects))
            return work_and_end(partial(work_or_stop, work, is_ordered, last_words))
        code = _wait_for(child)
        if code >= 0:
            return code
        ended_by = signal.Signals(-code)
        if ended_by not in FATAL:
            signal.signal(ended_by, signal.SIG_DFL)
            os.kill(os.getpid(), ended_by)
            signal.pthread_sigmask(signal.SIG_UNBLOCK, STOP_SIGNALS)
        names = names_in(memory)
        # A person or another hungry process may be behind one SIGKILL, but hardly behind two.
        is_sure = len(names) == 1 and (ended_by != signal.SIGKILL or names <= suspects)
        if names <= suspects and not is_sure:
            blamed = f" It read {_listed(names)}." if names else " It read no file at that time."
            sys.stderr.write(f"Error: {ended_by.name} ended edufilter.{blamed} What was finished stays.\n")
            return 1
        deadly |= dict.fromkeys(names if is_sure else (), ended_by.name)
        suspects |= names
        sys.stderr.write(f"{ended_by.name} ended edufilter. It read {_listed(names)}. It begins again.\n")


def work_and_end(work: Callable[[], int]) -> int:
    """Run a command whose process then ends without taking apart what it imported: a quarter of a second.

    Parameters
    ----------
    work : callable
        Returns an exit code. To be called before anything registers what it does at the end.
    """
    codes: list[int] = []

    def end() -> None:
        # Where it raised, or its last words cannot be written, the interpreter ends and tells it as always.
        with suppress(OSError, ValueError):
            sys.stdout.flush()
            sys.stderr.flush()
            if codes:
                os._exit(codes[0])

    atexit.register(end)  # before all others, and so called after them
    codes.append(work())
    return codes[0]


def _listed(names: frozenset[str]) -> str:
    more = len(names) - NAMES_SHOWN
    return ", ".join(map(printable, sorted(names)[:NAMES_SHOWN])) + (f" and {more} more" if more > 0 else "")


def end_when_closed(descriptor: int) -> None:
    """Let this process end when the other end of a pipe is closed: with its parent, however that ends."""

    def wait_for_end() -> None:
        while os.read(descriptor, 1024):
            pass
        os.kill(os.getpid(), signal.SIGKILL)

    threading.Thread(target=wait_for_end, name="parent", daemon=True).start()


def _wait_for(child: int) -> int:
    """Pass orders on to a child until it ends; return its exit code, or minus the signal that ended it."""

    def pass_on(number: int, frame: FrameType | None) -> None:
        with suppress(ProcessLookupError):
            os.kill(child, number)

    handle_stop_signals(pass_on)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, STOP_SIGNALS)
    _, status = os.waitpid(child, 0)
    # An order that comes now comes too late. While the interpreter ends it would kill this process.
    signal.pthread_sigmask(signal.SIG_BLOCK, STOP_SIGNALS)
    return os.waitstatus_to_exitcode(status)
