"""Writes small Parquet files of every type, by every writer at hand: what a run must give back as it was.

All have a column ``text``; every third text is empty, so a run that keeps from 0 points drops those rows.
"""

import base64
import datetime
import decimal
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import fastparquet
import numpy as np
import pandas
import polars
import pyarrow as pa
import pyarrow.parquet as pq
from fastparquet.cencoding import from_buffer

ROWS = 24
TEXTS = ["" if row % 3 == 1 else f"A fraction tells how many parts of {row} we have." for row in range(ROWS)]
KEPT = [row for row, text in enumerate(TEXTS) if text]
NOON = datetime.datetime(2024, 2, 29, 12, 0, 0, 123456)
FIRST_DAY, LAST_DAY = datetime.datetime(1, 1, 1), datetime.datetime(9999, 12, 31, 23, 59, 59, 999999)
"""What Spark writes for dates that are not known."""


def in_turn(*values: Any) -> list[Any]:
    """Return values in turn, with a null now and then."""
    return [None if row % 5 == 2 else values[row % len(values)] for row in range(ROWS)]


PLAIN = {
    "int8": (pa.int8(), (-5, 7)),
    "uint32": (pa.uint32(), (0, 2**32 - 1)),
    "half": (pa.float16(), (np.float16(0.5), np.float16(2))),
    "double": (pa.float64(), (1.5, float("inf"), -0.0)),
    "flag": (pa.bool_(), (True, False)),
    "decimal": (pa.decimal128(20, 4), (decimal.Decimal("12345.6789"), decimal.Decimal("-1.0000"))),
    "decimal256": (pa.decimal256(50, 2), (decimal.Decimal("1.25"),)),
    "day": (pa.date32(), (NOON.date(), FIRST_DAY.date())),
    "time": (pa.time64("us"), (NOON.time(),)),
    "milliseconds": (pa.time32("ms"), (NOON.time().replace(microsecond=123000),)),
    "local": (pa.timestamp("us"), (FIRST_DAY, NOON, LAST_DAY)),
    "zoned": (pa.timestamp("ms", tz="Europe/Berlin"), (NOON.replace(microsecond=123000),)),
    "nanoseconds": (pa.timestamp("ns"), (1, 10**18 + 1)),
    "lasting": (pa.duration("ms"), (datetime.timedelta(seconds=3),)),
    "bytes": (pa.binary(), (b"\x00\xff", b"")),
    "large_string": (pa.large_string(), ("ä", "")),
    "fixed": (pa.binary(4), (b"abcd",)),
    "view": (pa.string_view(), ("short", "longer than twelve bytes")),
    "nothing": (pa.null(), (None,)),
    "category": (pa.dictionary(pa.int32(), pa.string()), ("red", "green")),
    "json": (pa.json_(), ('{"a": 1}', "[]")),
    "uuid": (pa.uuid(), (uuid.UUID(int=5).bytes,)),
}
NESTED = {
    "list": (pa.list_(pa.int32()), ([1, None, 3], [])),
    "large_list": (pa.large_list(pa.string()), (["a"], [None])),
    "list_view": (pa.list_view(pa.string()), (["a"], ["b", None])),
    "fixed_list": (pa.list_(pa.float32(), 2), ([1.0, None],)),
    "deep": (pa.list_(pa.list_(pa.struct([("a", pa.string())]))), ([[{"a": "x"}, None], []], [None])),
    "struct": (pa.struct([("a", pa.int64()), ("b.c", pa.list_(pa.string()))]), ({"a": 1, "b.c": ["x"]},)),
    "map": (pa.map_(pa.string(), pa.list_(pa.int32())), ([("k", [1]), ("l", None)], [])),
    "dates": (pa.list_(pa.timestamp("us", tz="UTC")), ([NOON, None],)),
}


def column(kind: pa.DataType, values: tuple[Any, ...]) -> pa.Array:
    """Return values of a type in turn."""
    if isinstance(kind, pa.BaseExtensionType):
        return pa.ExtensionArray.from_storage(kind, column(kind.storage_type, values))
    if pa.types.is_dictionary(kind):
        return column(kind.value_type, values).dictionary_encode()
    return pa.array(in_turn(*values), kind)


def table_of(columns: dict[str, tuple[pa.DataType, tuple[Any, ...]]], **options: Any) -> pa.Table:
    """Return a table of columns by name, type and values, with metadata of its own and of each field."""
    fields = [
        pa.field(name, kind, metadata={"about": name, "PARQUET:field_id": str(7 * number + 1)})
        for number, (name, (kind, _)) in enumerate(columns.items())
    ]
    arrays = [column(*one) for one in columns.values()]
    schema = pa.schema([*fields, pa.field("text", pa.string(), nullable=False)], {"license": "MIT"})
    return pa.Table.from_arrays([*arrays, pa.array(TEXTS)], schema=schema)


