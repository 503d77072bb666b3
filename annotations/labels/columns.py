"""The columns that samples and labels share, and how those of a foreign table become them."""

import os
from collections.abc import Iterator, Mapping, Sequence
from math import isfinite
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pyarrow as pa

from annotations.labels.code_languages import LANGUAGE_COLUMNS, PATH_COLUMNS
from annotations.samples.sampling import UNKNOWN_PICK
from filtering.errors import LabelsError
from filtering.printable import printable
from filtering.rubric_points import POINTS
from filtering.text.windows import REACH, WINDOW, cut_window, header_end
from filtering.wrong_values import near_number

SAMPLE_SCHEMA = pa.schema(
    [
        ("id", pa.string()),  # file#row, or the user's own
        ("text", pa.large_string()),  # what scores are fitted to; a model is shown the window of it
        ("group", pa.string()),  # site, book or repository; splits never part a group
        ("picked", pa.string()),  # stratified, why an active strategy took it, or unknown
        ("probability", pa.float64()),  # that a random draw takes it; null where it was no random draw
        ("weight", pa.float64()),  # documents of the dump that it stands for; null likewise
        ("edu_score", pa.float32()),  # of the first stage, when it was drawn
        ("file", pa.string()),  # path below the input
        ("row", pa.int64()),  # in that file
        ("text_bytes", pa.int64()),  # of the whole document without its licence header
        ("window_rule", pa.string()),
        ("url", pa.string()),
        ("genre", pa.string()),
        ("lang", pa.string()),
        ("language", pa.string()),
        ("path", pa.string()),  # of a source file in its repository
    ]
)
DIGEST = "rubric_sha256"
"""The column of labels, and of tasks for people, with the digest of the rubric that they are given by."""
OTHERS_SHOWN = 4
"""Wrong rows that are named besides the first."""
SHOWN_ID_CHARS = 100
SHOWN_CHARS = 40
"""Of a score that is none: enough to find it, too few to be a document."""
CARRIED = ("url", "genre", "lang", "language")
"""Columns of a dump that a sample keeps where they hold text."""
ORIGIN_COLUMNS = tuple(dict.fromkeys((*CARRIED, *LANGUAGE_COLUMNS, *PATH_COLUMNS)))
"""Columns that `origin_of` looks at."""
GROUP_COLUMNS = (
    *("group", "repo", "repo_name", "repository_name", "max_stars_repo_name", "repository"),
    *("sample_repo_name", "domain", "host", "site"),
)
"""Names under which dumps say where a document comes from; else the host of its ``url`` does. Of code:
``repo_name`` in The Stack v2, CodeParrot and github-jupyter, ``max_stars_repo_name`` in The Stack and
StarCoder data, ``repository_name`` in CodeSearchNet, ``sample_repo_name`` in BigQuery's ``github_repos``."""


def host_of(url: str | None) -> str | None:
    """Return the host of an address without a leading ``www.``; None where there is none.

    Examples
    --------
    >>> host_of("https://www.example.org:8080/a"), host_of("no address")
    ('example.org', None)
    """
    try:
        host = urlsplit(url or "").hostname
    except ValueError:
        return None
    return host.removeprefix("www.") if host else None


def group_of(values: Mapping[str, Any], group_column: str | None, otherwise: str) -> str:
    """Return where a document comes from: by a column, else by its address, else it stands for itself."""
    found = first_told(values, (group_column,) if group_column else GROUP_COLUMNS)
    return str(found) if found is not None else host_of(values.get("url")) or otherwise


def first_told(values: Mapping[str, Any], names: Sequence[str]) -> Any:  # noqa: ANN401 - whatever stands there
    """Return the first of some columns' values that says something; None where none does."""
    return next((values[name] for name in names if values.get(name) not in (None, "")), None)


