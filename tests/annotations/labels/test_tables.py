"""Proves that labels and ratings follow from the journal, and that tables of others become samples."""

import json
from datetime import UTC, datetime

import pyarrow as pa
import pytest

from annotations import Rater, Reply, load_rubric
from annotations.asking.journal import Journal, Question, window_digest
from annotations.labels.columns import SAMPLE_SCHEMA, group_of, host_of, sample_row, sample_rows
from annotations.labels.ratings import IMPORTED_SCORE, RATING_SCHEMA, labels_table, ratings_table
from filtering.errors import LabelsError
from filtering.text.windows import REACH, WINDOW, cut_window

WEB, STORY = load_rubric("web"), load_rubric("story")
SCORE_NAMES = ["score", "lowest", "highest", "raters", "reason", "rubric_sha256"]
SCORE_TYPES = [*[pa.float64()] * 3, pa.int64(), pa.string(), pa.string()]
STORY_NAMES = ["score_grammar", "score_creativity", "score_consistency"]
A, B = Rater("a", None, 50), Rater("b", None, 50)


class Folder:
    """A journal about four documents, with what came of it."""

    def __init__(self, journal, rubric):
        self.journal, self.rubric, self.digest = journal, rubric, journal.add_rubric(rubric)
        for number in range(4):
            row = sample_row(f"document {number}", id=f"id-{number}", group=f"site-{number}", picked="random")
            journal.add_documents([(window_digest(row["text"]), row)])

    def rate(self, number, rater, points, *, status="ok", repeat=1, **values):
        if isinstance(points, int):
            points = dict.fromkeys((one.name for one in self.rubric.dimensions), points)
        digest = "" if status == "imported" else self.digest
        question = Question(digest, rater, window_digest(f"document {number}"), repeat)
        self.journal.record(question, Reply(status, points, **values), 0.001)

    @property
    def ratings(self):
        return ratings_table(self.journal)

    @property
    def labels(self):
        return labels_table(self.journal, self.ratings)

    def scores(self, name="score"):
        labels = self.labels
        return dict(zip(labels["id"].to_pylist(), labels[name].to_pylist(), strict=True))


@pytest.fixture
def journal(tmp_path):
    with Journal(tmp_path / "journal.sqlite") as journal:
        yield journal


@pytest.fixture
def web(journal):
    return Folder(journal, WEB)


@pytest.fixture
def story(journal):
    return Folder(journal, STORY)


@pytest.mark.parametrize(("rubric", "more"), [(WEB, []), (STORY, STORY_NAMES)], ids=["web", "story"])
def test_tables_have_the_same_columns_and_types_whether_there_are_labels_or_not(journal, rubric, more):
    folder = Folder(journal, rubric)
    assert len(folder.ratings) == len(folder.labels) == 0
    for _ in range(2):
        labels = folder.labels
        assert folder.ratings.schema == RATING_SCHEMA
        assert labels.schema.names == [*SAMPLE_SCHEMA.names, *SCORE_NAMES, *more]
        assert labels.select(SAMPLE_SCHEMA.names).schema == SAMPLE_SCHEMA
        assert labels.select(more).schema.types == [pa.float64()] * len(more)
        assert labels.select(SCORE_NAMES).schema.types == SCORE_TYPES
        folder.rate(1, A, 3)


@pytest.mark.parametrize("status", ["unparseable", "refused", "too_long", "api_error"])
def test_a_failure_is_a_rating_without_a_score_and_no_label(web, status):
    web.rate(1, A, {}, status=status, error="why")
    web.rate(2, A, 4, status=status)  # even if it came with one
    assert web.ratings.select(["status", "score", "scores", "error"]).to_pydict() == {
        "status": [status] * 2, "score": [None] * 2, "scores": [None] * 2, "error": ["why", ""],
    }  # fmt: skip
    assert len(web.labels) == 0
    web.rate(1, A, 2)
    web.rate(1, B, {}, status=status)
    assert web.scores() == {"id-1": 2.0}
    assert web.scores("raters") == {"id-1": 1}


def test_median_and_bounds_are_over_all_raters(web):
    for number, points in ((0, (5, 1, 2)), (3, (0, 0, 4)), (2, (1, 4))):
        for rater, score in zip((A, B, Rater("c")), points, strict=False):
            web.rate(number, rater, score)
    assert web.scores() == {"id-0": 2.0, "id-2": 2.5, "id-3": 0.0}
    assert web.scores("lowest") == {"id-0": 1.0, "id-3": 0.0, "id-2": 1.0}
    assert web.scores("highest") == {"id-0": 5.0, "id-3": 4.0, "id-2": 4.0}
    assert web.scores("raters") == {"id-0": 3, "id-3": 3, "id-2": 2}


