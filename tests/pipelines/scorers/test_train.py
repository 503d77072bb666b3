"""Proves that scorers are trained and judged alike by Python and command, and that bad labels are refused."""

import json
import re
import sys
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pydantic_core import to_jsonable_python

from filtering import load_scorer
from filtering.embedding.settings import DEFAULT_EMBEDDER
from filtering.errors import LabelsError, MissingExtraError, SettingsError
from filtering.judging.intervals import Estimate
from pipelines import TrainConfig, evaluate_scorer, train_scorer
from pipelines.commands.printing.scorers import print_scorer
from pipelines.scorers.evaluation_tables import FIGURES
from tests.kit.dumps.small import SELLING, TEACHING, copy_of_scorer, digests, make_labels, replaced
from tests.kit.runs.outcomes import QUIET

METRICS = {"rho", "auc_at_3"}
ONE_STAGE = ["--signals", "linear"]


def test_a_trained_scorer_can_be_loaded_and_tells_teaching_from_selling(trained):
    scorer = load_scorer(trained.out)
    assert scorer.domain == "toys"
    teaching, selling = scorer.score([" ".join(TEACHING), " ".join(SELLING)]).value
    assert teaching > 3.5 > 1.5 > selling


def test_the_nested_figures_stand_in_the_folder_and_in_its_card(trained):
    description = json.loads((Path(trained.out) / "scorer.json").read_text())
    [fast] = trained.evaluations
    nested = description["metrics"]["nested"]
    assert list(nested) == ["fast"]
    assert nested["fast"]["effort"] == fast.effort == "fast"
    assert nested["fast"]["rows"] == fast.rows == 300
    assert nested["fast"]["groups"] == 60
    assert nested["fast"]["unbiased_rows"] == 200
    assert fast.metrics["rho"].value > 0.8
    assert nested["fast"]["metrics"]["rho"]["value"] == round(fast.metrics["rho"].value, 4)
    card = (Path(trained.out) / "README.md").read_text()
    assert "Scorer `toys`" in card
    assert f"| rank correlation (rho) | {fast.metrics['rho']} | {fast.unbiased_metrics['rho']} |" in card
    assert "embedding" not in card


def but_speed(folder):
    """Return the files of a scorer, and its card without the one line that is measured."""
    card = Path(folder, "README.md").read_text().splitlines()
    others = [line for line in card if "documents/s" not in line]
    assert len(others) == len(card) - 1
    return digests(Path(folder), keep=lambda name: name != "README.md"), others


def test_the_same_labels_give_the_same_bytes_in_place_of_an_old_scorer_and_json_when_asked(
    command, trained, labels, hasty, tmp_path
):
    out = tmp_path / "out"
    copy_of_scorer(trained.out, out, domain="old")
    arguments = ["train", labels, "--out", out, "--domain", "toys", "--json", *ONE_STAGE]
    before = digests(out)
    refused = command(*arguments)
    assert refused.code == 2
    assert "--overwrite" in refused.err
    assert digests(out) == before
    outcome = command(*arguments, "--overwrite")
    assert outcome.code == 0
    assert but_speed(out) == but_speed(trained.out)
    found = json.loads(outcome.out)
    assert found == trained.metrics
    assert found["signals"]["kept"] == "linear"
    assert list(found["signals"]["compared"]) == ["linear"]
    assert set(found["nested"]["fast"]["metrics"]) >= METRICS
    assert sum(map(sum, found["nested"]["fast"]["confusion"])) == 300


def test_evaluate_judges_a_saved_scorer_by_fresh_labels_alike_by_python_and_command(
    command, trained, hasty, tmp_path
):
    fresh = tmp_path / "fresh.parquet"
    pq.write_table(make_labels(seed=1), fresh)
    evaluation = evaluate_scorer(trained.out, str(fresh))
    assert not evaluation.nested
    assert evaluation.metrics["rho"].value > 0.8
    outcome = command("evaluate", trained.out, fresh, "--json")
    assert outcome.code == 0
    assert json.loads(outcome.out) == to_jsonable_python(evaluation, inf_nan_mode="null")
    table = command("evaluate", trained.out, fresh)
    assert table.code == 0
    for name in evaluation.metrics:
        assert FIGURES[name] in table.out


def test_evaluate_is_nested_on_the_very_labels_that_the_scorer_was_fitted_to(command, trained, labels, hasty):
    evaluation = evaluate_scorer(trained.out, str(labels))
    assert evaluation.nested
    assert (evaluation,) == trained.evaluations
    table = command("evaluate", trained.out, labels)
    assert "cross-validated" in table.out
    assert "scored by the saved scorer" not in table.out


