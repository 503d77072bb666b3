"""Tables on a screen: as wide as it is, and no word is broken that fits into a line."""

import shutil
from collections.abc import Sequence

import rich.table
from rich import box
from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from filtering.printable import printable

GAP = 2
"""Characters between two columns, and at the ends of a line together with one more."""
PARTED_AT = "/-_.:"
"""Where a name that is too long for its column is parted, if it can be."""
LEAST_WIDTH = 8
"""Of a column of names that are too long for the screen, which alone are broken."""


def print_table(
    head: Sequence[str],
    rows: Sequence[Sequence[object]],
    *,
    title: str = "",
    texts: int = 1,
    parts_figures: bool = True,
) -> None:
    """Print a table on standard output.

    Parameters
    ----------
    head : sequence of str
    rows : sequence of sequence
        Texts, and whole numbers.
    title : str
        What stands above it.
    texts : int
        So many columns from the left are text, the others figures.
    parts_figures : bool
        Whether figures of several words may take several lines; otherwise texts are broken before that.
    """
    screen = shutil.get_terminal_size()
    # Asked for here, since rich reads the environment that it found when it was imported.
    console = Console(highlight=False, width=screen.columns, height=screen.lines)
    cells = [[f"{cell:,}" if isinstance(cell, int) else printable(str(cell)) for cell in row] for row in rows]
    whole = len(head) if parts_figures else texts
    widths = _widths([list(head), *cells], console.width - GAP * len(head) - 1, whole)
    cells = [[*(map(_parted, row[:texts], widths)), *row[texts:]] for row in cells]
    # Where figures take several lines, an empty one says which lines are of one row.
    parts = any(
        cell_len(cell) > width for row in cells for cell, width in [*zip(row, widths, strict=True)][texts:]
    )
    table = rich.table.Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), leading=int(parts))
    for place, (name, width) in enumerate(zip(head, widths, strict=True)):
        name = printable(name)
        if place < texts:
            table.add_column(Text(name), width=width, overflow="fold")
        else:
            table.add_column(Text(name), width=width, overflow="fold", justify="right")
    for row in cells:
        table.add_row(*map(Text, row))
    if title:
        console.print(Text(f"\n{printable(title)}"))
    console.print(table)


def _parted(text: str, width: int) -> str:
    """Return a text whose long words, such as addresses, are parted where they have parts.

    Examples
    --------
    >>> _parted("universaldependencies/UD_English-EWT *", 34).splitlines()
    ['universaldependencies/UD_English-', 'EWT *']
    """
    pieces = []
    for word in text.split(" "):
        while cell_len(word) > width:
            end = max(word.rfind(sign, 1, width) for sign in PARTED_AT) + 1 or width
            pieces.append(f"{word[:end]}\n")
            word = word[end:]
        pieces.append(f"{word} ")
    return "".join(pieces).removesuffix(" ")


def _widths(rows: Sequence[Sequence[str]], available: int, whole: int) -> list[int]:
    """Return the width of each column, all of which together fit: whole lines, else at least whole words.

    From column number `whole` on lines stay whole as long as names can be broken.
    """
    columns = list(zip(*rows, strict=True))
    widths = [max(cell_len(cell) for cell in column) for column in columns]
    least = [max(cell_len(word) for cell in column for word in ["", *cell.split()]) for column in columns]
    while sum(widths) > available:
        # First what can be wrapped, the widest first; then names are broken.
        wide = [place for place, width in enumerate(widths[:whole]) if width > least[place]]
        wide = wide or [place for place, width in enumerate(widths[:whole]) if width > LEAST_WIDTH]
        wide = wide or [place for place, width in enumerate(widths) if width > LEAST_WIDTH]
        if not wide:
            break
        widths[max(wide, key=lambda place: widths[place])] -= 1
    return widths
