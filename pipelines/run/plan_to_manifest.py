"""What filter, decontaminate and recut have in common: a plan is settled, its parts run, a manifest written.

Each step leaves only whole files, so the same command goes on wherever an earlier one was stopped.
"""

import shlex
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from filtering.brief import brief
from filtering.errors import BadFileError
from filtering.printable import listed, printable
from filtering.scoring.unsure import Unsure
from pipelines.amount_formats import counted, some_of
from pipelines.dump.column_doubts import doubt_of_run
from pipelines.dump.parts import SetAside
from pipelines.executors.local import Executor
from pipelines.how_to_go_on import note_how_far
from pipelines.names import lookup_below
from pipelines.progress import Reporter, RowMeter
from pipelines.run.audit import AuditResult, agreement_of
from pipelines.run.resume import settle_plan
from pipelines.run_folder.folder import RunFolder
from pipelines.run_folder.leak_files import LEAK_OF, write_all_hits, write_tasks
from pipelines.run_folder.leaked_items import FILE, MANY_SITES, leaks_on_many_sites, write_items
from pipelines.run_folder.manifest import read_set_aside, receipts_of_manifest, write_manifest
from pipelines.run_folder.plan import Plan
from pipelines.run_folder.receipts import Receipt, ReceiptLog
from pipelines.settings.base import NO_REPORT
from pipelines.worker.worker_settings import WorkerSettings

if TYPE_CHECKING:
    from filtering.leaks import Task

SHOWN_ITEMS = 5
"""Benchmark items that are named where they are on many sites; the page has more."""


@dataclass(frozen=True)
class FilterResult:
    """What a finished run did.

    Parameters
    ----------
    out : str
        Folder of the run.
    rows, kept : int
        Rows read in all, and rows kept.
    reasons, unusual : mapping
        Number of documents without a score by reason, and of unusual ones by kind.
    set_aside : tuple of SetAside
        Files or parts that could not be read.
    rows_scored : int
        Rows scored by this call; fewer than `rows` where an earlier one had begun.
    seconds : float
        What this call took, from when all was loaded and compiled on.
    manifest : mapping
        What ``run/manifest.json`` holds.
    agreement : AuditResult, optional
        What a cascade's audit found.
    sampled : Unsure, optional
        How many documents of a sample of the dump the scorer does not know; None where none was read.
    fails_on_drift : bool
        Whether a promise that does not hold is a failure.
    doubt : str
        Why the column of texts may be another one; empty if nothing says so.
    next_step : str
        What to do so that files which were set aside are read; empty if none were.
    """

    out: str
    rows: int
    kept: int
    reasons: Mapping[str, int]
    unusual: Mapping[str, int]
    set_aside: tuple[SetAside, ...]
    rows_scored: int
    seconds: float
    manifest: Mapping[str, Any]
    agreement: AuditResult | None = None
    fails_on_drift: bool = False
    sampled: Unsure | None = None
    doubt: str = ""
    next_step: str = ""

    __repr__ = brief

    @property
    def exit_code(self) -> int:
        """0; 3 where files were set aside; 4 where a promise did not hold and that is a failure."""
        if self.fails_on_drift and self.agreement is not None and self.agreement.is_broken:
            return 4
        return 3 if self.set_aside else 0


def _are(names: Sequence[str]) -> str:
    return "is" if len(names) == 1 else "are"


@contextmanager
def begun_run(
    out: str, plan: Plan, *, reporter: Reporter, tasks: "Sequence[Task]" = (), update: bool = False
) -> Iterator[RunFolder]:
    """Give the folder of a run, locked, in which the run may go on as planned: `run_plan` does so.

    Parameters
    ----------
    out : str
    plan : Plan
    reporter : Reporter
        What is told which inputs are forgotten.
    tasks : sequence of Task
        Whose leaks are looked for; workers find them in the folder.
    update : bool
        Take in input files that are new or changed since the run was begun.

    Raises
    ------
    OutputError
        If another run is at work there, or `settle_plan` does not let this one go on.
    """
    folder = RunFolder(out)
    with folder.lock():
        folder.clear_temporary()
        if gone := settle_plan(folder, plan, update=update):
            reporter.say(f"Forgotten: {some_of(gone)}, which could not be read, and {_are(gone)} gone.")
        if tasks:
            write_tasks(folder, tasks)
        yield folder


