"""The style statistics of a document: their names, meanings and the word lists they count.

`tokens.py` and `lines.py` count in one pass; `finish_statistics` turns the counts into
`STATISTICS`, in that order. Shares are in [0, 1] unless a name says otherwise. A change to
anything here changes what a fitted head sees: raise `SIGNALS_VERSION` in `read_signals.py`.

Some that their names do not tell:

- ``first_comment_share`` and ``last_comment_share`` are of the first and last `EDGE_LINES` lines that have a
  token: how many are comments, or lie between or hold triple quotes.
- ``log_read_bytes`` differs from ``log_text_bytes``, of the text behind its licence header, only beyond
  16,000 bytes.
- ``repeated_line_share`` tells lines by 32 bits of their hash and more: as good as exactly. Only in a reach
  of more than some 3,500 different lines a few pass for seen (``PROBES`` in `lines.py`).
- Rates of `WORD_GROUPS` tell words by their hash (`filtering.hashing.token_hash`). No English word passes for
  another, but a few words with letters beyond ASCII do: Swedish "lå" counts as "he".
- ``distinct_word_share`` tells words by 18 bits of their hash: of 1,000 different words two pass for seen.
"""

import numpy as np

from filtering.arrays import Bytes, Floats32, Ints
from filtering.compiled import compiled
from filtering.hashing import make_table, token_hash

WORD_GROUPS: dict[str, str] = {
    "stop": "the of and to a in is that for it as was with be by on not this are or from at which but have "
    "an they",
    "reason": "because therefore thus hence since so why",
    "example": "example examples instance such eg",
    "definition": "called known defined means refers definition termed",
    "invitation": "let consider suppose assume note recall notice imagine",
    "we": "we us our",
    "you": "you your",
    "i": "i my me",
    "function": "def function fn func sub proc",
    "class": "class struct interface trait",
    "import": "import include require using package use",
    "return": "return yield",
    "flow": "if else elif while switch case",
    "question": "how what when where",
    "learning": "learn understand chapter lesson exercise exercises section figure problem solution step "
    "tutorial introduction concept explain explains",
    "shop": "buy price free order shop cart sale shipping click subscribe login email contact privacy "
    "cookies share comments posted",
    "test": "test tests assert expect mock describe",
    "legal": "license copyright warranty rights reserved licensed",
    "web": "http https www com org",
    "todo": "todo fixme hack xxx",
    "self": "self",
    "parameter": "param returns args arguments raises parameters brief",
    "sequence": "first second next then finally",
    "access": "public private static const final protected",
    "null": "null none nil undefined true false",
    "modal": "will can may might should must would could",
    "narrative": "had he she his her said were",
    "science": "algorithm complexity input output theorem proof compute calculate value values number "
    "numbers",
    "print": "print printf println echo console log cout",
}
"""Words whose rate among all words is a statistic each; no word is in two groups."""

CHARACTERS = "()[]{}<>=;:,.?!|\"'/\\$_*#@+-%&`~^"
"""Characters whose rate among all characters is a statistic each."""

EDGE_LINES = 20
"""Lines of which ``first_comment_share`` and ``last_comment_share`` tell."""
EDGE_MASK = (1 << EDGE_LINES) - 1

