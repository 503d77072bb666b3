"""Proves that the figures of each cut are those of the labels, weighted to a dump or a run."""

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from annotations import read_labels
from filtering import load_scorer
from filtering.judging.thresholds import CUTS
from pipelines import (
    FilterConfig,
    NearCutConfig,
    ThresholdConfig,
    choose_threshold,
    filter_dump,
    sample_near_cut,
)
from pipelines.run_folder.folder import RunFolder
from pipelines.run_folder.stored_scores import read_scores
from pipelines.scorers.evaluate import points_of_labels
from tests.kit.dumps.small import replaced
from tests.kit.labels.fresh import ROWS, fresh_table, random_rows
from tests.kit.runs.outcomes import QUIET

pytestmark = pytest.mark.usefixtures("in_fewer_rounds")


def weighted_table():
    """Return the same with the probabilities of a draw that takes short texts twice as often."""
    table = fresh_table()
    short = np.array([len(text) < 500 for text in table["text"].to_pylist()])
    random = np.array([pick == "random" for pick in table["picked"].to_pylist()])
    chance = np.where(short, 0.02, 0.01)
    return table.append_column("probability", pa.array(chance, pa.float64(), mask=~random))


def counted(points, good, weights, cut):
    """Return kept share, precision and recall by plain counting."""
    kept = points >= np.float32(cut)
    return (
        weights[kept].sum() / weights.sum(),
        (weights * good)[kept].sum() / weights[kept].sum(),
        (weights * good)[kept].sum() / (weights * good).sum(),
    )


def assert_counted(result, points, good, weights):
    for row in result.cuts:
        if (points >= np.float32(row.cut)).any():
            figures = (row.documents.value, row.precision.value, row.recall.value)
            assert figures == pytest.approx(counted(points, good, weights, row.cut))


def test_labels_without_probabilities_count_alike_and_those_chosen_by_score_not_at_all(trained, fresh):
    table = fresh_table()
    chosen = random_rows(table)
    points = load_scorer(trained.out).score(table["text"]).value[chosen]
    good = table["score"].to_numpy()[chosen] >= 3
    result = choose_threshold(ThresholdConfig(scorer=trained.out, labels=str(fresh)))
    assert [row.cut for row in result.cuts] == CUTS.tolist()
    assert (result.labels, result.left_out, result.nested) == (chosen.sum(), ROWS - chosen.sum(), False)
    assert result.good == good.sum()
    assert result.weighting.startswith("Not weighted")
    assert_counted(result, points, good, np.ones(len(points)))
    sizes = np.array([len(text.encode()) for text in table["text"].to_pylist()])[chosen]
    at_3 = next(row for row in result.cuts if row.cut == 3)
    assert at_3.tokens.value == pytest.approx(sizes[points >= 3].sum() / sizes.sum())


def test_labels_with_probabilities_stand_for_the_dump_that_they_were_drawn_from(trained, tmp_path):
    table = weighted_table()
    pq.write_table(table, tmp_path / "labels.parquet")
    chosen = random_rows(table)
    points = load_scorer(trained.out).score(table["text"]).value[chosen]
    good = table["score"].to_numpy()[chosen] >= 3
    weights = 1 / table["probability"].to_numpy()[chosen]
    result = choose_threshold(ThresholdConfig(scorer=trained.out, labels=str(tmp_path / "labels.parquet")))
    assert result.weighting.startswith("Weighted by how many documents")
    assert_counted(result, points, good, weights)


def test_a_weight_says_more_than_a_probability(tmp_path):
    """A document that stands for its near-duplicates too."""
    table = weighted_table()
    own = np.where(np.arange(ROWS) == 1, 250.0, np.nan)
    table = table.append_column("weight", pa.array(own, mask=np.isnan(own)))
    pq.write_table(table, tmp_path / "labels.parquet")
    weights = read_labels(str(tmp_path / "labels.parquet")).weights
    assert weights[1] == 250
    assert weights[2] == 1 / table["probability"][2].as_py()
    assert np.isnan(weights[0])  # chosen by score


def test_the_size_of_a_document_is_that_of_all_of_it(tmp_path):
    table = fresh_table()
    whole = pa.array([1_000_000, None] + [1] * (ROWS - 2), pa.int64())
    pq.write_table(table.append_column("text_bytes", whole), tmp_path / "labels.parquet")
    own = [len(text.encode()) for text in table["text"].to_pylist()]
    assert read_labels(str(tmp_path / "labels.parquet")).text_bytes.tolist() == [1_000_000, *own[1:]]


