"""Reads what other formats hold as Arrow tables, some rows at a time where the format lets us.

Which file has which format says `other_formats.py`. Of text formats nobody declared the types: a column of
several kinds of values becomes text. Libraries are loaded when a file needs them: every command loads this
module.
"""

import codecs
import csv
import io
import json
import lzma
import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
from typing import IO, Any, cast

import pyarrow as pa

from filtering.errors import BadFileError
from filtering.regular_files import MAX_NESTING, too_nested_from

BLOCK_BYTES = 64 << 20
"""Of JSON lines that are parsed at a time."""
CSV_BLOCK_BYTES = 1 << 28
"""No row of CSV may be longer."""
PAGES_AT_A_TIME = 1000
DELIMITERS = ",;\t|"
QUOTED = re.compile(r'"[^"]*"')
ENCODINGS = ("utf-8-sig", "cp1252", "latin-1")
"""Of CSV, as spreadsheets save it: the first that fits. The last one fits whatever comes."""
JSON_SPACE = b" \t\r\n"
Tables = Iterator[pa.Table]
Kinds = Mapping[str, pa.DataType | None]
"""Types of columns by name; None for one whose values are of several kinds."""


def opened(path: str) -> IO[bytes]:
    """Open a file, and unpack it as the end of its name says."""
    if path.lower().endswith(".xz"):
        return lzma.open(path)
    return cast(IO[bytes], io.BufferedReader(pa.input_stream(path)))


def json_tables(path: str) -> Tables:
    """Yield the objects of JSON lines, or of a list in JSON, as rows.

    Values of one column that are of several kinds become text: JSON, but for those that are text already.

    Raises
    ------
    BadFileError
        If a line is no object.
    """

    def blocks() -> Iterator[bytes]:
        with opened(path) as file:
            while lines := file.readlines(BLOCK_BYTES):
                yield _not_too_nested(b"".join(lines), path)

    kinds: Kinds = {}
    first = next(blocks(), b"").removeprefix(codecs.BOM_UTF8).lstrip(JSON_SPACE)
    if first.startswith(b"["):
        with opened(path) as file:
            (rows,) = _rows([_not_too_nested(file.read(), path)], path)
        columns = _columns(rows, path)
        yield _table_of(columns, {name: _kind_of(values) for name, values in columns.items()})
        return
    for block in blocks():
        kinds = _joined(kinds, _kinds_in(block, path))
    for block in blocks():
        yield _table_of_lines(block, kinds, path)


def _not_too_nested(content: bytes, path: str) -> bytes:
    if too_nested_from(content) is not None:  # which would end the process
        raise BadFileError(
            f"{path} must have at most {MAX_NESTING} lists and objects within each other. It has more."
        )
    return content


def _kinds_in(block: bytes, path: str) -> Kinds:
    try:
        given = {one.name: _as_given(one.type) for one in _parsed(block, None).schema}
        return {name: None if _has_no_fields(kind) else kind for name, kind in given.items()}
    except pa.ArrowException:  # values of several kinds, or no JSON: which of them is seen one by one
        columns = _columns(_rows(block.splitlines(), path), path)
        return {name: _kind_of(values) for name, values in columns.items()}


def _table_of_lines(block: bytes, kinds: Kinds, path: str) -> pa.Table:
    if None not in kinds.values():
        try:
            return _parsed(block, pa.schema(list(kinds.items())))
        except pa.ArrowException:  # a type that this parser makes of no such value
            pass
    return _table_of(_columns(_rows(block.splitlines(), path), path), kinds)


def _parsed(block: bytes, schema: pa.Schema | None) -> pa.Table:
    from pyarrow.json import ParseOptions, ReadOptions, read_json

    layout = ParseOptions(explicit_schema=schema)
    return read_json(io.BytesIO(block), ReadOptions(block_size=len(block) + 1), layout)


def _rows(lines: Sequence[bytes], path: str) -> list[Any]:
    rows = []
    for line in lines:
        if line := line.removeprefix(codecs.BOM_UTF8).strip(JSON_SPACE):
            try:
                rows.append(json.loads(line))
            except (ValueError, RecursionError) as error:
                where = f" at character {error.pos:,}" if isinstance(error, json.JSONDecodeError) else ""
                raise BadFileError(
                    f"{path} must hold JSON, an object a line or a list of objects. A line is none"
                    f"{where}: is the file whole?"
                ) from None
    return rows


