"""Proves that input columns come out as they were, in order, and that four other readers open the output."""

import datetime
import decimal
import json
from contextlib import closing

import duckdb
import numpy as np
import polars
import pyarrow as pa
import pyarrow.dataset
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import settings as budget
from hypothesis import strategies as st

from filtering import load_scorer
from filtering.text.arrow import REASONS
from pipelines import FilterConfig, filter_dump
from pipelines.worker.output import FileFormat, GatheringWriter
from tests.kit.dumps.small import CUT, digests, make_table, make_texts
from tests.kit.late import Late
from tests.kit.runs.outcomes import QUIET

datasets = Late("datasets")

DAY = datetime.date(2024, 2, 29)
NOON = datetime.datetime(2024, 2, 29, 12, 0, 0, 123456)


def some(values, every=3):
    """Return the values of rows in turn, with a null now and then."""
    return lambda row: None if row % every == 1 else values[row % len(values)]


WIDE = {
    "int8": (pa.int8(), some([-5, 7])),
    "uint64": (pa.uint64(), some([0, 2**64 - 1])),
    "half": (pa.float16(), some([np.float16(0.5)])),
    "double": (pa.float64(), some([1.5, float("inf"), -0.0])),
    "flag": (pa.bool_(), some([True, False])),
    "decimal": (pa.decimal128(20, 4), some([decimal.Decimal("12345.6789"), decimal.Decimal("-1.0000")])),
    "decimal256": (pa.decimal256(50, 2), some([decimal.Decimal("1.25")])),
    "day": (pa.date32(), some([DAY])),
    "time": (pa.time64("us"), some([NOON.time()])),
    "seconds": (pa.timestamp("s"), some([NOON.replace(microsecond=0)])),
    "zoned": (pa.timestamp("us", tz="Europe/Berlin"), some([NOON])),
    "nanoseconds": (pa.timestamp("ns", tz="UTC"), some([NOON])),
    "lasting": (pa.duration("ms"), some([datetime.timedelta(seconds=3)])),
    "bytes": (pa.binary(), some([b"\x00\xff", b""])),
    "large_bytes": (pa.large_binary(), some([b"\x80"])),
    "fixed": (pa.binary(4), some([b"abcd"])),
    "large_string": (pa.large_string(), some(["ä", ""])),
    "view": (pa.string_view(), some(["short", "longer than twelve bytes"])),
    "nothing": (pa.null(), some([None])),
    "category": (pa.dictionary(pa.int32(), pa.string()), some(["red", "green", "blue"])),
    "ordered": (pa.dictionary(pa.int8(), pa.string(), ordered=True), some(["low", "high"])),
    "list": (pa.list_(pa.int32()), some([[1, None, 3], []])),
    "large_list": (pa.large_list(pa.string()), some([["a"], [None]])),
    "fixed_list": (pa.list_(pa.float32(), 2), lambda row: [row, None]),
    "struct": (
        pa.struct([("a", pa.int64()), ("b.c", pa.list_(pa.struct([("d", pa.string())])))]),
        some([{"a": 1, "b.c": [{"d": "x"}, None]}, {"a": None, "b.c": []}]),
    ),
    "map": (pa.map_(pa.string(), pa.int32()), some([[("k", 1), ("l", None)], []])),
    "dotted.name": (pa.string(), some(["dots"])),
    "struct.a": (pa.string(), some(["looks like a field"])),
    "text.length": (pa.int64(), some([3])),
    "Text": (pa.string(), some(["other case"])),
    "white space ": (pa.int64(), some([1])),
}


def wide_table(rows):
    fields = [pa.field(name, kind, metadata={"about": name}) for name, (kind, _) in WIDE.items()]
    arrays = []
    for kind, value in WIDE.values():
        values = [value(row) for row in range(rows)]
        if pa.types.is_dictionary(kind):
            indices = pa.array(values, pa.string()).dictionary_encode()
            arrays.append(
                pa.DictionaryArray.from_arrays(
                    indices.indices.cast(kind.index_type), indices.dictionary, ordered=kind.ordered
                )
            )
        else:
            arrays.append(pa.array(values, kind))
    metadata = {
        b"pandas": json.dumps({"index_columns": []}),
        b"huggingface": b'{"info": {}}',
        b"\xffraw": b"\x00",
    }
    fields.append(pa.field("text", pa.string(), nullable=False, metadata={"language": "en"}))
    arrays.append(pa.array(make_texts(rows)))
    return pa.Table.from_arrays(arrays, schema=pa.schema(fields, metadata=metadata))


def run_over(path, out, web, **changes):
    options = {"scorer": web, "keep_at": CUT, "workers": 1, "effort": "fast"} | changes
    return filter_dump(FilterConfig(inputs=[str(path)], out=str(out), **options), reporter=QUIET)


