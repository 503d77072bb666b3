"""The page of a folder of texts: what is kept, what is not and why, how texts differ, what it cost."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic_core import to_jsonable_python

from annotations.writing.diversity import OPENING_WORDS, RUNS, Diversity
from pipelines.amount_formats import percent, short_count
from pipelines.new_files import written_whole
from pipelines.page_kit.cards import CARD_CHARS, Card, CardSection, card_section
from pipelines.page_kit.page import Table, Tile, spent_tile, whole_page
from pipelines.writing.attempts import WITHOUT_REPLY
from pipelines.writing.reasons import MEANINGS
from pipelines.writing.text_folder import FORMAT, PAGE, SUMMARY_FILE, write_json
from pipelines.writing.write_result import Example, WriteResult

KEPT = "Kept"


@dataclass(frozen=True)
class _View:
    """What the template ``write.html`` shows."""

    result: WriteResult
    tiles: Sequence[Tile]
    faults: Table
    grades: Table | None  # None where nothing was graded
    diversity: Sequence[Table]
    costs: Sequence[Table]
    examples: CardSection


def write_writing_page(result: WriteResult) -> Path:
    """Write ``report.html`` and ``summary.json`` of a folder of texts, and return the path of the page."""
    folder = Path(result.out)
    write_json(folder / SUMMARY_FILE, summary_of(result))
    page = render_page(result)
    with written_whole(folder / PAGE) as place:
        place.write_text(page, encoding="utf-8", errors="replace")
    return folder / PAGE


def summary_of(result: WriteResult) -> dict[str, Any]:
    """Return the figures of a folder of texts, without any text of it."""
    figures: dict[str, Any] = to_jsonable_python(result, inf_nan_mode="null")
    del figures["examples"]
    return {"format": FORMAT, **figures}


def render_page(result: WriteResult) -> str:
    """Return the page as HTML."""
    view = _View(
        result=result,
        tiles=_tiles(result),
        faults=_faults(result),
        grades=_grades(result) if result.grades else None,
        diversity=_diversity(result.diversity) if result.diversity else (),
        costs=(_costs(result), _draws(result)),
        examples=_examples(result.examples),
    )
    return whole_page("write.html", f"edufilter: texts of {result.recipe}", view)


def _tiles(result: WriteResult) -> list[Tile]:
    graded = sum(result.grades.values()) / len(result.grades) if result.grades else None
    found = [
        Tile("texts kept", f"{result.kept:,}", f"{percent(result.kept, result.asked)} of {result.asked:,}"),
        Tile("mean score", f"{result.edu_score:.2f}", f"by scorer {result.scorer}"),
        Tile("tokens written", short_count(result.tokens_out), f"by {result.model}"),
        spent_tile(result.spent_usd, result.unpriced),
    ]
    if graded is not None:
        found.insert(1, Tile("mean grade", f"{graded:.2f}", f"by {result.grader}"))
    return found


def _faults(result: WriteResult) -> Table:
    thrown = {fault: count for fault, count in result.faults.items() if fault not in WITHOUT_REPLY}
    order = sorted(thrown.items(), key=lambda one: (-one[1], one[0]))
    rows = [(fault, MEANINGS.get(fault, ""), count, percent(count, result.asked)) for fault, count in order]
    missing = [f"{result.faults[one]:,} {one}" for one in WITHOUT_REPLY if result.faults.get(one)]
    note = f"Beside these: {', '.join(missing)}. The same command asks for them." if missing else ""
    return Table("Thrown away", ("why", "what that means", "texts", "share"), rows, texts=2, note=note)


def _grades(result: WriteResult) -> Table:
    rows = [(name, f"{points:.2f}") for name, points in result.grades.items()]
    return Table(f"Mean grades of what is kept, by {result.grader}", ("dimension", "points"), rows)


def _diversity(found: Diversity) -> list[Table]:
    runs = [
        (f"runs of {length} words" if length > 1 else "words", f"{100 * share:.1f} %")
        for length, share in zip(RUNS, found.distinct, strict=True)
    ]
    slots = [(name, found.values[name], f"{share:.3f}") for name, share in sorted(found.evenness.items())]
    openings = [
        (opening, f"{100 * share:.1f} %")
        for opening, share in found.openings
        if round(share * found.texts) > 1
    ]
    note = "" if openings else f"No two texts open with the same {OPENING_WORDS} words."
    return [
        Table("Different words, and runs of words", ("of all", "are different"), runs, note=note),
        Table("Slots", ("slot", "values used", "evenness"), slots),
        *([Table("Commonest openings", ("first words", "share of texts"), openings)] if openings else []),
    ]


def _costs(result: WriteResult) -> Table:
    rows: list[tuple[str, object]] = [
        ("tokens of requests", result.tokens_in),
        ("tokens of texts", result.tokens_out),
        ("spent", f"${result.spent_usd:.4f}" if result.spent_usd or not result.unpriced else "not known"),
    ]
    if result.open_usd:
        opened = "of it at most, for questions that were open when a run was stopped"
        rows.append((opened, f"${result.open_usd:.4f}"))
    if result.unpriced:
        rows.append(("replies without a price, which are not counted", ", ".join(result.unpriced)))
    if result.kept and result.spent_usd:
        rows.append(("for each text that is kept", f"${result.spent_usd / result.kept:.4f}"))
    return Table("Costs", ("what", "how much"), rows)


def _draws(result: WriteResult) -> Table:
    rows: list[tuple[str, object]] = [
        ("recipe, and the first digits of its digest", f"{result.recipe} ({result.recipe_sha256[:12]})"),
        ("draws that the recipe allows", result.combinations),
        ("draws that were made", result.asked),
    ]
    if result.more_draws:
        rows.append(("of these in place of near-duplicates", result.more_draws))
    if result.long_documents:
        rows.append(("long documents, of which a part was shown", result.long_documents))
    if result.topics:
        rows.append(("topics that the model listed", result.topics))
    if result.ran:
        rows.append(("exercises that were run against their own tests", result.ran))
    if result.benchmark_tasks:
        searched = f"texts that were searched for {result.benchmark_tasks:,} tasks of benchmarks"
        rows.append((searched, result.searched))
    return Table("Draws and checks", ("what", "value"), rows)


def _examples(examples: Sequence[Example]) -> CardSection:
    groups = dict.fromkeys([KEPT, *sorted({one.fault for one in examples if one.fault})])
    return card_section([_card(one) for one in examples], list(groups), things="texts", kinds="slots")


def _card(example: Example) -> Card:
    marks, slots = example.marks, example.slots
    told = [f"{name}: {value}" for name, value in slots.items()]
    given = (("score", marks.edu_score), ("grade", marks.grade))
    first = [example.detail, *(f"{name} {value:.2f}" for name, value in given if value is not None)]
    return Card(
        group=example.fault or KEPT,
        score=None,  # there may be two figures, and each has its name
        kept=not example.fault,
        about=" · ".join([*filter(None, first), *told]),
        content=example.text[:CARD_CHARS],
        characters=len(example.text),
        slices=slots,
    )