def _columns(rows: Sequence[Any], path: str) -> dict[str, list[Any]]:
    if not all(isinstance(row, dict) for row in rows):
        raise BadFileError(f'{path} must hold objects, such as {{"text": "..."}}. It holds other values.')
    names = dict.fromkeys(name for row in rows for name in row)
    return {name: [row.get(name) for row in rows] for name in names}


def _kind_of(values: Sequence[Any]) -> pa.DataType | None:
    try:
        kind = pa.array(values).type
    except (pa.ArrowException, OverflowError):
        return None
    return None if _has_no_fields(kind) else kind


def _joined(kinds: Kinds, others: Kinds) -> Kinds:
    return {**kinds, **{name: _both(kinds.get(name, pa.null()), kind) for name, kind in others.items()}}


def _both(one: pa.DataType | None, other: pa.DataType | None) -> pa.DataType | None:
    if one is None or other is None:
        return None
    try:
        schemas = [pa.schema([("", one)]), pa.schema([("", other)])]
        return pa.unify_schemas(schemas, promote_options="permissive").field(0).type
    except pa.ArrowException:
        return None


def _as_given(kind: pa.DataType) -> pa.DataType:
    """Return a type with texts that Arrow takes for moments as texts: others of the column may be none."""
    if pa.types.is_timestamp(kind) or pa.types.is_time(kind) or pa.types.is_date(kind):
        return pa.string()
    if pa.types.is_struct(kind):
        return pa.struct([(one.name, _as_given(one.type)) for one in kind])
    return pa.list_(_as_given(kind.value_type)) if pa.types.is_list(kind) else kind


def _has_no_fields(kind: pa.DataType) -> bool:
    """Tell whether there is an object without keys in a type: Parquet has no such columns."""
    inner = [kind.field(at).type for at in range(kind.num_fields)]
    return (pa.types.is_struct(kind) and not inner) or any(map(_has_no_fields, inner))


def _table_of(columns: Mapping[str, Sequence[Any]], kinds: Kinds) -> pa.Table:
    rows = max(map(len, columns.values()), default=0)
    arrays = {}
    for name, kind in kinds.items():
        values = columns.get(name) or [None] * rows
        texts = list(map(_as_text, values)) if kind is None or pa.types.is_string(kind) else values
        arrays[name] = pa.array(texts, pa.string() if kind is None else kind)
    return pa.table(arrays)


def _as_text(value: object) -> str | None:
    if value is None or isinstance(value, str):
        return value
    is_json = isinstance(value, (bool, int, float, list, dict))
    return json.dumps(value, ensure_ascii=False) if is_json else str(value)


def csv_tables(path: str) -> Tables:
    """Yield a table of CSV, whatever of comma, semicolon, tab and bar stands between its columns.

    It may be in UTF-8, UTF-16, Windows-1252 or Latin-1.

    Raises
    ------
    BadFileError
        If rows have different numbers of columns, or a quote is never closed.
    """
    from pyarrow.csv import ParseOptions, ReadOptions, read_csv

    encoding = _encoding_of(path)
    with opened(path) as file:
        header = QUOTED.sub("", io.TextIOWrapper(file, encoding).readline())
    options = ReadOptions(block_size=CSV_BLOCK_BYTES, encoding=encoding.removesuffix("-sig"))
    layout = ParseOptions(delimiter=max(DELIMITERS, key=header.count), newlines_in_values=True)
    with opened(path) as file:
        try:
            table = read_csv(file, options, layout)
        except pa.ArrowInvalid as error:  # which may quote the text of a document
            found = re.search(r"Row #(\d+)", str(error))
            where = f"Row {int(found[1]):,} has not" if found else "Some have not"
            raise BadFileError(
                f"{path} must have the same number of columns in each row, and quotes around texts with line "
                f"breaks or separators. {where}."
            ) from None
    last = table.slice(max(len(table) - 1, 0)).to_pylist()
    if any("\n" in value for row in last for value in row.values() if isinstance(value, str)):
        _refuse_open_quote(path, encoding, layout.delimiter)
    yield table


def _refuse_open_quote(path: str, encoding: str, delimiter: str) -> None:
    """Refuse CSV that ends within quotes: they would have taken all rows behind them into one text."""
    longest = csv.field_size_limit(sys.maxsize)
    try:
        with opened(path) as file, io.TextIOWrapper(file, encoding, newline="") as text:
            rows, line = csv.reader(text, delimiter=delimiter, strict=True), 0
            for _ in rows:
                line = rows.line_num
    except csv.Error as error:
        if "unexpected end" in str(error):
            raise BadFileError(
                f"{path} must close each quote. One that opens in line {line + 1:,} or below never is, "
                "so all rows from there on would be one text. Close it, or double each quote within a text."
            ) from None
    finally:
        csv.field_size_limit(longest)


