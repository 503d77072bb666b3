"""Makes the report of a run that has just come to its end, where there is something new to show.

So what draws is imported when it draws: a run that has nothing to do comes to its end at once.
"""

import shlex

from filtering.errors import EdufilterError
from filtering.printable import printable
from pipelines.paths import AnyPath
from pipelines.progress import Reporter
from pipelines.run.plan_to_manifest import FilterResult
from pipelines.store.run_folder import RunFolder


def report_result(result: FilterResult, command: str, *, samples: bool, reporter: Reporter) -> AnyPath | None:
    """Write the report of a run that has just come to its end, and return the path of its page.

    Where nothing was left to do the report that is there stays. A run is none the worse without one.

    Parameters
    ----------
    result : FilterResult
    command : str
        What made it.
    samples : bool
    reporter : Reporter
        Is told why there is no report.
    """
    page = RunFolder(result.out).run / "report.html"
    if not result.rows_scored and page.exists():
        return page
    from pipelines.reports.run_report_data import MadeBy
    from pipelines.reports.write_report import write_report

    made_by = MadeBy(command, result.rows_scored, result.seconds) if result.rows_scored else None
    try:
        return write_report(result.out, samples=samples, made_by=made_by, reporter=reporter)
    except Exception as error:  # whatever it is: the data are written, and the page can be drawn again
        known = isinstance(error, (EdufilterError, OSError))  # messages of others may hold texts
        why = f"{error}" if known else f"Drawing it ended with {type(error).__name__}."
        reporter.say(
            f"No report. {why} To draw it later: edufilter report {printable(shlex.quote(result.out))}"
        )
        return None
