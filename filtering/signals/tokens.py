"""The tokens of a document, and what is counted of words, marks and sentences on the way: all compiled.

Tokens, within each piece of the reach (`windows.py`: mostly the whole document):

- a word: a run of letters, digits and ``_``, capitals made small; one of digits alone stands for its length
  only (up to 4). In scripts without spaces each letter is a word;
- a run of one mark, told apart by its length (up to 4); marks that mean what one of ASCII does count as it
  (`code_points.py`);
- a line break, with all white space after it: one or several, and the indentation that follows, in
  steps of two columns (up to six; a tab is four).

`lines.py` counts the lines, `ngram_cells.py` the n-grams of tokens.
"""

import numpy as np
from numpy.typing import NDArray

from filtering.arrays import Bytes, Hashes, Ints, Ints32
from filtering.compiled import compiled
from filtering.hashing import (
    LOWER,
    NEWLINE,
    PUNCTUATION,
    SPACE,
    U_0,
    U_1,
    U_6,
    U_32,
    U_63,
    U_FNV_OFFSET,
    U_FNV_PRIME,
    U_MIX,
    WORD,
    add_to_token,
    look_up,
)
from filtering.signals import style as stat
from filtering.signals.lines import (
    begins_comment,
    count_line,
    ends_block,
    find_block_end,
    is_new_line,
    read_break,
)
from filtering.signals.ngram_cells import count_tokens
from filtering.signals.style import BYTE_VALUES, KEYWORD_GROUPS, KEYWORDS
from filtering.text.code_points import (
    ALONE,
    BEYOND,
    BYTE_KINDS,
    CAPITAL,
    ELLIPSIS,
    fold,
    point_kind,
    read_point,
)

U_CAPITAL, U_SMALL, U_DIGIT = (np.uint64(1 << shift) for shift in (0, 16, 32))
"""Capitals, small letters and digits of a word in one sum: 16 bits each."""
BYTE_TRAITS = np.zeros(256, dtype=np.uint64)
BYTE_TRAITS[65:91] = U_CAPITAL
BYTE_TRAITS[97:123] = U_SMALL
BYTE_TRAITS[48:58] = U_DIGIT
U_16 = np.uint64(16)
U_TRAIT = np.uint64(0xFFFF)
KEYWORD_BITS, KEYWORD_SLOTS, KEYWORD_VALUES = KEYWORDS

SEEN_BITS = 18
"""Of words that were seen, each sets one of 2^18 bits: of 1,000 distinct words two pass for others."""
U_SEEN_SHIFT = np.uint64(64 - SEEN_BITS)


