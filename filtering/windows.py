"""Which part of a document is read: the same rule when labelling, training and scoring.

A text of at most 2,400 UTF-8 bytes is read whole. Of a longer one the first 1,400, the middle 500
(around byte n // 2) and the last 500 are read, cut inwards to code-point boundaries, so that a
window is never longer than its share. A window written out as text joins the three by `SEAM`; a
text that is such a window already is not windowed again.

The compiled kernel in `signals.py` applies the rule to Arrow buffers; this module states it in
plain Python for everything that handles single texts. A test holds the two equal.
"""

WINDOW_RULE = "head1400-middle500-tail500-bytes/1"
"""Name and version of the rule; stored with every scorer and label set."""

WHOLE_BYTES = 2400
HEAD_BYTES = 1400
MIDDLE_BYTES = 500
TAIL_BYTES = 500
SEAM = b"\n[...]\n"
BOUNDARY_SLACK_BYTES = 3  # a cut moves by at most three bytes, since a code point has at most four

Span = tuple[int, int]


def window_spans(data: bytes) -> tuple[Span, ...]:
    """Return the byte ranges of `data` that are read, in order.

    Parameters
    ----------
    data : bytes
        A text in UTF-8. Other bytes are cut as if they were.

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
    if length <= WHOLE_BYTES:
        return ((0, length),)
    seams = _seams(data)
    if seams is not None:
        first, second = seams
        return ((0, first), (first + len(SEAM), second), (second + len(SEAM), length))
    middle = length // 2
    return (
        (0, _back(data, HEAD_BYTES)),
        (_on(data, middle - MIDDLE_BYTES // 2), _back(data, middle + MIDDLE_BYTES // 2)),
        (_on(data, length - TAIL_BYTES), length),
    )


def cut_window(text: str) -> str:
    r"""Return the part of `text` that is read, its pieces joined by ``\n[...]\n``.

    Cutting twice gives the same as cutting once.

    Examples
    --------
    >>> window = cut_window("word " * 1000)
    >>> len(window), window == cut_window(window)
    (2414, True)
    """
    return window_text(text.encode("utf-8", errors="surrogatepass"))


def window_text(data: bytes) -> str:
    """Return the part of a text in UTF-8 that is read, its pieces joined as by `cut_window`."""
    window = SEAM.join(data[start:stop] for start, stop in window_spans(data))
    return window.decode("utf-8", errors="surrogatepass")


def beginning_text(data: bytes, limit_bytes: int) -> str:
    """Return the beginning of a text in UTF-8, cut back to a code point."""
    cut = len(data) if len(data) <= limit_bytes else _back(data, limit_bytes)
    return data[:cut].decode("utf-8", errors="surrogatepass")


def _seams(data: bytes) -> Span | None:
    """Return where the two seams of a window start; None if `data` is no window."""
    seam = len(SEAM)
    longest = HEAD_BYTES + MIDDLE_BYTES + TAIL_BYTES + 2 * seam
    if len(data) > longest:
        return None
    for first in range(HEAD_BYTES, HEAD_BYTES - BOUNDARY_SLACK_BYTES - 1, -1):
        if data[first : first + seam] != SEAM:
            continue
        for tail in range(TAIL_BYTES, TAIL_BYTES - BOUNDARY_SLACK_BYTES - 1, -1):
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
