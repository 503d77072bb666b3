r"""Names: paths of files as text that every table, log and page can hold, whatever bytes they are made of.

A name is the path with what is no text, or would act on a terminal, as escapes (`filtering.printable`), and
with each backslash doubled. So any path has one name and any name one path. Plans, receipts, hits, samples
and messages hold names; files are opened by `place_of` and `below` alone.
"""

import hashlib
import os
import re
from collections.abc import Callable
from pathlib import Path

from filtering.printable import printable
from pipelines.object_stores import AnyPath, StorePath, files_below, is_store

ESCAPE = re.compile(r"\\(?:([\\tnr])|x([0-9a-f]{2})|u([0-9a-f]{4})|U([0-9a-f]{8}))")
LONGEST_BYTES = 255
"""Of the name of a file, on nearly all disks."""
MEANINGS = {"\\": "\\", "t": "\t", "n": "\n", "r": "\r"}


def name_of(path: AnyPath | str) -> str:
    r"""Return the name of a path.

    Examples
    --------
    >>> print(name_of("caf\udce9.parquet"), name_of("two\nlines"), name_of("a\\b"))
    caf\xe9.parquet two\nlines a\\b
    """
    text = str(path)
    if isinstance(path, StorePath) or is_store(text):  # text already, but for what a locale could not read
        data = text.encode("utf-8", "surrogateescape")
    else:
        data = os.fsencode(text)
    return printable(data.replace(b"\\", b"\\\\"))


def place_of(name: str) -> AnyPath:
    r"""Return the path that has a name.

    Examples
    --------
    >>> place_of(r"/dump/two\nlines")
    PosixPath('/dump/two\nlines')
    """
    return StorePath.parse(_key(name)) if is_store(name) else Path(_file(name))


def below(folder: AnyPath, name: str) -> AnyPath:
    """Return the path that has a name below a folder.

    A store takes printable text alone: there, all else stays escapes.
    """
    return folder / _relative(folder, name)


def with_end(stem: str, end: str) -> str:
    """Return the name that ends so; of a file name that would be too long a digest stands for the rest.

    Examples
    --------
    >>> with_end("deep/a", ".part-00001-of-00002.parquet"), len(with_end("a" * 250, ".parquet"))
    ('deep/a.part-00001-of-00002.parquet', 255)
    """
    folder, slash, last = stem.rpartition("/")
    data, room = _bytes(last), LONGEST_BYTES - len(end)
    if len(data) > room:
        digest = hashlib.sha256(data).hexdigest()[:16]
        cut = data[: room - len(digest) - 1].decode("utf-8", "ignore")
        last = f"{name_of(cut)}~{digest}"
    return f"{folder}{slash}{last}{end}"


def lookup_below(folder: AnyPath) -> Callable[[str], bool]:
    """Return what tells whether there is a file of a name below a folder, which is listed once."""
    found = {relative for relative, _ in files_below(folder)}
    return lambda name: _relative(folder, name) in found


def _relative(folder: AnyPath, name: str) -> str:
    return printable(_key(name)) if isinstance(folder, StorePath) else _file(name)


def _key(name: str) -> str:
    return _bytes(name).decode("utf-8", "backslashreplace")


def _file(name: str) -> str:
    return os.fsdecode(_bytes(name))


def _bytes(name: str) -> bytes:
    return ESCAPE.sub(_meaning, name).encode("utf-8", "surrogateescape")


def _meaning(found: re.Match[str]) -> str:
    letter, byte, *codes = found.groups()
    if letter:
        return MEANINGS[letter]
    code = int(byte or codes[0] or codes[1], 16)
    return chr(code + 0xDC00 if byte and code >= 0x80 else code)
