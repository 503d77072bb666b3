"""The main job: a dump in, the documents that teach out; or all but what leaked from benchmarks.

Order of events: plan; parts; manifest.
"""

import shlex
from collections.abc import Sequence
from dataclasses import replace

from filtering.errors import SettingsError
from filtering.leaks import Task
from filtering.printable import printable
from filtering.scoring.cascade_exits import Exits
from filtering.scoring.scorers import SignalScorer
from filtering.scoring.settings import MAX_FALSE, MAX_LOST, Effort, ExitSettings
from filtering.scoring.unsure import Unsure
from pipelines.amount_formats import counted, some_of
from pipelines.dump.column_doubts import doubt_of_sample
from pipelines.dump.first_rows import read_spread_rows, unsure_of_sample
from pipelines.dump.inputs import InputFile, find_inputs
from pipelines.dump.new_columns import free_score_column
from pipelines.dump.other_formats import is_table
from pipelines.dump.split_files import PartSize, check_beginning
from pipelines.executors.local import Executor, executor_of
from pipelines.progress import ConsoleReporter, Reporter
from pipelines.run.plan_to_manifest import FilterResult, begun_run, run_plan
from pipelines.run.resume import refuse_foreign, refuse_other_run
from pipelines.run.scorers_of_run import (
    UntriedScorers,
    audit_shares_of,
    describe_scorers,
    load_scorers_of,
    planned_scorers_of,
    scorer_settings,
    untried_scorer_of,
)
from pipelines.run_folder.benchmark_tasks import common_in_words, doubt_of_tasks, gather_tasks
from pipelines.run_folder.folder import RunFolder
from pipelines.run_folder.plan import Plan, PlanSettings, make_plan
from pipelines.settings.base import NO_REPORT, words_of
from pipelines.settings.filter import FilterConfig
from pipelines.settings.runs import BenchmarkSettings, DecontaminateConfig, DumpSettings
from pipelines.worker.leak_finder import leak_settings, search_of
from pipelines.worker.output import AddedColumns
from pipelines.worker.unsure_finder import (
    check_search,
    describe_blindness,
    unsure_search_of,
    unsure_settings,
)
from pipelines.worker.worker_settings import LeakSearch, WorkerSettings

PART_SIZES = {
    "fast": PartSize(rows=400_000, text_bytes=1_500_000_000),
    "balanced": PartSize(rows=8_000, splits_row_groups=True),
    "full": PartSize(rows=2_000, splits_row_groups=True),
}
"""What one core does in about a minute, by docs/benchmarks.md: 7,700, 128 and 21 to 53 documents a second.

At effort fast row groups are not split: decoding one takes a tenth of the time that scoring it takes, at the
other efforts less than a hundredth.
"""
NO_CUT = 0.0
BY_SAMPLE = ", by a sample of this dump"


