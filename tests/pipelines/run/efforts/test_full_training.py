"""Proves that training and judging tell the figures of both efforts, and draw a learning curve for each."""

import json
import re
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from pydantic_core import to_jsonable_python

from filtering.errors import SettingsError
from filtering.fitting.fit_heads import HEADS
from filtering.fitting.recipes import RECIPES
from pipelines import evaluate_scorer
from pipelines.scorers import learning_curve
from pipelines.scorers.learning_curve import write_learning_curve
from tests.kit.dumps.small import copy_of_scorer, make_labels
from tests.kit.runs.full_effort import CPU, FULL
from tests.kit.runs.outcomes import QUIET


def test_two_commands_train_and_filter_and_every_head_that_was_compared_stands_in_the_card(
    command, tiny_model, source, hasty, tmp_path
):
    pq.write_table(make_labels(rows=120, groups=12), tmp_path / "labels.parquet")
    out = tmp_path / "scorer"
    trained = command(
        "train", tmp_path / "labels.parquet", "--out", out, "--embedder", tiny_model, "--max-tokens", 32
    )
    assert trained.code == 0, trained.err
    metrics = json.loads((out / "scorer.json").read_text())["metrics"]
    card = (out / "README.md").read_text()
    for stage, names, found in (
        ("words and style", RECIPES, metrics["signals"]),
        ("with embeddings", HEADS, metrics["heads"]),
    ):
        assert set(found["compared"]) == set(names)
        assert found["kept"] in names
        for name, row in found["compared"].items():
            kept = " (kept)" if name == found["kept"] else ""
            figures = f"{row['rho']:.4f} ± {row['rho_spread']:.4f}"
            assert f"| {stage} | `{name}`{kept} | {figures} |" in card
    # From simple to costly, in the card and where a scorer is evaluated.
    shown = re.findall(r"^\| (?:words and style|with embeddings) \| `(\w+)`", card, re.MULTILINE)
    assert shown == [*RECIPES, *HEADS]
    again = command("evaluate", out, tmp_path / "labels.parquet")
    assert shown == re.findall(r" (\w+)(?: \(kept\))? +-?0\.\d+ ±", again.out)
    for effort in ("fast", "full"):
        assert f"| effort `{effort}` | all documents |" in card
    options = f"--embedder {tiny_model} --max-tokens 32"
    assert f"edufilter train LABELS --domain web {options} --out FOLDER" in card
    filtered = command("filter", source, "-s", out, *FULL, "--out", tmp_path / "out")
    assert filtered.code == 0, filtered.err
    assert "effort full (words and style, and an embedding of every document)" in filtered.err
    assert "of 217 documents" in filtered.out


def test_the_stored_figures_are_those_of_both_efforts(two_stages):
    description = json.loads((Path(two_stages.out) / "scorer.json").read_text())
    assert [one.effort for one in two_stages.evaluations] == ["fast", "full"]
    for one in two_stages.evaluations:
        stored = description["metrics"]["nested"][one.effort]
        assert stored["nested"]
        assert stored["metrics"]["rho"]["value"] == round(one.metrics["rho"].value, 4)
        assert one.metrics["rho"].value > 0.7
    tokens = description["metrics"]["embedded"]
    assert 0 < tokens["tokens_read"] < tokens["tokens"]


def test_evaluate_at_full_effort_is_nested_on_the_very_labels_as_training_was(
    command, two_stages, labels, hasty
):
    outcome = command("evaluate", two_stages.out, labels, *FULL, "--json")
    assert outcome.code == 0
    [_, full] = two_stages.evaluations
    assert json.loads(outcome.out) == to_jsonable_python(full, inf_nan_mode="null")


def test_evaluate_at_full_effort_judges_its_own_scores_by_other_labels(two_stages, hasty, tmp_path):
    pq.write_table(make_labels(rows=150, groups=30, seed=1), tmp_path / "fresh.parquet")
    fast, full = (
        evaluate_scorer(two_stages.out, str(tmp_path / "fresh.parquet"), effort=effort, placement=CPU)
        for effort in ("fast", "full")
    )
    assert (full.nested, full.effort, full.rows) == (False, "full", 150)
    assert full.metrics["rho"].value > 0.7
    assert full.metrics != fast.metrics


def test_a_learning_curve_is_drawn_for_both_efforts(
    command, two_stages, labels, hasty, monkeypatch, tmp_path
):
    monkeypatch.setattr(learning_curve, "SIZES", (100,))  # and all of those that a fit has
    outcome = command("evaluate", two_stages.out, labels, *FULL, "--learning-curve", tmp_path / "curve.svg")
    assert outcome.code == 0, outcome.err
    assert f"learning curve: {tmp_path / 'curve.svg'}" in outcome.out
    drawn = (tmp_path / "curve.svg").read_text()
    assert drawn.startswith("<svg")
    for effort in ("fast", "full"):
        for drawn_by in ("labels", "groups"):
            found = re.findall(rf'aria-label="{drawn_by}: (\d+); [^"]*effort: {effort}"', drawn)
            assert len(set(found)) > 1
    assert all(how in outcome.out for how in ("one by one", "whole groups"))
    assert (
        len(re.findall(r"\nFrom \d+ to \d+ (labels|groups) the AUC at 3 points went from", outcome.out)) == 2
    )
    assert outcome.out.splitlines()[-1].startswith("next: ")


def test_a_learning_curve_of_other_labels_is_refused(command, trained, hasty, tmp_path):
    pq.write_table(make_labels(seed=1), tmp_path / "fresh.parquet")
    outcome = command(
        "evaluate", trained.out, tmp_path / "fresh.parquet", "--learning-curve", tmp_path / "curve.svg"
    )
    assert outcome.code == 2
    assert "must be of the very labels that the scorer was fitted to" in outcome.err
    assert outcome.out == ""
    assert not (tmp_path / "curve.svg").exists()


def test_a_learning_curve_that_cannot_be_written_is_refused_before_anything_is_fitted(
    command, trained, labels, tmp_path
):
    curve = tmp_path / "none" / "curve.svg"
    outcome = command("evaluate", trained.out, labels, "--learning-curve", curve)
    assert outcome.code == 2
    assert str(curve) in outcome.err
    assert outcome.out == ""


def test_a_scorer_that_tells_nothing_of_its_labels_has_no_learning_curve(trained, labels, tmp_path):
    scorer = copy_of_scorer(trained.out, tmp_path / "copy", domain="copy")
    with pytest.raises(SettingsError, match="must be of the very labels that the scorer was fitted to"):
        write_learning_curve(scorer, str(labels), str(tmp_path / "curve.svg"), placement=CPU, reporter=QUIET)
