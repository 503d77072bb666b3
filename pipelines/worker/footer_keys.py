"""The keys of a source's footer that go along with its rows: all that are still true of the output.

What a key means is known only to who wrote it, so each goes along as it is, except those that say which
columns or rows a file has: other programs believe these more than the file.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any

import pyarrow as pa

ARROW_SCHEMA = b"ARROW:schema"
"""pyarrow writes its own."""
LISTS_OF_COLUMNS = (
    b"avro.schema", b"parquet.avro.schema", b"iceberg.schema", b"parquet.proto.descriptor",
    b"parquet.thrift.descriptor", b"thrift.descriptor",
)  # fmt: skip
"""Whose columns are all that their readers see; they go where a run adds columns."""
SPARK_KINDS = {
    pa.float32(): "float", pa.bool_(): "boolean", pa.string(): "string",
    pa.int32(): "integer", pa.int64(): "long",
}  # fmt: skip


def true_keys(keys: Mapping[bytes, bytes], added: Sequence[pa.Field]) -> dict[bytes, bytes]:
    """Return what the footer of an output says.

    Parameters
    ----------
    keys : mapping
        Of the source.
    added : sequence of Field
        The columns that the run adds.

    Examples
    --------
    >>> true_keys({b"ARROW:schema": b"...", b"license": b"MIT"}, [])
    {b'license': b'MIT'}
    """
    gone = {ARROW_SCHEMA, *(LISTS_OF_COLUMNS if added else ())}
    mended = {
        b"pandas": _without_ranges,
        b"org.apache.spark.sql.parquet.row.metadata": lambda table: _with_columns(table, added),
    }
    return {
        key: _mended(value, mended[key]) if key in mended else value
        for key, value in keys.items()
        if key not in gone
    }


def _mended(value: bytes, mend: Callable[[dict[str, Any]], bool]) -> bytes:
    """Return a value of JSON as it is after something was done to it; as it was if that changed nothing."""
    with suppress(
        ValueError, TypeError, LookupError, AttributeError
    ):  # not what it should be: whose key it is?
        table = json.loads(value)
        if mend(table):
            return json.dumps(table, ensure_ascii=False).encode()
    return value


def _without_ranges(table: dict[str, Any]) -> bool:
    """Take out the index of a data frame that numbers the rows of the source; tell whether there was one."""
    indices = table["index_columns"]
    table["index_columns"] = [one for one in indices if not isinstance(one, dict)]
    return len(table["index_columns"]) < len(indices)


def _with_columns(table: dict[str, Any], added: Sequence[pa.Field]) -> bool:
    """Add columns to Spark's list of them; tell whether there are any."""
    table["fields"] += [_spark_field(one) for one in added]
    return bool(added)


def _spark_field(field: pa.Field) -> dict[str, Any]:
    return {"name": field.name, "type": _spark_type(field.type), "nullable": True, "metadata": {}}


def _spark_type(kind: pa.DataType) -> str | dict[str, Any]:
    if pa.types.is_list(kind):
        return {"type": "array", "elementType": _spark_type(kind.value_type), "containsNull": True}
    if pa.types.is_struct(kind):
        return {"type": "struct", "fields": [_spark_field(one) for one in kind.fields]}
    return SPARK_KINDS[kind]
