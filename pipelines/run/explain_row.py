"""Explains the score of one document of a Parquet file, or of a finished run, by its file and row."""

from dataclasses import replace

import numpy as np

from filtering import explain_documents
from filtering.errors import BadFileError, SettingsError
from filtering.explaining.explain import Explanation
from filtering.scoring.scorers import STAGES
from filtering.text.arrow import REASONS, text_bytes
from pipelines.dump.batches import read_chosen
from pipelines.dump.reading import open_parquet, read_footer, resolve_text_column
from pipelines.dump.rows_again import read_unchanged
from pipelines.dump.text_columns import texts_of
from pipelines.names import name_of
from pipelines.scorer_addresses import open_scorer, refuse_other_scorer
from pipelines.settings.runs import ExplainConfig
from pipelines.store.manifest import scored_parts
from pipelines.store.run_folder import RunFolder
from pipelines.store.stored_scores import read_scores


def explain_row(config: ExplainConfig) -> Explanation:
    """Explain the score of a document.

    Of a run, score and stage are those that it stored; nothing is embedded.

    Raises
    ------
    SettingsError
        If there is no such file or row, it cannot be read, or an input of a run has changed since.
    OutputError
        If there is no finished run with scores.
    ScorerError
        If the scorer is not that of the run any more.
    RunError
        If the system does not let us read the file.
    """
    try:
        return _row_of_dump(config) if config.run is None else _row_of_run(config, config.run)
    except BadFileError as error:  # the one file that was asked for is a setting, not data
        raise SettingsError(str(error)) from error


def _row_of_dump(config: ExplainConfig) -> Explanation:
    scorer = open_scorer(config.scorer or "web", config.effort or "fast", config.placement)
    return explain_documents(scorer, [_text_of(config)], top=config.top)[0]


def _text_of(config: ExplainConfig) -> bytes | None:
    if config.text is not None:
        return config.text
    given, row = config.place
    file = name_of(given)
    footer = read_footer(file)
    column = resolve_text_column(footer.schema, file, config.text_column)
    _refuse_beyond(file, row, footer.metadata.num_rows)
    groups, checksums = range(footer.metadata.num_row_groups), not config.ignore_checksums
    with open_parquet(file, checksums=checksums) as opened:
        chosen = read_chosen(opened, file, groups, np.array([row]), [column], checksums=checksums)
        ((_, batch),) = chosen
    return text_bytes(texts_of(batch, column))[0]


def _row_of_run(config: ExplainConfig, run: str) -> Explanation:
    folder = RunFolder(run)
    plan, manifest = folder.read_finished_plan(), folder.read_manifest()
    scored = scored_parts(folder, plan)
    given, row = config.place
    named = [part for part in plan.parts if part.relative in (name_of(given), given)]
    # As it is named, or as names are shown.
    parts = [part for part in named if part.relative == name_of(given)] or named
    if not parts:
        raise SettingsError(
            f"The file must be an input of {run}, by its path below its folder. '{name_of(given)}' is not."
        )
    file = parts[0].relative
    _refuse_beyond(file, row, max(part.first_row + part.rows for part in parts))
    inside = [part for part in scored if part.relative == file and 0 <= row - part.first_row < part.rows]
    if not inside:
        raise SettingsError(f"Row {row} of {file} must have been read. It was set aside.")
    (part,) = inside
    place = row - part.first_row
    (found,) = read_unchanged(part, np.array([place]), plan.facts.row_reader)
    name = config.scorer or str(manifest["scorer"])
    scorer = open_scorer(name)
    refuse_other_scorer(name, scorer.digest, plan.facts.scorer_sha256)
    (why,) = explain_documents(scorer, [found.data], top=config.top)
    stored = read_scores(folder, part, "edu_score", "edu_stage", "edu_reason")
    value, stage, reason = (values[place] for values in stored)
    if reason:
        return replace(why, score=None, stage="", reason=REASONS[reason])
    return replace(why, score=float(value), stage=STAGES[stage])


def _refuse_beyond(file: str, row: int, rows: int) -> None:
    if row >= rows:
        raise SettingsError(
            f"'row' (--row) must be below the {rows:,} rows of {file}. Got {row:,}; the first is 0."
        )
