"""Draws what more labels bring: nested quality against the number of labels that a scorer is fitted to."""

from collections.abc import Sequence
from typing import Any, Literal

from annotations import read_labels
from annotations.label_digest import labels_digest
from filtering import load_scorer
from filtering.cross_validation import learning_curve
from filtering.embedders import Placement
from filtering.errors import SettingsError
from filtering.extras import require
from filtering.storage import read_metrics
from pipelines.evaluate import refit
from pipelines.progress import Reporter

SIZES = (200, 400, 800, 1600, 3200, 6400)
"""Numbers of labels; what the training folds have of them stands last."""
TITLES = {"rho": "rank correlation (rho)", "auc_at_3": "area under the curve at 3"}


def draw_learning_curve(
    scorer: str,
    labels: Any,
    path: str,
    *,
    placement: Placement,
    reporter: Reporter,
) -> list[dict[str, Any]]:
    """Fit a scorer's way of fitting to fewer labels, and draw its nested figures as SVG.

    Parameters
    ----------
    scorer : str
        Name or folder.
    labels : str or datasets.Dataset
        The labels that it was fitted to.
    path : str
        SVG file to write.
    placement : Placement
        Where the embedder lies and runs.
    reporter : Reporter

    Returns
    -------
    list of dict
        Effort, number of labels, and mean and spread of each figure over the fold assignments.

    Raises
    ------
    SettingsError
        If the labels are not those that the scorer was fitted to.
    """
    altair, _ = require("report", "altair"), require("report", "vl_convert")
    metrics = read_metrics(scorer)
    effort: Literal["fast", "full"] = "full" if "heads" in metrics else "fast"
    found = read_labels(labels)
    if metrics.get("labels_sha256") != labels_digest(found):
        raise SettingsError(
            "A learning curve needs the labels that the scorer was fitted to. These are others; train a "
            "scorer on them first."
        )
    data, fits = refit(scorer, load_scorer(scorer, effort=effort, placement=placement), found)
    rows: list[dict[str, Any]] = []
    for name, fit in fits.items():
        reporter.say(f"Fitting effort {name} to fewer labels ...")
        for size, figures in learning_curve(data, name, fit, SIZES):
            rows.append({"effort": name, "labels": size, **figures.summary()})
    _draw(altair, rows).save(path, format="svg")
    return rows


def _draw(altair: Any, rows: Sequence[dict[str, Any]]) -> Any:
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
        base = altair.Chart(altair.Data(values=points)).encode(
            x=altair.X(
                "labels:Q",
                scale=altair.Scale(type="log", nice=False, padding=12),
                axis=altair.Axis(values=sorted({row["labels"] for row in rows}), format=",d"),
                title="labels",
            ),
            color=altair.Color("effort:N", title="effort"),
        )
        scale = altair.Scale(zero=False)
        band = base.mark_area(opacity=0.2).encode(y=altair.Y("low:Q", scale=scale, title=title), y2="high:Q")
        line = base.mark_line(point=True).encode(y=altair.Y(f"{figure}:Q", scale=scale, title=title))
        charts.append((band + line).properties(width=300, height=220))
    return altair.hconcat(*charts)
