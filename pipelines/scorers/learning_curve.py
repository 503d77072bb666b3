"""Draws what more labels bring, and more groups: nested quality against how many a scorer is fitted to."""

from collections.abc import Mapping, Sequence
from math import hypot
from pathlib import Path
from typing import Any, Literal

from annotations import Labels, read_labels
from annotations.labels.label_digest import labels_digest
from filtering import load_scorer
from filtering.embedding.settings import Placement
from filtering.errors import SettingsError
from filtering.fitting.learning_curve import learning_curve
from filtering.scoring.scorer_files import read_metrics
from pipelines.page_kit.svg_charts import check_drawing, draw_learning_curve
from pipelines.progress import Reporter
from pipelines.scorers.evaluate import refit
from pipelines.scorers.label_languages import with_one_language

SIZES = (200, 400, 800, 1600, 3200, 6400)
"""Numbers of labels; what the training folds have of them stands last."""
SHARES = (1 / 8, 1 / 4, 1 / 2)
"""Of the groups of the training folds: few, since each costs as much as so many labels."""
WORTH_LABELLING = 0.005
"""Of AUC: what twice as many labels must bring at least to be called a help."""


def check_curve(scorer: str, labels: Any) -> Labels:
    """Return the labels of a learning curve, if one can be drawn: asked before minutes of fitting.

    Raises
    ------
    SettingsError
        If the labels are not those that the scorer was fitted to.
    MissingExtraError, RunError
        If nothing can be drawn here.
    """
    check_drawing()
    found = read_labels(labels)
    if read_metrics(scorer).get("labels_sha256") != labels_digest(found):
        raise SettingsError(
            "A learning curve must be of the very labels that the scorer was fitted to. These are others. "
            "Train a scorer on them first, or leave out --learning-curve."
        )
    return found


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
    found = check_curve(scorer, labels)
    effort: Literal["fast", "full"] = "full" if "heads" in read_metrics(scorer) else "fast"
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


def more_labels_help(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return what a learning curve says of more labels, and of labels of more groups, in sentences.

    Parameters
    ----------
    rows : sequence of mapping
        As `write_learning_curve` returns them: those of the highest effort last.

    Examples
    --------
    >>> few, every = ({"effort": "fast", "drawn": "groups", "groups": count} for count in (50, 100))
    >>> few |= {"auc_at_3": 0.9, "auc_at_3_spread": 0.002}
    >>> every |= {"auc_at_3": 0.92, "auc_at_3_spread": 0.001}
    >>> more_labels_help([few, every])[0][-36:]
    'So labels of more groups would help.'
    """
    return [
        said
        for drawn in ("labels", "groups")
        if (said := _twice_as_many([row for row in rows if row["drawn"] == drawn], rows[-1]["effort"], drawn))
    ]


def _twice_as_many(rows: Sequence[Mapping[str, Any]], effort: str, drawn: str) -> str:
    """Return what the last half of the labels, or of the groups, brought; nothing where it was not tried."""
    tried = [row for row in rows if row["effort"] == effort]
    if len(tried) < 2:
        return ""
    *fewer, every = tried
    half = min(fewer, key=lambda row: abs(row[drawn] - every[drawn] / 2))
    before, after = half["auc_at_3"], every["auc_at_3"]
    chance = hypot(half["auc_at_3_spread"], every["auc_at_3_spread"])
    what = "more labels" if drawn == "labels" else "labels of more groups"
    if after - before > max(chance, WORTH_LABELLING):
        verdict = f"So {what} would help."
    elif abs(after - before) + chance <= 2 * WORTH_LABELLING:
        verdict = "So more of the same kind would hardly help."
    else:
        verdict = f"That may be chance (± {chance:.3f}), so whether more would help cannot be told."
    return (
        f"From {half[drawn]:,} to {every[drawn]:,} {drawn} the AUC at 3 points went from {before:.3f} to "
        f"{after:.3f}, at effort {effort}. {verdict}"
    )
