"""Quantities that people write with a unit behind them: 10B tokens, 45m of time."""

import re
from collections.abc import Mapping

QUANTITY = re.compile(r"(\d+(?:\.\d+)?)\s*([a-z]?)", re.IGNORECASE)
COUNTS = {"": 1.0, "k": 1e3, "m": 1e6, "b": 1e9, "t": 1e12}
SECONDS = {"s": 1.0, "m": 60.0, "h": 3600.0}


def count_in_words(text: str) -> float:
    """Return the number that a text like ``10B`` or ``2.5M`` names.

    Raises
    ------
    ValueError
        If it names none.

    Examples
    --------
    >>> count_in_words("2.5M"), count_in_words("300")
    (2500000.0, 300.0)
    """
    return _read(text, COUNTS, "a number, with k, M, B or T after it where it is large, like 10B or 2.5M")


def seconds_in_words(text: str) -> float:
    """Return the seconds that a text like ``45m`` or ``2h`` names.

    Raises
    ------
    ValueError
        If it names none.

    Examples
    --------
    >>> seconds_in_words("45m"), seconds_in_words("1.5h")
    (2700.0, 5400.0)
    """
    return _read(text, SECONDS, "a time such as 45m or 2h")


def _read(text: str, units: Mapping[str, float], wanted: str) -> float:
    found = QUANTITY.fullmatch(text.strip())
    if found is None or found[2].lower() not in units:
        raise ValueError(f"must be {wanted}")
    return float(found[1]) * units[found[2].lower()]
