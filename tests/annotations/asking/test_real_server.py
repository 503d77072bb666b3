"""Proves that a real server takes what we send, and that the rubbish which it answers gives no label."""

import pytest

from annotations.asking.chat_api import ChatAnnotator
from annotations.asking.prompt import RubricForm
from annotations.asking.rubric import load_rubric
from annotations.asking.settings import Rater
from annotations.writing.draws import SlotDraws
from annotations.writing.forms import TextForm
from annotations.writing.recipe import load_recipe
from tests.kit.late import Late
from tests.kit.scripted.replies import replies_of
from tests.kit.scripted.transformers_server import make_chat_model, serve_model

openai = Late("openai")

KEY = "sk-not-to-be-told"
WINDOW = "Water runs down hill, and so the river flows towards the sea."
SCALE = {"type": "integer", "enum": [0, 1, 2, 3]}
SCHEMA = {"type": "object", "properties": {"reason": {"type": "string"}, "educational_value": SCALE}}
JSON_SCHEMA = {"type": "json_schema", "json_schema": {"name": "labels", "strict": True, "schema": SCHEMA}}


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    """Serve a tiny model once: that takes ten seconds."""
    with serve_model(make_chat_model(tmp_path_factory.mktemp("model"))) as served:
        yield served


def test_it_answers_to_parts_of_content(served):
    content = [{"type": "text", "text": "Text:"}, {"type": "text", "text": WINDOW}]
    messages = [{"role": "system", "content": "Judge the text."}, {"role": "user", "content": content}]
    with openai.OpenAI(base_url=served.base_url, api_key=KEY, max_retries=0) as client:
        reply = client.chat.completions.create(
            model=served.model, messages=messages, max_completion_tokens=40, temperature=0,
            response_format=JSON_SCHEMA,
        )  # fmt: skip
    assert reply.choices[0].finish_reason == "length"
    assert reply.usage.completion_tokens == 40


def ask(form, served, windows):
    """Return the replies to some questions."""
    annotator = ChatAnnotator(form, Rater(served.model, None, 20), base_url=served.base_url)
    return replies_of(annotator, *windows)


@pytest.fixture
def key(monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)


@pytest.mark.usefixtures("key")
def test_one_that_ignores_the_form_and_answers_rubbish_gives_no_label(served):
    for reply in ask(RubricForm(load_rubric("web")), served, (WINDOW, "Buy now!")):
        assert reply.status in ("unparseable", "too_long")
        assert not reply.scores
        assert reply.structured_by == "json_schema"
        assert reply.tokens_in > 0


@pytest.mark.usefixtures("key")
def test_what_it_writes_is_kept_as_it_came_and_counts_as_no_text(served):
    form = TextForm(load_recipe("story"))
    [draw] = SlotDraws(form.recipe, 0).between(0, 1)
    [reply] = ask(form, served, [draw.request])
    assert reply.status in ("unparseable", "too_long")
    assert reply.structured_by == "one_string"
    assert reply.raw
    assert reply.tokens_out > 0