def test_repeats_and_other_parameters_of_a_model_are_raters_with_telling_names(web):
    cold, warm = Rater("a", 0.0, 50), Rater("a", 1.0, 50)
    for rater, repeat, score in ((cold, 1, 0), (warm, 1, 1), (cold, 2, 5), (B, 1, 5), (B, 2, 5)):
        web.rate(1, rater, score, repeat=repeat)
    first, *others = web.ratings["rater"].to_pylist()
    assert first.startswith("a {")
    assert '"temperature": 0.0' in first
    assert others == [f"{first} #2", first.replace("0.0", "1.0"), "b", "b #2"]
    assert web.scores("raters") == {"id-1": 5}
    assert web.scores() == {"id-1": 5.0}


def test_tables_are_in_the_order_of_documents_and_raters_in_whatever_order_replies_came(web):
    for number, rater in ((2, B), (0, A), (99, A), (2, A), (0, B), (1, B)):
        web.rate(number, rater, 3)  # 99 is a window of no document: a canary
    found = list(zip(web.ratings["id"].to_pylist(), web.ratings["rater"].to_pylist(), strict=True))
    assert found == [("id-0", "a"), ("id-0", "b"), ("id-1", "b"), ("id-2", "a"), ("id-2", "b")]
    assert web.labels["id"].to_pylist() == ["id-0", "id-1", "id-2"]


def test_a_label_carries_its_document_and_a_rating_what_was_paid_for(web):
    told = {"tokens_in": 9, "tokens_out": 2, "structured_by": "text", "served_model": "a-1", "latency_s": 0.5}
    web.rate(1, A, 3, reason="Clear.", **told)
    [label] = web.labels.to_pylist()
    found = [label[name] for name in ("id", "text", "group", "picked", *SCORE_NAMES)]
    assert found == ["id-1", "document 1", "site-1", "random", 3.0, 3.0, 3.0, 1, "Clear.", web.digest]
    [row] = web.ratings.to_pylist()
    document = {"id": "id-1", "group": "site-1", "picked": "random", "rater": "a"}
    question = {"rubric_sha256": web.digest, "parameters": A.parameters, "repeat": 1, "price_usd": 0.001}
    assert {**row, **told, **document, **question} == row
    assert json.loads(row["scores"]) == {"educational_value": 3}
    assert datetime.fromisoformat(row["answered_at"]) <= datetime.now(UTC)


def test_each_dimension_has_the_median_of_its_own_and_the_label_what_the_rubric_calls_overall(story):
    story.rate(1, A, {"grammar": 5, "creativity": 0, "consistency": 4})
    story.rate(1, B, {"grammar": 2, "creativity": 1, "consistency": 3})
    story.rate(0, B, {"grammar": 1, "creativity": 1, "consistency": 4})
    assert story.scores() == {"id-0": 2.0, "id-1": 2.5}
    assert [story.scores(name)["id-1"] for name in STORY_NAMES] == [3.5, 0.5, 3.5]
    assert [story.scores(name)["id-0"] for name in STORY_NAMES] == [1.0, 1.0, 4.0]
    assert [story.scores(name)["id-1"] for name in ("lowest", "highest")] == [2.0, 3.0]
    story.journal.add_rubric(STORY.model_copy(update={"overall": "grammar"}))
    assert story.scores() == {"id-0": 1.0, "id-1": 3.5}


def test_a_dimension_may_have_any_name(journal):
    names = ("score", "model", "group")
    own = [one.model_copy(update={"name": name}) for one, name in zip(STORY.dimensions, names, strict=True)]
    folder = Folder(journal, STORY.model_copy(update={"dimensions": tuple(own)}))
    folder.rate(1, A, {"score": 1, "model": 2, "group": 3})
    assert folder.scores() == {"id-1": 2.0}
    assert [folder.scores(f"score_{name}")["id-1"] for name in names] == [1.0, 2.0, 3.0]


def test_imported_scores_are_ratings_beside_those_of_models(story):
    story.rate(1, Rater("people"), {IMPORTED_SCORE: 4.5}, status="imported")
    story.rate(2, Rater("people"), {IMPORTED_SCORE: 1.0}, status="imported")
    story.rate(1, A, 2)
    assert story.ratings["rater"].to_pylist() == ["a", "people", "people"]
    assert story.ratings["score"].to_pylist() == [2.0, 4.5, 1.0]
    assert story.scores() == {"id-1": 3.25, "id-2": 1.0}
    # People gave no points for single dimensions.
    assert story.scores("score_grammar") == {"id-1": 2.0, "id-2": None}


def test_where_a_document_comes_from_is_told_by_a_column_or_an_address_or_it_stands_for_itself():
    values = {"url": "https://www.example.org/a", "domain": "", "repo": None, "host": "h", "site": "s"}
    assert group_of(values, None, "own") == "h"
    assert group_of({**values, "group": "g"}, None, "own") == "g"
    assert group_of({**values, "book": "b"}, "book", "own") == "b"
    assert group_of({**values, "book": None}, "book", "own") == "example.org"
    assert group_of({"book": 0}, "book", "own") == "0"
    urls = ("http://a.b:80/x", "//www.a.b", "no address", "http://[", "", None)
    assert [host_of(url) for url in urls] == ["a.b", "a.b", None, None, None, None]
    assert [group_of({"url": url}, None, "own") for url in urls] == ["a.b", "a.b", *["own"] * 4]
    assert group_of({}, None, "own") == "own"


