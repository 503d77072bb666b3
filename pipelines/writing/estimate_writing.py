"""What writing would ask and cost, before anything is sent."""

from collections.abc import Iterable
from itertools import chain, repeat

from annotations.asking.budget import BYTES_PER_TOKEN
from annotations.asking.journal import Journal
from annotations.asking.question_loop import PricedQuestion
from annotations.writing.recipe import Recipe
from filtering.text.windows import REACH
from pipelines.labels.annotate import REPLY_TOKENS
from pipelines.labels.estimates import AnnotationEstimate, estimate_asking
from pipelines.labels.label_folder import journal_there, refuse_unknown_prices
from pipelines.progress import ConsoleReporter, Reporter
from pipelines.settings.writing import WriteConfig
from pipelines.writing.asker import Asked, Tasks, unanswered
from pipelines.writing.attempts import WITHOUT_REPLY, attempts
from pipelines.writing.code_runs.run_code_once import CodeRuns
from pipelines.writing.documents import texts_of_files
from pipelines.writing.left_out import refuse_losses
from pipelines.writing.sieve import Sieve
from pipelines.writing.sifting import FRESH_ROUNDS, sift
from pipelines.writing.text_folder import refuse_other
from pipelines.writing.topics import topic_questions
from pipelines.writing.work import Draws, Work, prepare, tell_not_read

TOKENS_A_WORD = 1.4
"""Of a usual text, where none was measured yet."""
USUAL_TOKENS = 500
"""Of a text whose recipe says nothing of words, and of a list of topics."""


def estimate_writing(config: WriteConfig, *, reporter: Reporter | None = None) -> AnnotationEstimate:
    """Return what `write_texts` would ask and cost; nothing is sent, and nothing written.

    Topics that are not listed yet are reckoned with a usual length, and so are grades of texts that are not
    there yet. What `until_fresh` may ask for in place of near-duplicates is in the bounds alone.

    Parameters
    ----------
    config : WriteConfig
    reporter : Reporter, optional
        What is told which files are not read; standard error if not given.

    Raises
    ------
    SettingsError
        As `write_texts`.
    """
    work, reporter = prepare(config), reporter or ConsoleReporter()
    refuse_losses(config, work.recipe.name)
    with journal_there(config.out) as journal:
        refuse_unknown_prices(config, journal)
        draws = work.likely_draws()
        tell_not_read(draws, reporter)
        refuse_other(config.out, work.decided_by(draws))
        return estimate_work(work, draws, journal)


def estimate_work(work: Work, draws: Draws, journal: Journal) -> AnnotationEstimate:
    """Return what is left to ask of a folder, by its journal."""
    config = work.config
    text_tokens = journal.mean_tokens(work.form.digest).get(config.model, (0, _usual_tokens(work.recipe)))[1]
    others = texts_of_files(config.against, config.out) if config.against else ()
    runs = CodeRuns(journal).known if config.run_code else None
    sieve = Sieve(tasks=work.tasks, against=others, run=runs)
    faults = sift(work, draws, sieve, journal, lambda start, stop: True, ConsoleReporter("none")).faults
    left = sum(fault in WITHOUT_REPLY for fault in faults)
    fresh = min(FRESH_ROUNDS * left, draws.most - len(faults)) if config.until_fresh else 0

    def of(asked: Asked, tasks: Tasks, more: int = 0) -> AnnotationEstimate:
        """Return what questions take, and as many more of a kind whose texts nobody knows."""
        unknown = asked.priced("x" * REACH.whole)
        usual = {asked.rater.model: (asked.fixed_bytes / BYTES_PER_TOKEN + text_tokens, REPLY_TOKENS)}
        return estimate_asking(
            chain(unanswered(tasks(), journal), repeat(unknown, more)),
            sum(1 for _ in tasks()) - sum(1 for _ in unanswered(tasks(), journal)),
            (usual if more else {}) | journal.mean_tokens(asked.form.digest),
            text_tokens if asked is work.texts else USUAL_TOKENS,
            documents=config.n,
            spent_usd=journal.spent_usd(),
            things=asked.things,
        )

    found = of(work.texts, work.text_tasks(draws, 0, len(faults)))
    found = found.with_at_most(of(work.texts, work.text_tasks(draws, len(faults), len(faults) + fresh)))
    if (topics := work.topics) is not None:
        lists = topic_questions(work.recipe, work.topic_count, topics)
        found = found.with_also(of(topics, lambda: lists))
    if (grading := work.grading) is not None:

        def of_texts() -> Iterable[PricedQuestion]:
            there = attempts(draws.between(0, len(faults)), work.form, work.texts, journal)
            return grading.tasks(one.answer for one in there if not faults[one.draw.number])

        found = found.with_also(of(grading.asked, of_texts, left))
        found = found.with_at_most(of(grading.asked, tuple, fresh))
    return found


def least_usd(work: Work, draws: Draws, journal: Journal) -> float | None:
    """Return what a text may cost at most, with about what topics cost where these are listed first.

    None where no price is known, or no document has text.
    """
    text = next(iter(work.text_tasks(draws, 0, 1)()), None)
    if text is None or text.most_usd is None:
        return None
    if work.topics is None or work.listed_topics():
        return text.most_usd
    lists = estimate_asking(
        topic_questions(work.recipe, work.topic_count, work.topics),
        0,
        {},
        USUAL_TOKENS,
        documents=0,
        spent_usd=0,
    )
    return text.most_usd + (lists.usd or 0.0)


def _usual_tokens(recipe: Recipe) -> float:
    most = recipe.checks.max_words
    return TOKENS_A_WORD * (recipe.checks.min_words + most) / 2 if most else USUAL_TOKENS
