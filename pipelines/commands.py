"""The commands: each turns options into settings, calls one verb, and prints what came of it.

Results go to standard output, progress and errors to standard error.
"""

import json
import shlex
import sys
from collections.abc import Sequence
from contextlib import redirect_stdout
from typing import TYPE_CHECKING, Annotated

import typer
from typer.exceptions import TyperException

from filtering.documents import REASONS
from filtering.embedders import Placement
from filtering.errors import EdufilterError, Interrupted, LabelsError, ScorerError, SettingsError
from pipelines.amounts import duration
from pipelines.command_options import (
    DeviceOption,
    EffortOption,
    EmbedderFolderOption,
    ExecutorOption,
    InputsArgument,
    JsonLogOption,
    JsonOption,
    LeakActionOption,
    NewOutOption,
    NoReportOption,
    NoSamplesOption,
    OutArgument,
    RayAddressOption,
    RowsPerPartOption,
    ScorerOption,
    StrictOption,
    TextColumnOption,
    TrustOption,
    UpdateOption,
    WorkersOption,
    reporter_of,
)
from pipelines.config import FilterConfig, OnDrift, RecutConfig, RecutWrite
from pipelines.config_base import KEEP_AT, Write, command_of
from pipelines.config_worker import ROWS_PER_PART
from pipelines.decontaminate_command import decontaminate_command
from pipelines.explain_command import explain_command
from pipelines.label_commands import (
    agreement_command,
    annotate_command,
    distill_command,
    evaluate_command,
    sample_command,
    train_command,
)
from pipelines.print_runs import print_result
from pipelines.progress import ConsoleReporter
from pipelines.text_arguments import read_text
from pipelines.threshold_command import threshold_command

if TYPE_CHECKING:
    from pipelines.filter import FilterResult

