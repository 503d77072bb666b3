"""Grades models by what they write after given beginnings, as TinyStories had its models graded."""

import hashlib
import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import ceil
from pathlib import Path
from typing import cast

import pyarrow as pa
import pyarrow.parquet as pq

from annotations.asking.annotator import Status
from annotations.asking.journal import Journal
from annotations.asking.question_loop import PricedQuestion
from annotations.asking.rubric import Rubric, load_rubric
from annotations.asking.unusable import LABELS, tell_unusable
from annotations.labels.sources import GRADES_FILE
from annotations.writing.completion_form import CompletionForm, completion_window
from filtering.errors import RunError
from pipelines.labels.annotate import REPLY_TOKENS
from pipelines.labels.estimates import AnnotationEstimate, estimate_asking
from pipelines.labels.label_folder import journal_there, open_journal, price_journal, refuse_unknown_prices
from pipelines.new_files import written_whole
from pipelines.progress import ConsoleReporter, Reporter, ShareMeter
from pipelines.settings.grading import GradeConfig
from pipelines.writing.asker import Asked, ask, refuse_small_budget, unanswered
from pipelines.writing.grading.completions import (
    SCHEMA,
    Completion,
    model_names,
    read_completions,
    read_prompts,
)
from pipelines.writing.grading.grades import NOT_ASKED, NOTHING, Graded, ModelGrades, grades_by_model
from pipelines.writing.grading.sampled import Writer, check_model, state_of

WRITTEN = "completions"
MADE_OF = b"made_of"
"""Key of a file of completions: digest of all that they follow from."""
GRADED_BY = b"graded_by"
"""Key of the table of grades: grader and rubric, in words."""
SHOWN_PROMPTS = 12
"""On the page, with what each model wrote after them."""


@dataclass(frozen=True)
class GradeResult:
    """What a folder of grades holds after a call.

    Parameters
    ----------
    out, rubric, grader : str
    overall : str
        What the score is: ``mean`` of the rubric's dimensions, or the name of one.
    prompts : int
        Beginnings.
    models : sequence of ModelGrades
        The highest mean first.
    statuses : mapping of str to int
        Texts by what became of them.
    spent_usd, open_usd : float
        For all replies of the folder; of it the most that questions cost that were open when it was stopped.
    unpriced : tuple of str
        Models of replies that came without a price: `spent_usd` lacks these.
    enough_usd : float, optional
        Where the budget ended: one that surely holds all that is left to ask.
    last_error : str
        Why a question found no answer; empty if all did.
    examples : sequence of Graded
        What was written after some beginnings.
    """

    out: str
    rubric: str
    grader: str
    overall: str
    prompts: int
    models: Sequence[ModelGrades]
    statuses: Mapping[str, int]
    spent_usd: float
    open_usd: float
    unpriced: tuple[str, ...]
    enough_usd: float | None
    last_error: str
    examples: Sequence[Graded]

    @property
    def exit_code(self) -> int:
        """0, or 3 where the same command would ask again."""
        return 3 if self.statuses.get(NOT_ASKED) or self.statuses.get("api_error") else 0


def grade_texts(config: GradeConfig, *, reporter: Reporter | None = None) -> GradeResult:
    """Have what models wrote graded by a rubric, and return a table by model.

    The same call goes on where an earlier one was stopped: nothing is written or graded twice.

    Parameters
    ----------
    config : GradeConfig
    reporter : Reporter, optional
        What is told about progress; standard error if not given.

    Raises
    ------
    SettingsError
        If a setting, the rubric or a model's folder is wrong, or the endpoint refuses key, model or question.
    LabelsError
        If texts or beginnings cannot be read.
    RunError
        If the endpoint stopped answering, or replies hold no grade. What was answered is kept, and the same
        call goes on.
    """
    reporter = reporter or ConsoleReporter()
    rubric, asked = _question(config)
    completions = _texts_there(config)
    with open_journal(config.out, "Grades") as journal:
        price_journal(config, journal, config.out)
        if completions is None:
            completions = _write_on(config, reporter)
        _tell_what_leaves(config, rubric, completions, reporter)
        first, all_usd = (
            next(_tasks(asked, completions), None),
            _estimate(asked, completions, journal).most_usd,
        )
        refuse_small_budget(config, journal, first.most_usd if first else None, all_usd, "a grade")
        ask(asked, lambda: _tasks(asked, completions), config, journal, reporter)
        graded = [_graded(one, rubric, asked, journal) for one in completions]
        _check_any_grade(graded)
        _write_grades(config, graded, rubric)
        left = _estimate(asked, completions, journal)
        enough_usd = None if left.most_usd is None else left.spent_usd + left.most_usd
        return _told(config, rubric, graded, journal, enough_usd)


