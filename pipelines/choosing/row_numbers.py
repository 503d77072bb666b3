"""A number for each row of a dump, kept beside memory: these are as many as there are rows."""

import tempfile
import weakref

import numpy as np

from filtering.arrays import Ints
from pipelines.run_folder.scratch import scratch_folder

WIDTH = np.dtype(np.uint32).itemsize


class RowNumbers:
    """Numbers of rows in a file of this process, which is gone with it."""

    def __init__(self) -> None:
        self._file = tempfile.TemporaryFile(dir=scratch_folder())
        weakref.finalize(self, self._file.close)

    def add(self, numbers: Ints) -> None:
        """Add the numbers of the next rows, each below 2**32."""
        self._file.seek(0, 2)
        self._file.write(numbers.astype(np.uint32).tobytes())

    def at(self, first: int, count: int) -> Ints:
        """Return the numbers of some rows, shape (count,)."""
        self._file.seek(first * WIDTH)
        return np.frombuffer(self._file.read(count * WIDTH), np.uint32).astype(np.int64)