OTHERS = {
    "log_lines": "lines, logarithm",
    "line_characters_mean": "mean length of lines, characters",
    "line_characters_deviation": "deviation of the length of lines, characters",
    "line_characters_max": "longest line, characters",
    "blank_line_share": "share of lines that are blank",
    "comment_line_share": "share of lines that begin as comments do",
    "comment_character_share": "share of characters in comment lines",
    "semicolon_ends": "share of lines that end in a semicolon",
    "opening_ends": "share of lines that end in an opening bracket",
    "closing_ends": "share of lines that end in a closing bracket",
    "comma_ends": "share of lines that end in a comma",
    "colon_ends": "share of lines that end in a colon",
    "stop_ends": "share of lines that end in . ! or ?",
    "indented_share": "share of lines that are indented",
    "indent_mean": "mean indentation, columns",
    "indent_deviation": "deviation of the indentation, columns",
    "bullet_share": "share of lines that begin as list items do",
    "hash_share": "share of lines that begin with #",
    "short_line_share": "share of lines below 30 characters",
    "long_line_share": "share of lines over 100 characters",
    "capital_start_share": "share of lines that begin with a capital",
    "digit_start_share": "share of lines that begin with a digit",
    "repeated_line_share": "share of lines that repeat an earlier one",
    "doctest_share": "share of lines that begin with >>>",
    "comment_characters_mean": "mean length of comment lines, characters",
    "log_words": "words, logarithm",
    "word_characters_mean": "mean length of words, characters",
    "word_characters_deviation": "deviation of the length of words, characters",
    "word_characters_max": "longest word, characters",
    "distinct_word_share": "share of words that occur for the first time",
    "long_word_share": "share of words of 8 letters or more",
    "single_letter_share": "share of words of one letter",
    "snake_share": "share of words with_underscores",
    "camel_share": "share of words inCamelCase",
    "number_share": "share of words that are numbers",
    "capital_word_share": "share of words that begin with a capital",
    "shouted_share": "share of words in CAPITALS",
    "comment_word_share": "share of words in comments",
    "plain_word_share": "share of words that are plain prose",
    "quoted_word_share": "share of words in triple quotes",
    "sentences_per_word": "sentences per word",
    "sentence_words_mean": "mean length of sentences, words",
    "sentence_words_deviation": "deviation of the length of sentences, words",
    "triple_quotes_per_line": "triple quotes per line",
    "ellipses_percent": "ellipses per 100 characters",
    "punctuation_runs_percent": "runs of a punctuation character per 100 characters",
    "first_comment_share": "share of comments among the first 20 lines",
    "last_comment_share": "share of comments among the last 20 lines",
    "log_read_bytes": "bytes of text that were read, logarithm",
    "log_text_bytes": "bytes of text, logarithm",
    "digit_share": "share of characters that are digits",
    "capital_share": "share of characters that are capitals",
    "space_share": "share of characters that are blanks",
    "non_ascii_share": "share of characters beyond ASCII",
    "entropy": "entropy of the bytes, nats",
}
"""Other statistics, in order, and what each is called on a page or a screen."""

STATISTICS = (
    *(f"words_{name}" for name in WORD_GROUPS),
    *(f"char_{character}" for character in CHARACTERS),
    *OTHERS,
)

# Counters of one document, in the order of the kernel's array. Characters of lines are counted from the
# first to the last token; a line without a token is blank.
COUNTERS = 49
(
    BLANK_LINES, LINES, LINE_CHARACTERS, LINE_CHARACTERS_SQUARED, LINE_CHARACTERS_MAX,
    COMMENT_LINES, COMMENT_CHARACTERS,
    SEMICOLON_ENDS, OPENING_ENDS, CLOSING_ENDS, COMMA_ENDS, COLON_ENDS, STOP_ENDS,
    INDENTED_LINES, INDENTS, INDENTS_SQUARED, BULLET_LINES, HASH_LINES, SHORT_LINES, LONG_LINES,
    CAPITAL_STARTS, DIGIT_STARTS, REPEATED_LINES, DOCTEST_LINES,
    WORDS, WORD_CHARACTERS, WORD_CHARACTERS_SQUARED, WORD_CHARACTERS_MAX,
    DISTINCT_WORDS, LONG_WORDS, SINGLE_LETTERS, SNAKE_WORDS, CAMEL_WORDS, NUMBER_WORDS, CAPITAL_WORDS,
    SHOUTED_WORDS, COMMENT_WORDS, PLAIN_WORDS, QUOTED_WORDS,
    SENTENCES, SENTENCE_WORDS, SENTENCE_WORDS_SQUARED, TRIPLE_QUOTES, ELLIPSES, PUNCTUATION_RUNS,
    FIRST_COMMENT_LINES, LAST_COMMENTS, CAPITALS, DIGITS,
) = range(COUNTERS)  # fmt: skip

BYTE_VALUES = 256
HISTOGRAM = BYTE_VALUES + 128
"""Counts of bytes, then of marks beyond ASCII by the ASCII mark that they mean."""
GROUP_COUNT = len(WORD_GROUPS)
CHARACTER_BYTES = np.frombuffer(CHARACTERS.encode(), dtype=np.uint8).astype(np.int64)
XLOGX = np.zeros(1 << 16, dtype=np.float64)  # longer than a reach
XLOGX[1:] = np.arange(1, 1 << 16) * np.log(np.arange(1, 1 << 16))
_GROUPS = [words.split() for words in WORD_GROUPS.values()]
KEYWORDS = make_table(np.array([token_hash(word.encode()) for words in _GROUPS for word in words], np.uint64))
KEYWORD_GROUPS = np.repeat(np.arange(GROUP_COUNT), [len(words) for words in _GROUPS])
"""Position in `WORD_GROUPS` of each word that `KEYWORDS` finds."""


