"""Asks whether a column is that of the texts, where what it holds speaks against that: addresses, nothing."""

from collections.abc import Mapping, Sequence

import pyarrow as pa

from filtering.errors import BadFileError, RunError
from filtering.printable import printable
from filtering.text.arrow import text_bytes, text_lengths
from filtering.text.settings import TEXT_COLUMNS
from filtering.text.text_columns import likely_text_column
from pipelines.amount_formats import percent
from pipelines.dump.parts import Parts
from pipelines.dump.reading import read_footer
from pipelines.progress import Reporter

MANY = 0.5
"""Share of documents without text, or with hardly any, from which it is worth a question."""
SHORT_BYTES = 100
"""Addresses, titles and identifiers are mostly shorter."""
WITHOUT_TEXT = ("null", "empty", "white-space")
"""Reasons for which a document has no score that say that it has no text."""


def doubt_of_sample(parts: Parts, column: str, texts: Sequence[pa.Array]) -> str:
    """Return what makes a column a doubtful one, by the texts of some rows, and a question; empty if nothing.

    Parameters
    ----------
    parts : Parts
        Whose rows they are.
    column : str
    texts : sequence of Arrow array
    """
    found = _doubt(texts, column)
    return f"{found} {_question(parts, column)}" if found else ""


def doubt_of_documents(texts: Sequence[pa.Array], column: str) -> str:
    """Return the same of labels, or of a file whose column of documents is told by its name alone."""
    found = _doubt(texts, column)
    question = f"Is {column!r} the column of the documents? If another one is, give it this name."
    return f"{found} {question}" if found else ""


def tell_doubt(texts: Sequence[pa.Array], column: str, reporter: Reporter) -> None:
    """Say so where `doubt_of_documents` has something to say."""
    if doubt := doubt_of_documents(texts, column):
        reporter.say(f"Warning: {doubt}")


def doubt_of_table(table: pa.Table, column: str) -> str:
    """Return the same of a table whose column of documents can be named with ``--text-column``."""
    found = _doubt(table[column].chunks, column)
    return f"{found} {_asked(table.schema, column)}" if found else ""


def _doubt(texts: Sequence[pa.Array], column: str) -> str:
    """Return what speaks against a column: documents without text, or mostly short ones."""
    rows, lengths = sum(map(len, texts)), [text_lengths(some) for some in texts]
    empty = sum(int((one == 0).sum()) for one in lengths)
    short = sum(int((one < SHORT_BYTES).sum()) for one in lengths)
    if not rows or short < MANY * rows:
        return ""
    if empty >= MANY * rows:
        return _without_text(empty, rows)
    # In a column that is named so short sentences may be documents; what has no space is an address.
    if column not in TEXT_COLUMNS or _without_spaces(texts) >= MANY * rows:
        return f"{short:,} of {rows:,} documents hold fewer than {SHORT_BYTES} bytes."
    return ""


def _without_spaces(texts: Sequence[pa.Array]) -> int:
    """Return how many texts are short and of ASCII, and have no space: words of some scripts have none."""
    short = (text for some in texts for text in text_bytes(some) if text and len(text) < SHORT_BYTES)
    return sum(text.isascii() and len(text.split()) <= 1 for text in short)


def doubt_of_run(parts: Parts, column: str, manifest: Mapping[str, object]) -> str:
    """Return the same by what a finished run counted.

    Parameters
    ----------
    parts : Parts
    column : str
    manifest : mapping
        Of the run.
    """
    rows, reasons = manifest["rows"], manifest["reasons"]
    if not isinstance(rows, int) or not isinstance(reasons, Mapping) or not rows:
        return ""
    empty = sum(reasons.get(name, 0) for name in WITHOUT_TEXT)
    if empty >= MANY * rows:
        return f"{_without_text(empty, rows)} {_question(parts, column)}"
    if not manifest["kept"] and column not in TEXT_COLUMNS:
        return f"Nothing was kept. {_question(parts, column)}"
    return ""


def _without_text(empty: int, rows: int) -> str:
    return f"{empty:,} of {rows:,} documents ({percent(empty, rows)}) have no text."


def _question(parts: Parts, column: str) -> str:
    try:
        schema = read_footer(parts[0].path).schema
    except (BadFileError, RunError, IndexError):
        schema = pa.schema([])
    return _asked(schema, column)


def _asked(schema: pa.Schema, column: str) -> str:
    asked = f"Is {column!r} the text column?"
    likely = likely_text_column(schema, column)
    return f"{asked} {likely!r} looks like it: --text-column {printable(likely)}." if likely else asked
