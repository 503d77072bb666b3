"""The main job on real files of this machine: what a person sees first.

Builds a dump of prose and one of code from what any machine with Python has, filters both with the
shipped scorers through `filter_dump`, and shows what came of it. Which files are taken, and in
which order, follows from their names alone.
"""

import ast
import hashlib
import os
import re
import shlex
import shutil
import sysconfig
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import distributions
from itertools import chain, islice
from pathlib import Path
from pydoc_data.topics import topics
from typing import TypeVar

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from rich.console import Console
from rich.table import Table
from rich.text import Text

from filtering import load_scorer
from filtering.errors import MissingExtraError, OutputError
from filtering.scorers import EMBEDDING_STAGE
from pipelines.config import FilterConfig
from pipelines.config_base import KEEP_AT
from pipelines.filter import filter_dump
from pipelines.picks import GROUPS
from pipelines.progress import Reporter
from pipelines.report import report_result
from pipelines.report_data import gather_report
from pipelines.run_plan import FilterResult

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
PROSE_BYTES = 200_000
PROSE_CHARS = 200
"""Shorter prose is left out."""
PROSE_SUFFIXES = (".rst", ".md", ".txt")
PROSE_NAMES = ("AUTHORS", "CHANGE", "COPYING", "LICENSE", "NEWS", "NOTICE", "README", "copyright")
SYSTEM_DOCUMENTATION = Path("/usr/share/doc")
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
    for scorer, found in (("web", find_prose(documents)), ("code", find_code())):
        reporter.say(f"Collecting {scorer} documents of this machine ...")
        count = write_dump(folder / scorer / "dump", found, documents)
        reporter.say(f"Filtering {count:,} documents with the scorer {scorer!r} ...")
        dump, run = str(folder / scorer / "dump"), str(folder / scorer / "out")
        against = tuple(decontaminate) if scorer == "code" else ()
        config = FilterConfig(inputs=(dump,), out=run, scorer=scorer, decontaminate=against)
        try:
            results[scorer] = filter_dump(config, reporter=reporter)
        except MissingExtraError as error:
            reporter.say(f"No effort balanced. {error}")
            results[scorer] = filter_dump(config.model_copy(update={"effort": "fast"}), reporter=reporter)
    console = Console(highlight=False)
    console.print(_figures(results))
    for scorer, result in results.items():
        _print_counts(console, scorer, result)
    command = shlex.join(["edufilter", "demo", out, *(f"--decontaminate={path}" for path in decontaminate)])
    for scorer, result in results.items():
        _print_samples(console, scorer, folder / scorer / "dump", result.out)
        if result.manifest["settings"]["effort"] == "balanced":
            _print_unsure(console, scorer, folder / scorer / "dump", result)
    for result in results.values():
        console.print(Text(f"kept documents: {result.out}/data"), soft_wrap=True)
        page = report_result(result, command, samples=True, reporter=reporter)
        if page is not None:
            console.print(Text(f"report:         {page}"), soft_wrap=True)


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


def find_prose(documents: int) -> Iterator[Document]:
    """Yield documentation files, package descriptions, the language reference, and docstrings.

    The first three are a quarter of `documents` each at most; docstrings are the rest.
    """
    quarter = documents // 4
    for kind in (_documentation_files(), _descriptions(), _language_reference()):
        yield from islice(kind, quarter)
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


def _documentation_files() -> Iterator[Document]:
    system = (
        (str(path), path)
        for path in SYSTEM_DOCUMENTATION.glob("*/*")
        if path.name.startswith(PROSE_NAMES) and path.suffix in ("", *PROSE_SUFFIXES)
    )
    for source, path in _shuffled(chain(_library_files(PROSE_SUFFIXES), system)):
        if len(text := _read(path, PROSE_BYTES)) >= PROSE_CHARS:
            yield Document(text, source)


