"""How the kept share differs by input file, length, language and site: each slice against the rest.

A slice is called far from the rest where the odds of being kept differ at least by a factor of `FAR_ODDS`,
and the exact test of two shares (Fisher 1922) says, at `FAR_LEVEL` for all slices of a kind together
(Bonferroni), that this is no accident. So a slice may be small, if its share differs enough. Documents of one
site are not independent, so that the test is a hint and no proof.
"""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import NormalDist

from filtering.rate_bounds import CONFIDENCE

FAR_LEVEL = 0.01
FAR_ODDS = 2.0
FAR_IN_WORDS = (
    "far more or far fewer are kept than of the others: the odds differ at least twofold, and by more than "
    "chance explains among all values of the table. That is asked more strictly than by the 95 % interval of "
    "one value: of few documents, only a share that differs a lot can show it"
)
SHOWN, MOST = 20, 2000
"""Values of a kind that a page shows, and that are told as data, with one for what is left."""
SAME = 0.9
"""Of documents, from which share on two kinds that part them alike are one."""
OTHERS = "others"
INPUT_FILE = "input file"
"""The kind that is counted on all rows."""
LENGTH = "length"
"""The kind whose values have an order of their own: shortest first."""

Counts = Mapping[str, tuple[int, int]]
"""Documents, and those of them that are kept, by value."""


@dataclass(frozen=True)
class Slice:
    """Documents of one kind, and how many of them are kept.

    Parameters
    ----------
    kind, value : str
        ``language`` and ``de``, say. The value `OTHERS` is of all that have no row of their own.
    rows, kept : int
    share, low, high : float
        Share that is kept, and its interval of 95 % by Wilson (1927).
    share_of_rest : float
        The same of all documents that are not of this slice.
    is_far : bool
        See the module.
    """

    kind: str
    value: str
    rows: int
    kept: int
    share: float
    low: float
    high: float
    share_of_rest: float
    is_far: bool


def slices_of(kind: str, counts: Counts, *, in_order: bool = False) -> list[Slice]:
    """Compare the documents of each value with all others.

    Parameters
    ----------
    kind : str
    counts : mapping
    in_order : bool
        Keep the order of `counts`; otherwise those that are far stand first, then the largest.

    Returns
    -------
    list of Slice
        `MOST` at most, as `shortened` does; none where all documents have one value.
    """
    if len(counts) < 2:
        return []
    rows, kept = (sum(one[place] for one in counts.values()) for place in (0, 1))
    compared = [_compare(kind, value, one, (rows, kept), len(counts)) for value, one in counts.items()]
    if in_order:
        return compared
    compared.sort(key=lambda one: (not one.is_far, -one.rows, one.value))
    return shortened(compared, MOST)


def shortened(slices: Sequence[Slice], most: int) -> list[Slice]:
    """Return so many of the slices of a kind, the first ones, and one for what is left."""
    if len(slices) <= most:
        return list(slices)
    left = slices[most:]
    (rows, kept), others = (
        (sum(one.rows for one in some), sum(one.kept for one in some)) for some in (slices, left)
    )
    return [*slices[:most], _compare(slices[0].kind, OTHERS, others, (rows, kept), 1)]


def order_in_words(kind: str, marked: str, *, has_far: bool) -> str:
    """Return how the rows of a kind are sorted, in words.

    Parameters
    ----------
    kind : str
    marked : str
        How those that are far from the rest are marked.
    has_far : bool
        Whether there are such.
    """
    if kind == LENGTH:
        return "shortest first"
    return f"{marked} first, then by documents" if has_far else "most documents first"


def without_value(kind: str, rows: int, looked_at: int) -> str:
    """Return how many documents have no value of a kind, such as a site, in words; empty if all have one.

    Parameters
    ----------
    kind : str
    rows : int
        Documents that have one.
    looked_at : int
        Documents that were looked at.
    """
    without = looked_at - rows
    if without <= 0 or kind == INPUT_FILE:  # of files all rows are counted
        return ""
    return f"{without:,} of {looked_at:,} documents have no {kind}"


