"""Takes scores that exist into a folder of labels: of people, say, or of a published data set."""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa

from annotations.asking.annotator import Reply
from annotations.asking.journal import QUESTION, Journal, Question, window_digest
from annotations.asking.settings import Rater
from annotations.labels.columns import DIGEST, check_scores, is_string, sample_rows
from annotations.labels.label_rubric import rubric_of_scores
from annotations.labels.label_studio import ANNOTATION, ANNOTATOR
from annotations.labels.labels import count_cut_texts
from annotations.labels.ratings import IMPORTED_SCORE
from annotations.labels.sources import LABELS, read_table, require_column, text_column_of
from annotations.samples.sampling import UNKNOWN_PICK
from filtering.errors import LabelsError
from filtering.printable import listed
from filtering.text.settings import TEXT_COLUMNS
from filtering.text.windows import cut_window
from pipelines.labels.label_folder import (
    TEXTS_SUFFIX,
    AnnotateResult,
    open_journal,
    read_documents,
    texts_beside,
    write_tables,
)
from pipelines.settings.labels import ImportConfig

SCORED_BEFORE = "scored before"
"""How scores are counted that add no document to the folder."""


def import_labels(config: ImportConfig) -> AnnotateResult:
    """Take scores into a folder of labels.

    A row whose ``id`` the folder knows is a rating of that document, and one with the window of a document
    that it knows likewise; any other brings its own text. Each annotator of an export of Label Studio is a
    rater of their own. Of a document that is known the longest text stays.
    Rows without a score, and new ones without text, are passed over and counted. Of the same text twice the
    last score counts.

    Raises
    ------
    LabelsError
        If a column is missing, a score is no number in [0, 5], or the scores are of several rubrics or of one
        that is not at hand.
    SettingsError
        If the folder holds something else.
    OutputError
        If it holds labels by another rubric.
    """
    table, name = read_documents(
        config.source,
        config.text_column,
        config.group_column,
        config.score_column,
        ANNOTATOR,
        ANNOTATION,
        DIGEST,
        called=LABELS,
    )
    require_column(table, config.score_column, "--score-column", config.source, name)
    table, strangers, beside = _with_whole_texts(table, config.source)
    rubric = rubric_of_scores(config.rubric, table, [config.source, *beside], name)
    scores = scores_of(table, config.score_column, name)
    given = [number for number, score in enumerate(scores) if score is not None]
    if not given:
        empty = f"All {len(table):,} are empty" if len(table) else "It has no rows"
        raise LabelsError(f"{config.score_column!r} in {name} must hold a score. {empty}.")
    with open_journal(config.out, "Labels") as journal:
        held = {key for key, _ in journal.documents()}
        earlier = [row for row in journal.ratings() if row["scores"]]
        before = {tuple(row[name] for name in QUESTION): row["scores"] for row in earlier}
        rated = {row["window_sha256"] for row in earlier}
        keys = _keys_of(table.take(pa.array(given, pa.int64())), name, config, journal)
        raters = _raters_of(table, config.rater)
        found = [(number, key) for number, key in zip(given, keys, strict=True) if key is not None]
        digest = "" if rubric is None else journal.add_rubric(rubric)
        journal.record_all(
            (
                Question(digest, raters[number], key),
                Reply("imported", {IMPORTED_SCORE: float(scores[number] or 0)}),
                None,
            )
            for number, key in found
        )
        ratings = {(raters[number], key) for number, key in found}
        counts = {
            "imported": len(ratings),
            SCORED_BEFORE: len(rated & {key for _, key in found}),
            "without a score": len(table) - len(given),
            "without text": len(keys) - len(found),
            "the same text again": len(found) - len(ratings),
        }
        labels, rubric = write_tables(config.out, journal), journal.rubric()
        return AnnotateResult(
            out=config.out,
            labels=len(labels),
            statuses={name: count for name, count in counts.items() if count},
            spent_usd=journal.spent_usd(),
            cut_texts=count_cut_texts(labels),
            domain=rubric.domain if rubric else "",
            notes=(
                *strangers,
                *_notes_on_documents(config.out, {key for _, key in found}, held, journal),
                *_notes_on_scores(
                    [(Question(digest, raters[at], key), scores[at]) for at, key in found], before
                ),
            ),
        )


def _notes_on_documents(out: str, keys: set[str], held: set[str], journal: Journal) -> Iterator[str]:
    """Yield what there is to know of the documents that a folder did not hold before."""
    fresh = keys - held
    if held and fresh:
        yield f"{len(fresh):,} of {len(keys):,} documents {'is' if len(fresh) == 1 else 'are'} new to {out}."
    picked = {key: row["picked"] for key, row in journal.documents()}
    if unknown := sum(picked[key] == UNKNOWN_PICK for key in fresh):
        yield f"{unknown:,} documents do not say how they were drawn: they count as drawn at random."


