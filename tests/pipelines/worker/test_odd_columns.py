"""Proves what becomes of columns that pyarrow cannot write, of texts of JSON, and of keys of footers."""

import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from filtering import load_scorer
from pipelines.dump.batches import read_batches
from pipelines.worker.footer_keys import true_keys
from tests.kit.dumps.parquet_writers import with_a_struct_of_nothing, with_required_nulls
from tests.kit.dumps.small import BARE, CUT, make_table, make_texts

SPARK = b"org.apache.spark.sql.parquet.row.metadata"


@pytest.mark.parametrize("write_file", [with_a_struct_of_nothing, with_required_nulls])
def test_a_column_that_can_be_read_and_not_written_is_named(command, tmp_path, write_file):
    dump = tmp_path / "in"
    dump.mkdir()
    write_file(dump / "a.parquet")
    pq.write_table(make_table(20), dump / "b.parquet")
    arguments = ["filter", *BARE, dump, "--keep-at", 0, "-o"]
    outcome = command(*arguments, tmp_path / "out")
    assert outcome.code == 3
    assert "pyarrow cannot write 'odd'" in outcome.out
    assert [path.name for path in (tmp_path / "out" / "data").iterdir()] == ["b.parquet"]
    assert command(*arguments, tmp_path / "scores", "--write", "scores").code == 0


@pytest.mark.parametrize("storage", [pa.string(), pa.large_string(), pa.string_view()], ids=str)
@pytest.mark.parametrize("store_schema", [True, False])
def test_a_text_column_of_json_is_read_as_text(command, web, tmp_path, storage, store_schema):
    texts = [json.dumps({"body": text}) for text in make_texts(30)]
    column = pa.ExtensionArray.from_storage(pa.json_(storage), pa.array([*texts, None], storage))
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({"text": column}), path, store_schema=store_schema)
    outcome = command("filter", *BARE, path, "-o", tmp_path / "out", "-s", web, "--keep-at", CUT)
    assert outcome.code == 0
    found = pq.read_table(tmp_path / "out" / "data" / "a.parquet")
    scores = load_scorer(web).score(texts).value
    assert 0 < found.num_rows < 30
    assert found["text"].to_pylist() == [texts[row] for row in np.flatnonzero(scores >= CUT)]
    assert found.schema.field("text") == pq.read_schema(path).field("text")
    assert (
        str(pq.read_metadata(tmp_path / "out" / "data" / "a.parquet").schema.column(0).logical_type) == "JSON"
    )
    assert command("sample", path, "-s", web, "-o", tmp_path / "sample.parquet", "--n", 5).code == 0
    assert command("explain", "--file", path, "--row", 3, "-s", web).code == 0


def test_json_that_repeats_a_long_value_is_read_in_small_batches(tmp_path):
    long = json.dumps("x" * (1 << 20))
    column = pa.ExtensionArray.from_storage(pa.json_(), pa.array(["{}"] * 20 + [long] * 40))
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({"text": column}), path, dictionary_pagesize_limit=32 << 20)
    rows = next(read_batches(str(path), range(1), ["text"])).num_rows
    assert rows < 32


def test_keys_that_list_columns_are_mended_or_left_out_where_columns_are_added():
    added = [pa.field("edu_score", pa.float32()), pa.field("edu_reason", pa.string())]
    fields = [{"name": "text", "type": "string", "nullable": True, "metadata": {"comment": "é"}}]
    keys = {
        b"ARROW:schema": b"x",
        b"parquet.avro.schema": b'{"fields": []}',
        b"geo": b'{"bbox": [0, 1]}',
        b"\xff": b"\x00",
        SPARK: json.dumps({"type": "struct", "fields": fields}).encode(),
    }
    found = true_keys(keys, added)
    assert set(found) == {b"geo", b"\xff", SPARK}
    spark = json.loads(found.pop(SPARK))["fields"]
    assert spark[:1] == fields
    assert [(one["name"], one["type"]) for one in spark[1:]] == [
        ("edu_score", "float"),
        ("edu_reason", "string"),
    ]
    assert found.items() <= keys.items()
    assert true_keys(keys, []) == {name: value for name, value in keys.items() if name != b"ARROW:schema"}


@pytest.mark.parametrize(
    "value", [b"", b"no JSON", b"[]", b"3", b'{"fields": 3}', b"\xff", b'{"fields": {}}']
)
def test_a_key_that_is_not_what_it_should_be_goes_along_as_it_is(value):
    keys = {SPARK: value, b"pandas": value}
    assert true_keys(keys, [pa.field("edu_score", pa.float32())]) == keys


def test_of_the_indices_of_a_data_frame_only_a_range_is_left_out():
    numbers = {"kind": "range", "name": None, "start": 0, "stop": 24, "step": 1}
    kept = {"index_columns": ["row"], "columns": [{"name": "row"}]}
    keys = {b"pandas": json.dumps({**kept, "index_columns": [numbers, "row"]}).encode()}
    assert json.loads(true_keys(keys, [])[b"pandas"]) == kept
    same = {b"pandas": b'{"index_columns":[]}'}
    assert true_keys(same, []) == same
