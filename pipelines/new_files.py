"""Files that get their name when they are whole, and are written where nobody else can put anything."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def written_whole(path: Path) -> Iterator[Path]:
    """Give a place to write a file to; it gets its name, in one step, when the context ends without an error.

    The place is in a new folder beside it that nobody else can enter; the file itself has the rights that the
    umask says.
    """
    folder = tempfile.mkdtemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        yield Path(folder, path.name)
        os.replace(Path(folder, path.name), path)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
