"""The columns of samples, labels and ratings, and how labels follow from the journal.

Samples and labels share their first columns; see `SAMPLE_SCHEMA`. Labels add scores: ``score`` is
the median of all raters, ``lowest`` and ``highest`` keep how far they disagree.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from annotations.agreement import consensus
from annotations.annotator import SCORED
from annotations.journal import Journal
from annotations.records import is_string
from annotations.rubric import Rubric
from filtering.code_languages import LANGUAGE_COLUMNS, PATH_COLUMNS
from filtering.errors import LabelsError
from filtering.windows import REACH, WINDOW, cut_window, header_end

SAMPLE_SCHEMA = pa.schema(
    [
        ("id", pa.string()),  # file#row, or the user's own
        ("text", pa.large_string()),  # what scores are fitted to; a model is shown the window of it
        ("group", pa.string()),  # site, book or repository; splits never part a group
        ("picked", pa.string()),  # stratified, or why an active strategy took it
        ("probability", pa.float64()),  # that a random draw takes it; null where it was no random draw
        ("weight", pa.float64()),  # documents of the dump that it stands for; null likewise
        ("edu_score", pa.float32()),  # of the first stage, when it was drawn
        ("file", pa.string()),  # path below the input
        ("row", pa.int64()),  # in that file
        ("text_bytes", pa.int64()),  # of the whole document without its licence header
        ("window_rule", pa.string()),
        ("url", pa.string()),
        ("genre", pa.string()),
        ("lang", pa.string()),
        ("language", pa.string()),
        ("path", pa.string()),  # of a source file in its repository
    ]
)
CARRIED = ("url", "genre", "lang", "language")
"""Columns of a dump that a sample keeps where they hold text."""
ORIGIN_COLUMNS = tuple(dict.fromkeys((*CARRIED, *LANGUAGE_COLUMNS, *PATH_COLUMNS)))
"""Columns that `origin_of` looks at."""
GROUP_COLUMNS = (
    *("group", "repo", "repo_name", "repository_name", "max_stars_repo_name", "repository"),
    *("sample_repo_name", "domain", "host", "site"),
)
"""Names under which dumps say where a document comes from; else the host of its ``url`` does. Of code:
``repo_name`` in The Stack v2, CodeParrot and github-jupyter, ``max_stars_repo_name`` in The Stack and
StarCoder data, ``repository_name`` in CodeSearchNet, ``sample_repo_name`` in BigQuery's ``github_repos``."""
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


def host_of(url: str | None) -> str | None:
    """Return the host of an address without a leading ``www.``; None where there is none.

    Examples
    --------
    >>> host_of("https://www.example.org:8080/a"), host_of("no address")
    ('example.org', None)
    """
    try:
        host = urlsplit(url or "").hostname
    except ValueError:
        return None
    return host.removeprefix("www.") if host else None


def group_of(values: Mapping[str, Any], group_column: str | None, otherwise: str) -> str:
    """Return where a document comes from: by a column, else by its address, else it stands for itself."""
    found = first_told(values, (group_column,) if group_column else GROUP_COLUMNS)
    return str(found) if found is not None else host_of(values.get("url")) or otherwise


def first_told(values: Mapping[str, Any], names: Sequence[str]) -> Any:  # noqa: ANN401 - whatever stands there
    """Return the first of some columns' values that says something; None where none does."""
    return next((values[name] for name in names if values.get(name) not in (None, "")), None)


def origin_of(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a sample keeps of a document's origin, by whichever names a dump has it under."""
    found = {name: values[name] for name in CARRIED if name in values}
    others = {"path": first_told(values, PATH_COLUMNS)}
    if first_told(found, LANGUAGE_COLUMNS) is None:
        others["language"] = first_told(values, LANGUAGE_COLUMNS)
    return found | {name: value for name, value in others.items() if value is not None}


def sample_row(text: str, /, **values: Any) -> dict[str, Any]:  # noqa: ANN401 - a value for each column
    """Return a row of `SAMPLE_SCHEMA` for a whole text; columns not given are null."""
    row: dict[str, Any] = dict.fromkeys(SAMPLE_SCHEMA.names)
    data = text.encode("utf-8", errors="surrogatepass")
    return {
        **row,
        "text_bytes": len(data) - header_end(data),
        **values,
        "text": cut_window(text, REACH),
        "window_rule": WINDOW.name,
    }


def sample_rows(
    table: pa.Table, name: str, *, text_column: str, group_column: str | None
) -> Iterator[dict[str, Any]]:
    """Yield rows of `SAMPLE_SCHEMA` from a table of documents that may have fewer columns.

    Where it does not say how a document was picked, it counts as picked at random.

    Raises
    ------
    LabelsError
        If a column is missing or holds no text.
    """
    for column in filter(None, (text_column, group_column)):
        if column not in table.column_names:
            raise LabelsError(
                f"{name} must have a column {column!r}. "
                f"Found {', '.join(table.column_names) or 'none'} that is known. "
                "Name others with --text-column and --group-column."
            )
    if not is_string(table[text_column].type):
        raise LabelsError(f"{text_column!r} in {name} must be string. Got {table[text_column].type} instead.")
    alike = [one.name for one in SAMPLE_SCHEMA if one.name in table.column_names and _fits(table, one)]
    telling = [one for one in ORIGIN_COLUMNS if one in table.column_names and _is_text(table[one].type)]
    for number, row in enumerate(table.to_pylist()):
        own = f"{Path(name).name}#{number}"
        known = {key: row[key] for key in alike if row[key] not in (None, "")}
        identity = own if row.get("id") in (None, "") else str(row["id"])
        told = origin_of({key: row[key] for key in telling if row[key] not in (None, "")})
        origin = {"file": Path(name).name, "row": number, "picked": "random", **told, **known}
        group = group_of({**row, "url": known.get("url")}, group_column, identity)
        yield sample_row(row[text_column] or "", **{**origin, "id": identity, "group": group})


def _fits(table: pa.Table, field: pa.Field) -> bool:
    """Tell whether a column of a foreign table can mean what the one of its name in a sample does."""
    kind = table[field.name].type
    if pa.types.is_integer(field.type):
        return bool(pa.types.is_integer(kind))
    if pa.types.is_floating(field.type):
        return bool(pa.types.is_integer(kind) or pa.types.is_floating(kind))
    return _is_text(kind)


def _is_text(kind: pa.DataType) -> bool:
    return is_string(kind.value_type if pa.types.is_dictionary(kind) else kind)


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
    return rubric.overall_score(scores) if rubric and row["rubric_sha256"] else scores[IMPORTED_SCORE]


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
    number; ``reason`` is a rater's sentence; ``rubric_sha256`` is the digest of what models were told, empty
    where none was. Of a rubric with several dimensions each has the median of its own, ``score_<dimension>``.
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
    return table


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
