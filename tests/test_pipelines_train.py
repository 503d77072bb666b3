"""Proves that scorers are trained and judged alike by Python and command, and that bad labels are refused."""

import json
import re

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from conftest import QUIET
from dumps import SELLING, TEACHING, copy_of_scorer, digests

import filtering.fitting
from filtering import load_scorer
from filtering.errors import SettingsError
from pipelines import TrainConfig, evaluate_scorer, train_scorer

METRICS = {"rho", "auc_at_3"}


def label_table(rows=300, groups=60, seed=0):
    """Return labels that say how large the teaching share of a text is, with some noise."""
    random = np.random.default_rng(seed)
    texts, scores = [], []
    for _ in range(rows):
        share = random.random()
        kinds = random.random(int(random.integers(4, 25))) < share
        texts.append(" ".join((TEACHING if kind else SELLING)[random.integers(10)] for kind in kinds))
        scores.append(int(np.clip(round(5 * share + random.normal(0, 0.4)), 0, 5)))
    return pa.table(
        {
            "text": texts,
            "score": pa.array(scores, pa.int8()),
            "group": [f"site-{number % groups}.example" for number in range(rows)],
            "picked": ["random" if number % 3 else "uncertain-or-high" for number in range(rows)],
        }
    )


def replaced(table, name, values):
    return table.set_column(table.column_names.index(name), name, values)


@pytest.fixture(scope="module")
def labels(tmp_path_factory):
    path = tmp_path_factory.mktemp("labels") / "labels.parquet"
    pq.write_table(label_table(), path)
    return path


@pytest.fixture(scope="module")
def trained(labels, tmp_path_factory):
    out = tmp_path_factory.mktemp("scorer") / "linear"
    config = TrainConfig(labels=labels, out=out, domain="toys", head="linear")
    return train_scorer(config, reporter=QUIET)


def test_a_trained_scorer_can_be_loaded_and_tells_teaching_from_selling(trained):
    scorer = load_scorer(trained.out)
    assert scorer.domain == "toys"
    assert scorer.digest == trained.scorer.digest
    teaching, selling = scorer.score([" ".join(TEACHING), " ".join(SELLING)]).value
    assert teaching > 3.5 > 1.5 > selling


def test_the_nested_figures_stand_in_the_folder_and_in_its_card(trained, tmp_path):
    description = json.loads((tmp_path / trained.out / "scorer.json").read_text())
    nested = description["metrics"]["nested"]
    assert nested["rows"] == trained.evaluation.rows == 300
    assert nested["groups"] == 60
    assert nested["unbiased_rows"] == 200
    assert trained.evaluation.metrics["rho"].value > 0.8
    card = (tmp_path / trained.out / "README.md").read_text()
    assert "Scorer `toys`" in card
    assert str(trained.evaluation.metrics["rho"]) in card


def test_the_same_labels_give_the_same_bytes_in_place_of_an_old_scorer_and_json_when_asked(
    command, trained, labels, web, tmp_path
):
    out = tmp_path / "out"
    copy_of_scorer(web, out, domain="old")
    arguments = ["train", labels, "--out", out, "--domain", "toys", "--head", "linear", "--json"]
    before = digests(out)
    refused = command(*arguments)
    assert refused.code == 2
    assert "--overwrite" in refused.err
    assert digests(out) == before
    outcome = command(*arguments, "--overwrite")
    assert outcome.code == 0
    assert digests(out) == digests(tmp_path / trained.out)
    found = json.loads(outcome.out)
    assert found["recipe"] == "linear"
    assert list(found["recipes"]) == ["linear"]
    assert set(found["nested"]["metrics"]) >= METRICS
    assert len(found["nested"]["confusion"]) == 6
    assert sum(map(sum, found["nested"]["confusion"])) == 300


