"""What a choice comes to, as tables and sentences: for the screen, and kept with the run for its page."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass

from pydantic import TypeAdapter

from filtering.printable import short_name
from pipelines.amount_formats import percent, points_from, short_count
from pipelines.choosing.chosen import Amount, Chosen, ChosenSlice
from pipelines.choosing.scored_rows import ALL
from pipelines.dump.row_values.slice_values import NO_VALUE
from pipelines.page_kit.page import Table
from pipelines.run_folder.folder import RunFolder
from pipelines.run_folder.own_files import as_written

SHOWN = 40
"""Slices that have a row each."""


@dataclass(frozen=True)
class ChoiceTold:
    """A choice in words.

    Parameters
    ----------
    tables : sequence of Table
    sentences : sequence of str
    """

    tables: Sequence[Table]
    sentences: Sequence[str]

    def write(self, folder: RunFolder) -> None:
        """Keep it with a run."""
        folder.write_json(folder.chosen, asdict(self))


def read_told(folder: RunFolder) -> ChoiceTold | None:
    """Return what a run was chosen by; None where one cut for all decided.

    Raises
    ------
    OutputError
        If it is not as it was written.
    """
    if not folder.chosen.exists():
        return None
    found = folder.read_json(folder.chosen)
    with as_written(folder.chosen):
        return TypeAdapter(ChoiceTold).validate_python(found)


def told_of(chosen: Chosen) -> ChoiceTold:
    """Return a choice in words."""
    total = chosen.total
    tables = [_classes(chosen)] if chosen.classes else []
    if len(chosen.slices) > 1 or (not chosen.classes and total.plain != total.chosen):
        tables.append(_slices(chosen))
    return ChoiceTold(tables, _sentences(chosen))


def _classes(chosen: Chosen) -> Table:
    head = ("class", "points", "documents", "tokens", "used", "times", "tokens used")
    rows = [
        (
            one.name, _points(one.there), one.there.documents, _tokens(one.there), one.chosen.used,
            f"{one.chosen.used / max(one.there.documents, 1):.2f}", _tokens(one.chosen),
        )
        for one in chosen.classes
    ]  # fmt: skip
    return Table("Classes of documents, the best first; points are means", head, rows)


def _slices(chosen: Chosen) -> Table:
    """Return slices, the largest first, the smaller ones together, and their sum."""
    several = list(chosen.slices) if len(chosen.slices) > 1 else []
    if len(several) > SHOWN:
        rest = several[SHOWN - 1 :]
        several[SHOWN - 1 :] = [ChosenSlice.together(f"({len(rest):,} others)", rest)]
    has_wanted = chosen.total.wanted is not None
    uses = "used" if chosen.repeats else "kept"
    head = ("", "documents", uses, "tokens", *(["wanted"] if has_wanted else []), "points")
    rows = [
        (
            short_name(one.name),
            one.there.documents,
            f"{one.plain.used:,} \u2192 {one.chosen.used:,}",
            f"{_tokens(one.plain)} \u2192 {_tokens(one.chosen)}",
            *([short_count(one.wanted or 0.0)] if has_wanted else []),
            f"{_points(one.plain)} \u2192 {_points(one.chosen)}",
        )
        for one in (*several, chosen.total)
    ]
    title = (
        f"What one cut for all, at {points_from(chosen.plain_lowest)} points, would keep \u2192 what is "
        "chosen; points are means"
    )
    return Table(title, head, rows)


def _sentences(chosen: Chosen) -> list[str]:
    kept, there = chosen.total.chosen, chosen.total.there
    about = "" if chosen.counts_tokens else "about "
    share = percent(kept.documents, there.documents)
    said = f"chosen: {kept.documents:,} of {there.documents:,} documents ({share})"
    tokens = f"{about}{short_count(kept.tokens)}"
    if chosen.repeats:
        said += f", used {kept.used:,} times: {tokens} tokens, of documents with {short_count(there.tokens)}"
    elif there.tokens:
        counted = "counted " if chosen.counts_tokens else ""  # of those that may be kept alone
        said += f", {tokens} of {short_count(there.tokens)} {counted}tokens"
    worst = f"their mean score is {kept.points:.2f}; the worst has {points_from(chosen.lowest)} points"
    told = [said, worst] if kept.documents else [said]
    if len(chosen.slices) > 1 and any(one.name == NO_VALUE for one in chosen.slices):
        told.append(f"{NO_VALUE}: documents of which nothing tells the value, such as an unclear language")
    if len(chosen.slices) == 1 and chosen.slices[0].name != ALL:
        told.append(
            f"all documents have one value, {short_name(chosen.slices[0].name)!r}: nothing parts them"
        )
    return told


def _tokens(amount: Amount) -> str:
    return short_count(amount.tokens)


def _points(amount: Amount) -> str:
    return f"{amount.points:.2f}" if amount.used else "-"