def estimate_grading(config: GradeConfig) -> AnnotationEstimate:
    """Return what `grade_texts` would ask and cost; nothing is sent, and nothing written.

    What models of `from_models` have not written yet is reckoned by its most tokens.

    Parameters
    ----------
    config : GradeConfig

    Raises
    ------
    SettingsError, LabelsError
        As `grade_texts`.
    """
    _, asked = _question(config)
    completions = _texts_there(config)
    if completions is None:
        completions = [one for some in _expected(config) for one in some]
    with journal_there(config.out) as journal:
        refuse_unknown_prices(config, journal)
        return _estimate(asked, completions, journal)


def _estimate(asked: Asked, completions: Sequence[Completion], journal: Journal) -> AnnotationEstimate:
    tasks = list(_tasks(asked, completions))
    left = list(unanswered(tasks, journal))
    return estimate_asking(
        left,
        len(tasks) - len(left),
        journal.mean_tokens(asked.form.digest),
        REPLY_TOKENS,
        documents=len(tasks),
        spent_usd=journal.spent_usd(),
    )


def _question(config: GradeConfig) -> tuple[Rubric, Asked]:
    rubric = load_rubric(config.rubric)
    asked = Asked(CompletionForm(rubric), config.rater, LABELS, config.price_of(config.model), "grades")
    return rubric, asked


def _tasks(asked: Asked, completions: Sequence[Completion]) -> Iterator[PricedQuestion]:
    """Yield the questions about what was written; an empty text needs none."""
    return (asked.priced(completion_window(one.prompt, one.text)) for one in completions if one.text.strip())


def _graded(one: Completion, rubric: Rubric, asked: Asked, journal: Journal) -> Graded:
    if not one.text.strip():
        scores = {each.name: float(rubric.scale_of(each)[0].score) for each in rubric.dimensions}
        return Graded(one.model, one.prompt, one.text, NOTHING, scores, rubric.overall_score(scores))
    reply = journal.reply_to(asked.question(completion_window(one.prompt, one.text)))
    if reply is None:
        return Graded(one.model, one.prompt, one.text, NOT_ASKED, {})
    status = str(reply["status"])
    if status != "ok":
        return Graded(one.model, one.prompt, one.text, status, {}, error=str(reply["error"]))
    scores = json.loads(reply["scores"])
    return Graded(
        one.model, one.prompt, one.text, status, scores, rubric.overall_score(scores), str(reply["reason"])
    )


def _check_any_grade(graded: Sequence[Graded]) -> None:
    """Refuse to call it done where replies came, and none of them was a grade."""
    failed = [(cast(Status, one.status), one.error) for one in graded if one.error]
    if failed and not any(one.status == "ok" for one in graded):
        raise RunError(
            f"{LABELS.must} None of {len(failed):,} does: {tell_unusable(failed)} {LABELS.count_as_answered}"
        )


def _told(
    config: GradeConfig,
    rubric: Rubric,
    graded: Sequence[Graded],
    journal: Journal,
    enough_usd: float | None,
) -> GradeResult:
    shown = list(dict.fromkeys(one.prompt for one in graded))[: SHOWN_PROMPTS * config.samples]
    return GradeResult(
        out=config.out,
        rubric=rubric.name,
        grader=config.model,
        overall=rubric.overall,
        prompts=len({one.prompt for one in graded}),
        models=grades_by_model(graded, [one.name for one in rubric.dimensions]),
        statuses=dict(Counter(one.status for one in graded)),
        spent_usd=journal.spent_usd(),
        open_usd=journal.open_usd(),
        unpriced=tuple(journal.models_without_price()),
        enough_usd=enough_usd if any(one.status == NOT_ASKED for one in graded) else None,
        last_error=next((one.error for one in reversed(graded) if one.status == "api_error"), ""),
        examples=[one for one in graded if one.prompt in shown],
    )


def _graded_by(config: GradeConfig, rubric: Rubric) -> str:
    return f"{config.model} by the rubric {rubric.name}"


def _tell_what_leaves(
    config: GradeConfig, rubric: Rubric, completions: Sequence[Completion], reporter: Reporter
) -> None:
    """Say what table and page of the folder will hold no more."""
    path = Path(config.out, GRADES_FILE)
    try:
        before = pq.read_table(path, columns=["model", "prompt", "completion"])
    except (OSError, pa.ArrowException):  # most folders have none yet
        return
    by, now = (before.schema.metadata or {}).get(GRADED_BY, b"").decode(), _graded_by(config, rubric)
    texts = {Completion(*row) for row in zip(*(one.to_pylist() for one in before.columns), strict=True)}
    gone = len(texts - set(completions))
    told = f"Graded here before, and not among these: {gone:,} of {len(texts):,} texts" if gone else ""
    if by and by != now:
        told = f"The texts here were graded by {by}, and now are by {now}"
    if told:
        reporter.say(
            f"{told}. {GRADES_FILE}, figures and page will hold the new ones alone. The command that made "
            "the old ones makes them again, and asks nothing."
        )


