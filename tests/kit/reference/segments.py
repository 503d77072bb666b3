"""The rule of `filtering/text/segments.py` in plain Python, to compare the kernel with."""

import re

LINE = re.compile(rb"(?P<indent>[ \t]*)[^ \t\r\n]")


def cuts_of(text: bytes) -> list[int]:
    """Return where the segments of a text begin, and where the last one ends."""
    cuts = [0]
    while cuts[-1] < len(text):
        cuts.append(_next_cut(text, cuts[-1]))
    return cuts


def _next_cut(text: bytes, start: int) -> int:
    left = len(text) - start
    if left <= 2000:
        return len(text)
    wanted = start + (left // 2 if left < 3000 else 1500)
    places = [(-_strength(text, at, start), abs(at - wanted), at) for at in range(wanted - 500, wanted + 501)]
    strength, _, at = min(places)
    if strength:
        return at
    return next(at for at in range(wanted, wanted + 4) if at == wanted + 3 or text[at] & 0xC0 != 0x80)


def _strength(text: bytes, at: int, start: int) -> int:
    if text[at - 1 : at] == b"\n":
        line = LINE.match(text, at)
        if line is None:
            return 0
        before = text[start : at - 1].rstrip(b" \t\r")
        if before.endswith(b"\n"):
            return 4 if line["indent"] else 5
        return 3
    if text[at - 1 : at] == b" " and text[at : at + 1] not in (b" ", b"\t", b"\r", b"\n"):
        return 2 if text[at - 2 : at - 1] in (b".", b"!", b"?") else 1
    return 0
