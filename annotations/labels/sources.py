"""Reads documents and labels as Arrow: from Parquet, JSON, CSV, a folder, the hub, a `datasets` object."""

import re
from collections.abc import Sequence
from contextlib import suppress
from itertools import islice
from json import JSONDecodeError
from mmap import ACCESS_READ, mmap
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.json
import pyarrow.parquet as pq

from annotations.labels.label_studio import (
    ANNOTATION,
    ANNOTATOR,
    DOCUMENT,
    as_sample,
    is_export,
    row_of_flat_export,
    rows_of_export,
)
from annotations.labels.spreadsheet_cells import unguarded
from filtering.being_read import being_read
from filtering.errors import ColumnError, LabelsError, MissingExtraError
from filtering.extras import require
from filtering.parquet_footers import check_footer
from filtering.printable import listed
from filtering.regular_files import MAX_NESTING, open_regular, parse_json, too_nested_from
from filtering.text.text_columns import find_text_column
from filtering.wrong_values import near_name, near_path

LABELS = "Labels"
"""What a source holds, unless its reader says otherwise."""
BATCH_ROWS = 1000
CSV_SUFFIXES = (".csv", ".tsv")
JSON_SUFFIXES = (".jsonl", ".ndjson", ".json")
DELIMITERS = ",;\t"
"""What spreadsheets put between columns, by country; the header tells which."""
NUMBER, MOST = r"^\s*[+-]?\d*[.,]?\d+\s*$", 0.5
"""What looks like a number, also with a decimal comma; and from which share on a column is one of numbers."""
CHANGED = re.compile(r"Column\(/([\w/]{1,60})\) changed from (\w+) to (\w+) in row (\d+)")
"""What Arrow says where a key of JSON lines has several types."""
JSON_ROW, CSV_ROW = re.compile(r"in row (\d+)"), re.compile(r"Row #(\d+)")
"""How Arrow names rows: of JSON from 0 on, in the block; of CSV from 1 on, the header among them."""
BLOCK_BYTES = 64 << 20
"""A line must fit: texts may be long."""
GROWTH = 100
LEAST_ALLOWED_BYTES = 1 << 30
"""Decoded bytes that labels may always have; texts that do not repeat each other grow ten times."""
ROWS_AT_A_TIME = 64
LABELS_FILE, JOURNAL_FILE = "labels.parquet", "journal.sqlite"
"""In a folder that `edufilter annotate` wrote."""
TEXTS_FILE, GRADES_FILE, RUN_FILE = "write.json", "grades.parquet", "run/plan.json"
"""In a folder that `edufilter write` wrote, in one of `edufilter grade`, and in one of `edufilter filter`."""


def read_table(
    source: Any, columns: Sequence[str], *, strings: Sequence[str] = (), called: str = LABELS
) -> tuple[pa.Table, str]:
    """Return the columns that a source has of those asked for, and a name for messages.

    Parameters
    ----------
    source : str or datasets.Dataset or datasets.IterableDataset
        A Parquet, JSON or CSV file; a folder that `edufilter annotate` wrote, or one as
        `datasets.load_dataset` or `Dataset.save_to_disk` takes it; a data set on the hub, of which the split
        ``train`` is streamed, not stored.
    columns : sequence of str
    strings : sequence of str
        Columns that stay text where a CSV file leaves that open: an id of digits, say.
    called : str
        What the source holds, as messages begin with it.

    Raises
    ------
    LabelsError
        If there is no such source, or it cannot be read.
    MissingExtraError
        If `datasets` is needed and not installed.
    """
    if not isinstance(source, str):
        return _of_dataset(source, columns, "the data set", called), "the data set"
    path = _file_of(source)
    if not path and source:
        _refuse_other_folder(source, called)
    if path:
        return _of_file(path, columns, strings, called), path
    return _of_dataset(_loaded(source, called), columns, source, called), source


def _refuse_other_folder(source: str, called: str) -> None:
    """Refuse a folder of another command, and one of annotate that was never finished."""
    for file, kind, advice in (
        (TEXTS_FILE, "a folder of texts", f": name a file below {source}/data"),
        (GRADES_FILE, "a folder of grades", ""),
        (RUN_FILE, "a run", ", and has scores. Where a command takes both, the run is --population"),
    ):
        if Path(source, file).is_file():
            raise LabelsError(f"{called} must not be {kind}. {source} is one{advice}.")
    if Path(source, JOURNAL_FILE).is_file():
        raise LabelsError(
            f"{source} must hold {LABELS_FILE}. The command that began it was stopped before it wrote that: "
            "run the same command again."
        )


