"""Proves that a run says which tasks cannot be told, as the worker found that made the index."""

import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from filtering.errors import OutputError
from pipelines.run_folder.folder import RunFolder
from pipelines.run_folder.leak_files import read_untold
from pipelines.run_folder.leaked_items import write_items
from tests.kit.dumps.small import make_texts

PASSAGE = (
    "The lighthouse of the northern cape was built by two brothers who had never seen the sea before, and "
    "its lamp was carried up the stairs in a basket of willow."
)
QUESTION = (
    "A gardener plants 24 bulbs in rows of 6 beside the old wall, and a mole eats 3 bulbs of every row. "
    "How many bulbs does the gardener still have when spring comes?"
)
TASKS = [
    {"id": "bare", "context": PASSAGE, "question": "Who built it?", "answer": "brothers"},
    {"id": "null", "context": PASSAGE, "question": None, "answer": "brothers"},
    {"id": "garden", "question": QUESTION, "answer": "twelve bulbs"},
]
STATUSES = {"bare": ("cannot be told", 0), "null": ("cannot be told", 0), "garden": ("contaminated", 1)}


@pytest.fixture
def done(tmp_path, command):
    """Return the folder of a run that looked for `TASKS`, and what it said."""
    texts = [f"{QUESTION} Twelve bulbs.", f"{PASSAGE} More of it.", *make_texts(9)]
    pq.write_table(pa.table({"text": texts}), tmp_path / "a.parquet")
    (tmp_path / "Bare.jsonl").write_text("\n".join(map(json.dumps, TASKS)))
    words = (tmp_path / "a.parquet", "--against", tmp_path / "Bare.jsonl", "--out", tmp_path / "out")
    return RunFolder(str(tmp_path / "out")), command("decontaminate", *words)


def statuses(folder):
    items = pq.read_table(folder.run / "contaminated_items.parquet").to_pylist()
    return {one["task"]: (one["status"], one["documents"]) for one in items}


def test_what_cannot_be_told_is_so_whatever_the_dump_holds_of_its_passage(done):
    folder, said = done
    assert "  2 of 3 tasks could not be looked for: their questions are empty," in said.out, said.said
    assert statuses(folder) == STATUSES
    digest = folder.read_plan().facts.leaks_sha256
    assert read_untold(folder, digest) == {("Bare", "bare"), ("Bare", "null")}


@pytest.mark.parametrize("of_another", [False, True])
def test_what_no_worker_of_this_search_said_is_found_anew(done, of_another):
    folder, _ = done
    path, plan = folder.run / "untold.json", folder.read_plan()
    path.unlink()
    if of_another:
        folder.write_json(path, {"search_sha256": "0f", "untold": [["Bare", "garden"]]})
    assert read_untold(folder, plan.facts.leaks_sha256) is None
    (folder.run / "contaminated_items.parquet").unlink()
    write_items(folder, plan)
    assert statuses(folder) == STATUSES


def test_a_file_of_such_tasks_that_no_run_wrote_is_refused(done):
    folder, _ = done
    (folder.run / "untold.json").write_text("[7]")
    with pytest.raises(OutputError, match=r"untold\.json"):
        read_untold(folder, folder.read_plan().facts.leaks_sha256)
