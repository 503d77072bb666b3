"""Charts, drawn by altair as SVG, without a script; those of the pages have the colours of the page."""

import io
from collections.abc import Mapping, Sequence
from typing import Any

from filtering.extras import require
from filtering.rubric_points import POINTS

LABEL_ABOVE = -9
"""Pixels from the top of the bars' area to the middle of the cut's label."""
TITLES = {"rho": "rank correlation (rho)", "auc_at_3": "area under the curve at 3"}
"""Figures that a learning curve shows."""


def find_altair() -> Any:
    """Return the module `altair`; it is not imported before something is drawn.

    Raises
    ------
    MissingExtraError
        If the extra ``report`` is not installed.
    """
    require("report", "vl_convert")  # what altair draws SVG with
    return require("report", "altair")


def draw_scores(
    kept: Sequence[int], dropped: Sequence[int], keep_at: float, *, width: int, height: int
) -> str:
    """Return the histogram of scores as SVG.

    Its colours are variables of the page's style, so that it follows the reader's light or dark mode.

    Parameters
    ----------
    kept, dropped : sequence of int
        Documents by score, in equal bins from 0 to the highest score.
    keep_at : float
        The cut, in rubric points.
    width, height : int
        In pixels.
    """
    alt = find_altair()
    bins = [
        {"from": i * POINTS / len(counts), "to": (i + 1) * POINTS / len(counts), "rows": rows, "what": what}
        for what, counts in (("kept", kept), ("dropped", dropped))
        for i, rows in enumerate(counts)
    ]
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
    return _svg(_styled(alt.layer(bars, rule, label), width, height))


def draw_calibration(reliability: Sequence[tuple[int, float, float]], *, width: int, height: int) -> str:
    """Return mean labels against mean scores as SVG, a point for each whole point of scores.

    Parameters
    ----------
    reliability : sequence of (int, float, float)
        Documents, mean score and mean label.
    width, height : int
        In pixels.
    """
    alt = find_altair()
    points = [{"score": score, "label": label, "rows": rows} for rows, score, label in reliability if rows]
    scale = alt.Scale(domain=[0, POINTS])
    axis = {"values": list(range(POINTS + 1)), "format": "d"}
    axis_x = alt.X("score:Q", title="mean score", scale=scale).axis(**axis)
    axis_y = alt.Y("label:Q", title="mean label", scale=scale).axis(**axis)
    ends = [{"score": 0, "label": 0}, {"score": POINTS, "label": POINTS}]
    perfect = alt.Chart(alt.Data(values=ends)).mark_line(color="var(--soft)", strokeDash=[4, 4])
    base = alt.Chart(alt.Data(values=points)).encode(x=axis_x, y=axis_y)
    line = base.mark_line(color="var(--kept)", strokeWidth=2)
    marks = base.mark_circle(color="var(--kept)", opacity=1).encode(
        size=alt.Size("rows:Q", legend=None).scale(range=[30, 300])
    )
    return _svg(_styled(alt.layer(perfect.encode(x=axis_x, y=axis_y), line, marks), width, height))


def draw_learning_curve(rows: Sequence[Mapping[str, Any]]) -> str:
    """Return nested figures against the number of labels as SVG, in colours of its own: it is a file too.

    Parameters
    ----------
    rows : sequence of mapping
        ``effort``, ``labels``, and mean and spread of each of `TITLES`.
    """
    alt = find_altair()
    charts = []
    for figure, title in TITLES.items():
        points = [
            {
                **{name: row[name] for name in ("effort", "labels", figure)},
                "low": row[figure] - row[f"{figure}_spread"],
                "high": row[figure] + row[f"{figure}_spread"],
            }
            for row in rows
        ]
        base = alt.Chart(alt.Data(values=points)).encode(
            x=alt.X(
                "labels:Q",
                scale=alt.Scale(type="log", nice=False, padding=12),
                axis=alt.Axis(values=sorted({row["labels"] for row in rows}), format=",d"),
                title="labels",
            ),
            color=alt.Color("effort:N", title="effort"),
        )
        scale = alt.Scale(zero=False)
        band = base.mark_area(opacity=0.2).encode(y=alt.Y("low:Q", scale=scale, title=title), y2="high:Q")
        line = base.mark_line(point=True).encode(y=alt.Y(f"{figure}:Q", scale=scale, title=title))
        charts.append((band + line).properties(width=300, height=220))
    return _svg(alt.hconcat(*charts))


def _styled(chart: Any, width: int, height: int) -> Any:
    return (
        chart.properties(width=width, height=height, background="transparent")
        .configure(autosize=find_altair().AutoSizeParams(type="fit", contains="padding"))
        .configure_view(stroke=None)
        .configure_axis(
            **dict.fromkeys(("domainColor", "gridColor", "tickColor"), "var(--line)"),
            **dict.fromkeys(("labelColor", "titleColor"), "var(--soft)"),
            **dict.fromkeys(("labelFontSize", "titleFontSize"), 12),
            titleFontWeight="normal",
        )
    )


def _svg(chart: Any) -> str:
    drawing = io.StringIO()
    chart.save(drawing, format="svg")
    return drawing.getvalue()
