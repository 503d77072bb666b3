"""Files of folders that nobody vouches for: regular ones, of a bounded size, by no link that leads away."""

import json
import os
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any


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
    content = b""
    if check_regular(path, folders) <= most_bytes:
        # Whoever may write to the folder may have put another thing there meanwhile: a pipe waits for ever.
        with open(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as file:
            content = file.read(most_bytes + 1)
        if len(content) <= most_bytes:
            return content
    raise OSError(f"{path} must have at most {most_bytes:,} bytes. It has more.")


def check_regular(path: Path, folders: Sequence[Path]) -> int:
    """Return the size of a regular file below one of some folders, links followed; nothing is opened.

    Raises
    ------
    OSError
        As `read_regular`.
    """
    found = path.stat()
    if not stat.S_ISREG(found.st_mode):
        raise OSError(f"{path} must be a regular file. It is none.")
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