def test_a_sample_row_has_all_columns_and_what_is_read_of_its_text():
    text = "Text. " * 20_000
    row = sample_row(text, id="1", text_bytes=7, text="another")
    assert list(row) == SAMPLE_SCHEMA.names
    assert (row["text"], row["window_rule"], row["text_bytes"]) == (cut_window(text, REACH), WINDOW.name, 7)
    assert sample_row(text)["text_bytes"] == len(text)


def rows_of(columns, *, text_column="text", group_column=None):
    """Return the rows of a sample, after checking that journal and tables can hold them."""
    table = pa.table(columns)
    found = sample_rows(table, "dump/mine.parquet", text_column=text_column, group_column=group_column)
    rows = json.loads(json.dumps(list(found)))
    assert pa.Table.from_pylist(rows, SAMPLE_SCHEMA).num_rows == len(table)
    return rows


def test_a_table_of_texts_alone_is_a_sample():
    one, two = (f"mine.parquet#{number}" for number in range(2))
    origin = {"file": "mine.parquet", "picked": "unknown"}
    assert rows_of({"content": ["one", None]}, text_column="content") == [
        sample_row("one", id=one, group=one, row=0, **origin),
        sample_row("", id=two, group=two, row=1, **origin),
    ]


def test_what_a_sample_says_is_kept():
    one = sample_row(
        "one", id="x#3", group="g", picked="uncertain", edu_score=2.5, file="x", row=3, lang="en"
    )
    two = sample_row("two", id="y#1", group="h", picked="stratified", probability=0.25, weight=4.0)
    found = rows_of(pa.Table.from_pylist([one, two], SAMPLE_SCHEMA).to_pydict())
    assert found == [one, {**two, "file": "mine.parquet", "row": 1}]


def test_ids_of_any_kind_are_kept_as_text_and_missing_ones_made():
    found = rows_of({"text": ["a", "b", "c"], "id": pa.array([0, 17, None], pa.int64())})
    assert [row["id"] for row in found] == ["0", "17", "mine.parquet#2"]
    one, two = rows_of({"text": ["a", "b"], "id": ["", "x"], "group": ["", "g"], "lang": ["", "en"]})
    assert (one["id"], one["group"], one["lang"]) == ("mine.parquet#0", "mine.parquet#0", None)
    assert (two["id"], two["group"], two["lang"]) == ("x", "g", "en")


ODD = [
    ("lang", pa.array([["en"], []])), ("lang", pa.array([1, 2])), ("genre", pa.array([{"name": "x"}, None])),
    ("language", pa.array([datetime(2026, 1, 1, tzinfo=UTC), None])), ("file", pa.array([b"\xff", b"a"])),
    ("picked", pa.array([True, False])), ("row", pa.array([3.5, None])), ("row", pa.array(["one", "two"])),
    ("probability", pa.array(["often", None])), ("edu_score", pa.array([[1.0], []])),
    ("text_bytes", pa.array([0.5, 7.0])), ("url", pa.array([1, 2])), ("url", pa.array([["https://a.b"], []])),
    ("url", pa.array([b"https://www.a.b", None])), ("window_rule", pa.array(["mine", None])),
]  # fmt: skip


@pytest.mark.parametrize(("name", "values"), ODD, ids=[f"{name}: {values.type}" for name, values in ODD])
def test_a_column_that_means_something_else_is_passed_over(name, values):
    assert rows_of({"text": ["one", "two"], name: values}) == rows_of({"text": ["one", "two"]})


def test_text_in_whatever_form_and_numbers_of_any_width_are_kept():
    columns = {
        "text": pa.array(["one", "two"], pa.string_view()),
        "lang": pa.array(["en", None]).dictionary_encode(),
        "genre": pa.array(["x", "y"], pa.large_string()),
        "row": pa.array([7, 8], pa.uint8()),
        "edu_score": pa.array([1, 2], pa.int8()),
    }
    found = [[row[name] for name in columns] for row in rows_of(columns)]
    assert found == [["one", "en", "x", 7, 1], ["two", None, "y", 8, 2]]


def test_a_document_with_a_known_chance_was_drawn_at_random():
    found = rows_of({"text": ["one", "two"], "probability": [0.5, None]})
    assert [row["picked"] for row in found] == ["random", "unknown"]


def test_a_column_without_text_is_refused_by_name():
    with pytest.raises(LabelsError, match=r"'text' in dump/mine.parquet must be string. Got int64"):
        rows_of({"text": [1]})
