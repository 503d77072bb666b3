"""The commands that make runs, and that look after them."""

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated

from typer import Option

from filtering.errors import SettingsError
from filtering.printable import printable
from pipelines.amounts_in_words import duration
from pipelines.commands.command_signature import (
    Given,
    JsonLogOption,
    JsonOption,
    NoReportOption,
    NoSamplesOption,
    OutArgument,
    reporter_of,
    settings_of,
    takes,
)
from pipelines.commands.screen import show
from pipelines.settings.base import command_of
from pipelines.settings.runs import DecontaminateConfig, FilterConfig, RecutConfig, RunSettings

if TYPE_CHECKING:
    from pipelines.run.plan_to_manifest import FilterResult


@takes(FilterConfig)
def filter_command(
    given: Given,
    dry_run: Annotated[
        bool, Option("--dry-run", help="Print the plan and an estimate from some timed rows; write nothing.")
    ] = False,
    no_report: NoReportOption = False,
    no_samples: NoSamplesOption = False,
    json_log: JsonLogOption = False,
) -> int:
    """Score every document of a dump and keep those that teach.

    The same command goes on where an interrupted one was.
    """
    config = settings_of(FilterConfig, given)
    if dry_run:
        return _print_estimate(config)
    from pipelines.run.filter import filter_dump

    return _run("filter", filter_dump, config, no_report=no_report, no_samples=no_samples, json_log=json_log)


def _print_estimate(config: FilterConfig) -> int:
    from pipelines.run.estimate import estimate_run
    from pipelines.run.filter import WHAT_SCORES

    estimate = estimate_run(config)
    plan = estimate.plan
    files = len({part.relative for part in plan.parts})
    show(f"plan: {plan.rows:,} rows in {files:,} files, {len(plan.parts):,} parts")
    if estimate.rows_left < plan.rows:
        show(f"done already: {plan.rows - estimate.rows_left:,} rows")
    show(
        f"text column: {estimate.text_column or 'not known'}; scorer: {config.scorer}; "
        f"effort: {config.effort} ({WHAT_SCORES[config.effort]})"
    )
    show(
        f"estimate from {estimate.sampled_rows:,} rows at the beginning of a few files: "
        f"{duration(estimate.seconds)}, "
        f"{100 * estimate.kept_share:.1f} % kept, {100 * estimate.unlike_share:.1f} % unlike the seed"
    )
    for loss in plan.losses if config.write != "scores" else ():
        show(loss)
    for one in estimate.set_aside:
        show(one.in_words)
    return estimate.exit_code


@takes(RecutConfig)
def recut_command(
    given: Given,
    no_report: NoReportOption = False,
    no_samples: NoSamplesOption = False,
    json_log: JsonLogOption = False,
) -> int:
    """Cut a finished run anew from its stored scores."""
    config = settings_of(RecutConfig, given)
    from pipelines.choosing.recut import recut_run

    return _run("recut", recut_run, config, no_report=no_report, no_samples=no_samples, json_log=json_log)


@takes(DecontaminateConfig)
def decontaminate_command(
    given: Given,
    no_report: NoReportOption = False,
    no_samples: NoSamplesOption = False,
    json_log: JsonLogOption = False,
) -> int:
    """Find and remove what leaked from benchmarks: by n-grams, near matches, signatures and syntax trees.

    The same command goes on where an interrupted one was.
    """
    config = settings_of(DecontaminateConfig, given)
    from pipelines.run.filter import decontaminate_dump

    verb = decontaminate_dump
    return _run("decontaminate", verb, config, no_report=no_report, no_samples=no_samples, json_log=json_log)


def _run(
    name: str,
    verb: Callable[..., "FilterResult"],
    config: RunSettings,
    *,
    no_report: bool,
    no_samples: bool,
    json_log: bool,
) -> int:
    """Make a run, print what it did, and draw its report; return the exit code."""
    from pipelines.commands.print_runs import print_result

    reporter = reporter_of(json_log)
    result = verb(config, reporter=reporter)
    if json_log:
        reporter.event("done", rows=result.rows, kept=result.kept, exit_code=result.exit_code)
    code = print_result(result)
    if not no_report:
        from pipelines.reports.write_report import report_result

        page = report_result(result, command_of(name, config), samples=not no_samples, reporter=reporter)
        if page is not None:
            show(f"report: {printable(str(page))}")
    return code


def status_command(out: OutArgument, as_json: JsonOption = False) -> int:
    """Print where a run stands."""
    from dataclasses import asdict

    from pipelines.run.upkeep import status_of_run

    status = status_of_run(out)
    if as_json:
        show(json.dumps(asdict(status)))
    else:
        show(
            f"{status.state}: {status.parts_done:,} of {status.parts:,} parts, {status.rows_done:,} of "
            f"{status.rows:,} rows, {status.set_aside:,} set aside"
        )
    return 0


def verify_command(out: OutArgument) -> int:
    """Read back everything that a finished run wrote, and compare it with its manifest."""
    from pipelines.run.upkeep import verify_run

    problems = verify_run(out)
    for problem in problems:
        show(problem)
    if problems:
        show(
            f"Problems: {len(problems)}. To mend damaged files: 'edufilter clean {out} --damaged', then the "
            "command that began the run."
        )
    else:
        show("all files are as they were written")
    return 1 if problems else 0


def clean_command(
    out: OutArgument,
    damaged: Annotated[
        bool, Option("--damaged", help="Forget parts whose files are not as they were written.")
    ] = False,
) -> int:
    """Forget parts with damaged files, and remove what a killed run left half-written; whole files stay."""
    from pipelines.run.upkeep import clean_run

    if not damaged:
        raise SettingsError(
            f"What to clean must be said. 'edufilter clean {out} --damaged' forgets parts with damaged "
            "files; what a killed run left half-written, the next one removes."
        )
    cleaned = clean_run(out)
    show(f"{cleaned.half_written} half-written files removed")
    show(f"{cleaned.forgotten} parts forgotten; the command that began the run makes them again")
    return 0
