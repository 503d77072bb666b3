"""The main job: a dump in, the documents that teach out.

Order of events: plan; parts; manifest. Each step leaves only whole files, so the same command goes
on wherever an earlier one was stopped.
"""

import time
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pyarrow as pa

from filtering.cascade import AnyScorer, CascadeScorer
from filtering.errors import BadFileError, OutputError
from filtering.exits import Exits
from filtering.machine import available_cpus
from filtering.scorers import EmbeddingScorer, Scorer, SignalScorer
from pipelines.audit import Agreement, agreement_of, audit_shares, promise_of
from pipelines.config import FilterConfig
from pipelines.config_worker import LeakSearch, WorkerSettings
from pipelines.executors import Executor, executor_of
from pipelines.inputs import find_inputs
from pipelines.leaks import gather_tasks, leak_settings, search_of, write_all_hits, write_tasks
from pipelines.manifest import read_set_aside, write_manifest
from pipelines.plan import Parts, Plan, SetAside, Settings, make_plan
from pipelines.progress import ConsoleReporter, Reporter, RowMeter
from pipelines.reading import read_batches
from pipelines.receipts import Receipt, ReceiptLog
from pipelines.scorers import open_scorer
from pipelines.store import RunFolder, changed_files, refuse_foreign, refuse_other_settings
from pipelines.writing import AddedColumns

WHAT_SCORES = {
    "fast": "signals alone",
    "balanced": "signals, and an embedding where they are not sure enough",
    "full": "signals and an embedding of every document",
}
"""Efforts in words."""
SAMPLE_ROWS = 1000
EMBEDDED_SAMPLE_ROWS = 200
"""Where each row is embedded, which takes hundreds of times as long."""
SAMPLE_PARTS = 4
SAMPLE_PART_BYTES = 16 << 20
"""The sample is held in memory: of a part with larger documents fewer are taken."""
UNLIKE_WARNING_SHARE = 0.15
"""Warn when more of the sample than this is unlike the seed; of the seed itself 5 % is, by definition."""


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
        Duration of this call.
    manifest : mapping
        What ``run/manifest.json`` holds.
    agreement : Agreement, optional
        What a cascade's audit found.
    fails_on_drift : bool
        Whether a promise that does not hold is a failure.
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
    agreement: Agreement | None = None
    fails_on_drift: bool = False

    @property
    def exit_code(self) -> int:
        """0; 3 where files were set aside; 4 where a promise did not hold and that is a failure."""
        if self.fails_on_drift and self.agreement is not None and self.agreement.is_broken:
            return 4
        return 3 if self.set_aside else 0


@dataclass(frozen=True)
class Estimate:
    """What a run would do, from footers and a timed sample.

    Parameters
    ----------
    plan : Plan
    text_column : str
    rows_left : int
        Rows of the parts that are not done yet.
    sampled_rows : int
        Rows that were scored for the estimate.
    seconds : float
        Estimated duration of what is left.
    kept_share : float
        Share of the sample that reaches the cut, in [0, 1].
    unlike_share : float
        Share of the sample that is unlike the documents that the scorer was fitted on, in [0, 1].
    """

    plan: Plan
    text_column: str
    rows_left: int
    sampled_rows: int
    seconds: float
    kept_share: float
    unlike_share: float


