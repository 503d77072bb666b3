"""Charts, drawn by Vega-Lite as SVG, without a script; those of the pages have the colours of the page.

Each is described here as Vega-Lite reads it. What makes SVG of that holds a browser's engine, which ends the
process where it gets no memory, so it has a process of its own.
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
from filtering.printable import printable
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
SCHEMA = "https://vega.github.io/schema/vega-lite/v6.json"
Sizes = Mapping[str, tuple[int, int]]
Chart = dict[str, Any]
"""A chart, or a part of one, as Vega-Lite reads it."""
FEW_TICKS = {"tickCount": 6}
DIFFERENCE = "difference to random, %"
TITLE_APART = {"tickCount": 5, "titlePadding": 10}
"""Of an axis whose numbers are wide."""
LETTER_PX = 7.2
"""Of a name beside an axis, on average and at most."""
NAME_PX = 125
"""Room for a name beside a chart. Fonts of a page are wider than those that the engine measures by."""
TITLES = {"rho": "rank correlation (rho)", "auc_at_3": "AUC at 3 points"}
"""Figures that a learning curve shows."""


def check_drawing() -> None:
    """Check that what draws is installed; it is imported in its own process alone.

    Raises
    ------
    MissingExtraError
        If the extra ``report`` is not installed.
    """
    if find_spec("vl_convert") is None:
        require("report", "vl_convert")


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


def draw_scores(
    kept: Sequence[int], dropped: Sequence[int], keep_at: float | None, sizes: Sizes
) -> dict[str, str]:
    """Return the histogram of scores as SVG, of each size.

    Its colours are variables of the page's style, so that it follows the reader's light or dark mode.

    Parameters
    ----------
    kept, dropped : sequence of int
        Documents by score, in equal bins from 0 to the highest score.
    keep_at : float, optional
        The cut, in rubric points; None where there is no one cut for all.
    sizes : mapping
        Width and height in pixels, by name.

    Raises
    ------
    RunError
        If nothing could be drawn.
    """
    bins = [
        {"from": i * POINTS / len(counts), "to": (i + 1) * POINTS / len(counts), "rows": rows, "what": what}
        for what, counts in (("kept", kept), ("dropped", dropped))
        for i, rows in enumerate(counts)
    ]
    axis_y = {"format": ",d", "tickCount": 5, "tickMinStep": 1}
    colors = {"domain": ["kept", "dropped"], "range": ["var(--kept)", "var(--dropped)"]}
    bars = {
        "data": {"values": bins},
        "mark": {"type": "bar", "binSpacing": 1},
        "encoding": {
            "x": _points("from", "score (rubric points)", bin="binned", grid=False),
            "x2": {"field": "to"},
            "y": _number("rows", stack=True, title=None, axis=axis_y),
            "color": _name("what", legend=None, scale=colors),
        },
    }
    cut = [] if keep_at is None else [{"at": keep_at, "label": f"cut {keep_at:.4g}"}]
    at = {"x": _number("at")}
    rule = {"type": "rule", "color": "var(--ink)", "strokeWidth": 1.5, "strokeDash": [5, 3]}
    label = {"type": "text", "color": "var(--ink)", "fontSize": 13, "fontWeight": 600}
    told = {**at, "y": {"value": LABEL_ABOVE}, "text": _name("label")}
    marks = [
        {"data": {"values": cut}, "mark": rule, "encoding": at},
        {"data": {"values": cut}, "mark": label, "encoding": told},
    ]
    return _of_each_size({"layer": [bars, *(marks if cut else ())]}, sizes)


def draw_calibration(reliability: Sequence[tuple[int, float, float]], sizes: Sizes) -> dict[str, str]:
    """Return mean labels against mean scores as SVG, a point for each whole point of scores, of each size.

    Parameters
    ----------
    reliability : sequence of (int, float, float)
        Documents, mean score and mean label.
    sizes : mapping
        As for `draw_scores`, which says too what is raised.
    """
    points = [{"score": score, "label": label, "rows": rows} for rows, score, label in reliability if rows]
    both = {"x": _points("score", "mean score"), "y": _points("label", "mean label")}
    ends = [{"score": 0, "label": 0}, {"score": POINTS, "label": POINTS}]
    perfect = {"type": "line", "color": "var(--soft)", "strokeDash": [4, 4]}
    line = {"type": "line", "color": "var(--kept)", "strokeWidth": 2}
    circles = {"type": "circle", "color": "var(--kept)", "opacity": 1}
    sized = {**both, "size": _number("rows", legend=None, scale={"range": [30, 300]})}
    layers = [
        {"data": {"values": ends}, "mark": perfect, "encoding": both},
        {"data": {"values": points}, "mark": line, "encoding": both},
        {"data": {"values": points}, "mark": circles, "encoding": sized},
    ]
    return _of_each_size({"layer": layers}, sizes)


def draw_flips(rows: Sequence[Mapping[str, Any]], sizes: Sizes) -> dict[str, str]:
    """Return shares of decisions that rewrites flip as SVG, with interval and aim, of each size.

    Parameters
    ----------
    rows : sequence of mapping
        ``rewrite``, and in percent ``share``, ``low``, ``high`` and ``aim``.
    sizes : mapping
        As for `draw_scores`, which says too what is raised.
    """
    # The engine measures with another font than the page draws with: it would cut names off.
    names_px = LETTER_PX * max((len(str(row["rewrite"])) for row in rows), default=0)
    of_one = {"y": _name("rewrite", title=None, sort=None, axis={"labelLimit": 200, "minExtent": names_px})}
    aim = {"type": "tick", "color": "var(--soft)", "thickness": 2}
    interval = {"type": "rule", "color": "var(--kept)", "strokeWidth": 2}
    share = {"type": "circle", "color": "var(--kept)", "opacity": 1, "size": 60}
    layers = [
        {"mark": aim, "encoding": {**of_one, "x": _number("aim")}},
        {"mark": interval, "encoding": {**of_one, "x": _number("low"), "x2": {"field": "high"}}},
        {"mark": share, "encoding": {**of_one, "x": _number("share", title="decisions that flip, %")}},
    ]
    return _of_each_size({"data": {"values": list(rows)}, "layer": layers}, sizes)


def draw_differences(
    rows: Sequence[Mapping[str, Any]], colors: Mapping[str, str], domain: tuple[float, float], sizes: Sizes
) -> dict[str, str]:
    """Return how arms differ from one of them as SVG, with intervals, a row an evaluation, of each size.

    Parameters
    ----------
    rows : sequence of mapping
        ``evaluation`` and ``arm``, and in percent ``value``, ``low`` and ``high``: below 0 is better.
    colors : mapping of str to str
        By arm; the marks of an evaluation stand in this order.
    domain : (float, float)
        Ends of the axis, on either side of 0.
    sizes : mapping
        As for `draw_scores`, which says too what is raised.
    """
    # Names are those of files: the engine ends at a control character.
    named = [{**row, "evaluation": printable(row["evaluation"])} for row in rows]
    ruled = {"grid": True, "tickBand": "extent", "domain": False, "ticks": False}
    axis_y = {**ruled, "labelLimit": NAME_PX - 15, "minExtent": NAME_PX}
    of_one = {
        "y": _name("evaluation", title=None, sort=None, axis=axis_y, scale={"paddingInner": 0}),
        "yOffset": _name("arm", sort=None, scale={"domain": list(colors), "padding": 0.7}),
        "color": _arm(colors),
    }
    scale = {"domain": list(domain), "nice": False}
    x = {"scale": scale, "title": DIFFERENCE, "axis": FEW_TICKS}
    interval, value = {"type": "rule", "strokeWidth": 2}, {"type": "circle", "opacity": 1, "size": 55}
    told = {"type": "text", "color": "var(--soft)", "fontSize": 12, "y": LABEL_ABOVE}
    sides = [
        {**told, "align": "right", "dx": -8, "text": "\u2190 better"},
        {**told, "align": "left", "dx": 8, "text": "worse \u2192"},
    ]
    layers = [
        _zero("x"),
        *(
            {"data": {"values": [{"at": 0}]}, "mark": side, "encoding": {"x": _number("at", **x)}}
            for side in sides
        ),
        {"mark": interval, "encoding": {**of_one, "x": _number("low", **x), "x2": {"field": "high"}}},
        {"mark": value, "encoding": {**of_one, "x": _number("value", **x)}},
    ]
    return _of_each_size({"data": {"values": named}, "layer": layers}, sizes)


def draw_losses(rows: Sequence[Mapping[str, Any]], colors: Mapping[str, str], sizes: Sizes) -> dict[str, str]:
    """Return loss curves as SVG, a line for each arm, of each size.

    Parameters
    ----------
    rows : sequence of mapping
        ``arm``, ``seen`` in millions of bytes, and ``bits`` for each byte.
    colors, sizes : mapping
        As for `draw_differences`.
    """
    encoding = {
        "x": _number("seen", title="text seen, MB", axis=FEW_TICKS),
        "y": _number("bits", title="bits per byte", scale={"zero": False}, axis=TITLE_APART),
        "color": _arm(colors),
    }
    mark = {"type": "line", "strokeWidth": 2}
    return _of_each_size({"data": {"values": list(rows)}, "mark": mark, "encoding": encoding}, sizes)


def draw_early(
    evaluations: Sequence[Sequence[Mapping[str, Any]]],
    colors: Mapping[str, str],
    whens: Sequence[str],
    size: tuple[int, int],
) -> tuple[str, ...]:
    """Return how arms differ from one of them while models are trained as SVG, one for each evaluation.

    Parameters
    ----------
    evaluations : sequence of sequence of mapping
        Each with ``arm`` and ``when``, and in percent ``value``.
    colors : mapping of str to str
        As for `draw_differences`.
    whens : sequence of str
        The times, in their order.
    size : (int, int)
        Width and height in pixels.
    """
    axis_x = {"labelAngle": 0, "grid": False}
    encoding = {
        "x": {"field": "when", "type": "ordinal", "sort": list(whens), "title": None, "axis": axis_x},
        "y": _number("value", title=DIFFERENCE, axis=TITLE_APART),
        "color": _arm(colors),
    }
    mark = {"type": "line", "strokeWidth": 2, "point": {"size": 40}}
    drawn = [
        {"layer": [_zero("y"), {"data": {"values": list(rows)}, "mark": mark, "encoding": encoding}]}
        for rows in evaluations
    ]
    return _svg(*(_styled(chart, *size) for chart in drawn)) if drawn else ()


def _arm(colors: Mapping[str, str]) -> Chart:
    scale = {"domain": list(colors), "range": list(colors.values())}
    return _name("arm", legend=None, scale=scale)


def _zero(axis: str) -> Chart:
    """Return a line where there is no difference."""
    return {
        "data": {"values": [{"at": 0}]},
        "mark": {"type": "rule", "color": "var(--soft)", "strokeDash": [4, 4]},
        "encoding": {axis: _number("at")},
    }


def draw_learning_curve(rows: Sequence[Mapping[str, Any]]) -> str:
    """Return nested figures by number of labels and of groups as SVG, in its own colours: it is a file too.

    Parameters
    ----------
    rows : sequence of mapping
        ``effort``, ``drawn``, which names what is drawn along the axis, ``labels``, ``groups``, and mean and
        spread of each of `TITLES`.
    """
    lines = [
        {"hconcat": [_learning_curve(of_one, drawn, figure) for figure in TITLES]}
        for drawn in ("labels", "groups")
        if (of_one := [row for row in rows if row["drawn"] == drawn])
    ]
    (drawing,) = _svg({"vconcat": lines})
    return drawing


def _learning_curve(rows: Sequence[Mapping[str, Any]], drawn: str, figure: str) -> Chart:
    points = [
        {
            **{name: row[name] for name in ("effort", drawn, figure)},
            "low": row[figure] - row[f"{figure}_spread"],
            "high": row[figure] + row[f"{figure}_spread"],
        }
        for row in rows
    ]
    scale = {"type": "log", "nice": False, "padding": 12}
    axis = {"values": sorted({row[drawn] for row in rows}), "format": ",d"}
    of_one = {
        "x": _number(drawn, scale=scale, axis=axis, title=drawn),
        "color": _name("effort", title="effort"),
    }
    low, middle = (_number(field, scale={"zero": False}, title=TITLES[figure]) for field in ("low", figure))
    band = {**of_one, "y": low, "y2": {"field": "high"}}
    layers = [
        {"mark": {"type": "area", "opacity": 0.2}, "encoding": band},
        {"mark": {"type": "line", "point": True}, "encoding": {**of_one, "y": middle}},
    ]
    return {"data": {"values": points}, "layer": layers, "width": 300, "height": 220}


def _number(field: str, **more: object) -> Chart:
    return {"field": field, "type": "quantitative", **more}


def _name(field: str, **more: object) -> Chart:
    return {"field": field, "type": "nominal", **more}


def _points(field: str, title: str, *, grid: bool = True, **more: object) -> Chart:
    """Return an axis of rubric points."""
    axis = {"values": list(range(POINTS + 1)), "format": "d", "grid": grid}
    return _number(field, title=title, scale={"domain": [0, POINTS]}, axis=axis, **more)


def _of_each_size(chart: Chart, sizes: Sizes) -> dict[str, str]:
    drawings = _svg(*(_styled(chart, width, height) for width, height in sizes.values()))
    return dict(zip(sizes, drawings, strict=True))


def _styled(chart: Chart, width: int, height: int) -> Chart:
    axis = {
        **dict.fromkeys(("domainColor", "gridColor", "tickColor"), "var(--line)"),
        **dict.fromkeys(("labelColor", "titleColor"), "var(--soft)"),
        **dict.fromkeys(("labelFontSize", "titleFontSize"), 12),
        "titleFontWeight": "normal",
    }
    config = {"autosize": {"type": "fit", "contains": "padding"}, "view": {"stroke": None}, "axis": axis}
    return {**chart, "width": width, "height": height, "background": "transparent", "config": config}


def _svg(*charts: Chart) -> tuple[str, ...]:
    check_drawing()
    return _drawn(json.dumps([{"$schema": SCHEMA, **chart} for chart in charts]))


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
