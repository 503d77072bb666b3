"""Draws what more labels bring, and more groups: nested quality against how many a scorer is fitted to."""

from pathlib import Path
from typing import Any, Literal

from annotations import read_labels
from annotations.labels.label_digest import labels_digest
from filtering import load_scorer
from filtering.embedding.settings import Placement
from filtering.errors import SettingsError
from filtering.fitting.learning_curve import learning_curve
from filtering.scoring.storage import read_metrics
from pipelines.page_kit.charts import check_drawing, draw_learning_curve
from pipelines.progress import Reporter
from pipelines.scorers.evaluate import refit
from pipelines.scorers.label_languages import with_one_language

SIZES = (200, 400, 800, 1600, 3200, 6400)
"""Numbers of labels; what the training folds have of them stands last."""
SHARES = (1 / 8, 1 / 4, 1 / 2)
"""Of the groups of the training folds: few, since each costs as much as so many labels."""


def write_learning_curve(
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
        Effort; how labels were drawn, as ``CurvePoint`` has it; numbers of labels and groups; mean and spread
        of each figure over the fold assignments.

    Raises
    ------
    SettingsError
        If the labels are not those that the scorer was fitted to.
    """
    check_drawing()  # said now that it is missing, not after minutes of fitting
    metrics = read_metrics(scorer)
    effort: Literal["fast", "full"] = "full" if "heads" in metrics else "fast"
    found = read_labels(labels)
    if metrics.get("labels_sha256") != labels_digest(found):
        raise SettingsError(
            "A learning curve needs the labels that the scorer was fitted to. These are others; train a "
            "scorer on them first."
        )
    loaded = load_scorer(scorer, effort=effort, placement=placement)
    data, fits = refit(scorer, loaded, with_one_language(found, loaded.domain, reporter), reporter)
    rows: list[dict[str, Any]] = []
    for name, fit in fits.items():
        reporter.say(f"Fitting effort {name} to fewer labels ...")
        for point in learning_curve(data, name, fit, SIZES, SHARES):
            told = {"drawn": point.drawn, "labels": point.labels, "groups": point.groups}
            rows.append({"effort": name, **told, **point.figures.summary()})
    Path(path).write_text(draw_learning_curve(rows))
    return rows
