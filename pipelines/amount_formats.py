"""Amounts in words: shares, counts and durations, as pages and commands tell them."""

import math
from collections.abc import Sequence
from math import ceil

from filtering.printable import listed, printable

UNITS = (("T", 1e12), ("B", 1e9), ("M", 1e6), ("k", 1e3))
ROUNDS_UP = 0.9995
"""From this part of a unit on, three digits of the next smaller one would be 1,000."""


def percent(part: float, whole: float) -> str:
    """Return a share in words."""
    return f"{100 * part / whole:.1f} %" if whole else "none"


def short_percent(share: float) -> str:
    """Return a share in percent with two digits, without a sign.

    Examples
    --------
    >>> short_percent(0.0123), short_percent(0.987)
    ('1.2', '99')
    """
    return f"{100 * share:.1f}" if share < 0.0995 else f"{100 * share:.0f}"


def short_count(count: float) -> str:
    """Return a large number with three digits and the unit that suits it.

    Examples
    --------
    >>> short_count(12_300_000_000), short_count(950), short_count(999_999)
    ('12.3B', '950', '1M')
    """
    for unit, size in UNITS:
        if count >= ROUNDS_UP * size:
            return f"{count / size:.3g}{unit}"
    return f"{count:.0f}"


def counted(count: int, thing: str) -> str:
    """Return how many things there are, with the word for one or for several.

    Examples
    --------
    >>> counted(1, "part"), counted(1_200, "half-written file")
    ('1 part', '1,200 half-written files')
    """
    return f"{count:,} {thing if count == 1 else f'{thing}s'}"


def points_from(lowest: float) -> str:
    """Return the points of the worst document that is kept, rounded down: as a cut, they keep it.

    Examples
    --------
    >>> points_from(0.79456), points_from(3.5)
    ('0.794', '3.5')
    """
    return f"{math.floor(lowest * 1000) / 1000:g}"


def duration(seconds: float) -> str:
    """Return a duration in the unit that suits it."""
    if seconds < 120:
        return f"{seconds:.1f} s" if seconds < 10 else f"{seconds:.0f} s"
    minutes = seconds / 60
    return f"{minutes:.0f} min" if minutes < 120 else f"{minutes / 60:.1f} h"


def dollars(usd: float) -> str:
    """Return an amount of US dollars; of less than a cent all that is told by four digits.

    Examples
    --------
    >>> dollars(1234.5), dollars(0.0096), dollars(0), dollars(0.00001)
    ('$1,234.50', '$0.0096', '$0.00', 'less than $0.0001')
    """
    if 0 < usd < 0.01:
        return f"${usd:.4f}" if round(usd, 4) else "less than $0.0001"
    return f"${usd:,.2f}"


def cents_up(usd: float) -> str:
    """Return an amount of US dollars as an option takes it, rounded up to cents.

    Examples
    --------
    >>> cents_up(2.771)
    '2.78'
    """
    return f"{ceil(usd * 100) / 100:.2f}"


def without_price_in_words(unpriced: Sequence[str]) -> str:
    """Return what an amount lacks: what replies of some models cost; empty where it lacks nothing."""
    return f"and what replies of {listed(unpriced)} cost that came without a --price" if unpriced else ""


def some_of(names: Sequence[str]) -> str:
    """Return the first of some names, and how many there are besides.

    Examples
    --------
    >>> some_of(["a", "b", "c"]), some_of([])
    ("'a' and 2 more", 'none')
    """
    return (
        f"'{printable(names[0])}'" + (f" and {len(names) - 1:,} more" if len(names) > 1 else "")
        if names
        else "none"
    )
