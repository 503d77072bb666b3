"""What all pages share: one file that opens offline, on a phone, in the dark and without JavaScript.

Pages are templates of jinja2, which escape by themselves all that comes from data. A page runs the one script
`SCRIPT`, known to the browser by its digest, and forbids any other, and every request.
"""

import hashlib
import re
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from math import ceil
from pathlib import Path
from typing import TYPE_CHECKING

from markupsafe import Markup, escape

from filtering.errors import OutputError
from filtering.printable import printable, printable_lines
from pipelines.amount_formats import dollars, percent, without_price_in_words

if TYPE_CHECKING:
    from jinja2 import Environment

PACKAGE = "pipelines.page_kit"
"""Whose folder ``templates`` holds the pages, their style and their script."""
SCRIPT = (files(PACKAGE) / "templates" / "page.js").read_text(encoding="utf-8")
"""Shows the search of documents, which does nothing without it, and hides cards that do not fit."""
JOINT = re.compile(r"(?<=\w)[./_:-]+(?=\w)")
"""Where a long name may go on in the next line: after what joins its parts."""
LONG_NAME_CHARS = 16
INTERVAL = re.compile(r"\[([^\[\],]+), ([^\[\],]+)\]")
"""Stays in one line."""
OPTION = re.compile(r"(?<![\w-])--[a-z][a-z-]*[a-z]")
DIGEST_CHARS = 12
TILES_ABREAST = 7
"""On a page of 1,200 pixels."""


@dataclass(frozen=True)
class Tile:
    """A figure in a box: what it is, the figure, and more about it."""

    name: str
    value: str
    more: str


def spent_tile(spent_usd: float, unpriced: Sequence[str]) -> Tile:
    """Return the tile of what a folder has cost, and of what that leaves out."""
    if unpriced and not spent_usd:
        return Tile("spent", "not known", "replies came without a --price")
    lacks = without_price_in_words(unpriced)
    return Tile("spent", dollars(spent_usd), lacks or "for all replies of the folder")


@dataclass(frozen=True)
class Table:
    """A table of a page, a model card or a command.

    Parameters
    ----------
    caption : str
    head : sequence of str
    rows : sequence of sequence
        Texts, and whole numbers.
    texts : int
        So many columns from the left are text, the others figures.
    note : str
        What a page says below it.
    """

    caption: str
    head: Sequence[str]
    rows: Sequence[Sequence[object]]
    texts: int = 1
    note: str = ""


def whole_page(template: str, title: str, view: object) -> str:
    """Return a page as HTML.

    Parameters
    ----------
    template : str
        Name of the file below ``templates``.
    title : str
    view : object
        What the template shows, as ``view``.
    """
    digest = b64encode(hashlib.sha256(SCRIPT.encode()).digest()).decode()
    page = templates().get_template(template).render(title=title, view=view, script=SCRIPT, digest=digest)
    # Documents hold what a page may not, or what turns the order of letters; ends of lines are of any kind.
    return printable_lines(page.replace("\r\n", "\n"))


def refuse_page(path: str) -> None:
    """Refuse a page that cannot be written, before the work that it shows.

    Raises
    ------
    OutputError
        If it does not end in ``.html``, or its folder does not exist.
    """
    if Path(path).suffix != ".html" or not Path(path).parent.is_dir():
        raise OutputError(f"A page must be a file that ends in .html, in a folder that exists. Got {path!r}.")


@cache
def templates() -> "Environment":
    """Return the templates of pages, which escape, and of model cards, which are Markdown and do not."""
    from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape  # tables need none

    found = Environment(
        loader=PackageLoader(PACKAGE),
        autoescape=select_autoescape(["html"]),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    found.filters |= {
        "cell": _cell,
        "columns": _columns,
        "digest": _digest,
        "markdown": _markdown,
        "options": _options,
        "percent": _percent,
        "thousands": _thousands,
    }
    return found


def _columns(tiles: Sequence[Tile]) -> int:
    """Return how many tiles stand in a row of a wide page, so that rows are as even as can be."""
    rows = ceil(len(tiles) / TILES_ABREAST)
    return ceil(len(tiles) / max(rows, 1))


def _thousands(count: int) -> str:
    return f"{count:,}"


def _percent(share: float) -> str:
    return percent(share, 1)


def _cell(value: object) -> str:
    """Return what goes into a cell: long names, of sites and files say, may break where their parts join.

    Examples
    --------
    >>> _cell(2500), _cell("short.org"), _cell("<a>.of.a-long.example.org")
    (Markup('2,500'), Markup('short.org'), Markup('&lt;a&gt;.of.<wbr>a-<wbr>long.<wbr>example.<wbr>org'))
    """
    shown = escape(INTERVAL.sub("[\\1,\u00a0\\2]", _in_figures(value)))
    if max(map(len, shown.split()), default=0) < LONG_NAME_CHARS:
        return shown
    return Markup(JOINT.sub(r"\g<0><wbr>", str(shown)))


def _in_figures(value: object) -> str:
    return _thousands(value) if isinstance(value, int) else str(value)


def _markdown(value: object) -> str:
    """Return what goes into a cell of a table in Markdown: names of others may hold what ends it."""
    return printable(_in_figures(value)).replace("|", "\\|")


def _options(sentence: str) -> Markup:
    """Return a sentence whose options of the command stay whole: no line ends after their first sign."""
    return Markup(OPTION.sub(r"<span class=whole-word>\g<0></span>", str(escape(sentence))))


def _digest(sha256: object) -> str:
    return str(sha256)[:DIGEST_CHARS]
