"""What each character is to the kernel: blank, part of a word, a mark, or a word by itself.

Of a byte of ASCII `hashing.CLASSES` says that. Beyond ASCII, ranges of code points are listed here by hand
and not taken from `unicodedata`, which knows more with each release of Python: the same text must have the
same signals everywhere.

- Scripts without spaces between words (Han, kana, Thai, Lao, Khmer, Burmese and a few more): each letter
  stands alone, so that pairs of tokens are bigrams.
- A capital is folded to its small letter; full-width letters, and digits of all scripts, to those of ASCII.
- Marks that mean what one of ASCII does are folded to it: curly quotes, dashes, the ideographic full stop,
  the danda, the Arabic question mark. So they end sentences as it does.
- What cannot be seen and parts no words (joiners, soft hyphens) belongs to them, as accents do.
"""

import re

import numpy as np
from numpy.typing import NDArray

from filtering.arrays import Bytes
from filtering.compiled import compiled
from filtering.hashing import CLASSES, LOWER, PUNCTUATION, SPACE, WORD

ALONE, CAPITAL = 4, 5
"""A letter of a script without spaces; a letter of a word that has a small form."""
BEYOND = 6
BYTE_KINDS = CLASSES.copy()
"""Of each byte; one beyond ASCII begins a code point that has to be looked at."""
BYTE_KINDS[128:] = BEYOND
POINTS = 1 << 16
"""Code points in the tables; `point_kind` has the rule for those beyond."""
ELLIPSIS = 0x2026

