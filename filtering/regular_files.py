"""Files that nobody vouches for: regular, never waited for, of a bounded size, by no link that leads away."""

import errno
import json
import os
import re
import stat
from collections.abc import Iterator, Sequence
from mmap import mmap
from pathlib import Path
from typing import Any

from filtering.errors import BadFileError
from filtering.printable import printable

MAX_NESTING = 100
"""Of lists and objects within each other in JSON: Arrow's parser goes down a step of its stack for each, and
10,000 end the process."""
STEPS = {b"{": 1, b"[": 1, b"}": -1, b"]": -1}
STRING_OR_BRACKET = re.compile(rb'"(?:[^"\\]++|\\.)*+"|[][{}]', re.DOTALL)
KINDS = {
    stat.S_IFDIR: "a folder",
    stat.S_IFIFO: "a pipe, which is read once and not from its end: write it to a file first",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}


def open_regular(path: str | Path, flags: int = os.O_RDONLY) -> int:
    """Open a file; one that another process would have to write to first is not waited for.

    Parameters
    ----------
    path : str or Path
    flags : int
        As `open` gives them to its `opener`.

    Raises
    ------
    BadFileError
        If it is no regular file.
    OSError
        If the system does not let us open it.
    """
    try:
        descriptor = os.open(path, flags | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        if error.errno == errno.ENXIO:  # a socket, or a device without a driver
            _refuse_other(path, os.stat(path))
        raise
    try:
        _refuse_other(path, os.fstat(descriptor))
    except BadFileError:
        os.close(descriptor)
        raise
    return descriptor


def _refuse_other(path: str | Path, found: os.stat_result) -> None:
    kind = stat.S_IFMT(found.st_mode)
    if kind != stat.S_IFREG:
        shown = printable(os.fsencode(path))
        raise BadFileError(f"{shown} must be a regular file. It is {KINDS.get(kind, 'something else')}.")


def read_regular(path: Path, folders: Sequence[Path], most_bytes: int) -> bytes:
    """Return the bytes of a file.

    Parameters
    ----------
    path : Path
    folders : sequence of Path
        Below one of which it must lie, links followed.
    most_bytes : int
        That it may have.

    Raises
    ------
    OSError
        If it cannot be read, is no regular file (an endless device, say), lies elsewhere, or is larger.
    """
    size = check_regular(path, folders)
    if size > most_bytes:
        raise OSError(f"{path} must have at most {most_bytes:,} bytes. It has {size:,}.")
    # Whoever may write to the folder may have put another thing there meanwhile.
    with open(path, "rb", opener=open_regular) as file:
        content = file.read(size + 1)  # and not of the bound, for so much memory is taken at once
    if len(content) > size:
        raise OSError(f"{path} must stay as it is while it is read. It grows.")
    return content


def folders_of(folder: Path) -> tuple[Path, ...]:
    """Return below which folders the files of one may lie: it, and of a copy of the hub its store of blobs.

    What the hub's client fetched lies in that store, and the folder holds links.
    """
    copy = next((one for one in (folder, *folder.parents) if one.parent.name == "snapshots"), None)
    return (folder,) if copy is None else (folder, copy.parents[1] / "blobs")


def check_regular(path: Path, folders: Sequence[Path]) -> int:
    """Return the size of a regular file below one of some folders, links followed; nothing is opened.

    Raises
    ------
    OSError
        As `read_regular`.
    """
    found = path.stat()
    _refuse_other(path, found)
    if not any(path.resolve().is_relative_to(folder.resolve()) for folder in folders):
        raise OSError(f"{path} must lie in its folder. It is a link that leads out; put a copy there.")
    return found.st_size


def files_in(folder: Path, most: int) -> Iterator[Path]:
    """Yield all files below a folder.

    Raises
    ------
    OSError
        If there are more than `most`, or a folder among them is a link: what lies behind it would go unseen.
    """
    count = 0
    for place, folders, names in os.walk(folder):
        for link in (Path(place, name) for name in folders):
            if link.is_symlink():
                raise OSError(f"{link} must be a folder of its own. It is a link; put a copy there.")
        for name in names:
            count += 1
            if count > most:
                raise OSError(f"{folder} must hold at most {most:,} files. It holds more.")
            yield Path(place, name)


def too_nested_from(text: bytes | mmap) -> int | None:
    """Return the byte of JSON from which on more than `MAX_NESTING` lists and objects lie within each other.

    Examples
    --------
    >>> too_nested_from(b'{"a": [1, "[[["]}'), too_nested_from(b"[" * 101)
    (None, 100)
    """
    depth = 0
    for token in STRING_OR_BRACKET.finditer(text):
        # Never below 0: blocks are parsed on their own, whatever closes too often before them.
        depth = max(depth + STEPS.get(token[0], 0), 0)
        if depth > MAX_NESTING:
            return token.start()
    return None


def parse_json(content: bytes) -> Any:  # noqa: ANN401 - any JSON value
    """Return the value of a JSON text in UTF-8.

    Raises
    ------
    ValueError
        If it is none, or nested so deeply that Python cannot follow.
    """
    try:
        return json.loads(content.decode())
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
