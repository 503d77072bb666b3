"""Reads documents and labels as Arrow: from Parquet, JSON, CSV, a folder, the hub, a `datasets` object."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from annotations.labels.text_files import CSV_SUFFIXES, JSON_SUFFIXES, check_nesting, read_text_file
from filtering.being_read import being_read
from filtering.errors import ColumnError, LabelsError, MissingExtraError
from filtering.extras import require
from filtering.parquet_footers import check_footer
from filtering.printable import listed
from filtering.regular_files import open_regular
from filtering.text.text_columns import find_text_column
from filtering.wrong_values import near_name, near_path

LABELS = "Labels"
"""What a source holds, unless its reader says otherwise."""
BATCH_ROWS = 1000
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
            check_nesting(str(path))
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