def by_pyarrow(path: Path) -> None:
    pq.write_table(table_of(PLAIN | NESTED), path, row_group_size=10)


def by_pyarrow_without_its_schema(path: Path) -> None:
    pq.write_table(table_of(PLAIN | NESTED), path, store_schema=False, version="2.6")


def by_pyarrow_with_old_names(path: Path) -> None:
    table = table_of(
        {
            "items": (pa.list_(pa.string()), (["a"], [None])),
            "array": (pa.list_(pa.field("array", pa.list_(pa.field("bag", pa.int64())))), ([[1], []],)),
            "structs": (pa.list_(pa.field("tuple", pa.struct([("n", pa.int8())]))), ([{"n": 1}],)),
            "map": (pa.map_(pa.string(), pa.list_(pa.field("value", pa.string()))), ([("k", ["v"])],)),
            "modern": (pa.list_(pa.field("element", pa.string())), (["a"],)),
        }
    )
    codecs = {
        "items.list.item": "ZSTD", "array.list.array.list.bag": "GZIP", "structs.list.tuple.n": "BROTLI",
        "map.key_value.key": "SNAPPY", "map.key_value.value.list.value": "LZ4", "text": "ZSTD",
    }  # fmt: skip
    pq.write_table(table, path, compression=codecs, use_compliant_nested_type=False, store_schema=False)


def by_pyarrow_with_nested_views(path: Path) -> None:
    """As DataFusion writes: the file says that strings within structs are views."""
    kind = pa.struct([("v", pa.string()), ("n", pa.list_(pa.struct([("w", pa.binary())])))])
    table = table_of({"struct": (kind, ({"v": "x" * 20, "n": [{"w": b"y"}, None]}, {"v": None, "n": []}))})
    inner = pa.list_(pa.struct([("w", pa.binary_view())]))
    hint = table.schema.set(0, pa.field("struct", pa.struct([("v", pa.string_view()), ("n", inner)])))
    with pq.ParquetWriter(path, table.schema, store_schema=False) as writer:
        writer.write_table(table, row_group_size=9)
        hinted = base64.b64encode(hint.serialize().to_pybytes()).decode()
        writer.add_key_value_metadata({"ARROW:schema": hinted, "only": "in the footer"})


def by_polars(path: Path) -> None:
    enum = polars.Enum(["red", "green"])
    frame = polars.DataFrame(
        {
            "text": TEXTS,
            "strings": in_turn("a", ""),
            "lists": in_turn(["a", None], []),
            "structs": in_turn({"x": "1", "y": [1, None]}),
            "decimal": polars.Series(in_turn(decimal.Decimal("1.25")), dtype=polars.Decimal(20, 2)),
            "moments": polars.Series(in_turn(NOON), dtype=polars.Datetime("ns", "UTC")),
            "times": in_turn(NOON.time()),
            "lasting": in_turn(datetime.timedelta(seconds=1)),
            "category": polars.Series(in_turn("red", "green"), dtype=polars.Categorical),
            "enum": polars.Series(in_turn("red", "green"), dtype=enum),
            "tags": polars.Series(in_turn(["red", None], ["green"]), dtype=polars.List(polars.Categorical)),
            "pairs": polars.Series(in_turn([1, 2]), dtype=polars.Array(polars.Int32, 2)),
            "nothing": [None] * ROWS,
        }
    )
    frame.write_parquet(
        path, compression="lz4", metadata={"license": "MIT", "made by": "polars"}, row_group_size=6
    )


def by_duckdb(path: Path) -> None:
    kinds = {
        "tiny": "-1::TINYINT", "unsigned": "1::UBIGINT", "small_decimal": "1.5::DECIMAL(9, 2)",
        "decimal": "1.5::DECIMAL(38, 2)", "moments": "'2020-01-01 01:02:03+00'::TIMESTAMPTZ",
        "nanoseconds": "'2020-01-01'::TIMESTAMP_NS", "json": "'{}'::JSON", "blob": "'a'::BLOB",
        "lists": "[1, NULL]", "maps": "MAP {'a': [1]}", "structs": "{'a': 1, 'b': [{'c': 'x'}]}",
        "union": "union_value(num := 1)", "times": "'12:00:00'::TIME", "nothing": "NULL",
        # What pyarrow cannot keep:
        "interval": "INTERVAL 3 DAY", "timetz": "'12:00:00+02'::TIMETZ", "variant": "{'a': 1}::VARIANT",
    }  # fmt: skip
    selected = ", ".join(
        f"CASE WHEN row % 5 = 2 THEN NULL ELSE {sql} END AS {name}" for name, sql in kinds.items()
    )
    texts = pa.table({"row": range(ROWS), "text": TEXTS})
    with duckdb.connect() as database:
        database.register("texts", texts)
        database.sql(
            f"COPY (SELECT text, {selected} FROM texts ORDER BY row) TO '{path}' "
            "(FORMAT parquet, CODEC 'zstd', KV_METADATA {license: 'MIT'}, FIELD_IDS {text: 42})"
        )


