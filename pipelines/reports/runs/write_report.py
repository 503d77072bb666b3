"""Makes the report of a run: ``report.json``, and the page that shows it."""

import shlex
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor

from pydantic_core import to_jsonable_python

from filtering.errors import EdufilterError, OutputError
from filtering.printable import printable
from pipelines.amount_formats import counted
from pipelines.object_stores import AnyPath
from pipelines.page_kit.svg_charts import draw_scores, refuse_few_addresses
from pipelines.progress import ConsoleReporter, Reporter
from pipelines.reports.runs.run_page import render_page
from pipelines.reports.runs.run_report_data import MadeBy, gather_report
from pipelines.run_folder.folder import RunFolder

FORMAT = 3
"""Number of the layout of ``report.json``."""
DRAWINGS = {"wide": (1200, 260), "narrow": (340, 230)}
"""Width and height of the two drawings in pixels; the style shows the one that fits the screen."""


def write_report(
    out: str, *, samples: bool | None = None, made_by: MadeBy | None = None, reporter: Reporter | None = None
) -> AnyPath:
    """Write ``OUT/run/report.json`` and ``report.html`` of a finished run, and return the path of the page.

    Parameters
    ----------
    out : str
    samples : bool, optional
        Whether to show documents; not for confidential ones. If not given, those of a run that was begun with
        ``--no-samples`` are not shown.
    made_by : MadeBy, optional
        What made the run; what an earlier report says if not given.
    reporter : Reporter, optional
        What is told about progress; standard error if not given.

    Raises
    ------
    OutputError
        If `out` holds no finished run; or it has a page, and inputs cannot be read again to draw that anew.
    MissingExtraError
        If the extra ``report`` is not installed.
    RunError
        If it cannot be drawn here, for want of memory say.
    """
    refuse_few_addresses()
    folder, reporter = RunFolder(out), reporter or ConsoleReporter()
    samples = folder.read_plan().shows_documents if samples is None else samples
    data, page = folder.run / "report.json", folder.page
    with ThreadPoolExecutor(1) as beside:  # the engine that draws takes as long as the documents do
        drawings: list[Future[dict[str, str]]] = []

        def draw(kept: Sequence[int], dropped: Sequence[int], keep_at: float | None) -> None:
            if kept:  # not where the run stores no scores
                drawings.append(beside.submit(draw_scores, kept, dropped, keep_at, DRAWINGS))

        is_drawn_again = made_by is None
        made_by = made_by or _made_by(folder, data) or _by_plan(folder)
        report = gather_report(out, samples=samples, made_by=made_by, counted=draw, reporter=reporter)
        if report.unread and is_drawn_again and page.exists():
            raise OutputError(_why_it_stays(report.unread, page))
        folder.write_json(data, {"format": FORMAT, **to_jsonable_python(report, inf_nan_mode="null")})
        charts = drawings[0].result() if drawings else {}
    if report.unread:
        reporter.say(
            f"Warning: the documents of {counted(len(report.unread), 'input')} cannot be read again. The "
            f"page shows none of them. {_first_of(report.unread)}"
        )
    folder.write_bytes(page, render_page(report, charts).encode(errors="replace"))
    return page


def _why_it_stays(unread: Mapping[str, str], page: AnyPath) -> str:
    """Return why a page is not replaced by one that would show less."""
    return (
        f"The inputs must be where the run read them. {counted(len(unread), 'input')} cannot be read again, "
        f"and the page that is there stays: a new one would show less. {_first_of(unread)} Put them back; or "
        f"move {printable(str(page))} away, to have a page without their documents."
    )


def _first_of(unread: Mapping[str, str]) -> str:
    return f"The first: {printable(str(next(iter(unread.values()))))}"


def _by_plan(folder: RunFolder) -> MadeBy | None:
    """Return the command of a run that had no report so far."""
    command = folder.read_plan().command
    return MadeBy(shlex.join(command), 0, 0.0) if command else None


def _made_by(folder: RunFolder, data: AnyPath) -> MadeBy | None:
    try:
        found = folder.read_json(data)["made_by"]
        return MadeBy(**found) if isinstance(found, Mapping) else None
    except (EdufilterError, OSError, ValueError, KeyError, TypeError):  # there is none, or an older one
        return None
