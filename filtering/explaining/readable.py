"""What each statistic of a document is called on a page or a screen."""

from filtering.signals.style import CHARACTERS, OTHERS, STATISTICS, WORD_GROUPS

GROUP_WORDS = 3
"""So many words of a group stand for all of it."""

CHARACTER_NAMES = {'"': "double quotes", "'": "single quotes", ",": "commas", "`": "backticks"}
"""Where the character alone would be hard to read; it is shown in quotes otherwise."""


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
