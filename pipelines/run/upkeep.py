"""Looking after a run: where it stands, whether its files are whole, and what a kill left behind."""

import hashlib
import shlex
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from typing import Literal

import numpy as np

from filtering.printable import printable
from pipelines.dump.reading import read_footer
from pipelines.names import name_of
from pipelines.object_stores import AnyPath, StorePath, files_below
from pipelines.run_folder.folder import RunFolder, States
from pipelines.run_folder.manifest import receipts_of_manifest
from pipelines.run_folder.own_files import is_own
from pipelines.run_folder.plan import Plan
from pipelines.run_folder.receipts import Receipt, receipts_of
from pipelines.settings.base import NO_REPORT, NO_SAMPLES

PIECE_BYTES = 8 << 20
NO_FILE_OF_RUN = "not a file of this run"
"""Ends what `verify_run` says of such a file."""
NAMED = 5
"""Files that could not be read, as a status names them: the page has all."""


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
    set_aside_names : tuple of str
        The first `NAMED` of their files.
    next_step : str
        What to do to finish an unfinished run, to draw its page, and so that files which were set aside are
        read; empty where nothing is left to do.
    lacks_page : bool
        Whether the command of a complete run was to draw a page, and that is not there: it was killed
        meanwhile, say.
    """

    state: Literal["running", "unfinished", "complete"]
    parts: int
    parts_done: int
    rows: int
    rows_done: int
    set_aside: int
    set_aside_names: tuple[str, ...] = ()
    next_step: str = ""
    lacks_page: bool = False


def how_to_draw(out: str, *, samples: bool) -> str:
    """Return the command line that draws the page of a run, with documents or without."""
    more = () if samples else (NO_SAMPLES,)
    return printable(shlex.join(("edufilter", "report", out, *more)))


def status_of_run(out: str) -> Status:
    """Return where a run stands: from its plan and its receipts.

    Raises
    ------
    OutputError
        If `out` holds no run.
    """
    folder = RunFolder(out)
    plan = folder.read_plan()
    states = folder.states(plan.parts)
    state: Literal["running", "unfinished", "complete"] = (
        "complete" if folder.manifest.exists() else "running" if folder.is_locked else "unfinished"
    )
    set_aside = len(plan.set_aside) + int(states.set_aside.sum())
    lacks_page = state == "complete" and NO_REPORT not in plan.command and not folder.page.exists()
    draw = f"To draw it:\n  {how_to_draw(out, samples=plan.shows_documents)}"
    steps = [
        draw if lacks_page else "",
        plan.how_to_finish if state == "unfinished" else "",
        plan.how_to_read if set_aside else "",
    ]
    return Status(
        state=state,
        parts=len(plan.parts),
        parts_done=int(states.done.sum()),
        rows=plan.rows,
        rows_done=int(plan.parts.column("rows")[states.done].sum()),
        set_aside=set_aside,
        set_aside_names=tuple(islice(_names_of_set_aside(plan, states), NAMED)),
        next_step="\n".join(filter(None, steps)),
        lacks_page=lacks_page,
    )


def _names_of_set_aside(plan: Plan, states: States) -> Iterator[str]:
    parts = (part.relative for part in plan.parts.where(states.set_aside))
    return iter(dict.fromkeys(chain((one.relative for one in plan.set_aside), parts)))


def verify_run(out: str) -> list[str]:
    """Read back everything that a finished run wrote; return what is wrong, in words.

    Raises
    ------
    OutputError
        If `out` holds no finished run.
    """
    folder = RunFolder(out)
    plan = folder.read_finished_plan()
    states = folder.states(plan.parts)
    totals: Counter[str] = Counter()
    expected: set[str] = set()
    damages: list[str] = []
    for receipt in receipts_of_manifest(folder):
        if not receipt.set_aside:
            totals.update(rows=receipt.rows, kept=receipt.kept)
        expected |= {str(path) for path, *_ in _files_of(folder, receipt)}
        damages += _damages(folder, receipt)
    manifest = folder.read_manifest()
    problems = [
        f"{name}: {totals[name]} in manifest.parquet, {manifest[name]} in manifest.json"
        for name in ("rows", "kept")
        if totals[name] != manifest[name]
    ]
    if not (states.done | states.set_aside).all():
        problems.append("the receipts do not add up to the plan")
    problems += damages
    for root in folder.of_parts:
        found = sorted(str(root / name) for name, _ in files_below(root))
        problems += [f"{name_of(path)}: {NO_FILE_OF_RUN}" for path in found if path not in expected]
    return problems


def _files_of(folder: RunFolder, receipt: Receipt) -> Iterator[tuple[AnyPath, int, str, int]]:
    """Yield the files that a receipt vouches for: path, bytes, sha256, rows."""
    of_files = (
        (folder.data, receipt.data_bytes, receipt.data_sha256, receipt.data_rows),
        (folder.scores, receipt.scores_bytes, receipt.scores_sha256, receipt.rows),
        (folder.hits, receipt.hits_bytes, receipt.hits_sha256, receipt.hits_rows),
        (folder.choice, receipt.choice_bytes, receipt.choice_sha256, receipt.rows),
    )
    for root, size_bytes, sha256, rows in of_files:
        if size_bytes:
            yield folder.place_of(root, receipt.output), size_bytes, sha256, rows


def _damages(folder: RunFolder, receipt: Receipt) -> Iterator[str]:
    """Yield what is wrong with the files that a receipt vouches for, in words."""
    for file in _files_of(folder, receipt):
        yield from _check_file(*file)


def _check_file(path: AnyPath, size: int, sha256: str, rows: int) -> Iterator[str]:
    if not path.exists():
        yield f"{name_of(path)}: gone"
        return
    if isinstance(path, Path) and not is_own(path):
        yield f"{path}: a link, or no regular file"
        return
    digest, found = hashlib.sha256(), 0
    with path.open() if isinstance(path, StorePath) else open(path, "rb") as file:
        while piece := file.read(PIECE_BYTES):
            digest.update(piece)
            found += len(piece)
    if (found, digest.hexdigest()) != (size, sha256):
        yield f"{name_of(path)}: not the bytes that were written"
    elif read_footer(path).metadata.num_rows != rows:
        yield f"{name_of(path)}: not {rows} rows"


@dataclass(frozen=True)
class Cleaned:
    """What was cleaned up.

    Parameters
    ----------
    half_written : int
        Files that a killed run left half-written, removed.
    forgotten : int
        Parts with damaged files whose receipts were removed: the next run makes them again.
    next_step : str
        What to do to make these again; empty if none were.
    """

    half_written: int
    forgotten: int
    next_step: str = ""


def clean_run(out: str) -> Cleaned:
    """Forget the parts of a run whose files are gone or not as they were written.

    What a killed run left half-written is removed too; the next run would do that by itself.

    Parameters
    ----------
    out : str
        Folder of the run.

    Raises
    ------
    OutputError
        If `out` holds no run, or one that is at work.
    """
    folder = RunFolder(out)
    plan = folder.read_plan()
    with folder.lock():
        half_written = folder.clear_temporary()
        done = plan.parts.where(folder.are_done(plan.parts))
        receipts = chain.from_iterable(map(receipts_of, folder.receipts_in_order(done)))
        broken = done.where(np.array([any(_damages(folder, receipt)) for receipt in receipts], dtype=bool))
        if len(broken):
            folder.manifest.unlink(missing_ok=True)
            folder.forget(broken)
        return Cleaned(half_written, len(broken), plan.how_to_finish if len(broken) else "")
