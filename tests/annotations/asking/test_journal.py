"""Proves that no reply is lost, whatever ends the process, and that nothing else is taken for a journal."""

import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from dataclasses import asdict

import pytest

from annotations import Rater, Reply, load_rubric
from annotations.asking.journal import JOURNAL_FORMAT, Journal, Question, window_digest
from annotations.asking.prompt import rubric_digest
from filtering.errors import OutputError

RATER = Rater("m", 0.5, 50)
QUESTION = Question("rubric", RATER, "window")
REPLY = Reply("ok", {"fun": 3, "joy": 1.5}, 'Short, "ok".', "{}", "json_schema", "m-2", 120, 20, 0.25, "none")


@pytest.fixture
def path(tmp_path):
    return tmp_path / "journal.sqlite"


@pytest.fixture
def journal(path):
    with Journal(path) as journal:
        yield journal


def test_reopening_keeps_everything(path):
    rubric = load_rubric("story")
    documents = [("b", {"id": "2", "text": "two"}), ("a", {"id": "1", "weight": None})]
    with Journal(path) as journal:
        digest = journal.add_rubric(rubric)
        journal.add_documents(documents)
        journal.record(QUESTION, REPLY, 0.5)
        journal.ask(QUESTION, 0.25)
        [before] = journal.ratings()
    with Journal(path) as journal:
        assert journal.rubric() == rubric
        assert rubric_digest(rubric) == digest
        assert list(journal.documents()) == documents
        [row] = journal.ratings()
        assert row == before
        assert {key: row[key] for key in asdict(REPLY)} == asdict(REPLY)
        assert (row["rubric_sha256"], row["window_sha256"], row["repeat"]) == ("rubric", "window", 1)
        assert (row["model"], row["parameters"], row["price_usd"]) == ("m", RATER.parameters, 0.5)
        assert journal.spent_usd() == 0.75
        assert journal.is_finished(QUESTION)
        assert journal.reply_to(QUESTION)["raw"] == REPLY.raw


def test_the_last_reply_counts_and_earlier_ones_stay_paid(journal):
    other = Question("rubric", RATER, "other")
    journal.record(QUESTION, Reply("api_error"), 0.125)
    journal.record(other, Reply("ok", {"fun": 5}), 0.25)
    journal.record(QUESTION, Reply("ok", {"fun": 2}, tokens_in=10, tokens_out=4), 0.5)
    # In the order in which questions were first answered.
    found = [(row["window_sha256"], row["scores"]) for row in journal.ratings()]
    assert found == [("window", {"fun": 2}), ("other", {"fun": 5})]
    assert journal.spent_usd() == 0.875


@pytest.mark.parametrize("status", ["ok", "imported", "unparseable", "refused", "too_long"])
def test_an_error_of_the_endpoint_alone_is_asked_again(journal, status):
    journal.record(QUESTION, Reply("api_error"), None)
    assert not journal.is_finished(QUESTION)
    journal.record(QUESTION, Reply(status), None)
    assert journal.is_finished(QUESTION)


@pytest.mark.parametrize(
    "other",
    [
        Question("another", RATER, "window"),
        Question("rubric", Rater("m2", 0.5, 50), "window"),
        Question("rubric", Rater("m", 0.0, 50), "window"),
        Question("rubric", Rater("m", None, 50), "window"),
        Question("rubric", Rater("m", 0.5, 51), "window"),
        Question("rubric", RATER, "other"),
        Question("rubric", RATER, "window", repeat=2),
    ],
    ids=["rubric", "model", "temperature", "its own temperature", "tokens", "window", "repeat"],
)
def test_another_question_is_not_answered_by_the_reply_to_this_one(journal, other):
    journal.record(QUESTION, REPLY, None)
    assert not journal.is_finished(other)
    assert journal.reply_to(other) is None
    journal.record(other, REPLY, None)
    assert journal.is_finished(other)
    assert len(journal.ratings()) == 2


def test_the_journal_of_an_earlier_version_opens_and_answers(path):
    with Journal(path) as journal:
        journal.record(QUESTION, REPLY, None)
    with closing(sqlite3.connect(path)) as other, other:  # which had another index, and not this one
        other.execute("DROP INDEX windows")
        other.execute("CREATE INDEX questions ON replies (rubric_sha256, model, parameters, repeat)")
    with Journal(path) as journal:
        assert journal.is_finished(QUESTION)


