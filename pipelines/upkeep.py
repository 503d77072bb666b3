"""Looking after a run: where it stands, whether its files are whole, and what a kill left behind."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import pyarrow.parquet as pq

from pipelines.plan import Plan
from pipelines.store import Receipt, RunFolder


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
    receipts = _manifest_receipts(folder, plan)
    problems = list(_check_totals(folder, receipts))
    if folder.done() | folder.set_aside_keys() != {part.key for part in plan.parts}:
        problems.append("the receipts do not add up to the plan")
    expected: set[Path] = set()
    for receipt in receipts:
        expected |= {path for path, *_ in _files_of(folder, receipt)}
        problems += _damages(folder, receipt)
    for root in (folder.data, folder.scores):
        strangers = sorted({path for path in root.rglob("*") if path.is_file()} - expected)
        problems += [f"{path}: not a file of this run" for path in strangers]
    return problems


def _manifest_receipts(folder: RunFolder, plan: Plan) -> list[Receipt]:
    """Return what the manifest says of each part: for a check that does not lean on the receipts."""
    table = pq.read_table(folder.run / "manifest.parquet").drop_columns(["relative", "first_row"])
    return [Receipt(key=part.key, **row) for part, row in zip(plan.parts, table.to_pylist(), strict=True)]


def _check_totals(folder: RunFolder, receipts: list[Receipt]) -> Iterator[str]:
    manifest = folder.read_manifest()
    for name in ("rows", "kept"):
        total = sum(getattr(receipt, name) for receipt in receipts if not receipt.set_aside)
        if total != manifest[name]:
            yield f"{name}: {total} in manifest.parquet, {manifest[name]} in manifest.json"


def _files_of(folder: RunFolder, receipt: Receipt) -> Iterator[tuple[Path, int, str, int]]:
    """Yield the files that a receipt vouches for: path, bytes, sha256, rows."""
    if receipt.data_bytes:
        yield folder.data / receipt.output, receipt.data_bytes, receipt.data_sha256, receipt.data_rows
    if receipt.scores_bytes:
        yield folder.scores / receipt.output, receipt.scores_bytes, receipt.scores_sha256, receipt.rows


def _damages(folder: RunFolder, receipt: Receipt) -> Iterator[str]:
    """Yield what is wrong with the files that a receipt vouches for, in words."""
    for file in _files_of(folder, receipt):
        yield from _check_file(*file)


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


@dataclass(frozen=True)
class Cleaned:
    """What was cleaned up.

    Parameters
    ----------
    half_written : int
        Files that a killed run left half-written, removed.
    forgotten : int
        Parts with damaged files whose receipts were removed: the next run makes them again.
    """

    half_written: int
    forgotten: int


def clean_run(out: str, *, damaged: bool = False) -> Cleaned:
    """Remove what a killed run left half-written.

    Parameters
    ----------
    out : str
        Folder of the run.
    damaged : bool
        Also forget parts whose files are gone or not as they were written.

    Raises
    ------
    OutputError
        If `out` holds no run, or one that is at work.
    """
    folder = RunFolder(out)
    plan = folder.read_plan()
    with folder.lock():
        half_written = folder.clear_temporary()
        done = folder.done() if damaged else frozenset()
        parts = [part for part in plan.parts if part.key in done]
        broken = [part for part in parts if any(_damages(folder, folder.read_receipt(part.key)))]
        if broken:
            folder.manifest.unlink(missing_ok=True)
            folder.forget(broken)
        return Cleaned(half_written, len(broken))