app = typer.Typer(
    help="Keep the part of a web or code dump that teaches: Parquet in, Parquet out.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def run(arguments: Sequence[str]) -> int:
    """Run a command line; return its exit code."""
    try:
        outcome = app(args=list(arguments), standalone_mode=False)
        # typer turns Ctrl-C into this code by itself, and says nothing.
        return _interrupted(arguments) if outcome == 130 else outcome if isinstance(outcome, int) else 0
    except (KeyboardInterrupt, Interrupted, typer.Abort):
        return _interrupted(arguments)
    except (SettingsError, LabelsError, ScorerError) as error:
        return _fail(error, 2)
    except (EdufilterError, OSError) as error:
        return _fail(error, 1)
    except TyperException as error:
        if hasattr(error, "show"):  # usage errors also print the usage line
            error.show()
        else:
            sys.stderr.write(f"Error: {error}\n")
        return error.exit_code


def _interrupted(arguments: Sequence[str]) -> int:
    resumable = bool(arguments) and arguments[0] in ("filter", "recut", "decontaminate", "annotate")
    again = shlex.join(["edufilter", *arguments])
    how = f" What was finished stays; go on with:\n  {again}" if resumable else ""
    sys.stderr.write(f"\nInterrupted.{how}\n")
    return 130


def _fail(error: BaseException, code: int) -> int:
    sys.stderr.write(f"Error: {error}\n")
    return code


@app.command("filter")
def filter_command(
    inputs: InputsArgument,
    out: NewOutOption,
    scorer: ScorerOption = "web",
    text_column: TextColumnOption = None,
    keep_at: Annotated[
        float, typer.Option(help="Rubric points (0 to 5) from which a document is kept.")
    ] = KEEP_AT,
    write: Annotated[
        Write,
        typer.Option(help="Rows in OUT/data: kept; all, with edu_keep and edu_reason; or scores alone."),
    ] = "kept",
    effort: EffortOption = "balanced",
    max_disagreement: Annotated[
        float | None,
        typer.Option(
            help="For effort balanced: share of documents that it may decide otherwise than effort full. "
            "Default: 0.01."
        ),
    ] = None,
    full_fraction: Annotated[
        float | None,
        typer.Option(help="For effort balanced, instead: share of documents that are embedded."),
    ] = None,
    audit: Annotated[
        int | None,
        typer.Option(
            help="For effort balanced: documents embedded to measure that. Default: at most 1,000 "
            "and 2 % of the rows."
        ),
    ] = None,
    rules: Annotated[
        str | None,
        typer.Option(
            help="What is a reason to score no document: license-only, generated, minified, too-short, data, "
            "with commas, or none. Default: all for scorers of code, else none."
        ),
    ] = None,
    on_drift: Annotated[
        OnDrift,
        typer.Option(help="Where that share turns out larger on this dump: warn, or fail (exit code 4)."),
    ] = "warn",
    device: DeviceOption = "auto",
    embedder: EmbedderFolderOption = None,
    trust_remote_code: TrustOption = False,
    score_column: Annotated[str, typer.Option(help="Name of the column of scores.")] = "edu_score",
    rows_per_part: RowsPerPartOption = ROWS_PER_PART,
    workers: WorkersOption = None,
    executor: ExecutorOption = "local",
    ray_address: RayAddressOption = None,
    strict: StrictOption = False,
    update: UpdateOption = False,
    decontaminate: Annotated[
        list[str] | None,
        typer.Option(
            metavar="BENCHMARK",
            help="Benchmark (.jsonl, .jsonl.gz, .parquet) whose leaks must not be kept; may be given again.",
        ),
    ] = None,
    leak_action: LeakActionOption = "drop",
    dry_run: Annotated[
        bool,
        typer.Option("--dry-run", help="Print the plan and an estimate from some timed rows; write nothing."),
    ] = False,
    no_report: NoReportOption = False,
    no_samples: NoSamplesOption = False,
    json_log: JsonLogOption = False,
) -> int:
    """Score every document of a dump and keep those that teach.

    The same command goes on where an interrupted one was.
    """
    from pipelines.filter import WHAT_SCORES, estimate_run, filter_dump

    config = FilterConfig(
        inputs=tuple(inputs),
        out=out,
        scorer=scorer,
        text_column=text_column,
        keep_at=keep_at,
        write=write,
        effort=effort,
        max_disagreement=max_disagreement,
        full_fraction=full_fraction,
        audit=audit,
        rules=rules,
        on_drift=on_drift,
        device=device,
        embedder=embedder,
        trust_remote_code=trust_remote_code,
        score_column=score_column,
        rows_per_part=rows_per_part,
        workers=workers,
        executor=executor,
        ray_address=ray_address,
        strict=strict,
        update=update,
        decontaminate=tuple(decontaminate or ()),
        leak_action=leak_action,
    )
    if dry_run:
        estimate = estimate_run(config)
        plan = estimate.plan
        files = len({part.relative for part in plan.parts})
        typer.echo(f"plan: {plan.rows:,} rows in {files:,} files, {len(plan.parts):,} parts")
        if estimate.rows_left < plan.rows:
            typer.echo(f"done already: {plan.rows - estimate.rows_left:,} rows")
        typer.echo(
            f"text column: {estimate.text_column}; scorer: {scorer}; effort: {effort} ({WHAT_SCORES[effort]})"
        )
        typer.echo(
            f"estimate from {estimate.sampled_rows:,} rows at the beginning of a few files: "
            f"{duration(estimate.seconds)}, "
            f"{100 * estimate.kept_share:.1f} % kept, {100 * estimate.unlike_share:.1f} % unlike the seed"
        )
        for one in plan.set_aside:
            typer.echo(f"set aside: {one.relative}: {one.why}")
        return 3 if plan.set_aside else 0
    reporter = reporter_of(json_log)
    with redirect_stdout(sys.stderr):  # what Ray says is no result
        result = filter_dump(config, reporter=reporter)
    if json_log:
        reporter.event("done", rows=result.rows, kept=result.kept, exit_code=result.exit_code)
    code = print_result(result)
    if not no_report:
        _report(result, command_of("filter", config, "inputs"), samples=not no_samples, reporter=reporter)
    return code


def _report(result: "FilterResult", command: str, *, samples: bool, reporter: ConsoleReporter) -> None:
    from pipelines.report import report_result

    page = report_result(result, command, samples=samples, reporter=reporter)
    if page is not None:
        typer.echo(f"report: {page}")


@app.command("recut")
def recut_command(
    out: OutArgument,
    to: Annotated[str, typer.Option("--to", help="Folder of the new run.")],
    keep_at: Annotated[
        float | None, typer.Option(help="Rubric points from which a document is kept.")
    ] = None,
    keep_fraction: Annotated[
        float | None, typer.Option(help="Share of all rows to keep, exactly, in (0, 1].")
    ] = None,
    write: Annotated[RecutWrite, typer.Option(help="Rows in the new OUT/data: kept, or all.")] = "kept",
    rescore: Annotated[
        bool,
        typer.Option("--rescore", help="Embed the rows about which signals are not sure at this cut."),
    ] = False,
    device: DeviceOption = "auto",
    embedder: EmbedderFolderOption = None,
    trust_remote_code: TrustOption = False,
    workers: WorkersOption = None,
    executor: ExecutorOption = "local",
    ray_address: RayAddressOption = None,
    no_report: NoReportOption = False,
    no_samples: NoSamplesOption = False,
    json_log: JsonLogOption = False,
) -> int:
    """Cut a finished run anew from its stored scores."""
    from pipelines.recut import recut_run

    config = RecutConfig(
        run=out,
        to=to,
        keep_at=keep_at,
        keep_fraction=keep_fraction,
        write=write,
        rescore=rescore,
        device=device,
        embedder=embedder,
        trust_remote_code=trust_remote_code,
        workers=workers,
        executor=executor,
        ray_address=ray_address,
    )
    reporter = reporter_of(json_log)
    with redirect_stdout(sys.stderr):  # what Ray says is no result
        result = recut_run(config, reporter=reporter)
    code = print_result(result)
    if not no_report:
        _report(result, command_of("recut", config, "run"), samples=not no_samples, reporter=reporter)
    return code


@app.command("score")
def score_command(
    files: Annotated[list[str], typer.Argument(metavar="FILE...", help="Text files; - is standard input.")],
    scorer: ScorerOption = "web",
    effort: EffortOption = "fast",
    device: DeviceOption = "auto",
    embedder: EmbedderFolderOption = None,
    trust_remote_code: TrustOption = False,
    as_json: JsonOption = False,
) -> int:
    """Print the score of each text file, in rubric points."""
    from pipelines.scorers import open_scorer

    texts = [read_text(name, instead="Use 'edufilter filter' for it.") for name in files]
    placement = Placement(device=device, folder=embedder, trust_remote_code=trust_remote_code)
    scores = open_scorer(scorer, effort, placement).score(texts)
    for name, value, reason in zip(files, scores.value, scores.reason, strict=True):
        if as_json:
            score = None if reason else round(float(value), 4)
            typer.echo(json.dumps({"file": name, "score": score, "reason": REASONS[reason] or None}))
        else:
            typer.echo(f"{REASONS[reason] if reason else f'{value:.2f}'}\t{name}")
    return 0


app.command("explain")(explain_command)
app.command("sample")(sample_command)
app.command("annotate")(annotate_command)
app.command("agreement")(agreement_command)
app.command("train")(train_command)
app.command("distill")(distill_command)
app.command("evaluate")(evaluate_command)
app.command("threshold")(threshold_command)
app.command("decontaminate")(decontaminate_command)


@app.command("status")
def status_command(out: OutArgument, as_json: JsonOption = False) -> int:
    """Print where a run stands."""
    from dataclasses import asdict

    from pipelines.upkeep import status_of_run

    status = status_of_run(out)
    if as_json:
        typer.echo(json.dumps(asdict(status)))
    else:
        typer.echo(
            f"{status.state}: {status.parts_done:,} of {status.parts:,} parts, {status.rows_done:,} of "
            f"{status.rows:,} rows, {status.set_aside:,} set aside"
        )
    return 0


@app.command("verify")
def verify_command(out: OutArgument) -> int:
    """Read back everything that a finished run wrote, and compare it with its manifest."""
    from pipelines.upkeep import verify_run

    problems = verify_run(out)
    for problem in problems:
        typer.echo(problem)
    if problems:
        typer.echo(
            f"Problems: {len(problems)}. To mend damaged files: 'edufilter clean {out} --damaged', then the "
            "command that began the run."
        )
    else:
        typer.echo("all files are as they were written")
    return 1 if problems else 0


@app.command("clean")
def clean_command(
    out: OutArgument,
    damaged: Annotated[
        bool, typer.Option("--damaged", help="Also forget parts whose files are not as they were written.")
    ] = False,
) -> int:
    """Remove what a killed run left half-written; whole files stay."""
    from pipelines.upkeep import clean_run

    cleaned = clean_run(out, damaged=damaged)
    typer.echo(f"{cleaned.half_written} half-written files removed")
    if damaged:
        typer.echo(f"{cleaned.forgotten} parts forgotten; the command that began the run makes them again")
    return 0


@app.command("report")
def report_command(
    out: OutArgument,
    labels: Annotated[
        str | None,
        typer.Option(
            metavar="LABELS",
            help="Labels of documents of this run, by people say: a filled-in sample will do.",
        ),
    ] = None,
    label_at: Annotated[
        float, typer.Option(help="Points from which a label says that a document is good.")
    ] = KEEP_AT,
    no_samples: NoSamplesOption = False,
) -> int:
    """Draw OUT/run/report.html of a finished run anew: scores, kept shares, documents to read."""
    from pipelines.report import write_report

    typer.echo(str(write_report(out, samples=not no_samples, labels=labels, label_at=label_at)))
    return 0


@app.command("demo")
def demo_command(
    out: Annotated[
        str, typer.Argument(metavar="[OUT]", help="Folder for the demo; made anew each time.")
    ] = "demo",
    decontaminate: Annotated[
        list[str] | None,
        typer.Option(
            metavar="BENCHMARK", help="Benchmark whose leaks are looked for in the code, HumanEval say."
        ),
    ] = None,
) -> int:
    """Filter real files of this machine, web and code, with the shipped scorers."""
    from pipelines.demo import run_demo

    run_demo(out, reporter=ConsoleReporter(), decontaminate=decontaminate or ())
    return 0


def _version(show: bool) -> None:
    if show:
        from importlib.metadata import version

        typer.echo(version("edufilter"))
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Keep the part of a web or code dump that teaches: Parquet in, Parquet out."""