def test_what_was_asked_and_never_answered_counts_as_spent_at_its_most(journal):
    first, second, third = (journal.ask(QUESTION, most) for most in (1.0, 2.0, None))
    assert journal.spent_usd() == 3.0
    journal.record(QUESTION, REPLY, 0.25, first)
    assert journal.spent_usd() == 2.25
    journal.forget(second)
    assert journal.spent_usd() == 0.25
    journal.record(QUESTION, REPLY, None, third)
    assert journal.spent_usd() == 0.25


def test_several_replies_are_kept_in_one_step_or_not_at_all(journal, path):
    def replies():
        yield QUESTION, REPLY, 1.0
        raise OSError

    with pytest.raises(OSError):  # noqa: PT011 - the one from above
        journal.record_all(replies())
    assert journal.ratings() == []
    journal.record_all([(Question("", RATER, f"w{number}"), REPLY, None) for number in range(3)])
    assert len(journal.ratings()) == 3


def test_mean_tokens_are_told_by_model_of_replies_that_tell_them(journal):
    for model, tokens_in, tokens_out in (("a", 10, 1), ("a", 20, 2), ("a", None, None), ("b", 5, 5)):
        question = Question("rubric", Rater(model), f"{tokens_in}")
        journal.record(question, Reply("ok", tokens_in=tokens_in, tokens_out=tokens_out), None)
    other = Question("another form", Rater("a"), "w")
    journal.record(other, Reply("ok", tokens_in=1000, tokens_out=1000), None)
    assert journal.mean_tokens("rubric") == {"a": (15.0, 1.5), "b": (5.0, 5.0)}


def test_a_document_stays_as_it_was_noted_first(journal):
    journal.add_documents([("a", {"group": "first"})])
    journal.add_documents([("a", {"group": "second"}), ("b", {"group": "third"})])
    assert list(journal.documents()) == [("a", {"group": "first"}), ("b", {"group": "third"})]


def test_a_random_draw_takes_a_chosen_document_in_and_never_the_other_way_round(journal):
    drawn, chosen = {"picked": "stratified", "probability": 0.1}, {"picked": "high", "probability": None}
    journal.add_documents([("a", chosen), ("b", drawn), ("c", chosen)])
    journal.add_documents([("a", drawn), ("b", chosen), ("c", {"picked": "random"})])
    # Of "c" nobody says how likely it was: no draw, but a table without the column.
    assert list(journal.documents()) == [("a", drawn), ("b", drawn), ("c", chosen)]


def test_of_texts_of_one_window_the_longest_is_kept_and_the_rest_as_noted_first(journal):
    short, long = {"text": "cut", "text_bytes": 3}, {"text": "the whole text", "text_bytes": 14}
    drawn = {"picked": "stratified", "probability": 0.1}
    journal.add_documents([("a", {"id": "1", **short}), ("b", {**long, "picked": "high"}), ("c", long)])
    journal.add_documents([("a", {"id": "2", **long}), ("b", {**short, **drawn}), ("c", short)])
    assert list(journal.documents()) == [("a", {"id": "1", **long}), ("b", {**long, **drawn}), ("c", long)]


@pytest.mark.parametrize(
    "text",
    ["'; DROP TABLE replies; --", 'He said "5".\r\n\tok', "😀 naïve 東京", "a\0b", "", "x" * 100_000],
    ids=["quotes", "lines", "scripts", "nul", "empty", "long"],
)  # fmt: skip
def test_any_text_comes_back_as_it_was(path, text):
    question = Question("rubric", Rater(text or "m"), window_digest(text))
    with Journal(path) as journal:
        journal.add_documents([(window_digest(text), {"id": text, "text": text})])
        journal.record(question, Reply("ok", {text: 1}, reason=text, raw=text, error=text), None)
    with Journal(path) as journal:
        [row] = journal.ratings()
        assert [row["reason"], row["raw"], row["error"]] == [text] * 3
        assert row["scores"] == {text: 1}
        assert row["model"] == question.rater.model
        assert list(journal.documents()) == [(window_digest(text), {"id": text, "text": text})]
        assert journal.is_finished(question)


def test_a_reply_with_half_a_character_is_kept(journal):
    # JSON may hold a lone surrogate: a model that was cut off writes one, or a document orders it to.
    journal.record(QUESTION, Reply("ok", {"fun": 1}, reason="\ud83d", raw="a\udc00b"), 0.5)
    [row] = journal.ratings()
    assert row["scores"] == {"fun": 1}
    row["reason"].encode()  # what is written to a table must be text
    assert row["raw"][0] + row["raw"][-1] == "ab"