def by_fastparquet(path: Path) -> None:
    frame = pandas.DataFrame(
        {
            "text": TEXTS,
            "number": range(ROWS),
            "category": pandas.Categorical(in_turn("x", "y")),
            "moments": pandas.to_datetime([NOON] * ROWS),
            "bytes": in_turn(b"x", b""),
            "json": in_turn({"a": 1}, [2]),
        }
    )
    fastparquet.write(
        str(path), frame, compression="GZIP", has_nulls=True, custom_metadata={"license": "MIT"},
        object_encoding={"text": "utf8", "bytes": "bytes", "json": "json"},
    )  # fmt: skip


def by_pandas(path: Path) -> None:
    frame = pandas.DataFrame(
        {"text": TEXTS, "number": range(ROWS)}, index=pandas.Index(range(ROWS), name="row")
    )
    frame.to_parquet(path, compression="brotli", index=True)


def with_annotations(path: Path) -> None:
    """As parquet-mr writes: text and bytes that are said to be an ENUM, and BSON."""
    table = pa.table({"enum": in_turn(b"red"), "bson": in_turn(b"\x05\0\0\0\0"), "text": TEXTS})
    pq.write_table(table, path, store_schema=False)
    change_footer(path, lambda footer: _annotate(footer, {1: 4, 2: 20}))


def _annotate(footer: Any, converted: dict[int, int]) -> None:
    for place, kind in converted.items():
        footer.schema[place].converted_type = kind


def with_names_of_hive(path: Path) -> None:
    """As Hive writes: the groups of a list are called otherwise."""
    table = table_of({"lists": (pa.list_(pa.string()), (["a", None], []))})
    pq.write_table(table, path, store_schema=False, compression="gzip")
    content = path.read_bytes()
    path.write_bytes(content.replace(b"\x04list", b"\x04bags").replace(b"\x07element", b"\x07article"))


def with_lists_of_two_levels(path: Path) -> None:
    """As parquet-avro writes: the values of a list are repeated, and no group is around them."""
    kind = pa.list_(pa.field("element", pa.int32(), nullable=False))
    table = pa.table({"arrays": pa.array(in_turn([1, 2], []), kind), "text": TEXTS})
    pq.write_table(table, path, store_schema=False)

    def flatten(footer: Any) -> None:
        root, arrays, _, element, text = footer.schema
        element.name, element.repetition_type = "array", 2
        footer.schema = [root, arrays, element, text]

    change_footer(path, flatten)


def with_a_struct_of_nothing(path: Path) -> None:
    """As other writers may: a struct without fields, which pyarrow reads and cannot write."""
    pq.write_table(pa.table({"odd": [1] * ROWS, "text": TEXTS}), path, store_schema=False)

    def empty(footer: Any) -> None:
        footer.schema[1].type, footer.schema[1].num_children, footer.column_orders = None, 0, None
        for group in footer.row_groups:
            group.columns = group.columns[1:]

    change_footer(path, empty)


def with_required_nulls(path: Path) -> None:
    """As other writers may: a column that has no values and must have some."""
    pq.write_table(pa.table({"odd": pa.nulls(0), "text": pa.array([], pa.string())}), path)
    change_footer(path, lambda footer: setattr(footer.schema[1], "repetition_type", 0))


def change_footer(path: Path, change: Callable[[Any], None]) -> None:
    """Change the footer of a file as Thrift has it."""
    content = path.read_bytes()
    rows_end = len(content) - 8 - int.from_bytes(content[-8:-4], "little")
    footer = from_buffer(content[rows_end:-8], "FileMetaData")
    change(footer)
    changed = footer.to_bytes()
    path.write_bytes(content[:rows_end] + changed + len(changed).to_bytes(4, "little") + b"PAR1")


WRITERS: dict[str, Callable[[Path], None]] = {
    writer.__name__: writer
    for writer in (
        by_pyarrow, by_pyarrow_without_its_schema, by_pyarrow_with_old_names, by_pyarrow_with_nested_views,
        by_polars, by_duckdb, by_fastparquet, by_pandas, with_annotations, with_names_of_hive,
        with_lists_of_two_levels,
    )
}  # fmt: skip