def test_evaluate_judges_a_saved_scorer_by_fresh_labels_alike_by_python_and_command(
    command, trained, tmp_path
):
    fresh = tmp_path / "fresh.parquet"
    pq.write_table(label_table(seed=1), fresh)
    evaluation = evaluate_scorer(trained.out, str(fresh))
    assert not evaluation.nested
    assert evaluation.metrics["rho"].value > 0.8
    outcome = command("evaluate", trained.out, fresh, "--json")
    assert outcome.code == 0
    assert json.loads(outcome.out) == json.loads(json.dumps(evaluation.as_dict()))
    table = command("evaluate", trained.out, fresh)
    assert table.code == 0
    for name in evaluation.metrics:
        assert name in table.out


def test_evaluate_is_nested_on_the_very_labels_that_the_scorer_was_fitted_to(command, trained, labels):
    evaluation = evaluate_scorer(trained.out, str(labels))
    assert evaluation.nested
    assert evaluation == trained.evaluation
    table = command("evaluate", trained.out, labels)
    assert "nested" in table.out
    assert "scored by the saved scorer" not in table.out


def test_documents_without_a_score_are_left_out_of_an_evaluation(trained, tmp_path):
    table = label_table(seed=1)
    texts = ["", " \n", *table["text"].to_pylist()[2:]]
    pq.write_table(replaced(table, "text", pa.array(texts)), tmp_path / "labels.parquet")
    evaluation = evaluate_scorer(trained.out, str(tmp_path / "labels.parquet"))
    assert evaluation.rows == 298
    assert sum(map(sum, evaluation.confusion)) == 298


TABLE = label_table()
BAD = {
    "no score column": (TABLE.drop_columns("score"), "text, score and group"),
    "no group column": (TABLE.drop_columns("group"), "text, score and group"),
    "too few": (TABLE.slice(0, 50), "at least 100 labels. Found 50"),
    "constant": (replaced(TABLE, "score", pa.array([4] * 300)), "must differ. All are 4"),
    "out of range": (replaced(TABLE, "score", pa.array([9] + [1, 4] * 149 + [1])), "Got 9 at row 0"),
    "not a number": (replaced(TABLE, "score", pa.array([float("nan")] + [1.0, 4.0] * 149 + [1.0])), "row 0"),
    "missing": (replaced(TABLE, "score", pa.array([1, 4] * 149 + [None, 1])), "the first at row 298"),
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
    outcome = command("train", tmp_path / "labels.parquet", "--out", tmp_path / "out", "--head", "linear")
    assert outcome.code == 2
    assert wanted in outcome.err
    assert str(tmp_path / "labels.parquet") in outcome.err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("content", [None, b"", b"text,score\n"])
def test_labels_that_are_not_parquet_or_not_there_are_refused(command, tmp_path, trained, content):
    path = tmp_path / "labels.parquet"
    if content is not None:
        path.write_bytes(content)
    for arguments in (["train", path, "--out", tmp_path / "out"], ["evaluate", trained.out, path]):
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
        config = TrainConfig(labels=labels, out=out, head="linear", overwrite=overwrite)
        with pytest.raises(SettingsError, match="new or empty folder"):
            train_scorer(config, reporter=QUIET)
    assert mine.read_text() == "mine"


def test_auto_compares_all_recipes_and_keeps_a_simple_one_among_equals(command, tmp_path, monkeypatch):
    # Fewer rounds of the same: what is proved is the choice, not its figures.
    monkeypatch.setattr(filtering.fitting, "ASSIGNMENTS", 2)
    monkeypatch.setattr(filtering.fitting, "BOOSTING_ROUNDS", 5)
    pq.write_table(label_table(rows=120, groups=12), tmp_path / "labels.parquet")
    outcome = command("train", tmp_path / "labels.parquet", "--out", tmp_path / "out")
    assert outcome.code == 0
    rho = {
        name: float(found) for name, found in re.findall(r"│ (\w+)(?: \(kept\))? +│ (0\.\d+) ±", outcome.out)
    }
    assert list(rho) == ["linear", "characters", "lightgbm"]
    [kept] = re.findall(r"(\w+) \(kept\)", outcome.out)
    assert max(rho.values()) - rho[kept] < 0.05
    assert load_scorer(str(tmp_path / "out")).domain == "web"
    assert f"scorer: {tmp_path / 'out'}" in outcome.out
