"""What else dumps come as, and the line that makes Parquet of it: ``FILE.parquet`` beside each file."""

import lzma
import shlex
import sys
from dataclasses import dataclass
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
    of_folder : str
        Where documents are files: an expression for the table of all of them, whose names are ``n``.
    """

    name: str
    imports: str
    table: str
    packages: str = ""
    warning: str = ""
    of_folder: str = ""


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

_READ = 'a.input_stream(f).read().decode("utf-8-sig", "replace")'
DOCUMENTS = Format(
    "plain text",
    PARQUET,
    f'a.table({{"id": [f], "text": [{_READ}]}})',
    warning=" Each file becomes one document.",
    of_folder=f'a.table({{"id": n, "text": [{_READ} for f in n]}})',
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
    **dict.fromkeys((".txt", ".text", ".md"), DOCUMENTS),
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


def how_to_convert(name: str, *, together: bool = False) -> str:
    """Return what makes Parquet of a file that is none, in words; nothing where that is not known.

    Parameters
    ----------
    name : str
        Of the file, as in `pipelines.names`.
    together : bool
        Whether it stands for all files of its folder with the same end of the name.
    """
    beginning = _beginning(name)
    found = format_of(name) or next(
        (BY_BEGINNING[one] for one in BY_BEGINNING if beginning.startswith(one)), None
    )
    if found is JSON_LINES and beginning.startswith(b"["):
        found = JSON
    if found is None or beginning.startswith(b"PAR1"):
        return ""
    code = _code(found, name, together)
    python = shlex.quote(
        sys.executable or "python"
    )  # whose pyarrow this is: that of the system may have none
    line = f"{python} -c '{code}' {_argument(name, together, found)}"
    if found.packages:
        line = f"{python} -m pip install {found.packages} && {line}"
    where = "Copy it to a disk, convert it there" if is_store(name) else "Convert it"
    then = "run the same again" if together and not is_store(name) else "give the .parquet file instead"
    return f"It is {found.name}. {where}, then {then}.{found.warning} To convert it: {line}"


def ranked(name: str) -> int:
    """Return a rank of a file by its name: 0 for a table, 1 for a document, which may be a note; else 2."""
    found = format_of(name)
    return 2 if found is None else int(bool(found.of_folder))


def _code(found: Format, name: str, together: bool) -> str:
    """Return the program that converts what it is given: the files, or the folder of many documents."""
    table, imports = found.table, found.imports
    if together and found.of_folder:
        imports = f"pathlib as l, {imports}"
        names = f'd = l.Path(sys.argv[1]); n = sorted(map(str, d.glob("*{_ends(name)}")))'
        act = f'{names}; p.write_table({found.of_folder}, d / "documents.parquet")'
    else:
        act = f"[p.write_table({table}, f + '.parquet') for f in sys.argv[1:]]"
    if PurePosixPath(name).suffix.lower() == XZ:
        imports, act = f"lzma, {imports}", act.replace("a.input_stream(f)", "lzma.open(f)")
    return f"import sys, {imports}; {act}".replace("'", '"')


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


def _argument(name: str, together: bool, found: Format) -> str:
    """Return the file as a shell takes it; a dataset of many files, or many documents, is its folder."""
    path = PurePosixPath(name.rpartition("/")[2] if is_store(name) else name)
    whole = next((one for one in reversed((path, *path.parents)) if one.suffix.lower() == ".lance"), None)
    if whole is not None:
        path, together = whole, False
    ends = _ends(name)
    if not together or not ends:
        return _quoted(str(path))
    return _quoted(str(path.parent)) if found.of_folder else _quoted(f"{path.parent}/") + f"*{ends}"


def _ends(name: str) -> str:
    """Return how the names of a file and of its like end; empty if nothing is told by that."""
    path = PurePosixPath(name)
    return "".join(path.suffixes[-2:]) if path.suffix.lower() in (*PACKED, XZ) else path.suffix


def _quoted(name: str) -> str:
    """Return a name as a word of a shell, whose ``$'...'`` reads the escapes of names."""
    quote = "'"
    return f"$'{name.replace(quote, chr(92) + quote)}'" if "\\" in name else shlex.quote(name)
