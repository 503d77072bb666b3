"""What becomes of columns that pyarrow reads and writes again: their types, their names, and what is lost.

Lists keep the names of their elements. What pyarrow does not keep is no list of cases: how a column stands in
its file is compared with how pyarrow would write it.
"""

import re
from collections.abc import Mapping
from contextlib import suppress
from itertools import zip_longest
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from filtering.errors import BadFileError

WRITER_OPTIONS: Mapping[str, Any] = {"use_compliant_nested_type": False}
"""Of every file of rows: pyarrow would call the elements of all lists ``element``."""
NO_LOSS = re.compile(
    r" field_id=-1| \(Int\(bitWidth=(32|64), isSigned=true\)\)"
    r"|, is_from_converted_type=\w+|, force_set_converted_type=\w+|;$| \{$"
)
"""What means nothing in pyarrow's words for a schema, or goes without saying: integers are signed."""


def parquet_schema(schema: pa.Schema, *, integer_decimals: bool = False) -> pq.ParquetSchema:
    """Return the Parquet schema that pyarrow writes for an Arrow schema.

    Raises
    ------
    ArrowException
        If it cannot write one of the columns.
    """
    written: list[pq.FileMetaData] = []
    with pq.ParquetWriter(
        pa.BufferOutputStream(), schema, metadata_collector=written,
        store_decimal_as_integer=integer_decimals, **WRITER_OPTIONS,
    ):  # fmt: skip
        pass
    return written[0].schema


def has_integer_decimals(schema: pq.ParquetSchema) -> bool:
    """Tell whether decimals of a file are integers, as Spark and DuckDB write small ones."""
    columns = map(schema.column, range(len(schema)))
    return any(one.logical_type.type == "DECIMAL" and one.physical_type.startswith("INT") for one in columns)


def refuse_unwritable(schema: pa.Schema, path: str) -> None:
    """Check that pyarrow can write columns of these types.

    Raises
    ------
    BadFileError
        If not, with the name of the first column that it cannot write.
    """
    with suppress(pa.ArrowException):
        parquet_schema(schema)
        return
    for field in schema:
        try:
            parquet_schema(pa.schema([field]))
        except pa.ArrowException as error:
            raise unwritable(path, field, error) from error


def unwritable(path: str, field: pa.Field, error: Exception) -> BadFileError:
    """Return the error that says which column of a file can be read and not be written."""
    why = str(error).partition("\n")[0][:300]
    return BadFileError(
        f"{path} must have columns that can be written as well as read. pyarrow cannot write {field.name!r}, "
        f"of type {field.type}: {why.rstrip('.')}. Leave it out of the file, or use --write scores."
    )


def writable_schema(schema: pa.Schema) -> pa.Schema:
    """Return a schema whose columns pyarrow can cut: string and binary views within others become plain."""
    fields = [
        field.with_type(_without_views(field.type)) if field.type.num_fields else field for field in schema
    ]
    return pa.schema(fields, schema.metadata)


def _without_views(kind: pa.DataType) -> pa.DataType:
    if isinstance(kind, pa.BaseExtensionType):
        plain = _without_views(kind.storage_type)
        return kind if plain == kind.storage_type else plain
    if pa.types.is_string_view(kind) or pa.types.is_binary_view(kind):
        return pa.string() if pa.types.is_string_view(kind) else pa.binary()
    if not kind.num_fields or pa.types.is_dictionary(kind):
        return kind
    inner = [field.with_type(_without_views(field.type)) for field in map(kind.field, range(kind.num_fields))]
    return _nested(kind, inner)


def _nested(kind: pa.DataType, inner: list[pa.Field]) -> pa.DataType:
    if pa.types.is_struct(kind):
        return pa.struct(inner)
    if pa.types.is_map(kind):
        key, item = (inner[0].type.field(index) for index in range(2))
        return pa.map_(key, item, kind.keys_sorted)
    if pa.types.is_fixed_size_list(kind):
        return pa.list_(inner[0], kind.list_size)
    makers = {
        pa.types.is_list: pa.list_, pa.types.is_large_list: pa.large_list,
        pa.types.is_list_view: pa.list_view, pa.types.is_large_list_view: pa.large_list_view,
    }  # fmt: skip
    return next((make(inner[0]) for is_kind, make in makers.items() if is_kind(kind)), kind)


def writable_array(array: pa.Array, kind: pa.DataType) -> pa.Array:
    """Return the values of a column in the type that `writable_schema` gives it.

    By hand, since pyarrow casts list views within others to offsets beyond their values (26.0).
    """
    if array.type == kind:
        return array
    if isinstance(array.type, pa.BaseExtensionType):
        return writable_array(array.storage, kind)
    if not kind.num_fields:
        return array.cast(kind)
    inner = [field.type for field in map(kind.field, range(kind.num_fields))]
    if pa.types.is_struct(kind):
        children = [writable_array(array.field(index), to) for index, to in enumerate(inner)]
        mask = array.is_null() if array.null_count else None
        return pa.StructArray.from_arrays(children, fields=list(kind), mask=mask)
    # Lists of any kind: what says where they begin and end stays, over other values.
    own = array.buffers()[: -len(array.values.buffers())]
    values = [writable_array(array.values, inner[0])]
    return pa.Array.from_buffers(kind, len(array), own, offset=array.offset, children=values)


class Losses:
    """Notes which columns of some files pyarrow does not keep as they are: each once, by its first file."""

    def __init__(self) -> None:
        self._seen: set[int] = set()
        self._found: dict[tuple[str, str, str], str] = {}

    def look_at(self, path: str, source: pq.ParquetSchema, schema: pa.Schema) -> None:
        """Note what is not kept of a file, whose Arrow schema is given too."""
        seen = hash(str(source).partition("\n")[2])  # the first line is of this object alone
        if seen in self._seen:  # comparing takes a millisecond, and files of a dump are of few kinds
            return
        self._seen.add(seen)
        with suppress(pa.ArrowException):  # what cannot be written at all its part is set aside for
            decimals = has_integer_decimals(source)
            written = parquet_schema(writable_schema(schema), integer_decimals=decimals)
            columns = zip(schema.names, _in_words(source), _in_words(written), strict=False)
            for name, before, after in columns:
                lines = zip_longest(before, after, fillvalue="nothing")
                if change := next(((one, other) for one, other in lines if one != other), None):
                    self._found.setdefault((name, *change), path)

    def in_words(self) -> tuple[str, ...]:
        """Return a line for each column."""
        return tuple(
            f"Column {name!r} of {path} comes out otherwise: {before!r} becomes {after!r}. Its values stay; "
            "docs/explanation.md says what pyarrow cannot keep."
            for (name, before, after), path in self._found.items()
        )


def _in_words(schema: pq.ParquetSchema) -> list[list[str]]:
    """Return the lines of pyarrow's words for each column, without what means nothing."""
    columns: list[list[str]] = []
    for line in str(schema).splitlines()[2:-1]:
        if not columns or re.match(r"  [^ }]", line):
            columns.append([])
        columns[-1].append(NO_LOSS.sub("", line).strip())
    return columns
