"""The files of a part while they are written: its data, its scores and its hits of benchmarks.

Each has a temporary name until all are whole. Then they get their final names in one order: whoever sees the
data of a part finds its scores and hits.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from pipelines.dump.int96 import coarser_units
from pipelines.dump.parts import Part
from pipelines.dump.reading import open_parquet
from pipelines.run_folder.folder import RunFolder
from pipelines.run_folder.leak_files import HITS_SCHEMA
from pipelines.run_folder.stored_scores import SCORES_GROUP_ROWS, scores_batch, scores_schema
from pipelines.worker.judged import Judged
from pipelines.worker.output import (
    AddedColumns,
    FileFormat,
    GatheringWriter,
    added_fields,
    format_like,
    output_batches,
)
from pipelines.worker.worker_settings import WorkerSettings


@contextmanager
def open_part_files(folder: RunFolder, part: Part, settings: WorkerSettings) -> Iterator["PartFiles"]:
    """Open the files of a part; what has not been published when the context is left is gone."""
    files = PartFiles(folder, part, settings)
    try:
        files.open()
        yield files
    finally:
        files.remove_temporary()


class PartFiles:
    """The files of a part, of which a run has data, scores or both; hits are begun with the first of them.

    Parameters
    ----------
    folder : RunFolder
    part : Part
    settings : WorkerSettings
    """

    def __init__(self, folder: RunFolder, part: Part, settings: WorkerSettings) -> None:
        self._folder, self._part, self._settings = folder, part, settings
        self._added = AddedColumns.named(settings.score_column, settings.names)
        self._rows_seen = 0
        self._temporary: dict[str, Path] = {}
        self._writers: dict[str, GatheringWriter] = {}
        self.units: Mapping[str, str] = {}
        """In which the part must be read: those of columns that would be changed in nanoseconds."""

    def open(self) -> None:
        """Begin the files that a part has whatever is in it."""
        settings = self._settings
        if settings.write != "scores":
            action = None if settings.leaks is None else settings.leaks.action
            names = self._added.in_mode(
                settings.write,
                settings.effort,
                scores=settings.scores,
                leaks=action,
                origin=settings.write_origin,
                unsure=settings.unsure is not None and settings.unsure.action == "flag",
                repeats=settings.repeats,
                passages=settings.passages_at is not None,
            )
            with open_parquet(self._part.path) as file:
                self.units = coarser_units(self._part, file, checksums=not settings.ignore_checksums)
                form = format_like(file, self._part, self.units, added_fields(self._added, names))
            self._begin("data", form)
        drops_unsure = settings.unsure is not None and settings.unsure.action == "drop"
        if settings.scores and (settings.scores_from is None or drops_unsure):
            # A new cut has those of its run, but which rows it drops as unsure it alone says.
            schema = scores_schema(settings.names)
            self._begin("scores", FileFormat(schema, group_rows=SCORES_GROUP_ROWS))

    def _begin(self, name: str, form: FileFormat) -> None:
        self._temporary[name] = self._folder.new_temporary(name)
        self._writers[name] = GatheringWriter(self._temporary[name], form)

    def add(self, batch: pa.RecordBatch, judged: Judged) -> None:
        """Write the next rows.

        Parameters
        ----------
        batch : RecordBatch of n rows
        judged : Judged
        """
        writers, found = self._writers, judged.leaks
        if found is not None and len(found.hits):
            if "hits" not in writers:
                self._begin("hits", FileFormat(HITS_SCHEMA, group_rows=SCORES_GROUP_ROWS))
            for piece in found.hits.to_batches():
                writers["hits"].add(piece)
        if "data" in writers:
            data, origin = writers["data"], (self._part.relative, self._part.first_row + self._rows_seen)
            for rows in output_batches(batch, judged, self._added, self._settings, data.schema, origin):
                data.add(rows)
        self._rows_seen += batch.num_rows
        if "scores" in writers:
            nothing = np.zeros(batch.num_rows, dtype=np.uint8)
            codes = nothing if judged.unsure is None else judged.unsure.codes
            writers["scores"].add(scores_batch(judged.scores, codes, judged.sizes))

    def publish(self) -> dict[str, Any]:
        """Finish the files and give them their final names; return what a receipt says of them."""
        for writer in self._writers.values():
            writer.close()
        folders: Mapping[str, Any] = {
            "hits": self._folder.hits, "scores": self._folder.scores, "data": self._folder.data,
        }  # fmt: skip
        fields: dict[str, Any] = {}
        for name in [name for name in folders if name in self._writers]:
            final = self._folder.place_of(folders[name], self._part.output)
            rows = self._writers[name].rows
            written = self._folder.publish(self._temporary[name], final, rows)
            fields |= {f"{name}_bytes": written.size_bytes, f"{name}_sha256": written.sha256}
            if name != "scores":  # of which there are as many as rows
                fields[f"{name}_rows"] = written.rows
        return fields

    def remove_temporary(self) -> None:
        """Let go of all files, and remove those that were not published."""
        for writer in self._writers.values():
            writer.let_go()
        for path in self._temporary.values():
            with suppress(OSError):  # what may not be removed now, the next run removes
                path.unlink(missing_ok=True)
