"""The main job on real files of this machine: what a person sees first.

Builds a dump of prose and one of code from what any machine with Python has, filters both with the
shipped scorers through `filter_dump`, and shows what came of it. Which files are taken, and in
which order, follows from their names alone.
"""

import ast
import hashlib
import json
import os
import re
import shlex
import shutil
import sysconfig
import warnings
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from pydoc_data.topics import topics
from typing import TypeVar

import pyarrow as pa
import pyarrow.parquet as pq
from rich.console import Console
from rich.text import Text

from filtering.errors import MissingExtraError, OutputError
from pipelines.commands.print_runs import print_result
from pipelines.commands.screen import show
from pipelines.progress import Reporter
from pipelines.reports.documents_to_show import GROUPS
from pipelines.reports.write_report import report_result
from pipelines.run.filter import filter_dump
from pipelines.run.plan_to_manifest import FilterResult
from pipelines.settings.runs import FilterConfig
from pipelines.store.run_folder import RunFolder

MARKER = ".edufilter-demo"
"""Says that a folder was made by the demo, and may be made anew."""
DOCUMENTS = 3000
"""Of each dump."""
FILES = 4
"""Parquet files of each dump."""
CODE_BYTES = 200_000
"""Larger source files are left out: they are mostly tables."""
DOCSTRINGS_PER_FILE = 8
PARSED_BYTES = 100_000
"""Larger source files are not searched for docstrings: parsing takes about a second a megabyte."""
SOURCE_SUFFIXES = (
    *(".py", ".pyx", ".js", ".ts", ".css", ".html", ".c", ".cpp", ".cu", ".java", ".go", ".rs", ".rb", ".sh"),
    *(".json", ".yaml"),
)
"""C headers are left out: of packages that bring them they would be most files."""
PYTHON_SUFFIXES = (".py",)
PROSE_CHARS = 200
"""Shorter prose is left out."""
NO_SOURCES = frozenset(("__pycache__", "site-packages", "dist-packages"))
SHOWN = 3
SHOWN_CHARS = 80
UNDERLINE = re.compile(r"([^\w\s])\1{3,}")
"""What headings are underlined with is left out where text is shown on one line."""
BEST, WORST, *_ = GROUPS

T = TypeVar("T")


@dataclass(frozen=True)
class Document:
    """A text, and where it was found."""

    text: str
    source: str