def _notes_on_scores(
    given: Iterable[tuple[Question, float | None]],
    before: Mapping[tuple[str | int, ...], Mapping[str, float]],
) -> Iterator[str]:
    """Yield how many scores replace another one of the same rater."""
    last, changed = {key: scores.get(IMPORTED_SCORE) for key, scores in before.items()}, 0
    for question, score in given:
        changed += last.get(question.values, score) != score
        last[question.values] = score
    if changed:
        replace = "score replaces another one" if changed == 1 else "scores replace others"
        yield f"{changed:,} {replace} of the same rater for the same text."


def _raters_of(table: pa.Table, name: str) -> list[Rater]:
    """Return who gave the score of each row: of an export of Label Studio, each of its annotators."""
    if not {ANNOTATOR, ANNOTATION} <= set(table.column_names):
        return [Rater(name)] * len(table)
    return [Rater(name if one is None else f"{name} {one}") for one in table[ANNOTATOR].to_pylist()]


def _with_whole_texts(table: pa.Table, source: str) -> tuple[pa.Table, list[str], list[str]]:
    """Return a table with the whole texts of the windows in it, a warning, and the files that had them.

    A table for people holds windows. `sample_dump` wrote the whole texts beside it, and whoever filled it in
    may have saved it under another name: so all files of whole texts there are looked at, its namesake first.
    """
    if "text" not in table.column_names or not is_string(table["text"].type) or not Path(source).is_file():
        return table, [], []
    texts = table["text"].to_pylist()
    missing = {_as_shown(text) for text in texts if text is not None}
    whole_of: dict[str, str] = {}
    files, having = _files_of_whole_texts(source), []
    for path in files:
        if not missing:
            break
        found, _ = read_table(str(path), ("text",), strings=("text",))
        here = {_as_shown(cut_window(whole)): whole for whole in found["text"].to_pylist()}
        if missing & here.keys():
            having.append(str(path))
        whole_of |= here
        missing -= here.keys()
    whole = [text if text is None else whole_of.get(_as_shown(text), text) for text in texts]
    strangers = sum(text is not None and _as_shown(text) in missing for text in texts)
    told = (
        f"Warning: {strangers:,} of {len(texts):,} rows hold texts that are not of the sample in "
        f"{listed(path.name for path in files)}. Is it the export of another project?"
    )
    table = table.set_column(table.column_names.index("text"), "text", pa.array(whole, pa.large_string()))
    return table, [told] if files and strangers else [], having


def _files_of_whole_texts(source: str) -> list[Path]:
    namesake = texts_beside(source)
    return sorted(namesake.parent.glob(f"*{TEXTS_SUFFIX}"), key=lambda path: (path != namesake, path))


def _as_shown(text: str) -> str:
    """Return a text by what tells it from others, whatever a spreadsheet made of ends of lines and blanks."""
    return " ".join(text.split())


def scores_of(table: pa.Table, column: str, name: str) -> list[float | None]:
    """Return the scores of a table; None where there is none.

    Raises
    ------
    LabelsError
        If a score is no number in [0, 5].
    """
    check_scores(table[column], column, name, table["id"].to_pylist() if "id" in table.column_names else ())
    scores: list[float | None] = table[column].to_pylist()
    return scores


def _keys_of(table: pa.Table, name: str, config: ImportConfig, journal: Journal) -> list[str | None]:
    """Return the digest of the window of each row, after noting documents that are new; None without text."""
    keys = _known_keys(table, journal)
    if all(keys) and not _has_texts(table, config.text_column):
        return keys
    text_column = config.text_column or text_column_of(table, config.source, name)
    rows = sample_rows(table, name, text_column=text_column, group_column=config.group_column)
    fresh: dict[str, dict[str, Any]] = {}
    for number, row in enumerate(rows):
        if row["text"].strip():
            digest = window_digest(cut_window(row["text"]))
            keys[number] = keys[number] or digest
            if keys[number] == digest:  # else the text of a known document was edited, and stays as it was
                fresh.setdefault(digest, row)
    journal.add_documents(fresh.items())
    return keys


def _known_keys(table: pa.Table, journal: Journal) -> list[str | None]:
    """Return the digest of each row's document, as far as the folder knows its id."""
    if "id" not in table.column_names:
        return [None] * len(table)
    known = {row["id"]: key for key, row in journal.documents()}
    return [known.get(str(one)) for one in table["id"].to_pylist()]


def _has_texts(table: pa.Table, text_column: str | None) -> bool:
    """Tell whether a table has texts; one whose documents are all known by their ids needs none."""
    named = (text_column,) if text_column else TEXT_COLUMNS
    return any(name in table.column_names and is_string(table[name].type) for name in named)
