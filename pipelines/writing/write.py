"""Has texts written by a recipe, looks at what came, has it graded, and writes what is kept."""

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from dataclasses import replace
from itertools import tee
from math import floor
from pathlib import Path

from annotations.asking.journal import Journal
from annotations.asking.unusable import tell_unusable
from annotations.samples.sampling import UNKNOWN_PICK
from annotations.writing.diversity import Diversity, measure_diversity, warnings
from annotations.writing.draws import SlotDraws
from annotations.writing.forms import TEXTS
from annotations.writing.recipe import recipe_digest
from filtering.errors import Interrupted, RunError
from pipelines.labels.label_folder import open_journal, price_journal
from pipelines.progress import ConsoleReporter, Meter, Reporter, waiting
from pipelines.settings.writing import WriteConfig
from pipelines.writing.asker import ask, refuse_small_budget
from pipelines.writing.attempts import NOT_ASKED, WITHOUT_REPLY, Attempt, attempts, batched
from pipelines.writing.code_runs.run_code_once import CodeRuns
from pipelines.writing.documents import DocumentDraws, texts_of_files
from pipelines.writing.estimate_writing import estimate_work, least_usd
from pipelines.writing.left_out import refuse_losses, tell_changes
from pipelines.writing.marks import MARKED, marks_of
from pipelines.writing.sieve import NEAR_DUPLICATE, SIFTED, Sieve
from pipelines.writing.sifting import Sifted, sift
from pipelines.writing.text_folder import FAILED_FILE, hold_to
from pipelines.writing.text_tables import NO_MARKS, text_files
from pipelines.writing.topics import list_topics
from pipelines.writing.work import Draws, Work, prepare, tell_not_read
from pipelines.writing.write_result import Tally, WriteResult

READ_NOW = "To read the texts that are there now, give the same command"
USD = 1_000_000
"""Parts of a dollar that budgets are told in."""


def write_texts(config: WriteConfig, *, reporter: Reporter | None = None) -> WriteResult:
    """Have texts written by a recipe, and keep those that hold its checks.

    The same call goes on where an earlier one was stopped: what was answered is not asked again.

    Parameters
    ----------
    config : WriteConfig
    reporter : Reporter, optional
        What is told about progress; standard error if not given.

    Raises
    ------
    SettingsError
        If a setting, the recipe or the rubric is wrong, the folder was begun with another recipe, model or
        seed, or the endpoint refuses key, model or question.
    RunError
        If the endpoint stopped answering, or replies are no texts. What was answered is kept, and the same
        call goes on.
    """
    reporter = reporter or ConsoleReporter()
    work = prepare(config)
    refuse_losses(config, work.recipe.name)
    likely = work.likely_draws()  # before there is a folder: documents may be named wrongly
    with open_journal(config.out, "Texts") as journal:
        price_journal(config, journal, config.out)
        replies = journal.replies()
        sieve = _sieve(work, journal, reporter)
        draws = _draws(work, likely, journal, reporter)
        if draws is None:  # the budget ended with the topics
            reporter.say("The budget ended before all topics were listed, so no text was asked for.")
            draws = SlotDraws(work.recipe, config.seed)
            nothing = _written(work, draws, Sifted([], 0), sieve, journal, reporter)
            return replace(nothing, asked=config.n, faults={NOT_ASKED: config.n})

        def ask_for(start: int, stop: int) -> bool:
            return ask(work.texts, work.text_tasks(draws, start, stop), config, journal, reporter)

        try:
            sifted = sift(work, draws, sieve, journal, ask_for, reporter)
        except KeyboardInterrupt:
            raise Interrupted(_how_to_read(work, draws, journal)) from None
        tell_changes(config, work.recipe.name, reporter)
        result = _written(work, draws, sifted, sieve, journal, reporter)
        if journal.replies() == replies and result.is_whole:
            reporter.say("Nothing was asked: all replies were there.")
    _check_any_text(result)
    return result


def _sieve(work: Work, journal: Journal, reporter: Reporter) -> Sieve:
    config = work.config
    others = texts_of_files(config.against, config.out, reporter.say) if config.against else ()
    with waiting(reporter, "reading the texts of --against") if config.against else nullcontext():
        return Sieve(tasks=work.tasks, against=others, run=CodeRuns(journal) if config.run_code else None)


def _draws(work: Work, draws: Draws, journal: Journal, reporter: Reporter) -> Draws | None:
    """Return what is drawn from, of which the folder is from now on; None where the budget ended before."""
    tell_not_read(draws, reporter)
    if work.config.budget_usd is not None and not journal.replies():
        what = "a text" if work.topics is None else "the topics and a text"
        refuse_small_budget(
            work.config, journal, least_usd(work, draws, journal), _enough_usd(work, journal), what
        )
    hold_to(work.config.out, work.decided_by(draws))
    if work.topics is None:
        return draws
    if work.topic_count < work.config.n and work.is_begun:
        reporter.say(
            f"This folder began with {work.topic_count:,} topics, which {work.config.n:,} texts share. For "
            "more topics choose another --out."
        )
    topics = work.listed_topics() or list_topics(
        work.recipe, work.topic_count, work.topics, work.config, work.config.out, journal, reporter
    )
    return work.draws(topics) if topics else None


