"""How much is kept, in all and of each slice: what settings ask for, within what there is."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from filtering.arrays import Ints
from filtering.errors import SettingsError
from filtering.printable import short_name
from pipelines.choosing.scored_rows import Pool
from pipelines.choosing.shares import shared_out
from pipelines.choosing.whole_documents import Budgets
from pipelines.settings.choosing import RecutConfig

VAST = 1e18
"""More of anything than there is: what is asked for beyond it is told as it was, and counts as this."""
EXACT = 1 + 1e-12
"""0.29 of 100 are 29, though their product is a little less."""


@dataclass(frozen=True)
class Census:
    """What there is in each of n slices.

    Parameters
    ----------
    rows : int64 array, shape (n,)
        Documents.
    scored : int64 array, shape (n,)
        Those with a score.
    good, size : int64 array, shape (n,)
        Of these, those that reach the floor, and their bytes or tokens.
    above : int64 array, shape (n,)
        Those that reach the points of `keep_at` too.
    largest : int64 array, shape (n,)
        Size of the largest of the good ones.
    """

    rows: Ints
    scored: Ints
    good: Ints
    size: Ints
    above: Ints
    largest: Ints

    @property
    def whole(self) -> "Census":
        """The same of all slices together, as one."""
        *sums, largest = vars(self).values()
        return Census(*[*(array.sum(keepdims=True) for array in sums), largest.max(keepdims=True)])


def count(pool: Pool, config: RecutConfig) -> Census:
    """Return what there is in each slice."""
    found = np.zeros((6, len(pool.slices)), dtype=np.int64)
    floor = np.float32(config.floor or 0.0)
    at = max(floor, np.float32(config.keep_at or 0.0))
    for rows in pool:
        good = rows.score >= floor
        ones = np.ones(len(good), np.int64)
        amounts = (ones, rows.scored, good, rows.size * good, rows.score >= at)
        for sums, amount in zip(found[:-1], amounts, strict=True):
            # Sums of floats are exact below 2**53, far above the bytes of any dump.
            sums += np.bincount(rows.group, amount, len(sums)).astype(np.int64)
        np.maximum.at(found[-1], rows.group[good], rows.size[good])
    return Census(*found)


def budgets_of(
    config: RecutConfig, pool: Pool, census: Census, most: Ints, reach: Callable[[Ints], Ints]
) -> Budgets:
    """Return how much of each slice is used, in documents, or in bytes or tokens where these are asked for.

    Parameters
    ----------
    config : RecutConfig
        With an amount.
    pool : Pool
    census : Census
        Of the slices that have a budget each.
    most : int64 array, shape (n,)
        How much can be used of each.
    reach : callable
        Returns how large a budget of each must be, so that at least so much is used of it.

    Raises
    ------
    SettingsError
        If it cannot be done; the message has the most that can.
    """
    in_tokens = config.keep_tokens is not None
    unit = pool.per_token if in_tokens else 1
    least = np.minimum(np.full(len(most), int(min(np.ceil((config.at_least or 0) * unit), VAST))), most)
    if in_tokens and config.at_least:
        least = reach(least)
    if config.keep_at is not None:
        return Budgets(np.clip(census.above, least, most), most)
    total = total_of(config, pool, census)
    if total == 0 < most.sum():
        raise SettingsError(
            f"--keep-fraction must keep a document. Got {config.keep_fraction:g} of {census.rows.sum():,} "
            f"documents, which is none. Ask for at least {1 / census.rows.sum():.1g}."
        )
    if config.at_most is not None:
        most = np.minimum(most, int(config.at_most * total * EXACT))
    _refuse_least(config, least, most, total, unit, pool.slices)
    _refuse_total(config, most, total, unit)
    weights = (census.size if in_tokens else census.rows).astype(np.float64)
    amounts = shared_out(total, np.ones(len(most)) if config.balance else weights, least, most)
    return Budgets(amounts, most)


def total_of(config: RecutConfig, pool: Pool, census: Census) -> int:
    """Return how much is asked for in all: of a share, no more than there are documents with a score."""
    if config.keep_tokens is not None:
        return int(min(config.keep_tokens * pool.per_token, VAST))
    return min(round((config.keep_fraction or 0.0) * int(census.rows.sum())), int(census.scored.sum()))


def _refuse_least(
    config: RecutConfig, least: Ints, most: Ints, total: int, unit: int, names: tuple[str, ...]
) -> None:
    over = np.flatnonzero(least > most)
    if len(over):
        takes = f"{-(-int(least[over[0]]) // unit):,} of {short_name(names[over[0]])!r}{_in_whole(config)}"
        raise SettingsError(
            f"--at-least must be no more than --at-most lets a value have. Got {config.at_least:,.0f}, which "
            f"takes {takes}, and at most {int(most[over[0]]) // unit:,} {_things(config)}. "
            "Ask for less, or loosen --at-most."
        )
    if least.sum() > total:
        raise SettingsError(
            f"--at-least must fit into what is kept, {total // unit:,} {_things(config)} in all. Got "
            f"{config.at_least:,.0f} for each of {len(least):,} values, or all that a value has: "
            f"{-(-int(least.sum()) // unit):,} together{_in_whole(config)}. Keep more, or less of each."
        )


def _refuse_total(config: RecutConfig, most: Ints, total: int, unit: int) -> None:
    had = int(most.sum())
    if total <= had:
        return
    limits = [
        f"--floor {config.floor:g}" if config.floor is not None else "",
        f"--at-most {config.at_most:g}" if config.at_most is not None else "",
        f"--drop-lowest {config.drop_lowest:g} and --max-repeat {config.max_repeat:g}"
        if config.curve
        else "",
    ]
    why = " and ".join(filter(None, limits))
    amount = "--keep-fraction" if config.keep_tokens is None else "--keep-tokens"
    raise SettingsError(
        f"{amount} must ask for no more than there is. Got {config.keep_tokens or total:,.0f} "
        f"{_things(config)}. The most that can be had{f' with {why}' if why else ''} is {had // unit:,}. Ask "
        f"for less{', or loosen that' if why else ''}."
    )


def _in_whole(config: RecutConfig) -> str:
    return "" if config.keep_tokens is None else " in whole documents"


def _things(config: RecutConfig) -> str:
    return "documents" if config.keep_tokens is None else "tokens"