def _file_of(source: str) -> str:
    """Return the file that a source is, or that lies in a folder of annotate; empty if it is another one."""
    paths = [Path(source, LABELS_FILE), Path(source)] if source else []
    return next((str(path) for path in paths if path.is_file()), "")


def schema_of(source: Any) -> pa.Schema:
    """Return all columns of a source that `read_table` has read some of: for messages."""
    path = _file_of(source) if isinstance(source, str) else ""
    if path and _is_text_file(path):
        return read_text_file(path, ()).schema
    if path:
        with open(path, "rb", opener=open_regular) as file:
            return pq.read_schema(file)
    dataset = _loaded(source) if isinstance(source, str) else source
    if dataset.features is None:
        return pa.schema([(name, pa.null()) for name in next(iter(dataset), {})])
    return dataset.features.arrow_schema


def text_column_of(table: pa.Table, source: Any, name: str) -> str:
    """Return the only column of a table that can be its texts.

    Parameters
    ----------
    table : Table
        Some columns of the source, all that may hold texts among them.
    source, name
        Where it is from, and its name for messages.

    Raises
    ------
    ColumnError
        If there is none, or there are several; the message has all columns of the source.
    """
    try:
        return find_text_column(table.schema, name)
    except ColumnError:
        return find_text_column(schema_of(source), name)


def require_column(table: pa.Table, column: str, option: str, source: Any, name: str) -> None:
    """Refuse a source without a column that was asked for.

    Parameters
    ----------
    table : Table
        Columns of the source that were read, this one among them if it is there.
    column, option : str
        The column, and what names another one.
    source, name
        As for `text_column_of`.

    Raises
    ------
    LabelsError
        The message has all columns of the source.
    """
    if column in table.column_names:
        return
    found = schema_of(source).names
    near = near_name(column, found)
    raise LabelsError(
        f"{name} must have a column {column!r}. Found {listed(found) or 'none'}. Name another one with "
        f"{option}." + (f" Did you mean {near!r}?" if near else "")
    )


def _is_text_file(path: str) -> bool:
    return Path(path).suffix.lower() in (*CSV_SUFFIXES, *JSON_SUFFIXES)


def _of_file(path: str, columns: Sequence[str], strings: Sequence[str], called: str) -> pa.Table:
    if _is_text_file(path):
        table = read_text_file(path, strings)
        return table.select([name for name in table.column_names if name in columns])
    try:
        with being_read(path), open(path, "rb", opener=open_regular) as file:
            check_footer(file, path)
            return _bounded(pq.ParquetFile(file), path, columns, called)
    except LabelsError:
        raise
    except Exception as error:  # pyarrow raises nearly any
        texts = ", ".join((*CSV_SUFFIXES, *JSON_SUFFIXES))
        raise LabelsError(
            f"{called} must be a readable Parquet file, or a file whose name ends in one of {texts}. "
            f"{path}: {error}"
        ) from error


def _bounded(file: pq.ParquetFile, path: str, columns: Sequence[str], called: str) -> pa.Table:
    """Return the columns of a file, if they do not grow without measure: kilobytes may become gigabytes."""
    allowed, decoded, batches = max(LEAST_ALLOWED_BYTES, GROWTH * Path(path).stat().st_size), 0, []
    names = [name for name in file.schema_arrow.names if name in columns]
    for batch in file.iter_batches(ROWS_AT_A_TIME, columns=names):
        decoded += batch.nbytes
        if decoded > allowed:
            raise LabelsError(
                f"{called} must not grow more than {GROWTH} times when they are decoded. {path} has more "
                f"than {allowed:,} bytes in {listed(names)}."
            )
        batches.append(batch)
    fields = [file.schema_arrow.field(name) for name in names]
    return pa.Table.from_batches(batches, pa.schema(fields)).combine_chunks()