@compiled
def read_piece(  # noqa: C901 - words in a function of their own are a third slower (docs/experiments.md)
    data: Bytes,
    start: int,
    stop: int,
    tag: np.uint64,
    a: Ints,
    groups: Ints,
    histogram: Ints,
    seen_lines: Hashes,
    tokens: Hashes,
    words: Hashes,
    counts: NDArray[np.uint16],
    touched: Ints32,
    touched_count: int,
) -> int:
    """Count the tokens of one piece of a reach.

    Parameters
    ----------
    data : uint8 array
    start, stop : int
        The piece.
    tag : uint64
        A number below 2^32 - 1 that no other document of this batch has.
    a : int64 array, shape (COUNTERS,)
    groups : int64 array
        Counts of words by group.
    histogram : int64 array, shape (HISTOGRAM,)
        Counts of bytes; behind them of marks beyond ASCII, by the ASCII mark that they mean.
    seen_lines : uint64 array, shape (2 ** LINE_SEEN_BITS,)
        As `is_new_line` has them; `NOTHING_SEEN` at first.
    tokens : uint64 array
        Scratch, with room for the bytes of a reach.
    words : uint64 array
        As large. Filled with the words of this piece, behind those of the document's earlier pieces.
    counts : uint16 array, shape (CELLS,)
        n-grams by cell; zero for every cell that is not in `touched`.
    touched : int32 array
        Cells with a count, in order of their first n-gram.
    touched_count : int

    Returns
    -------
    int
        The new `touched_count`.
    """
    i = start
    token_count = 0
    word_count = a[stat.WORDS]
    first = -1  # what stands for the line's first character; 65 for any capital
    last = 0  # the mark that ends it; 0 for a word
    extra = 0  # bytes behind the first of a code point, so far: i - extra counts characters
    line_start = line_end = 0
    line_hash = U_FNV_OFFSET
    indent = 0
    block_end = 0  # what ends the open comment of several lines behind a mark; 0 where none is open
    in_comment = in_quotes = was_quoted = False
    sentence = 0
    while i <= stop:
        kind, point, size = NEWLINE, 10, 1
        if i < stop:
            kind, point = int(BYTE_KINDS[data[i]]), int(data[i])
            if kind == BEYOND:
                point, size = read_point(data, i)
                kind = point_kind(point)
        if kind == SPACE:
            i += size
            extra += size - 1
            continue
        if kind == NEWLINE:
            if first >= 0:
                is_new = is_new_line(seen_lines, line_hash, tag)
                count_line(line_end - line_start, first, last, indent, in_comment, was_quoted, is_new, a)
            elif i < stop:
                a[stat.BLANK_LINES] += 1
            if i == stop:
                break
            i, breaks, indent = read_break(data, i, stop)
            a[stat.BLANK_LINES] += breaks - 1
            token = np.uint64(2000 + 100 * min(breaks, 2) + min((indent + 1) // 2, 6)) * U_MIX
            first = -1
            in_comment = block_end > 0
            was_quoted = in_quotes
            line_hash = U_FNV_OFFSET
        else:
            at, extra_before = i, extra
            if kind != PUNCTUATION:  # in functions of their own all is a third slower (docs/experiments.md)
                initial = point
                is_capital = kind == CAPITAL or 65 <= point <= 90
                token = U_FNV_OFFSET
                traits = np.uint64(0)
                if kind == ALONE:
                    token = add_to_token(token, np.uint64(point))
                    traits = U_SMALL
                    i += size
                    extra += size - 1
                else:
                    while i < stop:
                        byte = np.uint64(data[np.uint64(i)])  # an index without a sign needs no check
                        kind = int(BYTE_KINDS[byte])
                        if kind == WORD:
                            token = add_to_token(token, np.uint64(LOWER[byte]))
                            traits += BYTE_TRAITS[byte]
                            i += 1
                        elif kind == BEYOND:
                            point, size = read_point(data, i)
                            kind = point_kind(point)
                            if kind != WORD and kind != CAPITAL:
                                break
                            point = fold(point)
                            token = add_to_token(token, np.uint64(point))
                            if kind == CAPITAL:
                                traits += U_CAPITAL
                            else:
                                traits += U_DIGIT if point <= 57 else U_SMALL
                            i += size
                            extra += size - 1
                        else:
                            break
                capitals = np.int64(traits & U_TRAIT)
                small = np.int64((traits >> U_16) & U_TRAIT)
                digits = np.int64(traits >> U_32)
                length = (i - extra) - (at - extra_before)
                a[stat.WORDS] += 1
                a[stat.WORD_CHARACTERS] += length
                a[stat.WORD_CHARACTERS_SQUARED] += length * length
                a[stat.WORD_CHARACTERS_MAX] = max(a[stat.WORD_CHARACTERS_MAX], length)
                a[stat.LONG_WORDS] += length >= 8
                a[stat.SINGLE_LETTERS] += length == 1
                a[stat.SNAKE_WORDS] += capitals + small + digits < length and length > 2  # the rest is _
                a[stat.CAPITALS] += capitals
                a[stat.DIGITS] += digits
                if capitals > 0 and small > 0:
                    a[stat.CAMEL_WORDS] += _has_turn(data, at, i)
                sentence += 1
                a[stat.COMMENT_WORDS] += in_comment
                a[stat.QUOTED_WORDS] += in_quotes
                words[word_count] = token
                word_count += 1
                is_number = digits == length
                if is_number:
                    a[stat.NUMBER_WORDS] += 1
                    token = np.uint64(7919 + min(length, 4)) * U_MIX
                else:
                    if capitals == length and length > 1:
                        a[stat.SHOUTED_WORDS] += 1
                    elif is_capital:
                        a[stat.CAPITAL_WORDS] += 1
                    if small >= length - 1 and i < stop and at > start:
                        before, after = data[at - 1], data[i]
                        a[stat.PLAIN_WORDS] += (before == 32 or before == 10) and (after == 32 or after == 10)
                    keyword = look_up(token, KEYWORD_BITS, KEYWORD_SLOTS, KEYWORD_VALUES)
                    if keyword >= 0:
                        groups[KEYWORD_GROUPS[keyword]] += 1
                if first < 0:
                    is_item = is_number and i < stop and (data[i] == 46 or data[i] == 41)
                    a[stat.BULLET_LINES] += is_item
                    first = 65 if is_capital else fold(initial)
                    line_start = at - extra_before
                last = 0
            else:
                last = mark = fold(point)
                i += size
                if size == 1:
                    while i < stop and data[i] == mark:
                        i += 1
                    length = i - at
                else:
                    while i + size <= stop and _is_same(data, at, i, size):
                        i += size
                    length = (i - at) // size
                    extra += (size - 1) * length
                    if mark < 128:
                        histogram[BYTE_VALUES + mark] += length
                    if point == ELLIPSIS:
                        length *= 3
                after = int(data[i]) if i < stop else 10
                token = (U_FNV_OFFSET ^ np.uint64(mark)) * U_FNV_PRIME * np.uint64(2 * min(length, 4) + 1)
                a[stat.PUNCTUATION_RUNS] += length > 1
                if mark == 46 or mark == 33 or mark == 63:
                    # Stops of other scripts stand without a space behind them, or are nothing but stops.
                    is_end = (size > 1 and point != ELLIPSIS) or _is_blank(data, i, stop)
                    if sentence > 0 and is_end:
                        a[stat.SENTENCES] += 1
                        a[stat.SENTENCE_WORDS] += sentence
                        a[stat.SENTENCE_WORDS_SQUARED] += sentence * sentence
                        sentence = 0
                    a[stat.ELLIPSES] += mark == 46 and length > 1
                elif (mark == 34 or mark == 39) and length == 3:
                    a[stat.TRIPLE_QUOTES] += 1
                    in_quotes = not in_quotes
                    was_quoted = True
                if first < 0:
                    is_sign = size > 1 and mark == 42
                    is_item = (mark == 45 or mark == 42 or mark == 43) and length == 1
                    a[stat.BULLET_LINES] += is_item and (after == 32 or is_sign)
                    a[stat.DOCTEST_LINES] += mark == 62 and length == 3
                    if size == 1 and block_end == 0:
                        block_end = find_block_end(data, at, i, stop)
                        in_comment = block_end > 0 or begins_comment(mark, length, after)
                    first = mark
                    line_start = at - extra_before
                if block_end > 0 and ends_block(mark, length, after, block_end):
                    block_end = 0
            line_end = i - extra
            line_hash = (line_hash ^ token) * U_FNV_PRIME
        tokens[token_count] = token
        token_count += 1
    # In a loop of its own the processor works on several at once.
    return count_tokens(tokens, token_count, counts, touched, touched_count)


@compiled
def _has_turn(data: Bytes, start: int, stop: int) -> bool:
    """Tell whether a capital follows a small letter."""
    for i in range(start + 1, stop):
        if 65 <= data[i] <= 90 and 97 <= data[i - 1] <= 122:
            return True
    return False


@compiled
def _is_same(data: Bytes, at: int, other: int, size: int) -> bool:
    """Tell whether the same bytes stand at two places."""
    for k in range(size):
        if data[at + k] != data[other + k]:
            return False
    return True


@compiled
def _is_blank(data: Bytes, at: int, stop: int) -> bool:
    """Tell whether white space stands at a place, or nothing does."""
    if at == stop:
        return True
    kind = int(BYTE_KINDS[data[at]])
    if kind == BEYOND:
        kind = point_kind(read_point(data, at)[0])
    return bool(kind == SPACE or kind == NEWLINE)


@compiled
def count_distinct(words: Hashes, count: int, seen: Hashes) -> int:
    """Return how many different words a document has, but for those that share a bit.

    Parameters
    ----------
    words : uint64 array
    count : int
        How many of them there are.
    seen : uint64 array, shape (2 ** SEEN_BITS // 64,), zeros
        Scratch. It is zeros again behind: to clear what was set is faster than all where words are few.
    """
    distinct = 0
    for w in range(count):
        place = (words[w] * U_MIX) >> U_SEEN_SHIFT
        bit = U_1 << (place & U_63)
        distinct += (seen[place >> U_6] & bit) == U_0
        seen[place >> U_6] |= bit
    for w in range(count):
        seen[((words[w] * U_MIX) >> U_SEEN_SHIFT) >> U_6] = U_0
    return distinct
