"""Text files that are named on the command line."""

import sys
from pathlib import Path

from filtering.errors import SettingsError


def read_text(name: str, *, instead: str) -> bytes:
    """Return the bytes of a text file; ``-`` is standard input.

    Parameters
    ----------
    name : str
    instead : str
        What to do with a Parquet file, for the error.

    Raises
    ------
    SettingsError
        If the file cannot be read, or is Parquet.
    """
    try:
        text = sys.stdin.buffer.read() if name == "-" else Path(name).read_bytes()
    except OSError as error:
        raise SettingsError(f"A text file must be readable. {error}") from error
    if text.startswith(b"PAR1"):
        raise SettingsError(f"A text file must not be Parquet. {name} is. {instead}")
    return text
