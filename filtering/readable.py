"""What each statistic of a document is called on a page or a screen."""

from filtering.statistics import CHARACTERS, STATISTICS, WORD_GROUPS

GROUP_WORDS = 3
"""So many words of a group stand for all of it."""

CHARACTER_NAMES = {'"': "double quotes", "'": "single quotes", ",": "commas", "`": "backticks"}
"""Where the character alone would be hard to read; it is shown in quotes otherwise."""

OTHERS = {
    "log_lines": "lines, logarithm",
    "line_bytes_mean": "length of lines, mean, bytes",
    "line_bytes_deviation": "length of lines, deviation, bytes",
    "line_bytes_max": "longest line, bytes",
    "blank_line_share": "share of lines that are blank",
    "comment_line_share": "share of lines that begin as comments do",
    "comment_byte_share": "share of bytes in comment lines",
    "semicolon_ends": "share of lines that end in a semicolon",
    "opening_ends": "share of lines that end in an opening bracket",
    "closing_ends": "share of lines that end in a closing bracket",
    "comma_ends": "share of lines that end in a comma",
    "colon_ends": "share of lines that end in a colon",
    "stop_ends": "share of lines that end in . ! or ?",
    "indented_share": "share of lines that are indented",
    "indent_mean": "indentation, mean, columns",
    "indent_deviation": "indentation, deviation, columns",
    "bullet_share": "share of lines that begin as list items do",
    "hash_share": "share of lines that begin with #",
    "short_line_share": "share of lines below 30 bytes",
    "long_line_share": "share of lines over 100 bytes",
    "capital_start_share": "share of lines that begin with a capital",
    "digit_start_share": "share of lines that begin with a digit",
    "repeated_line_share": "share of lines that occur before",
    "doctest_share": "share of lines that begin with >>>",
    "comment_bytes_mean": "length of comment lines, mean, bytes",
    "log_words": "words, logarithm",
    "word_bytes_mean": "length of words, mean, bytes",
    "word_bytes_deviation": "length of words, deviation, bytes",
    "word_bytes_max": "longest word, bytes",
    "distinct_word_share": "share of words that are new",
    "long_word_share": "share of words of 8 bytes or more",
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
    "sentence_words_mean": "length of sentences, mean, words",
    "sentence_words_deviation": "length of sentences, deviation, words",
    "triple_quotes_per_line": "triple quotes per line",
    "ellipses_percent": "ellipses per 100 bytes",
    "punctuation_runs_percent": "runs of a punctuation character per 100 bytes",
    "first_comment_share": "share of comments among the first 20 lines",
    "last_comment_share": "share of comments among the last 20 lines",
    "log_read_bytes": "bytes read, logarithm",
    "log_text_bytes": "bytes behind a licence header, logarithm",
    "digit_share": "share of bytes that are digits",
    "capital_share": "share of bytes that are capitals",
    "space_share": "share of bytes that are blanks",
    "non_ascii_share": "share of bytes beyond ASCII",
    "entropy": "entropy of the bytes, nats",
}


def readable_name(statistic: str) -> str:
    """Return what a statistic, one of `STATISTICS`, is called.

    Examples
    --------
    >>> readable_name("words_reason"), readable_name("char_;")
    ('share of words such as because, therefore, thus', "share of bytes that are ';'")
    """
    kind, _, what = statistic.partition("_")
    if kind == "words":
        return f"share of words such as {', '.join(WORD_GROUPS[what].split()[:GROUP_WORDS])}"
    if kind == "char" and what in CHARACTERS:
        return f"share of bytes that are {CHARACTER_NAMES.get(what, repr(what))}"
    return OTHERS[statistic]


def range_in_words(low: float | None, high: float | None, *, digits: int) -> str:
    """Return the usual values of a statistic, in so many significant digits.

    Examples
    --------
    >>> range_in_words(0.0, 0.12345, digits=3), range_in_words(None, None, digits=3)
    ('0 to 0.123', 'not known')
    """
    return "not known" if low is None or high is None else f"{low:.{digits}g} to {high:.{digits}g}"


READABLE = tuple(readable_name(statistic) for statistic in STATISTICS)
"""In the order of `STATISTICS`."""