def _write_grades(config: GradeConfig, graded: Sequence[Graded], rubric: Rubric) -> None:
    columns = {
        **{name: [getattr(one, name) for one in graded] for name in ("model", "prompt")},
        "completion": [one.text for one in graded],
        "status": [one.status for one in graded],
        "score": pa.array([one.score for one in graded], pa.float64()),
        **{
            f"score_{each.name}": pa.array([one.scores.get(each.name) for one in graded], pa.float64())
            for each in rubric.dimensions
        },
        "reason": [one.reason for one in graded],
    }
    table = pa.table(columns).replace_schema_metadata({GRADED_BY: _graded_by(config, rubric)})
    with written_whole(Path(config.out, GRADES_FILE)) as place:
        pq.write_table(table, place, compression="zstd", write_page_checksum=True)


def _texts_there(config: GradeConfig) -> list[Completion] | None:
    """Return the texts to grade; None where models are still to write them, whose folders are looked at."""
    if config.texts is not None:
        return read_completions(config.texts)
    for folder in config.from_models:
        check_model(folder)
    return None


def _prompts_of(config: GradeConfig) -> list[str]:
    return [one for one in read_prompts(config.prompts or "") for _ in range(config.per_prompt)]


def _expected(config: GradeConfig) -> Iterator[list[Completion]]:
    """Yield what each model has written, or a text as long as one that it may write."""
    prompts = _prompts_of(config)
    for name, folder in zip(model_names(config.from_models), config.from_models, strict=True):
        there = _written_before(_file_of(config, name), _made_of(config, folder, prompts))
        yield there or [
            Completion(name, one, f"{at} " + "word " * config.length) for at, one in enumerate(prompts)
        ]


def _write_on(config: GradeConfig, reporter: Reporter) -> list[Completion]:
    """Return what all models write, and keep it: each model writes once."""
    prompts = _prompts_of(config)
    Path(config.out, WRITTEN).mkdir(exist_ok=True)
    found: list[Completion] = []
    for name, folder in zip(model_names(config.from_models), config.from_models, strict=True):
        path, made_of = _file_of(config, name), _made_of(config, folder, prompts)
        written = _written_before(path, made_of)
        if written is None:
            writer = Writer(folder, config.device)
            batches = ceil(len(prompts) / config.batch)
            meter = ShareMeter(batches * config.length, f"{name} writes {len(prompts):,} texts")
            with reporter.track(meter):
                texts = writer.write_on(
                    prompts,
                    length=config.length,
                    batch=config.batch,
                    sampling_temperature=config.sampling_temperature,
                    seed=config.seed,
                    wrote=meter.count,
                )
            written = [Completion(name, prompt, text) for prompt, text in zip(prompts, texts, strict=True)]
            _keep(path, made_of, written)
        found += written
    return found


def _file_of(config: GradeConfig, name: str) -> Path:
    safe = "".join(char if char.isalnum() or char in "-_." else "-" for char in name)[-80:]
    tail = hashlib.sha256(name.encode(errors="surrogateescape")).hexdigest()[:8]  # other names may look alike
    return Path(config.out, WRITTEN, f"{safe}-{tail}.parquet")


def _made_of(config: GradeConfig, folder: str, prompts: Sequence[str]) -> bytes:
    """Return a digest of all that a model's texts follow from."""
    how = [config.length, config.batch, config.sampling_temperature, config.seed]
    told = json.dumps([how, state_of(folder), list(prompts)])
    return hashlib.sha256(told.encode()).hexdigest().encode()


def _written_before(path: Path, made_of: bytes) -> list[Completion] | None:
    if not path.is_file() or (pq.read_schema(path).metadata or {}).get(MADE_OF) != made_of:
        return None
    return read_completions(str(path))


def _keep(path: Path, made_of: bytes, written: Sequence[Completion]) -> None:
    columns = [[getattr(one, name) for one in written] for name in ("prompt", "text", "model")]
    table = pa.table(dict(zip(SCHEMA.names, columns, strict=True)), SCHEMA.with_metadata({MADE_OF: made_of}))
    with written_whole(path) as place:
        pq.write_table(table, place, compression="zstd")
