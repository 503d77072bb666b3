"""The command that removes benchmark leaks; `commands.py` puts it under its name."""

import sys
from contextlib import redirect_stdout
from typing import Annotated

import typer

from pipelines.command_options import (
    ExecutorOption,
    InputsArgument,
    JsonLogOption,
    LeakActionOption,
    NewOutOption,
    NoReportOption,
    NoSamplesOption,
    RayAddressOption,
    RowsPerPartOption,
    StrictOption,
    TextColumnOption,
    UpdateOption,
    WorkersOption,
    reporter_of,
)
from pipelines.config_base import command_of
from pipelines.config_leaks import DecontaminateConfig
from pipelines.config_worker import ROWS_PER_PART
from pipelines.print_runs import print_result


def decontaminate_command(
    inputs: InputsArgument,
    out: NewOutOption,
    against: Annotated[
        list[str],
        typer.Option(
            metavar="BENCHMARK", help="Benchmark (.jsonl, .jsonl.gz, .parquet); may be given again."
        ),
    ],
    fields: Annotated[
        str | None,
        typer.Option(
            help="Which fields of the benchmarks hold what, like id=task_id,prompt=question,solution=answer. "
            "Default: as in HumanEval or MBPP."
        ),
    ] = None,
    action: LeakActionOption = "drop",
    text_column: TextColumnOption = None,
    rows_per_part: RowsPerPartOption = ROWS_PER_PART,
    workers: WorkersOption = None,
    executor: ExecutorOption = "local",
    ray_address: RayAddressOption = None,
    strict: StrictOption = False,
    update: UpdateOption = False,
    no_report: NoReportOption = False,
    no_samples: NoSamplesOption = False,
    json_log: JsonLogOption = False,
) -> int:
    """Find and remove what leaked from benchmarks: by n-grams, near matches, signatures and syntax trees.

    The same command goes on where an interrupted one was.
    """
    from pipelines.decontaminate import decontaminate_dump
    from pipelines.report import report_result

    config = DecontaminateConfig(
        inputs=tuple(inputs),
        out=out,
        against=tuple(against),
        fields=fields,
        action=action,
        text_column=text_column,
        rows_per_part=rows_per_part,
        workers=workers,
        executor=executor,
        ray_address=ray_address,
        strict=strict,
        update=update,
    )
    reporter = reporter_of(json_log)
    with redirect_stdout(sys.stderr):  # what Ray says is no result
        result = decontaminate_dump(config, reporter=reporter)
    if json_log:
        reporter.event("done", rows=result.rows, kept=result.kept, exit_code=result.exit_code)
    code = print_result(result)
    if not no_report:
        command = command_of("decontaminate", config, "inputs")
        page = report_result(result, command, samples=not no_samples, reporter=reporter)
        if page is not None:
            typer.echo(f"report: {page}")
    return code
