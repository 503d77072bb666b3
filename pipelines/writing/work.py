"""What a call that has texts written is about: recipe, questions, draws; refused before anything is asked."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from annotations.asking.prompt import RubricForm
from annotations.asking.rubric import Rubric, load_rubric
from annotations.asking.unusable import LABELS
from annotations.writing.draws import SlotDraws
from annotations.writing.forms import LISTS, TEXTS, TextForm, TopicsForm
from annotations.writing.recipe import KIND, Recipe, load_recipe, recipe_digest
from filtering.errors import RubricError, SettingsError
from filtering.leaks import Task
from filtering.printable import printable
from filtering.scoring.cascade import AnyScorer
from filtering.text.human_languages import load_detector
from pipelines.progress import Reporter
from pipelines.run_folder.benchmark_tasks import gather_tasks
from pipelines.scorer_addresses import open_scorer
from pipelines.settings.base import setting_name
from pipelines.settings.runs import BenchmarkSettings
from pipelines.settings.writing import WriteConfig
from pipelines.writing.asker import Asked, Tasks
from pipelines.writing.code_runs.run_code import require_isolation
from pipelines.writing.documents import DocumentDraws
from pipelines.writing.marks import Grading
from pipelines.writing.text_folder import MOST_TOKENS, TOPICS_FILE, begun_with
from pipelines.writing.topics import Pairs, read_topics, unknown_topics

TOPIC_LIST_TOKENS = 1500
"""That a list of topics may have, unless more were asked for."""

Draws = SlotDraws | DocumentDraws


@dataclass(frozen=True)
class Work:
    """What a call is about.

    Parameters
    ----------
    config : WriteConfig
    form : TextForm
    texts : Asked
    topics : Asked, optional
        None for a recipe without.
    grading : Grading, optional
        None where nothing is graded.
    scorer : AnyScorer
    tasks : sequence of Task
        Of benchmarks.
    topic_count : int
        How many topics are wanted: as many as the folder began with, or no more than texts, unless asked for.
    is_begun : bool
        Whether the folder has answers.
    """

    config: WriteConfig
    form: TextForm
    texts: Asked
    topics: Asked | None
    grading: Grading | None
    scorer: AnyScorer
    tasks: Sequence[Task]
    topic_count: int
    is_begun: bool

    @property
    def recipe(self) -> Recipe:
        """What is written by."""
        return self.form.recipe

    @property
    def rubric(self) -> Rubric | None:
        """What is graded by."""
        return self.grading.rubric if self.grading else None

    @property
    def topic_values(self) -> Sequence[str]:
        """What topics are of."""
        topics = self.recipe.topics
        return () if topics is None else self.recipe.slots[topics.of]

    def listed_topics(self) -> Pairs:
        """Return the topics that the folder has; none where they are not listed yet."""
        path = Path(self.config.out, TOPICS_FILE)
        return read_topics(path, self.topic_values) if self.topic_count and path.exists() else ()

    def draws(self, topics: Pairs = ()) -> Draws:
        """Return what is drawn from.

        Raises
        ------
        SettingsError
            If it has fewer draws than texts are asked for, or documents cannot be found.
        """
        slots = SlotDraws(self.recipe, self.config.seed, topics)
        draws = DocumentDraws(self.recipe, slots, self.config) if self.config.inputs else slots
        if self.config.n > draws.most:
            raise SettingsError(self._too_many(draws.most))
        return draws

    def likely_draws(self) -> Draws:
        """Return what is drawn from as far as it is known: topics that are not listed yet have stand-ins."""
        stand_ins = unknown_topics(self.topic_values, self.topic_count)
        return self.draws(self.listed_topics() or stand_ins)

    def _too_many(self, most: int) -> str:
        what = f"different combinations of slots of the recipe {self.recipe.name!r}"
        how = "give its slots more values"
        if self.recipe.takes_document:
            what, how = "documents that --from names", "name more files with --from"
        elif self.recipe.topics:
            how = "have more --topics listed"
        how += " and choose another --out" if self.is_begun else ""
        if self.config.recipe not in KIND.shipped:
            how = f"let each come again (per_draw in the recipe), or {how}"
        return (
            f"{setting_name(WriteConfig, 'n')} must be at most {most:,}, the number of {what}. "
            f"Got {self.config.n:,}. Ask for fewer, or {how}."
        )

    def text_tasks(self, draws: Draws, start: int, stop: int) -> Tasks:
        """Return what makes the questions for texts, from one number of a draw up to another."""
        return lambda: (self.texts.priced(one.request, one.repeat) for one in draws.between(start, stop))

    def decided_by(self, draws: Draws) -> dict[str, object]:
        """Return what decides which texts are asked for: a folder is held to it."""
        return {
            "recipe": self.recipe.name,
            "recipe_sha256": recipe_digest(self.recipe),
            "model": self.texts.rater.model,
            "parameters": self.texts.rater.parameters,
            "seed": self.config.seed,
            "topics": self.topic_count,
            "documents": draws.digest if isinstance(draws, DocumentDraws) else "",
        }


def prepare(config: WriteConfig) -> Work:
    """Read all that can be wrong.

    Raises
    ------
    SettingsError
        If anything is.
    """
    recipe = load_recipe(config.recipe)
    rubric = _rubric_of(config, recipe)  # wrong or right, also where nothing is graded yet
    _refuse_misfits(config, recipe)
    begun = begun_with(config.out)
    # What follows from max_words stays as it was: other checks make no other questions.
    tokens = recipe.reply_tokens or begun.get(MOST_TOKENS, recipe.most_reply_tokens)
    if config.run_code:
        require_isolation()
    if recipe.checks.language:
        load_detector()  # which may not be installed
    price, form, topics, topic_count = config.price_of(config.model), TextForm(recipe), None, 0
    if recipe.topics is not None:
        topic_count = config.topics or begun.get("topics", min(recipe.topics.count, config.n))
        topics = Asked(
            TopicsForm(recipe.topics), config.writer(TOPIC_LIST_TOKENS), LISTS, price, "lists of topics"
        )
    return Work(
        config=config,
        form=form,
        texts=Asked(form, config.writer(tokens), TEXTS, price, "texts"),
        topics=topics,
        grading=_grading(config, rubric),
        scorer=open_scorer(config.scorer or recipe.scorer),
        tasks=gather_tasks(config.decontaminate, BenchmarkSettings(fields=config.fields)),
        topic_count=topic_count,
        is_begun=bool(begun),
    )


def _rubric_of(config: WriteConfig, recipe: Recipe) -> Rubric:
    if config.grade_rubric is not None:
        return load_rubric(config.grade_rubric)
    try:
        return load_rubric(recipe.rubric)
    except RubricError as error:
        raise RubricError(f"'rubric' in {printable(config.recipe)} must name a rubric. {error}") from None


def tell_not_read(draws: Draws, reporter: Reporter) -> None:
    """Say which files beside the documents are not read."""
    for told in draws.not_read if isinstance(draws, DocumentDraws) else ():
        reporter.say(told)


def _refuse_misfits(config: WriteConfig, recipe: Recipe) -> None:
    if recipe.takes_document and not config.inputs:
        raise SettingsError(
            f"The recipe {recipe.name!r} takes documents, to be named with 'inputs' (--from). Got none."
        )
    if config.inputs and not recipe.takes_document:
        raise SettingsError(
            f"'inputs' (--from) must come with a recipe that takes documents, such as rewrite. "
            f"{recipe.name!r} takes none."
        )
    if config.topics is not None and recipe.topics is None:
        raise SettingsError(
            f"'topics' (--topics) must come with a recipe that has topics. {recipe.name!r} has none."
        )
    if config.run_code and recipe.checks.form != "exercise":
        raise SettingsError(
            "'run_code' (--run-code) must come with a recipe of exercises (form = \"exercise\"). "
            f"{recipe.name!r} is none."
        )


def _grading(config: WriteConfig, rubric: Rubric) -> Grading | None:
    rater = config.grading_rater
    if rater is None:
        return None
    return Grading(rubric, Asked(RubricForm(rubric), rater, LABELS, config.price_of(rater.model), "grades"))
