"""Explains the score of one document of a Parquet file, or of a finished run, by its file and row."""

from dataclasses import replace

import numpy as np

from filtering import explain_documents
from filtering.arrow_texts import REASONS, text_bytes
from filtering.errors import OutputError, SettingsError
from filtering.explain import Explanation
from filtering.scorers import STAGES
from pipelines.config_explain import ExplainConfig
from pipelines.paths import files_below
from pipelines.reading import read_chosen, read_footer, resolve_text_column
from pipelines.scorers import open_scorer, refuse_other_scorer
from pipelines.split_files import refuse_changed
from pipelines.store import RunFolder
from pipelines.stored_scores import read_scores


def explain_row(config: ExplainConfig) -> Explanation:
    """Explain the score of a document.

    Of a run, score and stage are those that it stored; nothing is embedded.

    Raises
    ------
    SettingsError
        If there is no such file or row, or an input of a run has changed since.
    OutputError
        If there is no finished run with scores.
    ScorerError
        If the scorer is not that of the run any more.
    BadFileError, RunError
        If the file cannot be read.
    """
    return _row_of_file(config) if config.run is None else _row_of_run(config, config.run)


def _row_of_file(config: ExplainConfig) -> Explanation:
    footer = read_footer(config.file)
    column = resolve_text_column(footer.schema, config.file, config.text_column)
    _refuse_beyond(config, footer.metadata.num_rows)
    text = _read_row(config.file, range(footer.metadata.num_row_groups), config.row, column)
    scorer = open_scorer(config.scorer or "web", config.effort or "fast", config.placement)
    return explain_documents(scorer, [text], top=config.top)[0]


def _row_of_run(config: ExplainConfig, run: str) -> Explanation:
    folder = RunFolder(run)
    plan, manifest = folder.read_finished_plan(), folder.read_manifest()
    if not folder.scores.exists():
        raise OutputError(f"{run} must hold scores. It is a new cut itself; name the run it is from.")
    parts = [part for part in plan.parts if part.relative == config.file]
    if not parts:
        raise SettingsError(
            f"The file must be an input of {run}, by its path below its folder. {config.file!r} is not."
        )
    _refuse_beyond(config, max(part.first_row + part.rows for part in parts))
    inside = [part for part in parts if part.first_row <= config.row < part.first_row + part.rows]
    stored = {name for name, _ in files_below(folder.scores)}
    if not inside or inside[0].output not in stored:
        raise SettingsError(f"Row {config.row} of {config.file} must have been read. It was set aside.")
    (part,) = inside
    refuse_changed(part)
    text = _read_row(part.path, part.row_groups, config.row - part.first_row, plan.facts.text_column)
    name = config.scorer or str(manifest["scorer"])
    scorer = open_scorer(name)
    refuse_other_scorer(name, scorer.digest, plan.facts.scorer_sha256)
    (why,) = explain_documents(scorer, [text], top=config.top)
    stored_columns = read_scores(folder, part, "edu_score", "edu_stage", "edu_reason")
    value, stage, reason = (values[config.row - part.first_row] for values in stored_columns)
    if reason:
        return replace(why, score=None, stage="", reason=REASONS[reason])
    return replace(why, score=float(value), stage=STAGES[stage])


def _read_row(path: str, row_groups: range, row: int, text_column: str) -> bytes | None:
    ((_, batch),) = read_chosen(path, row_groups, np.array([row]), [text_column])
    return text_bytes(batch.column(0))[0]


def _refuse_beyond(config: ExplainConfig, rows: int) -> None:
    if config.row >= rows:
        raise SettingsError(
            f"'row' (--row) must be below the {rows:,} rows of {config.file}. Got {config.row:,}; "
            "the first is 0."
        )