def read_text_file(path: str, strings: Sequence[str]) -> pa.Table:
    """Read a CSV file, with comma, semicolon or tab, or one of JSON lines or a list in JSON; all in UTF-8.

    An export of Label Studio is one of them: its annotations are the rows.

    Parameters
    ----------
    path : str
    strings : sequence of str
        Columns that stay text where a CSV file leaves that open: an id of digits, say.

    Raises
    ------
    LabelsError
        If it cannot be read; the message has no text of the file.
    """
    is_csv = Path(path).suffix.lower() in CSV_SUFFIXES
    if Path(path).is_file() and not Path(path).stat().st_size:
        raise LabelsError(f"{path} must hold rows. The file is empty.")
    try:
        if not is_csv:
            _check_nesting(path)
            if _is_array(path):
                return _of_array(path)
            return pyarrow.json.read_json(path, read_options=pyarrow.json.ReadOptions(block_size=BLOCK_BYTES))
        delimiter = _delimiter(path)
        table = pyarrow.csv.read_csv(
            path,
            # With threads no error says in which row.
            read_options=pyarrow.csv.ReadOptions(block_size=BLOCK_BYTES, use_threads=False),
            # Texts have line breaks.
            parse_options=pyarrow.csv.ParseOptions(newlines_in_values=True, delimiter=delimiter),
            convert_options=pyarrow.csv.ConvertOptions(
                column_types=dict.fromkeys((*strings, DOCUMENT), pa.string()), strings_can_be_null=False
            ),
        )
        table = as_sample(table if delimiter == "," else _with_decimal_points(table, strings))
        return unguarded(table)
    except LabelsError:
        raise
    except (OSError, ValueError, OverflowError, pa.ArrowException) as error:
        where = _where_in_csv(str(error)) if is_csv else _where_in_json(error, path)
        needed = (
            "a header, the same number of columns in each row, and comma, semicolon or tab between them"
            if is_csv
            else "one JSON object a line, or one list of objects, with the same type for a key in each"
        )
        kind = "CSV" if is_csv else "JSON"
        raise LabelsError(
            f"{path} must be a readable {kind} file in UTF-8: {needed}. It is not"
            f"{where or f' ({type(error).__name__}).'}"
        ) from None


# Arrow quotes values in its messages, and these may be texts: of these only the place is told.
def _where_in_csv(said: str) -> str:
    row = CSV_ROW.search(said)
    return f". The trouble is in data row {int(row[1]) - 1:,}." if row and int(row[1]) > 1 else ""


def _where_in_json(error: Exception, path: str) -> str:
    if isinstance(error, JSONDecodeError):
        if not error.doc[error.pos :].strip():
            return ": it breaks off at its end, as a file does that was not copied whole. Fetch it again."
        return f". The trouble is in line {error.lineno:,}, at character {error.colno:,}."
    row = JSON_ROW.search(said := str(error))
    if row is None or Path(path).stat().st_size > BLOCK_BYTES:  # which block the row is of nobody knows
        return ""
    with open(path, "rb") as file:
        full = (number for number, line in enumerate(file, start=1) if line.strip())
        line = next(islice(full, int(row[1]), None), 0)
    if changed := CHANGED.search(said):
        column, before, after, _ = changed.groups()
        return f". {column!r} is {before} before line {line:,}, and {after} there."
    return f". The trouble is in line {line:,}." if line else ""


def _is_array(path: str) -> bool:
    with open(path, "rb", opener=open_regular) as file:
        return file.read(64).lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"[")


def _of_array(path: str) -> pa.Table:
    """Return the objects of a list in JSON as rows; of an export of Label Studio its annotations."""
    with open(path, "rb", opener=open_regular) as file:
        values = parse_json(file.read().removeprefix(b"\xef\xbb\xbf"))
    if not values:
        raise LabelsError(f"{path} must hold labels. It is an empty list.")
    if is_export(values):
        rows = rows_of_export(values)
        if all(row[ANNOTATION] is None and row[ANNOTATOR] is None for row in rows):
            raise LabelsError(
                f"{path} must hold answers of people. It holds {len(values):,} tasks that nobody has "
                "answered. Answer them in Label Studio, and export the project as JSON. Predictions, drafts "
                "and skipped tasks are no answers."
            )
    else:
        rows = values
    if not all(isinstance(row, dict) for row in rows):
        raise ValueError("a list must hold objects")
    rows = [row_of_flat_export(row) for row in rows]
    names = dict.fromkeys(name for row in rows for name in row)
    return as_sample(pa.table({name: pa.array([row.get(name) for row in rows]) for name in names}))


