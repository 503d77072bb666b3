"""The compiled pass over the UTF-8 bytes of documents; no Python string is made.

Tokens, within each piece of the window:

- a word: a run of letters, digits, ``_`` and bytes from 0x80 up, ASCII lower-cased; one of digits
  alone stands for its length only (up to 4);
- a run of one punctuation character, told apart by its length (up to 4);
- a line break, with all white space after it: one or several, and the indentation that follows, in
  steps of two columns (up to six; a tab is four).

Tokens and pairs of neighbours are hashed into the `CELLS` cells of the word table; where a scorer
asks for it, runs of five bytes (ASCII lower-cased, each run of white space made one byte: its first,
where that is a line break, else a space; a space stands before each piece) into those of the
character table. A document's n-gram score is, for each table,
``sum(w[c] * (1 + ln(n[c]))) / sqrt(sum((1 + ln(n[c])) ** 2))`` over its cells c with counts n[c].
`statistics.py` says what is counted beside them. `tests/reference_signals.py` is the same in plain
Python, and a test holds the two equal.
"""

import numpy as np
from numpy.typing import NDArray

from filtering.compiled import compiled
from filtering.documents import EMPTY, HUGE_BIT, HUGE_BYTES, INVALID_UTF8, NUL_BIT, NULL, WHITE_SPACE
from filtering.statistics import (
    CHARACTERS,
    COUNTERS,
    FNV_OFFSET,
    FNV_PRIME,
    KEYWORD_BITS,
    MIX,
    STATISTICS,
    WORD_GROUPS,
    keyword_table,
)
from filtering.windows import (
    BOUNDARY_SLACK_BYTES,
    HEAD_BYTES,
    MIDDLE_BYTES,
    SEAM,
    TAIL_BYTES,
    WHOLE_BYTES,
)

CELL_BITS = 16
CELLS = 1 << CELL_BITS
"""2^16 cells do as well as 2^18 (docs/experiments.md), and their weights stay in the CPU's cache."""

CHARACTER_RUN = 5
CELLS_PER_BYTE = 3
"""At most: a token and a pair of tokens, and one run of characters."""

SPACE, WORD, PUNCTUATION, NEWLINE = 0, 1, 2, 3
CLASSES = np.full(256, PUNCTUATION, dtype=np.uint8)
CLASSES[:33] = SPACE
CLASSES[127] = SPACE
CLASSES[10] = NEWLINE
CLASSES[128:] = WORD
for _low, _high in (("0", "9"), ("A", "Z"), ("a", "z"), ("_", "_")):
    CLASSES[ord(_low) : ord(_high) + 1] = WORD
LOWER = np.arange(256, dtype=np.uint8)
LOWER[65:91] += 32

TRAITS = np.zeros(256, dtype=np.uint64)
"""Capitals, small letters, digits and underscores of a word in one sum: 16 bits each."""
TRAITS[65:91] = 1
TRAITS[97:123] = 1 << 16
TRAITS[48:58] = 1 << 32
TRAITS[95] = 1 << 48

LOG_COUNTS = np.zeros(4096, dtype=np.float32)  # longer than a window has n-grams
LOG_COUNTS[1:] = 1 + np.log(np.arange(1, 4096))
XLOGX = np.zeros(4096, dtype=np.float64)
XLOGX[1:] = np.arange(1, 4096) * np.log(np.arange(1, 4096))

KEYWORDS, KEYWORD_GROUPS = keyword_table()
GROUP_COUNT = len(WORD_GROUPS)
CHARACTER_BYTES = np.frombuffer(CHARACTERS.encode(), dtype=np.uint8).astype(np.int64)
COUNTER_COUNT = len(COUNTERS)
STATISTIC_COUNT = len(STATISTICS)
SEAM_BYTES = np.frombuffer(SEAM, dtype=np.uint8)

SEEN_BITS = 12
"""Distinct words and repeated lines are told by cells of this many bits: near enough for a window."""
LINE_SEEN_BITS = 10

