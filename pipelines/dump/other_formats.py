"""What else dumps come as, and the lines that make Parquet of it: of each table, and of all documents."""

import glob
import lzma
import os
import re
import shlex
import sys
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import PurePosixPath
from typing import IO, Any, cast

import pyarrow as pa

from filtering.errors import EdufilterError
from pipelines.dump import foreign_files
from pipelines.dump.opening import open_file
from pipelines.object_stores import is_store

PACKED = {".gz": "gzip", ".bz2": "bz2", ".zst": "zstd", ".lz4": "lz4", ".br": "brotli"}
"""What Arrow unpacks by itself, by the end of the name; as it calls them."""
XZ = ".xz"
"""What Python unpacks."""
ENDS_LOOKED_AT = 100
"""How many kinds of names are told apart: of each, one file is opened."""
CONVERTER = "pipelines.dump.to_parquet"
"""The module that the lines run."""


@dataclass(frozen=True)
class Format:
    """Another format of tables or documents.

    Parameters
    ----------
    name : str
    read : callable
        Yields what a file holds.
    packages : str
        What must be installed for it.
    warning : str
    together : str
        Where documents are files: what the file with all of them is called.
    """

    name: str
    read: Callable[[str], Iterator[pa.Table]]
    packages: str = ""
    warning: str = ""
    together: str = ""


EACH = " Each file becomes one document."
JSON_LINES = Format("JSON lines", foreign_files.json_tables)
JSON = Format("a JSON array", foreign_files.json_tables)
CSV = Format("CSV", foreign_files.csv_tables)
TSV = Format("TSV", foreign_files.csv_tables)
EXCEL = Format("Excel", foreign_files.excel_tables, "openpyxl", " Its first sheet is taken.")
ARROW = Format("Arrow", foreign_files.arrow_tables)
ORC = Format("ORC", foreign_files.orc_tables)
PAGES = Format("WARC", foreign_files.page_tables, "fastwarc resiliparse")
TEXTS = Format("WET", foreign_files.text_tables, "fastwarc")
AVRO = Format("Avro", foreign_files.avro_tables, "fastavro")
LANCE = Format("Lance", foreign_files.lance_tables, "pylance")
DOCUMENTS = Format("plain text", foreign_files.document_tables, "", EACH, "documents.parquet")
SITES = Format("HTML", foreign_files.site_tables, "resiliparse", EACH, "pages.parquet")

BY_SUFFIX = {
    **dict.fromkeys((".jsonl", ".ndjson", ".jsonlines", ".json"), JSON_LINES),
    ".csv": CSV,
    **dict.fromkeys((".tsv", ".tab"), TSV),
    **dict.fromkeys((".xlsx", ".xlsm"), EXCEL),
    **dict.fromkeys((".arrow", ".arrows", ".feather", ".ipc"), ARROW),
    ".orc": ORC,
    ".warc": PAGES,
    ".wet": TEXTS,
    ".avro": AVRO,
    ".lance": LANCE,
    **dict.fromkeys((".txt", ".text", ".md", ".markdown", ".rst", ".adoc", ".org", ".tex"), DOCUMENTS),
    **dict.fromkeys((".html", ".htm", ".xhtml"), SITES),
}
BY_BEGINNING = {
    b"{": JSON_LINES,
    b"[": JSON,
    b"ARROW1": ARROW,
    b"ORC": ORC,
    b"WARC/": PAGES,
    b"Obj\x01": AVRO,
}
"""Where the end of a name says nothing."""


def format_of(name: str) -> Format | None:
    """Return the format that a file's name says it has, if it is another one than Parquet.

    Examples
    --------
    >>> format_of("dump/a.jsonl.zst").name, format_of("a.parquet")
    ('JSON lines', None)
    """
    suffixes = [suffix.lower() for suffix in PurePosixPath(name).suffixes]
    if suffixes and suffixes[-1] in (*PACKED, XZ):
        suffixes.pop()
    return BY_SUFFIX.get(suffixes[-1]) if suffixes else None


def how_to_convert(name: str) -> str:
    """Return what makes Parquet of a file that is none, in words; nothing where that is not known.

    Parameters
    ----------
    name : str
        Of the file, as in `pipelines.names`.
    """
    found = format_inside(name)
    if found is None:
        return ""
    where = "Copy it to a disk, convert it there" if is_store(name) else "Convert it"
    then = f"It is {found.name}. {where}, then give the .parquet file instead."
    return f"{then}{found.warning} To convert it: {_line(found, [name])}"


