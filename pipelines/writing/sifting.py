"""Draws until there are as many texts as were asked for, and says what is wrong with each draw."""

import os
from collections.abc import Callable
from dataclasses import dataclass

from annotations.asking.journal import Journal
from pipelines.progress import Meter, Reporter
from pipelines.writing.attempts import BATCH, attempts, batched
from pipelines.writing.sieve import LIKENESSES, Sieve
from pipelines.writing.text_folder import draws_written
from pipelines.writing.work import Draws, Work

RUNS_A_CORE = 4
"""Exercises that are run before they are counted."""
FRESH_ROUNDS = 5
"""In which near-duplicates are asked for again: where they do not become fewer, slots are too poor."""
NO_TEXT = "document without text"
"""What is wrong with a draw that asks for nothing: it is no text that could be thrown away."""


@dataclass(frozen=True)
class Sifted:
    """What is wrong with draws.

    Parameters
    ----------
    faults : list of str
        By number of the draw; empty where nothing is.
    more_draws : int
        That were made in place of near-duplicates.
    """

    faults: list[str]
    more_draws: int


def sift(
    work: Work,
    draws: Draws,
    sieve: Sieve,
    journal: Journal,
    ask: Callable[[int, int], bool],
    reporter: Reporter,
) -> Sifted:
    """Return what is wrong with each draw.

    Other draws come in place of those whose document has no text, and with ``until_fresh`` of
    near-duplicates. Texts that the folder keeps stay, also where fewer are asked for than before.

    Parameters
    ----------
    work : Work
    draws : Draws
    sieve : Sieve
        A new one.
    journal : Journal
    ask : callable
        Asks for the texts from one number of a draw up to another, and tells whether all were asked for.
    reporter : Reporter
    """
    faults: list[str] = []
    is_whole, more_draws = True, 0

    def draw_up_to(stop: int) -> list[str]:
        nonlocal is_whole
        start = len(faults)
        is_whole = is_whole and ask(start, stop)
        faults.extend([NO_TEXT] * (stop - start))
        meter = Meter(stop - start, 0, "texts", doing="checking")
        found, size = attempts(draws.between(start, stop), work.form, work.texts, journal), BATCH
        if work.config.run_code:  # which may take 10 seconds for each: few at a time, to see that it goes on
            size = RUNS_A_CORE * (os.cpu_count() or 1)
        with reporter.track(meter):
            for some in batched(found, size):
                for one, fault in zip(some, sieve.faults(some), strict=True):
                    faults[one.draw.number] = fault
                meter.count(len(some))
        return faults[start:]

    stop, rounds = work.config.n, FRESH_ROUNDS * work.config.until_fresh
    there = min(draws_written(work.config.out, work.recipe.name), draws.most)
    while is_whole and len(faults) < stop:
        found = draw_up_to(stop)
        alike = sum(fault in LIKENESSES for fault in found) if rounds else 0
        rounds -= bool(alike)
        stop = min(stop + found.count(NO_TEXT) + alike, draws.most)
        more_draws += max(0, stop - len(faults) - found.count(NO_TEXT)) if is_whole else 0
    if len(faults) < there:
        reporter.say(f"What is there stays: texts of {there:,} draws, although --n is {work.config.n:,}.")
        draw_up_to(there)
    return Sifted(faults, more_draws)
