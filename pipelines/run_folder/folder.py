"""What a run leaves, on disk or in an object store: nothing under a final name that is not whole.

::

    out/data/...                 kept rows, by the paths of the input
    out/run/plan.json, .parquet  settings and digests; one row a part
    out/run/receipts/<sha256>.parquet  segments of receipts: what became of parts
    out/run/scores/...           one score, stage and reason a row, by the paths of the output
    out/run/hits/...             benchmark leaks of each part, where it has any; see `leak_files.py`
    out/run/choice/...           how often each row is used, where a new cut chose by more than a score
    out/run/chosen.json          what that comes to, in words
    out/run/manifest.json, .parquet  totals; one row an output file. Written last
    out/run/tmp/                 what is being written
    out/run/lock                 held by the running process (fcntl: gone with it)

How a file gets its name is a matter of `pipelines.run_folder.publishing`. A store needs no lock.

OUT may have come from somebody else. So what its own files name is looked at before it is read, written or
removed: `place_of` gives files of parts, `own_file` the others.
"""

import hashlib
import os
import re
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

from filtering.errors import EdufilterError, OutputError, RunError, what_failed
from filtering.printable import printable
from filtering.regular_files import parse_json, read_regular
from pipelines.dump.parts import PART_SCHEMA, Parts, SetAside, places_of
from pipelines.dump.reading import open_parquet
from pipelines.locks import hold_lock, is_locked
from pipelines.names import below
from pipelines.object_stores import AnyPath, StorePath, files_below, path_of
from pipelines.run_folder.no_run import what_is_there
from pipelines.run_folder.own_files import as_written, is_own, of_schema
from pipelines.run_folder.plan import OUTPUT_FORMAT, Plan, named_here
from pipelines.run_folder.publishing import PublishingFolder
from pipelines.run_folder.receipts import INDEX_SCHEMA, RECEIPT_SCHEMA, Receipt, aligned, table_of
from pipelines.run_folder.totals import Totals