def _with_decimal_points(table: pa.Table, strings: Sequence[str]) -> pa.Table:
    """Return a table in which columns of numbers with decimal commas are numbers.

    Where a comma stands in numbers, spreadsheets put something else between columns.
    """
    for place, name in enumerate(table.column_names):
        if name in strings or not pa.types.is_string(table[name].type):
            continue
        given = pc.if_else(pc.equal(table[name], ""), None, table[name])
        are_numbers = pc.match_substring_regex(given, NUMBER)
        mended = pc.if_else(are_numbers, pc.replace_substring(given, ",", "."), given)
        with suppress(pa.ArrowInvalid):
            table = table.set_column(place, name, mended.cast(pa.float64()))
            continue
        if (pc.mean(are_numbers.cast(pa.float64())).as_py() or 0.0) >= MOST:
            # What is no number is then all that is wrong, and can be named.
            table = table.set_column(place, name, pc.fill_null(mended, ""))
    return table


def _check_nesting(path: str) -> None:
    if not Path(path).stat().st_size:  # what has no bytes cannot be mapped
        return
    with open(path, "rb") as file, mmap(file.fileno(), 0, access=ACCESS_READ) as text:
        start = too_nested_from(text)
    if start is not None:
        raise LabelsError(
            f"{path} must have at most {MAX_NESTING} lists and objects within each other. It has "
            f"more, from byte {start:,} on."
        )


def _delimiter(path: str) -> str:
    with open(path, encoding="utf-8-sig") as file:
        header = file.readline()
    return max(DELIMITERS, key=header.count)


def _loaded(source: str, called: str = LABELS) -> Any:
    is_folder = source != "" and Path(source).is_dir()
    if not is_folder and source.count("/") != 1:
        raise LabelsError(
            f"{called} must be a Parquet, JSON or CSV file, a folder, or a data set on the hub "
            f"(owner/name). Found no {source or repr(source)}.{near_path(source)}"
        )
    datasets = require("hub", "datasets")
    for path in sorted(Path(source).rglob("*")) if is_folder else ():
        if path.suffix.lower() in JSON_SUFFIXES and path.is_file():
            _check_nesting(str(path))
    try:
        if (Path(source) / "state.json").is_file():
            return datasets.load_from_disk(source)
        return datasets.load_dataset(source, split="train", streaming=True)
    except (OSError, ValueError, RuntimeError, datasets.exceptions.DatasetsError) as error:
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        lost = "is no file or folder here, and fetching it from the hub failed"
        where = source if is_folder else f"{source} {lost}"
        raise LabelsError(
            f"{called} must be a data set that can be loaded. {where}: {reason.rstrip('.')}."
            f"{near_path(source)}"
        ) from error


def _of_dataset(dataset: Any, columns: Sequence[str], name: str, called: str) -> pa.Table:
    # A DatasetDict has formats, but no rows of its own.
    if not (hasattr(dataset, "with_format") and hasattr(dataset, "iter")):
        raise LabelsError(
            f"{called} must be a path, a hub name, a datasets.Dataset or an IterableDataset. Got "
            f"{type(dataset).__name__} instead. Of a DatasetDict take one split."
        )
    # Without known types each row's would be guessed apart, and a None among strings be refused.
    form = "arrow" if dataset.features is not None else None
    try:
        tables = []
        for batch in dataset.with_format(form).iter(batch_size=BATCH_ROWS):
            names = [name for name in (batch.column_names if form else batch) if name in columns]
            tables.append(batch.select(names) if form else pa.table({name: batch[name] for name in names}))
        return pa.concat_tables(tables, promote_options="permissive") if tables else pa.table({})
    except MissingExtraError:
        raise
    except (OSError, ValueError, TypeError, pa.ArrowException) as error:
        # Arrow quotes values in its messages, and these may be texts.
        why = str(error) if isinstance(error, OSError) else "each of its columns must have one type"
        raise LabelsError(
            f"{called} must be a data set that can be read. {name}: {type(error).__name__}: {why}"
        ) from None
