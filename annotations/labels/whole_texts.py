"""Finds the whole texts of a table for people, which holds windows of them: a file beside it has them."""

from pathlib import Path

import pyarrow as pa

from annotations.labels.columns import is_string
from annotations.labels.sources import read_table
from filtering.printable import listed
from filtering.text.windows import cut_window

TEXTS_SUFFIX = "-texts.parquet"
"""Of files of whole texts beside tables for people."""


def texts_beside(path: str) -> Path:
    """Return where the whole texts lie of a table for people, which holds windows of them.

    Examples
    --------
    >>> texts_beside("checks/sample.csv").name
    'sample-texts.parquet'
    """
    return Path(path).with_name(f"{Path(path).stem}{TEXTS_SUFFIX}")


def with_whole_texts(table: pa.Table, source: str) -> tuple[pa.Table, list[str], list[str]]:
    """Return a table with the whole texts of the windows in it, a warning, and the files that had them.

    A table for people holds windows. `sample_dump` wrote the whole texts beside it, and whoever filled it in
    may have saved it under another name: so all files of whole texts there are looked at, its namesake first.
    """
    if "text" not in table.column_names or not is_string(table["text"].type) or not Path(source).is_file():
        return table, [], []
    texts = table["text"].to_pylist()
    missing = {_as_shown(text) for text in texts if text is not None}
    whole_of: dict[str, str] = {}
    files, having = _files_of_whole_texts(source), []
    for path in files:
        if not missing:
            break
        found, _ = read_table(str(path), ("text",), strings=("text",))
        here = {_as_shown(cut_window(whole)): whole for whole in found["text"].to_pylist()}
        if missing & here.keys():
            having.append(str(path))
        whole_of |= here
        missing -= here.keys()
    whole = [text if text is None else whole_of.get(_as_shown(text), text) for text in texts]
    strangers = sum(text is not None and _as_shown(text) in missing for text in texts)
    told = (
        f"Warning: {strangers:,} of {len(texts):,} rows hold texts that are not of the sample in "
        f"{listed(path.name for path in files)}. Is it the export of another project?"
    )
    table = table.set_column(table.column_names.index("text"), "text", pa.array(whole, pa.large_string()))
    return table, [told] if files and strangers else [], having


def _files_of_whole_texts(source: str) -> list[Path]:
    namesake = texts_beside(source)
    return sorted(namesake.parent.glob(f"*{TEXTS_SUFFIX}"), key=lambda path: (path != namesake, path))


def _as_shown(text: str) -> str:
    """Return a text by what tells it from others, whatever a spreadsheet made of ends of lines and blanks."""
    return " ".join(text.split())
