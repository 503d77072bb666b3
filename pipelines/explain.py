"""Explains the score of one document of a Parquet file, or of a finished run, by its file and row."""

from dataclasses import replace

import numpy as np

from filtering import explain_documents
from filtering.arrow_texts import REASONS, text_bytes
from filtering.errors import OutputError, SettingsError
from filtering.explain import Explanation
from filtering.scorers import STAGES
from pipelines.config import ExplainConfig
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
    if config.run is not None:
        return _row_of_run(config, config.run)
    scorer = open_scorer(config.scorer or "web", config.effort or "fast", config.placement)
    return explain_documents(scorer, [_text_of(config)], top=config.top)[0]


def _text_of(config: ExplainConfig) -> bytes | None:
    if config.text is not None:
        return config.text
    file, row = config.place
    footer = read_footer(file)
    column = resolve_text_column(footer.schema, file, config.text_column)
    _refuse_beyond(file, row, footer.metadata.num_rows)
    return _read_row(file, range(footer.metadata.num_row_groups), row, column)


def _row_of_run(config: ExplainConfig, run: str) -> Explanation:
    folder = RunFolder(run)
    plan, manifest = folder.read_finished_plan(), folder.read_manifest()
    if not folder.scores.exists():
        raise OutputError(f"{run} must hold scores. It is a new cut itself; name the run it is from.")
    file, row = config.place
    parts = [part for part in plan.parts if part.relative == file]
    if not parts:
        raise SettingsError(
            f"The file must be an input of {run}, by its path below its folder. {file!r} is not."
        )
    _refuse_beyond(file, row, max(part.first_row + part.rows for part in parts))
    inside = [part for part in parts if part.first_row <= row < part.first_row + part.rows]
    stored = {name for name, _ in files_below(folder.scores)}
    if not inside or inside[0].output not in stored:
        raise SettingsError(f"Row {row} of {file} must have been read. It was set aside.")
    (part,) = inside
    refuse_changed(part)
    text = _read_row(part.path, part.row_groups, row - part.first_row, plan.facts.text_column)
    name = config.scorer or str(manifest["scorer"])
    scorer = open_scorer(name)
    refuse_other_scorer(name, scorer.digest, plan.facts.scorer_sha256)
    (why,) = explain_documents(scorer, [text], top=config.top)
    stored_columns = read_scores(folder, part, "edu_score", "edu_stage", "edu_reason")
    value, stage, reason = (values[row - part.first_row] for values in stored_columns)
    if reason:
        return replace(why, score=None, stage="", reason=REASONS[reason])
    return replace(why, score=float(value), stage=STAGES[stage])


def _read_row(path: str, row_groups: range, row: int, text_column: str) -> bytes | None:
    ((_, batch),) = read_chosen(path, row_groups, np.array([row]), [text_column])
    return text_bytes(batch.column(0))[0]


def _refuse_beyond(file: str, row: int, rows: int) -> None:
    if row >= rows:
        raise SettingsError(
            f"'row' (--row) must be below the {rows:,} rows of {file}. Got {row:,}; the first is 0."
        )
