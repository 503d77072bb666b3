"""What a score is worth in a language that no label is in, and in a genre: by leaving out whole ones."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from annotations.labels.code_languages import UNKNOWN
from filtering.fitting.cross_validation import (
    Fit,
    fits_of_points,
    folds_of_kinds,
    nested_points,
)
from filtering.fitting.fit_data import FitData
from filtering.judging.intervals import Estimate, evaluate
from filtering.judging.kinds import KIND_METRICS, LEAST_ROWS
from pipelines.dump.row_values.code_languages import CODE_LANGUAGE
from pipelines.progress import Meter, Reporter
from pipelines.scorers.evaluation import JudgedPoints
from pipelines.scorers.label_languages import LANGUAGE
from pipelines.scorers.nested_judge import counted

HELD_OUT = (LANGUAGE, CODE_LANGUAGE, "genre")
"""Kinds of which whole ones are left out. A source is left out in all nested figures."""


@dataclass(frozen=True)
class HeldOut:
    """How good scores are on documents of kinds that nothing was fitted to.

    Parameters
    ----------
    kind : str
        What was left out whole ones of: languages, say.
    values : int
        How many were left out.
    rows : int
        Their documents that were drawn at random: what the figures are of.
    never_left_out : str, optional
        The one that has more than half of all labels; None where none has.
    metrics : mapping of str to Estimate
        Of scores by fits that saw none of a document's kind; intervals by a bootstrap over whole kinds.
    seen_metrics : mapping of str to Estimate
        The same of the same documents, by fits that saw documents of their kind in other groups.
    """

    kind: str
    values: int
    rows: int
    never_left_out: str | None
    metrics: Mapping[str, Estimate]
    seen_metrics: Mapping[str, Estimate]


def judge_held_out(judged: JudgedPoints, data: FitData, fit: Fit, reporter: Reporter) -> list[HeldOut]:
    """Judge a way of fitting on kinds that it did not see: one nested pass for each of `HELD_OUT`.

    Kinds of which `folds_of_kinds` finds too few are left out of the result.

    Parameters
    ----------
    judged : JudgedPoints
        Nested points of all documents, whose groups were left out.
    data : FitData
        The same documents.
    fit : callable
    reporter : Reporter
    """
    found = []
    for kind in HELD_OUT:
        if kind not in judged.labels.slices:
            continue
        column = judged.labels.slices[kind]
        kinds = [None if column[int(row)] == UNKNOWN else column[int(row)] for row in data.rows]
        folds = folds_of_kinds(data, kinds)
        if folds is None:
            continue
        reporter.say(f"Leaving out whole {kind}s, to see how it does on those that it never saw ...")
        meter = Meter(fits_of_points(), 0, "fits")
        with reporter.track(meter):
            points = nested_points(data, counted(fit, meter), folds)
        rows = np.flatnonzero(np.isfinite(points) & data.unbiased)
        if len(rows) < LEAST_ROWS:
            continue
        names, labels = [str(kinds[int(row)]) for row in rows], data.labels[rows]
        most, count = Counter(value for value in kinds if value).most_common(1)[0]
        found.append(
            HeldOut(
                kind=kind,
                values=len(set(names)),
                rows=len(rows),
                never_left_out=most if 2 * count > len(data) else None,
                metrics=evaluate(points[rows], labels, names, metrics=KIND_METRICS),
                seen_metrics=evaluate(judged.points[rows], labels, names, metrics=KIND_METRICS),
            )
        )
    return found
