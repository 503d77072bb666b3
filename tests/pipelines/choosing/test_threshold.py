"""Proves that cuts are chosen as they say: by labels weighted to a dump or a run, promised or refused."""

import json
import shutil

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from dumps import copy_of_scorer, make_labels, replaced
from runs import QUIET

import filtering.judging.bands
from annotations import read_labels
from filtering import load_scorer
from filtering.errors import LabelsError, OutputError, ScorerError, SettingsError
from filtering.judging.metrics import Estimate
from filtering.judging.thresholds import CUTS, Choice
from pipelines import (
    FilterConfig,
    NearCutConfig,
    RecutConfig,
    ThresholdConfig,
    choose_threshold,
    filter_dump,
    recut_run,
    sample_near_cut,
)
from pipelines.amounts import short_count
from pipelines.choosing.threshold import CutRow, in_words
from pipelines.scorers.evaluate import points_of_labels
from pipelines.store.run_folder import RunFolder
from pipelines.store.stored_scores import read_scores

ROWS = 600


@pytest.fixture(autouse=True)
def in_fewer_rounds(monkeypatch):
    """Resample less: that bands hold is proved in `test_filtering_bands.py`."""
    monkeypatch.setattr(filtering.judging.bands, "ROUNDS", 400)


def fresh_table(rows=ROWS):
    """Return labels that no scorer was fitted to, of as many groups as documents."""
    return make_labels(rows, groups=rows, seed=1)


def weighted_table():
    """Return the same with the probabilities of a draw that takes short texts twice as often."""
    table = fresh_table()
    short = np.array([len(text) < 500 for text in table["text"].to_pylist()])
    random = np.array([pick == "random" for pick in table["picked"].to_pylist()])
    chance = np.where(short, 0.02, 0.01)
    return table.append_column("probability", pa.array(chance, pa.float64(), mask=~random))


@pytest.fixture(scope="module")
def fresh(tmp_path_factory):
    path = tmp_path_factory.mktemp("labels") / "fresh.parquet"
    pq.write_table(fresh_table(), path)
    return path


@pytest.fixture(scope="module")
def scored(trained, dump, tmp_path_factory):
    """Return a run of the trained scorer over the dump."""
    out = tmp_path_factory.mktemp("scored") / "out"
    filter_dump(FilterConfig(inputs=[str(dump)], out=out, scorer=trained.out, effort="fast"), reporter=QUIET)
    return out


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


def random_rows(table):
    return np.array([pick == "random" for pick in table["picked"].to_pylist()])


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


def test_the_next_command_keeps_what_was_told(command, trained, fresh, scored, tmp_path):
    outcome = command("threshold", trained.out, fresh, "--population", scored, "--recall", "0.7", "--json")
    found = json.loads(outcome.out)
    assert outcome.code == 0
    assert found["is_promised"]
    assert found["next_command"] == f"edufilter recut {scored} --keep-at {found['keep_at']:g} --to NEW"
    result = recut_run(RecutConfig(run=scored, to=tmp_path / "new", keep_at=found["keep_at"]), reporter=QUIET)
    row = next(row for row in found["cuts"] if row["cut"] == found["keep_at"])
    assert result.kept / result.rows == row["documents"]["value"]


@pytest.mark.parametrize("goal", ["precision", "recall"])
def test_a_promised_cut_is_the_one_that_keeps_most_or_least_of_those_that_promise_it(trained, fresh, goal):
    result = choose_threshold(ThresholdConfig(scorer=trained.out, labels=str(fresh), **{goal: 0.7}))
    assert result.is_promised
    assert result.exit_code == 0
    promising = [row.cut for row in result.cuts if getattr(row, goal).low >= 0.7]
    assert result.keep_at == (min if goal == "precision" else max)(promising)
    assert f"{goal} 0." in result.answer
    assert "so at least 0.7" in result.answer
    assert result.next_command == (
        f"edufilter filter INPUT --scorer {trained.out} --effort fast --keep-at {result.keep_at:g} --out OUT"
    )


def test_what_cannot_be_promised_is_code_4_after_the_best_that_can_be(command, trained, fresh):
    outcome = command("threshold", trained.out, fresh, "--precision", "0.99")
    assert outcome.code == 4
    assert "These labels cannot promise a precision of 0.99. The best cut is" in outcome.out
    assert "next: edufilter filter INPUT" in outcome.out


