"""The compiled pass over the UTF-8 bytes of documents; no Python string is made.

Tokens, within each piece of the reach (`windows.py`: mostly the whole document):

- a word: a run of letters, digits and ``_``, capitals made small; one of digits alone stands for its length
  only (up to 4). In scripts without spaces each letter is a word;
- a run of one mark, told apart by its length (up to 4); marks that mean what one of ASCII does count as it
  (`code_points.py`);
- a line break, with all white space after it: one or several, and the indentation that follows, in
  steps of two columns (up to six; a tab is four).

Tokens and pairs of neighbours are hashed into the `CELLS` cells of the word table; where a scorer
asks for it, runs of five bytes of the window (ASCII lower-cased, each run of white space made one byte:
its first, where that is a line break, else a space; a space stands before each piece) into those of the
character table. The window is enough for these (docs/experiments.md). A document's n-gram score is, for each
table,
``sum(w[c] * (1 + ln(n[c]))) / sqrt(sum((1 + ln(n[c])) ** 2))`` over its cells c with counts n[c].
`style.py` says what is counted beside them. `tests/kit/reference/signals.py` is the same in plain
Python, and a test holds the two equal.
"""

import numpy as np
from numpy.typing import NDArray

from filtering.arrays import Bytes, Floats, Floats32, Hashes, Ints, Ints32
from filtering.compiled import compiled
from filtering.hashing import (
    CLASSES,
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
from filtering.signals.cells import (
    CELLS,
    VECTOR_WIDTH,
    add_vectors,
    count_tokens,
    read_characters,
    score_cells,
    score_vector,
    take_counts,
)
from filtering.signals.style import (
    BYTE_VALUES,
    COUNTERS,
    EDGE_LINES,
    EDGE_MASK,
    GROUP_COUNT,
    HISTOGRAM,
    KEYWORD_GROUPS,
    KEYWORDS,
    count_bytes,
    finish_statistics,
)
from filtering.signals.weights import Weights
from filtering.text.code_points import ALONE, CAPITAL, ELLIPSIS, fold, point_kind, read_point
from filtering.text.windows import REACH, WINDOW, find_pieces, narrow_pieces

BEYOND = 6
BYTE_KINDS = CLASSES.copy()
"""Of each byte; one beyond ASCII begins a code point that has to be looked at."""
BYTE_KINDS[128:] = BEYOND

U_CAPITAL, U_SMALL, U_DIGIT = (np.uint64(1 << shift) for shift in (0, 16, 32))
"""Capitals, small letters and digits of a word in one sum: 16 bits each."""
BYTE_TRAITS = np.zeros(256, dtype=np.uint64)
BYTE_TRAITS[65:91] = U_CAPITAL
BYTE_TRAITS[97:123] = U_SMALL
BYTE_TRAITS[48:58] = U_DIGIT
U_16 = np.uint64(16)
U_TRAIT = np.uint64(0xFFFF)

REACH_SIZES, WINDOW_SIZES = REACH.sizes, WINDOW.sizes
WHOLE_BYTES, WINDOW_BYTES = REACH.whole, WINDOW.whole
KEYWORD_BITS, KEYWORD_SLOTS, KEYWORD_VALUES = KEYWORDS

SEEN_BITS = 18
"""Of words that were seen, each sets one of 2^18 bits: of 1,000 distinct words two pass for others."""
LINE_SEEN_BITS = 12
"""Lines that were seen lie in 2^12 slots: those of nearly every reach."""
PROBES = 64
"""Slots that are looked at for a line: one that finds them all taken by others passes for seen."""

U_SEEN_SHIFT = np.uint64(64 - SEEN_BITS)
U_LINE_SHIFT = np.uint64(64 - LINE_SEEN_BITS)
NOTHING_SEEN = np.uint64(2**64 - 1)
U_TAG = np.uint64(2**32 - 1)


@compiled
def _has_turn(data: Bytes, start: int, stop: int) -> bool:
    """Tell whether a capital follows a small letter."""
    for i in range(start + 1, stop):
        if 65 <= data[i] <= 90 and 97 <= data[i - 1] <= 122:
            return True
    return False


@compiled
def _is_new(seen: Hashes, value: np.uint64, tag: np.uint64) -> bool:
    """Note the hash of a line as seen; tell whether this document did not have it before.

    A slot holds 32 bits of a hash and the document's `tag`: those of other documents are free.
    """
    mixed = value * U_MIX
    stamp = (mixed << U_32) | tag
    slot = np.int64(mixed >> U_LINE_SHIFT)
    for _ in range(PROBES):
        found = seen[slot]
        if found == stamp:
            return False
        if found & U_TAG != tag:
            seen[slot] = stamp
            return True
        slot = (slot + 1) & (len(seen) - 1)
    return False


@compiled
def read_piece(  # noqa: C901 - words in a function of their own are a third slower (docs/experiments.md)
    data: Bytes,
    start: int,
    stop: int,
    tag: np.uint64,
    a: Ints,
    groups: Ints,
    histogram: Ints,
    seen_words: Hashes,
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
    seen_words : uint64 array, shape (2 ** SEEN_BITS // 64,)
        Bits of the words of this document's earlier pieces.
    seen_lines : uint64 array, shape (2 ** LINE_SEEN_BITS,)
        As `_is_new` has them; `NOTHING_SEEN` at first.
    tokens, words : uint64 arrays
        Scratch, with room for the bytes of a reach.
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
    token_count = word_count = 0
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
                is_new = _is_new(seen_lines, line_hash, tag)
                _count_line(line_end - line_start, first, last, indent, in_comment, was_quoted, is_new, a)
            elif i < stop:
                a[stat.BLANK_LINES] += 1
            if i == stop:
                break
            i, breaks, indent = _read_break(data, i, stop)
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
                        block_end = _find_block_end(data, at, i, stop)
                        in_comment = block_end > 0 or _begins_comment(mark, length, after)
                    first = mark
                    line_start = at - extra_before
                if block_end > 0 and _ends_block(mark, length, after, block_end):
                    block_end = 0
            line_end = i - extra
            line_hash = (line_hash ^ token) * U_FNV_PRIME
        tokens[token_count] = token
        token_count += 1
    # In loops of their own the processor works on several at once.
    a[stat.DISTINCT_WORDS] += _count_new(words, word_count, seen_words)
    return count_tokens(tokens, token_count, counts, touched, touched_count)


@compiled
def _count_line(
    length: int,
    first: int,
    last: int,
    indent: int,
    in_comment: bool,
    was_quoted: bool,
    is_new: bool,
    a: Ints,
) -> None:
    """Count a line that has tokens: its characters, its ends, the columns before it, and what it is."""
    a[stat.LINES] += 1
    a[stat.LINE_CHARACTERS] += length
    a[stat.LINE_CHARACTERS_SQUARED] += length * length
    a[stat.LINE_CHARACTERS_MAX] = max(a[stat.LINE_CHARACTERS_MAX], length)
    if in_comment:
        a[stat.COMMENT_LINES] += 1
        a[stat.COMMENT_CHARACTERS] += length
    told = in_comment or was_quoted
    a[stat.FIRST_COMMENT_LINES] += told and a[stat.LINES] <= EDGE_LINES
    a[stat.LAST_COMMENTS] = ((a[stat.LAST_COMMENTS] << 1) | told) & EDGE_MASK
    if last == 59:
        a[stat.SEMICOLON_ENDS] += 1
    elif last == 123 or last == 40 or last == 91:
        a[stat.OPENING_ENDS] += 1
    elif last == 125 or last == 41 or last == 93:
        a[stat.CLOSING_ENDS] += 1
    elif last == 44:
        a[stat.COMMA_ENDS] += 1
    elif last == 58:
        a[stat.COLON_ENDS] += 1
    elif last == 46 or last == 33 or last == 63:
        a[stat.STOP_ENDS] += 1
    if indent > 0:
        depth = min(indent, 40)
        a[stat.INDENTED_LINES] += 1
        a[stat.INDENTS] += depth
        a[stat.INDENTS_SQUARED] += depth * depth
    a[stat.SHORT_LINES] += length < 30
    a[stat.LONG_LINES] += length > 100
    a[stat.CAPITAL_STARTS] += 65 <= first <= 90
    a[stat.DIGIT_STARTS] += 48 <= first <= 57
    a[stat.HASH_LINES] += first == 35
    a[stat.REPEATED_LINES] += length > 3 and not is_new


@compiled
def _read_break(data: Bytes, i: int, stop: int) -> tuple[int, int, int]:
    """Return where the white space of a line break ends, its line breaks, and the columns behind the last."""
    breaks, indent = 1, 0
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
        elif BYTE_KINDS[b] != SPACE:
            break
        i += 1
    return i, breaks, indent


@compiled
def _begins_comment(mark: int, length: int, after: int) -> bool:
    """Tell whether a run of a mark at the start of a line begins a comment of one line: # % * ; ! // --.

    A small letter or ``[`` behind it makes none: ``#include``, ``#[derive]``, ``![picture]``.
    """
    if mark == 35 or mark == 33:
        return not (97 <= after <= 122 or after == 91)
    return mark == 37 or mark == 42 or mark == 59 or ((mark == 47 or mark == 45) and length > 1)


@compiled
def _find_block_end(data: Bytes, at: int, behind: int, stop: int) -> int:
    """Return the last character of what ends a comment of several lines that a mark begins; 0 if none does.

    ``/* */``, ``(* *)``, ``{- -}`` and ``<!-- -->``. What is closely followed by a word is no comment in
    brackets: ``(*call)(1)``, ``{-1, 1}``.
    """
    if behind != at + 1 or behind == stop:
        return 0
    mark, second, third = data[at], data[behind], data[behind + 1] if behind + 1 < stop else 10
    if mark == 47 and second == 42:
        return 47
    if mark == 40 and second == 42 and BYTE_KINDS[third] != WORD:
        return 41
    if mark == 123 and second == 45 and BYTE_KINDS[third] != WORD:
        return 125
    return 62 if mark == 60 and second == 33 and third == 45 else 0


@compiled
def _ends_block(mark: int, length: int, after: int, block_end: int) -> bool:
    """Tell whether a run of a mark ends the comment of several lines that is open."""
    if after != block_end:
        return False
    if block_end == 62:
        return mark == 45 and length > 1
    return mark == (45 if block_end == 125 else 42)


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
def _count_new(words: Hashes, count: int, seen: Hashes) -> int:
    """Return how many of some words the document did not have before, but for those that share a bit."""
    new = 0
    for w in range(count):
        place = (words[w] * U_MIX) >> U_SEEN_SHIFT
        bit = U_1 << (place & U_63)
        new += (seen[place >> U_6] & bit) == U_0
        seen[place >> U_6] |= bit
    return new


@compiled
def _score_vectors(vectors: Floats, weights: Weights, distances: Floats32, scores: Floats32) -> None:
    """Fill `scores` with those of a document's vectors, which stand one after the other, by scorer."""
    _, _, _, _, landmarks, squares, bumps, gammas, sizes = weights
    for scorer in range(len(sizes)):
        own = sizes[scorer]
        of_scorer = (
            landmarks[scorer, : VECTOR_WIDTH * own].reshape(VECTOR_WIDTH, own),
            squares[scorer, :own], bumps[scorer, :own], gammas[scorer],
        )  # fmt: skip
        vector = vectors[scorer * VECTOR_WIDTH : (scorer + 1) * VECTOR_WIDTH]
        scores[scorer] = score_vector(vector, of_scorer, distances)


@compiled
def read_documents(
    data: Bytes,
    offsets: Ints,
    reason: Bytes,
    weights: Weights,
    features: NDArray[np.float32],
    row_starts: Ints,
    cells: Ints32,
    values: Floats32,
) -> int:
    """Read documents once: their n-gram scores by each scorer and statistics, and for fitting their cells.

    Parameters
    ----------
    data : uint8 array
        All documents, one after the other.
    offsets : int64 array, shape (n + 1,)
        Where each starts.
    reason : uint8 array, shape (n,)
        Only documents where it is 0 are read: others may be no UTF-8, or lie over bytes of none.
    weights : Weights
        Of the scorers. Where none has weights of characters, the character table is not read.
    features : float32 array, shape (scorers, n, 3 + len(STATISTICS)), zeros
        Filled with the two n-gram scores, that of the vector, then the statistics; zeros where there is a
        reason.
    row_starts : int64 array, shape (n + 1,) or (0,)
        Where it is not empty, `cells` and `values` are filled too: a sparse matrix by rows, the
        cells of the character table counted from `CELLS` on.
    cells, values : int32 and float32 arrays
        Long enough: `CELLS_PER_BYTE` times the bytes of all reaches, and a few for each document.

    Returns
    -------
    int
        Number of cells written.
    """
    word_weights, character_weights, table, scales, _, squares, _, _, _ = weights
    word_counts = np.zeros(CELLS, dtype=np.uint16)
    character_counts = np.zeros(CELLS, dtype=np.uint16)
    touched = np.empty(2 * (WHOLE_BYTES + 64), dtype=np.int32)
    logs = np.empty(2 * (WHOLE_BYTES + 64), dtype=np.float32)
    scratch = np.empty(WINDOW_BYTES + 64, dtype=np.uint8)
    found = np.empty(WINDOW_BYTES + 64, dtype=np.int32)
    tokens = np.empty(WHOLE_BYTES + 64, dtype=np.uint64)
    words = np.empty(WHOLE_BYTES + 64, dtype=np.uint64)
    seen_words = np.empty(1 << SEEN_BITS - 6, dtype=np.uint64)
    seen_lines = np.full(1 << LINE_SEEN_BITS, NOTHING_SEEN)
    a = np.empty(COUNTERS, dtype=np.int64)
    histogram = np.empty(HISTOGRAM, dtype=np.int64)
    groups = np.empty(GROUP_COUNT, dtype=np.int64)
    spans = np.empty(6, dtype=np.int64)
    sums = np.empty(len(scales), dtype=np.float32)
    vectors = np.empty(len(scales), dtype=np.float64)
    distances = np.empty(squares.shape[1], dtype=np.float32)
    written = 0
    for document in range(len(reason)):
        if reason[document] == 0:
            a[:] = 0
            histogram[:] = 0
            groups[:] = 0
            seen_words[:] = 0
            pieces = find_pieces(data, offsets[document], offsets[document + 1], REACH_SIZES, spans)
            count = read_bytes = 0
            for piece in range(pieces):
                first, last = spans[2 * piece], spans[2 * piece + 1]
                count = read_piece(
                    data, first, last, np.uint64(document),
                    a, groups, histogram, seen_words, seen_lines, tokens, words, word_counts, touched, count,
                )  # fmt: skip
                read_bytes += last - first
                count_bytes(data[first:last], histogram)
            scale = take_counts(word_counts, touched, count, logs)
            score_cells(word_weights, touched, count, logs, scale, features[:, document, 0])
            vectors[:] = 0.0
            add_vectors(table, 0, scales, touched, count, logs, scale, sums, vectors)
            if len(row_starts):
                cells[written : written + count] = touched[:count]
                values[written : written + count] = logs[:count] * scale
                written += count
            if character_weights.shape[1]:
                pieces = narrow_pieces(data, pieces, WINDOW_SIZES, spans)
                count = 0
                for piece in range(pieces):
                    start, stop = spans[2 * piece], spans[2 * piece + 1]
                    count = read_characters(
                        data, start, stop, scratch, found, character_counts, touched, count
                    )
                scale = take_counts(character_counts, touched, count, logs)
                score_cells(character_weights, touched, count, logs, scale, features[:, document, 1])
                add_vectors(table, CELLS, scales, touched, count, logs, scale, sums, vectors)
                if len(row_starts):
                    cells[written : written + count] = touched[:count] + CELLS
                    values[written : written + count] = logs[:count] * scale
                    written += count
            finish_statistics(a, histogram, groups, read_bytes, last - spans[0], features[0, document, 3:])
            _score_vectors(vectors, weights, distances, features[:, document, 2])
            features[1:, document, 3:] = features[0, document, 3:]
        if len(row_starts):
            row_starts[document + 1] = written
    return written
