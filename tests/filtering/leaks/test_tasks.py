"""Proves that benchmarks are read in the layouts that people have, and that broken ones are refused."""

import gzip
import json
import os

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from filtering.errors import BadFileError, SettingsError
from filtering.leaks import Fields, Task, benchmark_files, read_benchmark

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


@pytest.mark.parametrize("part", ["id", "prompt", "solution", "test"])
def test_a_layout_of_code_with_one_field_of_another_name_is_told_by_the_others(tmp_path, part):
    usual = {"id": "task_id", "prompt": "prompt", "solution": "canonical_solution", "test": "test"}[part]
    record = {"mine" if key == usual else key: value for key, value in HUMAN_EVAL.items()}
    (task,) = read_benchmark(
        write(tmp_path / "made.jsonl", record), Fields(**{"id": "", "prompt": "", part: "mine"})
    )
    assert task.id == "Made/0"
    assert (task.prompt, task.solution) == (HUMAN_EVAL["prompt"], HUMAN_EVAL["canonical_solution"])


def test_fields_can_be_named(tmp_path):
    path = write(tmp_path / "own.jsonl", {"key": "a", "question": "What is it?", "answer": None, "more": [1]})
    (task,) = read_benchmark(path, Fields(id="key", prompt="question", solution="answer"))
    assert task == Task("a", "own", "What is it?", "", kind="prose")


@pytest.mark.parametrize(
    ("records", "fields", "message"),
    [
        ([], None, "must have at least one task"),
        (
            [{"ask": "?"}],
            None,
            r"must have a question.*task 1 has ask.*--fields question=NAME,choices=NAME,answer=NAME\.",
        ),
        (
            [{"question": "?", "answer": ""}],
            Fields(),
            r"field 'prompt'.*for this file alone: --fields made\.jsonl:question=question$",
        ),
        ([{"prompt": "?"}], Fields(), r"field 'task_id'.*--fields made\.jsonl:question=prompt$"),
        ([[1]], None, r"must be a JSON object. Got list instead .*task 1"),
        ([HUMAN_EVAL, {"task_id": "b"}], None, r"must have the field 'canonical_solution'.*task 2 lacks it"),
        (
            [{"ask": "?", "ends": [], "key": 1}],
            Fields(id="", prompt="ask", choices="end", solution="key"),
            r"field 'end'.*made\.jsonl:question=ask,answer=key,choices=NAME$",
        ),
        ([HUMAN_EVAL, "x"], None, r"must be a JSON object. Got str instead .*task 2"),
        ([{"task_id": 1, "prompt": {}}], Fields(), r"'prompt' must be text.*Got dict instead"),
        ([{"task_id": True, "prompt": ""}], Fields(), r"'task_id' must be text"),
        ([{"task_id": 1, "prompt": [1]}], Fields(), r"'prompt' must be text"),
        ([HUMAN_EVAL, HUMAN_EVAL], None, r"id of its own. Task 2 of .* that of another"),
        (
            [{"task_id": None, "prompt": "a"}],
            Fields(),
            r"Task 1 of .* has none.*--fields id=prompt,prompt=prompt",
        ),
        ([{"prompt": "a"}] * 2, Fields(id="prompt"), r"Task 2 of .* another.*Leave out what comes twice"),
    ],
)
def test_wrong_tasks_are_refused(tmp_path, records, fields, message):
    with pytest.raises(SettingsError, match=message):
        read_benchmark(write(tmp_path / "made.jsonl", *records), fields)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.jsonl", b'{"task_id": 1, "prompt": ""}\n{"task_id": secret\n', r"line 2: Expecting value"),
        ("a.jsonl", b"\xff\xfe{}\n", r"line 1"),
        ("a.jsonl", b"[" * 100_000, r"line 1: it is nested too deeply"),
        ("a.jsonl.gz", b"not gzip", "can be read"),
        ("a.jsonl.gz", gzip.compress(b"{}" * 99, mtime=0)[:-9], "can be read"),
        ("a.parquet", b"PAR1", "can be read"),
    ],
)
def test_damaged_files_are_told_by_line_and_never_quoted(tmp_path, name, content, message):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(BadFileError, match=message) as raised:
        read_benchmark(tmp_path / name, Fields())
    assert "secret" not in str(raised.value)


def test_a_missing_file_and_another_ending_are_refused(tmp_path):
    write(tmp_path / "HumanEval.jsonl", HUMAN_EVAL)
    with pytest.raises(SettingsError, match=r"that exists.*no\.jsonl' instead\. None is shipped"):
        read_benchmark(tmp_path / "no.jsonl")
    with pytest.raises(SettingsError, match=r"Did you mean '.*/HumanEval\.jsonl'\?"):
        read_benchmark(tmp_path / "HumanEvla.jsonl")
    with pytest.raises(SettingsError, match="must end in"):
        read_benchmark(tmp_path / "tasks.xml")


def bomb(path, texts, **columns):
    """Write texts that a dictionary holds once, however often they come."""
    pq.write_table(
        pa.table({"task_id": [str(at) for at in range(len(texts))], "prompt": texts, **columns}), path
    )


def write_lines(path, *lines):
    with gzip.open(path, "wb", compresslevel=1) as file:
        file.writelines(lines)


