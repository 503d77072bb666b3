"""Proves that all documents in unknown languages are told, first how many there are, then those kept."""

import pytest

from filtering.scoring.unsure import Unsure
from pipelines.reports.runs.unsure_documents import languages_after, warning_after

FEW = "36 of 530 documents are in languages for which this scorer has fewer than 30 labels (fi 33, da 3)"


def few(**more):
    return Unsure(530, {"fi": 33, "da": 3}, {"en": 2162}, **more)


def run(kept=0, unsure="flag", write="kept", rows=530):
    settings = {"unsure": unsure, "write": write, "languages_from": "column, text"}
    counted = unsure in ("flag", "drop") and write != "scores"
    unsure = {"fi": kept} if kept and counted else {}
    return {"rows": rows, "without_score": 0, "kept": 200, "unsure": unsure, "settings": settings}


@pytest.mark.parametrize("kept", [0, 1, 5])
@pytest.mark.parametrize("unsure", ["flag", "keep"])
def test_the_total_is_told_whether_none_one_or_some_are_kept(kept, unsure):
    said = languages_after(run(kept, unsure), "out", few(kept=kept))
    count = {0: "none of them are", 1: "1 of them is", 5: "5 of them are"}[kept]
    assert said.startswith(f"{FEW}: their scores are not reliable, and at this cut {count} kept.")
    assert ("The column edu_unsure marks" in said) == (unsure == "flag" and kept > 0)
    assert said.endswith({0: "and train a scorer.", 1: " drops it.", 5: " drops them."}[kept])


def test_of_a_sample_the_total_is_of_the_sample_and_what_is_kept_of_the_run():
    said = languages_after(run(7, rows=5000), "out", few(kept=2))
    assert said.startswith(f"{FEW}: their scores are not reliable. 7 of the 200 documents kept are in ")
    assert "2 of them" not in said


@pytest.mark.parametrize(
    ("count", "words"),
    [
        (0, "None of them reaches the cut"),
        (1, "1 of them reaches the cut and is dropped"),
        (5, "5 of them reach the cut and are dropped"),
    ],
)
def test_dropped_ones_are_told_with_all_that_there_are(count, words):
    said = languages_after(run(count, "drop"), "out", few(kept=0))
    assert said.startswith(f"{FEW}: their scores are not reliable. {words}")


def test_where_nobody_looked_what_the_run_counted_is_told_alone():
    assert languages_after(run(1), "out", None).startswith("1 of the 200 documents kept is in a language")
    assert languages_after(run(0), "out", None) == ""
    assert languages_after(run(0), "out", Unsure(530, {}, {"en": 2162}, kept=0)) == ""


def test_of_hardly_any_that_are_all_dropped_nothing_more_is_said():
    hardly = Unsure(530, {"fi": 3}, {"en": 2162}, kept=0)
    assert languages_after(run(0), "out", hardly).endswith("none of them are kept.")


def test_before_a_cut_is_known_the_total_alone_is_told_with_the_new_cut():
    said = languages_after(run(write="scores"), "out", few(kept=None))
    assert said.startswith(f"{FEW}: their scores are not reliable. edufilter recut out --unsure drop")


def test_many_are_told_with_what_the_scorer_knows_and_source_files_with_their_scorer():
    many = Unsure(100, {"ka": 60}, {"en": 2162}, kept=0)
    assert "It knows en (2,162 labels). Some of them may teach" in languages_after(run(rows=100), "out", many)
    files = Unsure(100, {"Python": 60}, {"en": 2162}, kept=0, source_files=60)
    assert languages_after(run(rows=100), "out", files) == ""
    assert "--scorer code" in warning_after(run(rows=100), "out", files)


def test_source_files_among_other_documents_are_told_with_their_scorer_before_they_are_dropped():
    mixed = Unsure(530, {"Python": 40, "fi": 33}, {"en": 2162}, kept=5)
    said = languages_after(run(5, "keep"), "out", mixed)
    assert "Most of these are source files. --scorer code is fitted to such. edufilter recut out" in said
    assert "--scorer code" not in languages_after(run(5, "keep"), "out", few(kept=5))
