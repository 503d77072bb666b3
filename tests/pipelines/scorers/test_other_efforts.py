"""Proves that evaluate tells the figure of the other effort of a scorer, where that embeds nothing."""

import pyarrow.parquet as pq
import pytest

from pipelines.scorers.evaluate import points_of_labels
from pipelines.scorers.other_efforts import at_other_efforts
from tests.kit.dumps.small import make_labels


@pytest.mark.parametrize(("asked", "other"), [("fast", "full"), ("full", "fast")])
def test_of_labels_that_it_was_fitted_to_both_efforts_have_their_figures(
    command, two_stages, labels, hasty, asked, other
):
    by_effort = {one.effort: one for one in two_stages.evaluations}
    screen = " ".join(command("evaluate", two_stages.out, labels, "--effort", asked).out.split())
    figures = {effort: one.believed["auc_at_3"] for effort, one in by_effort.items()}
    assert f"The figure to go by at effort {asked}: AUC at 3 points {figures[asked]}" in screen
    assert f"With --effort {other}, which embeds" in screen
    assert f"the figure is {figures[other]}" in screen
    (found,) = at_other_efforts(two_stages.out, points_of_labels(two_stages.out, str(labels), effort=asked))
    assert found == by_effort[other]


def test_of_other_labels_effort_full_is_named_and_effort_fast_is_scored(
    command, two_stages, trained, hasty, tmp_path
):
    fresh = str(tmp_path / "fresh.parquet")
    pq.write_table(make_labels(seed=1), fresh)
    told = command("evaluate", two_stages.out, fresh).out
    assert f"another figure: edufilter evaluate {two_stages.out} {fresh} --effort full" in told
    (fast,) = at_other_efforts(two_stages.out, points_of_labels(two_stages.out, fresh, effort="full"))
    assert fast == points_of_labels(two_stages.out, fresh).judge()
    assert at_other_efforts(trained.out, points_of_labels(trained.out, fresh)) == []
