"""Proves that each scripted fault reaches the openai client as an error or reply of its own."""

import asyncio
import json
import time
from email.utils import parsedate_to_datetime

import pytest

from tests.kit.late import Late
from tests.kit.scripted import server as scripted
from tests.kit.scripted.server import Judge, ScriptedServer, scripted_process

openai = Late("openai")

KEY = "sk-not-to-be-told"
SCALE = {"type": "integer", "enum": [0, 1, 2, 3]}
SCHEMA = {"type": "object", "properties": {"reason": {"type": "string"}, "educational_value": SCALE}}
JSON_SCHEMA = {"type": "json_schema", "json_schema": {"name": "labels", "strict": True, "schema": SCHEMA}}
JSON_OBJECT = {"type": "json_object", "schema": SCHEMA}
TEACHES = "The river flows because water runs down. For example, learn this step."
SELLS = "Buy two shoes and get one more at our shop in the old town, open all day long."


def ask(base_url, text=TEACHES, model="scripted", **options):
    messages = [
        {"role": "system", "content": "Judge the text."},
        {"role": "user", "content": [{"type": "text", "text": "Text:"}, {"type": "text", "text": text}]},
    ]
    with openai.OpenAI(base_url=base_url, api_key=KEY, max_retries=0) as client:
        return client.chat.completions.create(
            model=model, messages=messages, max_completion_tokens=40, temperature=0, **options
        )


def reply_to(script, **options):
    with ScriptedServer(script) as server:
        return ask(server.base_url, **options)


def error_of(script, kind=None, **options):
    with pytest.raises(kind or openai.APIError) as caught:
        reply_to(script, **options)
    return caught.value


@pytest.mark.parametrize(
    ("script", "kind", "status", "code"),
    [
        (lambda _: scripted.context_too_long(), "BadRequestError", 400, "context_length_exceeded"),
        (lambda _: scripted.prompt_filtered(), "BadRequestError", 400, "content_filter"),
        (lambda _: scripted.unsupported_response_format(), "BadRequestError", 400, None),
        (lambda _: scripted.unsupported_temperature(), "BadRequestError", 400, "unsupported_value"),
        (scripted.unauthorized, "AuthenticationError", 401, "invalid_api_key"),
        (scripted.model_not_found, "NotFoundError", 404, "model_not_found"),
        (lambda _: scripted.rate_limited(), "RateLimitError", 429, "rate_limit_exceeded"),
        (lambda _: scripted.quota_exhausted(), "RateLimitError", 429, "insufficient_quota"),
        (lambda _: scripted.server_error(), "InternalServerError", 500, None),
        (lambda _: scripted.unavailable(), "InternalServerError", 503, None),
    ],
)
def test_an_error_answer_is_raised_with_its_status_and_code(script, kind, status, code):
    error = error_of(script)
    assert (type(error).__name__, error.status_code, error.code) == (kind, status, code)
    assert (KEY in str(error)) == (status == 401)


def test_retry_after_comes_as_seconds_or_as_a_date():
    assert error_of(lambda _: scripted.rate_limited(1.5)).response.headers["retry-after"] == "1.5"
    assert error_of(lambda _: scripted.unavailable(2)).response.headers["retry-after"] == "2"
    until = error_of(lambda _: scripted.rate_limited_until(7200)).response.headers["retry-after"]
    assert 3600 < parsedate_to_datetime(until).timestamp() - time.time() <= 7200


def test_a_slow_or_cut_answer_is_a_connection_error():
    labelled = scripted.labelled(3)
    assert type(error_of(lambda _: scripted.cut_before_any_byte())) is openai.APIConnectionError
    assert type(error_of(lambda _: scripted.cut_in_the_body(labelled))) is openai.APIConnectionError
    assert type(error_of(lambda _: scripted.slow(labelled, 5), timeout=0.2)) is openai.APITimeoutError


@pytest.mark.parametrize(
    ("answer", "content", "finish_reason", "refusal"),
    [
        (scripted.completion("Hello.", usage=None), "Hello.", "stop", None),
        (scripted.truncated_json(), '{"reason": "It explains one th', "stop", None),
        (scripted.cut_by_length(), '{"reason": "It explains one th', "length", None),
        (scripted.cut_by_filter(), "", "content_filter", None),
        (scripted.refused(), None, "stop", "I can't help with that."),
        (scripted.empty_content(), "", "stop", None),
        (scripted.null_content(), None, "stop", None),
    ],
)
def test_a_useless_reply_is_no_error_to_the_client(answer, content, finish_reason, refusal):
    [choice] = reply_to(lambda _: answer).choices
    assert (choice.message.content, choice.message.refusal) == (content, refusal)
    assert choice.finish_reason == finish_reason


def test_what_is_no_completion_comes_as_it_is():
    assert reply_to(lambda _: scripted.no_choices()).choices == []
    assert reply_to(lambda _: scripted.completion("", usage=None)).usage is None
    assert isinstance(reply_to(lambda _: scripted.not_json()), str)
    error_of(lambda _: scripted.not_json("application/json"), json.JSONDecodeError)


@pytest.mark.parametrize("score", scripted.WRONG_SCORES.values())
def test_a_wrong_score_arrives_unchanged(score):
    found = json.loads(reply_to(lambda _: scripted.labelled(score)).choices[0].message.content)
    assert (type(found["educational_value"]), found["educational_value"]) == (type(score), score)


@pytest.mark.parametrize("asked", [JSON_SCHEMA, JSON_OBJECT])
def test_labels_fit_the_schema_and_follow_the_words(asked):
    for text, value in ((TEACHES, 3), (SELLS, 0)):
        reply = reply_to(Judge(), text=text, response_format=asked)
        assert json.loads(reply.choices[0].message.content)["educational_value"] == value


def test_requests_are_kept_in_order_and_counted_at_once():
    async def ask_often(base_url):
        async with openai.AsyncOpenAI(base_url=base_url, api_key=KEY, max_retries=0) as client:
            create = client.chat.completions.create
            await asyncio.gather(*(create(model=str(number % 6), messages=[]) for number in range(12)))

    with ScriptedServer(Judge(latency_s=0.3)) as server:
        asyncio.run(ask_often(server.base_url))
    assert [request.count for request in server.requests] == list(range(12))
    assert server.most_at_once == 12
    assert sum(request.earlier for request in server.requests) == 6


def test_a_script_that_fails_says_so_where_the_server_ends():
    with pytest.raises(ZeroDivisionError), ScriptedServer(lambda request: 1 // request.count) as server:
        with pytest.raises(openai.InternalServerError):
            ask(server.base_url)


def test_a_process_refuses_schemas_and_answers_in_prose():
    with scripted_process("--refuse-json-schema", "--scores", "1,2") as base_url:
        with pytest.raises(openai.BadRequestError):
            ask(base_url, response_format=JSON_SCHEMA)
        assert '"educational_value": 2}\n' in ask(base_url).choices[0].message.content
