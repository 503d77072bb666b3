"""Proves that a folder of labels is judged as its ratings are, with people and a scorer where given."""

import json
from dataclasses import replace
from functools import cache

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from annotations.asking.annotator import Reply
from annotations.asking.settings import Rater
from annotations.labels.agreement import judge_agreement
from filtering.errors import LabelsError
from filtering.judging.intervals import Estimate
from pipelines import (
    AnnotateConfig,
    TrainConfig,
    agreement_of_labels,
    annotate_sample,
    train_scorer,
)
from pipelines.labels.agreement import advice
from tests.kit.dumps.small import make_texts
from tests.kit.runs.outcomes import QUIET
from tests.kit.scripted.fakes import FakeAnnotator

ROWS = 120


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Return a folder of labels by two raters: the second errs, and could not read five documents."""
    root = tmp_path_factory.mktemp("agreement")
    texts = [f"{text} {number}" for number, text in enumerate(make_texts(ROWS))]
    truth, noisy = ratings()
    groups = [f"site-{number % 15}" for number in range(ROWS)]
    ids = [f"d{number}" for number in range(ROWS)]
    pq.write_table(pa.table({"id": ids, "text": texts, "group": groups}), root / "s.parquet")

    def rater(name, scores):
        by_text = dict(zip(texts, scores, strict=True))

        def answer(window):
            score = by_text[window]
            if np.isnan(score):
                return Reply("unparseable")
            return Reply("ok", {"educational_value": int(score)})

        return FakeAnnotator(answer, Rater(name, None, 400))

    config = AnnotateConfig(sample=root / "s.parquet", out=root / "labels", models=("good", "noisy"))
    annotate_sample(config, annotators=[rater("good", truth), rater("noisy", noisy)], reporter=QUIET)
    return root / "labels"


def ratings():
    random = np.random.default_rng(1)
    truth = random.integers(0, 6, ROWS).astype(float)
    noisy = np.clip(truth + random.integers(-1, 2, ROWS), 0, 5)
    noisy[:5] = np.nan
    return truth, noisy


def test_the_figures_are_those_of_the_ratings(folder):
    found, sentence = agreement_of_labels(str(folder))
    groups = [f"site-{number % 15}" for number in range(ROWS)]
    wanted = judge_agreement(np.column_stack(ratings()), ["good", "noisy"], groups)
    assert found == wanted
    assert found.pairs[0].documents == ROWS - 5
    assert "rho" in sentence


def test_scores_that_were_imported_are_not_compared_with_themselves(tmp_path, command):
    labels, table = tmp_path / "labels", tmp_path / "checks.csv"
    theirs = tmp_path / "theirs.csv"
    rows = [f"d{number},Page {number}.,{{}}" for number in range(40)]
    for path, shift in ((table, 0), (theirs, 1)):
        lines = [row.format((number + shift) % 6) for number, row in enumerate(rows)]
        path.write_text("\n".join(["id,text,score", *lines]) + "\n")
    assert command("annotate", "--import", table, "--rater", "me", "--out", labels).code == 0
    alone = command("agreement", labels, "--human", table)
    assert alone.code == 2
    assert f"The scores in {table} are those that {labels} has of me already" in alone.err
    assert command("annotate", "--import", theirs, "--rater", "anna", "--out", labels).code == 0
    found, sentence = agreement_of_labels(str(labels), human=str(table))
    assert found.raters == ("anna", "me")
    assert "they count once" in sentence


def test_scores_of_people_are_one_more_rater(folder, tmp_path):
    human = tmp_path / "people.csv"
    truth, _ = ratings()
    lines = [f"d{number},{int(score)}" for number, score in enumerate(truth[:40])]
    human.write_text("\n".join(["id,score", *lines, "d41,", "elsewhere,3"]) + "\n")
    found, _ = agreement_of_labels(str(folder), human=str(human))
    assert found.raters == ("good", "noisy", "people.csv")
    pair = next(one for one in found.pairs if (one.first, one.second) == ("good", "people.csv"))
    assert pair.documents == 40
    assert pair.exact.value == 1.0


def test_a_scorer_that_was_trained_on_the_labels_tells_what_is_the_limit(folder, tmp_path, command, hasty):
    config = TrainConfig(labels=folder, out=tmp_path / "scorer", signals="linear")
    rho = train_scorer(config, reporter=QUIET).metrics["nested"]["fast"]["metrics"]["rho"]["value"]
    outcome = command("agreement", folder, "--scorer", tmp_path / "scorer")
    assert outcome.code == 0, outcome.said
    assert f"The scorer's rho of {rho:.3f} is" in outcome.out
    assert f"more labels than {ROWS}" in outcome.out


def test_a_scorer_of_other_labels_tells_nothing_here(folder, command):
    outcome = command("agreement", folder, "--scorer", "web")
    assert outcome.code == 2
    assert "must be trained on the labels" in outcome.err


def test_readings_of_one_model_are_one_rater_beside_others(tmp_path):
    """A model that agrees with itself tells nothing of how far it agrees with a person."""
    texts = [f"{text} {number}" for number, text in enumerate(make_texts(ROWS))]
    truth, noisy = ratings()
    groups = [f"site-{number % 15}" for number in range(ROWS)]
    ids = [f"d{number}" for number in range(ROWS)]
    pq.write_table(pa.table({"id": ids, "text": texts, "group": groups}), tmp_path / "s.parquet")
    by_text = dict(zip(texts, np.nan_to_num(noisy, nan=2.0), strict=True))
    model = FakeAnnotator(
        lambda window: Reply("ok", {"educational_value": int(by_text[window])}), Rater("m", None, 400)
    )
    config = AnnotateConfig(sample=tmp_path / "s.parquet", out=tmp_path / "labels", models=("m",), repeat=2)
    annotate_sample(config, annotators=[model], reporter=QUIET)
    alone, _ = agreement_of_labels(str(tmp_path / "labels"))
    assert alone.raters == ("m", "m #2")
    assert alone.rho_ceiling.value == 1.0
    human = tmp_path / "people.csv"
    human.write_text("id,score\n" + "".join(f"d{n},{int(one)}\n" for n, one in enumerate(truth)))
    found, sentence = agreement_of_labels(str(tmp_path / "labels"), human=str(human))
    assert found.raters == ("m", "people.csv")
    assert found.rho_ceiling.value < 0.99
    human.write_text(human.read_text() + "elsewhere,3\n")
    _, sentence = agreement_of_labels(str(tmp_path / "labels"), human=str(human))
    assert f"Of {ROWS + 1} scores in {human}, {ROWS} are of documents" in sentence


def test_it_is_told_to_machines_too(folder, command):
    found = json.loads(command("agreement", folder, "--json").out)
    assert found["raters"] == ["good", "noisy"]
    assert 0 < found["pairs"][0]["rho"]["value"] < 1
    assert found["advice"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("id,points\nd1,3\n", "must have the columns id and score"),
        ("id,score\nd1,good\n", "must be a number"),
        ("id,score\nd1,6\n", r"Got 6 in data row 1"),
        ("id,score\nx1,3\n", "None of 1 is"),
        ("id,score\nd1,3\nd1,4\n", "'d1' has several"),
    ],
)
def test_a_table_of_people_that_does_not_fit_is_refused(folder, tmp_path, text, message):
    human = tmp_path / "people.csv"
    human.write_text(text)
    with pytest.raises(LabelsError, match=message):
        agreement_of_labels(str(folder), human=str(human))


def test_a_folder_without_ratings_is_refused(tmp_path, command):
    outcome = command("agreement", tmp_path)
    assert outcome.code == 2
    assert "It has no ratings.parquet" in outcome.err
    assert "There is no such folder" in command("agreement", tmp_path / "nothing").err


@cache
def any_agreement():
    groups = [f"g{number}" for number in range(20)]
    return judge_agreement(np.tile([[1.0, 2.0], [3.0, 3.0]], (10, 1)), ["a", "b"], groups)


def agreeing(value, low, high, documents=200):
    return replace(any_agreement(), documents=documents, rho_ceiling=Estimate(value, low, high))


@pytest.mark.parametrize(
    ("ceiling", "scorer_rho", "labels", "said"),
    [
        (
            (0.85, 0.75, 0.90),
            0.84,
            1000,
            "Rate more documents twice: 200 leave the noise ceiling of rho at 0.850",
        ),
        ((0.79, 0.72, 0.83), None, 1000, "about 250 in all would narrow it to 0.10"),
        (
            (0.79, 0.75, 0.83),
            None,
            1000,
            "The raters' noise is the limit: no scorer gets beyond a rho of 0.790",
        ),
        ((0.50, 0.30, 0.65), 0.49, 1000, "or make the rubric clearer"),  # wide, and yet surely low
        ((0.70, 0.67, 0.73), None, 1000, "Take the median of three raters"),
        (
            (0.95, 0.93, 0.97),
            None,
            1000,
            "not the limit up to a rho of 0.950 [0.930, 0.970]; `--scorer` tells",
        ),
        (
            (0.85, 0.83, 0.87),
            0.81,
            1000,
            "rho of 0.810 is at the noise ceiling of 0.850 [0.830, 0.870]: another",
        ),
        ((0.85, 0.83, 0.87), 0.88, 9000, "rho of 0.880 is at the noise ceiling"),
        (
            (0.95, 0.93, 0.97),
            0.77,
            4999,
            "0.180 below the noise ceiling of 0.950 [0.930, 0.970]: more labels",
        ),
        (
            (0.95, 0.93, 0.97),
            0.77,
            5000,
            "with 5,000 labels: a better scorer (train --embedder, say)",
        ),
    ],
)
def test_advice_follows_the_first_rule_that_holds_with_its_figures(ceiling, scorer_rho, labels, said):
    assert said in advice(agreeing(*ceiling), scorer_rho=scorer_rho, labels=labels)


def test_one_rater_alone_is_told_what_these_labels_can_have(folder, tmp_path, command):
    table = pq.read_table(folder / "ratings.parquet")
    alone, imported = table.filter(pc.equal(table["rater"], "good")), tmp_path / "imported"
    for name, status in (("asked", "ok"), ("imported", "imported")):
        (tmp_path / name).mkdir()
        statuses = pa.array([status] * len(alone))
        told = alone.set_column(alone.column_names.index("status"), "status", statuses)
        pq.write_table(told, tmp_path / name / "ratings.parquet")
    assert "has ratings of good alone" in command("agreement", tmp_path / "asked").err
    assert "the same one twice (--repeat 2)" in command("agreement", tmp_path / "asked").err
    said = command("agreement", imported, "--scorer", "mine").err
    assert "--repeat" not in said
    assert f"edufilter annotate --import FILE --rater NAME --out {imported}" in said
    assert f"edufilter evaluate mine {imported} --learning-curve curve.svg" in said


def test_advice_is_one_or_two_sentences():
    ceilings = [(np.nan,) * 3, (0.85, 0.7, 0.9), (0.7, 0.68, 0.72), (0.9, 0.88, 0.92)]
    for ceiling in ceilings:
        for scorer_rho in (None, 0.5, 0.89):
            for labels in (100, 10_000):
                said = advice(agreeing(*ceiling), scorer_rho=scorer_rho, labels=labels)
                assert said.endswith(".")
                assert said.count(". ") <= 1


def test_without_a_ceiling_documents_that_differ_are_asked_for():
    nothing = float("nan")
    said = advice(agreeing(nothing, nothing, nothing), scorer_rho=0.7, labels=1000)
    assert said.startswith("No noise ceiling is defined")
