"""Makes the report of a run that has just come to its end, where there is something new to show.

So what draws is imported when it draws: a run that has nothing to do comes to its end at once.
"""

from filtering.errors import EdufilterError
from pipelines.object_stores import AnyPath
from pipelines.progress import Reporter
from pipelines.run.plan_to_manifest import FilterResult
from pipelines.run.upkeep import how_to_draw
from pipelines.run_folder.folder import RunFolder


def fresh_page(out: str) -> AnyPath | None:
    """Return the page of a finished run, where it has one with ``report.json`` of what the run holds now.

    Raises
    ------
    OutputError
        If `out` holds no finished run.
    """
    folder = RunFolder(out)
    folder.read_finished_plan()
    try:
        is_fresh = folder.read_json(folder.run / "report.json").get("manifest") == folder.read_manifest()
    except (EdufilterError, OSError):  # there is none, or none that can be read
        return None
    return folder.page if is_fresh and folder.page.exists() else None


def report_result(
    result: FilterResult, command: str, *, samples: bool | None, reporter: Reporter
) -> AnyPath | None:
    """Write the report of a run that has just come to its end, and return the path of its page.

    Where nothing was left to do the report that is there stays, and one that is lacking is made: the run was
    killed while that was drawn, say. A run is none the worse without one.

    Parameters
    ----------
    result : FilterResult
    command : str
        What made it.
    samples : bool, optional
        As for `write_report`.
    reporter : Reporter
        Is told why there is no report.
    """
    page = RunFolder(result.out).page
    if not result.rows_scored and page.exists():
        return page
    reporter.say(
        "Making the report ..." if result.rows_scored else "Making the report, which is not there yet ..."
    )
    from pipelines.reports.runs.run_report_data import MadeBy
    from pipelines.reports.runs.write_report import write_report

    made_by = MadeBy(command, result.rows_scored, result.seconds) if result.rows_scored else None
    try:
        return write_report(result.out, samples=samples, made_by=made_by, reporter=reporter)
    except Exception as error:  # whatever it is: the data are written, and the page can be drawn again
        known = isinstance(error, (EdufilterError, OSError))  # messages of others may hold texts
        why = f"{error}" if known else f"Drawing it ended with {type(error).__name__}."
        again = how_to_draw(result.out, samples=samples is not False)
        reporter.say(f"No report. {why} To draw it later: {again}")
        return None
