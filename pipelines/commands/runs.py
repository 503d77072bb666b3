"""The commands that make runs, and that look after them."""

import json
import shlex
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Annotated

from pydantic_core import to_jsonable_python
from typer import Option

from filtering.errors import Interrupted, SettingsError
from filtering.printable import printable
from pipelines.amount_formats import counted, some_of
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
from pipelines.commands.printing.screen import show
from pipelines.progress import ConsoleReporter
from pipelines.settings.base import NO_REPORT, NO_SAMPLES, command_of
from pipelines.settings.choosing import CompareConfig, RecutConfig
from pipelines.settings.filter import FilterConfig
from pipelines.settings.runs import DecontaminateConfig, RunSettings

if TYPE_CHECKING:
    from pipelines.choosing.chosen import Chosen
    from pipelines.run.plan_to_manifest import FilterResult


DryRunOption = Annotated[
    bool,
    Option("--dry-run", help="Only print what would come out and how long it would take. Write nothing."),
]


@takes(FilterConfig, first=("out", "scorer", "keep_at", "effort", "text_column", "write", "dry_run"))
def filter_command(
    given: Given,
    dry_run: DryRunOption = False,
    no_report: NoReportOption = False,
    no_samples: NoSamplesOption = False,
    json_log: JsonLogOption = False,
) -> int:
    """Score every document of a dump and keep those that teach.

    Example: edufilter filter dump --out out

    If a run is interrupted, the same command finishes it.
    """
    config = settings_of(FilterConfig, given)
    reporter = reporter_of(json_log)
    reporter.say(f"Looking for the files of {some_of(config.inputs)} ...")
    if dry_run:
        return _print_estimate(config)
    from pipelines.run.filter import filter_dump

    return _run(
        "filter", filter_dump, config, reporter, no_report=no_report, no_samples=no_samples, json_log=json_log
    )


def _print_estimate(config: FilterConfig) -> int:
    from pipelines.commands.printing.runs import print_run_estimate
    from pipelines.run.estimate import estimate_run
    from pipelines.run.scorers_of_run import WHAT_SCORES

    estimate = estimate_run(config)
    return print_run_estimate(
        estimate,
        name=" and ".join(config.given_scorers),
        what_scores=WHAT_SCORES[estimate.effort],
        writes=config.write != "scores",
    )


@takes(
    RecutConfig,
    first=("to", "keep_at", "keep_fraction", "keep_tokens", "tokenizer", "floor", "write", "dry_run"),
)
def recut_command(
    given: Given,
    dry_run: Annotated[
        bool, Option("--dry-run", help="Only print what would be kept, and of what. Write nothing.")
    ] = False,
    no_report: NoReportOption = False,
    no_samples: NoSamplesOption = False,
    json_log: JsonLogOption = False,
) -> int:
    """Choose documents of a finished run anew, without scoring it again.

    Example: edufilter recut out --keep-at 2.5 --to out-2.5

    Texts are read from the input files of the run, which must still be there, as they were.
    """
    config = settings_of(RecutConfig, given)
    reporter = reporter_of(json_log)
    reporter.say(f"Looking for the scores of '{printable(config.run)}' ...")
    from pipelines.choosing.recut import estimate_recut, recut_run
    from pipelines.commands.printing.choice import print_choice

    if dry_run:
        print_choice(estimate_recut(config, reporter=reporter), config)
        return 0

    def tell(chosen: "Chosen") -> None:
        if not json_log:
            print_choice(chosen, config)
            return
        total = chosen.total.chosen
        reporter.event("chosen", documents=total.documents, used=total.used, tokens=total.tokens)

    verb = partial(recut_run, tell=tell)
    return _run(
        "recut", verb, config, reporter, no_report=no_report, no_samples=no_samples, json_log=json_log
    )


@takes(CompareConfig)
def compare_command(
    given: Given,
    no_samples: NoSamplesOption = False,
    as_json: JsonOption = False,
) -> int:
    """Tell what two selections over the same dump share, and what each of them has alone.

    Example: edufilter compare out out-2.5 --html compared.html
    """
    config = settings_of(CompareConfig, given)
    reporter = ConsoleReporter()
    reporter.say(f"Looking for the scores of '{printable(config.run)}' and '{printable(config.other)}' ...")
    from pipelines.choosing.compare import compare_runs
    from pipelines.commands.printing.tables import print_table
    from pipelines.page_kit.page import refuse_page
    from pipelines.reports.comparison_page import (
        kinds_table,
        overlap_in_words,
        slices_tables,
        write_comparison,
    )

    if config.html is not None:
        refuse_page(config.html)
    found = compare_runs(config, samples=not no_samples, reporter=reporter)
    if config.html is not None:
        write_comparison(found, config.html)
    if as_json:
        show(json.dumps(to_jsonable_python(found, inf_nan_mode="null")))
        return 0
    for table in (kinds_table(found), *slices_tables(found)):
        print_table(table.head, table.rows, title=table.caption)
        if table.note:
            show(table.note)
    show(overlap_in_words(found))
    if found.not_in_both:
        show(f"left out: {counted(found.not_in_both, 'document')} that one of the runs could not read")
    for one in found.not_compared:
        show(one)
    if config.html is not None:
        show(f"report: {printable(config.html)}")
    return 0