def filter_dump(
    config: FilterConfig,
    *,
    executor: Executor | None = None,
    reporter: Reporter | None = None,
    page_options: Sequence[str] = (NO_REPORT,),
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
    page_options : sequence of str
        What the command line that finishes the run says of its page, of which this makes none.

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
    executor, reporter = executor or executor_of(config), reporter or ConsoleReporter()
    folder = RunFolder(config.out)
    refuse_foreign(folder)
    files = inputs_of(config, reporter)
    tasks = gather_tasks(config.against, config, [file.path for file in files])
    untried = untried_scorer_of(config)
    leaks = search_of(tasks, config.leak_action) if tasks else None
    plan = replace(plan_of(config, files, untried, leaks), command=words_of("filter", config, page_options))
    refuse_other_run(folder, plan, update=config.update)
    settings = WorkerSettings(
        out=config.out,
        scorers=planned_scorers_of(config, untried),
        combine=untried.combine,
        text_column=plan.facts.text_column,
        keep_at=config.keep_at,
        write=config.write,
        effort=untried.effort,
        exits=config.exit_settings,
        audit_shares=audit_shares_of(untried, plan.rows, config.audit),
        score_column=plan.facts.score_column,
        ignore_checksums=config.ignore_checksums,
        max_document_bytes=config.max_document_bytes,
        placement=config.placement,
        leaks=leaks,
        unsure=unsure_search_of(plan.facts, config.write),
        write_origin=config.writes_origin,
        passages_at=config.cut_of_passages,
    )
    if config.update or not folder.manifest.exists():
        check_search(settings.unsure)
        # Loaded to find out before the run what is missing, and let go of: workers load their own.
        load_scorers_of(config, untried, reporter)
    sampled = None
    with begun_run(config.out, plan, reporter=reporter, tasks=tasks, update=config.update) as folder:
        if not folder.manifest.exists():
            reporter.say(describe_scorers(config, untried))
            if tasks:
                tell_tasks(tasks, config, reporter)
            if plan.facts.score_column != config.score_column:
                reporter.say(
                    f"The texts have a column {config.score_column!r} already. Scores go to "
                    f"{plan.facts.score_column!r}."
                )
            for name, exits in untried.exits.items():
                said = describe_exits(exits, config.exit_settings)
                reporter.say(said if untried.combine is None else f"{name}: {said}")
            if blind := describe_blindness(settings.unsure):
                reporter.say(blind)
            if high := high_cut_of_passages(config):
                reporter.say(high)
            sampled = _warn_if_unsure(config, plan, untried.signals, reporter)
        result = run_plan(folder, plan, settings, executor, reporter, strict=config.strict)
    return replace(result, fails_on_drift=config.on_drift == "fail", sampled=sampled)


def decontaminate_dump(
    config: DecontaminateConfig,
    *,
    executor: Executor | None = None,
    reporter: Reporter | None = None,
    page_options: Sequence[str] = (NO_REPORT,),
) -> FilterResult:
    """Look for the tasks of benchmarks in every document of a dump, and write those without.

    Begun on a folder of the same run, it goes on where that was; on a finished one it does nothing.

    Parameters
    ----------
    config : DecontaminateConfig
    executor, reporter, page_options : optional
        As for `filter_dump`.

    Raises
    ------
    SettingsError
        If a setting, an input, a benchmark or the output folder is wrong; nothing was started.
    RunError
        If the run failed in the middle; the same call goes on from there.
    BadFileError
        If `config.strict` and an input cannot be read.
    """
    executor, reporter = executor or executor_of(config), reporter or ConsoleReporter()
    tasks, leaks, plan = plan_of_leaks(config, reporter)
    settings = WorkerSettings(
        out=config.out,
        text_column=plan.facts.text_column,
        keep_at=NO_CUT,
        write="kept",
        effort="fast",
        score_column=plan.facts.score_column,
        ignore_checksums=config.ignore_checksums,
        max_document_bytes=config.max_document_bytes,
        leaks=leaks,
    )
    plan = replace(plan, command=words_of("decontaminate", config, page_options))
    with begun_run(config.out, plan, reporter=reporter, tasks=tasks, update=config.update) as folder:
        if not folder.manifest.exists():
            tell_tasks(tasks, config, reporter)
            sample = read_spread_rows(
                plan.parts, plan.facts.text_column, checksums=not config.ignore_checksums
            )
            if doubt := doubt_of_sample(plan.parts, plan.facts.text_column, sample.texts):
                reporter.say(f"Warning{BY_SAMPLE}: {doubt}")
        return run_plan(folder, plan, settings, executor, reporter, strict=config.strict)


def plan_of_leaks(
    config: DecontaminateConfig, reporter: Reporter
) -> tuple[tuple[Task, ...], LeakSearch, Plan]:
    """Return the tasks that a run only looks for, how it looks for them, and its plan, not yet named."""
    refuse_foreign(RunFolder(config.out))
    files = inputs_of(config, reporter)
    tasks = gather_tasks(config.against, config, [file.path for file in files])
    leaks, added = search_of(tasks, config.leak_action), AddedColumns.named("edu_score")
    plan = make_plan(
        files,
        settings={**leak_settings(leaks), **_of_reading(config, part_size_of(config)), "keep_at": NO_CUT},
        text_column=config.text_column,
        new_columns=added.in_mode("kept", "fast", scores=False, leaks=config.leak_action),
        size=part_size_of(config),
        strict=config.strict,
    )
    return tasks, leaks, plan


def tell_tasks(tasks: Sequence[Task], settings: BenchmarkSettings, reporter: Reporter) -> None:
    """Say what is looked for, which of it is common text, and what may be no benchmark."""
    names = sorted({one.benchmark for one in tasks})
    reporter.say(f"Looking for the {counted(len(tasks), 'task')} of {printable(', '.join(names))}.")
    if settings.common_items is not None:
        reporter.say(printable(common_in_words(tasks)))
    if doubt := doubt_of_tasks(tasks):
        reporter.say(f"Warning: {printable(doubt)}")


def inputs_of(config: FilterConfig | DecontaminateConfig, reporter: Reporter) -> list[InputFile]:
    """Return the files of a run, the first of which can be read: before a scorer is loaded for them.

    Raises
    ------
    SettingsError
        As `find_inputs` and `check_beginning`, or if an input looks like a second benchmark.
    """
    if config.against:
        _refuse_benchmarks(config.inputs)
    files = find_inputs(config.inputs, config.out, reporter.say)
    check_beginning(files, config.text_column)
    return files


def _refuse_benchmarks(inputs: Sequence[str]) -> None:
    """Check that no table beside other inputs was meant for ``--against``, which takes one file each time."""
    tables = [name for name in inputs if is_table(name)]
    if tables and len(tables) < len(inputs):
        again = shlex.join(word for name in tables for word in ("--against", name))
        raise SettingsError(
            f"The inputs must be Parquet. Got {some_of(tables)} beside others. If a benchmark is meant, "
            f"--against stands before each: {printable(again)}"
        )


def plan_of(
    config: FilterConfig, files: Sequence[InputFile], scorer: UntriedScorers, leaks: LeakSearch | None = None
) -> Plan:
    """Return the plan of a run that scores."""
    score_column = free_score_column(files, config.score_column)
    size = part_size_of(config, scorer.effort)
    settings: PlanSettings = {
        **scorer_settings(config, scorer),
        "keep_at": config.keep_at,
        "write": config.write,
        "score_column": score_column,
        **unsure_settings(RunFolder(config.out), scorer.signals, config.unsure),
        **_of_reading(config, size),
    }
    if leaks is not None:
        settings = {**settings, **leak_settings(leaks)}
    if config.writes_origin:
        settings = {**settings, "write_origin": True}
    if config.cut_of_passages is not None:
        settings = {**settings, "passages_at": config.cut_of_passages}
    added = AddedColumns.named(score_column, () if scorer.combine is None else tuple(scorer.each))
    return make_plan(
        files,
        settings=settings,
        text_column=config.text_column,
        new_columns=added.in_mode(
            config.write,
            scorer.effort,
            leaks=config.leak_action if leaks else None,
            origin=config.writes_origin,
            unsure=config.unsure == "flag",
            passages=config.cut_of_passages is not None,
        ),
        size=size,
        strict=config.strict,
    )


def part_size_of(config: DumpSettings, effort: Effort = "fast") -> PartSize:
    """Return how large the parts of a run are: as settings say, else what one core does in about a minute.

    It depends on nothing that may differ between machines, so that a run can go on elsewhere.
    """
    return PART_SIZES[effort] if config.rows_per_part is None else PartSize(config.rows_per_part)


def _of_reading(config: DumpSettings, size: PartSize) -> PlanSettings:
    """Return what of the reading decides the output; pages with wrong checksums, where these are read."""
    ignoring = {"ignore_checksums": True} if config.ignore_checksums else {}
    return {
        "rows_per_part": size.rows, "max_document_bytes": config.max_document_bytes, **ignoring,
    }  # fmt: skip


def describe_exits(exits: Exits, asked: ExitSettings) -> str:
    """Return in words what the exits of a cascade promise, where settings asked for some of it or nothing."""
    if exits.lower == exits.upper:
        return "Effort balanced embeds no document at this cut: words and style decide all."
    said = (
        "Effort balanced embeds only documents that words and style score between "
        f"{exits.lower:.2f} and {exits.upper:.2f}."
    )
    about, held = "" if exits.is_exact else "about ", exits.settings
    like = "This holds for documents like those that the scorer was tuned on"
    if held.max_disagreement is not None:
        share = f"{about}{100 * held.max_disagreement:g} %"
        return f"{said} It decides at most {share} of all documents differently from effort full. {like}."
    lost, false = held.max_lost or 0.0, held.max_false or 0.0
    said += (
        f" It drops at most {about}{100 * lost:g} % of the documents that effort full keeps. Of those that "
        f"it keeps, effort full would drop at most {about}{100 * false:g} %. {like}, of which "
        f"{100 * exits.disagreement:.1f} % were decided differently from effort full."
    )
    if (asked.max_lost is None and lost > MAX_LOST) or (asked.max_false is None and false > MAX_FALSE):
        said += (
            f" The usual bounds are {100 * MAX_LOST:g} % and {100 * MAX_FALSE:g} %. To show them takes more "
            f"documents that effort full keeps: the scorer was tuned on {exits.keepers:,}."
        )
    return said


def languages_before(config: FilterConfig, unsure: Unsure) -> str:
    """Return how many documents of a sample are in languages that the scorer does not know, and what to do.

    Empty if there are none, or another scorer is the right one.
    """
    if unsure.are_other or not unsure.in_languages:
        return ""
    one = unsure.in_languages == 1
    if config.unsure == "drop":
        return f"{unsure.in_words} {'It is' if one else 'They are'} dropped (--unsure drop)."
    recut = "recut " if config.write == "scores" else ""
    return f"{unsure.in_words} {recut}--unsure drop drops {'it' if one else 'them'}."


def high_cut_of_passages(config: FilterConfig) -> str:
    """Return that passages must be better than whole documents, where settings ask for that; else nothing."""
    if config.cut_of_passages is None or config.cut_of_passages <= config.keep_at:
        return ""
    return (
        f"A passage must have more points than a whole document: --passages-at {config.cut_of_passages:g} is "
        f"above --keep-at {config.keep_at:g}."
    )


def warning_before(config: FilterConfig, unsure: Unsure) -> str:
    """Return why the scores of a sample are not reliable, and what to do; empty if they are."""
    languages = languages_before(config, unsure) if unsure.are_many else ""
    return " ".join(filter(None, (languages, unsure.of_words, unsure.of_kind)))


def _warn_if_unsure(config: FilterConfig, plan: Plan, scorer: SignalScorer, reporter: Reporter) -> Unsure:
    """Say why the scores of a sample of the dump are not reliable, if they are not; return what is unsure."""
    checksums = not plan.facts.ignore_checksums
    sample = read_spread_rows(plan.parts, plan.facts.text_column, checksums=checksums)
    unsure = unsure_of_sample(scorer, sample)
    doubt = doubt_of_sample(plan.parts, plan.facts.text_column, sample.texts)
    for one in filter(None, (doubt, warning_before(config, unsure))):
        reporter.say(f"Warning{BY_SAMPLE}: {one}")
    return unsure
