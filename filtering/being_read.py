"""Notes of what is being read, in memory that outlives this process.

Arrow ends the whole process on some damaged files, by a signal and not by an exception. A supervisor
(`pipelines/supervisor.py`) then finds here what was being read, and begins again without it. Where there
is no supervisor, as in a program that imports the package, nothing is noted.
"""

import mmap
import struct
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from filtering.errors import BadFileError

SLOTS = 1024
SLOT_BYTES = 8192
"""Of one thing that is being read: the longest path of Linux, and its rows."""
MEMORY_BYTES = SLOTS * SLOT_BYTES
_HEAD = struct.Struct("<QHI")
"""Number of the thread, how many notes it had before this one, and bytes of the name: 0 in a free slot."""


class Notes:
    """What this process reads now, and what ended earlier ones.

    Parameters
    ----------
    memory : mmap
        Of `MEMORY_BYTES`, zeroed, shared with the supervisor.
    deadly : mapping
        What is known to end its reader, and the name of the signal.
    suspects : frozenset of str
        What was being read, among other things, when an earlier process ended.
    """

    def __init__(self, memory: mmap.mmap, deadly: Mapping[str, str], suspects: frozenset[str]) -> None:
        self._memory, self.deadly, self.suspects = memory, deadly, suspects
        self._free = list(range(SLOTS))
        self._depth = threading.local()

    @contextmanager
    def entry(self, name: str) -> Iterator[None]:
        """Note a name as long as the context lasts."""
        if name in self.deadly:
            raise BadFileError(died_of(name, self.deadly[name]))
        depth = getattr(self._depth, "now", 0)
        encoded = name.encode("utf-8", "surrogateescape")[: SLOT_BYTES - _HEAD.size]
        try:
            start = self._free.pop() * SLOT_BYTES
        except IndexError:  # more threads than slots: not noted
            yield
            return
        body = start + _HEAD.size
        self._memory[body : body + len(encoded)] = encoded
        self._memory[start:body] = _HEAD.pack(threading.get_ident(), depth, len(encoded))
        self._depth.now = depth + 1
        try:
            yield
        finally:
            self._depth.now = depth
            self._memory[start:body] = bytes(_HEAD.size)
            self._free.append(start // SLOT_BYTES)


_notes: list[Notes] = []


def begin_notes(notes: Notes) -> None:
    """Note from now on what this process reads."""
    _notes[:] = [notes]


@contextmanager
def being_read(name: str) -> Iterator[None]:
    """Note that something is being read, as long as the context lasts.

    Parameters
    ----------
    name : str
        A path; or what of a file is read, in words.

    Raises
    ------
    BadFileError
        If it ended an earlier process that read it.
    """
    if not _notes:
        yield
        return
    with _notes[0].entry(name):
        yield


def is_suspect(name: str) -> bool:
    """Tell whether something was being read, beside other things, when an earlier process ended."""
    return bool(_notes) and name in _notes[0].suspects


def has_suspects() -> bool:
    """Tell whether an earlier process ended while it read several things."""
    return bool(_notes) and bool(_notes[0].suspects)


def names_in(memory: mmap.mmap) -> frozenset[str]:
    """Return what a process was reading when it ended: of each thread, what it had begun first."""
    first: dict[int, tuple[int, str]] = {}
    for start in range(0, MEMORY_BYTES, SLOT_BYTES):
        thread, depth, length = _HEAD.unpack_from(memory, start)
        if length:
            body = start + _HEAD.size
            name = memory[body : body + length].decode("utf-8", "surrogateescape")
            first[thread] = min(first.get(thread, (depth, name)), (depth, name))
    return frozenset(name for _, name in first.values())


def died_of(name: str, signal_name: str) -> str:
    """Return in words that something ends the process that reads it."""
    short_of_memory = ", as the system does where memory runs out" if signal_name == "SIGKILL" else ""
    return (
        f"{name} must be readable Parquet. It ends the process that reads it "
        f"({signal_name}{short_of_memory})."
    )