def _encoding_of(path: str) -> str:
    with opened(path) as file:
        if file.read(2) in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
            return "utf-16"
    for encoding in ENCODINGS[:-1]:
        try:
            with opened(path) as file, io.TextIOWrapper(file, encoding) as text:
                while text.read(1 << 20):
                    pass
            return encoding
        except UnicodeDecodeError:
            continue
    return ENCODINGS[-1]


def arrow_tables(path: str) -> Tables:
    """Yield the batches of a file of Arrow or Feather, or of a stream."""
    with pa.memory_map(path) as file:
        is_file = file.read(6) == b"ARROW1"
        file.seek(0)
        if not is_file:
            yield from map(_one_batch, pa.ipc.open_stream(file))
            return
        reader = pa.ipc.open_file(file)
        if not reader.num_record_batches:
            yield reader.schema.empty_table()
        for number in range(reader.num_record_batches):
            yield _one_batch(reader.get_batch(number))


def _one_batch(batch: pa.RecordBatch) -> pa.Table:
    return pa.Table.from_batches([batch])


def orc_tables(path: str) -> Tables:
    """Yield the table of a file of ORC."""
    from pyarrow.orc import read_table

    yield read_table(path)


def avro_tables(path: str) -> Tables:
    """Yield the records of a file of Avro."""
    import fastavro

    with open(path, "rb") as file:
        yield pa.Table.from_pylist(list(fastavro.reader(file)))


def lance_tables(path: str) -> Tables:
    """Yield the batches of a dataset of Lance."""
    import lance

    dataset = lance.dataset(path)
    yield dataset.schema.empty_table()
    yield from map(_one_batch, dataset.to_batches())


def excel_tables(path: str) -> Tables:
    """Yield the first sheet of a workbook of Excel; its first row has the names."""
    import openpyxl

    sheet = openpyxl.load_workbook(path, read_only=True, data_only=True).active
    names, *rows = list(sheet.iter_rows(values_only=True)) or [()]
    columns = {str(name): [row[at] for row in rows] for at, name in enumerate(names) if name is not None}
    yield _table_of(columns, {name: _kind_of(values) for name, values in columns.items()})


def page_tables(path: str) -> Tables:
    """Yield address and main text of the HTML pages of a WARC file."""
    text_of = _html_reader()
    yield from _tables_of_pages(
        (record, text_of(record.reader.read()))
        for record in _records(path, "response")
        if "html" in (record.http_content_type or "")
    )


def text_tables(path: str) -> Tables:
    """Yield address and text of the records of a WET file."""
    yield from _tables_of_pages(
        (record, record.reader.read().decode(errors="replace")) for record in _records(path, "conversion")
    )


def _records(path: str, kind: str) -> Iterator[Any]:
    from fastwarc.warc import ArchiveIterator, WarcRecordType

    with open(path, "rb") as file:
        yield from ArchiveIterator(file, record_types=getattr(WarcRecordType, kind))


def _tables_of_pages(pages: Iterator[tuple[Any, str | None]]) -> Tables:
    rows = ({"url": record.headers.get("WARC-Target-URI"), "text": text} for record, text in pages)
    schema = pa.schema([("url", pa.string()), ("text", pa.large_string())])
    yield schema.empty_table()
    while some := list(islice(rows, PAGES_AT_A_TIME)):
        yield pa.Table.from_pylist(some, schema)


def document_tables(path: str) -> Tables:
    """Yield a text file as one document, whose id is its path."""
    with opened(path) as file:
        yield _document(path, file.read().decode("utf-8-sig", "replace"))


def site_tables(path: str) -> Tables:
    """Yield the main text of an HTML file as one document, whose id is its path."""
    with opened(path) as file:
        yield _document(path, _html_reader()(file.read()))


def _document(path: str, text: str) -> pa.Table:
    name = path.encode(errors="backslashreplace").decode()
    return pa.table({"id": [name], "text": pa.array([text], pa.large_string())})


def _html_reader() -> Callable[[bytes], str]:
    from resiliparse.extract.html2text import extract_plain_text
    from resiliparse.parse.html import HTMLTree

    def text_of(content: bytes) -> str:
        return str(extract_plain_text(HTMLTree.parse_from_bytes(content, "utf-8"), main_content=True))

    return text_of
