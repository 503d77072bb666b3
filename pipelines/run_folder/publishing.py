"""Files that get their final names whole or not at all, on disk or in an object store.

A file is written to a local temporary folder, closed, read back as far as its footer, and then gets its
final name in one step: synced and renamed on a disk, uploaded once to a store. A store needs no rename and no
conditional put: of what goes there the temporary folder is one of each worker's own machine.
"""

import hashlib
import json
import os
import secrets
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from filtering.errors import RunError
from pipelines.object_stores import AnyPath, StorePath
from pipelines.run_folder.scratch import scratch_folder

GROUP_ROWS = 65_536
"""Rows of a row group of a table that is written as one file."""


@dataclass(frozen=True)
class Written:
    """A file that was published: its size, its digest and its rows."""

    size_bytes: int
    sha256: str
    rows: int


class PublishingFolder:
    """A folder whose files are published by way of a temporary one.

    Parameters
    ----------
    temporary : path
        Where files are written, unless that is in a store.
    """

    def __init__(self, temporary: AnyPath) -> None:
        self._wanted = temporary

    @property
    def temporary(self) -> Path:
        """The local folder for what is being written."""
        return self._wanted if isinstance(self._wanted, Path) else scratch_folder()

    def new_temporary(self, name: str) -> Path:
        """Return a name in the temporary folder that no other process has."""
        folder = self.temporary
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)  # it holds text that nobody has checked yet
        return folder / f"{name}.{secrets.token_hex(8)}"

    def publish(self, temporary: Path, final: AnyPath, rows: int) -> Written:
        """Check a closed Parquet file and give it its final name.

        Raises
        ------
        RunError
            If the file does not hold `rows` rows when it is read back.
        """
        with open(temporary, "rb") as file:
            found = pq.read_metadata(file).num_rows
            if found != rows:
                raise RunError(f"{temporary} must hold {rows} rows. It holds {found}. Run the same again.")
            file.seek(0)
            digest = hashlib.file_digest(file, "sha256").hexdigest()
            size = file.tell()
        _put(temporary, final)
        return Written(size, digest, rows)

    def write_bytes(self, path: AnyPath, content: bytes) -> None:
        """Write a small file in one step."""
        with self._removed_if_unfinished(path.name) as temporary:
            temporary.write_bytes(content)
            _put(temporary, path)

    def write_json(self, path: AnyPath, value: object) -> None:
        """Write a JSON file in one step."""
        self.write_bytes(path, (json.dumps(value, indent=1, sort_keys=True) + "\n").encode())

    def write_tables(self, path: AnyPath, schema: pa.Schema, tables: Iterable[pa.Table]) -> Written:
        """Write tables as one Parquet file, in one step; its row groups can be read one by one."""
        rows = 0
        with self._removed_if_unfinished(path.name) as temporary:
            with (
                new_file(temporary) as file,
                pq.ParquetWriter(file, schema, compression="zstd", write_page_checksum=True) as writer,
            ):
                for table in tables:
                    writer.write_table(table, row_group_size=GROUP_ROWS)
                    rows += table.num_rows
            return self.publish(temporary, path, rows)

    @contextmanager
    def _removed_if_unfinished(self, name: str) -> Iterator[Path]:
        """Give a name in the temporary folder; what lies there is removed where it gets no final name."""
        temporary = self.new_temporary(name)
        try:
            yield temporary
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise


def new_file(path: Path) -> pa.OSFile:
    """Open a new file for what pyarrow writes, which by itself takes no path that is not UTF-8 (26.0)."""
    return pa.OSFile(os.fsencode(path), "wb")


def _put(temporary: Path, final: AnyPath) -> None:
    """Give a finished file its final name, in one step."""
    if isinstance(final, StorePath):
        final.upload(temporary)
        temporary.unlink()
        return
    with open(temporary, "rb") as file:
        os.fsync(file.fileno())
    final.parent.mkdir(parents=True, exist_ok=True)
    os.replace(temporary, final)
    _sync_folder(final.parent)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
