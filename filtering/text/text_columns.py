"""Which column of a table holds its texts: one rule for all verbs, and for batches in Python."""

import pyarrow as pa

from filtering.errors import ColumnError
from filtering.printable import listed
from filtering.text.settings import TEXT_COLUMNS
from filtering.wrong_values import near_name

BLOB_ID = "blob_id"
"""Stands in The Stack v2, its train sets and Stack-Edu where others have texts."""


def find_text_column(schema: pa.Schema, where: str, *, option: str = "--text-column") -> str:
    """Return the name of the only column that dumps hold texts in.

    Parameters
    ----------
    schema : Schema
    where : str
        What the table is, for messages.
    option : str
        What chooses a column, for messages.

    Raises
    ------
    ColumnError
        If there is none, or there are several.
    """
    present = [name for name in TEXT_COLUMNS if name in schema.names]
    # A page's response code is no text; where nothing is, the one column there is gets a message of its own.
    found = [name for name in present if holds_text(schema.field(schema.names.index(name)).type)] or present
    if len(found) == 1:
        return found[0]
    names = ", ".join(TEXT_COLUMNS)
    if found:
        raise ColumnError(
            f"{where} must have only one of {names}. Found {', '.join(found)}. Choose with {option}."
        )
    if any(BLOB_ID in str(field) for field in schema):
        raise ColumnError(
            f"{where} must have one of the columns {names}. It names files by {BLOB_ID!r}, as The Stack v2 "
            "does, and holds none. Download each (s3://softwareheritage/content/<blob_id>, gzipped; "
            "'src_encoding' says how it is encoded), and write them into a column 'content'."
        )
    raise ColumnError(
        f"{where} must have one of the columns {names}. Found {listed(schema.names) or 'no columns'}. "
        f"Name the text column with {option}."
    )


def likely_text_column(schema: pa.Schema, chosen: str) -> str:
    """Return the column that looks like that of the texts, where another one was chosen; empty if none does.

    Examples
    --------
    >>> columns = [("url", pa.string()), ("content", pa.string()), ("body", pa.string())]
    >>> likely_text_column(pa.schema(columns), "url"), likely_text_column(pa.schema(columns[::2]), "bdy")
    ('content', 'body')
    """
    names = [field.name for field in schema if field.name != chosen and holds_text(field.type)]
    named = [name for name in TEXT_COLUMNS if name in names]
    return near_name(chosen, named) or (named[0] if named else near_name(chosen, names))


def holds_text(kind: pa.DataType) -> bool:
    """Tell whether values of an Arrow type can be scored: strings and bytes, JSON and the like among them."""
    if isinstance(kind, pa.BaseExtensionType):
        kind = kind.storage_type
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    tests = (
        pa.types.is_string,
        pa.types.is_large_string,
        pa.types.is_string_view,
        pa.types.is_binary,
        pa.types.is_large_binary,
        pa.types.is_binary_view,
        pa.types.is_null,  # what many writers make of a column without a value
    )
    return any(test(kind) for test in tests)
