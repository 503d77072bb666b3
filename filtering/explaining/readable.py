"""What each signal of a document is called on a page or a screen, and its amount."""

from math import expm1

from filtering.explaining.ngrams import is_number, is_word, run_of, show_token
from filtering.printable import printable
from filtering.signals.style import CHARACTERS, OTHERS, STATISTICS, WORD_GROUPS

GROUP_WORDS = 3
"""So many words of a group stand for all of it."""

CHARACTER_NAMES = dict(
    zip(
        CHARACTERS,
        "opening brackets,closing brackets,opening square brackets,closing square brackets,opening braces,"
        "closing braces,less-than signs,greater-than signs,equals signs,semicolons,colons,commas,full stops,"
        "question marks,exclamation marks,vertical bars,double quotes,apostrophes,slashes,backslashes,"
        "dollar signs,underscores,asterisks,hash signs,at signs,plus signs,hyphens,percent signs,ampersands,"
        "backticks,tildes,carets".split(","),
        strict=True,
    )
)

LOGARITHM, SHARE = ", logarithm", "share of "


def readable_name(statistic: str) -> str:
    """Return what a statistic, one of `STATISTICS`, is called.

    Examples
    --------
    >>> readable_name("words_reason"), readable_name("char_;")
    ('share of words such as because, therefore, thus', 'share of characters that are semicolons')
    """
    kind, _, what = statistic.partition("_")
    if kind == "words":
        return f"share of words such as {', '.join(WORD_GROUPS[what].split()[:GROUP_WORDS])}"
    if kind == "char" and what in CHARACTERS:
        return f"share of characters that are {CHARACTER_NAMES[what]}"
    return OTHERS[statistic]


def name_and_amount(statistic: str, value: float, low: float | None, high: float | None) -> tuple[str, str]:
    """Return what a statistic is called beside its amount, and that amount beside what most documents have.

    Parameters
    ----------
    statistic : str
        One of `STATISTICS`.
    value : float
    low, high : float, optional
        Between them lies what is usual.

    Examples
    --------
    >>> name_and_amount("colon_ends", 0.114, 0.0, 0.1765)
    ('lines that end in a colon', '11.4 % (usual: 0 to 17.6 %)')
    >>> name_and_amount("log_words", 5.5, None, None)
    ('words', '244')
    >>> name_and_amount("stop_ends", 0.5, 0.0, 1.0)[1]
    '50 %'
    """
    name, unit = readable_name(statistic), ""
    if name.endswith(LOGARITHM):
        name = name.removesuffix(LOGARITHM)
    elif name.startswith(SHARE):
        name, unit = name.removeprefix(SHARE), " %"
    shown, lowest, highest = (_shown(one, statistic, unit) for one in (value, low or 0.0, high or 0.0))
    if low is None or high is None or (unit and low <= 0 and high >= 1):  # any share is usual
        return name, f"{shown}{unit}"
    usual = f"{lowest}{unit}" if lowest == highest else f"{lowest} to {highest}{unit}"
    return name, f"{shown}{unit} (usual: {usual})"


def _shown(value: float, statistic: str, unit: str) -> str:
    if statistic.startswith("log_"):
        return f"{expm1(value):,.0f}"
    value = 100 * value if unit else value
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def token_in_words(spelling: str) -> str:
    """Return what a token is called.

    Examples
    --------
    >>> [token_in_words(spelling) for spelling in ("Prime", "1999", "-----", "\u3002")]
    ['"prime"', 'a number of 4+ digits', 'several hyphens', 'a full stop']
    """
    shown = show_token(spelling)
    if spelling.startswith("\n"):
        kind = "a blank line" if shown.startswith("⏎⏎") else "a line break"
        steps = shown.count("→")
        return f"{kind}, then {2 * steps} columns of indentation" if steps else kind
    if is_number(spelling):
        return f"a number of {shown[1:-1]}".replace("of 1 digits", "of 1 digit")
    mark, length = run_of(spelling)
    if is_word(spelling) or mark not in CHARACTERS:
        return f'"{printable(shown)}"'
    several = CHARACTER_NAMES[mark]
    if length > 1:
        return f"several {several}"
    one = several.removesuffix("es" if several.endswith("hes") else "s")
    return f"an {one}" if one[0] in "aeou" else f"a {one}"


def joined(words: list[str]) -> str:
    """Return words as a sentence has them.

    Examples
    --------
    >>> joined(["one"]), joined(["one", "two", "three"])
    ('one', 'one, two and three')
    """
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


READABLE = tuple(readable_name(statistic) for statistic in STATISTICS)
"""In the order of `STATISTICS`."""
