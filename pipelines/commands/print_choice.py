"""Prints what a choice of documents comes to, before it is written."""

from collections.abc import Sequence

from pipelines.amounts_in_words import percent, short_count
from pipelines.choosing.chosen import Amount, Chosen, ChosenSlice
from pipelines.commands.screen import show
from pipelines.commands.tables import print_table

OF_SLICES = ("", "documents", "cut: kept", "chosen", "cut: tokens", "tokens", "cut: points", "points")
"""What one cut for all would keep, beside what is chosen."""
SHOWN = 40
"""Slices that have a row each."""


def print_choice(chosen: Chosen) -> None:
    """Print the classes and the slices of a choice, and its sum."""
    total = chosen.total
    counted = "tokens, counted" if chosen.counts_tokens else "tokens, about"
    if chosen.classes:
        head = ("class", "points", "documents", counted, "used", "times", "tokens used")
        rows = [
            (
                one.name, _points(one.there), one.there.documents, _tokens(one.there),
                one.chosen.used, f"{one.chosen.used / max(one.there.documents, 1):.2f}", _tokens(one.chosen),
            )
            for one in chosen.classes
        ]  # fmt: skip
        print_table(head, rows, title="Classes of documents, the best first; points are means")
    differs = not chosen.classes and total.plain != total.chosen
    if len(chosen.slices) > 1 or differs:
        several = chosen.slices[:SHOWN] if len(chosen.slices) > 1 else ()
        print_table(
            OF_SLICES,
            [_slice(one) for one in (*several, total)],
            title="What is chosen, beside what one cut for all would keep; points are means",
        )
        if len(chosen.slices) > SHOWN:
            show(f"{len(chosen.slices) - SHOWN:,} smaller slices are not shown")
    kept, there = total.chosen, total.there
    repeats = f", used {kept.used:,} times" if kept.used != kept.documents else ""
    tokens = ""
    if there.tokens:
        about = "" if chosen.counts_tokens else "about "
        tokens = f", {about}{short_count(kept.tokens)} of {short_count(there.tokens)} tokens"
    share = percent(kept.documents, there.documents)
    show(
        f"chosen: {kept.documents:,} of {there.documents:,} documents with a score ({share}){repeats}{tokens}"
    )
    if kept.documents:
        show(f"their mean score is {kept.points:.2f}; the worst has {chosen.lowest:.3g} points")


def _slice(one: ChosenSlice) -> Sequence[object]:
    return (
        one.name, one.there.documents, one.plain.documents, one.chosen.used,
        _tokens(one.plain), _tokens(one.chosen), _points(one.plain), _points(one.chosen),
    )  # fmt: skip


def _tokens(amount: Amount) -> str:
    return short_count(amount.tokens)


def _points(amount: Amount) -> str:
    return f"{amount.points:.2f}" if amount.used else "-"
