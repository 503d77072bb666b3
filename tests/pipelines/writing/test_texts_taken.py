"""Proves that other commands take the texts as they are."""

import pyarrow.parquet as pq
import pytest

from tests.kit.scripted.server import ScriptedServer
from tests.kit.scripted.writer import Writer
from tests.kit.writing.texts import kept, write


@pytest.fixture
def texts(tmp_path):
    """Return the folder of the texts of some stories."""
    with ScriptedServer(Writer()) as server:
        write(tmp_path / "out", server.base_url, n=30)
    return tmp_path / "out" / "data"


def test_filter_recut_and_filter_again_take_texts_and_keep_their_scores(texts, tmp_path, command):
    scores = [row["edu_score"] for row in kept(texts.parent)]
    cut = sorted(scores)[10]
    fast = ("--scorer", "web", "--effort", "fast", "--no-report", "--keep-at")
    done = command("filter", texts, *fast, cut, "--out", tmp_path / "a")
    assert done.code == 0, done.said
    assert "Scores go to 'edu2_score'." in done.err
    rows = pq.read_table(tmp_path / "a" / "data").to_pylist()
    assert [row["edu_score"] for row in rows] == [score for score in scores if score >= cut]
    assert all(row["edu2_score"] == row["edu_score"] for row in rows)
    assert command("filter", texts, *fast, cut, "--out", tmp_path / "a").code == 0  # which goes on
    done = command("recut", tmp_path / "a", "--keep-fraction", 0.5, "--no-report", "--to", tmp_path / "b")
    assert done.code == 0, done.said
    assert len(pq.read_table(tmp_path / "b" / "data")) == 15
    done = command("filter", tmp_path / "b" / "data", *fast, 0, "--out", tmp_path / "c")
    assert done.code == 0, done.said
    assert "edu3_score" in pq.read_table(tmp_path / "c" / "data").column_names


def test_decontaminate_and_sample_take_texts(texts, tmp_path, command):
    (tmp_path / "tasks.jsonl").write_text(
        '{"task_id": "T/0", "prompt": "Add two numbers that somebody gives you."}\n'
    )
    done = command(
        *(
            "decontaminate",
            texts,
            "--against",
            tmp_path / "tasks.jsonl",
            "--fields",
            "id=task_id,prompt=prompt",
        ),
        *("--no-report", "--out", tmp_path / "clean"),
    )
    assert done.code == 0, done.said
    done = command("sample", texts, "--n", 10, "--out", tmp_path / "sample.parquet")
    assert done.code == 0, done.said
    groups = {row["noun"] for row in kept(texts.parent)}
    assert set(pq.read_table(tmp_path / "sample.parquet")["group"].to_pylist()) <= groups
