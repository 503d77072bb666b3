"""Label Studio's files: tasks to import with a labelling config, and what comes back of them.

As https://labelstud.io/guide/tasks and https://labelstud.io/guide/export describe them: ``JSON``, which has
all annotations of a task in one object, and ``JSON_MIN`` and ``CSV``, which have a row for each annotation.
Only files: nothing here speaks to a server.
"""

import json
from collections.abc import Iterator, Sequence
from typing import Any
from xml.etree.ElementTree import Element, SubElement, indent, tostring

import pyarrow as pa

from annotations.asking.prompt import rubric_digest
from annotations.asking.rubric import MEAN, Rubric
from annotations.labels.columns import DIGEST, SAMPLE_SCHEMA
from filtering.regular_files import parse_json
from filtering.rubric_points import POINTS
from filtering.text.windows import cut_window

TEXT, SCORE = "text", "score"
"""Names of the two tags of the labelling config."""
DOCUMENT = "document"
"""What a task calls the id of its document: the id of a flat export is that of the task."""
ANNOTATOR, ANNOTATION = "annotator", "annotation_id"
"""Columns that a flat export has, and no other table."""
UNANSWERED = {"data", "id", "predictions", "drafts", "meta"}
"""Keys of a task that has no annotations, as it is imported."""
SCORES_LEFT_OUT = ("edu_score", "text", "id")
"""Columns of a sample that no annotator shall see, or that go by other names."""


def tasks_of(sample: pa.Table, rubric: Rubric | None) -> bytes:
    """Return a sample as tasks to import: windows of the texts, and no scores of a model.

    Parameters
    ----------
    sample : Table
        Of `SAMPLE_SCHEMA`.
    rubric : Rubric or None
        Whose points are asked for: its digest comes back with each answer.
    """
    told = {} if rubric is None else {"rubric": rubric.name, DIGEST: rubric_digest(rubric)}
    carried = sample.select([name for name in SAMPLE_SCHEMA.names if name not in SCORES_LEFT_OUT]).to_pylist()
    shown = zip(sample["id"].to_pylist(), sample["text"].to_pylist(), carried, strict=True)
    tasks = [{"data": {DOCUMENT: name, TEXT: cut_window(text), **rest, **told}} for name, text, rest in shown]
    return json.dumps(tasks, indent=1, allow_nan=False).encode() + b"\n"


def labelling_config(rubric: Rubric | None) -> bytes:
    """Return the XML that tells Label Studio what to show and what to ask.

    Parameters
    ----------
    rubric : Rubric, optional
        Whose points are asked for; whole points without hints if not given.
    """
    view = Element("View")
    # A text that begins as an address does is shown, and nothing is fetched from there.
    SubElement(view, "Text", name=TEXT, value=f"${TEXT}", valueType="text")
    dimensions = rubric.dimensions if rubric else ()
    for one in dimensions:
        SubElement(view, "Header", value=" ".join(one.question.split()))
    if rubric and len(dimensions) > 1:
        for one in dimensions:
            points = [f"{point.score} {point.name}" for point in rubric.scale_of(one)]
            SubElement(view, "Header", size="5", value=f"{one.name}: {', '.join(points)}")
        what = "the mean of all points" if rubric.overall == MEAN else f"the points of {rubric.overall}"
        SubElement(view, "Header", size="4", value=f"Write {what}.")
        SubElement(
            view, "Number", name=SCORE, toName=TEXT, min="0", max=str(POINTS), step="0.01", required="true"
        )  # fmt: skip
    else:
        _ask_for_points(view, rubric)
    indent(view)
    return tostring(view) + b"\n"


def _ask_for_points(view: Element, rubric: Rubric | None) -> None:
    """Add a choice for each point: of the one question of a rubric, if there is one."""
    scale = rubric.scale_of(rubric.dimensions[0]) if rubric else ()
    hints = {point.score: " ".join(f"{point.name}: {point.description}".split()) for point in scale}
    for score, hint in hints.items():  # a choice shows its hint under the pointer alone, or never
        SubElement(view, "Header", size="5", value=f"{score} {hint}")
    choices = SubElement(view, "Choices", name=SCORE, toName=TEXT, choice="single-radio", required="true")
    for score in hints or range(POINTS + 1):
        choice = SubElement(choices, "Choice", value=str(score), hotkey=str(score))
        if hints:
            choice.set("hint", hints[score])


