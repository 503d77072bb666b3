"""Proves that tables and sentences say where a score is good, and where it orders nothing."""

import json
import re

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from annotations.labels.labels import Labels
from filtering import load_scorer
from filtering.judging.intervals import Estimate
from filtering.judging.kinds import LEAST_ROWS
from pipelines.dump.row_values.code_languages import CODE_LANGUAGE
from pipelines.scorers.evaluation import JudgedPoints
from pipelines.scorers.kind_tables import kind_notes, kinds_table, values_tables
from tests.kit.dumps.small import make_labels, replaced

LANGUAGES = ["Python"] * 60 + ["Ruby"] * 40 + ["Go"] * (LEAST_ROWS - 1) + ["C"] * 5
ONE_STAGE = ["--signals", "linear"]


def judged(slices, *, chosen=None, points=None):
    """Return the figures of points that are right but for Ruby, of documents of which some are unbiased."""
    rows = len(LANGUAGES)
    scores = np.arange(rows) % 6.0
    made = scores + np.arange(rows) % 7 / 50
    made[60:100] = 5 - made[60:100]
    labels = Labels(
        texts=pa.array(["x"] * rows, pa.large_string()),
        scores=scores,
        groups=tuple(f"{name} {row % (4 if name == 'Ruby' else 20)}" for row, name in enumerate(LANGUAGES)),
        unbiased=np.ones(rows, bool) if chosen is None else chosen,
        slices=slices,
    )
    return JudgedPoints(
        made if points is None else points, np.arange(rows), labels, "fast", nested=True
    ).judge()


@pytest.fixture
def by_language(hasty):
    return judged({CODE_LANGUAGE: tuple(LANGUAGES)})


def test_quality_is_told_by_language_the_worst_first_and_small_ones_together(by_language):
    table, *_ = values_tables(by_language)
    ruby, python, others = table.rows
    assert ruby[:3] == ("Ruby", 40, 4)
    assert python[:3] == ("Python", 60, 20)
    assert (others[0], others[1]) == ("others (2), not judged", LEAST_ROWS + 4)
    assert python[5].startswith("100 [")
    within = by_language.within[0]
    assert ruby[3].startswith(f"{within.values[0].metrics['rho'].value:.2f}".replace("0.", "."))
    table, *_ = values_tables(by_language, most=1)
    assert [row[0] for row in table.rows] == ["Ruby", "others (2), not judged"]
    assert "(1 of 2)" in table.caption


def test_what_is_not_ordered_what_is_lost_and_what_is_not_judged_are_said_by_name(by_language):
    notes = kind_notes(by_language, ())
    assert "The score does not order these code languages: Ruby (n 40)." in notes
    (few,) = [note for note in notes if note.startswith("Not judged are 2 code languages with fewer than 20")]
    assert few.endswith(f"Go (n {LEAST_ROWS - 1}), C (n 5).")
    assert any("fewer than 10 groups are rough" in note for note in notes)


def test_a_kind_that_is_ordered_throughout_is_said_to_be(hasty):
    found = judged(
        {"genre": tuple("ab"[row % 2] for row in range(len(LANGUAGES)))}, points=np.arange(124) % 6.0
    )
    assert "The score orders the documents of each of the 2 genres that are judged." in kind_notes(found, ())


def test_languages_of_which_nothing_good_is_kept_are_named(hasty):
    points = np.arange(len(LANGUAGES)) % 6.0
    points[60:100] = np.minimum(points[60:100], 2.9)
    notes = kind_notes(judged({CODE_LANGUAGE: tuple(LANGUAGES)}, points=points), ())
    assert "At 3 points it keeps no good document of these code languages: Ruby (n 40)." in notes


def test_figures_within_kinds_are_of_documents_that_were_chosen_without_looking_at_scores(hasty):
    chosen = np.ones(len(LANGUAGES), bool)
    chosen[60:80] = False
    found = judged({CODE_LANGUAGE: tuple(LANGUAGES)}, chosen=chosen)
    assert [(one.value, one.rows) for one in found.within[0].values] == [("Ruby", 20), ("Python", 60)]
    every, within, *_ = kinds_table(found, ()).rows
    assert every[:2] == ("all documents", len(LANGUAGES) - 20)
    assert within[:2] == ("within code languages (2)", 80)
    assert every[2] == values_of(found.unbiased_metrics["rho"])


def values_of(figure: Estimate):
    ends = [f"{end:.2f}".replace("0.", ".", 1) for end in (figure.value, figure.low, figure.high)]
    return "{} [{}, {}]".format(*ends)


def test_labels_that_name_no_source_are_told_apart_by_group_if_groups_are_large(hasty):
    assert {one.kind for one in judged({}).within} == set()
    large = judged({"source": tuple(LANGUAGES)})
    assert [one.kind for one in large.within] == ["source"]


def test_train_evaluate_and_card_tell_the_same_of_kinds_and_of_those_never_seen(command, hasty, tmp_path):
    table = make_labels(rows=200, groups=40)
    # Files of one language are labelled against what they say; one language has more than half of all.
    scores = table["score"].to_numpy().copy()
    scores[110:140] = 5 - scores[110:140]
    names = ["Python"] * 110 + ["Odd|Language"] * 30 + ["Go"] * 20 + ["Lua"] * 20 + ["C"] * 15 + ["SQL"] * 5
    table = replaced(table, "score", pa.array(scores, pa.int8()))
    table = table.append_column("lang", pa.array(names))
    table = table.append_column("genre", pa.array(["lesson", "test"] * 100))
    labels, out = tmp_path / "labels.parquet", tmp_path / "scorer"
    pq.write_table(replaced(table, "picked", pa.array(["random"] * 199 + ["high"])), labels)
    trained = command("train", labels, "--out", out, "--domain", "code", *ONE_STAGE)
    assert trained.code == 0, trained.err
    metrics = json.loads((out / "scorer.json").read_text())["metrics"]
    (held_out,) = metrics["held_out"]  # of two genres none is left out
    assert (held_out["kind"], held_out["values"], held_out["rows"]) == (CODE_LANGUAGE, 5, 89)
    assert held_out["never_left_out"] == "Python"
    assert set(held_out["metrics"]) == set(held_out["seen_metrics"])
    judged, card = command("evaluate", out, labels), (out / "README.md").read_text()
    short = " ".join(trained.out.split())  # the card has the rest
    assert "In code languages never seen, at effort fast: AUC at 3 points " in short
    assert re.search(
        r"Among documents of the code languages? .+, their order by score may be no better", short
    ), short
    assert "Not judged" not in short
    for said in (judged.out, card):
        told = " ".join(said.split())
        assert "In a code language never seen: some whole code languages at a time, 5 in all, were" in told
        assert "Python has more than half of all labels, and stays in." in told
        assert "The score does not order these code languages: Odd|Language (n 30)" in told
    assert "| in a code language never seen | 89 | " in card
    assert "| Odd\\|Language | 30 | " in card  # a name that ends no cell
    assert "Odd|Language" not in load_scorer(str(out)).languages