def filter_dump(
    config: FilterConfig, *, executor: Executor | None = None, reporter: Reporter | None = None
) -> FilterResult:
    """Score every document of a dump and write those that teach.

    Begun on a folder of the same run, it goes on where that was; on a finished one it does nothing.

    Parameters
    ----------
    config : FilterConfig
    executor : Executor, optional
        Where parts run; on all cores of this machine if not given.
    reporter : Reporter, optional
        What is told about progress; standard error if not given.

    Returns
    -------
    FilterResult

    Raises
    ------
    SettingsError
        If a setting, an input or the output folder is wrong; nothing was started.
    RunError
        If the run failed in the middle; the same call goes on from there.
    BadFileError
        If `config.strict` and a file cannot be read.
    """
    reporter = ConsoleReporter() if reporter is None else reporter
    executor = executor or executor_of(config)
    folder = RunFolder(config.out)
    refuse_foreign(folder)
    # Loaded to find out before the run what is missing, and let go of: workers load their own.
    scorer = open_scorer(config.scorer, config.effort, config.placement, config.exit_settings)
    tasks = gather_tasks(config.decontaminate)
    leaks = search_of(tasks, config.leak_action) if tasks else None
    plan, text_column = plan_of(config, scorer, leaks)
    with folder.lock():
        folder.clear_temporary()
        settle_plan(folder, plan, update=config.update)
        if leaks is not None:
            write_tasks(folder, tasks)
        settings = WorkerSettings(
            out=config.out,
            scorer=config.scorer,
            scorer_sha256=str(plan.settings["scorer_sha256"]),
            text_column=text_column,
            keep_at=config.keep_at,
            write=config.write,
            effort=config.effort,
            max_disagreement=config.max_disagreement,
            full_fraction=config.full_fraction,
            rules=config.rules_for(scorer.domain),
            audit_shares=_audit_shares(scorer, plan.rows, config.audit),
            score_column=config.score_column,
            placement=config.placement,
            leaks=leaks,
        )
        if not folder.manifest.exists():
            reporter.say(
                f"Scoring with {config.scorer!r}, effort {config.effort} ({WHAT_SCORES[config.effort]}), "
                f"keeping from {config.keep_at:g} points."
            )
            if isinstance(scorer, CascadeScorer):
                reporter.say(describe_exits(scorer.exits))
            _warn_if_unlike(plan, text_column, config, open_scorer(config.scorer), reporter)
        del scorer
        result = run_plan(folder, plan, settings, executor, reporter, strict=config.strict)
        return replace(result, fails_on_drift=config.on_drift == "fail")


def _audit_shares(scorer: AnyScorer, rows: int, wanted: int | None) -> tuple[float, float]:
    return audit_shares(scorer.exits, rows, wanted) if isinstance(scorer, CascadeScorer) else (0.0, 0.0)


def describe_exits(exits: Exits) -> str:
    """Return what the exits of a cascade promise, in words."""
    passed = 100 * (1 - exits.dropped - exits.kept)
    start = (
        f"Embedding what the signals score from {exits.lower:g} to {exits.upper:g} points, "
        f"about {passed:.1f} % of documents like the {exits.documents:,} that the scorer was paired on; "
    )
    about = "" if exits.is_exact else "approximately, since these are of few groups; "
    if exits.settings.full_fraction is not None:
        share = f"of these {100 * exits.disagreement:.2f} % are decided otherwise than with effort full."
    else:
        share = (
            f"{about}at most {100 * exits.settings.max_disagreement:g} % of such documents are decided "
            "otherwise than with effort full, with 95 % confidence."
        )
    return f"{start}{share} Of what effort full keeps of these, {100 * exits.lost_keepers:.1f} % was lost."


def plan_of(config: FilterConfig, scorer: AnyScorer, leaks: LeakSearch | None = None) -> tuple[Plan, str]:
    """Return the plan of a run, and the name of its text column."""
    settings: Settings = {
        "scorer_sha256": scorer.digest,
        "keep_at": config.keep_at,
        "write": config.write,
        "effort": config.effort,
        "score_column": config.score_column,
        "rules": ",".join(config.rules_for(scorer.domain)) or "none",
        "rows_per_part": config.rows_per_part,
    }
    if isinstance(scorer, CascadeScorer):
        settings = {**settings, **promise_of(scorer.exits)}
    if leaks is not None:
        settings = {**settings, **leak_settings(leaks)}
    added = AddedColumns.named(config.score_column)
    return make_plan(
        find_inputs(config.inputs, config.out),
        settings=settings,
        text_column=config.text_column,
        new_columns=added.in_mode(config.write, config.effort, leaks=config.leak_action if leaks else None),
        rows_per_part=config.rows_per_part,
        strict=config.strict,
    )


