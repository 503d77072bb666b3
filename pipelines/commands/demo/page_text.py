"""The text of a page as a reader sees it: of HTML and of reStructuredText, by the standard library alone.

For the demo. A crawl is better served by a library that tells an article from what stands around it.
"""

import re
from collections.abc import Sequence
from html.parser import HTMLParser

HIDDEN = frozenset(("script", "style", "svg", "template", "title"))
BLOCKS = frozenset(
    "address article aside blockquote body br dd div dl dt footer form h1 h2 h3 h4 h5 h6 header hr li main "
    "nav ol p pre section table tr ul".split()
)
"""What begins and ends a line."""
MARKUP = (
    # Directives and targets of links; what stands below a directive is text or code.
    (re.compile(r"^[ \t]*\.\. [^\n]*\n", re.MULTILINE), ""),
    (re.compile(r"^[ \t]*:[\w-]+:[^`\n]*\n", re.MULTILINE), ""),  # options
    (re.compile(r"^([^\w\s])\1{2,}[ \t]*\n", re.MULTILINE), ""),  # what headings are underlined with
    (re.compile(r"``([^`\n]+)``"), r"\1"),
    (re.compile(r":[\w:+-]+:`[~!]?([^`<]*[^`<\s])(?:\s*<[^`>]*>)?`"), r"\1"),
    (re.compile(r"`[~!]([^`<]+)`"), r"\1"),
    (re.compile(r"`([^`<]*[^`<\s])\s*<[^`>]*>`__?"), r"\1"),
)
MARKS = (
    (re.compile(r"^#+ ", re.MULTILINE), ""),  # of headings
    (re.compile(r"^([ \t]*)[*+] ", re.MULTILINE), r"\1- "),
    (re.compile(r"(?<![\w*])\*{1,2}(\w[^*\n]*)\*{1,2}(?![\w*])"), r"\1"),
    (re.compile(r"(?<=[^\n]{40})\n {0,3}(?![-#|=>]|\d+\.)(?=\S)"), " "),
)
"""Marks of plain text, Markdown among it. The last joins the lines of a paragraph. It leaves lists, tables
and code, which is indented by more."""
BLANK_LINES = re.compile(r"[ \t]*\n(?:[ \t]*\n)*")


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.pieces: list[str] = []
        self._hidden = self._pre = 0

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self._hidden += tag in HIDDEN
        self._pre += tag == "pre"
        if tag in BLOCKS:
            self.pieces.append("\n")

    def handle_endtag(self, tag: str) -> None:
        self._hidden = max(0, self._hidden - (tag in HIDDEN))
        self._pre = max(0, self._pre - (tag == "pre"))
        if tag in BLOCKS:
            self.pieces.append("\n")

    def handle_data(self, data: str) -> None:
        if not self._hidden:
            self.pieces.append(data if self._pre else re.sub(r"\s+", " ", data))


def text_of(name: str, source: str) -> str:
    """Return the text of a file, which is HTML, reStructuredText or plain text by its name."""
    if name.endswith(".html"):
        return text_of_html(source)
    # Django's manual is reStructuredText in files named .txt; other text has hardly such marks.
    return text_of_rst(source) if name.endswith((".rst", ".txt")) else text_of_plain(source)


def text_of_html(html: str) -> str:
    r"""Return what a browser shows of HTML, a block a line.

    Examples
    --------
    >>> text_of_html("<title>no</title><p>One &amp; two<script>no</script><li>three")
    'One & two\nthree'
    """
    reader = _Reader()
    reader.feed(html)
    reader.close()
    return _tidy("".join(reader.pieces))


def text_of_rst(source: str) -> str:
    r"""Return reStructuredText without most of its marks.

    Examples
    --------
    >>> text_of_rst("Title\n=====\n\n.. _top:\n\nSee :class:`~a.B`, ``c`` and `d <https://e>`_.\n")
    'Title\nSee a.B, c and d.'
    """
    return text_of_plain(_without(MARKUP, source))


def text_of_plain(source: str) -> str:
    r"""Return plain text or Markdown with a paragraph a line, and without most of its marks.

    Examples
    --------
    >>> text_of_plain("# Title\n\nThis is the *first* of many sentences of one\nparagraph.\n\n* item\n")
    'Title\nThis is the first of many sentences of one paragraph.\n- item'
    """
    return _tidy(_without(MARKS, source))


def _without(marks: Sequence[tuple[re.Pattern[str], str]], text: str) -> str:
    for mark, instead in marks:
        text = mark.sub(instead, text)
    return text


def _tidy(text: str) -> str:
    return BLANK_LINES.sub("\n", text).strip()
