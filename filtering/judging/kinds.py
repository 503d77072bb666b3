"""How good scores are within kinds of documents: each language, each genre, each source by itself.

Over all documents a score looks better than it is where it tells languages or genres apart rather than good
from poor. Within one of them it cannot.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from filtering.arrays import AnyFloats, Floats, Ints
from filtering.judging.intervals import Estimate, as_far_as_shown, drawn_groups, estimate, evaluate
from filtering.judging.metrics import METRICS
from filtering.rubric_points import KEEP_AT

KIND_METRICS = {name: METRICS[name] for name in ("rho", "auc_at_3", "precision_at_3", "recall_at_3")}
LEAST_ROWS, LEAST_SIDE_ROWS = 20, 3
"""Documents of a value, and those of them on either side of the cut, from which on it is judged."""
FEW_GROUPS = 10
"""Draws of fewer groups are too much alike: there the wider of two intervals is told, over groups and over
documents."""
NAMED = 8
"""Of the values that are not judged."""


@dataclass(frozen=True)
class JudgedValue:
    """How good scores are on the documents of one language, say.

    Parameters
    ----------
    value : str
    rows, groups : int
        Documents, and groups among them.
    metrics : mapping of str to Estimate
        Those of `KIND_METRICS`.
    is_ordered : bool
        Whether scores are shown to order these documents: the interval of the rank correlation lies above 0,
        and that of the area under the curve above one half.
    """

    value: str
    rows: int
    groups: int
    metrics: Mapping[str, Estimate]
    is_ordered: bool


@dataclass(frozen=True)
class JudgedKind:
    """How good scores are within each language, say.

    Parameters
    ----------
    kind : str
        What parts the documents.
    rows, groups : int
        Documents of the values that are judged, and groups among them.
    metrics : mapping of str to Estimate
        Means of the figures of the values, weighted by their documents.
    values : tuple of JudgedValue
        The worst first, by rank correlation.
    others, other_rows : int
        Values that have too few documents to be judged, and their documents.
    largest_others : mapping of str to int
        Documents of the largest of them.
    """

    kind: str
    rows: int
    groups: int
    metrics: Mapping[str, Estimate]
    values: tuple[JudgedValue, ...]
    others: int
    other_rows: int
    largest_others: Mapping[str, int]


def judge_kind(
    kind: str,
    scores: AnyFloats,
    labels: AnyFloats,
    groups: Sequence[str],
    values: Sequence[str | None],
    *,
    seed: int = 0,
) -> JudgedKind | None:
    """Judge scores within each value that has enough documents; intervals by a bootstrap over whole groups.

    Parameters
    ----------
    kind : str
        What the values are of.
    scores, labels : float arrays, shape (n,)
        Rubric points.
    groups : sequence of str, length n
    values : sequence of str or None, length n
        The language of each document, say; where it is not known the document is left out.

    Returns
    -------
    JudgedKind
        None where there are fewer than two values, so that nothing is parted.
    """
    counts = Counter(value for value in values if value)
    if len(counts) < 2:
        return None
    column = np.array([value or "" for value in values], dtype=object)
    names = [
        value
        for value, count in sorted(counts.items())
        if count >= LEAST_ROWS and _is_enough(labels[column == value])
    ]
    places = {value: place for place, value in enumerate(names)}
    codes = np.array([places.get(value or "", -1) for value in values], dtype=np.int64)
    rows = np.flatnonzero(codes >= 0)
    named = np.asarray(groups, dtype=str)
    sizes, figures = _resampled(scores[rows], labels[rows], named[rows], codes[rows], len(names), seed)
    judged = []
    for place, value in enumerate(names):
        inside = np.flatnonzero(codes == place)
        number = len(set(named[inside].tolist()))
        own = {name: estimate(found[0, place], found[1:, place]) for name, found in figures.items()}
        if number < FEW_GROUPS:
            alone = [str(row) for row in inside]
            by_document = evaluate(scores[inside], labels[inside], alone, metrics=KIND_METRICS, seed=seed)
            own = {name: _wider(one, by_document[name]) for name, one in own.items()}
        own = {name: as_far_as_shown(name, one, scores[inside], labels[inside]) for name, one in own.items()}
        is_ordered = own["rho"].low > 0 and own["auc_at_3"].low > 0.5  # not so where they are NaN
        judged.append(JudgedValue(value, len(inside), number, own, is_ordered))
    others = {value: count for value, count in counts.most_common() if value not in places}
    means = {name: _means(sizes, found) for name, found in figures.items()}
    return JudgedKind(
        kind=kind,
        rows=len(rows),
        groups=len(set(named[rows].tolist())),
        metrics={name: estimate(found[0], found[1:]) for name, found in means.items()},
        values=tuple(sorted(judged, key=lambda one: np.nan_to_num(one.metrics["rho"].value, nan=-1.0))),
        others=len(others),
        other_rows=sum(others.values()),
        largest_others=dict(list(others.items())[:NAMED]),
    )


def _resampled(
    scores: AnyFloats, labels: AnyFloats, groups: NDArray[np.str_], codes: Ints, number: int, seed: int
) -> tuple[Floats, dict[str, Floats]]:
    """Return documents and figures of each value: as they are, and in each draw of whole groups.

    Parameters
    ----------
    codes : int64 array, shape (n,)
        Place of each document's value, in [0, number).

    Returns
    -------
    float64 array, shape (1 + rounds, number)
        Documents.
    dict of str to float64 array, shape (1 + rounds, number)
        Figures by name; NaN where a draw does not define them, or has too few documents to be judged.
    """
    group_codes = np.unique(groups, return_inverse=True)[1]
    draws = [np.arange(len(codes))]
    if number:
        draws += [rows for _, rows in drawn_groups(group_codes, seed)]
    sizes = np.zeros((len(draws), number))
    figures = {name: np.full((len(draws), number), np.nan) for name in KIND_METRICS}
    for draw, rows in enumerate(draws):
        ordered = rows[np.argsort(codes[rows], kind="stable")]
        starts = np.searchsorted(codes[ordered], np.arange(number + 1))
        for place in range(number):
            inside = ordered[starts[place] : starts[place + 1]]
            sizes[draw, place] = len(inside)
            # Of copies of two documents the rank correlation is 1 or -1.
            if not _is_enough(labels[np.unique(inside)]):
                continue
            for name, metric in KIND_METRICS.items():
                figures[name][draw, place] = metric(scores[inside], labels[inside])
    return sizes, figures


def _is_enough(labels: AnyFloats) -> bool:
    good = int((labels >= KEEP_AT).sum())
    return min(good, len(labels) - good) >= LEAST_SIDE_ROWS


def _means(sizes: Floats, figures: Floats) -> Floats:
    """Return the mean over values of each draw, weighted by documents, of the figures that are defined."""
    weights = np.where(np.isfinite(figures), sizes, 0.0)
    total = weights.sum(axis=1)
    summed = (weights * np.nan_to_num(figures)).sum(axis=1)
    means: Floats = np.divide(summed, total, out=np.full(len(total), np.nan), where=total > 0)
    return means


def _wider(first: Estimate, second: Estimate) -> Estimate:
    """Return the figure of the first, with an interval that holds those of both."""
    return Estimate(
        first.value, float(np.fmin(first.low, second.low)), float(np.fmax(first.high, second.high))
    )
