"""Proves that a cut is chosen for the goal that was named, and promised only where labels can promise it."""

import json
import re
import shlex

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from filtering.judging.intervals import Estimate
from filtering.judging.thresholds import CUTS, LEAST_KEPT, Choice
from pipelines import RecutConfig, ThresholdConfig, choose_threshold, recut_run
from pipelines.amount_formats import short_count
from pipelines.choosing.thresholds.cut_rows import CutRow
from pipelines.choosing.thresholds.threshold_in_words import in_words
from pipelines.run_folder.folder import RunFolder
from tests.kit.runs.outcomes import QUIET

pytestmark = pytest.mark.usefixtures("in_fewer_rounds")


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
    assert re.search(rf"{goal} \d+\.\d %", result.answer)
    assert "so at least 70 %" in result.answer
    likely = [row.cut for row in result.cuts if row.cut > 0 and getattr(row, goal).value >= 0.7]
    assert result.estimated_at == (min if goal == "precision" else max)(likely)
    told = f"By the estimate alone {result.estimated_at:g} points would do" in result.answer
    assert told == (result.estimated_at != result.keep_at)  # else it would say the same twice
    assert result.next_command == (
        f"edufilter filter DUMP --scorer {trained.out} --effort fast --keep-at {result.keep_at:g} --out OUT"
    )


def test_what_cannot_be_promised_is_code_4_after_the_best_that_can_be(command, trained, fresh):
    outcome = command("threshold", trained.out, fresh, "--precision", "0.99")
    assert outcome.code == 4
    assert "Exit code 4: the goal is not promised." in outcome.out
    assert "These labels cannot promise a precision of 99 %" in outcome.out
    [cut] = re.findall(r"keep from ([\d.]+) points", outcome.out)
    assert f"\n {cut} *" in outcome.out.replace("\n    ", "\n ").replace("\n  ", "\n ")
    assert f"next: edufilter filter DUMP --scorer {trained.out} --effort fast --keep-at {cut} " in outcome.out


def test_more_labels_are_asked_for_where_they_would_do(trained, fresh):
    plenty = choose_threshold(ThresholdConfig(scorer=trained.out, labels=str(fresh)))
    best = max(row.precision.low for row in plenty.cuts if row.labels)
    result = choose_threshold(ThresholdConfig(scorer=trained.out, labels=str(fresh), precision=best + 0.01))
    assert result.exit_code == 4
    assert result.more_labels > 0
    assert f"Label about {result.more_labels:,} more to show it (a rough estimate)." in result.answer
    assert result.keep_at == result.estimated_at
    assert result.answer.count(" points") == 1


@pytest.mark.parametrize(
    ("values", "is_promised", "wanted"),
    [
        ((0.9, 0.85, 0.95), True, "Keep from 3 points: precision 90.0 % [85.0, 95.0], so at least 80 %."),
        ((0.8, 0.3, 1.0), False, "keep from 3 points: precision 80.0 % [30.0, 100.0]. How many more"),
        ((0.7, 0.6, 0.79), False, "3 points, by 5 labels: precision 70.0 % [60.0, 79.0]. No band reaches it"),
    ],
)
def test_a_goal_has_one_answer_be_it_shown_or_reached_by_the_estimate_or_not_at_all(
    values, is_promised, wanted
):
    row = CutRow(3.0, 5, *(Estimate(*values),) * 4)
    choice = Choice(0, is_promised=is_promised)
    said = in_words("precision", 0.8, row, choice, None, is_reached=values[0] >= 0.8)
    assert wanted in said
    assert said.lower().count("from 3 points") == 1
    assert ("keep from" in said.lower()) == (values[0] >= 0.8)


@pytest.mark.parametrize("goal", [0.6, 0.999])
def test_a_precision_above_all_estimates_leads_to_a_recall(trained, fresh, tmp_path, goal):
    table = pq.read_table(fresh)
    luck = pa.array([4.0 if row % 7 == 3 else 1.0 for row in range(len(table))])
    path = tmp_path / "luck.parquet"
    pq.write_table(table.set_column(table.column_names.index("score"), "score", luck), path)
    result = choose_threshold(ThresholdConfig(scorer=trained.out, labels=str(path), precision=goal))
    assert (result.estimated_at, result.exit_code) == (None, 4)
    assert result.next_command == f"edufilter threshold {trained.out} {path} --recall 0.8"
    best = max(row.precision.value for row in result.cuts if row.labels >= LEAST_KEPT)
    assert next(row for row in result.cuts if row.cut == result.keep_at).precision.value == best < goal
    reached = any(row.precision.high >= goal for row in result.cuts if row.labels)
    assert ("more labels may yet show" in result.answer) == reached


def test_a_cut_that_the_run_has_is_no_next_step(command, trained, fresh, scored, tmp_path):
    def asked(run):
        return command("threshold", trained.out, fresh, "--population", run, "--recall", "0.7")

    [again] = [line for line in asked(scored).out.splitlines() if line.startswith("next: ")]
    new = tmp_path / "new"
    assert command(*shlex.split(again)[2:-1], new, "--no-report").code == 0
    said = asked(new).out
    assert f"The run {new} keeps from there already." in said
    assert "next: " not in said


def test_tokens_to_keep_are_those_of_the_run(command, trained, fresh, scored, tmp_path):
    arguments = ("threshold", trained.out, fresh, "--population", scored, "--json", "--keep-tokens")
    manifest = RunFolder(str(scored)).read_manifest()
    outcome = command(*arguments, "20k")
    found = json.loads(outcome.out)
    assert outcome.code == 0
    assert found["tokens"] == manifest["text_bytes"] / 4
    row = next(row for row in found["cuts"] if row["cut"] == found["keep_at"])
    assert 15_000 < row["tokens"]["value"] * found["tokens"] <= 20_000
    assert row["tokens"]["low"] == row["tokens"]["value"] == row["tokens"]["high"]
    said = command(*shlex.split(found["next_command"])[1:-1], tmp_path / "new", "--no-report").out
    kept = RunFolder(str(tmp_path / "new")).read_manifest()["kept_text_bytes"] / 4
    assert kept == pytest.approx(row["tokens"]["value"] * found["tokens"])
    assert f", about {short_count(kept)} of {short_count(found['tokens'])} tokens -> " in said
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
    assert said == "Keep from 5 points: 10.0 % [5.0, 20.0] of the documents; no cut keeps as few as 1 %."
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
    assert "labels: labelled documents that score so much or more" in outcome.out
    assert f"next: edufilter threshold {trained.out} {fresh} --precision 0.9" in outcome.out


def test_the_next_command_asks_for_the_same_labels_population_and_effort(command, trained, fresh, scored):
    given = ("threshold", trained.out, fresh, "--device", "cpu", "--population", scored, "--label-at", "2.5")
    again = next(line for line in command(*given).out.splitlines() if line.startswith("next: "))
    words = shlex.split(again)[2:]
    assert sorted(words) == sorted(["threshold", *map(str, given[1:]), "--precision", "0.9"])
    kept = command("threshold", trained.out, fresh, "--device", "cpu", "--recall", "0.7").out
    assert f"--scorer {trained.out} --effort fast --keep-at" in kept
    assert "--device cpu --out OUT" in kept
