"""What a run leaves, on disk or in an object store: nothing under a final name that is not whole.

::

    out/data/...                 kept rows, by the paths of the input
    out/run/plan.json, .parquet  settings and digests; one row a part
    out/run/receipts/<sha256>.parquet  segments of receipts: what became of parts
    out/run/scores/...           one score, stage and reason a row, by the paths of the output
    out/run/hits/...             benchmark leaks of each part, where it has any; see `leak_files.py`
    out/run/manifest.json, .parquet  totals; one row an output file. Written last
    out/run/tmp/                 what is being written
    out/run/lock                 held by the running process (fcntl: gone with it)

How a file gets its name is a matter of `pipelines.store.publishing`. A store needs no lock.
"""

import hashlib
import json
import shutil
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from filtering.errors import EdufilterError, OutputError, RunError
from pipelines.dump.parts import PART_SCHEMA, Parts, SetAside, places_of
from pipelines.dump.reading import open_parquet
from pipelines.locks import hold_lock, is_locked
from pipelines.names import below
from pipelines.paths import StorePath, files_below, path_of
from pipelines.store.plan import OUTPUT_FORMAT, Plan
from pipelines.store.publishing import PublishingFolder
from pipelines.store.receipts import INDEX_SCHEMA, RECEIPT_SCHEMA, Receipt, aligned, table_of

SEGMENTS_AT_A_TIME = 16
"""Of a store, where each takes a round trip."""


@dataclass(frozen=True)
class States:
    """Which of n parts have a receipt, by what it says.

    Parameters
    ----------
    done, set_aside : bool array, shape (n,)
        Those that are done, and those of the others that could not be read.
    """

    done: NDArray[np.bool_]
    set_aside: NDArray[np.bool_]


class RunFolder(PublishingFolder):
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
        super().__init__(self.run / "tmp")

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
        return isinstance(self.run, Path) and is_locked(self.run / "lock")

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
            with open_parquet(self.receipts / name) as file:
                return file.read(columns=list(columns), use_threads=False)

        if isinstance(self.receipts, Path):
            yield from map(read, names)
            return
        with ThreadPoolExecutor(SEGMENTS_AT_A_TIME, thread_name_prefix="receipts") as pool:
            for start in range(0, len(names), SEGMENTS_AT_A_TIME):
                yield from pool.map(read, names[start : start + SEGMENTS_AT_A_TIME])

    def states(self, parts: Parts) -> States:
        """Return which parts are done, and which of the others were set aside."""
        segments = self._read_segments(self._segments(), INDEX_SCHEMA.names)
        index = pa.concat_tables([INDEX_SCHEMA.empty_table(), *segments])
        is_done = pc.equal(index["set_aside"], "")
        done = parts.has_key(index.filter(is_done)["key"])
        return States(done, parts.has_key(index.filter(pc.invert(is_done))["key"]) & ~done)

    def are_done(self, parts: Parts) -> NDArray[np.bool_]:
        """Return which parts are done, shape (n,)."""
        return self.states(parts).done

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
        with open_parquet(self.run / "plan.parquet") as file:
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
            for folder in (self.data, self.scores, self.hits):
                below(folder, part.output).unlink(missing_ok=True)

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