@compiled
def count_bytes(piece: Bytes, histogram: Ints) -> None:
    """Add the bytes of a piece to `histogram`, an int64 array of shape (HISTOGRAM,)."""
    for i in range(len(piece)):
        histogram[piece[i]] += 1


@compiled
def _count_bits(bits: int) -> int:
    count = 0
    while bits > 0:
        count += bits & 1
        bits >>= 1
    return count


@compiled
def finish_statistics(
    a: Ints, histogram: Ints, groups: Ints, read_bytes: int, text_bytes: int, out: Floats32
) -> None:
    """Turn the counters of a document into its statistics, in the order of `STATISTICS`."""
    beyond_ascii = histogram[192:BYTE_VALUES].sum()  # bytes that begin a character
    total = max(histogram[:128].sum() + beyond_ascii, 1)
    words = max(a[WORDS], 1)
    lines = max(a[LINES], 1)
    sentences = max(a[SENTENCES], 1)
    k = 0
    for group in range(GROUP_COUNT):
        out[k] = groups[group] / words
        k += 1
    for byte in CHARACTER_BYTES:
        out[k] = (histogram[byte] + histogram[BYTE_VALUES + byte]) / total
        k += 1
    line_mean = a[LINE_CHARACTERS] / lines
    out[k] = np.log1p(a[LINES] + a[BLANK_LINES])
    out[k + 1] = line_mean
    out[k + 2] = np.sqrt(max(a[LINE_CHARACTERS_SQUARED] / lines - line_mean * line_mean, 0.0))
    out[k + 3] = a[LINE_CHARACTERS_MAX]
    out[k + 4] = a[BLANK_LINES] / max(a[LINES] + a[BLANK_LINES], 1)
    out[k + 5] = a[COMMENT_LINES] / lines
    out[k + 6] = a[COMMENT_CHARACTERS] / total
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
    word_mean = a[WORD_CHARACTERS] / words
    out[k] = a[COMMENT_CHARACTERS] / max(a[COMMENT_LINES], 1)
    out[k + 1] = np.log1p(a[WORDS])
    out[k + 2] = word_mean
    out[k + 3] = np.sqrt(max(a[WORD_CHARACTERS_SQUARED] / words - word_mean * word_mean, 0.0))
    out[k + 4] = a[WORD_CHARACTERS_MAX]
    k += 5
    for counter in range(DISTINCT_WORDS, QUOTED_WORDS + 1):
        out[k] = a[counter] / words
        k += 1
    sentence_mean = a[SENTENCE_WORDS] / sentences
    entropy = 0.0
    for b in range(BYTE_VALUES):
        entropy -= XLOGX[histogram[b]]
    out[k] = a[SENTENCES] / words
    out[k + 1] = sentence_mean
    out[k + 2] = np.sqrt(max(a[SENTENCE_WORDS_SQUARED] / sentences - sentence_mean * sentence_mean, 0.0))
    out[k + 3] = a[TRIPLE_QUOTES] / lines
    out[k + 4] = 100.0 * a[ELLIPSES] / total
    out[k + 5] = 100.0 * a[PUNCTUATION_RUNS] / total
    edge_lines = min(lines, EDGE_LINES)
    out[k + 6] = a[FIRST_COMMENT_LINES] / edge_lines
    out[k + 7] = _count_bits(a[LAST_COMMENTS]) / edge_lines
    out[k + 8] = np.log1p(read_bytes)
    out[k + 9] = np.log1p(text_bytes)
    out[k + 10] = a[DIGITS] / total
    out[k + 11] = a[CAPITALS] / total
    out[k + 12] = (histogram[32] + histogram[9]) / total
    out[k + 13] = beyond_ascii / total
    out[k + 14] = np.log(max(read_bytes, 1)) + entropy / max(read_bytes, 1)
