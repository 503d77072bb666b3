"""Where the texts of a table lie: a column, or a field of a column of structs."""

import pyarrow as pa
import pyarrow.compute as pc


def text_path(schema: pa.Schema, text_column: str) -> tuple[str, ...]:
    """Return the names that lead to a text column: its own, or those of a column and of fields within it.

    A column with the very name goes before fields. Empty where there is neither.

    Examples
    --------
    >>> schema = pa.schema([("content", pa.struct([("text", pa.string())])), ("a.b", pa.string())])
    >>> text_path(schema, "content.text"), text_path(schema, "a.b"), text_path(schema, "content.title")
    (('content', 'text'), ('a.b',), ())
    """
    if text_column in schema.names:
        return (text_column,)
    for field in schema:
        if text_column.startswith(f"{field.name}.") and pa.types.is_struct(field.type):
            below = text_path(pa.schema(field.type.fields), text_column[len(field.name) + 1 :])
            if below:
                return (field.name, *below)
    return ()


def texts_of(batch: pa.RecordBatch | pa.Table, text_column: str) -> pa.Array | pa.ChunkedArray:
    """Return the texts of a batch or a table; null where what they are a field of is null."""
    column, *fields = text_path(batch.schema, text_column)
    texts = batch.column(column)
    return pc.struct_field(texts, fields) if fields else texts
