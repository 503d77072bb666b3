"""Which column of a table holds its texts: one rule for all verbs."""

from typing import TYPE_CHECKING

from filtering.errors import ColumnError

if TYPE_CHECKING:
    import pyarrow as pa

TEXT_COLUMNS = ("text", "content", "raw_content", "code")
"""Names under which dumps hold their texts: ``text`` in FineWeb, ``content`` in The Stack, StarCoder data,
CodeParrot and github-jupyter, ``raw_content`` in RedPajama, ``code`` in github-code and parsed notebooks."""
TEXT_COLUMN_NAMES = f"{', '.join(TEXT_COLUMNS[:-1])} and {TEXT_COLUMNS[-1]}"
TEXT_COLUMN_HELP = f"Column of the text. Default: the only one of {TEXT_COLUMN_NAMES} that holds text."
BLOB_ID = "blob_id"
"""Stands in The Stack v2, its train sets and Stack-Edu where others have texts."""


def find_text_column(schema: "pa.Schema", where: str) -> str:
    """Return the name of the only column that dumps hold texts in.

    Parameters
    ----------
    schema : Schema
    where : str
        What the table is, for messages.

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
            f"{where} must have only one of {names}. Found {', '.join(found)}. Choose with --text-column."
        )
    if any(BLOB_ID in str(field) for field in schema):
        raise ColumnError(
            f"{where} must have one of the columns {names}. It names files by {BLOB_ID!r}, as The Stack v2 "
            "does, and holds none. Download each (s3://softwareheritage/content/<blob_id>, gzipped; "
            "'src_encoding' says how it is encoded), and write them into a column 'content'."
        )
    raise ColumnError(
        f"{where} must have one of the columns {names}. Found {', '.join(schema.names) or 'no columns'}. "
        "Name the text column with --text-column."
    )


def holds_text(kind: "pa.DataType") -> bool:
    """Tell whether values of an Arrow type can be scored."""
    import pyarrow as pa  # now, for options say which columns these are

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
