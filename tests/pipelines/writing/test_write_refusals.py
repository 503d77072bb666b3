"""Proves that what cannot be written is refused before anything is asked, and says what to do."""

import sys

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from filtering.errors import EdufilterError, MissingExtraError, SettingsError
from filtering.text import human_languages
from tests.kit.scripted.server import ScriptedServer
from tests.kit.scripted.writer import Writer
from tests.kit.writing.texts import write


def test_more_texts_than_combinations_are_refused_with_the_most_that_can_be_had(tmp_path, own):
    with ScriptedServer(Writer()) as server:
        with pytest.raises(
            SettingsError, match=r"'n' \(--n\) must be at most 20, the number of different combinations"
        ):
            write(tmp_path / "out", server.base_url, own, n=21)
        assert server.count == 0
        own.write_text(f"per_draw = 2\n{own.read_text()}")
        assert write(tmp_path / "out", server.base_url, own, n=21).asked == 21


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["storie"], "A recipe must be one of exercise, rewrite, story,"),
        (
            ["story", "--from", "dump"],
            "--from must come with a recipe that takes documents, such as rewrite.",
        ),
        (["rewrite"], "The recipe 'rewrite' takes documents, to be named with --from. Got none."),
        (["rewrite", "--from", "nowhere"], "nowhere"),
        (["story", "--topics", "5"], "--topics must come with a recipe that has topics. 'story' has none."),
        (["story", "--run-code"], "--run-code must come with a recipe of exercises"),
        (["story", "--keep-grade", "3"], "--keep-grade must come with --grade MODEL. Got none."),
        (["story", "--grade-rubric", "web"], "--grade-rubric must come with --grade MODEL. Got none."),
        (["story", "--grade", "m", "--grade-rubric", "wbe"], "Did you mean 'web'?"),
        (["story", "--keep-at", "7"], "--keep-at must be points from 0 to 5. Got 7"),
        (["story", "--n", "0"], "--n"),
        (["story", "--scorer", "wbe"], "wbe"),
        (["story", "--against", "nowhere"], "nowhere"),
        (["story", "--decontaminate", "nowhere.jsonl"], "nowhere.jsonl"),
        (["story", "--budget-usd", "5"], "A budget needs the price of each model. Got none for 'scripted'"),
        (["story", "--budget-usd", "5", "--price", "scripted=1/1", "--grade", "j"], "Got none for 'j'"),
        (
            ["story", "--budget-usd", "5", "--price", "scripted=1/1", "--grade", "j"],
            "Give it with --price j=INPUT/OUTPUT",
        ),
        (
            ["story", "--budget-usd", "5", "--price", "scrpted=1/1"],
            "Got none for 'scripted', and one for 'scrpted', which is not asked.",
        ),
        (["story", "--text-column", "body"], "--text-column must come with --from"),
        (["story", "--group-column", "site"], "--group-column must come with --from"),
        (["story", "--fields", "prompt=q"], "--fields must come with --decontaminate. Got none."),
        (["story", "--price", "cheap"], "--price must be [MODEL=]INPUT/OUTPUT"),
        (
            ["story", "--against", "out/data", "--out", "out"],
            "--against must not lie in the folder of --out.",
        ),
        (["story", "--out", "s3://a/b"], "--out must be a folder on this machine"),
        (["textbook", "--topics", "2", "--n", "900"], "Ask for fewer, or have more --topics listed."),
        (["textbook", "--topics", "2", "--n", "900"], "--n must be at most 800"),
    ],
)
def test_a_wrong_setting_is_refused_before_anything_is_asked(tmp_path, command, monkeypatch, arguments, told):
    monkeypatch.chdir(tmp_path)
    with ScriptedServer(Writer()) as server:
        out = [] if "--out" in arguments else ["--out", tmp_path / "out"]
        done = command("write", *arguments, "--model", "scripted", "--base-url", server.base_url, *out)
        assert (done.code, server.count) == (2, 0)
    assert told in done.err
    assert "Traceback" not in done.said


def test_documents_that_are_named_wrongly_leave_no_folder(tmp_path):
    (tmp_path / "notes.txt").write_text("no Parquet")
    pq.write_table(pa.table({"text": ["One."]}), tmp_path / "a.parquet")
    for inputs, more in (("notes.txt", {}), ("a.parquet", {"text_column": "body"})):
        with pytest.raises(EdufilterError):
            write(tmp_path / "out", "http://a/v1", "rewrite", inputs=[str(tmp_path / inputs)], n=1, **more)
        assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(("library", "extra"), [("rensa", "annotate"), ("fasttext", "report")])
def test_a_library_that_is_not_there_is_told_before_anything_is_asked(tmp_path, monkeypatch, library, extra):
    monkeypatch.setitem(sys.modules, library, None)
    human_languages._detector.cache_clear()
    with ScriptedServer(Writer()) as server, pytest.raises(MissingExtraError, match=extra):
        write(tmp_path / "out", server.base_url)
    human_languages._detector.cache_clear()
    assert server.count == 0


def test_no_text_of_a_reply_enters_what_the_command_prints(tmp_path, command):
    with ScriptedServer(Writer({"refusal in words": 0.3, "short": 0.3})) as server:
        done = command(
            *("write", "story", "--model", "scripted", "--base-url", server.base_url, "--n", 20),
            *("--out", tmp_path / "out"),
        )
    assert done.code == 0, done.said
    assert "texts of 20" in done.out
    assert "refusal" in done.out
    for said in ("They often said", "A hen ran", "sorry", "sk-"):
        assert said not in done.said