def test_a_folder_holds_replies_by_one_rubric(journal):
    web, code = load_rubric("web"), load_rubric("code")
    journal.add_rubric(code)  # nothing was asked by it
    digest = journal.add_rubric(web)
    assert digest == rubric_digest(web)
    journal.record(Question("", Rater("people"), "window"), Reply("imported", {"score": 3}), None)
    journal.record(Question(digest, RATER, "window"), REPLY, None)
    with pytest.raises(OutputError, match=f"'code'.*{rubric_digest(code)[:12]}.*{digest[:12]}.*--out"):
        journal.add_rubric(code)
    assert journal.rubric() == web


def test_what_no_model_is_told_may_change(journal):
    story = load_rubric("story")
    digest = journal.add_rubric(story)
    journal.record(Question(digest, RATER, "window"), REPLY, None)
    changed = story.model_copy(update={"overall": "grammar", "version": 2})
    assert journal.add_rubric(changed) == digest
    assert journal.rubric() == changed


def test_a_text_file_is_refused_and_left_alone(path):
    path.write_text("Dear diary\n" * 1000)
    with pytest.raises(OutputError, match=r"must be a journal.*--out"):
        Journal(path)
    assert path.read_text() == "Dear diary\n" * 1000


@pytest.mark.parametrize("tables", ["history (url TEXT)", "documents (title TEXT)"])
def test_a_database_of_something_else_is_refused_and_left_alone(path, tables):
    with closing(sqlite3.connect(path)) as other:
        other.execute(f"CREATE TABLE {tables}")
        other.commit()
    before = path.read_bytes()
    with pytest.raises(OutputError, match="must be a journal"):
        Journal(path)
    assert path.read_bytes() == before


def test_a_journal_of_a_later_format_is_refused(path):
    with Journal(path) as journal:
        journal.record(QUESTION, REPLY, 1.0)
    with closing(sqlite3.connect(path)) as other:
        other.execute(f"PRAGMA user_version = {JOURNAL_FORMAT + 1}")
    with pytest.raises(OutputError, match=f"format {JOURNAL_FORMAT}. Got {JOURNAL_FORMAT + 1} instead"):
        Journal(path)


def test_a_place_where_no_file_can_be_is_refused(tmp_path):
    for path in (tmp_path, tmp_path / "missing" / "journal.sqlite"):
        with pytest.raises(OutputError, match="must be a journal"):
            Journal(path)


CHILD = """
import sys
from pathlib import Path
from annotations import Rater, Reply
from annotations.asking.journal import Journal, Question
with Journal(Path(sys.argv[1])) as journal:
    for number in range(100_000):
        question = Question("rubric", Rater("m"), f"window {number}")
        asked = journal.ask(question, 1.0)
        journal.record(question, Reply("ok", {"fun": number}, raw="x" * 3000), 0.5, asked)
        print(number, flush=True)
"""


@pytest.mark.parametrize("point", [1, 30, 333, 1500])  # SQLite moves its log into the file at about each 300
def test_a_kill_at_any_point_loses_no_reply_that_was_kept(path, point):
    child = subprocess.Popen([sys.executable, "-c", CHILD, path], stdout=subprocess.PIPE, text=True)
    try:
        for _ in range(point):
            child.stdout.readline()
    finally:
        child.kill()
        rest, _ = child.communicate()
    assert child.returncode == -signal.SIGKILL
    kept = point + len([line for line in rest.splitlines(keepends=True) if line.endswith("\n")])
    with Journal(path) as journal:
        rows = journal.ratings()
        assert kept <= len(rows) <= kept + 1
        assert [row["scores"] for row in rows] == [{"fun": number} for number in range(len(rows))]
        assert {row["raw"] for row in rows} == {"x" * 3000}
        in_flight = journal.spent_usd() - 0.5 * len(rows)
        assert in_flight in (0.0, 1.0)
        journal.record(QUESTION, REPLY, 0.5)
        assert len(journal.ratings()) == len(rows) + 1
    with closing(sqlite3.connect(path)) as other:
        assert other.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


@pytest.mark.parametrize("values", ['{"a":' * 100_000, "{", ""])
def test_values_that_are_no_json_are_the_fault_of_the_journal(tmp_path, values):
    path = tmp_path / "journal.sqlite"
    with Journal(path) as journal:
        journal.add_documents([("digest", {"text": "a"})])
    with closing(sqlite3.connect(path)) as other, other:
        other.execute("UPDATE documents SET values_json = ?", (values,))
    with Journal(path) as journal, pytest.raises(OutputError, match="must hold JSON as it was written"):
        list(journal.documents())