def _how_to_read(work: Work, draws: Draws, journal: Journal) -> str:
    """Return how to read the texts of a run that is stopped; empty where that takes long to tell."""
    if isinstance(draws, DocumentDraws):  # they are asked for in the order of the dump: no --n ends there
        spent = floor(journal.spent_usd() * USD) / USD
        return f"{READ_NOW} --budget-usd {spent:.6f}: nothing more is asked." if spent else ""

    def is_open(number: int) -> bool:
        [task] = work.text_tasks(draws, number, number + 1)()
        return not journal.is_finished(task.question)

    # They are asked for in their order: the first that is missing is found by halves.
    there = bisect_left(range(work.config.n), True, key=is_open)
    return f"{READ_NOW} --n {there}." if there else ""


def _written(
    work: Work, draws: Draws, sifted: Sifted, sieve: Sieve, journal: Journal, reporter: Reporter
) -> WriteResult:
    """Have what counts graded and scored, write the files, and return what they hold."""
    config, recipe, grading, faults = work.config, work.recipe, work.grading, sifted.faults

    def found() -> Iterator[Attempt]:
        return attempts(draws.between(0, len(faults)), work.form, work.texts, journal)

    def good() -> Iterator[str]:
        return (one.answer for one in found() if not faults[one.draw.number])

    all_graded = grading is None or ask(
        grading.asked, lambda: grading.tasks(good()), config, journal, reporter
    )
    tally = _write_files(work, found(), faults, journal, reporter)
    diversity = _diversity(found(), faults)
    is_stopped = not all_graded or NOT_ASKED in tally.faults or not faults
    return WriteResult(
        out=config.out,
        recipe=recipe.name,
        recipe_sha256=recipe_digest(recipe),
        model=config.model,
        grader=config.grader or "",
        scorer=config.scorer or recipe.scorer,
        wanted=config.n,
        asked=tally.asked,
        kept=tally.kept,
        faults=dict(tally.faults),
        combinations=draws.most,
        topics=len(work.listed_topics()),
        more_draws=sifted.more_draws,
        ran=sieve.ran,
        searched=sieve.searched,
        benchmark_tasks=len(work.tasks),
        tokens_in=tally.tokens_in,
        tokens_out=tally.tokens_out,
        spent_usd=journal.spent_usd(),
        open_usd=journal.open_usd(),
        unpriced=tuple(journal.models_without_price()),
        budget_usd=config.budget_usd,
        enough_usd=_enough_usd(work, journal) if is_stopped else None,
        grades=tally.means([one.name for one in work.rubric.dimensions] if work.rubric else []),
        graded=tally.graded,
        domain=work.rubric.domain if work.rubric else "",
        edu_score=tally.edu_score,
        median_score=tally.median_score,
        is_cut=_is_cut(config),
        keep_grade=config.keep_grade,
        diversity=diversity,
        warnings=tuple(warnings(diversity)) if diversity else (),
        long_documents=tally.long_documents,
        unreadable=draws.unreadable if isinstance(draws, DocumentDraws) else {},
        examples=tuple(tally.examples),
        is_graded=grading is not None and all_graded,
    )


def _write_files(
    work: Work, found: Iterator[Attempt], faults: Sequence[str], journal: Journal, reporter: Reporter
) -> Tally:
    """Write texts with their marks: those that count, and with a fault each those that do not."""
    config, recipe = work.config, work.recipe
    tally, meter = (
        Tally(faults.count(""), shows=config.samples),
        Meter(len(faults), 0, "texts", doing="writing"),
    )
    picked = UNKNOWN_PICK if _is_cut(config) else "random"  # as draws are, unless a mark decides what is kept
    with (
        reporter.track(meter),
        text_files(config.out, recipe, work.rubric, config.grader or "", picked) as files,
    ):
        for some in batched(found):
            rows = []
            counted = [one for one in some if not faults[one.draw.number]]
            marks = iter(marks_of(counted, recipe, work.scorer, work.grading, journal) if counted else [])
            for one in some:
                fault = faults[one.draw.number]
                given = NO_MARKS if fault else next(marks)
                fault = fault or given.fault(config.keep_grade, config.keep_at)
                tally.add(recipe, one, given, fault)
                if one.is_there():
                    rows.append((one, given, fault))
            files.write(rows)
            meter.count(len(some))
    return tally


def _is_cut(config: WriteConfig) -> bool:
    """Tell whether a mark decides what is kept."""
    return (config.keep_grade, config.keep_at) != (None, None)


def _enough_usd(work: Work, journal: Journal) -> float | None:
    """Return the budget that surely holds all that is left to ask; None where no price is known."""
    left = estimate_work(work, work.likely_draws(), journal)
    return None if left.most_usd is None else left.spent_usd + left.most_usd


def _diversity(found: Iterator[Attempt], faults: Sequence[str]) -> Diversity | None:
    """Return how different those are that passed the checks; near-duplicates are among them."""
    passed = [fault in ("", NEAR_DUPLICATE) for fault in faults]
    if not any(passed):
        return None
    some, again = tee(one for one in found if passed[one.draw.number])
    return measure_diversity((one.answer for one in some), (one.draw.slots for one in again))


def _check_any_text(result: WriteResult) -> None:
    """Refuse to call it done where replies came, and none of them was a text."""
    texts = (*WITHOUT_REPLY, *SIFTED, *MARKED)
    failed = {fault: count for fault, count in result.faults.items() if fault not in texts}
    count = sum(failed.values())
    if count and count == result.asked - sum(result.faults.get(one, 0) for one in WITHOUT_REPLY):
        told = tell_unusable((("unparseable", fault) for fault in Counter(failed).elements()), TEXTS)
        raise RunError(
            f"{TEXTS.must} None of {count:,} is one: {told} {TEXTS.count_as_answered} Read them in "
            f"{Path(result.out, FAILED_FILE)}."
        )
