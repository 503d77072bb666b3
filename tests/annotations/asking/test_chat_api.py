"""Proves that whatever an endpoint does, it ends as the right status or error, and never as a wrong score."""

import asyncio
import json
import logging
import traceback

import pytest

from annotations.asking.annotator import Unanswered
from annotations.asking.chat_api import ChatAnnotator, retry_after_s
from annotations.asking.prompt import SYSTEM, RubricForm
from annotations.asking.question_form import Answer, prompt_bytes
from annotations.asking.reply_forms import WAYS
from annotations.asking.rubric import load_rubric
from annotations.asking.settings import Rater
from filtering.errors import EndpointError, RunError
from tests.kit.scripted import server as scripted
from tests.kit.scripted.replies import replies_of
from tests.kit.scripted.server import WRONG_SCORES, Judge, ScriptedServer, labelled

KEY = "sk-sentinel-0123456789"
WEB = RubricForm(load_rubric("web"))
WINDOW = 'Water runs down hill, and so the river flows towards the sea. \N{SNOWMAN} \\ "quoted"\nNext line.'


@pytest.fixture(autouse=True)
def key(monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)


def ask(script, *, times=1, form=WEB, rater=None, timeout_s=20.0):
    """Return the last of some attempts, and the requests that they made."""
    rater = rater or Rater("scripted", None, 200)

    async def attempts(annotator):
        try:
            for _ in range(times - 1):
                try:
                    await annotator.annotate(WINDOW)
                except Unanswered:
                    pass
            return await annotator.annotate(WINDOW)
        finally:
            await annotator.close()

    with ScriptedServer(script) as server:
        annotator = ChatAnnotator(form, rater, base_url=server.base_url, timeout_s=timeout_s)
        return asyncio.run(attempts(annotator)), server.requests


def raised(kind, script, **options):
    with pytest.raises(kind) as caught:
        ask(script, **options)
    return caught.value


def test_a_good_reply_is_kept_with_all_that_came_with_it():
    reply, [request] = ask(lambda _: labelled(4, reason="It explains."))
    assert (reply.status, reply.scores, reply.reason) == ("ok", {"educational_value": 4}, "It explains.")
    assert (reply.tokens_in, reply.tokens_out) == (100, 30)
    assert reply.structured_by == "json_schema"
    assert reply.served_model == "scripted"
    assert reply.latency_s > 0
    assert json.loads(reply.raw) == {"reason": "It explains.", "educational_value": 4}
    assert request.headers["authorization"] == f"Bearer {KEY}"


def test_the_document_is_a_part_of_its_own_between_lines_that_differ_from_call_to_call():
    _, requests = ask(lambda _: labelled(4), times=2)
    delimiters = set()
    for request in requests:
        system, user = request.body["messages"]
        assert system == {"role": "system", "content": SYSTEM}
        before, document, after = (part["text"] for part in user["content"])
        delimiter, _, rest = document.partition("\n")
        assert rest == f"{WINDOW}\n{delimiter}"
        assert delimiter in before
        assert "0 (none)" in after
        delimiters.add(delimiter)
    assert len(delimiters) == 2


def test_scores_are_asked_for_as_an_enumeration_and_the_reply_has_its_limit():
    _, [request] = ask(lambda _: labelled(4), rater=Rater("scripted", 0.0, 77))
    schema = request.body["response_format"]["json_schema"]
    assert schema["strict"] is True
    assert schema["schema"]["properties"]["educational_value"]["enum"] == [0, 1, 2, 3, 4, 5]
    assert request.body["max_completion_tokens"] == 77
    assert request.body["temperature"] == 0.0


def test_without_a_temperature_none_is_sent():
    _, [request] = ask(lambda _: labelled(4))
    assert "temperature" not in request.body