def test_documents_without_a_score_are_left_out_of_an_evaluation(trained, hasty, tmp_path):
    table = make_labels(seed=1)
    texts = ["", " \n", *table["text"].to_pylist()[2:]]
    pq.write_table(replaced(table, "text", pa.array(texts)), tmp_path / "labels.parquet")
    evaluation = evaluate_scorer(trained.out, str(tmp_path / "labels.parquet"))
    assert evaluation.rows == 298
    assert sum(map(sum, evaluation.confusion)) == 298


TABLE = make_labels()
BAD = {
    "no score column": (TABLE.drop_columns("score"), "text, score and group"),
    "no group column": (TABLE.drop_columns("group"), "text, score and group"),
    "too few": (TABLE.slice(0, 50), "at least 100 labels. Found 50"),
    "constant": (replaced(TABLE, "score", pa.array([4] * 300)), "must differ. All are 4"),
    "out of range": (replaced(TABLE, "score", pa.array([9] + [1, 4] * 149 + [1])), "Got 9 in data row 1"),
    "not a number": (
        replaced(TABLE, "score", pa.array([float("nan")] + [1.0, 4.0] * 149 + [1.0])),
        "data row 1",
    ),
    "missing": (replaced(TABLE, "score", pa.array([1, 4] * 149 + [None, 1])), "the first in data row 299"),
    "text in scores": (replaced(TABLE, "score", pa.array(["high"] * 300)), "'score'"),
    "one side of the cut": (replaced(TABLE, "score", pa.array([1, 2] * 150)), "either side of 3"),
    "one group": (replaced(TABLE, "group", pa.array(["a"] * 300)), "at least 10 groups"),
    "no unbiased rows": (replaced(TABLE, "picked", pa.array(["high"] * 300)), "'picked'"),
    "numbers as text": (replaced(TABLE, "text", pa.array(range(300))), "'text'"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_labels_are_refused_saying_what_is_needed(command, tmp_path, name):
    table, wanted = BAD[name]
    pq.write_table(table, tmp_path / "labels.parquet")
    outcome = command("train", tmp_path / "labels.parquet", "--out", tmp_path / "out", *ONE_STAGE)
    assert outcome.code == 2
    assert wanted in outcome.err
    assert str(tmp_path / "labels.parquet") in outcome.err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("content", [None, b"", b"text,score\n"])
def test_labels_that_are_not_parquet_or_not_there_are_refused(command, tmp_path, trained, content):
    path = tmp_path / "labels.parquet"
    if content is not None:
        path.write_bytes(content)
    for arguments in (
        ["train", path, "--out", tmp_path / "out", *ONE_STAGE],
        ["evaluate", trained.out, path],
    ):
        outcome = command(*arguments)
        assert outcome.code == 2
        assert str(path) in outcome.err


@pytest.mark.parametrize("kind", ["folder", "file"])
def test_what_is_no_scorer_is_never_replaced(labels, tmp_path, kind):
    out = tmp_path / "out"
    mine = out if kind == "file" else out / "mine.txt"
    mine.parent.mkdir(exist_ok=True)
    mine.write_text("mine")
    for overwrite in (False, True):
        config = TrainConfig(labels=labels, out=out, overwrite=overwrite)
        with pytest.raises(SettingsError, match="new or empty folder"):
            train_scorer(config, reporter=QUIET)
    assert mine.read_text() == "mine"


def test_auto_compares_all_recipes_and_keeps_a_simple_one_among_equals(command, hasty, tmp_path):
    pq.write_table(make_labels(rows=120, groups=12), tmp_path / "labels.parquet")
    outcome = command("train", tmp_path / "labels.parquet", "--out", tmp_path / "out")
    assert outcome.code == 0
    assert outcome.out.startswith("The figure to go by at effort fast: AUC at 3 points")
    assert f"{tmp_path / 'out'}/README.md" in outcome.out
    signals = json.loads((tmp_path / "out/scorer.json").read_text())["metrics"]["signals"]
    rho = {name: found["rho"] for name, found in signals["compared"].items()}
    assert set(rho) == {"linear", "characters", "lightgbm"}
    kept = signals["kept"]
    assert max(rho.values()) - rho[kept] < 0.05
    assert load_scorer(str(tmp_path / "out")).domain == "web"
    assert f"scorer: {tmp_path / 'out'}" in outcome.out


def test_figures_within_genres_languages_and_lengths_stand_in_scorer_and_card(command, hasty, tmp_path):
    table = make_labels()
    # One genre is labelled at random, so that it is the worst; another has one label, and is not judged.
    random = [row * 7 % 6 for row in range(60)]
    scores = [*table["score"].to_pylist()[:210], *random, *[4] * 30]
    genres = ["lesson"] * 210 + ["odd"] * 60 + ["alike"] * 30
    languages = ["en"] * 270 + [None] + ["rare"] * 29
    table = replaced(table, "score", pa.array(scores, pa.int8()))
    table = table.append_column("genre", pa.array(genres)).append_column("lang", pa.array(languages))
    pq.write_table(table, tmp_path / "labels.parquet")
    out = tmp_path / "out"
    assert command("train", tmp_path / "labels.parquet", "--out", out, *ONE_STAGE).code == 0
    nested = json.loads((out / "scorer.json").read_text())["metrics"]["nested"]["fast"]
    # Two in three were drawn at random.
    found = {
        one["kind"]: {value["value"]: value["rows"] for value in one["values"]} for one in nested["within"]
    }
    assert found == {
        "language": {"en": 180},
        "genre": {"odd": 40, "lesson": 140},
        "length": {"below 1 kB": 171},
    }
    language, genre, _ = nested["within"]
    assert language["largest_others"] == {"rare": 20}
    assert genre["largest_others"] == {"alike": 20}
    assert [one["value"] for one in genre["values"]] == ["odd", "lesson"]
    card = (out / "README.md").read_text()
    shown = re.findall(r"^\| (\w+) \| (\d+) \| \d+ \| [-.]", card, re.MULTILINE)
    assert shown == [("en", "180"), ("odd", "40"), ("lesson", "140")]
    assert "| others (1), not judged | 20 |" in card
    assert "| within genres (2) | 180 | " in card


def test_all_extras_that_training_takes_are_asked_for_at_once(labels, tmp_path, monkeypatch):
    for name in ("lightgbm", "sentence_transformers"):
        monkeypatch.setitem(sys.modules, name, None)
    embeds = TrainConfig(labels=str(labels), out=tmp_path / "scorer", embedder=DEFAULT_EMBEDDER)
    with pytest.raises(MissingExtraError, match=r"'\.\[train,embed\]'"):
        train_scorer(embeds)
    with pytest.raises(MissingExtraError, match=r"'\.\[train\]'"):
        train_scorer(TrainConfig(labels=str(labels), out=tmp_path / "scorer"))


def test_labels_that_are_not_there_are_told_before_an_extra_that_is_missing(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "lightgbm", None)
    with pytest.raises(LabelsError, match="no-labels"):
        train_scorer(TrainConfig(labels=str(tmp_path / "no-labels"), out=tmp_path / "scorer"))


@pytest.mark.parametrize(
    "option",
    [("--pool", "pool.parquet"), ("--head", "ridge"), ("--max-tokens", 32), ("--prompt", "passage: ")],
)
def test_what_means_nothing_without_an_embedder_is_refused_with_the_option_that_names_one(
    command, labels, tmp_path, option
):
    refused = command("train", labels, "--out", tmp_path / "out", *option)
    assert refused.code == 2
    assert f"{option[0]} must come with an embedder. Got none" in refused.err
    assert f"--embedder {DEFAULT_EMBEDDER}" in refused.err


def test_the_figure_of_effort_fast_comes_first_and_that_of_full_beside_it(two_stages, capsys):
    print_scorer(two_stages, TrainConfig(labels="labels", out=two_stages.out), as_json=False)
    said = capsys.readouterr().out
    assert said.startswith("The figure to go by at effort fast: AUC at 3 points")
    assert "With --effort full, which embeds every document, the figure is " in said
    assert f"--scorer {two_stages.out} --out OUT --dry-run" in said


def test_a_scorer_no_better_than_chance_is_called_so_and_filtering_by_it_is_not_the_next_step(
    two_stages, capsys
):
    best = two_stages.evaluations[-1]
    chance = {**best.metrics, "auc_at_3": Estimate(0.512, 0.422, 0.579)}
    by_chance = replace(best, metrics=chance, unbiased_metrics=chance)
    print_scorer(
        replace(two_stages, evaluations=[by_chance]),
        TrainConfig(labels="labels", out=two_stages.out),
        as_json=False,
    )
    said = capsys.readouterr().out
    assert "not shown to be better than chance: AUC at 3 points .51 [.42, .58]" in said
    assert "next: more labels" in said
    assert "edufilter filter" not in said


def test_the_card_names_the_options_that_made_the_scorer(trained):
    card = (Path(trained.out) / "README.md").read_text()
    options = " ".join(ONE_STAGE)
    assert f"`edufilter train LABELS --domain toys {options} --out FOLDER` gives the same scorer" in card


def test_training_with_a_pool_pairs_its_documents_and_says_that_bounds_are_exact(
    labels, tiny_model, pool, cascade, hasty, tmp_path
):
    out = tmp_path / "scorer"
    config = TrainConfig(
        labels=labels, out=out, domain="toys", signals="linear", embedder=tiny_model, head="joint",
        max_tokens=32, device="cpu", pool=pool,
    )  # fmt: skip
    result = train_scorer(config, reporter=QUIET)
    assert result.scorer.digest == load_scorer(str(out)).digest
    assert "bounds are exact" in (out / "README.md").read_text()
    pairs = "pairs.safetensors"  # the fixture, which many tests rest on, is made by the parts of training
    assert (out / pairs).read_bytes() == (Path(cascade.out) / pairs).read_bytes()
