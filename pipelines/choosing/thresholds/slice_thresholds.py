"""A cut for each slice of the documents, from labels: the scale of scores may differ by language, say."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from annotations import Labels
from annotations.labels.sources import read_table, schema_of
from filtering.arrays import Ints
from filtering.errors import LabelsError
from filtering.judging.intervals import Estimate
from filtering.judging.thresholds import (
    CUTS,
    ScoredLabels,
    by_estimate_alone,
    curve_of,
    cut_for_precision,
    cut_for_recall,
)
from filtering.printable import listed
from pipelines.choosing.cut_file import SliceCuts
from pipelines.dump.row_values.code_languages import CODE_LANGUAGE
from pipelines.dump.row_values.slice_values import HOST, LANGUAGE, By, shown
from pipelines.settings.threshold import Goal

LEAST_LABELS, LEAST_SIDE = 50, 5
"""That a slice needs, and of these on either side of what is good: with fewer its figures say nothing."""
TOO_FEW, NOT_REACHED = "too few labels", "no cut reaches the goal"
NOT_SHOWN = "no cut that keeps more is shown by the labels"


@dataclass(frozen=True)
class SliceCut:
    """What the labels of a slice say of its cut.

    Parameters
    ----------
    value : str
    labels, good : int
    keep_at : float
        Rubric points; the common cut where there is none of its own.
    precision, recall : Estimate, optional
        There, with their bands; None where nothing can be said.
    is_promised : bool
        Whether the labels show that the goal is reached; otherwise it is by the estimates alone.
    why_common : str
        Why the slice takes the common cut; empty if it has one of its own.
    """

    value: str
    labels: int
    good: int
    keep_at: float
    precision: Estimate | None = None
    recall: Estimate | None = None
    is_promised: bool = False
    why_common: str = ""


def slices_of_labels(source: Any, labels: Labels, by: str) -> list[str]:  # noqa: ANN401 - as `read_labels`
    """Return the slice of each label, as `pipelines.dump.row_values.slice_values` tells that of a document.

    Parameters
    ----------
    source : str or datasets.Dataset
        The labels.
    labels : Labels
        The same as they were read, with their languages.
    by : str

    Raises
    ------
    LabelsError
        If nothing tells them.
    """
    wanted = By.read(by)
    if wanted == By(LANGUAGE):
        languages = next(
            (labels.slices[name] for name in (LANGUAGE, CODE_LANGUAGE) if name in labels.slices), None
        )
        if languages is not None:
            return [shown(one) for one in languages]
    table, name = read_table(source, wanted.columns, strings=wanted.columns)
    column = next((one for one in wanted.columns if one in table.column_names), None)
    if column is not None:
        return [shown(wanted.name_in(column, value)) for value in table[column].to_pylist()]
    if wanted == By(HOST):
        return [shown(group) for group in labels.groups]
    raise LabelsError(
        f"{name} must have a column {wanted.column!r} for --by. Found {listed(schema_of(source).names)}. "
        "Name one of them."
    )


def cuts_of_slices(
    labels: ScoredLabels, slices: Sequence[str], goal: tuple[Goal, float], common: float
) -> list[SliceCut]:
    """Return a cut for each slice that has labels enough, those with most labels first.

    Where labels do not show that a cut reaches the goal, its estimate counts only if it is safer than the
    common cut: higher for a precision, lower for a recall.

    Parameters
    ----------
    labels : ScoredLabels
        Of n documents.
    slices : sequence of str, length n
    goal : (str, float)
        ``precision`` or ``recall``, and how much of it.
    common : float
        The cut of all others.
    """
    names = np.array(slices, dtype=object)
    return [
        _cut_of(value, _some(labels, np.flatnonzero(names == value)), goal, common)
        for value, _ in sorted(Counter(slices).items(), key=lambda one: (-one[1], one[0]))
    ]


def as_cuts(by: str, found: Sequence[SliceCut], common: float, scorer_sha256: str | None = None) -> SliceCuts:
    """Return the cuts as `recut --cuts` takes them: slices without one of their own are among the others."""
    own = {one.value: one.keep_at for one in found if not one.why_common}
    return SliceCuts(by, own, common, scorer_sha256)


def _some(labels: ScoredLabels, rows: Ints) -> ScoredLabels:
    return ScoredLabels(*(getattr(labels, one.name)[rows] for one in fields(ScoredLabels)))


def _cut_of(value: str, labels: ScoredLabels, goal: tuple[Goal, float], common: float) -> SliceCut:
    count, good = len(labels), int(labels.good.sum())
    if count < LEAST_LABELS or min(good, count - good) < LEAST_SIDE:
        return SliceCut(value, count, good, common, why_common=TOO_FEW)
    name, amount = goal
    curve = curve_of(labels, CUTS)
    choice = (cut_for_precision if name == "precision" else cut_for_recall)(curve, amount, count)
    place = choice.place if choice.is_promised else by_estimate_alone(curve, name, amount)
    if place is None:
        return SliceCut(value, count, good, common, why_common=NOT_REACHED)
    is_laxer = curve.cuts[place] <= common if name == "precision" else curve.cuts[place] >= common
    if is_laxer and not choice.is_promised:  # an estimate is right half of the time
        return SliceCut(value, count, good, common, why_common=NOT_SHOWN)
    precision, recall = (
        Estimate(*(float(ends[place]) for ends in (bands.value, bands.low, bands.high)))
        for bands in (curve.precision, curve.recall)
    )
    return SliceCut(value, count, good, float(curve.cuts[place]), precision, recall, choice.is_promised)
