"""What a run leaves, on disk or in an object store: nothing under a final name that is not whole.

::

    out/data/...                 kept rows, by the paths of the input
    out/run/plan.json, .parquet  settings and digests; one row a part
    out/run/receipts/<sha256>.parquet  segments of receipts: what became of parts
    out/run/scores/...           one score, stage and reason a row, by the paths of the output
    out/run/hits/...             benchmark leaks of each part, where it has any; see `pipelines.leaks`
    out/run/manifest.json, .parquet  totals; one row an output file. Written last
    out/run/tmp/                 what is being written
    out/run/lock                 held by the running process (fcntl: gone with it)

A file is written to a local temporary folder, closed, read back as far as its footer, and then gets its
final name in one step: synced and renamed on a disk, uploaded once to a store. A store needs no rename, no
conditional put and no lock: there the folder ``tmp`` is one of each worker's own machine.
"""

import fcntl
import hashlib
import json
import os
import secrets
import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from filtering.errors import EdufilterError, OutputError, RunError
from pipelines.parts import PART_SCHEMA, Parts, SetAside, places_of
from pipelines.paths import AnyPath, StorePath, files_below, path_of
from pipelines.plan import OUTPUT_FORMAT, Plan
from pipelines.reading import open_parquet
from pipelines.receipts import INDEX_SCHEMA, RECEIPT_SCHEMA, Receipt, aligned, table_of
from pipelines.scratch import scratch_folder

SEGMENTS_AT_A_TIME = 16
"""Of a store, where each takes a round trip."""
MANIFEST_GROUP_ROWS = 65_536


@dataclass(frozen=True)
class Written:
    """A file that was published: its size, its digest and its rows."""

    size_bytes: int
    sha256: str
    rows: int


