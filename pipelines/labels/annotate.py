"""Asks models about the documents of a sample, and writes what came of it."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from annotations.asking.annotator import FINAL, SCORED, Annotator
from annotations.asking.canaries import Canary, CanaryResult, canaries_for, judge_canaries
from annotations.asking.chat_api import ChatAnnotator
from annotations.asking.journal import QUESTION, Journal, Question, window_digest
from annotations.asking.prompt import RubricForm, rubric_digest
from annotations.asking.question_form import prompt_bytes
from annotations.asking.question_loop import PricedQuestion, ask_all
from annotations.asking.rubric import Rubric, load_rubric
from annotations.asking.settings import Rater
from annotations.asking.unusable import LABELS, tell_unusable
from annotations.labels.columns import sample_rows
from annotations.labels.labels import count_cut_texts
from annotations.labels.sources import text_column_of
from filtering.errors import LabelsError, RunError
from filtering.text.windows import cut_window
from pipelines.dump.column_doubts import doubt_of_table
from pipelines.labels.estimates import AnnotationEstimate, estimate_asking
from pipelines.labels.label_folder import (
    AnnotateResult,
    journal_there,
    open_journal,
    price_journal,
    read_documents,
    refuse_unknown_prices,
    write_tables,
)
from pipelines.progress import ConsoleReporter, ReplyMeter, Reporter
from pipelines.settings.labels import AnnotateConfig

UNUSABLE = sorted(set(FINAL) - set(SCORED))
REPLY_TOKENS = 60
"""Of a usual reply, one sentence and the scores: for estimates before any was measured."""


def annotate_sample(
    config: AnnotateConfig,
    *,
    annotators: Sequence[Annotator] | None = None,
    reporter: Reporter | None = None,
) -> AnnotateResult:
    """Ask for a label of each document of a sample, and write what came of it.

    The same call goes on where an earlier one was stopped: what was answered is not asked again.

    Parameters
    ----------
    config : AnnotateConfig
    annotators : sequence of Annotator, optional
        Who is asked; the models of `config` at its endpoint if not given.
    reporter : Reporter, optional
        What is told about progress; standard error if not given.

    Returns
    -------
    AnnotateResult

    Raises
    ------
    SettingsError
        If a setting, the sample or the rubric is wrong, or the endpoint refuses key, model or question.
    RunError
        If the endpoint stopped answering, or replies hold no label. What was answered is kept, and the same
        call goes on.
    """
    reporter = reporter or ConsoleReporter()
    work = _prepare(config)
    if annotators is None:
        annotators = [
            ChatAnnotator(
                RubricForm(work.rubric), rater, base_url=config.base_url, timeout_s=config.timeout_s
            )
            for rater in config.raters
        ]
    _tell_of_sample(work, reporter)
    with open_journal(config.out, "Labels") as journal:
        pending = _begin(config, work, journal, reporter)
        try:
            _ask(config, work, pending, annotators, journal, reporter)
        finally:
            labels = write_tables(config.out, journal)
        return _told(config, work, journal, labels)


def estimate_annotation(config: AnnotateConfig, *, reporter: Reporter | None = None) -> AnnotationEstimate:
    """Return what `annotate_sample` would ask and cost; nothing is sent, and nothing written.

    Parameters
    ----------
    config : AnnotateConfig
    reporter : Reporter, optional
        What is told of the sample; standard error if not given.

    Raises
    ------
    SettingsError
        As `annotate_sample`.
    """
    work = _prepare(config)
    _tell_of_sample(work, reporter or ConsoleReporter())
    with journal_there(config.out) as journal:
        refuse_unknown_prices(config, journal)
        pending = _pending(work.tasks, journal)
        return estimate_asking(
            pending,
            len(work.tasks) - len(pending),
            journal.mean_tokens(rubric_digest(work.rubric)),
            REPLY_TOKENS,
            documents=len(work.documents),
            spent_usd=journal.spent_usd(),
        )


@dataclass(frozen=True)
class _Work:
    """What a call is about: all questions, answered ones too.

    Parameters
    ----------
    rubric : Rubric
    documents : sequence of (str, mapping)
        Rows of the sample by the digest of their window.
    left_out : str
        What the sample has beside them, in words.
    doubt : str
        Why its column of texts may be another one; empty if nothing says so.
    canaries : sequence of Canary
    tasks : sequence of PricedQuestion
    """

    rubric: Rubric
    documents: Sequence[tuple[str, Mapping[str, Any]]]
    left_out: str
    doubt: str
    canaries: Sequence[Canary]
    tasks: Sequence[PricedQuestion]


def _prepare(config: AnnotateConfig) -> _Work:
    rubric = load_rubric(config.rubric)
    documents, left_out, doubt = _documents(config)
    canaries = canaries_for(rubric) if config.canaries else ()
    return _Work(rubric, documents, left_out, doubt, canaries, _tasks(config, rubric, documents, canaries))


def _tell_of_sample(work: _Work, reporter: Reporter) -> None:
    if work.left_out:
        reporter.say(f"Left out: {work.left_out}.")
    if work.doubt:
        reporter.say(f"Warning: {work.doubt}")


def _begin(config: AnnotateConfig, work: _Work, journal: Journal, reporter: Reporter) -> list[PricedQuestion]:
    """Note in the journal what will be asked and at which prices; return the questions left to ask."""
    journal.add_rubric(work.rubric)
    journal.add_documents(work.documents)
    price_journal(config, journal, config.out)
    pending = _pending(work.tasks, journal)
    _tell_of_other_parameters(config, pending, journal, reporter)
    if len(pending) < len(work.tasks):
        answered = len(work.tasks) - len(pending)
        reporter.say(
            f"Going on with {config.out}: {answered:,} of {len(work.tasks):,} questions are answered."
        )
    return pending


def _ask(
    config: AnnotateConfig,
    work: _Work,
    pending: Sequence[PricedQuestion],
    annotators: Sequence[Annotator],
    journal: Journal,
    reporter: Reporter,
) -> None:
    meter = ReplyMeter(len(work.tasks), len(work.tasks) - len(pending), journal.spent_usd())
    with reporter.track(meter):
        ask_all(
            pending,
            annotators,
            journal,
            config.limits,
            lambda reply, usd: meter.tick(reply.status, usd),
            reporter.say,
            again=meter.ask_again,
        )


def _told(config: AnnotateConfig, work: _Work, journal: Journal, labels: pa.Table) -> AnnotateResult:
    """Return what the folder of labels holds now, and what became of the questions of this call."""
    found = {_key(row): row for row in journal.ratings()}
    rows = [found.get(task.question.values, {"status": "not asked"}) for task in work.tasks]
    _check_any_label(work, labels, rows)
    return AnnotateResult(
        out=config.out,
        labels=len(labels),
        statuses=dict(Counter(row["status"] for row in rows)),
        spent_usd=journal.spent_usd(),
        open_usd=journal.open_usd(),
        unpriced=tuple(journal.models_without_price()),
        last_error=next((row["error"] for row in reversed(rows) if row["status"] == "api_error"), ""),
        canaries=_canary_results(config.raters, work.rubric, work.canaries, journal),
        cut_texts=count_cut_texts(labels),
        domain=work.rubric.domain,
    )


def _check_any_label(work: _Work, labels: pa.Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Refuse to call it done where replies came, and none of them was a label."""
    unusable = [(row["status"], row["error"]) for row in rows if row["status"] in UNUSABLE]
    is_any = any(row["status"] == "ok" for row in rows) and (len(labels) or not work.documents)
    if unusable and not is_any:
        raise RunError(
            f"{LABELS.must} None of {len(unusable)} does: {tell_unusable(unusable)} "
            f"{LABELS.count_as_answered}"
        )