U_FNV_OFFSET = np.uint64(FNV_OFFSET)
U_FNV_PRIME = np.uint64(FNV_PRIME)
U_MIX = np.uint64(MIX)
U_PAIR = np.uint64(0xC2B2AE3D27D4EB4F)  # an odd multiplier (xxHash's second prime): order matters in a pair
U_CELL_SHIFT = np.uint64(64 - CELL_BITS)
U_SEEN_SHIFT = np.uint64(64 - SEEN_BITS)
U_LINE_SHIFT = np.uint64(64 - LINE_SEEN_BITS)
U_8 = np.uint64(8)
U_RUN_MASK = np.uint64((1 << (8 * CHARACTER_RUN)) - 1)
U_16, U_32, U_48 = np.uint64(16), np.uint64(32), np.uint64(48)
U_TRAIT = np.uint64(0xFFFF)
U_KEYWORD_SHIFT = np.uint64(64 - KEYWORD_BITS)
KEYWORD_MASK = (1 << KEYWORD_BITS) - 1

(
    BLANK_LINES, LINES, LINE_BYTES, LINE_BYTES_SQUARED, LINE_BYTES_MAX,
    COMMENT_LINES, COMMENT_BYTES,
    SEMICOLON_ENDS, OPENING_ENDS, CLOSING_ENDS, COMMA_ENDS, COLON_ENDS, STOP_ENDS,
    INDENTED_LINES, INDENTS, INDENTS_SQUARED, BULLET_LINES, HASH_LINES, SHORT_LINES, LONG_LINES,
    CAPITAL_STARTS, DIGIT_STARTS, REPEATED_LINES, DOCTEST_LINES,
    WORDS, WORD_BYTES, WORD_BYTES_SQUARED, WORD_BYTES_MAX,
    DISTINCT_WORDS, LONG_WORDS, SINGLE_LETTERS, SNAKE_WORDS, CAMEL_WORDS, NUMBER_WORDS, CAPITAL_WORDS,
    SHOUTED_WORDS, COMMENT_WORDS, PLAIN_WORDS, QUOTED_WORDS,
    SENTENCES, SENTENCE_WORDS, SENTENCE_WORDS_SQUARED, TRIPLE_QUOTES, ELLIPSES, PUNCTUATION_RUNS,
    FIRST_COMMENT_LINES, FIRST_LINES, LAST_COMMENT_LINES, LAST_LINES,
) = range(COUNTER_COUNT)  # fmt: skip

Bytes = NDArray[np.uint8]
Ints = NDArray[np.int64]


@compiled
def judge_bytes(data: Bytes, start: int, stop: int, check_utf8: bool, check_nul: bool) -> tuple[int, int]:
    """Return the reason code of a document that is not null, and its bits of what is unusual.

    Parameters
    ----------
    data : uint8 array
    start, stop : int
        The document.
    check_utf8, check_nul : bool
        False where it is known that the whole batch is UTF-8, or holds no NUL.
    """
    unusual = HUGE_BIT if stop - start > HUGE_BYTES else 0
    if start == stop:
        return EMPTY, unusual
    if check_nul:
        for i in range(start, stop):
            if data[i] == 0:
                unusual |= NUL_BIT
                break
    if check_utf8:
        i = start
        while i < stop:
            size = _code_point_size(data, i, stop)
            if size == 0:
                return INVALID_UTF8, unusual
            i += size
    return (WHITE_SPACE if is_white_space(data, start, stop) else 0), unusual


@compiled
def _code_point_size(data: Bytes, i: int, stop: int) -> int:
    """Return the bytes of the code point at `i`; 0 if it is not well-formed (RFC 3629)."""
    lead = data[i]
    if lead < 0x80:
        return 1
    if 0xC2 <= lead <= 0xDF:
        size = 2
    elif 0xE0 <= lead <= 0xEF:
        size = 3
    elif 0xF0 <= lead <= 0xF4:
        size = 4
    else:
        return 0
    if i + size > stop:
        return 0
    low = 0xA0 if lead == 0xE0 else 0x90 if lead == 0xF0 else 0x80
    high = 0x9F if lead == 0xED else 0x8F if lead == 0xF4 else 0xBF
    if not low <= data[i + 1] <= high:
        return 0
    for k in range(2, size):
        if data[i + k] & 0xC0 != 0x80:
            return 0
    return size


