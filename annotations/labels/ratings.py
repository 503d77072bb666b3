"""Ratings and labels, as they follow from the journal.

Labels begin with the columns of a sample (`annotations.labels.columns`) and add scores: ``score`` is the
median of all raters, ``lowest`` and ``highest`` keep how far they disagree.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from annotations.asking.annotator import SCORED
from annotations.asking.journal import Journal
from annotations.asking.rubric import Rubric
from annotations.labels.agreement import consensus
from annotations.labels.columns import SAMPLE_SCHEMA
from annotations.labels.label_rubric import with_rubric

IMPORTED_SCORE = "score"
"""What stands for the dimensions of a score that was not asked for here."""

RATING_SCHEMA = pa.schema(
    [
        ("id", pa.string()),
        ("window_sha256", pa.string()),
        ("group", pa.string()),
        ("picked", pa.string()),
        ("rater", pa.string()),
        ("status", pa.string()),
        ("score", pa.float64()),  # null unless the status is ok or imported
        ("scores", pa.string()),  # of each dimension, as JSON
        ("reason", pa.string()),
        ("rubric_sha256", pa.string()),
        ("model", pa.string()),
        ("parameters", pa.string()),
        ("repeat", pa.int64()),
        ("structured_by", pa.string()),
        ("served_model", pa.string()),
        ("tokens_in", pa.int64()),
        ("tokens_out", pa.int64()),
        ("price_usd", pa.float64()),
        ("latency_s", pa.float64()),
        ("error", pa.string()),
        ("answered_at", pa.string()),
    ]
)


def ratings_table(journal: Journal) -> pa.Table:
    """Return the last reply to each question about the documents, failures too, as `RATING_SCHEMA`.

    Rows are in the order of documents and then of raters, in whatever order replies came.
    """
    documents, rubric = dict(journal.documents()), journal.rubric()
    place = {key: number for number, key in enumerate(documents)}
    rows = [row for row in journal.ratings() if row["window_sha256"] in place]
    rows.sort(key=lambda row: (place[row["window_sha256"]], *_rater(row)))
    names = _rater_names(rows)
    found = []
    for row in rows:
        document, scored = documents[row["window_sha256"]], row["status"] in SCORED
        values = {
            **row,
            **{name: document[name] for name in ("id", "group", "picked")},
            "rater": names[_rater(row)],
            "score": _overall(row, rubric) if scored else None,
            "scores": json.dumps(row["scores"]) if scored else None,
        }
        found.append({name: values[name] for name in RATING_SCHEMA.names})
    return pa.Table.from_pylist(found, RATING_SCHEMA)


def _overall(row: Mapping[str, Any], rubric: Rubric | None) -> float:
    scores: dict[str, float] = row["scores"]
    if rubric is None or row["status"] == "imported":
        return scores[IMPORTED_SCORE]
    return rubric.overall_score(scores)


def _rater(row: Mapping[str, Any]) -> tuple[str, str, int]:
    return row["model"], row["parameters"], row["repeat"]


def _rater_names(rows: Sequence[Mapping[str, Any]]) -> dict[tuple[str, str, int], str]:
    """Return a name for each rater: the model, and what tells it from others of that model."""
    raters = list(dict.fromkeys(_rater(row) for row in rows))
    several = {model for model, _, _ in raters if len({p for m, p, _ in raters if m == model}) > 1}
    return {
        (model, parameters, repeat): model
        + (f" {parameters}" if model in several else "")
        + (f" #{repeat}" if repeat > 1 else "")
        for model, parameters, repeat in raters
    }


def rating_matrix(
    ratings: pa.Table, column: str = "score"
) -> tuple[list[str], list[str], NDArray[np.float64]]:
    """Return windows, raters, and the ratings of each window by each rater.

    Returns
    -------
    list of str, length n; list of str, length r; float64 array, shape (n, r)
        Digests of windows; names of raters; NaN where a rater gave none.
    """
    keys, names = ratings["window_sha256"].to_pylist(), ratings["rater"].to_pylist()
    rows = {key: row for row, key in enumerate(dict.fromkeys(keys))}
    columns = {name: at for at, name in enumerate(dict.fromkeys(names))}
    matrix = np.full((len(rows), len(columns)), np.nan)
    values = ratings[column].to_numpy(zero_copy_only=False)
    for key, name, value in zip(keys, names, values, strict=True):
        matrix[rows[key], columns[name]] = value
    return list(rows), list(columns), matrix


def labels_table(journal: Journal, ratings: pa.Table) -> pa.Table:
    """Return one row for each document that at least one rater scored: `SAMPLE_SCHEMA` and the scores.

    ``score``, ``lowest`` and ``highest`` are the median and the bounds over all raters; ``raters`` is their
    number; ``reason`` is a rater's sentence; ``rubric_sha256`` is the digest of what raters were told, empty
    where that is not known. Of a rubric with several dimensions each has the median of its own,
    ``score_<dimension>``. The rubric goes with the table, where it is known: `rubric_of`.
    """
    documents = dict(journal.documents())
    scored = ratings.filter(pc.is_valid(ratings["score"]))
    keys, _, matrix = rating_matrix(scored)
    # Without a row numpy would warn of an empty slice.
    median, lowest, highest = consensus(matrix) if keys else (np.zeros(0),) * 3
    table = pa.Table.from_pylist([documents[key] for key in keys], SAMPLE_SCHEMA)
    reasons, told = (_first_of_each(scored, name) for name in ("reason", "rubric_sha256"))
    columns: dict[str, pa.Array] = {
        "score": pa.array(median, pa.float64()),
        "lowest": pa.array(lowest, pa.float64()),
        "highest": pa.array(highest, pa.float64()),
        "raters": pa.array((~np.isnan(matrix)).sum(axis=1), pa.int64()),
        "reason": pa.array([reasons[key] for key in keys], pa.string()),
        "rubric_sha256": pa.array([told[key] for key in keys], pa.string()),
    }
    rubric = journal.rubric()
    if rubric is not None and len(rubric.dimensions) > 1:
        columns |= _dimensions(rubric, scored)
    for name, column in columns.items():
        table = table.append_column(name, column)
    return with_rubric(table, rubric)


def _first_of_each(ratings: pa.Table, column: str) -> dict[str, str]:
    """Return the first value of each window in a column of text that says something."""
    found: dict[str, str] = {}
    for key, value in zip(ratings["window_sha256"].to_pylist(), ratings[column].to_pylist(), strict=True):
        found[key] = found.get(key) or value
    return found


def _dimensions(rubric: Rubric, scored: pa.Table) -> dict[str, pa.Array]:
    columns = {}
    given = [json.loads(scores) for scores in scored["scores"].to_pylist()]
    for dimension in rubric.dimensions:
        values = pa.array([scores.get(dimension.name) for scores in given], pa.float64())
        name = f"score_{dimension.name}"
        _, _, matrix = rating_matrix(scored.append_column(name, values), name)
        median, _, _ = consensus(matrix) if len(matrix) else (np.zeros(0),) * 3
        columns[name] = pa.array(median, pa.float64(), from_pandas=True)
    return columns
