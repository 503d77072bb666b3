"""Looking after a run: where it stands, whether its files are whole, and what a kill left behind."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import pyarrow.parquet as pq

from pipelines.store import RunFolder


@dataclass(frozen=True)
class Status:
    """Where a run stands.

    Parameters
    ----------
    state : {"running", "unfinished", "complete"}
        ``unfinished`` runs go on with the command that began them.
    parts, parts_done, rows, rows_done : int
    set_aside : int
        Files and parts that could not be read.
    """

    state: Literal["running", "unfinished", "complete"]
    parts: int
    parts_done: int
    rows: int
    rows_done: int
    set_aside: int


def status_of_run(out: str) -> Status:
    """Return where a run stands: from its plan and the names of its receipts.

    Raises
    ------
    OutputError
        If `out` holds no run.
    """
    folder = RunFolder(out)
    plan = folder.read_plan()
    done = folder.done()
    keys = {part.key for part in plan.parts}
    state: Literal["running", "unfinished", "complete"] = (
        "complete" if folder.manifest.exists() else "running" if folder.is_locked else "unfinished"
    )
    return Status(
        state=state,
        parts=len(plan.parts),
        parts_done=len(done & keys),
        rows=plan.rows,
        rows_done=sum(part.rows for part in plan.parts if part.key in done),
        set_aside=len(plan.set_aside) + len(folder.set_aside_keys() & keys),
    )


def verify_run(out: str) -> list[str]:
    """Read back everything that a finished run wrote; return what is wrong, in words.

    Raises
    ------
    OutputError
        If `out` holds no finished run.
    """
    folder = RunFolder(out)
    plan = folder.read_finished_plan()
    table = pq.read_table(folder.run / "manifest.parquet").to_pylist()
    problems = list(_check_totals(folder, table))
    if folder.done() | folder.set_aside_keys() != {part.key for part in plan.parts}:
        problems.append("the receipts do not add up to the plan")
    expected: set[Path] = set()
    for row in table:
        for root, kind, rows in (
            (folder.data, "data", row["data_rows"]),
            (folder.scores, "scores", row["rows"]),
        ):
            if row[f"{kind}_bytes"]:
                path = root / row["output"]
                expected.add(path)
                problems += _check_file(path, row[f"{kind}_bytes"], row[f"{kind}_sha256"], rows)
    for root in (folder.data, folder.scores):
        strangers = sorted({path for path in root.rglob("*") if path.is_file()} - expected)
        problems += [f"{path}: not a file of this run" for path in strangers]
    return problems


def _check_totals(folder: RunFolder, table: list[dict[str, object]]) -> Iterator[str]:
    manifest = folder.read_manifest()
    for name in ("rows", "kept"):
        total = sum(int(str(row[name])) for row in table if not row["set_aside"])
        if total != manifest[name]:
            yield f"{name}: {total} in manifest.parquet, {manifest[name]} in manifest.json"


def _check_file(path: Path, size: int, sha256: str, rows: int) -> Iterator[str]:
    if not path.exists():
        yield f"{path}: gone"
        return
    with open(path, "rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    if (path.stat().st_size, digest) != (size, sha256):
        yield f"{path}: not the bytes that were written"
    elif pq.read_metadata(path).num_rows != rows:
        yield f"{path}: not {rows} rows"


def clean_run(out: str) -> int:
    """Remove what a killed run left half-written; return how many files that were.

    Raises
    ------
    OutputError
        If `out` holds no run, or one that is at work.
    """
    folder = RunFolder(out)
    folder.read_plan()
    with folder.lock():
        return folder.clear_temporary()
