"""What else dumps come as, and the lines that make Parquet of it: of each table, and of all documents."""

import glob
import lzma
import os
import re
import shlex
import sys
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import PurePosixPath
from typing import IO, Any, cast

import pyarrow as pa

from filtering.errors import EdufilterError
from pipelines.dump.opening import open_file
from pipelines.paths import is_store

PACKED = {".gz": "gzip", ".bz2": "bz2", ".zst": "zstd", ".lz4": "lz4", ".br": "brotli"}
"""What Arrow unpacks by itself, by the end of the name; as it calls them."""
XZ = ".xz"
"""What Python unpacks."""
PARQUET = "pyarrow as a, pyarrow.parquet as p"
RECORDS = "from fastwarc.warc import ArchiveIterator as I, WarcRecordType as T; "
BLOCK = "block_size=1 << 28"
"""Bytes that are parsed at a time: no document may be longer."""
ENDS_LOOKED_AT = 100
"""How many kinds of names are told apart: of each, one file is opened."""


@dataclass(frozen=True)
class Format:
    """Another format of tables or documents.

    Parameters
    ----------
    name : str
    imports : str
        What the line imports.
    table : str
        An expression for the table in the file ``f``.
    packages : str
        What must be installed for it, beside pyarrow.
    warning : str
    together : str
        Where documents are files: what the file with all of them is called.
    """

    name: str
    imports: str
    table: str
    packages: str = ""
    warning: str = ""
    together: str = ""


JSON_LINES = Format(
    "JSON lines", f"{PARQUET}, pyarrow.json as j", f"j.read_json(a.input_stream(f), j.ReadOptions({BLOCK}))"
)
JSON = Format("a JSON array", f"json, {PARQUET}", "a.Table.from_pylist(json.load(a.input_stream(f)))")
_CSV = f"c.read_csv(a.input_stream(f), c.ReadOptions({BLOCK}), c.ParseOptions(%snewlines_in_values=True))"
CSV = Format("CSV", f"{PARQUET}, pyarrow.csv as c", _CSV % "")
TSV = Format("TSV", f"{PARQUET}, pyarrow.csv as c", _CSV % 'delimiter="\\t", ')
ARROW = Format(
    "Arrow",
    PARQUET,
    '(a.ipc.open_file if a.memory_map(f).read(6) == b"ARROW1" else a.ipc.open_stream)'
    "(a.memory_map(f)).read_all()",
)
ORC = Format("ORC", "pyarrow.orc as o, pyarrow.parquet as p", "o.read_table(f)")
PAGES = Format(
    "WARC",
    f"{PARQUET}; {RECORDS}from resiliparse.parse.html import HTMLTree as H; "
    "from resiliparse.extract.html2text import extract_plain_text as t",
    'a.Table.from_pylist([{"url": r.headers.get("WARC-Target-URI"), '
    '"text": t(H.parse_from_bytes(r.reader.read(), "utf-8"), main_content=True)} '
    'for r in I(open(f, "rb"), record_types=T.response) if "html" in (r.http_content_type or "")])',
    packages="fastwarc resiliparse",
)
TEXTS = Format(
    "WET",
    f"{PARQUET}; {RECORDS.removesuffix('; ')}",
    'a.Table.from_pylist([{"url": r.headers.get("WARC-Target-URI"), '
    '"text": r.reader.read().decode(errors="replace")} '
    'for r in I(open(f, "rb"), record_types=T.conversion)])',
    packages="fastwarc",
)
AVRO = Format(
    "Avro",
    f"fastavro, {PARQUET}",
    'a.Table.from_pylist(list(fastavro.reader(open(f, "rb"))))',
    packages="fastavro",
)
LANCE = Format("Lance", "lance, pyarrow.parquet as p", "lance.dataset(f).to_table()", packages="pylance")
PICKLE = Format(
    "a pickle",
    f"pandas, {PARQUET}",
    "a.Table.from_pandas(pandas.DataFrame(pandas.read_pickle(f)))",
    packages="pandas",
    warning=" A pickle runs what code it holds: do this only if you trust it.",
)