@takes(DecontaminateConfig, first=("against", "out", "leak_action", "text_column", "dry_run"))
def decontaminate_command(
    given: Given,
    dry_run: DryRunOption = False,
    no_report: NoReportOption = False,
    no_samples: NoSamplesOption = False,
    json_log: JsonLogOption = False,
) -> int:
    """Remove documents that hold tasks or solutions of a benchmark.

    Example: edufilter decontaminate dump --against HumanEval.jsonl.gz --out clean

    If a run is interrupted, the same command finishes it.
    """
    config = settings_of(DecontaminateConfig, given)
    reporter = reporter_of(json_log)
    reporter.say(f"Looking for the files of {some_of(config.inputs)} ...")
    if dry_run:
        from pipelines.commands.printing.leaks_estimate import print_leaks_estimate
        from pipelines.run.estimate_leaks import estimate_decontamination

        return print_leaks_estimate(estimate_decontamination(config), config.leak_action)
    from pipelines.run.filter import decontaminate_dump

    return _run(
        "decontaminate", decontaminate_dump, config, reporter,
        no_report=no_report, no_samples=no_samples, json_log=json_log,
    )  # fmt: skip


def _run(
    name: str,
    verb: Callable[..., "FilterResult"],
    config: RunSettings,
    reporter: ConsoleReporter,
    *,
    no_report: bool,
    no_samples: bool,
    json_log: bool,
) -> int:
    """Make a run, print what it did, and draw its report; return the exit code."""
    from pipelines.commands.printing.runs import print_result

    page_options = [name for name, given in ((NO_REPORT, no_report), (NO_SAMPLES, no_samples)) if given]
    try:
        result = verb(config, reporter=reporter, page_options=page_options)
    except KeyboardInterrupt as error:
        raise Interrupted(str(error)) from None
    if json_log:
        reporter.event("done", rows=result.rows, kept=result.kept, exit_code=result.exit_code)
    if no_report:
        code = print_result(result, since_s=reporter.began_s)
        from filtering.text.language_names import LANGUAGE_COLUMNS

        by_language = result.manifest["settings"].get("by") in LANGUAGE_COLUMNS  # of which a table was shown
        if result.manifest["scorer"] is not None and not by_language:
            from pipelines.run.upkeep import how_to_draw

            again = how_to_draw(result.out, samples=not no_samples)
            show(f"not told, since no report was made: what is kept of each language. To see it: {again}")
        return code
    from pipelines.commands.printing.slices import read_report
    from pipelines.reports.runs.report_result import report_result

    command = command_of(name, config, page_options)
    samples = False if no_samples else None  # as the run was begun
    page = report_result(result, command, samples=samples, reporter=reporter)
    code = print_result(result, None if page is None else read_report(result.out), since_s=reporter.began_s)
    if page is not None:
        show(f"report: {printable(str(page))}")
    return code


def status_command(out: OutArgument, as_json: JsonOption = False) -> int:
    """Print how far a run is.

    Example: edufilter status out
    """
    from dataclasses import asdict

    from pipelines.run.upkeep import status_of_run

    status = status_of_run(out)
    if as_json:
        show(json.dumps(asdict(status)))
    else:
        lacking = ", but for its page" if status.lacks_page else ""
        show(
            f"{status.state}{lacking}: {status.parts_done:,} of {status.parts:,} parts, "
            f"{status.rows_done:,} of {status.rows:,} documents, {status.set_aside:,} set aside"
        )
        if names := status.set_aside_names:
            more = " and others" if status.set_aside > len(names) else ""
            show(f"could not be read: {', '.join(map(printable, names))}{more}")
        if status.next_step:
            show(status.next_step)
    return 0


def verify_command(out: OutArgument) -> int:
    """Check that the files of a finished run are as they were written.

    Example: edufilter verify out
    """
    ConsoleReporter().say(f"Checking the files of '{out}' ...")
    from pipelines.run.upkeep import NO_FILE_OF_RUN, verify_run

    problems = verify_run(out)
    for problem in problems:
        show(problem)
    strange = sum(problem.endswith(NO_FILE_OF_RUN) for problem in problems)
    if problems:
        show(f"Problems: {len(problems)}.")
    if strange:
        show("What is not a file of this run nothing here removes: move it to another folder.")
    if len(problems) > strange:
        show(f"To mend damaged files, first run:\n  edufilter clean {shlex.quote(out)} --damaged")
    if not problems:
        show("all files are as they were written")
    return 1 if problems else 0


def clean_command(
    out: OutArgument,
    damaged: Annotated[
        bool,
        Option(
            "--damaged", help="Forget the parts whose files are damaged, so that the run makes them again."
        ),
    ] = False,
) -> int:
    """Forget, with --damaged, the damaged parts of a run, so that its command makes them again.

    Example: edufilter clean out --damaged
    """
    from pipelines.run.upkeep import clean_run

    if not damaged:
        raise SettingsError(
            "What to clean must be said with --damaged. It forgets the parts whose files are damaged. (Files "
            f"that a killed run left half-written are removed by the next run.)\n"
            f"  edufilter clean {shlex.quote(out)} --damaged"
        )
    cleaned = clean_run(out)
    show(f"{counted(cleaned.half_written, 'half-written file')} removed")
    show(f"{counted(cleaned.forgotten, 'part')} forgotten. {cleaned.next_step}".rstrip())
    return 0