def settle_plan(folder: RunFolder, plan: Plan, *, update: bool) -> None:
    """Write the plan of a new run; of one that was begun, check that it is the same."""
    if not folder.plan.exists():
        folder.write_plan(plan)
        return
    if folder.holds(plan) and not update:  # a million parts are not read to find that out
        return
    before = folder.read_plan()
    changes = _changes_since(before, plan, folder, update=update)
    if changes or (update and folder.are_set_aside(before.parts).any()):
        folder.manifest.unlink(missing_ok=True)
        # Before the new plan: a kill in between must leave no file that no plan knows.
        folder.forget(before.parts.where(~before.parts.has_key(plan.parts.table["key"])))
    if before != plan:  # paths alone, say: a dump that was moved
        folder.write_plan(plan)


def _changes_since(before: Plan, plan: Plan, folder: RunFolder, *, update: bool) -> Sequence[tuple[str, str]]:
    """Return which inputs are new or changed since a run was begun; refuse what may not be.

    Raises
    ------
    OutputError
        If settings differ, an input is gone, or one is new or changed and `update` does not allow that.
    """
    refuse_other_settings(folder, before, plan)
    changes = changed_files(before, plan)
    gone = [relative for relative, what in changes if what == "gone"]
    if gone:
        raise OutputError(
            f"A run must go on with all of its inputs. {gone[0]!r} is gone since {folder.root} was begun "
            f"({len(gone)} in all). Put it back, or choose another --out."
        )
    if changes and not update:
        relative, what = changes[0]
        raise OutputError(
            f"A run must go on with the inputs that it was begun with. {relative!r} is {what} since "
            f"{folder.root} was begun ({len(changes)} in all). Take them in with --update, "
            "or choose another --out."
        )
    return changes


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
    BadFileError
        If `strict` and a part cannot be read.
    """
    started_s = time.monotonic()
    if folder.manifest.exists():
        reporter.say(f"{folder.root} is complete; nothing to do.")
        return _result(folder, rows_scored=0, started_s=started_s)
    done = folder.are_done(plan.parts)
    waiting = plan.parts.largest_first(~done)
    if done.any():
        reporter.say(f"Going on with {folder.root}: {done.sum()} of {len(done)} parts are done.")
    meter = RowMeter(plan.rows, int(plan.parts.column("rows")[done].sum()))
    rows_scored = 0

    def write_down(receipts: Sequence[Receipt]) -> None:
        folder.refuse_other_plan(plan)
        folder.write_receipts(receipts)

    with (
        reporter.track(meter),
        ReceiptLog(write_down) as log,
        closing(executor.run(settings, waiting, meter.tick)) as finished,
    ):
        for receipt in finished:
            log.add(receipt)
            rows_scored += 0 if receipt.set_aside else receipt.rows
            if receipt.set_aside:
                reporter.say(f"Set aside {plan.parts.of_key(receipt.key).name}: {receipt.set_aside}")
                if strict:
                    raise BadFileError(receipt.set_aside)
    if settings.leaks is not None:
        write_all_hits(folder, plan)
    write_manifest(folder, plan, settings.scorer)
    folder.clear_temporary()
    return _result(folder, rows_scored=rows_scored, started_s=started_s)


def _result(folder: RunFolder, *, rows_scored: int, started_s: float) -> FilterResult:
    manifest = folder.read_manifest()
    return FilterResult(
        out=str(folder.root),
        rows=int(manifest["rows"]),
        kept=int(manifest["kept"]),
        reasons=manifest["reasons"],
        unusual=manifest["unusual"],
        set_aside=read_set_aside(manifest),
        rows_scored=rows_scored,
        seconds=time.monotonic() - started_s,
        manifest=manifest,
        agreement=agreement_of(manifest),
    )


def estimate_run(config: FilterConfig) -> Estimate:
    """Plan a run and estimate it from some timed rows; write nothing.

    Reading is reckoned by bytes and scoring by rows; start-up and writing are not.

    Raises
    ------
    SettingsError
        As `filter_dump`.
    """
    scorer = open_scorer(config.scorer, config.effort, config.placement, config.exit_settings)
    scorer = scorer.with_rules(config.rules_for(scorer.domain))
    folder = RunFolder(config.out)
    refuse_foreign(folder)
    tasks = gather_tasks(config.decontaminate)
    plan, text_column = plan_of(config, scorer, search_of(tasks, config.leak_action) if tasks else None)
    if folder.plan.exists():
        _changes_since(folder.read_plan(), plan, folder, update=config.update)
    left = plan.parts.where(~folder.are_done(plan.parts))
    rows_left = int(left.column("rows").sum())
    started_s = time.perf_counter()
    rows = EMBEDDED_SAMPLE_ROWS if isinstance(scorer, EmbeddingScorer) else SAMPLE_ROWS
    sample, read_bytes = _read_sample(plan.parts, text_column, rows)
    read_s = time.perf_counter() - started_s
    started_s = time.perf_counter()
    values = [scorer.score(texts).value for texts in sample]
    score_s = time.perf_counter() - started_s
    sampled = sum(len(texts) for texts in sample)
    kept = sum(int((value >= config.keep_at).sum()) for value in values)
    bytes_left = int(left.column("text_bytes").sum())
    workers = config.workers or available_cpus()
    read_s, score_s = read_s / max(read_bytes, 1) * bytes_left, score_s / max(sampled, 1) * rows_left
    # The embedder already used all cores for the sample; the kernel used one.
    on_one = isinstance(scorer, SignalScorer)
    seconds = (read_s + score_s) / workers if on_one else read_s / workers + score_s
    return Estimate(
        plan=plan,
        text_column=text_column,
        rows_left=rows_left,
        sampled_rows=sampled,
        seconds=seconds,
        kept_share=kept / max(sampled, 1),
        unlike_share=_unlike_share(scorer, sample),
    )


def _read_sample(parts: Parts, text_column: str, rows: int) -> tuple[list[pa.Array], int]:
    """Return the texts of up to `rows` rows, from the beginnings of a few parts over the run.

    Also the bytes that were decoded for them: whole batches.
    """
    filled = np.flatnonzero(parts.column("rows") > 0)
    picked = parts.take(filled[:: max(1, -(-len(filled) // SAMPLE_PARTS))])
    sample: list[pa.Array] = []
    decoded_bytes = 0
    for part in picked:
        left, taken_bytes = rows // len(picked), 0
        try:
            with closing(read_batches(part.path, part.row_groups, [text_column])) as batches:
                for batch in batches:
                    sample.append(batch.column(text_column).slice(0, left))
                    left -= len(sample[-1])
                    taken_bytes += batch.nbytes
                    decoded_bytes += batch.nbytes
                    if left <= 0 or taken_bytes >= SAMPLE_PART_BYTES:
                        break
        except BadFileError:
            continue  # named when the part is run
    return sample, decoded_bytes


def _unlike_share(scorer: Scorer, sample: Sequence[pa.Array]) -> float:
    unlike = [scorer.unlike_seed(texts) for texts in sample]
    return float(np.mean(np.concatenate(unlike))) if unlike else 0.0


def _warn_if_unlike(
    plan: Plan, text_column: str, config: FilterConfig, scorer: Scorer, reporter: Reporter
) -> None:
    share = _unlike_share(scorer, _read_sample(plan.parts, text_column, SAMPLE_ROWS)[0])
    if share > UNLIKE_WARNING_SHARE:
        reporter.say(
            f"Warning: about {100 * share:.0f} % of a sample of this dump is unlike the documents that the "
            f"scorer {config.scorer!r} was fitted on (another language or script, say). Its scores mean "
            "little there: look at them, or train a scorer on labels of your own."
        )
