"""Removes benchmark leaks from a dump, without scoring it: the parts, receipts and executors of `filter`."""

from pipelines.config import DecontaminateConfig
from pipelines.config_worker import WorkerSettings
from pipelines.executors import Executor, executor_of
from pipelines.filter import FilterResult, run_plan, settle_plan
from pipelines.inputs import find_inputs
from pipelines.leaks import gather_tasks, leak_settings, search_of, write_tasks
from pipelines.plan import make_plan
from pipelines.progress import ConsoleReporter, Reporter
from pipelines.store import RunFolder, refuse_foreign
from pipelines.writing import AddedColumns

ADDED = AddedColumns.named("edu_score")
NO_CUT = 0.0


def decontaminate_dump(
    config: DecontaminateConfig, *, executor: Executor | None = None, reporter: Reporter | None = None
) -> FilterResult:
    """Look for the tasks of benchmarks in every document of a dump, and write those without.

    Begun on a folder of the same run, it goes on where that was; on a finished one it does nothing.

    Parameters
    ----------
    config : DecontaminateConfig
    executor, reporter : optional
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
    reporter = ConsoleReporter() if reporter is None else reporter
    executor = executor or executor_of(config)
    folder = RunFolder(config.out)
    refuse_foreign(folder)
    tasks = gather_tasks(config.against, config.fields)
    search = search_of(tasks, config.action)
    plan, text_column = make_plan(
        find_inputs(config.inputs, config.out),
        settings={**leak_settings(search), "rows_per_part": config.rows_per_part, "keep_at": NO_CUT},
        text_column=config.text_column,
        new_columns=ADDED.in_mode("kept", "fast", scores=False, leaks=config.action),
        rows_per_part=config.rows_per_part,
        strict=config.strict,
    )
    with folder.lock():
        folder.clear_temporary()
        settle_plan(folder, plan, update=config.update)
        write_tasks(folder, tasks)
        settings = WorkerSettings(
            out=config.out,
            scorer=None,
            text_column=text_column,
            keep_at=NO_CUT,
            write="kept",
            effort="fast",
            score_column=ADDED.score,
            leaks=search,
        )
        if not folder.manifest.exists():
            reporter.say(
                f"Looking for {len(tasks):,} tasks of {', '.join(sorted({one.benchmark for one in tasks}))}."
            )
        return run_plan(folder, plan, settings, executor, reporter, strict=config.strict)
