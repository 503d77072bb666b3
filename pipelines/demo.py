"""The main job on real files of this machine: what a person sees first.

Builds a dump of prose and one of code from what any machine with Python has, filters both with the
shipped scorers through `filter_dump`, and shows what came of it. Which files are taken, and in
which order, follows from their names alone.
"""

import ast
import hashlib
import shutil
import sysconfig
import warnings
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib.metadata import distributions
from itertools import chain, islice
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from rich.console import Console
from rich.table import Table
from rich.text import Text

from filtering.errors import MissingExtraError, OutputError
from pipelines.config import FilterConfig
from pipelines.filter import FilterResult, filter_dump
from pipelines.progress import Reporter
from pipelines.report import write_report
from pipelines.report_data import Sample, gather_report

MARKER = ".edufilter-demo"
"""Says that a folder was made by the demo, and may be made anew."""
DOCUMENTS = 3000
"""Of each dump."""
FILES = 4
"""Parquet files of each dump."""
CODE_BYTES = 200_000
"""Larger source files are left out: they are mostly tables."""
DOCSTRING_CHARS = 200
"""Shorter docstrings are left out."""
DOCSTRINGS_PER_FILE = 4
PROSE_CHARS = 200_000
PROSE_SUFFIXES = (".rst", ".md", ".txt")
PROSE_NAMES = ("LICENSE", "COPYING", "NOTICE", "README", "AUTHORS", "CHANGES", "CHANGELOG", "copyright")
SYSTEM_DOCUMENTATION = Path("/usr/share/doc")
SHOWN = 3
SHOWN_CHARS = 80


@dataclass(frozen=True)
class Document:
    """A text, and where it was found."""

    text: str
    source: str


def run_demo(out: str, *, reporter: Reporter, documents: int = DOCUMENTS) -> None:
    """Filter real files of this machine with the shipped scorers, and print what came of it.

    Parameters
    ----------
    out : str
        Folder for dumps and runs; made anew if an earlier demo made it.
    reporter : Reporter
        What is told about progress. Text of documents goes to standard output alone.
    documents : int
        Documents of each dump, at most.

    Raises
    ------
    OutputError
        If `out` holds anything that no demo made.
    """
    folder = Path(out)
    _make_anew(folder)
    results: dict[str, FilterResult] = {}
    for scorer, found in (("web", find_prose(documents)), ("code", find_code(documents))):
        reporter.say(f"Collecting {scorer} documents of this machine ...")
        count = write_dump(folder / scorer / "dump", found, documents)
        reporter.say(f"Filtering {count:,} documents with the scorer {scorer!r} ...")
        dump, run = str(folder / scorer / "dump"), str(folder / scorer / "out")
        results[scorer] = filter_dump(FilterConfig(inputs=(dump,), out=run, scorer=scorer), reporter=reporter)
    console = Console(highlight=False)
    console.print(_figures(results))
    for scorer, result in results.items():
        _print_samples(console, scorer, folder / scorer / "dump", result.out)
    for result in results.values():
        console.print(Text(f"kept documents: {result.out}/data"), soft_wrap=True)
        try:
            console.print(Text(f"report:         {write_report(result.out)}"), soft_wrap=True)
        except MissingExtraError as error:
            reporter.say(f"No report. {error}")


def _make_anew(folder: Path) -> None:
    if folder.is_dir() and any(folder.iterdir()) and not (folder / MARKER).exists():
        raise OutputError(
            f"OUT must be new, empty, or made by an earlier demo. {folder} holds "
            f"{min(path.name for path in folder.iterdir())!r}. Choose another folder."
        )
    if folder.exists() and not folder.is_dir():
        raise OutputError(f"OUT must be a folder. {folder} is a file. Choose another one.")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / MARKER).touch()
    for scorer in ("web", "code"):  # nothing but what the demo makes: users may have put files beside
        if (folder / scorer).exists():
            shutil.rmtree(folder / scorer)


def write_dump(folder: Path, found: Iterable[Document], documents: int) -> int:
    """Write up to `documents` different documents as Parquet files; return how many these are."""
    unique: dict[str, str] = {}
    for document in found:
        text = document.text.encode(errors="replace").decode()
        unique.setdefault(text, document.source.encode(errors="replace").decode())
        if len(unique) >= documents:
            break
    table = pa.table({"text": list(unique), "source": list(unique.values())})
    folder.mkdir(parents=True)
    rows = max(1, -(-table.num_rows // FILES))
    for number in range(FILES):
        piece = table.slice(number * rows, rows)
        if piece.num_rows or number == 0:
            pq.write_table(piece, folder / f"{number:03}.parquet", compression="zstd")
    return int(table.num_rows)


def find_code(documents: int) -> Iterator[Document]:
    """Yield source files of the standard library and of installed packages."""
    for source, path in _shuffled(_library_files((".py",))):
        text = _read(path, CODE_BYTES)
        if text.strip():
            yield Document(text, source)


def find_prose(documents: int) -> Iterator[Document]:
    """Yield the language reference, package descriptions, documentation files and docstrings.

    Descriptions and files are a quarter of `documents` each at most; docstrings are the rest.
    """
    descriptions = _shuffled((name, text) for name, text in _descriptions())
    yield from _language_reference()
    yield from islice((Document(text, name) for name, text in descriptions), documents // 4)
    yield from islice(_documentation_files(), documents // 4)
    yield from _docstrings()
