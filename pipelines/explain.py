"""Explains the score of one document of a Parquet file, or of a finished run, by its file and row."""

from dataclasses import replace

import numpy as np

from filtering import explain_documents
from filtering.documents import REASONS
from filtering.errors import ScorerError, SettingsError
from filtering.explain import Explanation
from filtering.scorers import STAGES
from filtering.signals import text_bytes
from pipelines.config_explain import ExplainConfig
from pipelines.manifest import scored_parts
from pipelines.reading import open_parquet, read_chosen, read_footer, resolve_text_column
from pipelines.rows import RowReader
from pipelines.rows_again import read_unchanged
from pipelines.scorers import open_scorer
from pipelines.store import RunFolder
from pipelines.worker import stored_scores


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
    groups = range(footer.metadata.num_row_groups)
    with open_parquet(config.file) as file:
        ((_, batch),) = read_chosen(file, config.file, groups, np.array([config.row]), [column])
    (text,) = text_bytes(batch.column(0))
    scorer = open_scorer(config.scorer or "web", config.effort or "fast", config.placement)
    return explain_documents(scorer, [text], top=config.top)[0]


def _row_of_run(config: ExplainConfig, run: str) -> Explanation:
    folder = RunFolder(run)
    plan, manifest = folder.read_finished_plan(), folder.read_manifest()
    scored = scored_parts(folder, plan)
    parts = [part for part in plan.parts if part.relative == config.file]
    if not parts:
        raise SettingsError(
            f"The file must be an input of {run}, by its path below its folder. {config.file!r} is not."
        )
    _refuse_beyond(config, max(part.first_row + part.rows for part in parts))
    inside = [
        part
        for part in scored
        if part.relative == config.file and part.first_row <= config.row < part.first_row + part.rows
    ]
    if not inside:
        raise SettingsError(f"Row {config.row} of {config.file} must have been read. It was set aside.")
    (part,) = inside
    place = config.row - part.first_row
    (row,) = read_unchanged(part, np.array([place]), RowReader(str(manifest["settings"]["text_column"])))
    scorer = open_scorer(config.scorer or str(manifest["scorer"]))
    if scorer.digest != plan.settings["scorer_sha256"]:
        raise ScorerError(
            f"The scorer must be that of {run}. {config.scorer or manifest['scorer']!r} is another one. "
            "Name it with --scorer."
        )
    (why,) = explain_documents(scorer, [row.data], top=config.top)
    value, stage, reason = (values[place] for values in stored_scores(folder, part))
    if reason:
        return replace(why, score=None, stage="", reason=REASONS[reason])
    return replace(why, score=float(value), stage=STAGES[stage])


def _refuse_beyond(config: ExplainConfig, rows: int) -> None:
    if config.row >= rows:
        raise SettingsError(
            f"'row' (--row) must be below the {rows:,} rows of {config.file}. Got {config.row:,}; "
            "the first is 0."
        )
