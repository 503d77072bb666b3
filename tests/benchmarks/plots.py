"""Draws quality against speed, and what a cascade decides otherwise against what it costs; white behind."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import altair

OWN, OTHERS = "edufilter", "others"
COLORS = altair.Scale(domain=[OWN, OTHERS], range=["#1f6fb4", "#c1521f"])
SIZE = {"width": 380, "height": 280}


def draw_side_by_side(points: Sequence[dict[str, Any]], marks: Sequence[dict[str, Any]], path: Path) -> None:
    """Draw the area under the curve at 3 against documents a second.

    Parameters
    ----------
    points : sequence of dict
        With domain, name, whose (`OWN` or `OTHERS`), speed and auc.
    marks : sequence of dict
        With domain, name and speed, of what has no quality: upright lines.
    path : Path
        SVG file.
    """
    charts = []
    for domain in dict.fromkeys(point["domain"] for point in points):
        some = [point for point in points if point["domain"] == domain]
        lines = [mark for mark in marks if mark["domain"] == domain]
        base = altair.Chart(altair.Data(values=some), title=domain, **SIZE).encode(
            x=altair.X(
                "speed:Q",
                scale=altair.Scale(type="log", nice=False, padding=30),
                axis=altair.Axis(values=[10**power for power in range(7)], format=",d"),
                title="documents/s, log scale",
            ),
            y=altair.Y(
                "auc:Q", scale=altair.Scale(zero=False, padding=40), title="area under the curve at 3"
            ),
            color=altair.Color("whose:N", scale=COLORS, title=None),
        )
        own, others = (base.transform_filter(altair.datum.whose == whose) for whose in (OWN, OTHERS))
        upright = altair.Chart(altair.Data(values=lines)).encode(x="speed:Q")
        charts.append(
            upright.mark_rule(strokeDash=[4, 4], color="#777777")
            + upright.mark_text(angle=270, dy=-7, align="left", color="#555555").encode(
                y=altair.value(SIZE["height"] - 6), text="name:N"
            )
            + own.mark_line().encode(order="speed:Q")
            + base.mark_point(filled=True, size=70, opacity=1)
            + own.mark_text(angle=320, align="left", dx=7, dy=-7).encode(text="name:N")
            + others.mark_text(dy=14).encode(text="name:N")
        )
    save(altair.hconcat(*charts), path)


def draw_proof(rows: Sequence[dict[str, Any]], path: Path) -> None:
    """Draw how arms of a proof differ from random text, with intervals of 95 %.

    Parameters
    ----------
    rows : sequence of dict
        With domain, evaluation, arm, and in percent of the bits of random text value, low and high.
    path : Path
        SVG file.
    """
    charts = []
    for domain in dict.fromkeys(row["domain"] for row in rows):
        some = [row for row in rows if row["domain"] == domain]
        base = altair.Chart(altair.Data(values=some), title=domain, width=330).encode(
            y=altair.Y("evaluation:N", sort=None, title=None, axis=altair.Axis(labelLimit=220)),
            yOffset=altair.YOffset("arm:N", sort=None),
            color=altair.Color("arm:N", sort=None, title="read"),
        )
        span = base.mark_rule(strokeWidth=2).encode(
            x=altair.X("low:Q", title="bits per byte against random text, % (left is better)"), x2="high:Q"
        )
        zero = altair.Chart(altair.Data(values=[{"at": 0}])).mark_rule(color="#777777").encode(x="at:Q")
        charts.append(zero + span + base.mark_point(filled=True, opacity=1).encode(x="value:Q"))
    save(altair.hconcat(*charts).resolve_scale(x="independent"), path)


def draw_disagreement(rows: Sequence[dict[str, Any]], path: Path) -> None:
    """Draw what a cascade decides otherwise than effort full against what it embeds, and how fast it is.

    Parameters
    ----------
    rows : sequence of dict
        With domain, embedded and disagreement (per cent) and times (as fast as effort full).
    path : Path
        SVG file.
    """
    base = altair.Chart(altair.Data(values=list(rows)), **SIZE).encode(
        y=altair.Y("disagreement:Q", title="decided otherwise than effort full, %"),
        color=altair.Color("domain:N", title=None),
        order="embedded:Q",
    )
    embedded = altair.X("embedded:Q", title="documents embedded, %")
    times = altair.X(
        "times:Q",
        scale=altair.Scale(type="log", nice=False, padding=12),
        axis=altair.Axis(values=[1, 2, 5, 10, 20, 50, 100, 200, 500, 1000], format=",d"),
        title="times as fast as effort full, log scale",
    )
    save(altair.hconcat(*(base.mark_line(point=True).encode(x=x) for x in (embedded, times))), path)


def save(chart: altair.HConcatChart, path: Path) -> None:
    """Write a chart as SVG on white, so that its text can be read on dark pages too."""
    chart.configure(background="white", padding=12).save(str(path), format="svg")