_MARKS = (
    (0xA1, 0xA9), (0xAB, 0xAC), (0xAE, 0xB4), (0xB6, 0xB9), (0xBB, 0xBF), (0xD7, 0xD7), (0xF7, 0xF7),
    (0x2C2, 0x2C5), (0x2D2, 0x2DF), (0x37E, 0x37E), (0x387, 0x387), (0x55A, 0x55F), (0x589, 0x58A),
    (0x58D, 0x58F), (0x5BE, 0x5BE), (0x5C0, 0x5C0), (0x5C3, 0x5C3), (0x5C6, 0x5C6), (0x600, 0x60F),
    (0x61B, 0x61F), (0x66A, 0x66D), (0x6D4, 0x6D4), (0x6DE, 0x6DE), (0x6E9, 0x6E9), (0x700, 0x70D),
    (0x7F6, 0x7F9), (0x964, 0x965), (0x970, 0x970), (0x9F2, 0x9F3), (0x9FB, 0x9FB), (0xAF0, 0xAF1),
    (0xBF3, 0xBFA), (0xDF4, 0xDF4), (0xE3F, 0xE3F), (0xE4F, 0xE4F), (0xE5A, 0xE5B), (0xF01, 0xF17),
    (0xF3A, 0xF3D), (0xFBE, 0xFC5), (0xFD0, 0xFD4), (0x104A, 0x104F), (0x10FB, 0x10FB), (0x1360, 0x1368),
    (0x1400, 0x1400), (0x166D, 0x166E), (0x16EB, 0x16ED), (0x1735, 0x1736), (0x17D4, 0x17DB),
    (0x1800, 0x180A), (0x1944, 0x1945), (0x1AA0, 0x1AAD), (0x1B5A, 0x1B6A), (0x1C3B, 0x1C3F),
    (0x1C7E, 0x1C7F), (0x2010, 0x2027), (0x2030, 0x205E), (0x2070, 0x20CF), (0x2100, 0x2BFF),
    (0x2E00, 0x2E7F), (0x2FF0, 0x3004), (0x3008, 0x3020), (0x3030, 0x3030), (0x303D, 0x303D),
    (0x30A0, 0x30A0), (0x30FB, 0x30FB), (0x4DC0, 0x4DFF), (0xA4FE, 0xA4FF), (0xA60D, 0xA60F),
    (0xA874, 0xA877), (0xA8CE, 0xA8CF), (0xA92E, 0xA92F), (0xA9C1, 0xA9CD), (0xA9DE, 0xA9DF),
    (0xAA5C, 0xAA5F), (0xABEB, 0xABEB), (0xE000, 0xF8FF), (0xFD3E, 0xFD3F), (0xFDFC, 0xFDFF),
    (0xFE10, 0xFE1F), (0xFE30, 0xFE6F), (0xFF01, 0xFF0F), (0xFF1A, 0xFF20), (0xFF3B, 0xFF3E),
    (0xFF40, 0xFF40), (0xFF5B, 0xFF65), (0xFFE0, 0xFFEF), (0xFFFC, 0xFFFD),
)  # fmt: skip
_BLANKS = (
    (0x80, 0xA0), (0x61C, 0x61C), (0xF0B, 0xF0C), (0x1361, 0x1361), (0x1680, 0x1680), (0x2000, 0x200B),
    (0x200E, 0x200F), (0x2028, 0x202F), (0x205F, 0x206F), (0x3000, 0x3000), (0xFE00, 0xFE0F),
    (0xFEFF, 0xFEFF), (0xFFF9, 0xFFFB),
)  # fmt: skip
_ALONE = (
    (0xE01, 0xE3A), (0xE40, 0xE4E), (0xE80, 0xECF), (0xEDC, 0xEDF), (0x1000, 0x103F), (0x1050, 0x109F),
    (0x1780, 0x17D3), (0x17DC, 0x17DF), (0x1950, 0x19FF), (0x1A20, 0x1A9F), (0x1B00, 0x1B59),
    (0x1B6B, 0x1B7F), (0x2E80, 0x2FDF), (0x3005, 0x3007), (0x3021, 0x302F), (0x3031, 0x303C),
    (0x303E, 0x309F), (0x30A1, 0x30FA), (0x30FC, 0x312F), (0x3190, 0x4DBF), (0x4E00, 0xA4CF),
    (0xA980, 0xA9C0), (0xA9CE, 0xA9DD), (0xA9E0, 0xA9FF), (0xAA60, 0xAA7F), (0xF900, 0xFAFF),
    (0xFF66, 0xFF9F),
)  # fmt: skip
_DIGITS = (
    0x660, 0x6F0, 0x7C0, 0x966, 0x9E6, 0xA66, 0xAE6, 0xB66, 0xBE6, 0xC66, 0xCE6, 0xD66, 0xDE6, 0xE50,
    0xED0, 0xF20, 0x1040, 0x1090, 0x17E0, 0x1810, 0x1946, 0x19D0, 0x1A80, 0x1A90, 0x1B50, 0x1BB0, 0x1C40,
    0x1C50, 0xA620, 0xA8D0, 0xA900, 0xA9D0, 0xA9F0, 0xAA50, 0xABF0, 0xFF10,
)  # fmt: skip
"""Zeros of other scripts; nine digits follow each. They make words, also in scripts without spaces."""
_CASED = (
    (0x80, 0x7FF), (0x10A0, 0x10C5), (0x1C90, 0x1CBA), (0x1E00, 0x1FFF), (0x2C60, 0x2C7F),
    (0xA640, 0xA69B),
)  # fmt: skip
"""Latin, Greek, Cyrillic, Armenian, Georgian: ranges that Unicode has filled; no release changes them."""
_MEANS = {
    "'": "\u2018\u2019\u201a\u201b\u2032\u2035\u2039\u203a\u00b4",
    '"': "\u00ab\u00bb\u201c\u201d\u201e\u201f\u2033\u2036\u3008\u3009\u300a\u300b\u300c\u300d\u300e\u300f"
    "\uff62\uff63",
    "-": "\u2010\u2011\u2012\u2013\u2014\u2015\u2212\u058a\u05be\u2e3a\u2e3b\ufe58\ufe63",
    # The last three are what fonts of symbols have for bullets.
    "*": "\u066d\u2022\u2023\u2043\u25aa\u25ab\u25b6\u25b8\u25ba\u25cb\u25cf\u25e6\u25a0\u25a1\u25c6\u25c7"
    "\u2605\u2666\u2713\u2714\u2756\u2794\u27a2\u27a4\uf0a7\uf0b7\uf0d8",
    ".": "\u3002\uff61\u0964\u0965\u06d4\u0589\u0700\u0df4\u0e5a\u104b\u17d4\u17d5\u17da\u1362\u1368\u0f0d"
    "\u0f0e\u1803\u1809\u1c7e\ua4ff\ua60e\ua9c9\uabeb\ufe52\u2026",
    ",": "\u3001\uff64\u060c\u066b\u066c\u104a\u1363\u1802\u1808\ua4fe\ufe50\ufe51",
    ";": "\u061b\u1364\u037e\ufe54",
    ":": "\u1365\u17d6\ufe55",
    "?": "\u061f\u1367\u055e\u203d\u2047\u2048\u2e2e\ufe56",
    "!": "\u055c\u07f9\u203c\u2049\ufe57",
    "[": "\u3010\u3014",
    "]": "\u3011\u3015",
    "/": "\u2044\u2215",
    "%": "\u066a",
}