def run_plan(
    folder: RunFolder,
    plan: Plan,
    settings: WorkerSettings,
    executor: Executor,
    reporter: Reporter,
    *,
    strict: bool = False,
) -> FilterResult:
    """Run the parts that have no receipt, and write the manifest.

    The lock of the folder must be held.

    Raises
    ------
    RunError
        If the receipts do not add up to the plan.
    KeyboardInterrupt
        If it is interrupted; it says how many parts are finished.
    BadFileError
        If `strict` and a part cannot be read.
    """
    if folder.manifest.exists():
        _tell_complete(folder, plan, reporter)
        _tell_many_sites(folder, reporter)
        _tell_much_leaked(folder, reporter)
        return _result(folder, plan, rows_scored=0, seconds=0.0)
    done = folder.are_done(plan.parts)
    waiting = plan.parts.largest_first(~done)
    waits_for = executor.waits_for(settings) if len(waiting) else ""
    begun = f"Going on with {folder.root}: {done.sum():,} of {len(done):,} parts are done."
    for line in (
        *(plan.losses if settings.write != "scores" else ()),
        *([begun] if done.any() else []),
        *([f"{waits_for} ..."] if waits_for else []),
    ):
        reporter.say(line)
    meter = RowMeter(plan.rows, int(plan.parts.column("rows")[done].sum()), waits_for=waits_for)
    counts = Counter(parts=int(done.sum()))

    def finished_parts() -> str:
        return f"{counts['parts']:,} of {len(done):,} parts are finished."

    def write_down(receipts: Sequence[Receipt]) -> None:
        folder.refuse_other_plan(plan)
        folder.write_receipts(receipts)

    note_how_far(finished_parts())
    try:
        with (
            reporter.track(meter),
            ReceiptLog(write_down) as log,
            closing(executor.run(settings, waiting, meter.tick)) as finished,
        ):
            for receipt in finished:
                log.add(receipt)
                counts.update(parts=1, rows=0 if receipt.set_aside else receipt.rows)
                note_how_far(finished_parts())
                if receipt.set_aside:
                    name = plan.parts.of_key(receipt.key).name
                    goes_on = "" if strict else " It is set aside, and the run goes on."
                    reporter.say(f"Could not be read: {name}. {receipt.set_aside}{goes_on}")
                    if strict:
                        raise BadFileError(receipt.set_aside)
        if settings.leaks is not None:
            write_all_hits(folder, plan)
            write_items(folder, plan)
            _tell_many_sites(folder, reporter)
        write_manifest(folder, plan, {one.name: one.address for one in settings.scorers})
        _tell_much_leaked(folder, reporter)
        folder.clear_temporary()
    except KeyboardInterrupt:
        raise KeyboardInterrupt(finished_parts()) from None
    return _result(folder, plan, rows_scored=counts["rows"], seconds=meter.seconds)


def _tell_complete(folder: RunFolder, plan: Plan, reporter: Reporter) -> None:
    """Say that a run is finished, and what of it is gone since."""
    but = ", but for what could not be read" if folder.read_manifest()["set_aside"] else ""
    is_all = folder.page.exists() or NO_REPORT in plan.command
    lost = _lost_outputs(folder)
    rest = " There is nothing to do." if is_all and not lost else ""
    reporter.say(f"{printable(str(folder.root))} is complete{but}.{rest}")
    if lost:
        clean = shlex.join(["edufilter", "clean", str(folder.root), "--damaged"])
        reporter.say(
            f"Warning: of its output {some_of(lost)} {'is' if len(lost) == 1 else 'are'} gone. To have it "
            f"made again, first run:\n  {printable(clean)}"
        )


def _lost_outputs(folder: RunFolder) -> list[str]:
    """Return the names of output files of a finished run that are not there any more."""
    is_there = lookup_below(folder.data)
    return [one.output for one in receipts_of_manifest(folder) if one.data_bytes and not is_there(one.output)]


def _result(folder: RunFolder, plan: Plan, *, rows_scored: int, seconds: float) -> FilterResult:
    manifest = folder.read_manifest()
    set_aside = read_set_aside(manifest)
    return FilterResult(
        out=str(folder.root),
        rows=int(manifest["rows"]),
        kept=int(manifest["kept"]),
        reasons=manifest["reasons"],
        unusual=manifest["unusual"],
        set_aside=set_aside,
        rows_scored=rows_scored,
        seconds=seconds,
        manifest=manifest,
        agreement=agreement_of(manifest),
        doubt=doubt_of_run(plan.parts, plan.facts.text_column, manifest),
        next_step=plan.how_to_read if set_aside else "",
    )


def _tell_much_leaked(folder: RunFolder, reporter: Reporter) -> None:
    """Warn if most documents hold tasks: something else may have been given in place of a benchmark."""
    manifest = folder.read_manifest()
    leaked, action = manifest["leaked"], manifest["settings"].get("leak_action")
    reached = manifest["kept"] + (leaked if action == "drop" else 0)
    searched, of = (manifest["rows"], "") if manifest["scorer"] is None else (reached, " that reach the cut")
    if 2 * leaked > searched:
        counts = {
            name.removeprefix(LEAK_OF): count
            for name, count in manifest["leaks"].items()
            if name.startswith(LEAK_OF)
        }
        most = max(counts, key=lambda name: counts[name])
        asked = "Are these benchmarks"
        if 2 * counts[most] > leaked:
            asked = f"Most hold one of {printable(most)}. Is it a benchmark"
        reporter.say(
            f"Warning: {leaked:,} of {searched:,} documents{of} hold a benchmark task: more than half. "
            f"{asked}, or are these documents made of one?"
        )


def _tell_many_sites(folder: RunFolder, reporter: Reporter) -> None:
    """Say which items are on so many sites that they may be no leak."""
    if many := leaks_on_many_sites(folder):
        named = listed([f"{task} ({sites:,})" for task, sites in many[:SHOWN_ITEMS]])
        rest = len(many) - SHOWN_ITEMS
        more = f" and {counted(rest, 'other item')}" if rest > 0 else ""
        reporter.say(
            f"{len(many):,} benchmark {'item is' if len(many) == 1 else 'items are each'} on more than "
            f"{MANY_SITES} sites: {named}{more}. If you know that as common text, keep these documents: "
            f"another run takes --common-items {printable(str(folder.run / FILE))}"
        )
