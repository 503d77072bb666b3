"""What more labels bring, and labels of more groups: nested quality of what was fitted to fewer."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from filtering.arrays import Rows
from filtering.fitting.cross_validation import Figures, Fit, Fitted, nested_figures
from filtering.fitting.fit_data import FitData

Drawn = Literal["labels", "groups"]


@dataclass(frozen=True)
class CurvePoint:
    """What some of the labels are worth.

    Parameters
    ----------
    drawn : {"labels", "groups"}
        Whether they were drawn one by one, or as whole groups.
    labels, groups : int
        Labels that were fitted to, and groups among them: means over the fits.
    figures : Figures
    """

    drawn: Drawn
    labels: int
    groups: int
    figures: Figures


def learning_curve(
    data: FitData, name: str, fit: Fit, sizes: Sequence[int], shares: Sequence[float]
) -> list[CurvePoint]:
    """Return nested figures of what was fitted to fewer labels, over all fold assignments.

    Labels that are drawn one by one are of many groups, however few they are. Whole groups tell what labels
    of more sites, books or repositories are worth.

    Parameters
    ----------
    data : FitData
    name : str
    fit : callable
    sizes : sequence of int
        Numbers of labels to fit to; those that the training folds do not have are left out.
    shares : sequence of float
        Shares of the groups of the training folds, in (0, 1): all labels of so many are fitted to.

    Returns
    -------
    list of CurvePoint
        Labels one by one from few to many, then whole groups. All that the training folds have stand last in
        both, fitted once.
    """
    # One order for all sizes: a larger set holds the smaller one.
    random = np.random.default_rng(0)
    one_by_one = np.argsort(random.permutation(len(data)))
    codes = np.unique(np.asarray(data.groups, dtype=str), return_inverse=True)[1]
    whole_groups = np.argsort(random.permutation(int(codes.max()) + 1))[codes]
    every = _point(data, name, fit, "labels", one_by_one, len(data))
    of_labels = [_point(data, name, fit, "labels", one_by_one, size) for size in sizes if size < every.labels]
    of_groups = [
        _point(data, name, fit, "groups", whole_groups, max(1, round(share * every.groups)))
        for share in shares
    ]
    return [*of_labels, every, *of_groups, replace(every, drawn="groups")]


def _point(data: FitData, name: str, fit: Fit, drawn: Drawn, places: Rows, number: int) -> CurvePoint:
    """Fit to those of the training rows whose places in an order come first; a group has one place."""
    fitted: list[Rows] = []

    def fit_first(data: FitData, rows: Rows, *, held_out: bool = False) -> Fitted:
        first = np.unique(places[rows])[:number]
        fitted.append(rows[np.isin(places[rows], first)])
        return fit(data, fitted[-1], held_out=held_out)

    figures = nested_figures(data, name, fit_first)
    groups = [len({data.groups[row] for row in rows}) for rows in fitted]
    labels = [len(rows) for rows in fitted]
    return CurvePoint(drawn, round(float(np.mean(labels))), round(float(np.mean(groups))), figures)
