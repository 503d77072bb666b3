"""Charts of the pages, drawn by altair as SVG: with the colours of the page, and without a script."""

import io
from collections.abc import Sequence
from filtering.extras import require
from filtering.points import POINTS
from pipelines.picks import BINS_PER_POINT
from pipelines.report_data import RunReport
from typing import Any


CHARTS = {"wide": (1200, 260), "narrow": (340, 230)}
"""Width and height of the two drawings in pixels; the style shows the one that fits the screen."""
CALIBRATION = {"wide": (1200, 380), "narrow": (340, 300)}
LABEL_ABOVE = -9
"""Pixels from the top of the bars' area to the middle of the cut's label."""


def draw_scores(report: RunReport, width: int, height: int) -> str:
    """Return the histogram of scores as SVG.

    Its colours are variables of the page's style, so that it follows the reader's light or dark mode.
    """
    alt = require("report", "altair")
    require("report", "vl_convert")  # what altair draws SVG with
    bins = [
        {"from": i / BINS_PER_POINT, "to": (i + 1) / BINS_PER_POINT, "rows": rows, "what": what}
        for what, counts in (("kept", report.kept_bins), ("dropped", report.dropped_bins))
        for i, rows in enumerate(counts)
    ]
    keep_at = float(report.manifest["settings"]["keep_at"])
    axis_x = (
        alt.X("from:Q", bin="binned", title="score (rubric points)")
        .scale(domain=[0, POINTS])
        .axis(values=list(range(POINTS + 1)), format="d", grid=False)
    )
    axis_y = alt.Y("rows:Q", stack=True, title=None).axis(format=",d", tickCount=5, tickMinStep=1)
    colors = alt.Scale(domain=["kept", "dropped"], range=["var(--kept)", "var(--dropped)"])
    bars = (
        alt.Chart(alt.Data(values=bins))
        .mark_bar(binSpacing=1)
        .encode(x=axis_x, x2="to:Q", y=axis_y, color=alt.Color("what:N", legend=None, scale=colors))
    )
    marked = alt.Chart(alt.Data(values=[{"at": keep_at, "label": f"cut {keep_at:.4g}"}])).encode(x="at:Q")
    rule = marked.mark_rule(color="var(--ink)", strokeWidth=1.5, strokeDash=[5, 3])
    label = marked.mark_text(color="var(--ink)", fontSize=13, fontWeight=600)
    label = label.encode(y=alt.value(LABEL_ABOVE), text="label:N")
    return _svg(alt.layer(bars, rule, label), width, height)


def draw_calibration(reliability: Sequence[tuple[int, float, float]], width: int, height: int) -> str:
    """Return mean labels against mean scores as SVG, a point for each whole point of scores.

    Parameters
    ----------
    reliability : sequence of (int, float, float)
        As in `pipelines.evaluate.Evaluation`.
    width, height : int
        In pixels.
    """
    alt = require("report", "altair")
    require("report", "vl_convert")
    points = [{"score": score, "label": label, "rows": rows} for rows, score, label in reliability if rows]
    scale = alt.Scale(domain=[0, POINTS])
    axis_x = alt.X("score:Q", title="mean score", scale=scale).axis(
        values=list(range(POINTS + 1)), format="d"
    )
    axis_y = alt.Y("label:Q", title="mean label", scale=scale).axis(
        values=list(range(POINTS + 1)), format="d"
    )
    ends = [{"score": 0, "label": 0}, {"score": POINTS, "label": POINTS}]
    perfect = alt.Chart(alt.Data(values=ends)).mark_line(color="var(--soft)", strokeDash=[4, 4])
    base = alt.Chart(alt.Data(values=points)).encode(x=axis_x, y=axis_y)
    line = base.mark_line(color="var(--kept)", strokeWidth=2)
    marks = base.mark_circle(color="var(--kept)", opacity=1).encode(
        size=alt.Size("rows:Q", legend=None).scale(range=[30, 300])
    )
    return _svg(alt.layer(perfect.encode(x=axis_x, y=axis_y), line, marks), width, height)


def _svg(chart: Any, width: int, height: int) -> str:
    alt = require("report", "altair")
    styled = (
        chart.properties(width=width, height=height, background="transparent")
        .configure(autosize=alt.AutoSizeParams(type="fit", contains="padding"))
        .configure_view(stroke=None)
        .configure_axis(
            **dict.fromkeys(("domainColor", "gridColor", "tickColor"), "var(--line)"),
            **dict.fromkeys(("labelColor", "titleColor"), "var(--soft)"),
            **dict.fromkeys(("labelFontSize", "titleFontSize"), 12),
            titleFontWeight="normal",
        )
    )
    drawing = io.StringIO()
    styled.save(drawing, format="svg")
    return drawing.getvalue()