@compiled
def is_white_space(data: Bytes, start: int, stop: int) -> bool:
    """Tell whether UTF-8 holds white space alone, as ``str.isspace`` does."""
    i = start
    while i < stop:
        b = data[i]
        if b == 32 or 9 <= b <= 13 or 28 <= b <= 31:
            i += 1
        elif b == 0xC2 and (data[i + 1] == 0x85 or data[i + 1] == 0xA0):
            i += 2
        elif b == 0xE1 and data[i + 1] == 0x9A and data[i + 2] == 0x80:
            i += 3
        elif b == 0xE2 and data[i + 1] == 0x80:
            last = data[i + 2]
            if not (last <= 0x8A or last == 0xA8 or last == 0xA9 or last == 0xAF):
                return False
            i += 3
        elif (b == 0xE2 and data[i + 1] == 0x81 and data[i + 2] == 0x9F) or (
            b == 0xE3 and data[i + 1] == 0x80 and data[i + 2] == 0x80
        ):
            i += 3
        else:
            return False
    return True


@compiled
def find_window(data: Bytes, start: int, stop: int, spans: Ints) -> int:
    """Write the pieces of the window as (start, stop) pairs into `spans`; return how many there are.

    `filtering.windows.window_spans` states the rule.
    """
    length = stop - start
    spans[0], spans[1] = start, stop
    if length <= WHOLE_BYTES:
        return 1
    seam = len(SEAM_BYTES)
    if length <= HEAD_BYTES + MIDDLE_BYTES + TAIL_BYTES + 2 * seam:
        for first in range(HEAD_BYTES, HEAD_BYTES - BOUNDARY_SLACK_BYTES - 1, -1):
            if not _is_seam(data, start + first):
                continue
            for tail in range(TAIL_BYTES, TAIL_BYTES - BOUNDARY_SLACK_BYTES - 1, -1):
                second = length - tail - seam
                if _is_seam(data, start + second):
                    spans[1] = start + first
                    spans[2], spans[3] = start + first + seam, start + second
                    spans[4], spans[5] = start + second + seam, stop
                    return 3
    middle = start + length // 2
    spans[1] = _back(data, start + HEAD_BYTES)
    spans[2] = _on(data, middle - MIDDLE_BYTES // 2)
    spans[3] = _back(data, middle + MIDDLE_BYTES // 2)
    spans[4], spans[5] = _on(data, stop - TAIL_BYTES), stop
    return 3


@compiled
def _is_seam(data: Bytes, at: int) -> bool:
    for k in range(len(SEAM_BYTES)):
        if data[at + k] != SEAM_BYTES[k]:
            return False
    return True


@compiled
def _back(data: Bytes, cut: int) -> int:
    lowest = cut - BOUNDARY_SLACK_BYTES
    while cut > lowest and data[cut] & 0xC0 == 0x80:
        cut -= 1
    return cut


@compiled
def _on(data: Bytes, cut: int) -> int:
    highest = cut + BOUNDARY_SLACK_BYTES
    while cut < highest and data[cut] & 0xC0 == 0x80:
        cut += 1
    return cut


@compiled
def _has_turn(data: Bytes, start: int, stop: int) -> bool:
    """Tell whether a capital follows a small letter."""
    for i in range(start + 1, stop):
        if 65 <= data[i] <= 90 and 97 <= data[i - 1] <= 122:
            return True
    return False


@compiled
def read_piece(  # noqa: C901 - one pass, kept in one place for speed
    data: Bytes,
    start: int,
    stop: int,
    position: int,
    tag: int,
    a: Ints,
    groups: Ints,
    seen_words: NDArray[np.int32],
    seen_lines: NDArray[np.int32],
    counts: NDArray[np.uint16],
    touched: NDArray[np.int32],
    touched_count: int,
) -> int:
    """Count the tokens of one piece of a window.

    Parameters
    ----------
    data : uint8 array
    start, stop : int
        The piece.
    position : int
        0 for the first piece, 2 for the last of several, 1 for the one between.
    tag : int
        A number that no other document of this batch has; cells of `seen_words` hold it.
    a : int64 array, shape (len(COUNTERS),)
    groups : int64 array
        Counts of words by group.
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
    previous = np.uint64(0)
    has_previous = False
    first = -1  # first byte of the line's first token
    last = 0
    line_start = line_end = start
    line_hash = U_FNV_OFFSET
    indent = 0
    in_comment = in_quotes = False
    sentence = 0
    while i <= stop:
        kind = NEWLINE if i == stop else CLASSES[data[i]]
        if kind == SPACE:
            i += 1
            continue
        at = i
        if kind == NEWLINE:
            if first >= 0:
                length = line_end - line_start
                a[LINES] += 1
                a[LINE_BYTES] += length
                a[LINE_BYTES_SQUARED] += length * length
                a[LINE_BYTES_MAX] = max(a[LINE_BYTES_MAX], length)
                if in_comment:
                    a[COMMENT_LINES] += 1
                    a[COMMENT_BYTES] += length
                if position == 0:
                    a[FIRST_LINES] += 1
                    a[FIRST_COMMENT_LINES] += in_comment
                elif position == 2:
                    a[LAST_LINES] += 1
                    a[LAST_COMMENT_LINES] += in_comment
                if last == 59:
                    a[SEMICOLON_ENDS] += 1
                elif last == 123 or last == 40 or last == 91:
                    a[OPENING_ENDS] += 1
                elif last == 125 or last == 41 or last == 93:
                    a[CLOSING_ENDS] += 1
                elif last == 44:
                    a[COMMA_ENDS] += 1
                elif last == 58:
                    a[COLON_ENDS] += 1
                elif last == 46 or last == 33 or last == 63:
                    a[STOP_ENDS] += 1
                if indent > 0:
                    depth = min(indent, 40)
                    a[INDENTED_LINES] += 1
                    a[INDENTS] += depth
                    a[INDENTS_SQUARED] += depth * depth
                a[SHORT_LINES] += length < 30
                a[LONG_LINES] += length > 100
                a[CAPITAL_STARTS] += 65 <= first <= 90
                a[DIGIT_STARTS] += 48 <= first <= 57
                a[HASH_LINES] += first == 35
                cell = np.int64((line_hash * U_MIX) >> U_LINE_SHIFT)
                if seen_lines[cell] == tag and length > 3:
                    a[REPEATED_LINES] += 1
                seen_lines[cell] = tag
            elif i < stop:
                a[BLANK_LINES] += 1
            if i == stop:
                break
            breaks = 1
            indent = 0
            i += 1
            while i < stop:
                b = data[i]
                if b == 10:
                    breaks += 1
                    indent = 0
                elif b == 32:
                    indent += 1
                elif b == 9:
                    indent += 4
                elif CLASSES[b] != SPACE:
                    break
                i += 1
            a[BLANK_LINES] += breaks - 1
            token = np.uint64(2000 + 100 * min(breaks, 2) + min((indent + 1) // 2, 6)) * U_MIX
            first = -1
            in_comment = False
            last = 0
            line_hash = U_FNV_OFFSET
        elif kind == WORD:
            token = U_FNV_OFFSET
            traits = np.uint64(0)
            while i < stop:
                b = data[i]
                if CLASSES[b] != WORD:
                    break
                token = (token ^ np.uint64(LOWER[b])) * U_FNV_PRIME
                traits += TRAITS[b]
                i += 1
            capitals = np.int64(traits & U_TRAIT)
            small = np.int64((traits >> U_16) & U_TRAIT)
            digits = np.int64((traits >> U_32) & U_TRAIT)
            underscores = np.int64(traits >> U_48)
            length = i - at
            a[WORDS] += 1
            a[WORD_BYTES] += length
            a[WORD_BYTES_SQUARED] += length * length
            a[WORD_BYTES_MAX] = max(a[WORD_BYTES_MAX], length)
            a[LONG_WORDS] += length >= 8
            a[SINGLE_LETTERS] += length == 1
            a[SNAKE_WORDS] += underscores > 0 and length > 2
            if capitals > 0 and small > 0:
                a[CAMEL_WORDS] += _has_turn(data, at, i)
            a[COMMENT_WORDS] += in_comment
            a[QUOTED_WORDS] += in_quotes
            sentence += 1
            slot = np.int64((token * U_MIX) >> U_SEEN_SHIFT)
            if seen_words[slot] != tag:
                seen_words[slot] = tag
                a[DISTINCT_WORDS] += 1
            if digits == length:
                a[NUMBER_WORDS] += 1
                token = np.uint64(7919 + min(length, 4)) * U_MIX
            else:
                if capitals == length and length > 1:
                    a[SHOUTED_WORDS] += 1
                elif 65 <= data[at] <= 90:
                    a[CAPITAL_WORDS] += 1
                if small >= length - 1 and i < stop and at > start:
                    before, after = data[at - 1], data[i]
                    a[PLAIN_WORDS] += (before == 32 or before == 10) and (after == 32 or after == 10)
                slot = np.int64((token * U_MIX) >> U_KEYWORD_SHIFT)
                while KEYWORDS[slot] != 0:
                    if KEYWORDS[slot] == token:
                        groups[KEYWORD_GROUPS[slot]] += 1
                        break
                    slot = (slot + 1) & KEYWORD_MASK
            if first < 0:
                first = np.int64(data[at])
                line_start = at
                if digits == length and i < stop and (data[i] == 46 or data[i] == 41):
                    a[BULLET_LINES] += 1
                elif data[at] == 0xE2:
                    a[BULLET_LINES] += 1
            last = np.int64(data[i - 1])
            line_end = i
            line_hash = (line_hash ^ token) * U_FNV_PRIME
        else:
            b = data[i]
            i += 1
            while i < stop and data[i] == b:
                i += 1
            length = i - at
            after = data[i] if i < stop else np.uint8(10)
            token = (U_FNV_OFFSET ^ np.uint64(b)) * U_FNV_PRIME * np.uint64(2 * min(length, 4) + 1)
            a[PUNCTUATION_RUNS] += length > 1
            if b == 46 or b == 33 or b == 63:
                if sentence > 0 and (CLASSES[after] == SPACE or CLASSES[after] == NEWLINE):
                    a[SENTENCES] += 1
                    a[SENTENCE_WORDS] += sentence
                    a[SENTENCE_WORDS_SQUARED] += sentence * sentence
                    sentence = 0
                a[ELLIPSES] += b == 46 and length > 1
            elif (b == 34 or b == 39) and length == 3:
                a[TRIPLE_QUOTES] += 1
                in_quotes = not in_quotes
            if first < 0:
                first = np.int64(b)
                line_start = at
                in_comment = (
                    b == 35
                    or b == 37
                    or b == 42
                    or (b == 47 and (length > 1 or after == 42))
                    or (b == 45 and length > 1)
                )
                a[BULLET_LINES] += (b == 45 or b == 42 or b == 43) and length == 1 and after == 32
                a[DOCTEST_LINES] += b == 62 and length == 3
            last = np.int64(b)
            line_end = i
            line_hash = (line_hash ^ token) * U_FNV_PRIME
        # Writing always and counting only new cells keeps the processor from guessing branches.
        cell = np.int64((token * U_MIX) >> U_CELL_SHIFT)
        touched[touched_count] = cell
        touched_count += counts[cell] == 0
        counts[cell] += 1
        if has_previous:
            cell = np.int64(((previous * U_PAIR + token) * U_MIX) >> U_CELL_SHIFT)
            touched[touched_count] = cell
            touched_count += counts[cell] == 0
            counts[cell] += 1
        previous = token
        has_previous = True
    return touched_count


@compiled
def count_bytes(piece: Bytes, histogram: Ints) -> None:
    """Add the bytes of a piece to `histogram`, an int64 array of shape (256,)."""
    for i in range(len(piece)):
        histogram[piece[i]] += 1


@compiled
def finish_statistics(
    a: Ints, histogram: Ints, groups: Ints, window_bytes: int, text_bytes: int, out: NDArray[np.float32]
) -> None:
    """Turn the counters of a document into its statistics, in the order of `STATISTICS`."""
    total = max(window_bytes, 1)
    words = max(a[WORDS], 1)
    lines = max(a[LINES], 1)
    sentences = max(a[SENTENCES], 1)
    k = 0
    for group in range(GROUP_COUNT):
        out[k] = groups[group] / words
        k += 1
    for byte in CHARACTER_BYTES:
        out[k] = histogram[byte] / total
        k += 1
    line_mean = a[LINE_BYTES] / lines
    out[k] = np.log1p(a[LINES] + a[BLANK_LINES])
    out[k + 1] = line_mean
    out[k + 2] = np.sqrt(max(a[LINE_BYTES_SQUARED] / lines - line_mean * line_mean, 0.0))
    out[k + 3] = a[LINE_BYTES_MAX]
    out[k + 4] = a[BLANK_LINES] / max(a[LINES] + a[BLANK_LINES], 1)
    out[k + 5] = a[COMMENT_LINES] / lines
    out[k + 6] = a[COMMENT_BYTES] / total
    k += 7
    for counter in range(SEMICOLON_ENDS, INDENTED_LINES + 1):
        out[k] = a[counter] / lines
        k += 1
    indent_mean = a[INDENTS] / lines
    out[k] = indent_mean
    out[k + 1] = np.sqrt(max(a[INDENTS_SQUARED] / lines - indent_mean * indent_mean, 0.0))
    k += 2
    for counter in range(BULLET_LINES, DOCTEST_LINES + 1):
        out[k] = a[counter] / lines
        k += 1
    word_mean = a[WORD_BYTES] / words
    out[k] = a[COMMENT_BYTES] / max(a[COMMENT_LINES], 1)
    out[k + 1] = np.log1p(a[WORDS])
    out[k + 2] = word_mean
    out[k + 3] = np.sqrt(max(a[WORD_BYTES_SQUARED] / words - word_mean * word_mean, 0.0))
    out[k + 4] = a[WORD_BYTES_MAX]
    k += 5
    for counter in range(DISTINCT_WORDS, QUOTED_WORDS + 1):
        out[k] = a[counter] / words
        k += 1
    sentence_mean = a[SENTENCE_WORDS] / sentences
    digits = capitals = others = 0
    for b in range(48, 58):
        digits += histogram[b]
    for b in range(65, 91):
        capitals += histogram[b]
    for b in range(128, 256):
        others += histogram[b]
    entropy = 0.0
    for b in range(256):
        entropy -= XLOGX[histogram[b]]
    out[k] = a[SENTENCES] / words
    out[k + 1] = sentence_mean
    out[k + 2] = np.sqrt(max(a[SENTENCE_WORDS_SQUARED] / sentences - sentence_mean * sentence_mean, 0.0))
    out[k + 3] = a[TRIPLE_QUOTES] / lines
    out[k + 4] = 100.0 * a[ELLIPSES] / total
    out[k + 5] = 100.0 * a[PUNCTUATION_RUNS] / total
    out[k + 6] = a[FIRST_COMMENT_LINES] / max(a[FIRST_LINES], 1)
    out[k + 7] = a[LAST_COMMENT_LINES] / max(a[LAST_LINES], 1)
    out[k + 8] = np.log1p(window_bytes)
    out[k + 9] = np.log1p(text_bytes)
    out[k + 10] = digits / total
    out[k + 11] = capitals / total
    out[k + 12] = (histogram[32] + histogram[9]) / total
    out[k + 13] = others / total
    out[k + 14] = np.log(total) + entropy / total


@compiled
def read_characters(
    data: Bytes,
    start: int,
    stop: int,
    scratch: Bytes,
    counts: NDArray[np.uint16],
    touched: NDArray[np.int32],
    touched_count: int,
) -> int:
    """Count the runs of `CHARACTER_RUN` bytes of one piece of a window; as `read_piece` counts tokens."""
    scratch[0] = 32
    size = 1
    was_blank = True
    for i in range(start, stop):  # collapse white space first, without branches
        b = data[i]
        is_blank = b <= 32
        scratch[size] = (10 if b == 10 else 32) if is_blank else LOWER[b]
        size += not (is_blank and was_blank)
        was_blank = is_blank
    run = np.uint64(0)
    for i in range(size):
        run = (run << U_8) | np.uint64(scratch[i])
        if i >= CHARACTER_RUN - 1:
            cell = np.int64(((run & U_RUN_MASK) * U_MIX) >> U_CELL_SHIFT)
            touched[touched_count] = cell
            touched_count += counts[cell] == 0
            counts[cell] += 1
    return touched_count


@compiled
def finish_cells(
    weights: NDArray[np.float32],
    counts: NDArray[np.uint16],
    touched: NDArray[np.int32],
    touched_count: int,
    cells: NDArray[np.int32],
    values: NDArray[np.float32],
    written: int,
) -> float:
    """Return the n-gram score of a document by one table, and clear the table's counts.

    Where `cells` is not empty, the cells and their normalised values are written from `written` on.
    """
    score = norm = 0.0
    for t in range(touched_count):
        cell = touched[t]
        log_count = LOG_COUNTS[counts[cell]]
        counts[cell] = 0
        norm += log_count * log_count
        score += log_count * weights[cell]
        if len(cells):
            cells[written + t] = cell
            values[written + t] = log_count
    scale = 1.0 / np.sqrt(norm) if norm > 0.0 else 0.0
    if len(cells):
        values[written : written + touched_count] *= scale
    return score * scale


@compiled
def read_documents(
    data: Bytes,
    offsets: Ints,
    valid: NDArray[np.bool_],
    check_utf8: bool,
    check_nul: bool,
    word_weights: NDArray[np.float32],
    character_weights: NDArray[np.float32],
    features: NDArray[np.float32],
    reason: Bytes,
    unusual: Bytes,
    row_starts: Ints,
    cells: NDArray[np.int32],
    values: NDArray[np.float32],
) -> int:
    """Read documents once: their n-gram scores and statistics, and for fitting also their cells.

    Parameters
    ----------
    data : uint8 array
        All documents, one after the other.
    offsets : int64 array, shape (n + 1,)
        Where each starts.
    valid : bool array, shape (n,)
        False where null.
    check_utf8, check_nul : bool
        As for `judge_bytes`.
    word_weights : float32 array, shape (CELLS,)
    character_weights : float32 array, shape (CELLS,) or (0,)
        Empty where the character table is not read.
    features : float32 array, shape (n, 2 + len(STATISTICS)), zeros
        Filled with the two n-gram scores, then the statistics; zeros where there is a reason.
    reason, unusual : uint8 arrays, shape (n,)
        Filled with codes and bits of `filtering.documents`.
    row_starts : int64 array, shape (n + 1,) or (0,)
        Where it is not empty, `cells` and `values` are filled too: a sparse matrix by rows, the
        cells of the character table counted from `CELLS` on.
    cells, values : int32 and float32 arrays
        Long enough: `CELLS_PER_BYTE` times the bytes of all windows, and a few for each document.

    Returns
    -------
    int
        Number of cells written.
    """
    word_counts = np.zeros(CELLS, dtype=np.uint16)
    character_counts = np.zeros(CELLS, dtype=np.uint16)
    touched = np.empty(2 * (WHOLE_BYTES + 64), dtype=np.int32)
    scratch = np.empty(WHOLE_BYTES + 64, dtype=np.uint8)
    seen_words = np.full(1 << SEEN_BITS, -1, dtype=np.int32)
    seen_lines = np.full(1 << LINE_SEEN_BITS, -1, dtype=np.int32)
    a = np.empty(COUNTER_COUNT, dtype=np.int64)
    histogram = np.empty(256, dtype=np.int64)
    groups = np.empty(GROUP_COUNT, dtype=np.int64)
    spans = np.empty(6, dtype=np.int64)
    written = 0
    for document in range(len(valid)):
        start, stop = offsets[document], offsets[document + 1]
        if valid[document]:
            why, odd = judge_bytes(data, start, stop, check_utf8, check_nul)
        else:
            why, odd = NULL, 0
        reason[document], unusual[document] = why, odd
        if why == 0:
            a[:] = 0
            histogram[:] = 0
            groups[:] = 0
            pieces = find_window(data, start, stop, spans)
            count = window_bytes = 0
            for piece in range(pieces):
                first, last = spans[2 * piece], spans[2 * piece + 1]
                count = read_piece(
                    data, first, last, piece, document,
                    a, groups, seen_words, seen_lines, word_counts, touched, count,
                )  # fmt: skip
                window_bytes += last - first
                count_bytes(data[first:last], histogram)
            features[document, 0] = finish_cells(
                word_weights, word_counts, touched, count, cells, values, written
            )
            if len(row_starts):
                written += count
            if len(character_weights):
                count = 0
                for piece in range(pieces):
                    count = read_characters(
                        data,
                        spans[2 * piece],
                        spans[2 * piece + 1],
                        scratch,
                        character_counts,
                        touched,
                        count,
                    )
                features[document, 1] = finish_cells(
                    character_weights, character_counts, touched, count, cells, values, written
                )
                if len(row_starts):
                    cells[written : written + count] += CELLS
                    written += count
            finish_statistics(a, histogram, groups, window_bytes, stop - start, features[document, 2:])
        if len(row_starts):
            row_starts[document + 1] = written
    return written
