"""Proves that names of others reach the screen as text: none acts, and none looks like a line of ours."""

import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from filtering.printable import ACTING, listed, printable, printable_lines
from tests.kit.dumps.small import BARE, make_labels, make_texts

EVIL = "x\x1b]0;owned\x07\x1b[31m\u202e\u2066\x9b\r\nError: all is lost"
"""A name that sets the title of a window, colours what follows, turns it around, and fakes a line."""


@pytest.fixture
def place(tmp_path, monkeypatch):
    """Return a folder where whatever can have a name has an evil one."""
    monkeypatch.chdir(tmp_path)
    texts = make_texts(30)
    (tmp_path / "dump").mkdir()
    pq.write_table(pa.table({EVIL: range(30), "text": texts}), tmp_path / "dump" / f"{EVIL}.parquet")
    (tmp_path / "dump" / f"bad {EVIL}.parquet").write_bytes(b"no Parquet")
    (tmp_path / "none").mkdir()
    pq.write_table(pa.table({EVIL: texts, "other": texts}), tmp_path / "none" / "a.parquet")
    (tmp_path / f"{EVIL}.txt").write_text(texts[0])
    labels = make_labels(60)
    for name in ("genre", "language", "lang"):
        labels = labels.append_column(name, pa.array([EVIL] * len(labels)))
    pq.write_table(labels, tmp_path / "labels.parquet")
    pq.write_table(pa.table({EVIL: [1], "text": ["a"]}), tmp_path / "no-labels.parquet")
    task = {
        "task_id": EVIL,
        "prompt": texts[0],
        "canonical_solution": texts[0],
        "test": "",
        "entry_point": EVIL,
    }
    (tmp_path / f"{EVIL}.jsonl").write_text(json.dumps(task) + "\n")
    (tmp_path / "bad.jsonl").write_text(json.dumps({EVIL: 1}) + "\n")
    return tmp_path


COMMANDS = [
    ["filter", *BARE, "dump", "-o", "out", "--write", "all"],
    ["filter", *BARE, "none", "-o", "out"],
    ["filter", *BARE, "dump", "-o", "out", "--dry-run"],
    ["filter", *BARE, EVIL, "-o", "out"],
    ["filter", *BARE, "dump", "-o", "out", "--text-column", EVIL],
    ["filter", *BARE, "dump", "-o", "out", "--decontaminate", f"{EVIL}.jsonl"],
    ["sample", "dump", "-o", "sample.parquet", "--n", 5],
    ["sample", "dump", "-o", "sample.parquet", "--n", 5, "--group-column", "gone"],
    ["score", f"{EVIL}.txt"],
    ["score", EVIL],
    ["explain", f"{EVIL}.txt"],
    ["explain", "--file", f"dump/{EVIL}.parquet", "--row", 3],
    ["explain", "--file", f"dump/{EVIL}.parquet", "--row", 300],
    ["evaluate", "web", "labels.parquet", "--effort", "fast"],
    ["evaluate", "web", "no-labels.parquet"],
    ["train", "no-labels.parquet", "-o", "scorer"],
    ["decontaminate", "dump", "--against", f"{EVIL}.jsonl", "-o", "clean", "--no-report"],
    ["decontaminate", "dump", "--against", "bad.jsonl", "-o", "clean", "--no-report"],
    ["filter", *BARE, "dump", "-o", "out", "-s", EVIL],
    ["status", EVIL],
    ["report", EVIL],
]


@pytest.mark.parametrize("arguments", COMMANDS, ids=lambda words: f"{words[0]} {len(words)}")
def test_names_of_others_neither_act_nor_look_like_lines_of_ours(arguments, place, command, hasty):
    outcome = command(*arguments)
    said = outcome.out + outcome.err
    assert said
    assert ACTING.findall(said.replace("\n", "").replace("\t", "")) == []
    assert not [line for line in said.splitlines() if line.startswith("Error: all is lost")]
    assert "Traceback" not in said


def test_a_message_keeps_its_lines_and_a_name_does_not():
    assert printable_lines("two\nlines\x1b[1m") == "two\nlines\\x1b[1m"
    assert listed(["a", EVIL]) == f"a, {printable(EVIL)}"
    assert "\n" not in printable(EVIL)
