"""Proves that what is in a folder of texts stays there, whatever a later call asks for."""

import pytest

from filtering.errors import OutputError
from pipelines import estimate_writing
from tests.kit.scripted.server import ScriptedServer
from tests.kit.scripted.writer import Writer
from tests.kit.writing.texts import kept, write, write_config


def test_a_bound_of_words_that_is_added_later_asks_nothing_anew(tmp_path, own):
    with ScriptedServer(Writer()) as server:
        write(tmp_path / "out", server.base_url, own)
        own.write_text(own.read_text().replace("min_words = 40", "min_words = 40\nmax_words = 150"))
        shorter = write(tmp_path / "out", server.base_url, own)
        assert server.count == 20
        assert shorter.faults.keys() == {"too long"}
        own.write_text(own.read_text().replace("max_words = 150", "max_words = 600"))
        write(tmp_path / "other", server.base_url, own, n=1)  # which has what the recipe says
        assert server.requests[-1].body["max_completion_tokens"] == 2400
        with pytest.raises(OutputError, match="another --temperature or --max-reply-tokens"):
            write(tmp_path / "out", server.base_url, own, max_reply_tokens=900)


@pytest.mark.parametrize("more", [{}, {"until_fresh": True}])
def test_a_smaller_number_takes_no_text_away(tmp_path, own, more):
    with ScriptedServer(Writer({"the same": 0.3})) as server:
        write(tmp_path / "out", server.base_url, own, n=15)
        before, asked = kept(tmp_path / "out", "mine"), server.count
        result = write(tmp_path / "out", server.base_url, own, n=3, **more)
        assert server.count == asked
    assert kept(tmp_path / "out", "mine") == before
    assert (result.wanted, result.exit_code) == (3, 0)


def test_texts_in_place_of_near_duplicates_stay_without_the_option(tmp_path, own):
    with ScriptedServer(Writer({"the same": 0.4})) as server:
        fresh = write(tmp_path / "out", server.base_url, own, n=10, until_fresh=True)
        before = kept(tmp_path / "out", "mine")
        write(tmp_path / "out", server.base_url, own, n=10)
        again = write(tmp_path / "out", server.base_url, own, n=10, until_fresh=True)
        assert server.count == fresh.asked == again.asked
    assert kept(tmp_path / "out", "mine") == before


def test_a_folder_takes_no_other_recipe_that_asks_the_same(tmp_path):
    with ScriptedServer(Writer()) as server:
        write(tmp_path / "out", server.base_url, "story_instructions", n=2)
        before = kept(tmp_path / "out", "story_instructions")
        with pytest.raises(OutputError, match="another recipe: 'story_instructions'"):
            write(tmp_path / "out", server.base_url, "story", n=2)
        with pytest.raises(OutputError, match="another recipe: 'story_instructions'"):
            estimate_writing(write_config(tmp_path / "out", server.base_url, "story", n=2))
    assert kept(tmp_path / "out", "story_instructions") == before


def test_the_folder_of_another_verb_is_refused_and_named(tmp_path, command, own):
    (tmp_path / "texts.jsonl").write_text('{"prompt": "One day", "completion": "it rained.", "model": "a"}\n')
    with ScriptedServer(Writer()) as server:
        asked = ("--model", "m", "--base-url", server.base_url, "--out")
        assert command("grade", tmp_path / "texts.jsonl", *asked, tmp_path / "grades").code == 0
        assert command("write", own, "--n", 2, *asked, tmp_path / "texts").code == 0
        count = server.count
        for more in ((), ("--dry-run",)):
            done = command("write", own, "--n", 2, *asked, tmp_path / "grades", *more)
            assert done.code in (1, 2)
            assert "Texts must go to a new or empty folder, or to one of texts." in done.err
        done = command("grade", tmp_path / "texts.jsonl", *asked, tmp_path / "texts")
        assert "Grades must go to a new or empty folder, or to one of grades." in done.err
        done = command("annotate", tmp_path / "texts" / "data" / "mine.parquet", *asked, tmp_path / "texts")
        assert "Labels must go to a new or empty folder, or to one of labels." in done.err
        assert server.count == count


def test_near_duplicates_of_other_files_are_asked_for_again_too(tmp_path, own):
    with ScriptedServer(Writer()) as server:
        write(tmp_path / "one", server.base_url, own, n=8)
        others = [str(tmp_path / "one" / "data")]
        result = write(tmp_path / "two", server.base_url, own, n=8, against=others, until_fresh=True)
    assert (result.kept, result.more_draws) == (8, 8)
    assert dict(result.faults) == {"near-duplicate of --against": 8}
