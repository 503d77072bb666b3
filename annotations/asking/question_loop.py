"""Asks many questions at once: in pace, within budget, again where that helps; keeps each reply at once."""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from annotations.asking.annotator import Annotator, Reply, Unanswered
from annotations.asking.budget import BYTES_PER_TOKEN, Budget, BudgetSpent, Pace
from annotations.asking.journal import Journal, Question
from annotations.asking.prices import Price
from annotations.asking.settings import Limits, Rater
from annotations.asking.unusable import LABELS, Wanted, tell_unusable
from filtering.errors import EdufilterError, RunError
from filtering.extras import require

UNUSABLE_AT_FIRST = 25
"""Stop when none of so many first replies is what was wanted: the model or the endpoint is not up to it."""
LAST_REPLIES = 100
"""Of the last so many a share may be something else: see `annotations.asking.unusable.Wanted`."""
SILENT_IN_A_ROW = 10
"""Stop when so many questions in a row found no answer, each asked several times."""

SAID_AT_MOST = 10
"""Kinds of trouble that are told, once each."""

Tick = Callable[[Reply, float], None]
"""Called with each reply that counts, and with what all replies cost so far, in US dollars."""


@dataclass(frozen=True)
class PricedQuestion:
    """A question with all that it takes to ask it.

    Parameters
    ----------
    question : Question
    window : str
    prompt_bytes : int
        UTF-8 bytes of all messages: no tokeniser makes more tokens of them.
    price : Price, optional
    """

    question: Question
    window: str
    prompt_bytes: int
    price: Price | None

    @property
    def most_usd(self) -> float | None:
        """The most that one attempt can cost."""
        most_out = self.question.rater.max_completion_tokens
        return None if self.price is None else self.price.of(self.prompt_bytes, most_out)

    @property
    def tokens(self) -> float:
        """Tokens of one attempt, roughly, as endpoints count them for their limits."""
        return self.prompt_bytes / BYTES_PER_TOKEN + self.question.rater.max_completion_tokens

    def price_of(self, reply: Reply) -> float | None:
        """Return what a reply cost; the most that it can have cost where the server does not say."""
        if self.price is None or reply.tokens_in is None or reply.tokens_out is None:
            return self.most_usd
        return self.price.of(reply.tokens_in, reply.tokens_out)


def ask_all(
    questions: Iterable[PricedQuestion],
    annotators: Sequence[Annotator],
    journal: Journal,
    limits: Limits,
    tick: Tick,
    say: Callable[[str], None],
    wanted: Wanted = LABELS,
    again: Callable[[int], object] = lambda count: None,
) -> bool:
    """Ask all questions, in order, and keep the replies.

    Parameters
    ----------
    questions : iterable of PricedQuestion
        Taken one by one as there is room; there may be millions.
    annotators : sequence of Annotator
        Who answers: one for each rater of a question.
    journal : Journal
    limits : Limits
    tick : callable
    say : callable
        Called with a line for a person, where questions have to be asked again.
    wanted : Wanted
        What replies must be.
    again : callable
        Called with the number of questions that found no answer yet, and are asked again, as it changes.

    Returns
    -------
    bool
        Whether all were asked; False where the budget did not allow it.

    Raises
    ------
    EndpointError
        If the endpoint cannot be used as it was asked.
    RunError
        If it does not answer any more, or too little of what it says is what was wanted. What was answered
        is kept.
    MissingExtraError
        If the ``annotate`` extra is not installed.
    """
    asking = _Asking(annotators, journal, limits, tick, say, wanted, again)
    if not _within_a_loop():
        return asyncio.run(asking.run(iter(questions)))
    with ThreadPoolExecutor(1) as pool:
        try:
            return pool.submit(asyncio.run, asking.run(iter(questions))).result()
        except BaseException:
            asking.stop()
            raise


