"""Proves that the key is in no file, and that neither it nor words of a document are said."""

from base64 import b64encode

import pytest

from filtering.errors import SettingsError
from pipelines.labels.label_folder import RATINGS_FILE
from tests.kit.labels.annotating import KEY, annotate_process, config, read, write_sample
from tests.kit.scripted import server as scripted
from tests.kit.scripted.judge import document_of, judge
from tests.kit.scripted.server import ScriptedServer

pytestmark = pytest.mark.usefixtures("key")


def test_the_key_is_in_no_file_and_in_nothing_that_is_said(begin, sample, tmp_path):
    def script(request):
        if request.count % 5 == 1:
            sent = request.headers["authorization"]
            return scripted.bad_request(
                f"You sent {sent}, {sent[-9:]} or {b64encode(sent.encode()).decode()}"
            )
        if request.count % 5 == 2:
            return scripted.completion(f'{{"reason": "{KEY}", "educational_value": 2}}')
        return judge(request) if request.count < 60 else scripted.unauthorized(request)

    with ScriptedServer(script) as server:
        options = ("--price", "1/1", "--budget-usd", "1", "--json-log", "--canaries")
        process = annotate_process(begin, sample, tmp_path / "labels", server.base_url, *options)
        said = "".join(process.communicate(timeout=60))
        sent = server.requests[0].headers["authorization"]
    assert process.returncode == 1
    assert KEY in sent
    assert "401" in said
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert {"journal.sqlite", "ratings.parquet", "labels.parquet"} <= {path.name for path in files}
    secrets = (KEY, KEY[-9:], b64encode(KEY.encode()).decode()[:12], b64encode(sent.encode()).decode()[12:24])
    assert all(secret.encode() not in path.read_bytes() for secret in secrets for path in files)
    # Parquet is compressed: look at the values too.
    rows = repr([*read(tmp_path / "labels"), *read(tmp_path / "labels", RATINGS_FILE)])
    assert all(secret not in rows and secret not in said for secret in secrets)
    assert b"400 You sent Bearer [key], [key] or" in (tmp_path / "labels" / "journal.sqlite").read_bytes()


def test_no_words_of_a_document_are_said(begin, tmp_path):
    sample = write_sample(tmp_path / "s.parquet", 12, text=[f"Zanzibar quagga {n}" for n in range(12)])
    with ScriptedServer(lambda one: scripted.bad_request(f"bad: {document_of(one)}, Zanzibar")) as server:
        process = annotate_process(begin, sample, tmp_path / "labels", server.base_url)
        said = "".join(process.communicate(timeout=60))
    assert process.returncode == 1
    assert "refused in every form: 400 (its message quotes the document" in said
    assert "Zanzibar" not in said


def test_settings_that_hold_documents_do_not_show_them(tmp_path):
    with pytest.raises(SettingsError) as caught:
        config({"text": ["Zanzibar"]}, tmp_path)
    assert "Zanzibar" not in str(caught.value)