def how_to_convert_all(names: Collection[str], then: str) -> str:
    """Return what makes Parquet of all files that are none, in words with a line for each kind.

    A few documents beside tables are notes, and have none.

    Parameters
    ----------
    names : collection of str
        Of the files, as in `pipelines.names`.
    then : str
        What to do with the files that are made.
    """
    kinds: dict[Format, list[str]] = {}
    for some in islice(_alike(names), ENDS_LOOKED_AT):
        if found := format_inside(some[0]):
            kinds.setdefault(found, []).extend(some)
    tables = sum(len(some) for found, some in kinds.items() if not found.together)
    documents = sum(len(some) for found, some in kinds.items() if found.together)
    if tables >= documents:
        kinds = {kind: some for kind, some in kinds.items() if not kind.together or not tables}
    if not kinds:
        return ""
    where = "Copy it to a disk, convert it there" if is_store(next(iter(names))) else "Convert it"
    lines = [
        f"Found '{some[0]}'{f' and {len(some) - 1:,} like it' if some[1:] else ''}. "
        f"{'They are' if some[1:] else 'It is'} {found.name}.{found.warning} "
        f"To convert {'them' if some[1:] else 'it'}: {_line(found, some)}"
        for found, some in kinds.items()
    ]
    return "\n".join((f"{where}{', line by line' if lines[1:] else ''}, then {then}.", *lines))


def is_converted(relative: str, parquet: Collection[str]) -> bool:
    """Tell whether Parquet files, by their paths below a root as this one, hold what this file holds."""
    found = format_of(relative)
    if f"{relative}.parquet" in parquet:
        return True
    if found is None or not found.together:
        return False
    return any(str(folder / found.together) in parquet for folder in PurePosixPath(relative).parents)


def is_table(name: str) -> bool:
    """Tell whether a file's name says that it holds many documents, in another format than Parquet."""
    found = format_of(name)
    return found is not None and not found.together


def format_inside(name: str) -> Format | None:
    """Return the format that a file has by its name or by how it begins; None if it is Parquet or unknown."""
    beginning = _beginning(name)
    found = format_of(name) or next(
        (BY_BEGINNING[one] for one in BY_BEGINNING if beginning.startswith(one)), None
    )
    if beginning.startswith(b"PAR1"):
        return None
    return JSON if found is JSON_LINES and beginning.startswith(b"[") else found


def _alike(names: Collection[str]) -> Iterator[list[str]]:
    """Yield files whose names end alike; those whose end tells a format go first."""
    groups: dict[str, list[str]] = {}
    for name in sorted(names):
        groups.setdefault(_pattern(name), []).append(name)
    yield from sorted(groups.values(), key=lambda some: (format_of(some[0]) is None, some[0]))


def _line(found: Format, names: Sequence[str]) -> str:
    """Return the line of a shell that converts files of one format."""
    into, *places = _places(found, names)
    options = f"--into {_quoted(into)} " if into else ""
    # Whose package this is: that of the system may be none.
    python = shlex.quote(sys.executable or "python")
    line = f"{python} -m {CONVERTER} {options}{' '.join(map(_quoted, places))}"
    return f"{python} -m pip install {found.packages} && {line}" if found.packages else line


def _places(found: Format, names: Sequence[str]) -> list[str]:
    """Return the file for all documents, empty where there is none, and what is converted."""
    here = [name.rpartition("/")[2] if is_store(name) else name for name in names]
    if found is LANCE:  # a dataset of many files is its folder
        return ["", *dict.fromkeys(map(_whole, here))]
    if len(names) == 1:
        return ["", *here]
    folders = {os.path.dirname(name) for name in here}
    root = os.path.commonpath(folders) if "" not in folders else ""
    below = os.path.join(glob.escape(root), "" if len(folders) == 1 else "**/")
    patterns = [f"{below}{pattern}" for pattern in dict.fromkeys(map(_pattern, here))]
    return [os.path.join(root, found.together) if found.together else "", *patterns]


def _whole(name: str) -> str:
    path = PurePosixPath(name)
    return str(next(one for one in reversed((path, *path.parents)) if one.suffix.lower() == ".lance"))


def _beginning(name: str) -> bytes:
    try:
        with open_file(name) as file:
            suffix = PurePosixPath(name).suffix.lower()
            stream: Any = lzma.open(cast(IO[bytes], file)) if suffix == XZ else file
            if suffix in PACKED:
                stream = pa.input_stream(file, compression=PACKED[suffix])
            return (stream.read(64) or b"").lstrip(b"\xef\xbb\xbf \t\r\n")
    except (EdufilterError, OSError, EOFError, lzma.LZMAError):
        return b""


def _pattern(name: str) -> str:
    """Return a pattern for the names of a file and of its like: by how they end, or by all but the digits."""
    path = PurePosixPath(name)
    ends = "".join(path.suffixes[-2:]) if path.suffix.lower() in (*PACKED, XZ) else path.suffix
    if ends and format_of(name):
        return f"*{glob.escape(ends)}"
    return re.sub(r"\d", "[0-9]", glob.escape(path.name))


def _quoted(name: str) -> str:
    """Return a name as a word of a shell, whose ``$'...'`` reads the escapes of names."""
    quote = "'"
    return f"$'{name.replace(quote, chr(92) + quote)}'" if "\\" in name else shlex.quote(name)
