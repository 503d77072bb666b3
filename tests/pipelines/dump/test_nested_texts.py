"""Proves that a field of a struct may be the text, for every verb, and that its column stays as it was."""

import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from filtering.errors import ColumnError
from pipelines.dump.batches import read_batches
from pipelines.dump.reading import resolve_text_column
from tests.kit.dumps.small import BARE, CUT, FAST, make_table

ROWS = 60
TEXTS = make_table(ROWS)["text"].to_pylist()
NESTED = "content.body.text"


def nested_table():
    """Return rows whose texts lie two structs deep, some of them without."""
    content = [{"body": {"text": text, "tags": ["a"]}, "title": "T"} for text in TEXTS]
    content[3], content[4]["body"], content[5]["body"]["text"] = None, None, None
    return pa.table({"id": range(ROWS), "content": content, "site": ["one", "two"] * (ROWS // 2)})


@pytest.fixture(scope="module")
def dumps(tmp_path_factory):
    """Return two folders with the same texts: in fields, and in a column of their own."""
    root = tmp_path_factory.mktemp("nested")
    for name in ("nested", "flat"):
        (root / name).mkdir()
    pq.write_table(nested_table(), root / "nested" / "a.parquet", row_group_size=25)
    texts = [None if number in (3, 4, 5) else text for number, text in enumerate(TEXTS)]
    pq.write_table(pa.table({"text": texts}), root / "flat" / "a.parquet", row_group_size=25)
    return root


def scores_of(out):
    return pq.read_table(out / "run" / "scores").to_pylist()


def test_a_run_scores_fields_as_it_scores_columns_and_writes_their_column_as_it_was(
    command, web, dumps, tmp_path
):
    arguments = ("-s", web, *FAST, "--keep-at", CUT)
    named = ("--text-column", NESTED)
    nested, flat = tmp_path / "nested", tmp_path / "flat"
    dry = command("filter", dumps / "nested", "-o", nested, *arguments, *named, "--dry-run")
    assert (dry.code, f"text column: {NESTED}" in dry.out) == (0, True)
    assert command("filter", dumps / "nested", "-o", nested, *arguments, *named).code == 0
    assert command("filter", dumps / "flat", "-o", flat, *arguments, "--no-report").code == 0
    assert scores_of(nested) == scores_of(flat)
    assert "Photosynthesis" in (nested / "run" / "report.html").read_text()
    kept = pq.read_table(nested / "data" / "a.parquet")
    assert 0 < len(kept) < ROWS
    before = nested_table()
    assert kept.schema.remove(4).remove(3) == before.schema
    assert kept["content"].to_pylist() == before.take(kept["id"])["content"].to_pylist()
    assert command("recut", nested, "--keep-at", 0, "--to", tmp_path / "all", "--no-report").code == 0
    assert len(pq.read_table(tmp_path / "all" / "data" / "a.parquet")) == ROWS - 3
    named = (*named, "--write", "scores", "--no-report")
    assert command("filter", dumps / "nested", "-o", tmp_path / "scores", *arguments, *named).code == 0
    # A run that writes no rows looks at no languages.
    unwritten = [row | {"edu_unsure": 0} for row in scores_of(flat)]
    assert scores_of(tmp_path / "scores") == unwritten
    assert command("sample", "--near-cut", nested, "--n", 4, "-o", tmp_path / "near.parquet").code == 0
    assert set(pq.read_table(tmp_path / "near.parquet")["text"].to_pylist()) <= set(TEXTS)


def test_sample_explain_and_decontaminate_read_fields(command, dumps, tmp_path):
    source, named = dumps / "nested", ("--text-column", NESTED)
    assert command("sample", source, "-o", tmp_path / "s.parquet", *named).code == 0
    sample = pq.read_table(tmp_path / "s.parquet")
    assert [TEXTS[row] for row in sample["row"].to_pylist()] == sample["text"].to_pylist()
    assert set(sample["group"].to_pylist()) == {"one", "two"}
    why = command("explain", "--file", source / "a.parquet", "--row", 7, *named, "--json")
    flat = command("explain", "--file", dumps / "flat" / "a.parquet", "--row", 7, "--json")
    assert json.loads(why.out) | {"file": ""} == json.loads(flat.out) | {"file": ""}
    task = {
        "task_id": "t/1",
        "prompt": TEXTS[10],
        "canonical_solution": TEXTS[11],
        "test": "",
        "entry_point": "f",
    }
    (tmp_path / "bench.jsonl").write_text(json.dumps(task))
    against = ("--against", tmp_path / "bench.jsonl")
    assert command("decontaminate", source, "-o", tmp_path / "d", *against, *named, "--no-report").code == 0
    assert {10, 11} & set(pq.read_table(tmp_path / "d" / "run" / "hits.parquet")["row"].to_pylist())


def test_labels_are_imported_by_a_field(command, tmp_path):
    table = pa.table({"content": [{"text": text} for text in TEXTS[:5]], "score": [1, 2, 3, 4, 5]})
    pq.write_table(table, tmp_path / "mine.parquet")
    named = ("--text-column", "content.text")
    assert command("annotate", "--import", tmp_path / "mine.parquet", "-o", tmp_path / "l", *named).code == 0
    assert pq.read_table(tmp_path / "l" / "labels.parquet")["text"].to_pylist() == TEXTS[:5]


def test_a_column_of_that_very_name_goes_before_a_field():
    inner = pa.struct([("text", pa.string()), ("a.b", pa.string()), ("number", pa.int64())])
    schema = pa.schema([("content", inner), ("a.b", pa.string())])
    for name in ("content.text", "content.a.b", "a.b"):
        assert resolve_text_column(schema, "x", name) == name
    resolve_text_column(schema.append(pa.field("content.number", pa.string())), "x", "content.number")
    with pytest.raises(ColumnError, match=r"must be string or binary\. Got int64"):
        resolve_text_column(schema, "x", "content.number")
    with pytest.raises(ColumnError, match=r"must have a column 'content\.title'\. Found content, a\.b"):
        resolve_text_column(schema, "x", "content.title")


def test_the_literal_column_is_read_where_both_are_there(command, web, tmp_path):
    table = pa.table({"content": [{"text": "no"}] * 30, "content.text": TEXTS[:30]})
    pq.write_table(table, tmp_path / "a.parquet")
    pq.write_table(pa.table({"text": TEXTS[:30]}), tmp_path / "b.parquet")
    for name, column in (("a", "content.text"), ("b", "text")):
        arguments = ("-o", tmp_path / name, "-s", web, *BARE, "--text-column", column)
        assert command("filter", tmp_path / f"{name}.parquet", *arguments).code == 0
    assert scores_of(tmp_path / "a") == scores_of(tmp_path / "b")


def test_a_huge_value_that_a_field_repeats_bounds_batches_too(tmp_path):
    indices = pa.array([0] * 50 + [1] * 150, pa.int32())
    texts = pa.DictionaryArray.from_arrays(indices, pa.array(["a", "x" * (1 << 20)]))
    content = pa.StructArray.from_arrays([texts], ["text"])
    pq.write_table(pa.table({"content": content}), tmp_path / "a.parquet", store_schema=False)
    for columns in (None, ["content.text"]):
        batches = read_batches(str(tmp_path / "a.parquet"), range(1), columns)
        assert max(batch.num_rows for batch in batches) <= 32