def count_kept(values: Sequence[str | None], keeps: Sequence[bool]) -> Counts:
    """Return counts by value; documents without one are left out."""
    found: dict[str, tuple[int, int]] = {}
    for value, keep in zip(values, keeps, strict=True):
        if value is not None:
            rows, kept = found.get(value, (0, 0))
            found[value] = (rows + 1, kept + bool(keep))
    return found


def say_the_same(some: Sequence[str | None], others: Sequence[str | None]) -> bool:
    """Tell whether two kinds part documents alike: almost all of one value of either have one of the other.

    Examples
    --------
    >>> say_the_same(["en", "de", None], ["English", "German", "German"])
    True
    >>> say_the_same(["en", "de", "en"], ["web", "web", "book"])
    False
    """
    both = Counter((a, b) for a, b in zip(some, others, strict=True) if a is not None and b is not None)
    if both.total() < SAME * (len(some) - some.count(None)) or not both:
        return False
    return all(_share_of_usual(both, place) >= SAME for place in (0, 1))


def _share_of_usual(both: Counter[tuple[str, str]], place: int) -> float:
    """Return the share of pairs that are the most frequent one of their value at a place."""
    most: dict[str, int] = {}
    for pair, count in both.items():
        most[pair[place]] = max(count, most.get(pair[place], 0))
    return sum(most.values()) / both.total()


def _compare(kind: str, value: str, own: tuple[int, int], whole: tuple[int, int], tests: int) -> Slice:
    rows, kept = own
    rest_rows, rest_kept = whole[0] - rows, whole[1] - kept
    low, high = wilson_interval(kept, rows)
    return Slice(
        kind=kind,
        value=value,
        rows=rows,
        kept=kept,
        share=kept / max(rows, 1),
        low=low,
        high=high,
        share_of_rest=rest_kept / max(rest_rows, 1),
        is_far=value != OTHERS and _are_far(kept, rows, rest_kept, rest_rows, tests),
    )


def _are_far(kept: int, rows: int, rest_kept: int, rest_rows: int, tests: int) -> bool:
    # Half a document more of each kind (Haldane 1956): odds of none and of all are odds, too.
    odds = (kept + 0.5) / (rows - kept + 0.5) / ((rest_kept + 0.5) / (rest_rows - rest_kept + 0.5))
    if 1 / FAR_ODDS < odds < FAR_ODDS:
        return False
    level = FAR_LEVEL / (2 * tests)
    if odds > 1:  # so many kept are as few dropped
        kept, rest_kept = rows - kept, rest_rows - rest_kept
    return _chance_of_so_few(kept, rows, rest_kept, rest_rows, enough=level) < level


def _chance_of_so_few(kept: int, rows: int, rest_kept: int, rest_rows: int, *, enough: float) -> float:
    """Return the chance that of `rows` documents drawn from all at most `kept` are of those kept.

    It need not be exact above `enough`: the sum ends there.
    """
    of, whole = kept + rest_kept, rows + rest_rows
    chance = math.exp(_log_ways(of, kept) + _log_ways(whole - of, rows - kept) - _log_ways(whole, rows))
    total = 0.0
    while chance > 0 and total + chance > total and total < enough:
        total += chance
        chance *= kept * (whole - of - rows + kept) / ((of - kept + 1) * (rows - kept + 1))
        kept -= 1
    return total


def _log_ways(of: int, number: int) -> float:
    """Return the logarithm of the number of ways to choose some of so many."""
    return math.lgamma(of + 1) - math.lgamma(number + 1) - math.lgamma(of - number + 1)


def wilson_interval(count: int, of: int) -> tuple[float, float]:
    """Return the interval of 95 % of a share by Wilson (1927); from 0 to 1 where nothing was counted.

    Here, since runs have no scipy: it comes with the extra ``train``.

    Examples
    --------
    >>> tuple(round(end, 3) for end in wilson_interval(0, 20))
    (0.0, 0.161)
    """
    if not of:
        return 0.0, 1.0
    z = NormalDist().inv_cdf((1 + CONFIDENCE) / 2)
    share = count / of
    middle = (share + z * z / (2 * of)) / (1 + z * z / of)
    half = z / (1 + z * z / of) * math.sqrt(share * (1 - share) / of + z * z / (4 * of * of))
    return max(0.0, middle - half), min(1.0, middle + half)