def origin_of(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a sample keeps of a document's origin, by whichever names a dump has it under."""
    found = {name: values[name] for name in CARRIED if name in values}
    others = {"path": first_told(values, PATH_COLUMNS)}
    if first_told(found, LANGUAGE_COLUMNS) is None:
        others["language"] = first_told(values, LANGUAGE_COLUMNS)
    return found | {name: value for name, value in others.items() if value is not None}


def sample_row(text: str, /, **values: Any) -> dict[str, Any]:  # noqa: ANN401 - a value for each column
    """Return a row of `SAMPLE_SCHEMA` for a whole text; columns not given are null."""
    row: dict[str, Any] = dict.fromkeys(SAMPLE_SCHEMA.names)
    data = text.encode("utf-8", errors="surrogatepass")
    return {
        **row,
        "text_bytes": len(data) - header_end(data),
        **values,
        "text": cut_window(text, REACH),
        "window_rule": WINDOW.name,
    }


def sample_rows(
    table: pa.Table, name: str, *, text_column: str, group_column: str | None
) -> Iterator[dict[str, Any]]:
    """Yield rows of `SAMPLE_SCHEMA` from a table of documents that may have fewer columns.

    Where it does not say how a document was picked, that is noted as `UNKNOWN_PICK`.

    Raises
    ------
    LabelsError
        If the column of texts holds none.
    """
    if not is_string(table[text_column].type):
        raise LabelsError(f"{text_column!r} in {name} must be string. Got {table[text_column].type} instead.")
    alike = [one.name for one in SAMPLE_SCHEMA if one.name in table.column_names and _fits(table, one)]
    telling = [one for one in ORIGIN_COLUMNS if one in table.column_names and is_text(table[one].type)]
    file = printable(os.fsencode(Path(name).name))
    for number, row in enumerate(table.to_pylist()):
        said = {column: value for column, value in row.items() if value not in (None, "")}
        told = origin_of({column: said[column] for column in telling if column in said})
        known = {column: said[column] for column in alike if column in said}
        identity = str(said.get("id", f"{file}#{number}"))
        group = group_of({**said, "url": known.get("url")}, group_column, identity)
        # What the table says under a sample's own names goes before what others of its columns tell.
        picked = UNKNOWN_PICK if known.get("probability") is None else "random"
        values = {"file": file, "row": number, "picked": picked} | told | known
        yield sample_row(said.get(text_column, ""), **values | {"id": identity, "group": group})


def check_scores(column: pa.ChunkedArray, title: str, name: str, ids: Sequence[object] = ()) -> None:
    """Refuse a column of scores that holds anything but numbers from 0 to `POINTS`, and what is empty.

    Parameters
    ----------
    column : ChunkedArray
    title, name : str
        What the column is called, and its table.
    ids : sequence, optional
        Of the documents, to name a wrong row by.

    Raises
    ------
    LabelsError
        The message has the first wrong row and value, and how many are wrong.
    """
    kind = column.type
    if not (is_number(kind) or is_text(kind) or pa.types.is_null(kind)):
        raise LabelsError(f"{title!r} in {name} must be a number from 0 to {POINTS}. Got {kind} instead.")
    # Row by row: a column of texts is one where at least one row is none of numbers.
    wrong = [(row, one) for row, one in enumerate(column.to_pylist(), start=1) if not _is_score(one)]
    if wrong:
        (row, value), *others = wrong
        meant = near_number(value, is_whole=False) if isinstance(value, str) else ""
        near = f" Did you mean {meant}?" if meant and _is_score(meant) else ""
        where = f" (id {str(ids[row - 1])[:SHOWN_ID_CHARS]!a})" if ids else ""
        raise LabelsError(
            f"{title!r} in {name} must be a number from 0 to {POINTS}. Got {_shown(value)} in data row "
            f"{row:,}{where}.{near} {_others_in_words(others)} Mend or drop what is wrong."
        )
    if is_text(kind):
        raise LabelsError(
            f"{title!r} in {name} must be a number. Got {kind} instead: its numbers are written as "
            "text. Write them without quotes."
        )


def _shown(value: object) -> str:
    return ascii(value[:SHOWN_CHARS]) if isinstance(value, str) else f"{value:g}"


def _others_in_words(wrong: Sequence[tuple[int, object]]) -> str:
    """Return which rows are wrong besides the first, by row and value."""
    if not wrong:
        return "No other row is wrong."
    named = ", ".join(f"{_shown(value)} in row {row:,}" for row, value in wrong[:OTHERS_SHOWN])
    more = f", and {len(wrong) - OTHERS_SHOWN:,} more" if len(wrong) > OTHERS_SHOWN else ""
    return f"Also wrong: {named}{more}."


def _is_score(value: object) -> bool:
    if isinstance(value, str):
        if not value.strip():
            return True
        try:
            value = float(value)
        except ValueError:
            return False
    return value is None or (isinstance(value, (int, float)) and isfinite(value) and 0 <= value <= POINTS)


def _fits(table: pa.Table, field: pa.Field) -> bool:
    """Tell whether a column of a foreign table can mean what the one of its name in a sample does."""
    kind = table[field.name].type
    if pa.types.is_integer(field.type):
        return bool(pa.types.is_integer(kind))
    if pa.types.is_floating(field.type):
        return is_number(kind)
    return is_text(kind)


def is_text(kind: pa.DataType) -> bool:
    """Tell whether an Arrow type is text, or text in a dictionary, as categories of pandas are."""
    return is_string(kind.value_type if pa.types.is_dictionary(kind) else kind)


def is_string(kind: pa.DataType) -> bool:
    """Tell whether an Arrow type is text."""
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind))


def is_number(kind: pa.DataType) -> bool:
    """Tell whether an Arrow type is a number."""
    return bool(pa.types.is_integer(kind) or pa.types.is_floating(kind))