LINE = b'{"task_id": "%d", "prompt": "' + b"a" * 900 + b'"}\n'
LARGE = {
    "an endless file": ("a.jsonl", lambda path: path.symlink_to("/dev/zero"), "regular file"),
    "a pipe": ("a.jsonl.gz", os.mkfifo, "regular file"),
    "a pipe of Parquet": ("a.parquet", os.mkfifo, "regular file"),
    "a long line": ("a.jsonl.gz", lambda path: write_lines(path, b"a" * 2_000), "at most"),
    "a long line after others": (
        "a.jsonl.gz", lambda path: write_lines(path, LINE % 1, b'"' * 2_000, b"\n"), "at most",
    ),
    "blank lines without end": ("a.jsonl.gz", lambda path: write_lines(path, b"\n" * 10_001), "at most"),
    "many lines": ("a.jsonl.gz", lambda path: write_lines(path, *(LINE % at for at in range(11))), "at most"),
    "much text": ("a.jsonl.gz", lambda path: write_lines(path, *(LINE % at for at in range(6))), "at most"),
    "a large file": ("a.jsonl", lambda path: path.write_bytes(b"\n" * 10_001), "at most"),
    "a text that is often the same": ("a.parquet", lambda path: bomb(path, ["a" * 900] * 10), "at most"),
    "a list of the same text": ("a.parquet", lambda path: bomb(path, [["a" * 90] * 20]), "at most"),
    "the same text in another column": (
        "a.parquet", lambda path: bomb(path, ["a"], more=[{"b": [{"c": ["a" * 90] * 20}]}]), "at most",
    ),
    "a map of the same text": (
        "a.parquet",
        lambda path: bomb(
            path, ["a"], more=pa.array([[("k", "a" * 90)] * 20], pa.map_(pa.string(), pa.string()))
        ),
        "at most",
    ),
    "many numbers": ("a.parquet", lambda path: bomb(path, ["a"], more=[[7] * 1_000]), "at most"),
    "a packed text": ("a.parquet", lambda path: bomb(path, ["a" * 1_200]), "at most"),
}  # fmt: skip


@pytest.mark.parametrize(("name", "make", "message"), LARGE.values(), ids=LARGE)
def test_a_benchmark_without_end_or_that_grows_beyond_bounds_is_refused(
    tmp_path, monkeypatch, name, make, message
):
    monkeypatch.setattr(benchmark_files, "LINE_BYTES", 1_000)
    monkeypatch.setattr(benchmark_files, "TEXT_BYTES", 5_000)
    monkeypatch.setattr(benchmark_files, "BENCHMARK_BYTES", 10_000)
    make(tmp_path / name)
    with pytest.raises(BadFileError, match=message):
        read_benchmark(tmp_path / name, Fields())


def test_a_line_of_gigabytes_is_refused_in_little_memory(tmp_path):
    with gzip.open(tmp_path / "a.jsonl.gz", "wb", compresslevel=1) as file:
        for _ in range(70):
            file.write(b"[" * (1 << 20))
    with pytest.raises(BadFileError, match="64"):
        read_benchmark(tmp_path / "a.jsonl.gz")


def test_rows_of_parquet_are_read_whatever_else_is_in_them(tmp_path):
    more = {"n": [1, None], "l": [["a", None], None], "s": [{"a": b"x"}, None], "e": [[], []]}
    bomb(tmp_path / "a.parquet", ["one", None], **more)
    assert [task.prompt for task in read_benchmark(tmp_path / "a.parquet", Fields())] == ["one", ""]


def test_a_dictionary_that_holds_a_text_twice_gives_each_row_its_own(tmp_path):
    path = tmp_path / "a.parquet"
    table = pa.table({"task_id": ["1", "2", "3", "4"], "prompt": ["twice", "TWICE", "and", "once"]})
    pq.write_table(table, path, compression="none", write_statistics=False)
    path.write_bytes(path.read_bytes().replace(b"TWICE", b"twice"))
    assert [task.prompt for task in read_benchmark(path, Fields())] == ["twice", "twice", "and", "once"]


def test_a_small_row_is_read_though_another_has_a_text_as_long_as_a_row_may_be(tmp_path, monkeypatch):
    monkeypatch.setattr(benchmark_files, "LINE_BYTES", 1_000)
    path = tmp_path / "a.parquet"
    bomb(path, ["one", "two"], more=[["a" * 800], ["b"] * 10])
    assert [task.prompt for task in read_benchmark(path, Fields())] == ["one", "two"]


def test_a_row_that_a_forged_dictionary_might_swell_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(benchmark_files, "LINE_BYTES", 1_000)
    monkeypatch.setattr(benchmark_files, "ROW_BYTES", 7_000)
    bomb(tmp_path / "a.parquet", ["one", "two"], more=[["a" * 800], ["b"] * 10])
    with pytest.raises(BadFileError, match="at most"):
        read_benchmark(tmp_path / "a.parquet", Fields())


def test_a_long_text_that_often_comes_is_repeated_for_few_rows_at_a_time(tmp_path, monkeypatch):
    monkeypatch.setattr(benchmark_files, "LINE_BYTES", 1 << 20)
    path = tmp_path / "a.parquet"
    bomb(path, [str(at) for at in range(99)], more=["a" * 400_000] * 99)
    before = pa.total_allocated_bytes()
    held = [pa.total_allocated_bytes() - before for _ in benchmark_files.read_records(path)]
    assert len(held) == 99
    assert max(held) < 4 << 20  # 64 rows have 26 MB


def test_lines_without_end_are_refused_though_they_are_empty(tmp_path, monkeypatch):
    monkeypatch.setattr(benchmark_files, "BENCHMARK_BYTES", 1 << 20)
    path = tmp_path / "empty.jsonl.gz"
    path.write_bytes(gzip.compress(b"\n" * 2000))
    with pytest.raises(BadFileError, match=r"empty\.jsonl\.gz has more"):
        read_benchmark(path)
