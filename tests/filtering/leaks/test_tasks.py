"""Proves that benchmarks are read in the layouts that people have, and that broken ones are refused."""

import gzip
import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from filtering.errors import BadFileError, SettingsError
from filtering.leaks import Fields, Task, read_benchmark

HUMAN_EVAL = {
    "task_id": "Made/0",
    "prompt": 'def twice(number: int) -> int:\n    """Return twice a number."""\n',
    "canonical_solution": "    return 2 * number\n",
    "test": "assert twice(2) == 4",
    "entry_point": "twice",
}
MBPP = {
    "task_id": 7,
    "text": "Write a function to double a number.",
    "code": "import math\ndef helper(a):\n  return a\ndef twice (number):\n  return 2 * helper(number)",
    "test_list": ["assert twice(2) == 4", "assert twice(0) == 0"],
    "challenge_test_list": [],
}


def write(path, *records):
    path.write_text("\n".join(json.dumps(record) for record in records) + "\n\n")
    return path


def test_the_layout_of_humaneval_is_told_by_its_fields(tmp_path):
    path = write(tmp_path / "made.jsonl", HUMAN_EVAL)
    wanted = Task("Made/0", "made", *(HUMAN_EVAL[key] for key in list(HUMAN_EVAL)[1:]))
    assert read_benchmark(path) == (wanted,)
    zipped = tmp_path / "made.jsonl.gz"
    zipped.write_bytes(gzip.compress(path.read_bytes()))
    assert read_benchmark(zipped) == (wanted,)
    pq.write_table(pa.Table.from_pylist([HUMAN_EVAL]), tmp_path / "made.parquet")
    assert read_benchmark(str(tmp_path / "made.parquet")) == (wanted,)


@pytest.mark.parametrize("field", ["text", "prompt"])
def test_both_layouts_of_mbpp_are_told_by_their_fields(tmp_path, field):
    record = {field if key == "text" else key: value for key, value in MBPP.items()}
    (task,) = read_benchmark(write(tmp_path / "mbpp.jsonl", record))
    assert (task.id, task.prompt, task.solution) == ("7", MBPP["text"], MBPP["code"])
    assert task.test == "assert twice(2) == 4\nassert twice(0) == 0"
    assert task.entry_point == "twice"


def test_fields_can_be_named(tmp_path):
    path = write(tmp_path / "own.jsonl", {"key": "a", "question": "What is it?", "answer": None, "more": [1]})
    (task,) = read_benchmark(path, Fields(id="key", prompt="question", solution="answer"))
    assert task == Task("a", "own", "What is it?", "")


@pytest.mark.parametrize(
    ("records", "fields", "message"),
    [
        ([], None, "must have at least one task"),
        ([{"question": "?"}], None, r"known layout .*has question"),
        ([[1]], None, "has none"),
        ([HUMAN_EVAL, {"task_id": "b"}], None, r"must have the field 'prompt'.*task 2 lacks it"),
        ([HUMAN_EVAL, "x"], None, r"must be a JSON object. Got str instead .*task 2"),
        ([{"task_id": 1, "prompt": {}}], Fields(), r"'prompt' must be text.*Got dict instead"),
        ([{"task_id": True, "prompt": ""}], Fields(), r"'task_id' must be text"),
        ([{"task_id": 1, "prompt": [1]}], Fields(), r"'prompt' must be text"),
        ([HUMAN_EVAL, HUMAN_EVAL], None, r"id of its own. Task 2 of .* that of another"),
        ([{"task_id": None, "prompt": "a"}], Fields(), r"id of its own. Task 1 of .* has none"),
    ],
)
def test_wrong_tasks_are_refused(tmp_path, records, fields, message):
    with pytest.raises(SettingsError, match=message):
        read_benchmark(write(tmp_path / "made.jsonl", *records), fields)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.jsonl", b'{"task_id": 1}\n{"task_id": secret\n', r"line 2: Expecting value"),
        ("a.jsonl", b"\xff\xfe{}\n", r"line 1"),
        ("a.jsonl", b"[" * 100_000, r"line 1: RecursionError"),
        ("a.jsonl.gz", b"not gzip", "can be read"),
        ("a.jsonl.gz", gzip.compress(b"{}" * 99, mtime=0)[:-9], "can be read"),
        ("a.parquet", b"PAR1", "can be read"),
    ],
)
def test_damaged_files_are_told_by_line_and_never_quoted(tmp_path, name, content, message):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(BadFileError, match=message) as raised:
        read_benchmark(tmp_path / name)
    assert "secret" not in str(raised.value)


def test_a_missing_file_and_another_ending_are_refused(tmp_path):
    with pytest.raises(BadFileError, match=r"no\.jsonl"):
        read_benchmark(tmp_path / "no.jsonl")
    with pytest.raises(SettingsError, match="must end in"):
        read_benchmark(tmp_path / "tasks.csv")
