"""Proves when a model is fetched from the hub, and as whom; and that no answer of the hub is a traceback."""

import json
import threading
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from filtering.embedding.embedders import digest_of, locate
from filtering.embedding.sentence_transformer import SentenceTransformerEmbedder
from filtering.embedding.settings import EmbedderSettings, Placement
from filtering.errors import SettingsError
from tests.kit.scorers.fitted import run_python
from tests.kit.scorers.tiny_models import make_tiny_model

COMMIT = "0123456789abcdef0123456789abcdef01234567"
OF_SCORER = EmbedderSettings(name="some/model", digest="0" * 64)
ALLOWED = Placement(allow_download=True)


@pytest.fixture
def hub(tmp_path, monkeypatch):
    """Return the local copy of a hub that cannot be reached, empty as yet."""
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    return tmp_path / "hub"


def fetched(hub, name, **options):
    """Make a tiny model where the hub's library keeps what it downloaded."""
    kept = hub / f"models--{name.replace('/', '--')}"
    (kept / "refs").mkdir(parents=True)
    (kept / "refs" / "main").write_text(COMMIT)
    (kept / "snapshots").mkdir()
    return make_tiny_model(kept / "snapshots" / COMMIT, **options)


@pytest.mark.parametrize("name", ["nobody/there-is-none", "no-such-folder", "/no/such/folder", "two words"])
def test_a_name_that_is_neither_a_folder_nor_on_the_hub_is_an_error_that_names_it(hub, name):
    with pytest.raises(SettingsError, match=f"{name!r} is no folder here"):
        locate(EmbedderSettings(name=name), Placement())


def test_a_hub_that_does_not_answer_is_an_error_that_names_the_model(tmp_path):
    code = """
from filtering.embedding.embedders import EmbedderSettings, Placement, locate
from filtering.errors import SettingsError
try:
    locate(EmbedderSettings(name="nobody/there-is-none"), Placement())
except SettingsError as error:
    print(error)
"""
    nobody = {"HF_ENDPOINT": "http://127.0.0.1:9", "HF_HUB_OFFLINE": "0", "HF_HOME": str(tmp_path)}
    assert "'nobody/there-is-none' is no folder here" in run_python(code, **nobody).stdout


def test_a_model_of_the_hub_is_found_with_its_commit(hub):
    folder = fetched(hub, "some/model")
    for revision in (None, "main", COMMIT):
        settings = EmbedderSettings(name="some/model", revision=revision)
        assert locate(settings, Placement()) == (folder, COMMIT)
    with pytest.raises(SettingsError, match="some/model"):
        locate(replace(settings, revision=COMMIT[::-1]), Placement())


def test_a_fetched_model_may_lie_in_the_store_beside_it_and_nowhere_else(hub):
    folder = fetched(hub, "some/model")
    blobs = folder.parents[1] / "blobs"
    blobs.mkdir()
    weights = folder / "model.safetensors"
    weights.rename(blobs / "0123")
    weights.symlink_to("../../blobs/0123")
    assert locate(EmbedderSettings("some/model"), Placement()) == (folder, COMMIT)
    (blobs / "0123").rename(hub / "elsewhere")
    (blobs / "0123").symlink_to(hub / "elsewhere")
    with pytest.raises(SettingsError, match="link that leads out"):
        locate(EmbedderSettings("some/model"), Placement())


def test_code_from_the_hub_must_be_pinned_to_a_commit(hub):
    folder = fetched(hub, "some/model", brings_code=True)
    agreed = Placement(trust_remote_code=True)
    settings = EmbedderSettings(name="some/model")
    for revision in (None, "main"):
        with pytest.raises(SettingsError, match=rf"full commit of 40 digits.*{revision!r} instead.*{COMMIT}"):
            locate(replace(settings, revision=revision), agreed)
    assert locate(replace(settings, revision=COMMIT), agreed) == (folder, COMMIT)


