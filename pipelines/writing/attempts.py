"""What came of draws: the text of a reply, or why there is none."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any, TypeVar

from annotations.asking.journal import Journal
from annotations.writing.draws import Draw
from annotations.writing.forms import TEXTS, TextForm, text_of
from annotations.writing.recipe import TEXT, Recipe, filled
from pipelines.writing.asker import Asked

BATCH = 500
"""Texts that are looked at together."""
NOT_ASKED, NO_ANSWER = "not asked", TEXTS.called["api_error"]
WITHOUT_REPLY = (NOT_ASKED, NO_ANSWER)
"""What is no text at all, and is asked for by the same command."""

Thing = TypeVar("Thing")


@dataclass(frozen=True)
class Attempt:
    """What came of a draw.

    Parameters
    ----------
    draw : Draw
    answer : str
        The text that came, without what was around it; what came, where that is no text.
    reply : mapping, optional
        What the journal holds; None where nothing was asked.
    fault : str
        Why there is no text, or what is wrong with it by the recipe's checks; empty where nothing is.
    """

    draw: Draw
    answer: str
    reply: Mapping[str, Any] | None
    fault: str = ""

    def is_there(self) -> bool:
        """Tell whether something came."""
        return self.fault not in WITHOUT_REPLY

    def text(self, recipe: Recipe) -> str:
        """Return the text as it is written, with what the recipe puts around it."""
        return filled(recipe.output, {**self.draw.slots, TEXT: self.answer})


def attempts(draws: Iterable[Draw], form: TextForm, asked: Asked, journal: Journal) -> Iterator[Attempt]:
    """Yield what came of draws, in their order."""
    for draw in draws:
        reply = journal.reply_to(asked.question(draw.request, draw.repeat))
        if reply is None:
            yield Attempt(draw, "", None, NOT_ASKED)
            continue
        answer = text_of(reply["raw"], form.recipe)
        fault = TEXTS.called.get(reply["status"])
        if fault is None:  # it was checked when it came; only where the checks are others it is checked again
            known = reply["reason"] == form.checked_by
            fault = reply["error"] if known else form.read(reply["raw"], draw.request).fault
        yield Attempt(draw, reply["raw"] if answer is None else answer, reply, fault)


def batched(things: Iterable[Thing], size: int = BATCH) -> Iterator[list[Thing]]:
    """Yield things in lists of at most so many."""
    source = iter(things)
    while some := list(islice(source, size)):
        yield some
