"""Asks the questions of a folder of texts: each once, in whatever form, all within one budget."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

from annotations.asking.chat_api import ChatAnnotator
from annotations.asking.journal import Journal, Question, window_digest
from annotations.asking.prices import Price
from annotations.asking.question_form import QuestionForm, prompt_bytes
from annotations.asking.question_loop import PricedQuestion, ask_all
from annotations.asking.settings import Rater
from annotations.asking.unusable import Wanted
from filtering.errors import SettingsError
from pipelines.amount_formats import cents_up, dollars
from pipelines.progress import ReplyMeter, Reporter
from pipelines.settings.asking import AskingSettings
from pipelines.settings.base import setting_name

LAST_TAKEN = 4096
"""Questions that were just taken: of two equal ones the second waits for no reply, and is not asked."""


@dataclass(frozen=True)
class Asked:
    """A kind of question.

    Parameters
    ----------
    form : QuestionForm
    rater : Rater
    wanted : Wanted
    price : Price, optional
    things : str
        What comes of them, for the screen.
    """

    form: QuestionForm
    rater: Rater
    wanted: Wanted
    price: Price | None
    things: str

    def question(self, window: str, repeat: int = 1) -> Question:
        """Return the question of a window."""
        return Question(self.form.digest, self.rater, window_digest(window), repeat)

    @cached_property
    def fixed_bytes(self) -> int:
        """Bytes of what is sent beside the window."""
        return prompt_bytes(self.form, "")

    def priced(self, window: str, repeat: int = 1) -> PricedQuestion:
        """Return the question with all that it takes to ask it."""
        sent_bytes = self.fixed_bytes + len(window.encode("utf-8", errors="surrogatepass"))
        return PricedQuestion(self.question(window, repeat), window, sent_bytes, self.price)


Tasks = Callable[[], Iterable[PricedQuestion]]
"""Makes questions anew, one by one, whenever it is called."""


def unanswered(tasks: Iterable[PricedQuestion], journal: Journal) -> Iterator[PricedQuestion]:
    """Yield the questions that are left to ask; of equal ones that follow each other closely the first."""
    taken: dict[Question, None] = {}
    for task in tasks:
        if task.question in taken or journal.is_finished(task.question):
            continue
        taken[task.question] = None
        if len(taken) > LAST_TAKEN:
            del taken[next(iter(taken))]
        yield task


def refuse_small_budget(
    config: AskingSettings, journal: Journal, needed_usd: float | None, enough_usd: float | None, what: str
) -> None:
    """Refuse a budget that ends before anything comes of it, where nothing was spent yet.

    Parameters
    ----------
    config : AskingSettings
    journal : Journal
    needed_usd, enough_usd : float, optional
        What the first thing may cost with all that comes before it, and all things.
    what : str
        The former, for the message: ``a grade``.

    Raises
    ------
    SettingsError
    """
    budget_usd = config.budget_usd
    if budget_usd is None or needed_usd is None or journal.replies() or needed_usd <= budget_usd:
        return
    enough = f" {cents_up(enough_usd)} is enough for all." if enough_usd else ""
    raise SettingsError(
        f"{setting_name(AskingSettings, 'budget_usd')} must hold {what}, which may cost "
        f"{dollars(needed_usd)}. Got {dollars(budget_usd)}.{enough}"
    )


def ask(asked: Asked, tasks: Tasks, config: AskingSettings, journal: Journal, reporter: Reporter) -> bool:
    """Ask what is left, and tell whether all was; not where the budget ended.

    Raises
    ------
    EndpointError, RunError
        As `annotations.asking.question_loop.ask_all`.
    """
    total = left = 0
    for task in tasks():
        total += 1
        left += not journal.is_finished(task.question)
    if not left:
        return True
    if left < total:
        reporter.say(f"Going on: {total - left:,} of {total:,} {asked.things} are there.")
    annotator = ChatAnnotator(asked.form, asked.rater, base_url=config.base_url, timeout_s=config.timeout_s)
    meter = ReplyMeter(total, total - left, journal.spent_usd(), asked.things)
    with reporter.track(meter):
        return ask_all(
            unanswered(tasks(), journal),
            [annotator],
            journal,
            config.limits,
            lambda reply, usd: meter.tick(asked.wanted.word(reply.status, reply.error), usd),
            reporter.say,
            asked.wanted,
            meter.ask_again,
        )