SEGMENTS_AT_A_TIME = 16
"""Of a store, where each takes a round trip."""
OWN_FILE_BYTES = 1 << 30
"""Of `plan.json` and the like; what could not be read is listed there by name."""
OWN = ("run/lock", "run/tmp/", "run/plan.parquet")
"""What a run that was killed before it had a plan leaves."""
LEADS_OUT = r"^$|^/|(^|/)\.\.(/|$)|\x00"
"""Of a path that no run writes below its folder."""


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

    Raises
    ------
    OutputError
        If a folder in it is a link: it would lead elsewhere.
    """

    def __init__(self, out: str) -> None:
        self.root = path_of(out)
        self.data = self.root / "data"
        self.run = self.root / "run"
        self.scores = self.run / "scores"
        self.hits = self.run / "hits"
        self.choice = self.run / "choice"
        self.chosen = self.run / "chosen.json"
        self.receipts = self.run / "receipts"
        self.manifest = self.run / "manifest.json"
        self.plan = self.run / "plan.json"
        self.page = self.run / "report.html"
        super().__init__(self.run / "tmp")
        for folder in (self.run, *self.of_parts, self.receipts, self.run / "tmp"):
            if isinstance(folder, Path) and folder.is_symlink():
                raise OutputError(
                    f"{folder} must be a folder of its own. It is a link, which could lead to what is not "
                    "this run's. Put the folder there, or choose another OUT."
                )

    @property
    def of_parts(self) -> tuple[AnyPath, ...]:
        """The folders below which parts have a file each."""
        return (self.data, self.scores, self.hits, self.choice)

    def place_of(self, folder: AnyPath, output: str) -> AnyPath:
        """Return where a part has its file below one of the folders of this run.

        Parameters
        ----------
        folder : path
            One of `of_parts`.
        output : str
            As the plan or a receipt names it.

        Raises
        ------
        OutputError
            If it names a place elsewhere, by itself or by a folder that is a link.
        """
        place = below(folder, output)
        leads_out = re.search(LEADS_OUT, output) is not None
        if isinstance(place, Path) and isinstance(folder, Path):
            # Of the path and not of its name alone, where escapes may stand for dots.
            leads_out |= ".." in place.parts or not place.parent.resolve().is_relative_to(folder.resolve())
        if leads_out:
            raise OutputError(
                f"{self.root} must hold a run, whose files lie below it. It names {output!r:.200} for one, "
                "which leads elsewhere: it was forged, or a folder in it is a link. Nothing was touched."
            )
        return place

    def own_file(self, path: AnyPath) -> AnyPath:
        """Return a file of this run, for reading.

        Raises
        ------
        OutputError
            If it is a link, or no regular file.
        """
        if isinstance(path, Path) and not is_own(path):
            raise OutputError(f"{path} must be a file that the run wrote. It is a link, or no regular file.")
        return path

    def read_own(self, path: AnyPath) -> bytes:
        """Read a small file of this run; see `own_file`."""
        self.own_file(path)
        if isinstance(path, Path):
            return read_regular(path, (path.parent,), OWN_FILE_BYTES)
        return path.read_bytes()

    def read_json(self, path: AnyPath) -> dict[str, Any]:
        """Read a JSON object that this run wrote.

        Raises
        ------
        OutputError
            If it is none, or cannot be read.
        """
        with as_written(path):
            value = parse_json(self.read_own(path))
            if not isinstance(value, dict):
                raise ValueError(f"it is a {type(value).__name__}")
        return value

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
            step = "Nothing has begun there yet: mend that, or choose another --out."
            if self.plan.exists():
                step = "Mend that, then run the same command again: it goes on where it was."
            raise RunError(f"Writing {self.root} failed: {what_failed(error)}. {step}") from error

    def strangers(self) -> list[str]:
        """Return the names of files that no run leaves before it has a plan, in order."""
        return sorted(name for name, _ in files_below(self.root) if not name.startswith(OWN))

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
            path = self.receipts / name
            with as_written(path), open_parquet(self.own_file(path)) as file:
                wanted = pa.schema([RECEIPT_SCHEMA.field(column) for column in columns])
                return of_schema(file.read(columns=list(columns), use_threads=False), wanted)

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
        """Read the totals of a finished run.

        Raises
        ------
        OutputError
            If they are damaged.
        """
        manifest = self.read_json(self.manifest)
        with as_written(self.manifest):
            Totals.model_validate(manifest)
        return manifest

    def write_plan(self, plan: Plan) -> None:
        """Write the plan: `plan.parquet` first, for `plan.json` says that a run was begun."""
        self.write_tables(self.run / "plan.parquet", PART_SCHEMA, [plan.parts.table])
        self.write_json(
            self.plan,
            {
                "command": list(plan.command),
                "digest": plan.digest,
                "format": OUTPUT_FORMAT,
                "parts": len(plan.parts),
                "places": plan.places,
                "rows": plan.rows,
                "set_aside": [asdict(one) for one in plan.set_aside],
                "settings": dict(plan.settings),
            },
        )

    def read_plan(self, formats: Sequence[int] = (OUTPUT_FORMAT,)) -> Plan:
        """Read the plan of the run that was begun here.

        Parameters
        ----------
        formats : sequence of int
            Which it may have.

        Raises
        ------
        OutputError
            If no run was begun here, or by an edufilter that wrote something else.
        """
        if not self.plan.exists():
            there = what_is_there(self.root, is_empty=not self.strangers())
            raise OutputError(f"{printable(str(self.root))} must hold a run. {there}")
        plan = self.read_json(self.plan)
        if plan.get("format") not in formats:
            raise OutputError(
                f"{self.root} must hold a run of format {OUTPUT_FORMAT}. Found {plan.get('format')}. "
                "Go on with the edufilter that began it, or choose another --out."
            )
        with as_written(self.run / "plan.parquet") as path, open_parquet(self.own_file(path)) as file:
            table = of_schema(file.read(use_threads=False), PART_SCHEMA)
        leads_out = table.filter(pc.match_substring_regex(table["output"], LEADS_OUT))
        if len(leads_out):
            self.place_of(self.data, leads_out["output"][0].as_py())
        with as_written(self.plan):
            found = Plan(
                settings=plan["settings"],
                parts=Parts(table),
                set_aside=tuple(SetAside(**one) for one in plan["set_aside"]),
                command=named_here(tuple(map(str, plan["command"])), str(self.root)),
            )
            found.facts  # noqa: B018 - of their types
        return found

    def refuse_other_plan(self, plan: Plan) -> None:
        """Check that nobody has begun another run in this store meanwhile: there is no lock there.

        Raises
        ------
        OutputError
            If the plan that lies here is another one.
        """
        if isinstance(self.plan, StorePath):
            if self.read_json(self.plan).get("digest") != plan.digest:
                raise OutputError(
                    f"Only one run at a time may write to {self.root}. Another one has begun; "
                    "wait for it, or choose another --out."
                )

    def forget(self, parts: Parts) -> None:
        """Remove the receipts and files of parts; the receipts first, for they vouch for the files."""
        if not len(parts):
            return
        places = [self.place_of(root, part.output) for part in parts for root in self.of_parts]
        names = self._segments()
        for name, table in zip(names, self._read_segments(names), strict=True):
            known = places_of(table["key"], parts.table["key"]) >= 0
            if known.any():
                rest = table.filter(pa.array(~known))
                if len(rest):
                    self._write_segment(rest)
                (self.receipts / name).unlink(missing_ok=True)
        for place in places:
            place.unlink(missing_ok=True)

    def read_finished_plan(self, formats: Sequence[int] = (OUTPUT_FORMAT,)) -> Plan:
        """Read the plan of the run that was finished here.

        Parameters
        ----------
        formats : sequence of int
            Which it may have.

        Raises
        ------
        OutputError
            If no run was finished here.
        """
        plan = self.read_plan(formats)
        if not self.manifest.exists():
            done = int(self.are_done(plan.parts).sum())
            next_step = "It is at work now: wait until it ends." if self.is_locked else plan.how_to_finish
            raise OutputError(
                f"{self.root} must hold a finished run. Of its {len(plan.parts):,} parts {done:,} are done. "
                f"{next_step}"
            )
        return plan

    def clear_temporary(self) -> int:
        """Remove what a killed run left half-written; return how many files that were.

        Of a run in a store nothing is left there, and other processes of the machine see to the rest.
        """
        if not isinstance(self.run, Path):
            return 0
        left = sum(len(names) for _, _, names in os.walk(self.temporary))
        shutil.rmtree(self.temporary, ignore_errors=True)
        return left
