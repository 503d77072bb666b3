"""What holds questions back: a pace, and a budget that cannot be overshot."""

import asyncio
import time

from filtering.errors import SettingsError

BYTES_PER_TOKEN = 4
"""Of English text and code, roughly: for estimates and pace. A token has at least one byte: for bounds."""


class Pace:
    """Lets amounts through evenly, so many a minute.

    Parameters
    ----------
    per_minute : float, optional
        No limit if not given; a pause holds all the same.
    """

    def __init__(self, per_minute: float | None) -> None:
        self._seconds_each = 60.0 / per_minute if per_minute else 0.0
        self._free_s = 0.0
        self._turn = asyncio.Lock()

    async def take(self, amount: float) -> None:
        """Wait until `amount` more may go out."""
        came_s = time.monotonic()
        async with self._turn:
            while (wait_s := self._free_s - time.monotonic()) > 0:  # a pause may come meanwhile
                await asyncio.sleep(wait_s)
            self._free_s = max(self._free_s, came_s) + amount * self._seconds_each

    def pause(self, seconds: float) -> None:
        """Let nothing through for a while."""
        self._free_s = max(self._free_s, time.monotonic() + seconds)


class BudgetSpent(Exception):
    """The rest of the budget cannot hold another question."""


class Budget:
    """Holds questions back before they could cost more than there is.

    Parameters
    ----------
    limit_usd : float, optional
        No limit if not given.
    spent_usd : float
        What was spent before.
    """

    def __init__(self, limit_usd: float | None, spent_usd: float) -> None:
        self._limit_usd = limit_usd
        self.spent_usd = spent_usd
        self._reserved_usd: list[float] = []
        self._changed = asyncio.Condition()

    async def reserve(self, most_usd: float | None) -> None:
        """Set the most that a question can cost aside; where there is too little, wait for others.

        Raises
        ------
        BudgetSpent
            If there is too little even when nothing else is being asked.
        SettingsError
            If there is a limit, and nobody knows what the question costs.
        """
        if self._limit_usd is None:
            return
        if most_usd is None:
            raise SettingsError("A budget needs prices. Got none for a model. Give them with --price.")
        async with self._changed:
            while self.spent_usd + sum(self._reserved_usd) + most_usd > self._limit_usd:
                if not self._reserved_usd:
                    raise BudgetSpent
                await self._changed.wait()
            self._reserved_usd.append(most_usd)

    async def settle(self, most_usd: float | None, price_usd: float | None) -> None:
        """Book what a question cost, and let go of what was set aside for it."""
        self.spent_usd += price_usd or 0.0
        if self._limit_usd is None or most_usd is None:
            return
        async with self._changed:
            self._reserved_usd.remove(most_usd)
            self._changed.notify_all()
