"""Proves that a folder of texts is read as its kept texts alone, whoever reads it as a dump."""

import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest

from pipelines.dump.inputs import find_inputs
from pipelines.writing.text_folder import FAILED_FILE
from tests.kit.scripted.server import ScriptedServer
from tests.kit.scripted.writer import Writer
from tests.kit.writing.texts import failed, kept, write


@pytest.fixture(scope="module")
def texts(tmp_path_factory):
    """Return a folder with texts that are kept and texts that were thrown away."""
    out = tmp_path_factory.mktemp("written") / "stories"
    with pytest.MonkeyPatch.context() as patch, ScriptedServer(Writer({"short": 0.3})) as server:
        patch.setenv("OPENAI_API_KEY", "sk-none")
        write(out, server.base_url)
    assert failed(out)
    return out


@pytest.mark.parametrize("below", ["", "..", "**/*.parquet"])
def test_a_folder_of_texts_is_read_as_its_kept_texts(texts, tmp_path, below):
    found = find_inputs([f"{texts}/{below}".rstrip("/")], str(tmp_path / "out"))
    assert [one.path for one in found] == [str(texts / "data" / "story.parquet")]
    assert pq.read_table(found[0].path).num_rows == len(kept(texts))


def test_libraries_that_read_folders_find_no_text_that_was_thrown_away(texts):
    assert ds.dataset(texts / "data").count_rows() == len(kept(texts))
    assert all(FAILED_FILE not in one for one in ds.dataset(texts, exclude_invalid_files=True).files)


def test_texts_that_were_thrown_away_are_read_where_they_are_named(texts, tmp_path):
    [found] = find_inputs([str(texts / FAILED_FILE)], str(tmp_path / "out"))
    assert pq.read_table(found.path).num_rows == len(failed(texts))


def test_texts_are_rewritten_and_compared_with_as_far_as_they_are_kept(texts, tmp_path):
    with pytest.MonkeyPatch.context() as patch, ScriptedServer(Writer()) as server:
        patch.setenv("OPENAI_API_KEY", "sk-none")
        with pytest.raises(ValueError, match=f"must be at most {len(kept(texts))}, the number of documents"):
            write(tmp_path / "lessons", server.base_url, "rewrite", inputs=[str(texts)], n=20)
        result = write(tmp_path / "more", server.base_url, against=[str(texts)])
    assert result.faults == {"near-duplicate of --against": len(kept(texts))}


@pytest.mark.parametrize("verb", ["status", "verify", "report"])
def test_who_takes_a_folder_of_texts_for_a_run_is_told_what_it_is(texts, command, verb):
    done = command(verb, texts)
    assert done.code == 2
    assert "must hold a run. It is a folder of texts, whose page is report.html: the same" in done.err