def test_more_labels_are_asked_for_where_they_would_do(trained, fresh):
    plenty = choose_threshold(ThresholdConfig(scorer=trained.out, labels=str(fresh)))
    best = max(row.precision.low for row in plenty.cuts if row.labels)
    result = choose_threshold(ThresholdConfig(scorer=trained.out, labels=str(fresh), precision=best + 0.01))
    assert result.exit_code == 4
    assert result.more_labels > 0
    assert f"Label about {result.more_labels:,} more (a rough estimate)." in result.answer


def test_tokens_to_keep_are_those_of_the_run(command, trained, fresh, scored):
    arguments = ("threshold", trained.out, fresh, "--population", scored, "--json", "--keep-tokens")
    manifest = RunFolder(str(scored)).read_manifest()
    outcome = command(*arguments, "20k")
    found = json.loads(outcome.out)
    assert outcome.code == 0
    assert found["tokens"] == manifest["text_bytes"] / 4
    row = next(row for row in found["cuts"] if row["cut"] == found["keep_at"])
    assert 15_000 < row["tokens"]["value"] * found["tokens"] <= 20_000
    assert row["tokens"]["low"] < row["tokens"]["value"] < row["tokens"]["high"]
    outcome = command(*arguments, "2.5M")
    found = json.loads(outcome.out)
    assert outcome.code == 4
    assert found["keep_at"] == 0
    assert f"2.5M cannot be had, for the run has {short_count(found['tokens'])} in all" in found["answer"]


def test_a_fraction_of_labels_alone_is_answered_by_their_scores(trained, fresh):
    result = choose_threshold(ThresholdConfig(scorer=trained.out, labels=str(fresh), keep_fraction=0.25))
    row = next(row for row in result.cuts if row.cut == result.keep_at)
    assert 0.24 < row.documents.value <= 0.25
    assert row.documents.low < row.documents.value < row.documents.high
    assert result.is_promised


def test_a_share_smaller_than_any_cut_keeps_is_no_promise():
    row = CutRow(5.0, 30, *(Estimate(0.1, 0.05, 0.2),) * 4)
    said = in_words("keep_fraction", 0.01, row, Choice(0, is_promised=False), None)
    assert said == "Keep from 5 points: 0.100 [0.050, 0.200] of the documents; no cut keeps as few as 0.01."
    said = in_words("keep_tokens", 50.0, row, Choice(0, is_promised=False), 5e3)
    assert (
        said == "Keep from 5 points: about 500 tokens [250, 1k]; 50 cannot be had, for no cut keeps so few."
    )


def test_the_table_fits_80_columns(command, trained, fresh):
    lines = command("threshold", trained.out, fresh).out.splitlines()
    rows = [line for line in lines if line.strip()[:1].isdigit() and "labels of" not in line]
    assert len(rows) == len(CUTS)


def test_the_table_alone_has_no_answer(command, trained, fresh):
    outcome = command("threshold", trained.out, fresh)
    assert outcome.code == 0
    assert "hold for all cuts at once" in outcome.out
    assert "Not weighted" in outcome.out
    assert "next:" not in outcome.out


def test_on_the_labels_that_a_scorer_was_fitted_to_points_are_nested(command, trained, labels):
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
    "a probability above 1": (with_numbers("probability", [2.0] * ROWS), "in .0, 1.. Got 2 at row 0"),
    "a weight of 0": (with_numbers("weight", [1.0, 0.0] * (ROWS // 2)), "above 0. Got 0 at row 1"),
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
    recut_run(RecutConfig(run=scored, to=out, keep_at=2.0), reporter=QUIET)


def unfinished(scored, out):
    shutil.copytree(scored, out)
    (out / "run" / "manifest.json").unlink()


def damaged(scored, out):
    shutil.copytree(scored, out)
    next((out / "run" / "scores").rglob("*.parquet")).unlink()


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (without_scores, "must hold scores. It is a new cut itself"),
        (unfinished, "must hold a finished run"),
        (damaged, "must hold the scores of all parts"),
        (lambda scored, out: None, "must hold"),
    ],
    ids=["a new cut", "unfinished", "scores gone", "no run"],
)
def test_a_population_must_be_a_finished_run_with_scores(trained, fresh, scored, tmp_path, spoil, message):
    spoil(scored, tmp_path / "out")
    with pytest.raises(OutputError, match=message):
        choose_threshold(ThresholdConfig(scorer=trained.out, labels=str(fresh), population=tmp_path / "out"))


def test_a_population_must_be_of_this_scorer_and_effort(command, trained, fresh, scored, tmp_path):
    other = copy_of_scorer(trained.out, tmp_path / "other", domain="other")
    with pytest.raises(ScorerError, match="must be the scorer that the run"):
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
