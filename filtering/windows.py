"""Which part of a document is read: the same rules when labelling, training and scoring.

A labeller and an embedder read the **window**: a text of at most 2,400 UTF-8 bytes whole, of a longer one the
first 1,400, the middle 500 (around byte n // 2) and the last 500. Signals read the **reach**: the same with
64,000, 24,000, 16,000 and 24,000 bytes, all of nearly every document. Pieces are cut inwards to code-point
boundaries, so that none is longer than its share. A window or reach written out as text joins the three by
`SEAM`; a text that is one already is not cut again. The window of a reach is that of the whole text, but
for the few bytes that its cuts may have moved.

The compiled functions in `checks.py` apply the reach to Arrow buffers; this module states both in plain
Python for everything that handles single texts. A test holds the two equal.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class CutRule:
    """How much of a document is read, in bytes.

    Parameters
    ----------
    whole : int
        A text of at most this size is read whole.
    head, middle, tail : int
        Of a longer one these pieces are.
    version : int
        Raised where a rule of the same sizes cuts otherwise.
    """

    whole: int
    head: int
    middle: int
    tail: int
    version: int = 1

    @property
    def name(self) -> str:
        """Name and version; stored with every scorer and label set."""
        return f"head{self.head}-middle{self.middle}-tail{self.tail}-bytes/{self.version}"


WINDOW = CutRule(2400, 1400, 500, 500)
REACH = CutRule(64_000, 24_000, 16_000, 24_000)
"""Reading all of a document instead of its window brings .03 of rho on web (docs/experiments.md). The kernel
counts in 16 bits; and of head and tail alike, the middle of a reach is the middle of the text."""

SEAM = b"\n[...]\n"
BOUNDARY_SLACK_BYTES = 3  # a cut moves by at most three bytes, since a code point has at most four

Span = tuple[int, int]


def window_spans(data: bytes, rule: CutRule = WINDOW) -> tuple[Span, ...]:
    """Return the byte ranges of `data` that are read, in order.

    Parameters
    ----------
    data : bytes
        A text in UTF-8. Other bytes are cut as if they were.
    rule : CutRule

    Returns
    -------
    tuple of (start, stop)
        One range for a short text, three for a long one or a window.

    Examples
    --------
    >>> window_spans(b"short")
    ((0, 5),)
    >>> window_spans(b"x" * 10_000)
    ((0, 1400), (4750, 5250), (9500, 10000))
    """
    length = len(data)
    if length <= rule.whole:
        return ((0, length),)
    seams = _seams(data, rule)
    if seams is not None:
        first, second = seams
        return ((0, first), (first + len(SEAM), second), (second + len(SEAM), length))
    middle = length // 2
    return (
        (0, _back(data, rule.head)),
        (_on(data, middle - rule.middle // 2), _back(data, middle + rule.middle // 2)),
        (_on(data, length - rule.tail), length),
    )


def cut_window(text: str, rule: CutRule = WINDOW) -> str:
    r"""Return the part of `text` that is read, its pieces joined by ``\n[...]\n``.

    Cutting twice gives the same as cutting once.

    Examples
    --------
    >>> window = cut_window("word " * 1000)
    >>> len(window), window == cut_window(window)
    (2414, True)
    """
    return window_text(text.encode("utf-8", errors="surrogatepass"), rule)


def window_text(data: bytes, rule: CutRule = WINDOW) -> str:
    """Return the part of a text in UTF-8 that is read, its pieces joined as by `cut_window`."""
    window = SEAM.join(data[start:stop] for start, stop in window_spans(data, rule))
    return window.decode("utf-8", errors="surrogatepass")


def beginning_text(data: bytes, limit_bytes: int) -> str:
    """Return the beginning of a text in UTF-8, cut back to a code point."""
    cut = len(data) if len(data) <= limit_bytes else _back(data, limit_bytes)
    return data[:cut].decode("utf-8", errors="surrogatepass")


def _seams(data: bytes, rule: CutRule) -> Span | None:
    """Return where the two seams of a window start; None if `data` is no window."""
    seam = len(SEAM)
    if len(data) > rule.head + rule.middle + rule.tail + 2 * seam:
        return None
    for first in range(rule.head, rule.head - BOUNDARY_SLACK_BYTES - 1, -1):
        if data[first : first + seam] != SEAM:
            continue
        for tail in range(rule.tail, rule.tail - BOUNDARY_SLACK_BYTES - 1, -1):
            second = len(data) - tail - seam
            if data[second : second + seam] == SEAM:
                return first, second
    return None


def _is_continuation(byte: int) -> bool:
    return byte & 0xC0 == 0x80


def _back(data: bytes, cut: int) -> int:
    """Move `cut` back to the start of the code point that it would split."""
    lowest = cut - BOUNDARY_SLACK_BYTES
    while cut > lowest and _is_continuation(data[cut]):
        cut -= 1
    return cut


def _on(data: bytes, cut: int) -> int:
    """Move `cut` on to the next start of a code point."""
    highest = cut + BOUNDARY_SLACK_BYTES
    while cut < highest and _is_continuation(data[cut]):
        cut += 1
    return cut
