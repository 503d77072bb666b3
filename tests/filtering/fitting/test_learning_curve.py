"""Proves that a learning curve fits to fewer labels and to fewer groups, and to nothing else than it says."""

from itertools import pairwise

import numpy as np
import pytest

from filtering.fitting.cross_validation import nested_figures
from filtering.fitting.fit_heads import head_fit
from filtering.fitting.learning_curve import learning_curve
from filtering.folds import ASSIGNMENTS, FOLDS
from tests.kit.scorers.fitted import Recorded, embedded_data, made_data

pytestmark = pytest.mark.usefixtures("one_after_the_other")


def sets_of(fit):
    """Return the rows of each fit, in one list for each point of a curve."""
    fits = FOLDS * ASSIGNMENTS
    return [fit.fitted[start : start + fits] for start in range(0, len(fit.fitted), fits)]


@pytest.mark.parametrize(
    ("sizes", "used"),
    [
        ((40, 80), [40, 80, 200]),
        ((40, 150, 200, 201, 9_999), [40, 150, 200]),
        ((400,), [200]),
        ((), [200]),
    ],
    ids=str,
)
def test_sizes_that_the_folds_do_not_have_are_left_out_and_all_stands_last(sizes, used):
    data, fit = made_data(250), Recorded()
    curve = learning_curve(data, "recorded", fit, sizes, ())
    assert [one.labels for one in curve if one.drawn == "labels"] == used
    assert {one.figures.name for one in curve} == {"recorded"}
    every = Recorded()
    assert curve[-2].figures == curve[-1].figures == nested_figures(data, "recorded", every)
    assert [one.drawn for one in curve[-2:]] == ["labels", "groups"]
    assert fit.fitted[: FOLDS * ASSIGNMENTS] == every.fitted


def test_a_larger_set_of_labels_holds_the_smaller_one():
    data, fit = made_data(250), Recorded()
    learning_curve(data, "recorded", fit, [20, 60, 120], ())
    every, *fewer = sets_of(fit)
    by_size = [*fewer, every]
    for size, sets in zip([20, 60, 120], by_size, strict=False):
        assert {len(rows) for rows in sets} == {size}
        assert all(rows == sorted(rows) for rows in sets)
    for smaller, larger in pairwise(by_size):
        assert all(set(few) < set(many) for few, many in zip(smaller, larger, strict=True))
    # Drawn, not the first that there are.
    assert all(max(rows) > 100 for rows in by_size[0])


def test_figures_rise_with_the_number_of_labels():
    *curve, _ = learning_curve(embedded_data(500), "ridge", head_fit("ridge", "linear"), [40, 100], ())
    rho, auc = ([one.figures.summary()[name] for one in curve] for name in ("rho", "auc_at_3"))
    assert rho[0] < rho[1] < rho[2]
    assert auc[0] < auc[1] < auc[2]
    # Not by chance: the ends lie further apart than the spreads of both together.
    assert rho[2] - rho[0] > sum(curve[end].figures.summary()["rho_spread"] for end in (0, 2))


def test_groups_are_fitted_to_as_a_whole_and_counted_beside_their_labels():
    data, fit = made_data(250), Recorded()
    curve = learning_curve(data, "recorded", fit, [80], [1 / 4, 1 / 2])
    assert [one.drawn for one in curve] == ["labels", "labels", "groups", "groups", "groups"]
    labels, every, quarter, half, again = curve
    assert again.figures is every.figures
    assert labels.groups > quarter.groups  # so many labels, one by one, are of nearly all groups
    assert (quarter.groups, half.groups) == (round(every.groups / 4), round(every.groups / 2))
    whole, _, _, of_half = sets_of(fit)
    for rows, more in zip(of_half, whole, strict=True):
        groups = {data.groups[row] for row in rows}
        assert len(groups) == half.groups
        assert rows == [row for row in more if data.groups[row] in groups]
    assert half.labels == round(np.mean([len(rows) for rows in of_half]))
