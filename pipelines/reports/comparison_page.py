"""What two selections share, as tables for the screen and as a page with documents to read."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from math import isnan
from operator import attrgetter
from pathlib import Path

from filtering.printable import short_name
from pipelines.amount_formats import percent, short_count
from pipelines.choosing.compare import (
    BOTH,
    FIRST,
    KINDS,
    SECOND,
    SHOWN,
    ComparedDocument,
    ComparedSlice,
    Comparison,
)
from pipelines.page_kit.cards import Card, CardSection, card_section
from pipelines.page_kit.page import Table, Tile, whole_page

VALUES = 40
"""Of a kind of slice that have a row each."""


@dataclass(frozen=True)
class _View:
    """What the template ``compare.html`` shows."""

    comparison: Comparison
    tiles: Sequence[Tile]
    kinds: Table
    slices: Sequence[Table]
    documents: CardSection


def kinds_table(comparison: Comparison) -> Table:
    """Return how much both keep, how much each alone, and how much neither."""
    total = sum(one.documents for one in comparison.kinds.values())
    rows = [
        (
            kind, one.documents, percent(one.documents, total), short_count(one.tokens), _points(one.points),
            _points(one.other_points),
        )
        for kind, one in comparison.kinds.items()
    ]  # fmt: skip
    head = ("kept by", "documents", "share", "tokens, about", "points in the first", "in the second")
    return Table(f"first: {comparison.run}; second: {comparison.other}", head, rows)


def slices_tables(comparison: Comparison) -> list[Table]:
    """Return the same within lengths, languages and the like, and which share of their union both keep."""
    tables = []
    for kind, grouped in groupby(comparison.slices, attrgetter("kind")):
        some = list(grouped)
        if len(some) > VALUES:
            rest = some[VALUES - 1 :]
            together = {name: sum(one.documents[name] for one in rest) for name in KINDS}
            some[VALUES - 1 :] = [ComparedSlice(kind, f"({len(rest):,} others)", together)]
        rows = [
            (short_name(one.value), *(one.documents[name] for name in KINDS), _percent(one.shared))
            for one in some
        ]
        tables.append(Table(f"By {kind}", (kind, *KINDS, "shared"), rows))
    return tables


def overlap_in_words(comparison: Comparison) -> str:
    """Return how much the selections share, as a sentence."""
    both, first, second = (comparison.kinds[kind].documents for kind in (BOTH, FIRST, SECOND))
    if not both + first + second:
        return "Neither run keeps a document."
    return (
        f"Of {both + first + second:,} documents that at least one run keeps, both keep {both:,} "
        f"({percent(both, both + first + second)}). The first alone keeps {first:,}, the second {second:,}."
    )


def render_comparison(comparison: Comparison) -> str:
    """Return the page as HTML."""
    kept = [comparison.kinds[kind] for kind in (BOTH, FIRST, SECOND)]
    tiles = [
        Tile(
            f"kept by {name}" if name == BOTH else name,
            f"{one.documents:,}",
            f"about {short_count(one.tokens)} tokens",
        )
        for name, one in zip((BOTH, FIRST, SECOND), kept, strict=True)
    ]
    view = _View(
        comparison=comparison,
        tiles=[*tiles, Tile("shared", _percent(comparison.shared), "of what at least one keeps")],
        kinds=kinds_table(comparison),
        slices=slices_tables(comparison),
        documents=card_section([_card(one) for one in comparison.documents], SHOWN),
    )
    return whole_page("compare.html", f"edufilter: {comparison.run} and {comparison.other}", view)


def write_comparison(comparison: Comparison, path: str) -> None:
    """Write the page, as `refuse_page` lets it pass."""
    Path(path).write_text(render_comparison(comparison), encoding="utf-8", errors="replace")


def _card(one: ComparedDocument) -> Card:
    named = {"first": one.points, "second": one.other_points}
    if one.points == one.other_points:
        named = {"score": one.points}
    scores = [f"{name} {points:.2f}" for name, points in named.items() if points is not None]
    return Card(
        group=one.kind,
        score=None,
        kept=True,
        about=f"{', '.join(scores)} points; {one.file}, row {one.row}",
        content=one.text,
        characters=one.characters,
    )


def _points(points: float) -> str:
    return "-" if isnan(points) else f"{points:.2f}"


def _percent(share: float) -> str:
    return "-" if isnan(share) else percent(share, 1)
