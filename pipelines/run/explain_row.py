"""Explains the score of one document: of a text, of a dump, or of a finished run."""

from dataclasses import dataclass, replace

from annotations.labels.code_languages import LANGUAGE_COLUMNS, NATURAL
from annotations.labels.columns import first_told
from filtering import explain_documents
from filtering.errors import BadFileError, SettingsError
from filtering.explaining.explain import Explanation, unscored, with_score
from filtering.scoring.scorers import STAGES
from filtering.scoring.unsure import CODE, find_languages
from filtering.text.arrow import REASONS
from pipelines.dump.code_languages import language_told
from pipelines.dump.rows import Row
from pipelines.run.find_document import find_in_dump, find_in_run
from pipelines.scorer_addresses import open_scorer, refuse_other_scorer
from pipelines.settings.runs import ExplainConfig
from pipelines.store.manifest import scored_parts
from pipelines.store.run_folder import RunFolder
from pipelines.store.stored_scores import read_scores


@dataclass(frozen=True)
class ExplainedDocument:
    """A document, and why it has its score.

    Parameters
    ----------
    why : Explanation
    file : str
        Its file; empty for a text that was given.
    row : int, optional
        Its row there, from 0.
    """

    why: Explanation
    file: str = ""
    row: int | None = None


def explain_row(config: ExplainConfig) -> Explanation:
    """Explain the score of a document.

    Of a run, score and stage are those that it stored; nothing is embedded.

    Raises
    ------
    SettingsError
        If there is no such file, row or value, it cannot be read, or an input of a run has changed since.
    OutputError
        If there is no finished run with scores.
    ScorerError
        If the scorer is not that of the run any more.
    RunError
        If the system does not let us read the file.
    """
    return explain_document(config).why


def explain_document(config: ExplainConfig) -> ExplainedDocument:
    """Explain the score of a document, and say where it lies; see `explain_row`."""
    try:
        return _explain_of_dump(config) if config.run is None else _explain_of_run(config, config.run)
    except BadFileError as error:  # the one file that was asked for is a setting, not data
        raise SettingsError(str(error)) from error


def _explain_of_dump(config: ExplainConfig) -> ExplainedDocument:
    found = None if config.text is not None else find_in_dump(config)  # before anything slow is loaded
    scorer = open_scorer(config.scorer or "web", config.effort or "fast", config.placement)
    if found is None:
        (why,) = explain_documents(scorer, [config.text], top=config.top, keep_at=config.keep_at)
        return ExplainedDocument(why)
    languages = [_language_of(found.row, scorer.domain)]
    (why,) = explain_documents(
        scorer, [found.row.data], top=config.top, keep_at=config.keep_at, languages=languages
    )
    return ExplainedDocument(why, found.file, found.number)


def _explain_of_run(config: ExplainConfig, run: str) -> ExplainedDocument:
    folder = RunFolder(run)
    plan, manifest = folder.read_finished_plan(), folder.read_manifest()
    scored = scored_parts(folder, plan)
    found = find_in_run(config, folder, plan, scored)
    name = config.scorer or str(manifest["scorer"])
    scorer = open_scorer(name)
    refuse_other_scorer(name, scorer.digest, plan.facts.scorer_sha256)
    languages = [_language_of(found.row, scorer.domain)]
    cut = plan.facts.keep_at
    (why,) = explain_documents(scorer, [found.row.data], top=config.top, keep_at=cut, languages=languages)
    stored = read_scores(scored.folder, found.part, "edu_score", "edu_stage", "edu_reason")
    value, stage, reason = (values[found.row.number] for values in stored)
    if reason:
        why = unscored(REASONS[reason], cut)
    else:
        why = with_score(replace(why, stage=STAGES[stage]), float(value))
    return ExplainedDocument(why, found.file, found.number)


def _language_of(row: Row, domain: str) -> str | None:
    """Return the language of a document: of code as path or column tell it, else as its text or a column."""
    if domain == CODE:
        return language_told(row.data or b"", row.origin)
    (found,) = find_languages([row.data], domain)
    named = first_told(row.origin, LANGUAGE_COLUMNS)
    return found or (named if named and NATURAL.fullmatch(named) else None)
