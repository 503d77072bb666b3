"""Documents that any machine with Python has or can get: what the dumps of the demo are made of.

Which files are taken, and in which order, follows from their names alone.
"""

import ast
import hashlib
import os
import re
import sysconfig
import warnings
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from pydoc_data.topics import topics
from typing import TypeVar

from pipelines.commands.demo.archives import ARCHIVES, PAGE_BYTES, Archive, pages_of
from pipelines.commands.demo.page_text import text_of

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
PAGE_SUFFIXES = (".html", ".md", ".rst", ".txt", "/LICENSE", "/METADATA")
"""Of READMEs, licences and what else of prose comes with packages."""
PROSE_CHARS = 80
"""Shorter prose is left out."""
DOCSTRING_CHARS = 200
INSTALLED_PAGES = 1000
NO_SOURCES = frozenset(("__pycache__", "site-packages", "dist-packages"))

T = TypeVar("T")


@dataclass(frozen=True)
class Document:
    """A text, and where it was found: a path that begins with the package."""

    text: str
    source: str

    @property
    def site(self) -> str:
        """The package."""
        return re.split(r"[-/.]", self.source)[0]


def find_code() -> Iterator[Document]:
    """Yield source files of the standard library and of installed packages."""
    for source, path in _shuffled(_library_files(SOURCE_SUFFIXES)):
        if text := _read(path, CODE_BYTES):
            yield Document(text, source)


def find_prose(archives: Mapping[Archive, Path]) -> Iterator[Document]:
    """Yield pages of manuals, and what of prose comes with Python and installed packages.

    Parameters
    ----------
    archives : mapping
        Where archives of manuals lie. If one is missing docstrings follow.
    """
    manuals = (page for archive, path in archives.items() for page in pages_of(archive, path))
    found = [Document(text, source) for source, text in chain(manuals, _installed_pages(), _help())]
    yield from (
        one for _, one in _shuffled((one.source, one) for one in found if len(one.text) >= PROSE_CHARS)
    )
    if len(archives) < len(ARCHIVES):
        yield from _docstrings()


def _shuffled(named: Iterable[tuple[str, T]]) -> list[tuple[str, T]]:
    """Return pairs of a name and a value in an order that follows from the names, and mixes them."""
    return sorted(named, key=lambda pair: hashlib.sha256(pair[0].encode(errors="replace")).digest())


def _library_files(suffixes: tuple[str, ...]) -> Iterator[tuple[str, Path]]:
    """Yield files of the standard library and of installed packages, by package and path below it."""
    paths = sysconfig.get_paths()
    roots = {Path(paths[name]).resolve(): "" for name in ("purelib", "platlib")}
    roots |= {Path(paths[name]).resolve(): "python/" for name in ("stdlib", "platstdlib")}
    for root, package in sorted(roots.items()):
        for folder, folders, names in os.walk(root):
            # A library of its own below the standard one is either a root itself or of another Python.
            folders[:] = [name for name in folders if name not in NO_SOURCES]
            for name in names:
                path = Path(folder, name)
                if path.as_posix().endswith(suffixes):
                    yield package + path.relative_to(root).as_posix(), path


def _read(path: Path, limit_bytes: int) -> str:
    """Return the text of a file; none of one that is too large, not UTF-8, or not readable."""
    try:
        return path.read_text(encoding="utf-8") if path.stat().st_size <= limit_bytes else ""
    except (OSError, ValueError):
        return ""


def _installed_pages() -> Iterator[tuple[str, str]]:
    """Yield READMEs, licences and pages that came with packages, each by its name."""
    for source, path in islice(_shuffled(_library_files(PAGE_SUFFIXES)), INSTALLED_PAGES):
        text = _read(path, PAGE_BYTES)
        if path.name == "METADATA":  # a README below what an installer reads
            _, _, text = text.partition("\n\n")
        yield source, text_of(path.name, text)


def _help() -> Iterator[tuple[str, str]]:
    """Yield what `help` says of keywords: pages of the language reference that every Python has."""
    for name, text in topics.items():
        yield f"python/help/{name}", text


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
            if len(text) >= DOCSTRING_CHARS:
                yield getattr(node, "name", "module"), text
