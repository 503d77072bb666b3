"""What writing would ask and cost, before anything is sent."""

from itertools import repeat
from pathlib import Path

from annotations.asking.budget import BYTES_PER_TOKEN
from annotations.asking.journal import Journal
from annotations.labels.sources import JOURNAL_FILE
from annotations.writing.recipe import Recipe
from filtering.text.windows import REACH
from pipelines.labels.annotate import REPLY_TOKENS
from pipelines.labels.estimates import AnnotationEstimate, estimate_asking
from pipelines.settings.writing import WriteConfig
from pipelines.writing.asker import Asked, Tasks, unanswered
from pipelines.writing.topics import topic_questions
from pipelines.writing.work import Work, prepare

TOKENS_A_WORD = 1.4
"""Of a usual text, where none was measured yet."""
USUAL_TOKENS = 500
"""Of a text whose recipe says nothing of words, and of a list of topics."""


def estimate_writing(config: WriteConfig) -> AnnotationEstimate:
    """Return what `write_texts` would ask and cost; nothing is sent, and nothing written.

    Topics that are not listed yet are reckoned with a usual length. Texts that `until_fresh` asks for in
    place of near-duplicates are not reckoned.

    Parameters
    ----------
    config : WriteConfig

    Raises
    ------
    SettingsError
        As `write_texts`.
    """
    work = prepare(config)
    path = Path(config.out, JOURNAL_FILE)
    if not path.exists():
        return _estimate(work, None)
    with Journal(path) as journal:
        return _estimate(work, journal)


def _estimate(work: Work, journal: Journal | None) -> AnnotationEstimate:
    config, usual = work.config, _usual_tokens(work.recipe)
    found = _of_questions(
        work.texts, work.text_tasks(work.likely_draws(), 0, config.n), usual, config.n, journal
    )
    if work.topics is not None:
        lists = topic_questions(work.recipe, work.topic_count, work.topics)
        found = found.with_also(_of_questions(work.topics, lambda: lists, USUAL_TOKENS, config.n, journal))
    if work.grading is not None:
        found = found.with_also(_of_grades(work.grading.asked, usual, config.n, journal))
    return found


def _usual_tokens(recipe: Recipe) -> float:
    most = recipe.checks.max_words
    return TOKENS_A_WORD * (recipe.checks.min_words + most) / 2 if most else USUAL_TOKENS


def _of_questions(
    asked: Asked, tasks: Tasks, reply_tokens: float, texts: int, journal: Journal | None
) -> AnnotationEstimate:
    if journal is None:
        return estimate_asking(tasks(), 0, {}, reply_tokens, documents=texts, spent_usd=0.0)
    answered = sum(1 for _ in tasks()) - sum(1 for _ in unanswered(tasks(), journal))
    return estimate_asking(
        unanswered(tasks(), journal),
        answered,
        journal.mean_tokens(asked.form.digest),
        reply_tokens,
        documents=texts,
        spent_usd=journal.spent_usd(),
    )


def _of_grades(asked: Asked, text_tokens: float, texts: int, journal: Journal | None) -> AnnotationEstimate:
    """Return what grades take: which texts there will be nobody knows, so none counts as graded."""
    usual = {asked.rater.model: (asked.fixed_bytes / BYTES_PER_TOKEN + text_tokens, float(REPLY_TOKENS))}
    measured = journal.mean_tokens(asked.form.digest) if journal else {}
    longest = asked.priced("x" * REACH.whole)
    return estimate_asking(
        repeat(longest, texts), 0, usual | measured, REPLY_TOKENS, documents=texts, spent_usd=0.0
    )
