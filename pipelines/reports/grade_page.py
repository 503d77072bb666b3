"""The page of a folder of grades: a table by model, and what models wrote after the same beginnings."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic_core import to_jsonable_python

from annotations.asking.rubric import MEAN
from filtering.judging.intervals import Estimate
from pipelines.new_files import written_whole
from pipelines.page_kit.page import Table, Tile, spent_tile, whole_page
from pipelines.writing.grading.grade import GradeResult
from pipelines.writing.grading.grades import IN_WORDS, Graded, note_on_few
from pipelines.writing.text_folder import write_json

FORMAT = 1
"""Number of the layout of ``grades.json``."""
PAGE, FIGURES = "grades.html", "grades.json"
SHOWN_CHARS = 1200
"""Of a beginning, and of a text, as the page shows it."""


@dataclass(frozen=True)
class _Compared:
    """What models wrote after a beginning: by model, grades, text, and characters that are not shown."""

    prompt: str
    texts: Mapping[str, Sequence[tuple[str, str, int]]]


@dataclass(frozen=True)
class _View:
    """What the template ``grade.html`` shows."""

    result: GradeResult
    tiles: Sequence[Tile]
    models: Table
    intervals: Table
    gaps: Table
    texts: Table
    compared: Sequence[_Compared]


def write_grade_page(result: GradeResult) -> Path:
    """Write ``grades.html`` and ``grades.json`` of a folder of grades, and return the path of the page."""
    folder = Path(result.out)
    figures = to_jsonable_python(result, inf_nan_mode="null")
    del figures["examples"]
    write_json(folder / FIGURES, {"format": FORMAT, **figures})
    with written_whole(folder / PAGE) as place:
        place.write_text(render_page(result), encoding="utf-8", errors="replace")
    return folder / PAGE


def render_page(result: GradeResult) -> str:
    """Return the page as HTML."""
    view = _View(
        result=result,
        tiles=_tiles(result),
        models=models_table(result),
        intervals=_intervals(result),
        gaps=_gaps(result),
        texts=_texts(result),
        compared=_compared(result.examples),
    )
    return whole_page("grade.html", f"edufilter: grades by {result.rubric}", view)


def models_table(result: GradeResult) -> Table:
    """Return mean grades by model and dimension, those of the rubric as a whole with their intervals."""
    dimensions = _dimensions(result)
    rows = [
        (
            one.name,
            _value(one.score),
            _interval(one.score),
            *(_value(one.grades[name]) for name in dimensions),
        )
        for one in result.models
    ]
    head = ("model", _overall(result), "95 % interval", *dimensions)
    return Table("Mean grades, rubric points", head, rows)


def _intervals(result: GradeResult) -> Table:
    dimensions = _dimensions(result)
    rows = [(one.name, *(_interval(one.grades[name]) for name in dimensions)) for one in result.models]
    return Table("95 % intervals", ("model", *dimensions), rows if dimensions else ())


def _gaps(result: GradeResult) -> Table:
    rows = [(one.name, one.verdict, _value(one.gap), _interval(one.gap), one.shared) for one in result.models]
    head = ("model", "verdict", "difference", "95 % interval", "beginnings")
    note = note_on_few(result.models)
    return Table("Difference to the highest mean", head, rows, texts=2, note=note)


def _dimensions(result: GradeResult) -> list[str]:
    """Return the dimensions that are told beside the figure for all; none where there is one."""
    names = list(result.models[0].grades) if result.models else []
    return names if len(names) > 1 else []


def _overall(result: GradeResult) -> str:
    """Return what the figure is that stands for all dimensions."""
    if _dimensions(result) and result.overall == MEAN:
        return "mean of dimensions"
    return "grade" if result.overall == MEAN else result.overall


def _value(figure: Estimate) -> str:
    return "not defined" if figure.value != figure.value else f"{figure.value:.2f}"


def _interval(figure: Estimate) -> str:
    return "not defined" if figure.low != figure.low else f"{figure.low:.2f} to {figure.high:.2f}"


def _texts(result: GradeResult) -> Table:
    rows = [(one.name, one.completions, one.graded, one.empty, one.without_grade) for one in result.models]
    note = (
        "The grader is not asked about an empty text: it has the lowest grades."
        if any(one.empty for one in result.models)
        else ""
    )
    return Table("Texts", ("model", "texts", "graded", "empty", "without a grade"), rows, note=note)


def _tiles(result: GradeResult) -> list[Tile]:
    best = result.models[0] if result.models else None
    found = [
        Tile("models", f"{len(result.models):,}", f"graded by {result.grader}"),
        Tile("beginnings", f"{result.prompts:,}", "each with texts of the models"),
        Tile("texts graded", f"{sum(one.graded for one in result.models):,}", _others(result)),
        spent_tile(result.spent_usd, result.unpriced),
    ]
    if best is not None and best.score.value == best.score.value:
        found.insert(1, Tile("highest mean", f"{best.score.value:.2f}", best.name))
    return found


def _others(result: GradeResult) -> str:
    counts = {
        "empty": sum(one.empty for one in result.models),
        "without a grade": sum(one.without_grade for one in result.models),
    }
    return ", ".join(f"{count:,} {what}" for what, count in counts.items() if count) or "all of them"


def _compared(examples: Sequence[Graded]) -> list[_Compared]:
    found: dict[str, dict[str, list[tuple[str, str, int]]]] = {}
    for one in examples:
        texts = found.setdefault(one.prompt, {}).setdefault(one.model, [])
        texts.append((_marks(one), one.text[:SHOWN_CHARS], max(len(one.text) - SHOWN_CHARS, 0)))
    return [_Compared(prompt[-SHOWN_CHARS:], texts) for prompt, texts in found.items()]


def _marks(one: Graded) -> str:
    if not one.scores:
        return IN_WORDS.get(one.status, one.status)
    return " · ".join([*(f"{name} {points:g}" for name, points in one.scores.items())])