def _documents(config: AnnotateConfig) -> tuple[list[tuple[str, dict[str, Any]]], str, str]:
    """Return the documents of the sample by the digest of their window, what is left out, a doubt."""
    if config.sample is None:
        return [], "", ""
    table, name = read_documents(config.sample, config.text_column, config.group_column)
    text_column = config.text_column or text_column_of(table, config.sample, name)
    rows = sample_rows(table, name, text_column=text_column, group_column=config.group_column)
    found: dict[str, dict[str, Any]] = {}
    empty = 0
    for row in rows:
        if row["text"].strip():
            found.setdefault(window_digest(cut_window(row["text"])), row)
        else:
            empty += 1
    if not found:
        raise LabelsError(f"{name} must hold a document with text. Found none.")
    again = len(table) - empty - len(found)
    left_out = {"rows without text": empty, "with a text that came before": again}
    said = ", ".join(f"{count:,} {why}" for why, count in left_out.items() if count)
    return list(found.items()), said, doubt_of_table(table, text_column)


def _tasks(
    config: AnnotateConfig,
    rubric: Rubric,
    documents: Sequence[tuple[str, Mapping[str, Any]]],
    canaries: Sequence[Canary],
) -> list[PricedQuestion]:
    """Return all questions: document by document, so that what is stopped half-way has whole documents."""
    digest, fixed_bytes = rubric_digest(rubric), prompt_bytes(RubricForm(rubric), "")
    windows = [(key, cut_window(row["text"]), config.repeat) for key, row in documents]
    texts = dict.fromkeys(text for canary in canaries for text in (canary.plain, canary.planted))
    windows += [(window_digest(text), text, 1) for text in texts]
    return [
        PricedQuestion(
            Question(digest, rater, key, repeat),
            window,
            fixed_bytes + len(window.encode()),
            config.price_of(rater.model),
        )
        for key, window, repeats in windows
        for rater in config.raters
        for repeat in range(1, repeats + 1)
    ]


def _pending(tasks: Sequence[PricedQuestion], journal: Journal) -> list[PricedQuestion]:
    return [task for task in tasks if not journal.is_finished(task.question)]


def _tell_of_other_parameters(
    config: AnnotateConfig, pending: Sequence[PricedQuestion], journal: Journal, reporter: Reporter
) -> None:
    """Say so where a model was asked before in another way: that is another rater, and is paid for anew."""
    asked = {(row["model"], row["parameters"]) for row in journal.ratings() if row["status"] != "imported"}
    for rater in config.raters:
        others = sorted(parameters for model, parameters in asked if model == rater.model)
        if others and rater.parameters not in others and pending:
            reporter.say(
                f"Note: {rater.model} was asked with {others[0]} before. With {rater.parameters} it is "
                "another rater: all questions are asked, and paid for, anew."
            )


def _key(row: Mapping[str, Any]) -> tuple[str | int, ...]:
    return tuple(row[name] for name in QUESTION)


def _canary_results(
    raters: Sequence[Rater], rubric: Rubric, canaries: Sequence[Canary], journal: Journal
) -> tuple[CanaryResult, ...]:
    if not canaries:
        return ()
    digest = rubric_digest(rubric)
    scores = {
        _key(row): rubric.overall_score(row["scores"]) for row in journal.ratings() if row["status"] == "ok"
    }

    def score(rater: Rater, text: str) -> float | None:
        return scores.get(Question(digest, rater, window_digest(text)).values)

    return tuple(
        judge_canaries(
            rater.model, [(one.order, score(rater, one.plain), score(rater, one.planted)) for one in canaries]
        )
        for rater in raters
    )
