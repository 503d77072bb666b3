"""Proves that a card says by which rubric labels were given, as far as anything tells."""

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from annotations import load_rubric
from annotations.labels.label_rubric import KEY, rubric_of, with_rubric
from pipelines.commands.printing.labels import print_annotation, print_sample
from pipelines.labels.label_folder import AnnotateResult
from pipelines.labels.sample import SampleResult
from pipelines.scorers.model_card import model_card
from tests.kit.dumps.small import make_labels
from tests.kit.labels.annotating import read


def card_of(trained, rubric):
    return model_card(
        "toys", trained.metrics, trained.evaluations, trained.audit, {"fast": 1.0}, ["train"], {}, rubric
    )


def test_a_card_asks_what_the_rubric_of_its_labels_asks(trained):
    story = load_rubric("story")
    card = card_of(trained, story)
    assert "by the rubric `story` (version 1). Its questions are:" in card
    for one in story.dimensions:
        assert f"(`{one.name}`)" in card
        assert " ".join(one.question.split()) in card
    assert "It asks:\n\n- How much would someone learning to program gain" in card_of(
        trained, load_rubric("code")
    )


def test_a_card_of_labels_without_a_rubric_says_that_nobody_said_what_points_mean(trained):
    assert "they name no rubric" in Path(trained.out, "README.md").read_text()
    assert "learner" not in Path(trained.out, "README.md").read_text()


def test_labels_carry_their_rubric_wherever_the_file_goes(tmp_path):
    table = make_labels(20)
    for name, metadata in (("none", {}), ("forged", {KEY: b'{"name": 7}'}), ("garbled", {KEY: b"\xff"})):
        pq.write_table(table.replace_schema_metadata(metadata), tmp_path / name)
        assert rubric_of(str(tmp_path / name)) is None
    pq.write_table(with_rubric(table, load_rubric("code")), tmp_path / "labels.parquet")
    for source in (tmp_path, tmp_path / "labels.parquet"):
        assert rubric_of(str(source)) == load_rubric("code")
    (tmp_path / "a.jsonl").write_text(json.dumps({"text": "a"}))
    assert rubric_of(str(tmp_path / "a.jsonl")) is None
    assert rubric_of(str(tmp_path / "nothing")) is None
    assert rubric_of(table) is None


def test_a_rubric_that_is_none_is_refused_before_anything_is_read(command, tmp_path):
    refused = command("train", "no labels", "--rubric", "wep", "--out", tmp_path / "out")
    assert refused.code == 2
    assert "A rubric must be one of code, story, textbook, web" in refused.err
    assert "Did you mean 'web'?" in refused.err


@pytest.mark.parametrize(
    ("domain", "words"),
    [("", ""), ("web", ""), ("code", " --domain code")],
)
def test_labels_by_a_rubric_are_trained_on_as_its_domain(capsys, domain, words):
    print_annotation(
        AnnotateResult(out="labels", labels=200, statuses={"ok": 200}, spent_usd=0, domain=domain)
    )
    assert f"next: edufilter train labels --out SCORER{words}\n" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("scorer", "rubric", "words"),
    [
        ("web", "web", ""), ("code", "code", "--rubric code "), ("mine", None, "--rubric RUBRIC "),
        ("web", "my.toml", "--rubric my.toml "),
    ],
)  # fmt: skip
def test_a_sample_is_labelled_by_its_rubric_as_far_as_that_is_known(capsys, scorer, rubric, words):
    print_sample(SampleResult("a.parquet", 200, 200, {"stratified": 200}, 9, 9, 0, 9, scorer, rubric, (), ()))
    assert f"next: edufilter annotate a.parquet {words}--model MODEL" in capsys.readouterr().out


def test_labels_that_a_model_gave_name_the_rubric_and_imported_ones_none(tmp_path, command):
    pq.write_table(pa.table({"text": ["a b c"], "score": [3]}), tmp_path / "theirs.parquet")
    given = ("annotate", "--import", tmp_path / "theirs.parquet", "--out", tmp_path / "labels")
    assert command(*given).code == 0
    assert read(tmp_path / "labels")[0]["picked"] == "unknown"
    assert rubric_of(str(tmp_path / "labels")) is None
