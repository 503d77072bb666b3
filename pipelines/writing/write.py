"""Has texts written by a recipe, looks at what came, has it graded, and writes what is kept."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import repeat, tee
from pathlib import Path

from annotations.asking.budget import BYTES_PER_TOKEN
from annotations.asking.journal import Journal
from annotations.asking.prompt import RubricForm
from annotations.asking.rubric import Rubric, load_rubric
from annotations.asking.unusable import LABELS, tell_unusable
from annotations.labels.sources import JOURNAL_FILE
from annotations.writing.diversity import Diversity, measure_diversity, warnings
from annotations.writing.draws import SlotDraws
from annotations.writing.forms import LISTS, TEXTS, TextForm, TopicsForm
from annotations.writing.recipe import Recipe, Topics, load_recipe, recipe_digest
from filtering.errors import RunError, SettingsError
from filtering.leaks import Task
from filtering.scoring.cascade import AnyScorer
from filtering.text.human_languages import tell_languages
from filtering.text.windows import REACH
from pipelines.labels.annotate import REPLY_TOKENS
from pipelines.labels.estimates import AnnotationEstimate, estimate_asking
from pipelines.labels.label_folder import open_journal, price_journal
from pipelines.progress import ConsoleReporter, Meter, Reporter
from pipelines.scorer_addresses import open_scorer
from pipelines.settings.writing import WriteConfig
from pipelines.store.leak_files import gather_tasks
from pipelines.writing.asker import Asked, Tasks, ask, unanswered
from pipelines.writing.attempts import NOT_ASKED, WITHOUT_REPLY, Attempt, attempts, batched
from pipelines.writing.code_runs import CodeRuns
from pipelines.writing.documents import DocumentDraws, texts_of_files
from pipelines.writing.marks import MARKED, Grading, marks_of
from pipelines.writing.run_code import require_isolation
from pipelines.writing.sieve import NEAR_DUPLICATE, SIFTED, Sieve
from pipelines.writing.text_folder import FAILED_FILE, TOPICS_FILE, hold_to
from pipelines.writing.text_tables import NO_MARKS, text_files
from pipelines.writing.topics import list_topics, read_topics, topic_questions, unknown_topics
from pipelines.writing.write_result import Tally, WriteResult

FRESH_ROUNDS = 5
"""In which near-duplicates are asked for again: where they do not become fewer, slots are too poor."""
TOKENS_A_WORD = 1.4
"""Of a usual text, for estimates before any was measured."""
USUAL_TOKENS = 500
"""Of a text whose recipe says nothing of words."""
TOPIC_LIST_TOKENS = 1500

Draws = SlotDraws | DocumentDraws


@dataclass(frozen=True)
class _Work:
    """What a call is about.

    Parameters
    ----------
    form : TextForm
    texts : Asked
    topics : Asked, optional
    grading : Grading, optional
    scorer : AnyScorer
    tasks : sequence of Task
    """

    form: TextForm
    texts: Asked
    topics: Asked | None
    grading: Grading | None
    scorer: AnyScorer
    tasks: Sequence[Task]

    @property
    def recipe(self) -> Recipe:
        return self.form.recipe

    @property
    def rubric(self) -> Rubric | None:
        return self.grading.rubric if self.grading else None


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
    work = _prepare(config)
    with open_journal(config.out, "Texts") as journal:
        price_journal(config, journal, config.out)
        draws = _draws(config, work, journal, reporter)
        if draws is None:  # the budget ended with the topics
            nothing = _written(config, work, SlotDraws(work.recipe, config.seed), [], journal, reporter)
            return replace(nothing, asked=config.n, faults={NOT_ASKED: config.n})
        _refuse_too_many(config, draws, work.recipe)
        faults = _ask_and_sift(config, work, draws, journal, reporter)
        result = _written(config, work, draws, faults, journal, reporter)
    _check_any_text(result)
    return result


def _prepare(config: WriteConfig) -> _Work:
    """Read all that can be wrong, before anything is asked."""
    recipe = load_recipe(config.recipe)
    if recipe.takes_document != bool(config.inputs):
        must = "takes no --from"
        if recipe.takes_document:
            must = "takes documents, which must be named with --from"
        raise SettingsError(f"The recipe {recipe.name!r} {must}. Got {'some' if config.inputs else 'none'}.")
    if config.topics is not None and recipe.topics is None:
        raise SettingsError(f"--topics must come with a recipe that has topics. {recipe.name!r} has none.")
    if config.run_code and recipe.checks.form != "exercise":
        raise SettingsError(
            f'--run-code must come with a recipe of exercises (form = "exercise"). {recipe.name!r} is none.'
        )
    if config.run_code:
        require_isolation()  # said now, not after the texts are paid for
    if config.run_code:
        require_isolation()
    if recipe.checks.language:
        tell_languages(["The extra that tells languages is there."])
    writer = config.writer(recipe.most_reply_tokens)
    price, form = config.price_of(config.model), TextForm(recipe)
    return _Work(
        form,
        Asked(form, writer, TEXTS, price, "texts"),
        Asked(TopicsForm(recipe.topics), config.writer(TOPIC_LIST_TOKENS), LISTS, price, "lists")
        if recipe.topics
        else None,
        _grading(config, recipe),
        open_scorer(config.scorer or recipe.scorer),
        gather_tasks(config.decontaminate),
    )


def _grading(config: WriteConfig, recipe: Recipe) -> Grading | None:
    rater = config.grading_rater
    if rater is None:
        return None
    rubric = load_rubric(config.grade_rubric or recipe.rubric)
    return Grading(rubric, Asked(RubricForm(rubric), rater, LABELS, config.price_of(rater.model), "grades"))


def _draws(config: WriteConfig, work: _Work, journal: Journal, reporter: Reporter) -> Draws | None:
    """Return what is drawn from, of which the folder is from now on; None where the budget ended before."""
    recipe, topics = work.recipe, work.recipe.topics
    documents = DocumentDraws(recipe, SlotDraws(recipe, config.seed), config) if config.inputs else None
    rater = work.texts.rater
    hold_to(
        config.out,
        {
            "recipe_sha256": recipe_digest(recipe),
            "model": rater.model,
            "parameters": rater.parameters,
            "seed": config.seed,
            "topics": _topic_count(config, topics),
            "documents": documents.digest if documents else "",
        },
        is_begun=journal.is_begun(),
    )
    if documents is not None:
        return documents
    if topics is None or work.topics is None:
        return SlotDraws(recipe, config.seed)
    wanted = _topic_count(config, topics)
    # Before topics are paid for.
    known = unknown_topics(recipe.slots[topics.of], wanted)
    _refuse_too_many(config, SlotDraws(recipe, config.seed, known), recipe)
    pairs = list_topics(topics, recipe.slots, wanted, work.topics, config, config.out, journal, reporter)
    return None if pairs is None else SlotDraws(recipe, config.seed, pairs)


def _topic_count(config: WriteConfig, topics: Topics | None) -> int:
    return 0 if topics is None else config.topics or topics.count


def _refuse_too_many(config: WriteConfig, draws: Draws, recipe: Recipe) -> None:
    if config.n > draws.most:
        what = "documents" if recipe.takes_document else "different combinations of its slots"
        how = "give its slots more values"
        if recipe.takes_document:
            how = "name more files with --from"
        elif recipe.topics:
            how = "have more --topics listed, in another --out"
        raise SettingsError(
            f"--n must be at most {draws.most:,}: so many {what} the recipe {recipe.name!r} has here. Got "
            f"{config.n:,}. Ask for fewer, or {how}, or let each come again (per_draw in the recipe)."
        )


def _tasks(work: _Work, draws: Draws, start: int, stop: int) -> Tasks:
    return lambda: (work.texts.priced(one.request, one.repeat) for one in draws.between(start, stop))


def _ask_and_sift(
    config: WriteConfig, work: _Work, draws: Draws, journal: Journal, reporter: Reporter
) -> list[str]:
    """Ask for all texts, and for others in place of near-duplicates; return what is wrong with each draw."""
    sieve = Sieve(
        tasks=work.tasks,
        against=texts_of_files(config.against, config.out) if config.against else (),
        run=CodeRuns(journal) if config.run_code else None,
    )
    faults: list[str] = []
    stop = config.n
    for _ in range(1 + FRESH_ROUNDS * config.until_fresh):
        start = len(faults)
        is_whole = ask(work.texts, _tasks(work, draws, start, stop), config, journal, reporter)
        faults += [NOT_ASKED] * (stop - start)
        meter = Meter(stop - start, 0, "texts", doing="checking")
        with reporter.track(meter):
            for some in batched(attempts(draws.between(start, stop), work.form, work.texts, journal)):
                for one, fault in zip(some, sieve.faults(some), strict=True):
                    faults[one.draw.number] = fault
                meter.count(len(some))
        stop = min(stop + faults[start:].count(NEAR_DUPLICATE), draws.most)
        if not is_whole or stop == len(faults):
            break
    return faults


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


def _written(
    config: WriteConfig,
    work: _Work,
    draws: Draws,
    faults: Sequence[str],
    journal: Journal,
    reporter: Reporter,
) -> WriteResult:
    """Have what counts graded and scored, write the files, and return what they hold."""
    recipe, grading, stop = work.recipe, work.grading, len(faults)

    def found() -> Iterator[Attempt]:
        return attempts(draws.between(0, stop), work.form, work.texts, journal)

    def good() -> Iterator[str]:
        return (one.answer for one in found() if not faults[one.draw.number])

    graded = grading is None or ask(grading.asked, lambda: grading.tasks(good()), config, journal, reporter)
    tally = Tally(faults.count(""), shows=config.samples)
    digest, meter = recipe_digest(recipe), Meter(stop, 0, "texts", doing="writing")
    grader = config.grader or ""
    with reporter.track(meter), text_files(config.out, recipe, digest, work.rubric, grader) as files:
        for some in batched(found()):
            rows = []
            counted = [one for one in some if not faults[one.draw.number]]
            marks = iter(marks_of(counted, recipe, work.scorer, grading, journal) if counted else [])
            for one in some:
                fault = faults[one.draw.number]
                given = NO_MARKS if fault else next(marks)
                fault = fault or given.fault(config.keep_grade, config.keep_at)
                tally.add(recipe, one, given, fault)
                if one.is_there():
                    rows.append((one, given, fault))
            files.write(rows)
            meter.count(len(some))
    diversity = _diversity(found(), faults)
    return WriteResult(
        out=config.out,
        recipe=recipe.name,
        recipe_sha256=digest,
        model=config.model,
        grader=grader,
        scorer=config.scorer or recipe.scorer,
        asked=tally.asked,
        kept=tally.kept,
        faults=dict(tally.faults),
        combinations=draws.most,
        topics=len(_topics_of(config, recipe)),
        more_draws=max(0, stop - config.n),
        tokens_in=tally.tokens_in,
        tokens_out=tally.tokens_out,
        spent_usd=journal.spent_usd(),
        open_usd=journal.open_usd(),
        grades=tally.means([one.name for one in work.rubric.dimensions] if work.rubric else []),
        edu_score=tally.edu_score,
        diversity=diversity,
        warnings=tuple(warnings(diversity)) if diversity else (),
        unreadable=draws.unreadable if isinstance(draws, DocumentDraws) else {},
        examples=tuple(tally.examples),
        is_graded=graded,
    )


def _topics_of(config: WriteConfig, recipe: Recipe) -> Sequence[tuple[str, str]]:
    path = Path(config.out, TOPICS_FILE)
    return read_topics(path, recipe.slots[recipe.topics.of]) if recipe.topics and path.exists() else []


def _diversity(found: Iterator[Attempt], faults: Sequence[str]) -> Diversity | None:
    """Return how different those are that passed the checks; near-duplicates are among them."""
    passed = [fault in ("", NEAR_DUPLICATE) for fault in faults]
    if not any(passed):
        return None
    some, again = tee(one for one in found if passed[one.draw.number])
    return measure_diversity((one.answer for one in some), (one.draw.slots for one in again))


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
    work = _prepare(config)
    path = Path(config.out, JOURNAL_FILE)
    if not path.exists():
        return _estimate(config, work, None)
    with Journal(path) as journal:
        return _estimate(config, work, journal)


def _estimate(config: WriteConfig, work: _Work, journal: Journal | None) -> AnnotationEstimate:
    recipe, topics = work.recipe, work.recipe.topics
    spent_usd = journal.spent_usd() if journal else 0.0

    def about(asked: Asked, tasks: Tasks, reply_tokens: float) -> AnnotationEstimate:
        total = sum(1 for _ in tasks())
        left = sum(1 for _ in unanswered(tasks(), journal)) if journal else total
        return estimate_asking(
            unanswered(tasks(), journal) if journal else tasks(),
            total - left,
            journal.mean_tokens(asked.form.digest) if journal else {},
            reply_tokens,
            documents=config.n,
            spent_usd=spent_usd,
        )

    pairs = _topics_of(config, recipe)
    if topics is not None:
        pairs = pairs or unknown_topics(recipe.slots[topics.of], _topic_count(config, topics))
    slots = SlotDraws(recipe, config.seed, pairs)
    draws = DocumentDraws(recipe, slots, config) if config.inputs else slots
    _refuse_too_many(config, draws, recipe)
    words = recipe.checks.max_words
    usual = TOKENS_A_WORD * (recipe.checks.min_words + words) / 2 if words else USUAL_TOKENS
    found = about(work.texts, _tasks(work, draws, 0, config.n), usual)
    if topics is not None and work.topics is not None:
        asked, values, count = work.topics, recipe.slots[topics.of], _topic_count(config, topics)
        found = found.with_also(
            about(
                asked,
                lambda: (one for _, one in topic_questions(topics, values, count, asked)),
                TOPIC_LIST_TOKENS / 3,
            )
        )
    if work.grading is not None:
        # Which texts there will be nobody knows: each is reckoned as one that is not graded yet.
        asked = work.grading.asked
        one, about_in = asked.priced("x" * REACH.whole), asked.fixed_bytes / BYTES_PER_TOKEN + usual
        measured = {asked.rater.model: (about_in, float(REPLY_TOKENS))}
        measured |= journal.mean_tokens(asked.form.digest) if journal else {}
        found = found.with_also(
            estimate_asking(
                repeat(one, config.n), 0, measured, REPLY_TOKENS, documents=config.n, spent_usd=spent_usd
            )
        )
    return found
