"""Proves that whatever a server sends is the fault of one reply, and never the end of the run."""

import logging

import pytest

from annotations.asking.annotator import Unanswered
from annotations.asking.chat_api import ChatAnnotator
from annotations.asking.journal import Journal, Question, window_digest
from annotations.asking.prompt import RubricForm
from annotations.asking.question_loop import PricedQuestion, ask_all
from annotations.asking.rubric import load_rubric
from annotations.asking.settings import Limits, Rater
from filtering.errors import EndpointError, RunError
from tests.kit.scripted import odd_answers
from tests.kit.scripted import server as scripted
from tests.kit.scripted.judge import document_of
from tests.kit.scripted.odd_answers import ESCAPES, error
from tests.kit.scripted.replies import replies_of
from tests.kit.scripted.server import ScriptedServer, labelled, with_body, with_header

KEY = "sk-sentinel-0123456789"
CHAT = "/v1/chat/completions"
WEB = RubricForm(load_rubric("web"))
RATER = Rater("scripted", None, 200)
WINDOW = "Water runs down hill, and so the river flows towards the sea."
LABELS, NONE, FAULTS = odd_answers.labels(), odd_answers.without_labels(), odd_answers.faults()


@pytest.fixture(autouse=True)
def key(monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", KEY)


def ask(*answers, times=None, paths=None, timeout_s=20.0):
    """Return what the last of some attempts came to: one for each answer, if not said otherwise."""
    replies = iter(answers)

    with ScriptedServer(lambda _: next(replies)) as server:
        annotator = ChatAnnotator(WEB, RATER, base_url=server.base_url, timeout_s=timeout_s)
        *_, reply = replies_of(annotator, *[WINDOW] * (times or len(answers)))
        assert [request.path for request in server.requests] == (paths or [CHAT] * len(answers))
        return reply


@pytest.mark.parametrize("name", LABELS)
def test_what_is_odd_and_loses_nothing_is_read(name):
    reply = ask(LABELS[name])
    assert (reply.status, reply.scores) == ("ok", {"educational_value": 3})


@pytest.mark.parametrize("name", [name for name in LABELS if "tokens" in name])
def test_counts_that_cannot_be_are_none(name):
    reply = ask(LABELS[name])
    assert (reply.tokens_in, reply.tokens_out) == (None, None)


@pytest.mark.parametrize("name", NONE)
def test_a_reply_without_a_label_says_why(name):
    answer, status, why = NONE[name]
    reply = ask(answer)
    assert (reply.status, reply.error, dict(reply.scores)) == (status, why, {})


@pytest.mark.parametrize("name", FAULTS)
def test_what_is_no_reply_is_asked_again_and_says_what_came(name):
    answer, what = FAULTS[name]
    with pytest.raises(Unanswered) as caught:
        ask(answer)
    assert what in str(caught.value)


@pytest.mark.parametrize("name", odd_answers.without_end())
def test_an_answer_without_end_is_left_after_a_bound_of_size_or_time(name):
    answer, what = odd_answers.without_end()[name]
    with pytest.raises(Unanswered) as caught:
        ask(answer, timeout_s=0.5 if answer.pause_s else 20.0)
    assert what in str(caught.value)
    assert caught.value.may_be_paid


def test_no_fault_of_one_reply_ends_the_run(tmp_path, caplog):
    caplog.set_level(logging.ERROR)
    odd = [answer for answer, *_ in [*FAULTS.values(), *odd_answers.without_end().values()]]
    scripts = {f"Document {number}.": answer for number, answer in enumerate(odd)}

    def script(request):
        return scripts.pop(document_of(request), labelled(3))

    digest = WEB.digest
    asked = [
        PricedQuestion(Question(digest, RATER, window_digest(text)), text, 9, None)
        for text in ["The first document.", *scripts]
    ]
    limits = Limits(concurrency=8, first_wait_s=0.001, longest_wait_s=0.002)
    with ScriptedServer(script) as server, Journal(tmp_path / "journal.sqlite") as journal:
        annotator = ChatAnnotator(WEB, RATER, base_url=server.base_url, timeout_s=1.0)
        assert ask_all(asked, [annotator], journal, limits, lambda *_: None, lambda _: None)
        found = journal.ratings()
    assert [row["status"] for row in found] == ["ok"] * len(asked)
    assert not scripts
    assert not caplog.records


def test_nothing_of_a_server_steers_a_terminal():
    with pytest.raises(Unanswered) as caught:
        ask(error(ESCAPES))
    reply = ask(labelled(3), error(ESCAPES, 400))
    redirect = ask(labelled(3), with_header(with_body(302, b""), "Location", "http://x/\x1b[2J"))
    keys = ask(scripted.completion({ESCAPES: 3}))
    for words in (str(caught.value), reply.error, redirect.error, keys.error):
        assert words.isprintable()
        assert "\\x1b[" in words


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_to_another_origin_is_not_followed_and_told(status):
    with ScriptedServer(lambda _: labelled(5)) as elsewhere:
        location = f"{elsewhere.base_url}/chat/completions?token=secretword"
        reply = ask(labelled(3), with_header(with_body(status, b""), "Location", location))
        assert elsewhere.count == 0
    assert reply.status == "api_error"
    assert reply.error.startswith(f"{status} a redirect to {elsewhere.base_url}/chat/completions, which is")


@pytest.mark.parametrize("status", [307, 308])
def test_a_redirect_within_the_origin_is_followed_where_the_question_stays_one(status):
    moved = with_header(with_body(status, b""), "Location", "/v2/chat/completions")
    assert ask(moved, labelled(3), times=1, paths=[CHAT, "/v2/chat/completions"]).status == "ok"


@pytest.mark.parametrize("status", [300, 301, 302, 303, 304])
def test_a_redirect_that_would_make_another_question_is_not_followed(status):
    moved = with_header(with_body(status, b""), "Location", "/v2/chat/completions")
    assert ask(moved).error == f"{status} a redirect to /v2/chat/completions, which is not followed"


@pytest.mark.parametrize("location", ["", "http://[::1/", "http://host:99999/", "file:///etc/passwd"])
def test_a_redirect_to_nowhere_is_an_error_of_that_question(location):
    reply = ask(labelled(3), with_header(with_body(307, b""), "Location", location))
    assert reply.error.startswith("307 a redirect to")


def test_a_redirect_in_a_circle_ends():
    moved = with_header(with_body(308, b""), "Location", "/v1/chat/completions")
    assert ask(labelled(3), moved, moved, moved, times=2).status == "api_error"


@pytest.mark.parametrize(
    "answer",
    [
        error("Insufficient credits", 402),
        error("Insufficient credits", 200, code=402),
        with_header(with_body(402, b"x"), "Content-Encoding", "br"),
        with_body(402, b"Insufficient credits", "text/plain"),
    ],
)
def test_no_money_ends_the_asking_at_once(answer):
    with pytest.raises(EndpointError, match=r"must have credit\. The endpoint answered 402"):
        ask(answer)
    with pytest.raises(RunError, match=r"must have credit.*is kept, and the same command goes on\."):
        ask(labelled(3), answer)


def test_a_firewall_that_takes_offence_at_a_document_ends_nothing():
    assert ask(labelled(3), with_body(403, b"<html>", "text/html")).status == "api_error"
    with pytest.raises(EndpointError, match="403 a page of HTML"):
        ask(with_body(403, b"<html>", "text/html"))


def test_words_of_an_error_are_found_wherever_a_server_puts_them():
    detail = [{"loc": ["body", "x"], "msg": "not permitted"}, {"msg": "nor this"}]
    for body, words in (
        ({"detail": detail}, "not permitted; nor this"),
        ({"object": "error", "message": "gone"}, "gone"),
        ({"error": {"message": {"error": "inner"}}}, "inner"),
        ({"error": ["a", {"message": "b"}]}, "a; b"),
        ({"error": 5}, "JSON of another kind"),
    ):
        assert ask(labelled(3), with_body(418, body)).error == f"418 {words}"