DOCUMENTS = Format(
    "plain text",
    PARQUET,
    'a.table({"id": [f], "text": [a.input_stream(f).read().decode("utf-8-sig", "replace")]})',
    warning=" Each file becomes one document.",
    together="documents.parquet",
)
SITES = Format(
    "HTML",
    f"{PARQUET}; from resiliparse.parse.html import HTMLTree as H; "
    "from resiliparse.extract.html2text import extract_plain_text as t",
    'a.table({"id": [f], "text": [t(H.parse_from_bytes(a.input_stream(f).read(), "utf-8"), '
    "main_content=True)]})",
    packages="resiliparse",
    warning=" Each file becomes one document.",
    together="pages.parquet",
)

BY_SUFFIX = {
    **dict.fromkeys((".jsonl", ".ndjson", ".jsonlines", ".json"), JSON_LINES),
    ".csv": CSV,
    **dict.fromkeys((".tsv", ".tab"), TSV),
    **dict.fromkeys((".arrow", ".arrows", ".feather", ".ipc"), ARROW),
    ".orc": ORC,
    ".warc": PAGES,
    ".wet": TEXTS,
    ".avro": AVRO,
    ".lance": LANCE,
    **dict.fromkeys((".pkl", ".pickle"), PICKLE),
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
    b"\x80\x04\x95": PICKLE,
    b"\x80\x05\x95": PICKLE,
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
    found = _format_inside(name)
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
    kinds: dict[tuple[Format, bool], list[str]] = {}
    for some in islice(_alike(names), ENDS_LOOKED_AT):
        if found := _format_inside(some[0]):
            kinds.setdefault((found, _is_xz(some[0])), []).extend(some)
    tables = sum(len(some) for (found, _), some in kinds.items() if not found.together)
    documents = sum(len(some) for (found, _), some in kinds.items() if found.together)
    if tables >= documents:
        kinds = {kind: some for kind, some in kinds.items() if not kind[0].together or not tables}
    if not kinds:
        return ""
    where = "Copy it to a disk, convert it there" if is_store(next(iter(names))) else "Convert it"
    lines = [
        f"Found '{some[0]}'{f' and {len(some) - 1:,} like it' if some[1:] else ''}. "
        f"{'They are' if some[1:] else 'It is'} {found.name}.{found.warning} "
        f"To convert {'them' if some[1:] else 'it'}: {_line(found, some)}"
        for (found, _), some in kinds.items()
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


def _format_inside(name: str) -> Format | None:
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
    places = _places(found, names)
    imports, files, first = found.imports, "sys.argv[1:]", 2 if found.together else 1
    if len(names) > 1 and found is not LANCE:
        imports = f"glob, {imports}"
        files = f"sorted(f for g in sys.argv[{first}:] for f in glob.glob(g, recursive=True))"
    if len(names) > 1 and found.together:
        act = f"p.write_table(a.concat_tables([{found.table} for f in {files}]), sys.argv[1])"
    else:
        act = f'[p.write_table({found.table}, f + ".parquet") for f in {files}]'
    if _is_xz(names[0]):
        imports, act = f"lzma, {imports}", act.replace("a.input_stream(f)", "lzma.open(f)")
    # Whose pyarrow this is: that of the system may have none.
    python = shlex.quote(sys.executable or "python")
    line = f"{python} -c 'import sys, {imports}; {act}' {' '.join(map(_quoted, places))}"
    return f"{python} -m pip install {found.packages} && {line}" if found.packages else line


def _places(found: Format, names: Sequence[str]) -> list[str]:
    """Return what the line is given: one file, or patterns for all behind the file of documents to make."""
    here = [name.rpartition("/")[2] if is_store(name) else name for name in names]
    if found is LANCE:  # a dataset of many files is its folder
        return list(dict.fromkeys(map(_whole, here)))
    if len(names) == 1:
        return here
    folders = {os.path.dirname(name) for name in here}
    root = os.path.commonpath(folders) if "" not in folders else ""
    below = os.path.join(glob.escape(root), "" if len(folders) == 1 else "**/")
    patterns = [f"{below}{pattern}" for pattern in dict.fromkeys(map(_pattern, here))]
    if not found.together:
        return patterns
    name, dot, end = found.together.partition(".")
    # Two lines must not write one file.
    return [os.path.join(root, f"{name}{'-xz' if _is_xz(names[0]) else ''}{dot}{end}"), *patterns]


def _whole(name: str) -> str:
    path = PurePosixPath(name)
    return str(next(one for one in reversed((path, *path.parents)) if one.suffix.lower() == ".lance"))


def _is_xz(name: str) -> bool:
    return PurePosixPath(name).suffix.lower() == XZ


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
