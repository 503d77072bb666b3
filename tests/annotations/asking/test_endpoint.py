"""Proves that a wrong address or proxy gets one clear line, and that neither shows a secret."""

import pytest

from annotations.asking.annotator import Unanswered
from annotations.asking.chat_api import ChatAnnotator
from annotations.asking.prompt import RubricForm
from annotations.asking.rubric import load_rubric
from annotations.asking.settings import Rater
from filtering.errors import EndpointError
from tests.kit.scripted import server as scripted
from tests.kit.scripted.replies import replies_of
from tests.kit.scripted.server import ScriptedServer, labelled, with_body

KEY = "sk-sentinel-0123456789"
WEB = RubricForm(load_rubric("web"))
HOST = "http://127.0.0.1:1/v1"
"""Where nobody is."""
PROXIES = [f"{kind}_proxy" for kind in ("http", "https", "all", "no")]


@pytest.fixture(autouse=True)
def environment(monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    for name in PROXIES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


def ask(url):
    """Return what one attempt at an address came to."""
    annotator = ChatAnnotator(WEB, Rater("scripted", None, 200), base_url=url, timeout_s=5.0)
    return replies_of(annotator, "Water runs down hill.")[0]


def proxy_to(server, login=""):
    return f"http://{login}{server.base_url.removeprefix('http://').removesuffix('/v1')}"


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("https://host/v1/chat/completions", "must end before /chat/completions"),
        ("https://host/v1/chat/completions/", "must end before /chat/completions"),
        (" https://host/v1", "must have no blanks"),
        ("https://host/v1\n", "must have no blanks"),
        ("https://ho st/v1", "must have no blanks"),
        ("https://host\u2066/v1", "must have no blanks or control characters"),
        ("https://host:99999/v1", "a port from 1 to 65535"),
        ("https://host:0/v1", "a port from 1 to 65535"),
        ("https://host:-1/v1", "a port from 1 to 65535"),
        ("https://host:port/v1", "a port from 1 to 65535"),
        ("https://[::1/v1", "must be like https://host/v1"),
        ("https:///v1", "must be like https://host/v1"),
        ("https://ho\\st/v1", "must be like https://host/v1"),
        ("host:8000", "must be like https://host/v1"),
        ("https://host/v1#part", "a query or a fragment"),
    ],
)
def test_an_address_that_cannot_be_gets_one_clear_line(url, words):
    with pytest.raises(EndpointError) as caught:
        ask(url)
    assert words in str(caught.value)
    assert "--base-url" in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("host", ["127.0.0.1:1", "[::1]:1", "a..b", f"{'a' * 70}.example"])
def test_an_address_where_nobody_is_fails_at_once(host):
    with pytest.raises(EndpointError, match="Nobody does"):
        ask(f"http://{host}/v1")


def test_a_slash_at_the_end_changes_nothing():
    with ScriptedServer(lambda _: labelled(3)) as server:
        assert ask(f"{server.base_url}/").status == "ok"
        assert server.requests[0].path == "/v1/chat/completions"


@pytest.mark.parametrize("name", ["http_proxy", "all_proxy"])
def test_a_proxy_of_the_environment_is_used(monkeypatch, name):
    with ScriptedServer(lambda _: labelled(3)) as server:
        monkeypatch.setenv(name, proxy_to(server).removeprefix("http://"))
        assert ask(HOST).status == "ok"
        assert server.requests[0].path == f"{HOST}/chat/completions"
        monkeypatch.setenv("no_proxy", "127.0.0.1")
        with pytest.raises(EndpointError) as caught:
            ask(HOST)
    assert "proxy" not in str(caught.value)


@pytest.mark.parametrize(
    ("answer", "kind", "words"),
    [
        (with_body(407, b"<html>", "text/html"), EndpointError, "The proxy must let questions through. It "),
        (with_body(502, b"<html>", "text/html"), Unanswered, "502 a page of HTML"),
        (scripted.not_json(), Unanswered, "a page of HTML"),
        (scripted.cut_before_any_byte(), Unanswered, "the connection to http://127.0.0.1:1/v1 through"),
    ],
)
def test_a_proxy_that_fails_is_named_without_its_password(monkeypatch, answer, kind, words):
    with ScriptedServer(lambda _: answer) as server:
        monkeypatch.setenv("http_proxy", proxy_to(server, "me:secretword@"))
        with pytest.raises(kind) as caught:
            ask(HOST)
        named = f"through the proxy {proxy_to(server)} (from http_proxy)"
    assert words in str(caught.value)
    assert named in str(caught.value)
    assert "secretword" not in str(caught.value)


def test_a_proxy_that_makes_no_tunnel_is_named(monkeypatch):
    with ScriptedServer(lambda _: labelled(3)) as server:
        monkeypatch.setenv("https_proxy", proxy_to(server))
        with pytest.raises(EndpointError, match="the proxy answered 404"):
            ask("https://127.0.0.1:1/v1")
        assert server.count == 0


def test_a_proxy_that_is_not_there_is_named(monkeypatch):
    monkeypatch.setenv("http_proxy", "http://me:secretword@127.0.0.1:1")
    with pytest.raises(EndpointError, match=r"through the proxy http://127\.0\.0\.1:1 \(from http_proxy\)"):
        ask(HOST)


@pytest.mark.parametrize("proxy", ["socks5://host:1", "http://host:99999", "::::", "http://secret word:1"])
def test_a_proxy_that_cannot_be_gets_one_clear_line(monkeypatch, proxy):
    monkeypatch.setenv("http_proxy", proxy)
    with pytest.raises(EndpointError, match=r"The proxy in the environment \(http_proxy\) must be like"):
        ask(HOST)


def test_an_organisation_and_a_project_of_the_environment_are_sent(monkeypatch):
    monkeypatch.setenv("OPENAI_ORG_ID", "org-1")
    monkeypatch.setenv("OPENAI_PROJECT_ID", "proj-2")
    with ScriptedServer(lambda _: labelled(3)) as server:
        ask(server.base_url)
        headers = server.requests[0].headers
    assert (headers["openai-organization"], headers["openai-project"]) == ("org-1", "proj-2")
    monkeypatch.setenv("OPENAI_ORG_ID", "org\n1")
    with pytest.raises(EndpointError, match="The value in OPENAI_ORG_ID must be printable"):
        ask(HOST)