@pytest.mark.parametrize("wrong", WRONG_SCORES.values(), ids=WRONG_SCORES)
def test_a_wrong_score_is_never_a_label(wrong):
    reply, _ = ask(lambda _: labelled(wrong))
    assert (reply.status, dict(reply.scores)) == ("unparseable", {})
    assert reply.raw


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        (scripted.truncated_json(), "unparseable"),
        (scripted.empty_content(), "unparseable"),
        (scripted.null_content(), "unparseable"),
        (scripted.no_choices(), "unparseable"),
        (scripted.refused("I can't."), "refused"),
        (scripted.cut_by_filter(), "refused"),
        (scripted.prompt_filtered(), "refused"),
        (scripted.cut_by_length(), "too_long"),
        (scripted.context_too_long(), "too_long"),
        (scripted.bad_request("This model's maximum context length is 512 tokens."), "too_long"),
    ],
)
def test_failures_are_kept_apart(answer, status):
    reply, requests = ask(lambda _: answer)
    assert (reply.status, dict(reply.scores)) == (status, {})
    assert len(requests) == 1
    assert reply.error


@pytest.mark.parametrize(
    ("answer", "retry_after", "may_be_paid"),
    [
        (scripted.rate_limited(), None, False),
        (scripted.rate_limited(7.5), 7.5, False),
        (scripted.unavailable(3), 3.0, False),
        (scripted.server_error(502), None, False),
        (scripted.cut_before_any_byte(), None, True),
        (scripted.cut_in_the_body(labelled(3)), None, True),
        (scripted.not_json(), None, True),
        (scripted.not_json("application/json"), None, True),
        (scripted.slow(labelled(3), 3), None, True),
    ],
)
def test_what_may_go_better_next_time_is_no_answer(answer, retry_after, may_be_paid):
    error = raised(Unanswered, lambda _: answer, timeout_s=0.5)
    assert (error.retry_after_s, error.may_be_paid) == (retry_after, may_be_paid)


def test_nothing_is_paid_where_nobody_listens():
    with ScriptedServer(lambda _: labelled(3)) as server:
        url = server.base_url
    annotator = ChatAnnotator(WEB, Rater("scripted", None, 10), base_url=url)
    with pytest.raises(EndpointError, match="Nobody does"):
        replies_of(annotator, WINDOW)
    annotator._ladder.settle()  # it answered before
    with pytest.raises(Unanswered, match=f"the connection to {url} failed") as caught:
        replies_of(annotator, WINDOW)
    assert not caught.value.may_be_paid


def test_retry_after_may_be_a_date():
    error = raised(Unanswered, lambda _: scripted.rate_limited_until(590))
    assert 300 < error.retry_after_s <= 590


@pytest.mark.parametrize("header", ["", "soon", "nan", "inf", "Mon, 99 Foo 2001"])
def test_a_retry_after_that_says_nothing_is_none(header):
    assert retry_after_s(header) is None


def test_an_endpoint_that_asks_to_wait_for_an_hour_ends_the_run():
    error = raised(EndpointError, lambda _: scripted.rate_limited(3600))
    assert "asks for 3600 s" in str(error)


@pytest.mark.parametrize(
    ("script", "words"),
    [
        (scripted.unauthorized, "401"),
        (scripted.model_not_found, "404"),
        (lambda _: scripted.quota_exhausted(), "credit"),
    ],
)
def test_what_will_never_go_better_ends_the_run(script, words):
    error = raised(EndpointError, script)
    assert words in str(error)


def test_a_key_that_is_withdrawn_in_the_middle_ends_a_run_that_can_go_on():
    error = raised(
        RunError,
        lambda request: labelled(3) if request.count == 0 else scripted.unauthorized(request),
        times=2,
    )
    assert "401" in str(error)


def form_of(request):
    kind = request.body.get("response_format", {}).get("type")
    content = request.body["messages"][1]["content"]
    return kind or ("one_string" if isinstance(content, str) else "text")


@pytest.mark.parametrize("way", WAYS)
def test_forms_are_tried_from_strict_to_loose_once(way):
    def script(request):
        known = WAYS.index(form_of(request)) >= WAYS.index(way)
        return labelled(2) if known else scripted.unsupported_response_format()

    reply, requests = ask(script, times=3)
    assert (reply.status, reply.structured_by) == ("ok", way)
    assert [form_of(request) for request in requests] == [*WAYS[: WAYS.index(way)], way, way, way]


