"""The words of prose, as the search for its tasks compares them: compiled, over the UTF-8 bytes of a text.

Case, accents, punctuation and layout make no difference, nor do tags and entities of HTML, ligatures,
full-width letters and digits of other scripts. A number is one word, `NUMBER`, whatever its value: word
problems are copied with other numbers. Letters of scripts without spaces are a word each.
"""

import unicodedata

import numpy as np
from numpy.typing import NDArray

from filtering.arrays import Bytes, Hashes, Ints
from filtering.compiled import compiled
from filtering.hashing import CLASSES, LOWER, PUNCTUATION, U_FNV_OFFSET, U_FNV_PRIME, WORD, word_hash
from filtering.text.code_points import ALONE, CAPITAL, FOLDED, POINTS, fold, point_kind, read_point

NUMBER = np.uint64(word_hash(b" number"))
"""The hash of each number; no word has a blank."""
ACCENTS = (0x300, 0x36F)
LIGATURES = {0xDF: "ss", 0x1E9E: "ss", 0xFB00: "ff", 0xFB01: "fi", 0xFB02: "fl", 0xFB05: "st", 0xFB06: "st"}
DECOMPOSED = (0xC0, 0x2000)
"""Letters that may have an accent; Unicode promises that what they are made of never changes."""
SILENT = (0xAD, 0x200C, 0x200D, 0x2060, 0xFEFF)
"""Soft hyphens and joiners, which are not seen."""
BACKSLASH, COMMA, POINT, ZERO, NINE = 92, 44, 46, 48, 57
LESS, GREATER, AMPERSAND, SEMICOLON, SLASH, HASH, LINE_BREAK = 60, 62, 38, 59, 47, 35, 10
TAG_BYTES, ENTITY_BYTES = 300, 10
"""Of HTML at most: what is longer is none."""
WORD_QUARTERS = 4
FIRST_OF_HAN = 0x2E80
"""From here on scripts without spaces have two letters a word; those before it, such as Thai, four."""
APART, ESCAPE, BEYOND = 0, 1, 2
ASCII = np.where(CLASSES == WORD, LOWER, APART).astype(np.uint8)
"""Of each byte: the letter or digit that stands for it, or what it is instead."""
ASCII[ord("_")] = APART
ASCII[[BACKSLASH, LESS, AMPERSAND]] = ESCAPE
ASCII[128:] = BEYOND
ASCII.flags.writeable = False


def _letters() -> NDArray[np.uint16]:
    letters = np.zeros((POINTS, 2), dtype=np.uint16)
    letters[:, 0] = FOLDED
    for point in range(*DECOMPOSED):
        first, *others = list(unicodedata.normalize("NFKD", chr(int(FOLDED[point]))))
        if all(ACCENTS[0] <= ord(one) <= ACCENTS[1] for one in others):
            letters[point, 0] = FOLDED[ord(first)]
    for point, both in LIGATURES.items():
        letters[point] = list(map(ord, both))
    letters[ACCENTS[0] : ACCENTS[1] + 1] = 0
    letters[list(SILENT)] = 0
    letters.flags.writeable = False
    return letters


LETTERS = _letters()
"""What stands for each code point: one letter or two, or none; 0 where there is none."""


@compiled
def is_digit(data: Bytes, at: int, stop: int) -> bool:
    """Tell whether a digit of ASCII stands at a byte."""
    return at < stop and ZERO <= data[at] <= NINE


@compiled
def end_of_digits(data: Bytes, i: int, stop: int) -> tuple[np.uint64, int]:
    """Return the hash of the digits of a number that begins at `i`, and where it ends."""
    value = U_FNV_OFFSET
    while i < stop:
        b = data[i]
        if ZERO <= b <= NINE:
            value = (value ^ np.uint64(b)) * U_FNV_PRIME
        elif not ((b == COMMA or b == POINT) and is_digit(data, i + 1, stop)):
            break
        elif b == POINT:
            value = (value ^ np.uint64(b)) * U_FNV_PRIME
        i += 1
    return value, i


@compiled
def end_of_escape(data: Bytes, i: int, stop: int) -> int:
    """Return where what stands for layout ends: an escaped line break, a tag or an entity of HTML."""
    first = data[i + 1] if i + 1 < stop else 0
    if data[i] == BACKSLASH:
        return i + 2 if first == 110 or first == 114 or first == 116 else i + 1
    is_tag = data[i] == LESS
    end, most = (GREATER, TAG_BYTES) if is_tag else (SEMICOLON, ENTITY_BYTES)
    if is_letter(first) or first == (SLASH if is_tag else HASH):
        for at in range(i + 2, min(i + most, stop)):
            if data[at] == end:
                return at + 1
            if data[at] == LESS or data[at] == LINE_BREAK or not (is_tag or ASCII[data[at]] > BEYOND):
                break
    return i + 1


@compiled
def is_letter(byte: int) -> bool:
    """Tell whether a byte is a letter of ASCII."""
    return 97 <= byte | 32 <= 122


