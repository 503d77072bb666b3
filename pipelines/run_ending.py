"""How the commands filter, decontaminate and recut end: totals are printed, and a report is drawn."""

from pipelines.printing import print_line, print_result
from pipelines.progress import ConsoleReporter
from pipelines.run_plan import FilterResult


def finish_run(
    result: FilterResult,
    command: str,
    reporter: ConsoleReporter,
    *,
    json_log: bool,
    no_report: bool,
    no_samples: bool,
) -> int:
    """Print what a run did and draw its report; return the exit code.

    Parameters
    ----------
    result : FilterResult
    command : str
        What made it, for the report.
    reporter : ConsoleReporter
    json_log, no_report, no_samples : bool
        The options of these names.
    """
    from pipelines.report import report_result

    if json_log:
        reporter.event("done", rows=result.rows, kept=result.kept, exit_code=result.exit_code)
    code = print_result(result)
    if not no_report:
        page = report_result(result, command, samples=not no_samples, reporter=reporter)
        if page is not None:
            print_line(f"report: {page}")
    return code