@pytest.mark.parametrize("write", ["kept", "all"])
def test_every_column_comes_out_with_its_type_nulls_and_metadata(tmp_path, web, write):
    pq.write_table(wide_table(100), tmp_path / "a.parquet", row_group_size=30)
    run_over(tmp_path / "a.parquet", tmp_path / "out", web, write=write)
    source = pq.read_table(tmp_path / "a.parquet")
    found = pq.read_table(tmp_path / "out" / "data" / "a.parquet")
    scores = np.array(load_scorer(web).score(source["text"]).value)
    keep = scores >= CUT if write == "kept" else np.ones(100, dtype=bool)
    assert 0 < keep.sum()
    added = found.column_names[len(source.column_names) :]
    assert added == ["edu_score", "edu_unsure", *(["edu_keep", "edu_reason"] if write == "all" else [])]
    assert found.schema.metadata == source.schema.metadata
    for index, field in enumerate(source.schema):
        assert found.schema.field(index).equals(field, check_metadata=True)
        values = source.column(index).to_pylist()
        expected = [value for value, kept in zip(values, keep, strict=True) if kept]
        assert found.column(index).to_pylist() == expected
    assert found["edu_score"].to_pylist() == scores[keep].tolist()


KINDS = st.sampled_from(
    [
        pa.int64(), pa.float32(), pa.string(), pa.large_string(), pa.binary(), pa.bool_(), pa.date32(),
        pa.list_(pa.int16()), pa.list_(pa.list_(pa.string())),
        pa.struct([("x", pa.string()), ("y", pa.int8())]), pa.map_(pa.string(), pa.int64()),
        pa.dictionary(pa.int32(), pa.string()), pa.decimal128(10, 2),
    ]
)  # fmt: skip


def random_array(kind, rows, random):
    def value(kind):
        if random.random() < 0.2:
            return None
        if pa.types.is_list(kind):
            return [value(kind.value_type) for _ in range(random.integers(3))]
        if pa.types.is_struct(kind):
            return {field.name: value(field.type) for field in kind}
        if pa.types.is_map(kind):
            return [(str(key), value(kind.item_type)) for key in range(random.integers(3))]
        number = int(random.integers(100))
        plain = {
            pa.bool_(): bool(number % 2),
            pa.date32(): datetime.date.fromordinal(730000 + number),
            pa.decimal128(10, 2): decimal.Decimal(number) / 4,
            pa.binary(): bytes([number, 255]),
        }
        return plain.get(kind, str(number) if not pa.types.is_primitive(kind) else number)

    if pa.types.is_dictionary(kind):
        return random_array(pa.string(), rows, random).dictionary_encode()
    return pa.array([value(kind) for _ in range(rows)], kind)


@budget(max_examples=25, deadline=None)
@given(
    kinds=st.lists(KINDS, max_size=5),
    rows=st.integers(0, 60),
    row_group_size=st.integers(1, 70),
    rows_per_part=st.integers(1, 100),
    seed=st.integers(0, 1000),
)
def test_random_tables_come_out_as_they_were(
    tmp_path_factory, web, kinds, rows, row_group_size, rows_per_part, seed
):
    folder = tmp_path_factory.mktemp("random")
    random = np.random.default_rng(seed)
    columns = {f"c{number}": random_array(kind, rows, random) for number, kind in enumerate(kinds)}
    table = pa.table({**columns, "text": pa.array(make_texts(rows, seed=seed), pa.string())})
    pq.write_table(table, folder / "a.parquet", row_group_size=row_group_size)
    run_over(folder / "a.parquet", folder / "out", web, write="all", rows_per_part=rows_per_part)
    source = pq.read_table(folder / "a.parquet")
    paths = sorted((folder / "out" / "data").iterdir())
    found = pa.concat_tables([pq.read_table(path) for path in paths])
    assert found.select(source.column_names).to_pylist() == source.to_pylist()
    for path in paths:
        schema = pq.read_schema(path)
        assert [schema.field(name) for name in source.column_names] == list(source.schema)