def test_others_wait_until_the_form_is_found_and_are_then_asked_at_once():
    async def attempts(annotator):
        try:
            return await asyncio.gather(*(annotator.annotate(WINDOW) for _ in range(9)))
        finally:
            await annotator.close()

    with ScriptedServer(lambda _: scripted.slow(labelled(3), 0.1)) as server:
        annotator = ChatAnnotator(WEB, Rater("scripted", None, 200), base_url=server.base_url)
        replies = asyncio.run(attempts(annotator))
        first, *others = sorted(request.arrived_s for request in server.requests)
    assert {reply.status for reply in replies} == {"ok"}
    assert server.most_at_once == 8
    assert min(others) - first >= 0.1


def test_a_form_that_is_answered_by_500_twice_is_given_up():
    reply, requests = ask(
        lambda request: scripted.server_error() if form_of(request) == "json_schema" else labelled(1), times=2
    )
    assert (reply.status, reply.structured_by) == ("ok", "json_object")
    assert [form_of(request) for request in requests] == ["json_schema", "json_schema", "json_object"]


def test_a_document_that_is_too_long_tells_nothing_about_the_form():
    def script(request):
        if request.count == 0:
            return scripted.context_too_long()
        known = form_of(request) == "text"
        return labelled(1) if known else scripted.unsupported_response_format()

    reply, _ = ask(script, times=2)
    assert (reply.status, reply.structured_by) == ("ok", "text")
    reply, _ = ask(script)
    assert (reply.status, reply.tokens_in, reply.tokens_out) == ("too_long", 0, 0)


def test_a_form_that_failed_once_by_chance_is_kept():
    reply, _ = ask(lambda one: scripted.server_error() if one.count == 0 else labelled(1), times=2)
    assert reply.structured_by == "json_schema"


def test_a_question_that_is_refused_in_every_form_says_why_and_the_next_one_is_tried_anew():
    def script(request):
        return scripted.unsupported_temperature() if request.count < len(WAYS) else labelled(3)

    reply, _ = ask(script)
    assert reply.status == "api_error"
    assert reply.error.startswith("refused in every form: 400 ")
    assert "temperature" in reply.error
    reply, requests = ask(script, times=2)
    assert (reply.status, reply.structured_by) == ("ok", "json_schema")
    assert len(requests) == len(WAYS) + 1


def test_a_server_that_is_down_is_no_wrong_setting():
    assert raised(Unanswered, lambda _: scripted.server_error(), times=12).may_be_paid is False


def test_a_question_that_is_refused_later_is_an_error_of_that_question_alone():
    reply, _ = ask(lambda one: labelled(1) if one.count == 0 else scripted.bad_request("no"), times=2)
    assert (reply.status, reply.error) == ("api_error", "400 no")


def test_prose_around_an_ignored_form_is_read(monkeypatch):
    reply, _ = ask(Judge(ignore_response_format=True))
    assert reply.status == "ok"
    assert reply.raw != json.dumps(dict(reply.scores))


def test_words_of_the_document_and_the_key_stay_out_of_errors():
    quoting = scripted.bad_request(f"cannot parse {WINDOW!r}")
    reply, _ = ask(lambda one: labelled(1) if one.count == 0 else quoting, times=2)
    assert "river" not in reply.error
    assert "quotes the document" in reply.error
    echo = scripted.bad_request(f"bad request by {KEY}")
    reply, _ = ask(lambda one: labelled(1) if one.count == 0 else echo, times=2)
    assert reply.error == "400 bad request by [key]"


def test_a_key_that_a_server_sends_back_is_in_no_reply_error_or_log(caplog):
    caplog.set_level(logging.DEBUG)
    reply, _ = ask(lambda _: scripted.completion(f'{{"reason": "{KEY}", "educational_value": 2}}'))
    assert KEY not in repr(reply)
    assert reply.reason == "[key]"
    error = raised(EndpointError, scripted.unauthorized)
    assert KEY not in "".join(traceback.format_exception(error))
    assert KEY not in caplog.text


@pytest.mark.parametrize(
    "url",
    ["https://me:secretword@host/v1", "https://host/v1?key=secretword", "secretword", "ftp://secretword"],
)
def test_an_address_with_credentials_is_refused_without_showing_it(url):
    with pytest.raises(EndpointError, match="--base-url") as caught:
        ChatAnnotator(WEB, Rater("m", None, 10), base_url=url)
    assert "secretword" not in str(caught.value)


