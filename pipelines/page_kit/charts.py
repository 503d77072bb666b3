"""Charts, drawn by altair as SVG, without a script; those of the pages have the colours of the page.

What makes SVG of them holds a browser's engine. That ends the process where it gets no memory, so it has a
process of its own.
"""

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from functools import lru_cache
from importlib.util import find_spec
from typing import Any

from filtering.errors import RunError
from filtering.extras import require
from filtering.rubric_points import POINTS
from pipelines.preflight import ADDRESSES, limit_of

LABEL_ABOVE = -9
"""Pixels from the top of the bars' area to the middle of the cut's label."""
DRAW = """
import json, sys, vl_convert
json.dump([vl_convert.vegalite_to_svg(chart) for chart in json.load(sys.stdin)], sys.stdout)
"""
DRAWING_S = 120
"""Seconds after which drawing is given up; it takes one."""
DRAWING_BYTES = 66 << 30
"""Addresses that V8 reserves when it starts, and some (vl_convert 1.9)."""
DRAWINGS_KEPT = 8
"""Drawings that a process remembers, of some ten kilobytes each."""
Sizes = Mapping[str, tuple[int, int]]
TITLES = {"rho": "rank correlation (rho)", "auc_at_3": "AUC at 3 points"}
"""Figures that a learning curve shows."""


def find_altair() -> Any:
    """Return the module `altair`; it is not imported before something is drawn.

    Raises
    ------
    MissingExtraError
        If the extra ``report`` is not installed.
    """
    if find_spec("vl_convert") is None:  # what draws SVG; not imported here
        require("report", "vl_convert")
    return require("report", "altair")


def refuse_few_addresses() -> None:
    """Refuse to draw where the engine that draws would not start, and libraries on the way there may hang.

    Raises
    ------
    RunError
        If this process may have too few addresses.
    """
    limit = limit_of(ADDRESSES)
    if limit is not None and limit < DRAWING_BYTES:
        raise RunError(
            f"Charts must be drawn where a process may have {DRAWING_BYTES / 1e9:.0f} GB of addresses, "
            f"not of memory. This one may have {limit / 1e9:.1f} GB (ulimit -v)."
        )


def draw_scores(kept: Sequence[int], dropped: Sequence[int], keep_at: float, sizes: Sizes) -> dict[str, str]:
    """Return the histogram of scores as SVG, of each size.

    Its colours are variables of the page's style, so that it follows the reader's light or dark mode.

    Parameters
    ----------
    kept, dropped : sequence of int
        Documents by score, in equal bins from 0 to the highest score.
    keep_at : float
        The cut, in rubric points.
    sizes : mapping
        Width and height in pixels, by name.

    Raises
    ------
    RunError
        If nothing could be drawn.
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
    return _of_each_size(alt.layer(bars, rule, label), sizes)


def draw_calibration(reliability: Sequence[tuple[int, float, float]], sizes: Sizes) -> dict[str, str]:
    """Return mean labels against mean scores as SVG, a point for each whole point of scores, of each size.

    Parameters
    ----------
    reliability : sequence of (int, float, float)
        Documents, mean score and mean label.
    sizes : mapping
        As for `draw_scores`, which says too what is raised.
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
    return _of_each_size(alt.layer(perfect.encode(x=axis_x, y=axis_y), line, marks), sizes)


def draw_flips(rows: Sequence[Mapping[str, Any]], sizes: Sizes) -> dict[str, str]:
    """Return shares of decisions that rewrites flip as SVG, with interval and aim, of each size.

    Parameters
    ----------
    rows : sequence of mapping
        ``rewrite``, and in percent ``share``, ``low``, ``high`` and ``aim``.
    sizes : mapping
        As for `draw_scores`, which says too what is raised.
    """
    alt = find_altair()
    base = alt.Chart(alt.Data(values=list(rows))).encode(
        y=alt.Y("rewrite:N", title=None, sort=None).axis(labelLimit=200)
    )
    axis_x = alt.X("share:Q", title="decisions that flip, %")
    interval = base.mark_rule(color="var(--kept)", strokeWidth=2).encode(x=alt.X("low:Q"), x2="high:Q")
    marks = base.mark_circle(color="var(--kept)", opacity=1, size=60).encode(x=axis_x)
    aim = base.mark_tick(color="var(--soft)", thickness=2).encode(x="aim:Q")
    return _of_each_size(alt.layer(aim, interval, marks), sizes)


def draw_learning_curve(rows: Sequence[Mapping[str, Any]]) -> str:
    """Return nested figures by number of labels and of groups as SVG, in its own colours: it is a file too.

    Parameters
    ----------
    rows : sequence of mapping
        ``effort``, ``drawn``, which names what is drawn along the axis, ``labels``, ``groups``, and mean and
        spread of each of `TITLES`.
    """
    alt = find_altair()
    (drawing,) = _svg(
        alt.vconcat(
            *(
                alt.hconcat(*(_learning_curve(of_one, drawn, figure) for figure in TITLES))
                for drawn in ("labels", "groups")
                if (of_one := [row for row in rows if row["drawn"] == drawn])
            )
        )
    )
    return drawing


def _learning_curve(rows: Sequence[Mapping[str, Any]], drawn: str, figure: str) -> Any:
    alt = find_altair()
    points = [
        {
            **{name: row[name] for name in ("effort", drawn, figure)},
            "low": row[figure] - row[f"{figure}_spread"],
            "high": row[figure] + row[f"{figure}_spread"],
        }
        for row in rows
    ]
    base = alt.Chart(alt.Data(values=points)).encode(
        x=alt.X(
            f"{drawn}:Q",
            scale=alt.Scale(type="log", nice=False, padding=12),
            axis=alt.Axis(values=sorted({row[drawn] for row in rows}), format=",d"),
            title=drawn,
        ),
        color=alt.Color("effort:N", title="effort"),
    )
    scale = alt.Scale(zero=False)
    title = TITLES[figure]
    band = base.mark_area(opacity=0.2).encode(y=alt.Y("low:Q", scale=scale, title=title), y2="high:Q")
    line = base.mark_line(point=True).encode(y=alt.Y(f"{figure}:Q", scale=scale, title=title))
    return (band + line).properties(width=300, height=220)


def _of_each_size(chart: Any, sizes: Sizes) -> dict[str, str]:
    drawings = _svg(*(_styled(chart, width, height) for width, height in sizes.values()))
    return dict(zip(sizes, drawings, strict=True))


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


def _svg(*charts: Any) -> tuple[str, ...]:
    return _drawn(json.dumps([chart.to_dict() for chart in charts]))


@lru_cache(maxsize=DRAWINGS_KEPT)
def _drawn(charts_json: str) -> tuple[str, ...]:
    """Draw charts, or have them from the last time: the engine takes half a second to start."""
    try:
        done = subprocess.run(
            [sys.executable, "-P", "-c", DRAW], input=charts_json.encode(), capture_output=True,
            timeout=DRAWING_S,
        )  # fmt: skip
    except (OSError, subprocess.SubprocessError) as error:
        raise RunError(f"Charts must be drawn by a process of their own. {type(error).__name__}.") from error
    if done.returncode:
        code = done.returncode
        end = f"signal {-code}" if code < 0 else f"exit code {code}"
        raise RunError(f"Charts must be drawn by vl_convert. It ended with {end}.")
    return tuple(json.loads(done.stdout))