@pytest.mark.parametrize(
    "kind",
    [
        pa.string(), pa.large_string(), pa.string_view(), pa.binary(), pa.large_binary(), pa.binary_view(),
        pa.dictionary(pa.int32(), pa.string()),
    ],
    ids=str,
)  # fmt: skip
def test_a_text_column_of_any_type_gets_the_same_scores(tmp_path, web, kind):
    texts = [*make_texts(40), None]
    if pa.types.is_dictionary(kind):
        array = pa.array(texts * 2).dictionary_encode()
    elif "binary" in str(kind):
        array = pa.array([text if text is None else text.encode() for text in texts * 2], kind)
    else:
        array = pa.array(texts * 2, kind)
    pq.write_table(pa.table({"text": array}), tmp_path / "a.parquet", row_group_size=33)
    run_over(tmp_path / "a.parquet", tmp_path / "out", web, write="all")
    source, found = (
        pq.read_table(path) for path in (tmp_path / "a.parquet", tmp_path / "out" / "data" / "a.parquet")
    )
    assert found.schema.field("text") == source.schema.field("text")
    assert found["text"].to_pylist() == source["text"].to_pylist()
    expected = load_scorer(web).score(texts * 2).value
    assert found["edu_score"].to_pylist() == [None if np.isnan(v) else v for v in expected.tolist()]
    run_over(tmp_path / "a.parquet", tmp_path / "kept", web)
    kept = pq.read_table(tmp_path / "kept" / "data" / "a.parquet")
    assert kept["edu_score"].to_pylist() == expected[expected >= CUT].tolist()
    assert kept["text"].to_pylist() == np.array(source["text"].to_pylist())[expected >= CUT].tolist()


def test_two_columns_of_one_name_both_come_out(tmp_path, web):
    table = pa.Table.from_arrays(
        [pa.array(range(30)), pa.array(range(30, 60)), pa.array(make_texts(30))], names=["n", "n", "text"]
    )
    pq.write_table(table, tmp_path / "a.parquet")
    run_over(tmp_path / "a.parquet", tmp_path / "out", web, keep_at=0.0)
    with pq.ParquetFile(tmp_path / "out" / "data" / "a.parquet") as file:
        batch = next(file.iter_batches())
    assert batch.schema.names == ["n", "n", "text", "edu_score", "edu_unsure"]
    assert (batch.column(0).to_pylist(), batch.column(1).to_pylist()) == (
        list(range(30)),
        list(range(30, 60)),
    )


@pytest.mark.parametrize("order", [["a.text", "a", "text"], ["text", "text.lang", "a"]])
def test_a_text_column_is_found_among_names_that_look_like_its_own(tmp_path, web, order):
    texts = make_texts(30)
    columns = {
        "a.text": pa.array(texts),
        "a": pa.array([{"text": "not this"}] * 30),
        "text": pa.array(["nor this"] * 30),
        "text.lang": pa.array(range(30)),
    }
    pq.write_table(pa.table({name: columns[name] for name in order}), tmp_path / "a.parquet")
    name = "a.text" if "a.text" in order else "text"
    for write in ("all", "scores"):
        run_over(tmp_path / "a.parquet", tmp_path / write, web, text_column=name, write=write)
    expected = load_scorer(web).score(columns[name]).value.tolist()
    for path in ("all/data/a.parquet", "all/run/scores/a.parquet", "scores/run/scores/a.parquet"):
        assert pq.read_table(tmp_path / path, columns=["edu_score"])["edu_score"].to_pylist() == expected


def test_rows_stay_in_order_and_parts_carry_their_place_in_the_name(tmp_path, web):
    pq.write_table(make_table(250), tmp_path / "a.parquet", row_group_size=20)
    run_over(tmp_path / "a.parquet", tmp_path / "out", web, rows_per_part=100, workers=2)
    paths = sorted((tmp_path / "out" / "data").iterdir())
    assert [path.name for path in paths] == [f"a.part-0000{n}-of-00003.parquet" for n in (1, 2, 3)]
    ids = [pq.read_table(path)["id"].to_pylist() for path in paths]
    source = pq.read_table(tmp_path / "a.parquet")
    keep = load_scorer(web).score(source["text"]).value >= CUT
    assert [row for rows in ids for row in rows] == source["id"].filter(pa.array(keep)).to_pylist()
    assert all(100 * n <= row < 100 * (n + 1) for n, rows in enumerate(ids) for row in rows)


def test_hive_style_folders_keep_their_paths(tmp_path, web):
    for language in ("en", "de"):
        path = tmp_path / "in" / f"lang={language}" / "year=2024" / "0.parquet"
        path.parent.mkdir(parents=True)
        pq.write_table(make_table(40), path)
    run_over(tmp_path / "in", tmp_path / "out", web)
    assert sorted(digests(tmp_path / "out" / "data")) == [
        "lang=de/year=2024/0.parquet",
        "lang=en/year=2024/0.parquet",
    ]
    table = pyarrow.dataset.dataset(tmp_path / "out" / "data", partitioning="hive").to_table()
    assert set(table["lang"].to_pylist()) == {"de", "en"}


