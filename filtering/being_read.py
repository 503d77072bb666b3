"""Notes of what is being read, in memory that outlives this process.

Arrow ends the whole process on some damaged files, by a signal and not by an exception. A supervisor
(`pipelines/supervisor.py`) then finds here what was being read, and begins again without it. Where there
is no supervisor, as in a program that imports the package, nothing is noted.
"""

import mmap
import struct
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from itertools import count
from threading import get_ident

from filtering.errors import BadFileError

SLOTS = 1024
SLOT_BYTES = 8192
"""Of one thing that is being read: the longest path of Linux, and its rows."""
MEMORY_BYTES = SLOTS * SLOT_BYTES
_HEAD = struct.Struct("<QQI")
"""Number of the thread, number of the note, and bytes of the name: 0 in a free slot."""


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
        self.memory, self.deadly, self.suspects = memory, deadly, suspects
        self.free = list(range(0, MEMORY_BYTES, SLOT_BYTES))
        self.numbers = count()


class _Note:
    """A name in a free slot, as long as the context lasts. Not a generator: there is one for each file."""

    __slots__ = ("_name", "_notes", "_start")

    def __init__(self, notes: Notes, name: str) -> None:
        self._notes, self._name = notes, name
        self._start: int | None = None

    def __enter__(self) -> None:
        notes, name = self._notes, self._name
        if name in notes.deadly:
            raise BadFileError(died_of(name, notes.deadly[name]))
        encoded = name.encode("utf-8", "surrogateescape")[: SLOT_BYTES - _HEAD.size]
        try:
            start = notes.free.pop()
        except IndexError:  # more threads than slots: not noted
            return
        self._start, body = start, start + _HEAD.size
        notes.memory[body : body + len(encoded)] = encoded
        _HEAD.pack_into(notes.memory, start, get_ident(), next(notes.numbers), len(encoded))

    def __exit__(self, *error: object) -> None:
        if self._start is not None:
            _HEAD.pack_into(self._notes.memory, self._start, 0, 0, 0)
            self._notes.free.append(self._start)


_notes: list[Notes] = []


def begin_notes(notes: Notes) -> None:
    """Note from now on what this process reads."""
    _notes[:] = [notes]


def being_read(name: str) -> AbstractContextManager[None]:
    """Note that something is being read, as long as the context lasts.

    Parameters
    ----------
    name : str
        A path; or what of a file is read, in words.

    Raises
    ------
    BadFileError
        On entering, if it ended an earlier process that read it.
    """
    return _Note(_notes[0], name) if _notes else nullcontext()


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
        thread, number, length = _HEAD.unpack_from(memory, start)
        if length:
            body = start + _HEAD.size
            name = memory[body : body + length].decode("utf-8", "surrogateescape")
            first[thread] = min(first.get(thread, (number, name)), (number, name))
    return frozenset(name for _, name in first.values())


def died_of(name: str, signal_name: str) -> str:
    """Return in words that something ends the process that reads it."""
    short_of_memory = ", as the system does where memory runs out" if signal_name == "SIGKILL" else ""
    return (
        f"{name} must be readable Parquet. It ends the process that reads it "
        f"({signal_name}{short_of_memory})."
    )