def _within_a_loop() -> bool:
    """Tell whether an event loop runs already, and this call is within it: in a notebook."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


class _Asking:
    """What all questions share while they are asked."""

    def __init__(
        self,
        annotators: Sequence[Annotator],
        journal: Journal,
        limits: Limits,
        tick: Tick,
        say: Callable[[str], None],
        wanted: Wanted,
        again: Callable[[int], object],
    ) -> None:
        self._stamina = require("annotate", "stamina")
        # It logs each wait as a warning, which Python shows where nobody listens.
        logging.getLogger("stamina").addHandler(logging.NullHandler())
        self._annotators = {annotator.rater: annotator for annotator in annotators}
        self._journal = journal
        self._limits = limits
        self._tick = tick
        self._say = say
        self._wanted = wanted
        self._again, self._asked_again = again, 0
        self._said: set[str] = set()
        self._requests = Pace(limits.requests_per_minute)
        self._tokens = Pace(limits.tokens_per_minute)
        self._silent = 0
        self._last: dict[Rater, deque[Reply]] = {
            rater: deque(maxlen=LAST_REPLIES) for rater in self._annotators
        }
        self._stopped = False

    def stop(self) -> None:
        """Ask nothing more; what is being asked is waited for."""
        self._stopped = True

    async def run(self, questions: Iterator[PricedQuestion]) -> bool:
        self._budget = Budget(self._limits.budget_usd, self._journal.spent_usd())
        workers = [asyncio.create_task(self._work(questions)) for _ in range(self._limits.concurrency)]
        try:
            return all(await asyncio.gather(*workers))
        finally:
            for worker in workers:
                worker.cancel()
            await asyncio.gather(*workers, return_exceptions=True)
            for annotator in self._annotators.values():
                await annotator.close()

    async def _work(self, questions: Iterator[PricedQuestion]) -> bool:
        for priced in questions:
            if self._stopped:
                return False
            try:
                reply = await self._ask(priced)
            except BudgetSpent:
                self._stopped = True  # for all: to go on with short documents alone would bias what is made
                return False
            self._tick(reply, self._budget.spent_usd)
            self._stop_if_in_vain(priced.question.rater, reply)
        return True

    def _count_again(self, change: int) -> None:
        self._asked_again += change
        self._again(self._asked_again)

    async def _ask(self, priced: PricedQuestion) -> Reply:
        is_again = False
        try:
            async for attempt in self._stamina.retry_context(
                on=self._when_again,
                attempts=self._limits.attempts,
                timeout=None,
                wait_initial=self._limits.first_wait_s,
                wait_max=self._limits.longest_wait_s,
                wait_jitter=self._limits.first_wait_s,
            ):
                with attempt:
                    try:
                        return await self._attempt(priced)
                    except Unanswered:
                        self._count_again(not is_again)
                        is_again = True
                        raise
        except Unanswered as last:
            reply = Reply("api_error", error=str(last))
            self._journal.record(priced.question, reply, 0.0)
            return reply
        finally:
            self._count_again(-is_again)
        raise AssertionError("an attempt returns or raises")

    def _when_again(self, error: Exception) -> bool | float:
        if not isinstance(error, Unanswered):
            return False
        if str(error) not in self._said and len(self._said) < SAID_AT_MOST:
            self._said.add(str(error))
            self._say(f"Asking again: {error}")
        if error.retry_after_s is None:
            return True
        # The endpoint said when: asking for something else before that would be refused too.
        wait_s = max(error.retry_after_s, self._limits.first_wait_s)
        self._requests.pause(wait_s)
        return wait_s

    async def _attempt(self, priced: PricedQuestion) -> Reply:
        most_usd = priced.most_usd
        await self._budget.reserve(most_usd)
        await self._tokens.take(priced.tokens)
        await self._requests.take(1)  # last, for a pause that the endpoint asks for holds here
        asked = self._journal.ask(priced.question, most_usd)
        try:
            reply = await self._annotators[priced.question.rater].annotate(priced.window)
        except Unanswered as error:
            if error.may_be_paid:
                lost = Reply("api_error", error=str(error))
                self._journal.record(priced.question, lost, most_usd, asked)
            else:
                self._journal.forget(asked)
            await self._budget.settle(most_usd, most_usd if error.may_be_paid else 0.0)
            raise
        except EdufilterError:  # an order that was refused: nobody charges for one
            self._journal.forget(asked)
            raise
        price_usd = priced.price_of(reply)
        self._journal.record(priced.question, reply, price_usd, asked)
        await self._budget.settle(most_usd, price_usd)
        return reply

    def _stop_if_in_vain(self, rater: Rater, reply: Reply) -> None:
        self._silent = self._silent + 1 if reply.status == "api_error" else 0
        if self._silent >= SILENT_IN_A_ROW:
            raise RunError(
                f"An endpoint must answer. {self._silent} questions in a row found no answer. The last: "
                f"{reply.error.rstrip('.')}. Mend what that says, or wait; then run the same command again."
            )
        last = self._last[rater]
        last.append(reply)
        unusable = [one for one in last if one.status != "ok"]
        none_at_first = UNUSABLE_AT_FIRST <= len(unusable) == len(last)
        most = LAST_REPLIES * self._wanted.most_unusable
        if none_at_first or sum(one.is_of_model for one in unusable) > most:
            told = tell_unusable(((one.status, one.error) for one in unusable), self._wanted)
            raise RunError(
                f"{self._wanted.must} Of the last {len(last)} of {rater.model} {len(unusable)} do not: "
                f"{told} {self._wanted.count_as_answered}"
            )