def test_each_column_keeps_its_codec_and_the_score_is_compressed(tmp_path, web):
    codecs = {"id": "NONE", "url": "GZIP", "text": "BROTLI", "a": "SNAPPY", "b": "ZSTD", "c": "LZ4"}
    table = make_table(60)
    for name in ("a", "b", "c"):
        table = table.append_column(name, pa.array([["x"]] * 60))
    paths = {"a": "a.list.element", "b": "b.list.element", "c": "c.list.element"}
    pq.write_table(
        table,
        tmp_path / "a.parquet",
        compression={paths.get(name, name): codec for name, codec in codecs.items()},
    )
    run_over(tmp_path / "a.parquet", tmp_path / "out", web)

    def found(path):
        group = pq.read_metadata(path).row_group(0)
        columns = [group.column(index) for index in range(group.num_columns)]
        return {column.path_in_schema: column.compression for column in columns}

    before, after = found(tmp_path / "a.parquet"), found(tmp_path / "out" / "data" / "a.parquet")
    assert len(set(before.values())) == 6
    assert after == before | {"edu_score": "ZSTD", "edu_unsure": "ZSTD"}


def test_row_groups_are_gathered_to_the_sources_size_in_rows(tmp_path, web):
    pq.write_table(make_table(1000), tmp_path / "a.parquet", row_group_size=100)
    result = run_over(tmp_path / "a.parquet", tmp_path / "out", web)
    metadata = pq.read_metadata(tmp_path / "out" / "data" / "a.parquet")
    sizes = [metadata.row_group(index).num_rows for index in range(metadata.num_row_groups)]
    assert sizes[:-1] == [100] * (len(sizes) - 1)
    assert sum(sizes) == result.kept > 200


def test_row_groups_are_closed_before_they_fill_the_memory(tmp_path):
    schema = pa.schema([("bytes", pa.binary())])
    batch = pa.record_batch([pa.array([bytes(1 << 20)] * 4)], schema=schema)
    with closing(GatheringWriter(tmp_path / "a.parquet", FileFormat(schema, group_rows=1_000_000))) as writer:
        for _ in range(40):
            writer.add(batch)
    metadata = pq.read_metadata(tmp_path / "a.parquet")
    assert metadata.num_rows == 160
    sizes = [metadata.row_group(index).num_rows for index in range(metadata.num_row_groups)]
    assert max(sizes) <= 64


def test_mode_all_keeps_every_row_with_its_decision_and_its_reason(tmp_path, web):
    texts = [None, *make_texts(30), "", " \n"]
    pq.write_table(pa.table({"text": texts}), tmp_path / "a.parquet")
    run_over(tmp_path / "a.parquet", tmp_path / "out", web, write="all")
    rows = pq.read_table(tmp_path / "out" / "data" / "a.parquet").to_pylist()
    assert [row["text"] for row in rows] == texts
    bad = {0: "null", 31: "empty", 32: "white-space"}
    for number, row in enumerate(rows):
        assert row["edu_reason"] == bad.get(number)
        assert (row["edu_score"] is None) == (number in bad)
        assert row["edu_keep"] == (number not in bad and row["edu_score"] >= CUT)


def test_mode_scores_writes_scores_alone(tmp_path, web):
    texts = [*make_texts(30), None]
    pq.write_table(pa.table({"edu_score": range(31), "text": texts}), tmp_path / "a.parquet")
    run_over(tmp_path / "a.parquet", tmp_path / "out", web, write="scores")
    assert not (tmp_path / "out" / "data").exists()
    stored = pq.read_table(tmp_path / "out" / "run" / "scores" / "a.parquet")
    scores = load_scorer(web).score(texts)
    assert stored["edu_score"].to_pylist() == [*scores.value[:-1].tolist(), None]
    assert [REASONS[code] for code in stored["edu_reason"].to_pylist()] == [""] * 30 + ["null"]
    assert stored["edu_stage"].to_pylist() == [1] * 30 + [0]


def test_four_readers_open_the_output_as_it_is(finished, tmp_path):
    data = finished / "data"
    pattern = f"{data}/**/*.parquet"
    by_arrow = pyarrow.dataset.dataset(data).to_table().to_pylist()
    by_datasets = datasets.load_dataset(
        "parquet", data_files=pattern, split="train", cache_dir=str(tmp_path)
    ).to_list()
    by_polars = polars.read_parquet(pattern).to_dicts()
    by_duckdb = duckdb.sql(f"SELECT * FROM read_parquet('{pattern}')").arrow().read_all().to_pylist()
    assert len(by_arrow) > 50
    assert set(by_arrow[0]) == {"id", "url", "text", "edu_score", "edu_unsure"}

    def in_order(rows):
        return sorted(rows, key=lambda row: row["id"])

    for rows in (by_datasets, by_polars, by_duckdb):
        assert in_order(rows) == in_order(by_arrow)