def run_demo(
    out: str, *, reporter: Reporter, documents: int = DOCUMENTS, decontaminate: Sequence[str] = ()
) -> None:
    """Filter real files of this machine with the shipped scorers, and print what came of it.

    Parameters
    ----------
    out : str
        Folder for dumps and runs; made anew if an earlier demo made it.
    reporter : Reporter
        What is told about progress. Text of documents goes to standard output alone.
    documents : int
        Documents of each dump, at most.
    decontaminate : sequence of str
        Files of benchmarks whose leaks are looked for in the code.

    Raises
    ------
    OutputError
        If `out` holds anything that no demo made.
    """
    folder = Path(out)
    _make_anew(folder)
    results: dict[str, FilterResult] = {}
    for scorer, found in (("web", find_prose()), ("code", find_code())):
        reporter.say(f"Collecting {scorer} documents of this machine ...")
        count = write_dump(folder / scorer / "dump", found, documents)
        reporter.say(f"Filtering {count:,} documents with the scorer {scorer!r} ...")
        dump, run = str(folder / scorer / "dump"), str(folder / scorer / "out")
        against = tuple(decontaminate) if scorer == "code" else ()
        config = FilterConfig(inputs=(dump,), out=run, scorer=scorer, against=against)
        try:
            results[scorer] = filter_dump(config, reporter=reporter)
        except MissingExtraError as error:
            reporter.say(f"No effort balanced. {error}")
            results[scorer] = filter_dump(config.model_copy(update={"effort": "fast"}), reporter=reporter)
    command = shlex.join(["edufilter", "demo", out, *(f"--against={path}" for path in decontaminate)])
    for scorer, result in results.items():
        show(f"\n{scorer}")
        print_result(result)
        page = report_result(result, command, samples=True, reporter=reporter)
        if page is not None:
            show(f"report: {page}")
        _print_samples(scorer, folder / scorer / "dump", RunFolder(result.out))


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
    table = pa.table({"text": list(unique), "path": list(unique.values())})
    folder.mkdir(parents=True)
    rows = max(1, -(-table.num_rows // FILES))
    for number in range(FILES):
        piece = table.slice(number * rows, rows)
        if piece.num_rows or number == 0:
            pq.write_table(piece, folder / f"{number:03}.parquet", compression="zstd")
    return int(table.num_rows)


def find_code() -> Iterator[Document]:
    """Yield source files of the standard library and of installed packages."""
    for source, path in _shuffled(_library_files(SOURCE_SUFFIXES)):
        if text := _read(path, CODE_BYTES):
            yield Document(text, source)


def find_prose() -> Iterator[Document]:
    """Yield the language reference, and docstrings of the standard library and of installed packages."""
    yield from _language_reference()
    yield from _docstrings()


def _shuffled(named: Iterable[tuple[str, T]]) -> list[tuple[str, T]]:
    """Return pairs of a name and a value in an order that follows from the names, and mixes them."""
    return sorted(named, key=lambda pair: hashlib.sha256(pair[0].encode(errors="replace")).digest())


def _library_files(suffixes: tuple[str, ...]) -> Iterator[tuple[str, Path]]:
    """Yield files of the standard library and of installed packages, by their paths below either."""
    paths = sysconfig.get_paths()
    roots = {Path(paths[name]).resolve() for name in ("stdlib", "platstdlib", "purelib", "platlib")}
    for root in sorted(roots):
        for folder, folders, names in os.walk(root):
            # A library of its own below the standard one is either a root itself or of another Python.
            folders[:] = [name for name in folders if name not in NO_SOURCES]
            for name in names:
                if name.endswith(suffixes):
                    path = Path(folder, name)
                    yield path.relative_to(root).as_posix(), path


def _read(path: Path, limit_bytes: int) -> str:
    """Return the text of a file; none of one that is too large, not UTF-8, or not readable."""
    try:
        return path.read_text(encoding="utf-8") if path.stat().st_size <= limit_bytes else ""
    except (OSError, ValueError):
        return ""


def _language_reference() -> Iterator[Document]:
    """Yield what `help` says of keywords: prose that every Python has, be its packages few."""
    for name, text in _shuffled(topics.items()):
        if len(text) >= PROSE_CHARS:
            yield Document(text, f"help({name!r})")


def _docstrings() -> Iterator[Document]:
    for source, path in _shuffled(_library_files(PYTHON_SUFFIXES)):
        found = _docstrings_of(_read(path, PARSED_BYTES))
        for name, text in islice(found, DOCSTRINGS_PER_FILE):
            yield Document(text, f"{source}: {name}")


def _docstrings_of(source: str) -> Iterator[tuple[str, str]]:
    """Yield the long docstrings of a source file, from its syntax tree: nothing is imported."""
    try:
        with warnings.catch_warnings(action="ignore"):
            waiting: list[ast.AST] = [ast.parse(source)]
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return
    for node in waiting:
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            waiting += node.body
            text = ast.get_docstring(node) or ""
            if len(text) >= PROSE_CHARS:
                yield getattr(node, "name", "module"), text


def _print_samples(scorer: str, dump: Path, run: RunFolder) -> None:
    """Print the best and the worst documents that the report of a run shows."""
    console = Console(highlight=False)
    samples = json.loads((run.run / "report.json").read_bytes())["samples"]
    for title, group in (("best", BEST), ("worst", WORST)):
        console.print(f"\n{scorer}, {title}", style="bold")
        for sample in [one for one in samples if one["group"] == group][:SHOWN]:
            source = pq.read_table(dump / sample["file"], columns=["path"])["path"][sample["row"]].as_py()
            # Text objects: markup in a document or a file name must stay what it is.
            console.print(Text(f"  {sample['score']:.2f}  {_one_line(source)}"), soft_wrap=True)
            console.print(Text(f"        {_one_line(sample['text'])}", style="dim"), soft_wrap=True)


def _one_line(text: str) -> str:
    """Return the beginning of a text on one line, without what could steer a terminal."""
    line = " ".join(UNDERLINE.sub("", text[: 10 * SHOWN_CHARS]).split())[:SHOWN_CHARS]
    return "".join(character if character.isprintable() else "?" for character in line)