class Answering(BaseHTTPRequestHandler):
    """Gives one answer to all, and notes what it was asked and by whom."""

    def do_GET(self):
        self.server.asked.append((self.path, self.headers.get("Authorization")))
        status, headers, body = self.server.answer
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(b"" if self.command == "HEAD" else body)

    do_HEAD = do_POST = do_GET

    def log_message(self, *_):
        pass


@pytest.fixture
def online(hub, monkeypatch):
    """Return a hub that can be reached, and that the user has a token for."""
    from huggingface_hub import constants

    with ThreadingHTTPServer(("127.0.0.1", 0), Answering) as server:
        server.asked, server.answer = [], (404, {"X-Error-Code": "RepoNotFound"}, b"{}")
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
        monkeypatch.setattr(constants, "HF_HUB_DISABLE_IMPLICIT_TOKEN", False)
        monkeypatch.setattr(constants, "ENDPOINT", f"http://127.0.0.1:{server.server_port}")
        monkeypatch.setenv("HF_TOKEN", "hf_of_the_user")
        yield server
        server.shutdown()
        thread.join()


def test_what_a_scorer_names_is_told_and_not_fetched_unless_the_user_allows_it(online):
    with pytest.raises(SettingsError, match=r"'some/model'.* from the hub at 'abc'.*--allow-download"):
        locate(replace(OF_SCORER, revision="abc"), Placement())
    assert online.asked == []
    with pytest.raises(SettingsError, match="fetching it failed"):
        locate(OF_SCORER, ALLOWED)
    assert {who for _, who in online.asked} == {None}  # and never as the user


def test_what_the_user_names_is_fetched_as_the_user(online):
    with pytest.raises(SettingsError, match="fetching it failed"):
        locate(replace(OF_SCORER, digest=""), Placement())
    assert {who for _, who in online.asked} == {"Bearer hf_of_the_user"}


def test_what_a_scorer_names_is_taken_from_this_machine_unasked(hub, online):
    folder = fetched(hub, "some/model")
    settings = replace(OF_SCORER, revision=COMMIT, digest=digest_of(folder), max_tokens=32)
    for placement in (Placement("cpu", threads=1), replace(ALLOWED, device="cpu", threads=1)):
        SentenceTransformerEmbedder(settings, placement)
    assert online.asked == []


def info(**changed):
    return json.dumps({"id": "some/model", "sha": COMMIT, "siblings": [], **changed}).encode()


ODD = {
    "nothing": (200, {}, b""),
    "a page": (200, {"Content-Type": "text/html"}, b"<html>"),
    "half of it": (200, {"Content-Length": "1000"}, b'{"id": '),
    "a list": (200, {}, b"[]"),
    "null": (200, {}, b"null"),
    "no fields": (200, {}, b"{}"),
    "no commit": (200, {}, info(sha=None)),
    "a commit that is a path": (200, {}, info(sha="../../../../x", siblings=[{"rfilename": "a.json"}])),
    "files that are none": (200, {}, info(siblings=[1])),
    "a file that leads out": (200, {}, info(siblings=[{"rfilename": "../../../../x.json"}])),
    "deep nesting": (200, {}, b"[" * 200_000),
    "no UTF-8": (200, {}, b"\xff\xfe{}"),
    "a redirect in a circle": (302, {"Location": "/"}, b""),
    "a redirect to nowhere": (302, {"Location": "http://127.0.0.1:9/"}, b""),
    "a redirect to a file": (302, {"Location": "file:///etc/passwd"}, b""),
    "no permission": (403, {}, b"{}"),
    "a gate": (403, {"X-Error-Code": "GatedRepo"}, b"{}"),
    "a wrong encoding": (200, {"Content-Encoding": "gzip"}, b"no gzip"),
}


@pytest.mark.parametrize("answer", ODD.values(), ids=ODD)
def test_an_odd_answer_of_the_hub_is_an_error_that_names_the_model(online, tmp_path, answer):
    online.answer = answer
    before = set(tmp_path.parent.iterdir())
    with pytest.raises(SettingsError, match="'some/model'"):
        locate(OF_SCORER, ALLOWED)
    assert online.asked
    assert set(tmp_path.parent.iterdir()) == before
    assert not list(tmp_path.rglob("x*"))