@compiled
def next_point(data: Bytes, i: int, stop: int) -> tuple[int, int]:
    """Return the code point beyond ASCII at `i` and its size; 0 and 1 where bytes are no UTF-8."""
    b = data[i]
    size = 1 if b < 0xC0 else 2 if b < 0xE0 else 3 if b < 0xF0 else 4
    if size == 1 or i + size > stop:
        return 0, 1
    return read_point(data, i)


@compiled
def read_words(
    data: Bytes, i: int, stop: int, words: Hashes, exact: Hashes, starts: Ints, stops: Ints, count: int
) -> tuple[int, int]:
    """Write the words of a text into arrays that have some already, until it ends or they are full.

    Parameters
    ----------
    data : uint8 array
    i, stop : int
        Where the text goes on, and where it ends.
    words, exact : uint64 array, shape (n,)
        Hashes, and those with each number as it is.
    starts, stops : int64 array, shape (n,)
        Bytes of `data`.
    count : int
        Words that the arrays have.

    Returns
    -------
    int, int
        Where the text goes on, and the words that the arrays have now: fewer than n at its end.
    """
    while i < stop and count < len(words):
        one = ASCII[data[i]]
        if one == APART:
            i += 1
            continue
        if one == ESCAPE:
            i = end_of_escape(data, i, stop)
            continue
        starts[count] = i
        value = U_FNV_OFFSET
        if ZERO <= one <= NINE:
            value, i = end_of_digits(data, i, stop)
            words[count], exact[count], stops[count] = NUMBER, value, i
            count += 1
            continue
        start = i
        while one > BEYOND:
            value = (value ^ np.uint64(one)) * U_FNV_PRIME
            i += 1
            if i == stop:
                break
            one = ASCII[data[i]]
        is_word, is_number = i > start, False
        if one == BEYOND:
            value, i, is_word, is_number = end_of_word(data, i, stop, value, is_word)
        if is_word:
            words[count], exact[count], stops[count] = NUMBER if is_number else value, value, i
            count += 1
    return i, count


@compiled
def end_of_word(
    data: Bytes, i: int, stop: int, value: np.uint64, is_word: bool
) -> tuple[np.uint64, int, bool, bool]:
    """Return the hash of what goes on beyond ASCII, where it ends, and whether it is a word, and a number."""
    is_number = not is_word
    while i < stop:
        one = ASCII[data[i]]
        if one > BEYOND:
            value = (value ^ np.uint64(one)) * U_FNV_PRIME
            is_word, is_number = True, is_number and one <= NINE
            i += 1
            continue
        if one < BEYOND:
            break
        point, size = next_point(data, i, stop)
        kind = point_kind(point) if point else PUNCTUATION
        if kind == ALONE and not is_word:
            return (value ^ np.uint64(fold(point))) * U_FNV_PRIME, i + size, True, False
        if kind != WORD and kind != CAPITAL:
            return value, i if is_word else i + size, is_word, is_number
        i += size
        for at in range(2):
            letter = LETTERS[point, at] if point < POINTS else point * (1 - at)
            if letter:
                value = (value ^ np.uint64(letter)) * U_FNV_PRIME
                is_word, is_number = True, is_number and ZERO <= letter <= NINE
    return value, i, is_word, is_number


@compiled
def quarters_of(data: Bytes, start: int, stop: int) -> int:
    """Return how many quarters of a word a token is: letters of scripts without spaces are no whole words."""
    point, _ = next_point(data, start, stop)
    if point == 0 or point_kind(point) != ALONE:
        return WORD_QUARTERS
    return 1 if point < FIRST_OF_HAN else 2


@compiled
def list_words(data: Bytes, offsets: Ints) -> tuple[Hashes, Hashes, Ints, Ints, Ints]:
    """Return the words of texts: hashes, those with numbers as they are, sizes, quarters, where texts begin.

    Parameters
    ----------
    data : uint8 array
        All texts, one after the other.
    offsets : int64 array, shape (n + 1,)

    Returns
    -------
    uint64, uint64, int64 and int64 array, shape (words,); int64 array, shape (n + 1,)
        Sizes are bytes, 0 of numbers; quarters are those of a word, see `quarters_of`.
    """
    words, exact = np.empty(len(data) + 1, dtype=np.uint64), np.empty(len(data) + 1, dtype=np.uint64)
    starts, stops = np.empty(len(data) + 1, dtype=np.int64), np.empty(len(data) + 1, dtype=np.int64)
    firsts = np.zeros(len(offsets), dtype=np.int64)
    count = 0
    for text in range(len(offsets) - 1):
        _, count = read_words(data, offsets[text], offsets[text + 1], words, exact, starts, stops, count)
        firsts[text + 1] = count
    sizes = np.where(words[:count] == NUMBER, 0, stops[:count] - starts[:count])
    quarters = np.empty(count, dtype=np.int64)
    for at in range(count):
        quarters[at] = quarters_of(data, starts[at], stops[at])
    return words[:count], exact[:count], sizes, quarters, firsts