def test_without_a_key_an_address_must_be_given(monkeypatch):
    monkeypatch.delenv("OPENAI_API_KEY")
    with pytest.raises(EndpointError, match="OPENAI_API_KEY"):
        ChatAnnotator(WEB, Rater("m", None, 10))
    reply, [request] = ask(lambda _: labelled(3))
    assert reply.status == "ok"
    assert request.headers["authorization"] == "Bearer none"


@pytest.mark.parametrize("key", [f" {KEY}\n", KEY])
def test_blanks_about_a_key_are_no_part_of_it(monkeypatch, key):
    monkeypatch.setenv("OPENAI_API_KEY", key)
    _, [request] = ask(lambda _: labelled(3))
    assert request.headers["authorization"] == f"Bearer {KEY}"


@pytest.mark.parametrize("key", ["sk-\N{EURO SIGN}uro", "sk-a\nb"])
def test_a_key_that_cannot_be_sent_is_refused_without_showing_it(monkeypatch, key):
    monkeypatch.setenv("OPENAI_API_KEY", key)
    with pytest.raises(EndpointError, match="must be printable ASCII") as caught:
        ChatAnnotator(WEB, Rater("m", None, 10))
    assert key not in str(caught.value)


def test_an_empty_address_in_the_environment_is_none(monkeypatch):
    monkeypatch.setenv("OPENAI_BASE_URL", "")
    assert ChatAnnotator(WEB, Rater("m", None, 10))._endpoint.name == "https://api.openai.com/v1"


def test_the_address_may_come_from_the_environment(monkeypatch):
    with ScriptedServer(lambda _: labelled(3)) as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.base_url)
        annotator = ChatAnnotator(WEB, Rater("m", None, 10))
        assert replies_of(annotator, WINDOW)[0].status == "ok"


@pytest.mark.parametrize("name", ["web", "code", "story"])
def test_the_bytes_of_a_prompt_are_at_least_those_that_are_sent(name):
    form = RubricForm(load_rubric(name))
    _, [request] = ask(lambda _: labelled(3), form=form)
    sent = [SYSTEM, *(part["text"] for part in request.body["messages"][1]["content"])]
    assert prompt_bytes(form, WINDOW) >= sum(len(text.encode()) for text in sent)
    assert prompt_bytes(form, "") + len(WINDOW.encode()) == prompt_bytes(form, WINDOW)


class Loud:
    """A form of text: what comes must be in capitals."""

    digest, system, schema = "loud", "Shout.", None

    def parts(self, window):
        return (window,)

    def read(self, content, window):
        return Answer(fault="" if content.isupper() else "too quiet")


def test_a_text_is_asked_for_in_one_string_and_without_a_form_of_reply():
    reply, [request] = ask(lambda _: scripted.completion("HELLO"), form=Loud())
    assert (reply.status, reply.raw, dict(reply.scores)) == ("ok", "HELLO", {})
    assert "response_format" not in request.body
    assert [message["content"] for message in request.body["messages"]] == ["Shout.", WINDOW]
    assert prompt_bytes(Loud(), WINDOW) > len(WINDOW.encode()) + len("Shout.")


def test_a_text_that_is_not_what_was_asked_for_is_kept_with_its_fault():
    reply, _ = ask(lambda _: scripted.completion("hello"), form=Loud())
    assert (reply.status, reply.raw, reply.error) == ("unparseable", "hello", "too quiet")


@pytest.mark.parametrize(
    ("answer", "status"), [(scripted.cut_by_length(), "too_long"), (scripted.refused(), "refused")]
)
def test_a_text_that_was_cut_or_refused_is_told_apart(answer, status):
    reply, _ = ask(lambda _: answer, form=Loud())
    assert reply.status == status


def test_an_endpoint_that_takes_no_text_in_any_form_is_told_after_one_question():
    reply, requests = ask(lambda _: scripted.bad_request("no"), form=Loud())
    assert (reply.status, len(requests)) == ("api_error", 1)
