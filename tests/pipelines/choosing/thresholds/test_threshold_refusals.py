"""Proves that no cut is chosen by labels, runs or settings that cannot say what it keeps."""

import shutil

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from filtering.errors import LabelsError, OutputError, ScorerError, SettingsError
from pipelines import FilterConfig, RecutConfig, ThresholdConfig, choose_threshold, filter_dump, recut_run
from tests.kit.dumps.small import copy_of_scorer, replaced
from tests.kit.labels.fresh import ROWS, fresh_table
from tests.kit.runs.outcomes import QUIET

pytestmark = pytest.mark.usefixtures("in_fewer_rounds")

BAD_SETTINGS = {
    "two goals": ({"precision": 0.9, "recall": 0.8}, "At most one goal.*Got --precision and --recall"),
    "tokens without a run": ({"keep_tokens": "10B"}, "--keep-tokens must come with --population"),
    "no number of tokens": (
        {"keep_tokens": "lots", "population": "x"},
        "must be a number, with k, M, B or T",
    ),
    "no tokens": ({"keep_tokens": "0", "population": "x"}, "keep_tokens"),
    "a precision of 1": ({"precision": 1.0}, "precision"),
    "a label of 0": ({"label_at": 0.0}, "label_at"),
}


@pytest.mark.parametrize(("settings", "message"), BAD_SETTINGS.values(), ids=BAD_SETTINGS)
def test_wrong_settings_say_what_must_hold(settings, message):
    with pytest.raises(SettingsError, match=message):
        ThresholdConfig(scorer="web", labels="labels.parquet", **settings)


def changed(name, values):
    return replaced(fresh_table(), name, pa.array(values))


def with_numbers(name, values):
    return fresh_table().append_column(name, pa.array(values))


BAD_LABELS = {
    "a probability above 1": (with_numbers("probability", [2.0] * ROWS), "in .0, 1.. Got 2 in data row 1"),
    "a weight of 0": (with_numbers("weight", [1.0, 0.0] * (ROWS // 2)), "above 0. Got 0 in data row 2"),
    "weights in words": (with_numbers("weight", ["one"] * ROWS), "'weight'.*must be a number"),
    "hardly any with a weight": (
        with_numbers("weight", [None, 1.0, *[None] * (ROWS - 2)]),
        "At least 50 labels.*Found 1 of 600",
    ),
}


@pytest.mark.parametrize(("table", "message"), BAD_LABELS.values(), ids=BAD_LABELS)
def test_labels_that_say_nothing_of_rates_are_refused(trained, tmp_path, table, message):
    pq.write_table(table, tmp_path / "labels.parquet")
    with pytest.raises(LabelsError, match=message):
        choose_threshold(ThresholdConfig(scorer=trained.out, labels=str(tmp_path / "labels.parquet")))


def test_labels_without_a_good_one_are_refused(trained, tmp_path):
    scores = np.minimum(fresh_table()["score"].to_numpy(), 4)
    pq.write_table(changed("score", scores), tmp_path / "labels.parquet")
    config = ThresholdConfig(scorer=trained.out, labels=str(tmp_path / "labels.parquet"), label_at=5.0)
    with pytest.raises(LabelsError, match="some must be at least 5, and some below"):
        choose_threshold(config)


def without_scores(scored, out):
    """Make a new cut of a run that is gone."""
    gone = shutil.copytree(scored, out.with_name("gone"))
    recut_run(RecutConfig(run=gone, to=out, keep_at=2.0), reporter=QUIET)
    shutil.rmtree(gone)


def unfinished(scored, out):
    shutil.copytree(scored, out)
    (out / "run" / "manifest.json").unlink()


def damaged(scored, out):
    shutil.copytree(scored, out)
    next((out / "run" / "scores").rglob("*.parquet")).unlink()


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (without_scores, "is a new cut of .*/gone', and has no scores of its own. .*must hold a run"),
        (unfinished, "must hold a finished run"),
        (damaged, "must hold the scores of all parts"),
        (lambda scored, out: None, "must hold"),
    ],
    ids=["a new cut of a run that is gone", "unfinished", "scores gone", "no run"],
)
def test_a_population_must_be_a_finished_run_with_scores(trained, fresh, scored, tmp_path, spoil, message):
    spoil(scored, tmp_path / "out")
    with pytest.raises(OutputError, match=message):
        choose_threshold(ThresholdConfig(scorer=trained.out, labels=str(fresh), population=tmp_path / "out"))


def test_a_population_must_be_of_this_scorer_and_effort(command, trained, fresh, scored, tmp_path):
    other = copy_of_scorer(trained.out, tmp_path / "other", domain="other")
    with pytest.raises(
        ScorerError, match=r"must be the scorer that the run was made with, '.*'\. Name that one, or"
    ):
        choose_threshold(ThresholdConfig(scorer=other, labels=str(fresh), population=str(scored)))
    config = ThresholdConfig(scorer=trained.out, labels=str(fresh), population=str(scored), effort="full")
    with pytest.raises(SettingsError, match=r"--effort must be that of the run .*, fast\. Got full"):
        choose_threshold(config)
    assert command("threshold", other, fresh, "--population", scored).code == 2


def test_a_population_without_a_score_is_refused(trained, fresh, tmp_path):
    pq.write_table(pa.table({"text": [""] * 20}), tmp_path / "empty.parquet")
    settings = {"inputs": [str(tmp_path / "empty.parquet")], "scorer": trained.out, "effort": "fast"}
    filter_dump(FilterConfig(**settings, out=tmp_path / "out"), reporter=QUIET)
    with pytest.raises(SettingsError, match="must have a score"):
        choose_threshold(ThresholdConfig(scorer=trained.out, labels=str(fresh), population=tmp_path / "out"))
