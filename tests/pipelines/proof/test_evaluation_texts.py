"""Evaluation files: the forms that people have, and refusals that say what a file must hold."""

import gzip
import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from filtering.errors import EdufilterError, SettingsError
from pipelines.proof.evaluation_texts import TEXT_BYTES, Item, read_evaluations


def write(path, *records):
    data = "".join(json.dumps(one) + "\n" for one in records).encode()
    path.write_bytes(gzip.compress(data) if path.suffix == ".gz" else data)
    return str(path)


def items_of(path):
    (one,) = read_evaluations([path], 1000)
    return one.items


def test_records_are_read_by_their_fields(tmp_path):
    text = write(tmp_path / "a.jsonl", {"text": "A lesson."}, {"text": "Another."})
    pair = write(tmp_path / "b.jsonl.gz", {"prompt": "2 + 2 =", "completion": " 4"})
    human_eval = write(
        tmp_path / "c.jsonl",
        {"task_id": "x/1", "prompt": "def f():", "canonical_solution": "  return 1", "test": ""},
    )
    mbpp = write(
        tmp_path / "d.jsonl", {"task_id": 1, "text": "Write one.", "code": "one = 1", "test_list": []}
    )
    assert items_of(text) == (Item("", "A lesson."), Item("", "Another."))
    assert items_of(pair) == (Item("2 + 2 =", " 4"),)
    assert items_of(human_eval) == (Item("def f():", "  return 1"),)
    assert items_of(mbpp) == (Item("Write one.", "one = 1"),)
    choice = {"prompt": "Sky?", "choices": [" red", " blue", " green"], "answer": 1}
    assert items_of(write(tmp_path / "e.jsonl", choice)) == (Item("Sky?", " blue", (" red", " green")),)


def test_parquet_and_plain_text_are_read(tmp_path):
    pq.write_table(pa.table({"text": ["x" * 5000, "short"]}), tmp_path / "a.parquet")
    assert [len(one.completion) for one in items_of(str(tmp_path / "a.parquet"))] == [TEXT_BYTES, 5]
    text = "".join(f"line {number}\n" for number in range(1000)) + "y" * 5000
    (tmp_path / "b.md").write_text(text)
    pieces = [one.completion for one in items_of(str(tmp_path / "b.md"))]
    assert "".join(pieces) == text
    assert all(len(piece) <= TEXT_BYTES for piece in pieces)


def test_at_most_so_many_items_are_drawn_and_always_the_same(tmp_path):
    path = write(tmp_path / "a.jsonl", *({"text": f"text {number}"} for number in range(50)))
    (first,), (again,) = read_evaluations([path], 10), read_evaluations([path], 10)
    assert first == again
    assert (len(first.items), first.of) == (10, 50)


@pytest.mark.parametrize(
    ("name", "records", "said"),
    [
        ("a.jsonl", [], "at least one text"),
        ("a.jsonl", [{"body": "x"}], "has body"),
        ("a.jsonl", [{"text": ""}], "is empty"),
        ("a.jsonl", [{"text": "x"}, {"prompt": "a", "completion": "b"}], "items of one form"),
        ("a.jsonl", [{"prompt": "a", "choices": ["b"], "answer": 0}], "two texts or more"),
        ("a.jsonl", [{"prompt": "a", "choices": ["b", "c"], "answer": 2}], "place of the right one"),
        ("a.jsonl", [{"prompt": "a", "choices": ["b", "c"], "answer": "B"}], "place of the right one"),
        ("a.jsonl", ["text"], "JSON object"),
        ("a.txt", [], "at least one text"),
    ],
)
def test_a_file_that_cannot_be_measured_on_says_what_it_must_hold(tmp_path, name, records, said):
    path = write(tmp_path / name, *records)
    with pytest.raises(SettingsError, match=said) as refused:
        read_evaluations([path], 10)
    assert name in str(refused.value)


def test_files_that_are_not_there_or_broken_are_named(tmp_path):
    (tmp_path / "questions.jsonl").write_text("{")
    (tmp_path / "model.bin").write_bytes(b"\0\1")
    for name in ("question.txt", "question.jsonl", "questions.jsonl", "model.bin"):
        with pytest.raises(EdufilterError, match=name):
            read_evaluations([str(tmp_path / name)], 10)
    (tmp_path / "deep").mkdir()
    pair = [write(tmp_path / "a.jsonl", {"text": "x"}), write(tmp_path / "deep" / "a.jsonl", {"text": "y"})]
    with pytest.raises(SettingsError, match="Rename it"):
        read_evaluations([write(tmp_path / "held-out random.jsonl", {"text": "x"})], 10)
    with pytest.raises(SettingsError, match="two called 'a'"):
        read_evaluations(pair, 10)