def test_a_population_gives_kept_shares_exactly_and_weighs_labels_by_score(trained, fresh, scored):
    result = choose_threshold(
        ThresholdConfig(scorer=trained.out, labels=str(fresh), population=str(scored), keep_fraction=0.3)
    )
    folder = RunFolder(str(scored))
    parts = folder.read_plan().parts
    stored = np.concatenate([value for part in parts for value in read_scores(folder, part, "edu_score")])
    assert result.documents == len(stored) == 410
    for row in result.cuts:
        share = (stored >= np.float32(row.cut)).mean()
        assert (row.documents.value, row.documents.low, row.documents.high) == (share, share, share)
    assert (stored >= np.float32(result.keep_at)).mean() <= 0.3
    assert (stored >= np.float32(result.keep_at - 0.001)).mean() > 0.3
    # Precision above a cut: the rate of each range of a quarter point, times what the run has there.
    table = fresh_table()
    chosen = random_rows(table)
    points = load_scorer(trained.out).score(table["text"]).value[chosen]
    good = table["score"].to_numpy()[chosen] >= 3
    of_labels, of_run = np.floor(4 * points), np.floor(4 * stored)
    assert np.bincount(of_labels.astype(int), minlength=20)[8:18].min() >= 10
    parts = [(good[of_labels == place].mean(), (of_run == place).sum()) for place in range(8, 10)]
    expected = sum(rate * count for rate, count in parts)
    found = [row for row in result.cuts if row.cut in (2, 2.5)]
    kept_good = [row.precision.value * row.documents.value * 410 for row in found]
    assert kept_good[0] - kept_good[1] == pytest.approx(expected)


def test_on_the_labels_that_a_scorer_was_fitted_to_points_are_nested(trained, labels, hasty):
    result = choose_threshold(ThresholdConfig(scorer=trained.out, labels=str(labels)))
    assert result.nested
    found = read_labels(str(labels))
    nested = points_of_labels(trained.out, str(labels))
    assert nested.nested
    points = nested.points[found.unbiased].astype(np.float32)
    assert_counted(result, points, found.scores[found.unbiased] >= 3, np.ones(len(points)))


@pytest.mark.parametrize("effort", ["full", "balanced"])
def test_other_efforts_are_cut_by_their_own_scores(cascade, fresh, effort):
    fast, other = (
        choose_threshold(ThresholdConfig(scorer=cascade.out, labels=str(fresh), effort=one, device="cpu"))
        for one in ("fast", effort)
    )
    table = fresh_table()
    chosen = random_rows(table)
    points = load_scorer(cascade.out, effort=effort).score(table["text"]).value[chosen]
    assert_counted(other, points, table["score"].to_numpy()[chosen] >= 3, np.ones(chosen.sum()))
    assert other.effort == effort
    assert [row.precision for row in other.cuts] != [row.precision for row in fast.cuts]


def test_of_a_run_the_effort_is_taken_and_its_exits(cascade, fresh, dump, tmp_path):
    settings = {
        "inputs": [str(dump)],
        "scorer": cascade.out,
        "effort": "balanced",
        "device": "cpu",
        "audit": 0,
    }
    exits = {"keep_at": 2.0, "max_disagreement": 0.2}
    filter_dump(FilterConfig(**settings, **exits, out=tmp_path / "out"), reporter=QUIET)
    result = choose_threshold(
        ThresholdConfig(scorer=cascade.out, labels=str(fresh), population=tmp_path / "out", device="cpu")
    )
    assert result.effort == "balanced"
    usual = choose_threshold(
        ThresholdConfig(scorer=cascade.out, labels=str(fresh), effort="balanced", device="cpu")
    )
    assert [row.labels for row in result.cuts] != [row.labels for row in usual.cuts]


def test_labels_from_near_the_cut_of_a_run_serve_with_that_run_alone(trained, fresh, scored, dump, tmp_path):
    """They were chosen by score, which weighting within ranges of scores makes up for."""
    near = tmp_path / "near.parquet"
    sample_near_cut(NearCutConfig(run=str(scored), out=near, n=40))
    drawn = pq.read_table(near)
    drawn = drawn.append_column("score", pa.array([4.0, 1.0] * (len(drawn) // 2)))
    strangers = replaced(drawn, "edu_score", pa.array(drawn["edu_score"].to_numpy() + np.float32(0.3)))
    both = pa.concat_tables([fresh_table(), drawn, strangers], promote_options="permissive")
    pq.write_table(both, tmp_path / "labels.parquet")
    settings = {"scorer": trained.out, "labels": str(tmp_path / "labels.parquet")}
    alone = choose_threshold(ThresholdConfig(**settings))
    of_the_run = choose_threshold(ThresholdConfig(**settings, population=str(scored)))
    assert of_the_run.labels - alone.labels == len(drawn) > 0
