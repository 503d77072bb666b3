"""The main job on real documents: what a person sees first.

Builds a dump of pages and one of code, filters both with the shipped scorers through `filter_dump`, shows
what came of it, and says what to type next. `demo_documents.py` says where the documents are from.
"""

import json
import re
import shlex
import shutil
from collections.abc import Iterable, Mapping, Sequence
from math import ceil
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from rich.console import Console
from rich.text import Text

from filtering import load_scorer
from filtering.errors import OutputError
from filtering.text.windows import header_end
from pipelines.commands.demo.archives import fetch_archives
from pipelines.commands.demo.documents import Document, find_code, find_prose
from pipelines.commands.printing.runs import print_result
from pipelines.commands.printing.screen import show
from pipelines.commands.printing.slices import read_report
from pipelines.progress import Reporter
from pipelines.reports.runs.documents_to_show import GROUPS
from pipelines.reports.runs.report_result import report_result
from pipelines.run.filter import filter_dump
from pipelines.run_folder.folder import RunFolder
from pipelines.settings.base import command_of
from pipelines.settings.filter import FilterConfig

MARKER = ".edufilter-demo"
"""Says that a folder was made by the demo, and may be made anew."""
DOCUMENTS = 3000
"""Of each dump, at most."""
FILES = 4
"""Parquet files of each dump."""
OTHER_CUT = 2.5
SHOWN = 3
SHOWN_CHARS = 80
UNDERLINE = re.compile(r"([^\w\s])\1{3,}")
"""What headings are underlined with is left out where text is shown on one line."""
BEST, WORST, *_ = GROUPS


def run_demo(
    out: str, *, reporter: Reporter, documents: int = DOCUMENTS, decontaminate: Sequence[str] = ()
) -> None:
    """Filter real pages and source files with the shipped scorers, and print what came of it.

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
    archives = fetch_archives(folder / "manuals", reporter)
    reporter.say(
        "Writing two dumps: pages of manuals, READMEs and licences; source files of this machine ..."
    )
    counts = {
        name: write_dump(folder / name / "dump", found, documents)
        for name, found in (("web", find_prose(archives)), ("code", find_code()))
    }
    reporter.say("Loading the scorers ...")
    for name in counts:
        load_scorer(name).score(["Compiled before time is taken."])
    for name, count in counts.items():
        reporter.say(f"Filtering {count:,} documents with the scorer {name!r}, by words and style ...")
        _filter(folder / name, name, tuple(decontaminate) if name == "code" else (), reporter)
    _print_next(folder / "web")


def _filter(folder: Path, scorer: str, against: tuple[str, ...], reporter: Reporter) -> None:
    """Filter a dump as by default, and show what came of it."""
    dump = folder / "dump"
    config = FilterConfig(inputs=(str(dump),), out=str(folder / "out"), scorer=scorer, against=against)
    result = filter_dump(config, reporter=reporter, page_options=())
    page = report_result(result, command_of("filter", config), samples=True, reporter=reporter)
    show(f"\n{scorer}")
    print_result(result, None if page is None else read_report(result.out))
    if page is not None:
        show(f"report: {page}")
    for title, group in (("best", BEST), ("worst", WORST)):
        _print_samples(f"{scorer}, {title}", dump, _samples(result.out, group))


def _print_next(folder: Path) -> None:
    """Print where the report is, and three commands to type next, for these pages and the reader's own."""
    run, other = str(folder / "out"), str(folder / f"out-from-{OTHER_CUT}")
    found = _samples(run, BEST)
    file, row = (str(found[0]["file"]), str(found[0]["row"])) if found else ("000.parquet", "0")
    best = f"the best page, {_short_path(_document_of(folder / 'dump', found[0])[0])}," if found else "a page"
    page = RunFolder(run).page
    commands = {
        f"Why does {best} have its score?": ("explain", "--run", run, "--file", file, "--row", row),
        f"Keep pages from {OTHER_CUT} points on, without scoring them again:": (
            *("recut", run, "--to", other, "--keep-at", str(OTHER_CUT)),
        ),
        "Filter Parquet files of your own, in a folder DUMP:": (
            *("filter", "DUMP", "--scorer", "web", "--out", "out"),
        ),
    }
    show("\nWhat to do next")
    if page.exists():
        show(f"  Open the report in a browser:\n    {page}")
    for what, words in commands.items():
        show(f"  {what}\n    {shlex.join(['edufilter', *words])}")


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
    unique: dict[str, Document] = {}
    for document in found:
        unique.setdefault(document.text, document)
        if len(unique) >= documents:
            break
    columns = {
        "text": unique,
        "path": [one.source for one in unique.values()],
        "site": [one.site for one in unique.values()],
    }
    table = pa.table(
        {
            name: [value.encode(errors="replace").decode() for value in values]
            for name, values in columns.items()
        }
    )
    folder.mkdir(parents=True)
    rows = max(1, ceil(table.num_rows / FILES))
    for number in range(FILES):
        piece = table.slice(number * rows, rows)
        if piece.num_rows or number == 0:
            pq.write_table(piece, folder / f"{number:03}.parquet", compression="zstd")
    return int(table.num_rows)


