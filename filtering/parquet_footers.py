"""Footers of Parquet files that nobody vouches for: three bytes of one may become a thousand in memory.

A footer tells of columns, row groups and keys, and Arrow makes objects of all of them before anybody can ask
how many there are. So one that may be of very many is parsed first by a process whose memory is limited.
"""

import os
import struct
import subprocess
import sys
from typing import Protocol

from filtering.errors import BadFileError

FOOTER_BYTES = 64 << 20
"""That a footer may have: of 600,000 column chunks as others write them."""
MANY = 400_000
"""Structs that any memory holds: 1.2 KB at most became of each (Arrow 26.0)."""
MEMORY_BYTES = 1 << 30
"""That a footer with more of them may take."""
PARSE = """
import resource, sys
resource.setrlimit(resource.RLIMIT_DATA, (int(sys.argv[1]),) * 2)
import pyarrow
from pyarrow.parquet import ParquetFile
try:
    ParquetFile(pyarrow.BufferReader(sys.stdin.buffer.read()))
except Exception as error:  # what else is wrong with it, is said where it is read
    sys.exit(isinstance(error, MemoryError) or "bad_alloc" in str(error))
"""


class Seekable(Protocol):
    """An open file, here or in a store."""

    def seek(self, offset: int, whence: int = 0, /) -> int:
        """Go to a place; return where that is."""
        ...

    def read(self) -> bytes:
        """Return all that follows."""
        ...


def check_footer(file: Seekable, path: str) -> None:
    """Check that memory holds the footer of an open file; one that is no Parquet passes.

    Raises
    ------
    BadFileError
        As `refuse_vast`.
    """
    size = file.seek(0, os.SEEK_END)
    file.seek(max(0, size - 8))
    length = declared_bytes(file.read(), path)
    file.seek(max(0, size - 8 - length))
    refuse_vast(file.read(), path)
    file.seek(0)


def declared_bytes(end: bytes, path: str) -> int:
    """Return how long a footer says that it is, by the last bytes of its file.

    Raises
    ------
    BadFileError
        If that is more than `FOOTER_BYTES`.
    """
    length = int(struct.unpack("<I4s", end[-8:])[0]) if len(end) >= 8 else 0
    if end.endswith(b"PAR1") and length > FOOTER_BYTES:
        raise BadFileError(
            f"{path} must have a footer of at most {FOOTER_BYTES:,} bytes. It is said to have {length:,}. "
            "Write it with fewer columns or row groups."
        )
    return length


def refuse_vast(footer: bytes, path: str) -> None:
    """Check that memory holds a footer.

    Parameters
    ----------
    footer : bytes
        To the end of the file.
    path : str
        For messages.

    Raises
    ------
    BadFileError
        If it takes more than `MEMORY_BYTES`, or ends the process that parses it.
    """
    if footer.count(b"\0") <= MANY:  # with which each struct ends
        return
    # Arrow's own pools take addresses ahead of need.
    environment = {**os.environ, "ARROW_DEFAULT_MEMORY_POOL": "system"}
    command = [sys.executable, "-c", PARSE, str(MEMORY_BYTES)]
    if subprocess.run(command, input=footer, capture_output=True, env=environment, check=False).returncode:
        raise BadFileError(
            f"{path} must have a footer that fits into memory. Its {len(footer):,} bytes take more than "
            f"{MEMORY_BYTES:,} when they are parsed. Write it with fewer columns or row groups."
        )