def _descriptions() -> Iterator[Document]:
    packages = {one.name: one for one in distributions()}
    for name, package in _shuffled(packages.items()):
        text = package.metadata.json.get("description", "")
        if isinstance(text, str) and len(text) >= PROSE_CHARS:
            yield Document(text, f"description of {name}")


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


def _figures(results: Mapping[str, FilterResult]) -> Table:
    table = Table("scorer", *("documents", "embedded", "kept", "share", "documents/s", "MB/s"))
    for column in table.columns[1:]:
        column.justify = "right"
    for scorer, result in results.items():
        megabytes = float(str(result.manifest["text_bytes"])) / 1e6
        seconds = max(result.seconds, 1e-9)
        table.add_row(
            scorer,
            f"{result.rows:,}",
            f"{result.manifest['audit']['embedded']:,}",
            f"{result.kept:,}",
            f"{100 * result.kept / max(result.rows, 1):.1f} %",
            f"{result.rows / seconds:,.0f}",
            f"{megabytes / seconds:,.1f}",
        )
    return table


def _print_counts(console: Console, scorer: str, result: FilterResult) -> None:
    """Print how many documents have no score, and why, and how many hold tasks of benchmarks."""
    counted = ", ".join(f"{count:,} {reason}" for reason, count in result.reasons.items())
    if counted:
        console.print(Text(f"{scorer}, without a score: {counted}"), soft_wrap=True)
    if "leak_action" in result.manifest["settings"]:
        found = ", ".join(f"{count:,} {name}" for name, count in result.manifest["leaks"].items()) or "none"
        console.print(Text(f"{scorer}, benchmark tasks in what would be kept: {found}"), soft_wrap=True)


def _print_samples(console: Console, scorer: str, dump: Path, run: str) -> None:
    samples = gather_report(run).samples
    for title, group in (("best", BEST), ("worst", WORST)):
        console.print(f"\n{scorer}, {title}", style="bold")
        for sample in [one for one in samples if one.group == group][:SHOWN]:
            source = pq.read_table(dump / sample.file, columns=["path"])["path"][sample.row].as_py()
            # Text objects: markup in a document or a file name must stay what it is.
            console.print(Text(f"  {sample.score:.2f}  {_one_line(source)}"), soft_wrap=True)
            console.print(Text(f"        {_one_line(sample.text)}", style="dim"), soft_wrap=True)


def _print_unsure(console: Console, scorer: str, dump: Path, result: FilterResult) -> None:
    """Print documents about which the signals were not sure, and what the embedding made of them."""
    unsure: list[tuple[float, float, str]] = []
    signals = load_scorer(scorer)
    for path in sorted(dump.glob("*.parquet")):
        stored = pq.read_table(Path(result.out, "run", "scores", path.name))
        at = np.flatnonzero(stored["edu_stage"].to_numpy() == EMBEDDING_STAGE)
        documents = pq.read_table(path).take(at)
        before = signals.score(documents["text"]).value.tolist()
        after = stored["edu_score"].take(at).to_pylist()
        unsure += zip(before, after, documents["path"].to_pylist(), strict=True)
    turned = sum((before >= KEEP_AT) != (after >= KEEP_AT) for before, after, _ in unsure)
    console.print(
        f"\n{scorer}, where the signals were not sure (signals -> with the embedding)", style="bold"
    )
    console.print(f"  {len(unsure):,} documents, of which the embedding decided {turned:,} otherwise")
    unsure.sort(key=lambda one: one[1] - one[0])
    for before, after, source in [*unsure[: -SHOWN - 1 : -1], *unsure[:-SHOWN][:SHOWN][::-1]]:
        console.print(Text(f"  {before:.2f} -> {after:.2f}  {_one_line(source)}"), soft_wrap=True)


def _one_line(text: str) -> str:
    """Return the beginning of a text on one line, without what could steer a terminal."""
    line = " ".join(UNDERLINE.sub("", text[: 10 * SHOWN_CHARS]).split())[:SHOWN_CHARS]
    return "".join(character if character.isprintable() else "?" for character in line)