def is_export(values: Any) -> bool:  # noqa: ANN401 - any JSON value
    """Tell whether the value of a JSON file is an export with all annotations of a task in one object.

    Tasks that nobody has answered are one too.
    """
    return (
        isinstance(values, list)
        and bool(values)
        and all(
            isinstance(one, dict)
            and isinstance(one.get("data"), dict)
            and (isinstance(one.get("annotations"), list) or set(one) <= UNANSWERED)
            for one in values
        )
    )


def rows_of_export(tasks: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return a row for each annotation, as ``JSON_MIN`` has it, and one for each task that has none.

    Annotations that were skipped count as none.
    """
    return [row for task in tasks for row in _rows_of_task(task)]


def row_of_flat_export(row: dict[str, Any]) -> dict[str, Any]:
    """Return a row of ``JSON_MIN`` with answers as one text or number; another table's as it is."""
    if ANNOTATOR not in row or ANNOTATION not in row:
        return row
    return {name: _plain(value) if isinstance(value, dict) else value for name, value in row.items()}


def _rows_of_task(task: dict[str, Any]) -> Iterator[dict[str, Any]]:
    found = task.get("annotations", ())
    given = [one for one in found if isinstance(one, dict) and not one.get("was_cancelled")]
    for one in given or [{}]:
        results = one.get("result")
        values = {
            str(answer.get("from_name")): _plain(answer.get("value"))
            for answer in (results if isinstance(results, list) else ())
            if isinstance(answer, dict)
        }
        yield {
            **task["data"],
            **values,
            ANNOTATOR: _annotator(one.get("completed_by")),
            ANNOTATION: one.get("id"),
        }


def _annotator(who: object) -> str | None:
    if isinstance(who, dict):
        who = who.get("id") or who.get("email")
    return None if who is None else str(who)


def _plain(value: object) -> object:
    """Return what an annotator chose, wrote or counted; None where it is something else, such as a region.

    Several answers to one question are one text, which is no score and so is refused by name.
    """
    if not isinstance(value, dict):
        return None
    found = next((value[kind] for kind in ("choices", "rating", "number", "text") if kind in value), None)
    if isinstance(found, list):
        found = found[0] if len(found) == 1 else ", ".join(map(str, found)) or None
    return found if isinstance(found, (str, int, float)) else None


def as_sample(table: pa.Table) -> pa.Table:
    """Return a flat export with the ids of its documents, and scores that are numbers; others as they are."""
    names = table.column_names
    if ANNOTATOR not in names or ANNOTATION not in names:
        return table
    if DOCUMENT in names:
        ids = table[DOCUMENT]
        table = table.drop_columns([name for name in (DOCUMENT, "id") if name in names]).append_column(
            "id", ids
        )
    for place, name in enumerate(table.column_names):
        if name not in SAMPLE_SCHEMA.names and name not in (ANNOTATOR, ANNOTATION):
            numbers = _numbers(table[name])
            table = table if numbers is None else table.set_column(place, name, numbers)
    return table


def _numbers(column: pa.ChunkedArray) -> pa.Array | None:
    """Return the numbers that a column holds; None where one of its values is none.

    Choices are texts, and a number or a rating is a list of one object, which CSV has as JSON.
    """
    try:
        return pa.array([_number(one) for one in column.to_pylist()], pa.float64())
    except (TypeError, ValueError):
        return None


def _number(value: Any) -> float | None:  # noqa: ANN401 - of any export
    if isinstance(value, str) and value.startswith("[{"):
        value = parse_json(value.encode())
    if isinstance(value, list) and len(value) == 1:
        value = _plain(value[0])
    return None if value in (None, "") else float(value)