def _folded() -> NDArray[np.uint16]:
    folded = np.arange(POINTS, dtype=np.uint16)
    folded[:128] = LOWER[:128]
    for first, last in _CASED:
        for point in range(first, last + 1):
            small = chr(point).lower()
            folded[point] = ord(small) if len(small) == 1 else point
    folded[0x130] = ord("i")  # Turkish; its small form by Unicode is an i and a second dot
    folded[0xFF01:0xFF5F] = folded[0x21:0x7F]
    for zero in _DIGITS:
        folded[zero : zero + 10] = np.arange(ord("0"), ord("9") + 1)
    for mark, others in _MEANS.items():
        folded[[ord(one) for one in others]] = ord(mark)
    folded.flags.writeable = False
    return folded


def _kinds() -> Bytes:
    kinds = np.full(POINTS, WORD, dtype=np.uint8)
    for first, last in _CASED:
        kinds[first : last + 1][FOLDED[first : last + 1] != np.arange(first, last + 1)] = CAPITAL
    kinds[0xFF21:0xFF3B] = CAPITAL
    for ranges, kind in ((_MARKS, PUNCTUATION), (_BLANKS, SPACE), (_ALONE, ALONE)):
        for first, last in ranges:
            kinds[first : last + 1] = kind
    for zero in _DIGITS:
        kinds[zero : zero + 10] = WORD
    kinds.flags.writeable = False
    return kinds


FOLDED = _folded()
"""What stands for each code point, those of ASCII too."""
KINDS = _kinds()
"""What each code point beyond ASCII is."""
_FOLDS = {point: int(one) for point, one in enumerate(FOLDED.tolist()) if one != point}


def fold_text(text: str) -> str:
    """Return what stands for the characters of a text.

    Examples
    --------
    >>> fold_text("“ÉTÉ” ३।")
    '"été" 3.'
    """
    return text.lower() if text.isascii() else text.translate(_FOLDS)  # the former takes a tenth


def characters_that_mean(marks: str) -> str:
    r"""Return all characters that are folded to one of some marks, these too.

    Examples
    --------
    >>> characters_that_mean("%").encode("ascii", "backslashreplace")
    b'%\\u066a\\uff05'
    """
    return "".join(map(chr, np.flatnonzero(np.isin(FOLDED, list(map(ord, marks)))).tolist()))


def character_class(*kinds: int) -> str:
    """Return the inside of a regular expression's brackets for the characters beyond ASCII of some kinds.

    Examples
    --------
    >>> import re
    >>> re.findall(f"[{character_class(ALONE)}]", "né 東京")
    ['東', '京']
    """
    points = np.arange(0x80, POINTS)
    found = np.flatnonzero(np.isin(KINDS[points], kinds)) + 0x80
    runs = [run for run in np.split(found, np.flatnonzero(np.diff(found) > 1) + 1) if len(run)]
    ranges = [(int(run[0]), int(run[-1])) for run in runs]
    ranges += [(first, last) for first, last in _BEYOND_TABLES if point_kind(first) in kinds]
    return "".join(f"{re.escape(chr(first))}-{re.escape(chr(last))}" for first, last in ranges)


_BEYOND_TABLES = ((0x10000, 0x1EFFF), (0x1F000, 0x1FFFF), (0x20000, 0x3FFFF), (0x40000, 0x10FFFF))


@compiled
def point_kind(point: int) -> int:
    """Return what a code point beyond ASCII is: `SPACE`, `WORD`, `PUNCTUATION`, `ALONE` or `CAPITAL`."""
    if point < POINTS:
        return int(KINDS[point])
    if 0x20000 <= point < 0x40000:
        return ALONE
    # Pictures are marks; other letters of higher planes make words.
    return PUNCTUATION if 0x1F000 <= point < 0x20000 else WORD


@compiled
def fold(point: int) -> int:
    """Return the code point that stands for one: of small letters, digits and marks of ASCII where it can."""
    return int(FOLDED[point]) if point < POINTS else point


@compiled
def read_point(data: Bytes, at: int) -> tuple[int, int]:
    """Return the code point beyond ASCII that begins at a byte of valid UTF-8, and its size in bytes."""
    first = np.int64(data[at])
    second = np.int64(data[at + 1]) & 0x3F
    if first < 0xE0:
        return int((first & 0x1F) << 6 | second), 2
    third = np.int64(data[at + 2]) & 0x3F
    if first < 0xF0:
        return int((first & 0x0F) << 12 | second << 6 | third), 3
    fourth = np.int64(data[at + 3]) & 0x3F
    return int((first & 0x07) << 18 | second << 12 | third << 6 | fourth), 4