def _samples(out: str, group: str) -> list[Mapping[str, Any]]:
    """Return documents of a group that the report of a run shows, those that say most first."""
    data = RunFolder(out).run / "report.json"
    samples = json.loads(data.read_bytes())["samples"] if data.exists() else []
    return [one for one in samples if one["group"] == group]


def _print_samples(title: str, dump: Path, samples: Sequence[Mapping[str, Any]]) -> None:
    console = Console(highlight=False)
    console.print(f"\n{title}", style="bold")
    for sample in samples[:SHOWN]:
        source, text = _document_of(dump, sample)
        # Text objects: markup in a document or a file name must stay what it is.
        console.print(Text(f"  {sample['score']:.2f}  {_short_path(source)}"), soft_wrap=True)
        console.print(Text(f"        {_one_line(text)}", style="dim"), soft_wrap=True)


def _document_of(dump: Path, sample: Mapping[str, Any]) -> tuple[str, str]:
    """Return where a document of a dump was found, and its text behind a licence header."""
    table = pq.read_table(dump / sample["file"], columns=["path", "text"])
    source, text = (str(table[name][sample["row"]].as_py()) for name in ("path", "text"))
    data = text.encode()
    return source, data[header_end(data) :].decode() or text


def _one_line(text: str) -> str:
    r"""Return the beginning of a text on one line, without what could steer a terminal.

    Examples
    --------
    >>> _one_line("Title\n=====\nA text."), _one_line("word " * 99)[-12:]
    ('Title A text.', 'word word...')
    """
    line = _printable(" ".join(UNDERLINE.sub("", text[: 10 * SHOWN_CHARS]).split()))
    if len(line) <= SHOWN_CHARS:
        return line
    beginning = line[: SHOWN_CHARS - 3]
    return f"{beginning.rpartition(' ')[0] or beginning}..."


def _short_path(path: str) -> str:
    """Return where a document was found by its package and its name: what does not fit between is left out.

    Examples
    --------
    >>> _short_path("flask/docs/index.rst"), _short_path(f"flask/{'folder/' * 20}index.rst")[:20]
    ('flask/docs/index.rst', 'flask/.../folder/fol')
    """
    path = _printable(path)
    if len(path) <= SHOWN_CHARS:
        return path
    package, *folders, name = path.split("/") if "/" in path else ("", path)
    package = package[: SHOWN_CHARS // 2]
    room = SHOWN_CHARS - len(f"{package}/...")
    while folders and len("/".join(["", *folders, name])) > room:
        del folders[0]
    end = "/".join(["", *folders, name])
    return f"{package}/...{end if len(end) <= room else end[-room:]}"


def _printable(text: str) -> str:
    return "".join(character if character.isprintable() else "?" for character in text)