class RunFolder:
    """The folder of one run.

    Parameters
    ----------
    out : str
        The OUT of the command line.
    """

    def __init__(self, out: str) -> None:
        self.root = path_of(out)
        self.data = self.root / "data"
        self.run = self.root / "run"
        self.scores = self.run / "scores"
        self.hits = self.run / "hits"
        self.receipts = self.run / "receipts"
        self.manifest = self.run / "manifest.json"
        self.plan = self.run / "plan.json"

    @cached_property
    def temporary(self) -> Path:
        """The local folder for what is being written."""
        return self.run / "tmp" if isinstance(self.run, Path) else scratch_folder()

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Hold the run's lock; a second holder is refused. In a store there is none.

        Raises
        ------
        OutputError
            If another run is at work on this folder.
        RunError
            If the system does not let us write to it, now or while the lock is held.
        """
        try:
            if isinstance(self.run, Path) and isinstance(self.root, Path):
                self.run.mkdir(parents=True, exist_ok=True)
                with hold_lock(self.run / "lock", self.root):
                    yield
            else:
                yield
        except EdufilterError:
            raise
        except OSError as error:
            raise RunError(
                f"Writing {self.root} failed: {error}. "
                "Mend that, then run the same command again: it goes on where it was."
            ) from error

    @property
    def is_locked(self) -> bool:
        """Whether a process runs on this folder now; not known of a store, where the answer is no."""
        if not isinstance(self.run, Path):
            return False
        try:
            with open(self.run / "lock") as file:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except FileNotFoundError:
            return False
        except BlockingIOError:
            return True
        return False

    def new_temporary(self, name: str) -> Path:
        """Return a name in the temporary folder that no other process has."""
        self.temporary.mkdir(parents=True, exist_ok=True)
        return self.temporary / f"{name}.{secrets.token_hex(8)}"

    def publish(self, temporary: Path, final: AnyPath, rows: int) -> Written:
        """Check a closed Parquet file and give it its final name.

        Raises
        ------
        RunError
            If the file does not hold `rows` rows when it is read back.
        """
        found = pq.read_metadata(temporary).num_rows
        if found != rows:
            raise RunError(f"{temporary} must hold {rows} rows. It holds {found}. Run the same again.")
        with open(temporary, "rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
            size = file.tell()
        _put(temporary, final)
        return Written(size, digest, rows)

    def write_bytes(self, path: AnyPath, content: bytes) -> None:
        """Write a small file in one step."""
        temporary = self.new_temporary(path.name)
        temporary.write_bytes(content)
        _put(temporary, path)

    def write_json(self, path: AnyPath, value: object) -> None:
        """Write a JSON file in one step."""
        self.write_bytes(path, (json.dumps(value, indent=1, sort_keys=True) + "\n").encode())

    def write_tables(self, path: AnyPath, schema: pa.Schema, tables: Iterable[pa.Table]) -> Written:
        """Write tables as one Parquet file, in one step; its row groups can be read one by one."""
        temporary, rows = self.new_temporary(path.name), 0
        with pq.ParquetWriter(temporary, schema, compression="zstd", write_page_checksum=True) as writer:
            for table in tables:
                writer.write_table(table, row_group_size=MANIFEST_GROUP_ROWS)
                rows += table.num_rows
        return self.publish(temporary, path, rows)

    def write_receipts(self, receipts: Sequence[Receipt]) -> None:
        """Publish a segment of receipts: from now on their parts are done, or set aside until an update."""
        self._write_segment(table_of(receipts))

    def _write_segment(self, table: pa.Table) -> None:
        sink = pa.BufferOutputStream()
        pq.write_table(table, sink, compression="zstd", write_page_checksum=True)
        content = sink.getvalue().to_pybytes()
        self.write_bytes(self.receipts / f"{hashlib.sha256(content).hexdigest()}.parquet", content)

    def _segments(self) -> list[str]:
        return sorted(name for name, _ in files_below(self.receipts))

    def _read_segments(
        self, names: Sequence[str], columns: Sequence[str] = RECEIPT_SCHEMA.names
    ) -> Iterator[pa.Table]:
        def read(name: str) -> pa.Table:
            with open_parquet(str(self.receipts / name)) as file:
                return file.read(columns=list(columns), use_threads=False)

        if isinstance(self.receipts, Path):
            yield from map(read, names)
            return
        with ThreadPoolExecutor(SEGMENTS_AT_A_TIME, thread_name_prefix="receipts") as pool:
            for start in range(0, len(names), SEGMENTS_AT_A_TIME):
                yield from pool.map(read, names[start : start + SEGMENTS_AT_A_TIME])

    def are_done(self, parts: Parts) -> NDArray[np.bool_]:
        """Return which parts are done, shape (n,)."""
        return self._with_receipt(parts, pc.equal)

    def are_set_aside(self, parts: Parts) -> NDArray[np.bool_]:
        """Return which parts were set aside and are not done, shape (n,)."""
        return self._with_receipt(parts, pc.not_equal) & ~self.are_done(parts)

    def _with_receipt(self, parts: Parts, compare: Callable[[Any, str], Any]) -> NDArray[np.bool_]:
        segments = self._read_segments(self._segments(), INDEX_SCHEMA.names)
        table = pa.concat_tables([INDEX_SCHEMA.empty_table(), *segments])
        return parts.has_key(table.filter(compare(table["set_aside"], ""))["key"])

    def receipts_in_order(self, parts: Parts) -> Iterator[pa.Table]:
        """Yield the receipts of parts in the order of the parts, some at a time.

        Raises
        ------
        RunError
            If a part has none.
        """
        try:
            # The same segments each time, whatever another driver of this plan adds meanwhile.
            yield from aligned(parts, partial(self._read_segments, self._segments()))
        except KeyError as error:
            raise RunError(
                f"Each part must have a receipt. {error.args[0]} has none. Run the same command again."
            ) from error

    def read_manifest(self) -> dict[str, Any]:
        """Read the totals of a finished run."""
        manifest: dict[str, Any] = json.loads(self.manifest.read_text())
        return manifest

    def write_plan(self, plan: Plan) -> None:
        """Write the plan: `plan.parquet` first, for `plan.json` says that a run was begun."""
        self.write_tables(self.run / "plan.parquet", PART_SCHEMA, [plan.parts.table])
        self.write_json(
            self.plan,
            {
                "digest": plan.digest,
                "format": OUTPUT_FORMAT,
                "parts": len(plan.parts),
                "places": plan.places,
                "rows": plan.rows,
                "set_aside": [asdict(one) for one in plan.set_aside],
                "settings": dict(plan.settings),
            },
        )

    def read_plan(self) -> Plan:
        """Read the plan of the run that was begun here.

        Raises
        ------
        OutputError
            If no run was begun here, or by an edufilter that wrote something else.
        """
        if not self.plan.exists():
            raise OutputError(f"{self.root} must hold a run. Found no run/plan.json.")
        plan = json.loads(self.plan.read_text())
        if plan.get("format") != OUTPUT_FORMAT:
            raise OutputError(
                f"{self.root} must hold a run of format {OUTPUT_FORMAT}. Found {plan.get('format')}. "
                "Go on with the edufilter that began it, or choose another --out."
            )
        with open_parquet(str(self.run / "plan.parquet")) as file:
            parts = Parts(file.read(use_threads=False).cast(PART_SCHEMA))
        return Plan(
            settings=plan["settings"],
            parts=parts,
            set_aside=tuple(SetAside(**one) for one in plan["set_aside"]),
        )

    def refuse_other_plan(self, plan: Plan) -> None:
        """Check that nobody has begun another run in this store meanwhile: there is no lock there.

        Raises
        ------
        OutputError
            If the plan that lies here is another one.
        """
        if isinstance(self.plan, StorePath):
            found = json.loads(self.plan.read_text())["digest"]
            if found != plan.digest:
                raise OutputError(
                    f"Only one run at a time may write to {self.root}. Another one has begun; "
                    "wait for it, or choose another --out."
                )

    def forget(self, parts: Parts) -> None:
        """Remove the receipts and files of parts; the receipts first, for they vouch for the files."""
        if not len(parts):
            return
        names = self._segments()
        for name, table in zip(names, self._read_segments(names), strict=True):
            known = places_of(table["key"], parts.table["key"]) >= 0
            if known.any():
                rest = table.filter(pa.array(~known))
                if len(rest):
                    self._write_segment(rest)
                (self.receipts / name).unlink(missing_ok=True)
        for part in parts:
            (self.data / part.output).unlink(missing_ok=True)
            (self.scores / part.output).unlink(missing_ok=True)
            (self.hits / part.output).unlink(missing_ok=True)

    def read_finished_plan(self) -> Plan:
        """Read the plan of the run that was finished here.

        Raises
        ------
        OutputError
            If no run was finished here.
        """
        plan = self.read_plan()
        if not self.manifest.exists():
            raise OutputError(
                f"{self.root} must hold a finished run. Finish it with the command that began it."
            )
        return plan

    def clear_temporary(self) -> int:
        """Remove what a killed run left half-written; return how many files that were.

        Of a run in a store nothing is left there, and other processes of the machine see to the rest.
        """
        if not isinstance(self.run, Path):
            return 0
        left = sum(1 for _ in files_below(self.temporary))
        shutil.rmtree(self.temporary, ignore_errors=True)
        return left


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


@contextmanager
def hold_lock(path: Path, root: Path) -> Iterator[None]:
    """Hold the lock of a folder, which is gone with its process.

    Raises
    ------
    OutputError
        If another process, or another run of this one, holds it.
    """
    # flock, not lockf: held by this very descriptor, so that two runs of one process are kept
    # apart, and asking `is_locked` lets go of nothing.
    with open(path, "a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise OutputError(
                f"Only one run at a time may write to {root}. Another one is at work; "
                "wait for it, or choose another --out."
            ) from None
        yield


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
