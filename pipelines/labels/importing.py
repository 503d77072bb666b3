"""Takes scores that exist into a folder of labels: of people, say, or of a published data set."""

import shlex
from collections.abc import Iterator, Mapping
from typing import Any

import pyarrow as pa

from annotations.asking.annotator import Reply
from annotations.asking.journal import Journal, Question, window_digest
from annotations.asking.settings import Rater
from annotations.labels.columns import DIGEST, check_scores, is_string, sample_rows
from annotations.labels.label_rubric import rubric_of_scores
from annotations.labels.label_studio import ANNOTATION, ANNOTATOR
from annotations.labels.labels import count_cut_texts
from annotations.labels.ratings import IMPORTED_SCORE
from annotations.labels.sources import LABELS, require_column, text_column_of
from annotations.labels.whole_texts import with_whole_texts
from annotations.samples.sampling import UNKNOWN_PICK
from filtering.errors import LabelsError, OutputError
from filtering.printable import printable
from filtering.text.settings import TEXT_COLUMNS
from filtering.text.windows import cut_window
from pipelines.labels.label_folder import (
    AnnotateResult,
    open_journal,
    read_documents,
    write_tables,
)
from pipelines.settings.labels import DEFAULT_RATER, ImportConfig

SCORED_BEFORE = "scored before"
"""How scores are counted that add no document to the folder."""


def import_labels(config: ImportConfig) -> AnnotateResult:
    """Take scores into a folder of labels.

    Scores of the rater that is named replace earlier ones; those of the default rater are never replaced, for
    a table of another person may come without a name.
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
        If it holds labels by another rubric, or scores that would be replaced and no rater is named. Nothing
        is written then.
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
    table, strangers, beside = with_whole_texts(table, config.source)
    rubric = rubric_of_scores(config.rubric, table, [config.source, *beside], name)
    scores = scores_of(table, config.score_column, name)
    given = [number for number, score in enumerate(scores) if score is not None]
    if not given:
        empty = f"All {len(table):,} are empty" if len(table) else "It has no rows"
        raise LabelsError(f"{config.score_column!r} in {name} must hold a score. {empty}.")
    with open_journal(config.out, "Labels") as journal:
        held = {key for key, _ in journal.documents()}
        earlier = [row for row in journal.ratings() if row["scores"]]
        before = {(row["model"], row["parameters"], row["window_sha256"]): row["scores"] for row in earlier}
        rated = {row["window_sha256"] for row in earlier}
        keys, fresh = _keys_of(table.take(pa.array(given, pa.int64())), name, config, journal)
        raters = _raters_of(table, config.rater or DEFAULT_RATER)
        found = [(number, key) for number, key in zip(given, keys, strict=True) if key is not None]
        last = {(raters[at].model, raters[at].parameters, key): scores[at] for at, key in found}
        replaced = _count_replaced(last, before)
        if replaced and config.rater is None:
            raise OutputError(_not_replaced(replaced, config, name))
        digest = "" if rubric is None else journal.add_rubric(rubric)
        journal.add_documents(fresh.items())
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
                *([_replaced_in_words(replaced)] if replaced else []),
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


def _count_replaced(
    given: Mapping[tuple[str, str, str], float | None],
    before: Mapping[tuple[str, str, str], Mapping[str, float]],
) -> int:
    """Return how many scores replace another one; keys are model, parameters and document."""
    return sum(
        before[key].get(IMPORTED_SCORE, score) != score for key, score in given.items() if key in before
    )


def _not_replaced(replaced: int, config: ImportConfig, name: str) -> str:
    """Say that scores would have been replaced, perhaps of another person, and how to go on."""
    line = ["edufilter", "annotate", "--import", config.source, "--rater", "NAME", "--out", config.out]
    table, s = printable(name), "" if replaced == 1 else "s"
    return (
        f"Scores that are replaced must have a rater who is named. {replaced:,} score{s} of {table} "
        f"{'differ' if s else 'differs'} from what {printable(config.out)} holds for the same text{s}. "
        f"Nothing was imported. If {table} is of another person, give their name: "
        f"{printable(shlex.join(line))}. If it corrects the earlier scores, replace them with --rater "
        f"{DEFAULT_RATER}."
    )


def _replaced_in_words(replaced: int) -> str:
    replace = "score replaces a different one" if replaced == 1 else "scores replace different ones"
    return f"{replaced:,} {replace} of the same rater for the same text."


def _raters_of(table: pa.Table, name: str) -> list[Rater]:
    """Return who gave the score of each row: of an export of Label Studio, each of its annotators."""
    if not {ANNOTATOR, ANNOTATION} <= set(table.column_names):
        return [Rater(name)] * len(table)
    return [Rater(name if one is None else f"{name} {one}") for one in table[ANNOTATOR].to_pylist()]


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


def _keys_of(
    table: pa.Table, name: str, config: ImportConfig, journal: Journal
) -> tuple[list[str | None], dict[str, dict[str, Any]]]:
    """Return the digest of the window of each row, None without text, and the documents to note by theirs."""
    keys = _known_keys(table, journal)
    if all(keys) and not _has_texts(table, config.text_column):
        return keys, {}
    text_column = config.text_column or text_column_of(table, config.source, name)
    rows = sample_rows(table, name, text_column=text_column, group_column=config.group_column)
    fresh: dict[str, dict[str, Any]] = {}
    for number, row in enumerate(rows):
        if row["text"].strip():
            digest = window_digest(cut_window(row["text"]))
            keys[number] = keys[number] or digest
            if keys[number] == digest:  # else the text of a known document was edited, and stays as it was
                fresh.setdefault(digest, row)
    return keys, fresh


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
