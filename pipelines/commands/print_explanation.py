"""Prints why a document has its score: first in words, then by groups, single signals and passages."""

from filtering.explaining.explain import Explanation
from filtering.explaining.passages import Passage
from filtering.printable import printable
from filtering.scoring.scorers import DECIDED_BY
from pipelines.commands.screen import show
from pipelines.commands.tables import print_table
from pipelines.run.explain_row import ExplainedDocument

SHOWN_CHARS = 240
"""Of a passage."""
LEAST_POINTS = 0.005
"""What moves a score by less is shown as nothing, and so left out."""


def print_explanation(found: ExplainedDocument) -> None:
    """Print whether a document is kept and why, what moved its score, and what of that is shown."""
    why = found.why
    if found.file:
        show(f"{found.file}, row {found.row:,}")
    if why.score is None or why.signals_score is None:
        show(f"no score: {why.reason}")
        return
    verdict, decided_by = "kept" if why.kept else "not kept", DECIDED_BY[why.stage]
    show(f"{verdict}: {why.score:.2f} points, decided by {decided_by} (kept from {why.keep_at:g} on)")
    show(why.sentence)
    if why.unsure:
        show(f"Warning: {why.unsure}")
    if why.stage == "embedding":
        show(
            f"The embedding made {why.score:.2f} points of the {why.signals_score:.2f} by words and style. "
            "What follows explains these."
        )
    show(
        f"\nA document with nothing unusual has {why.start:.2f} points. From there, by group, this one "
        f"comes to {why.signals_score:.2f}:"
    )
    groups = [
        (one.group, f"{one.points:+.2f}", f"{100 * one.share:.0f} %")
        for one in why.groups
        if abs(one.points) >= LEAST_POINTS
    ]
    print_table(("group", "points", "share of what moved it"), groups)
    for does, signals in (("raised it", why.raised), ("lowered it", why.lowered)):
        rows = [
            (one.name, one.amount, f"{one.points:+.2f}") for one in signals if abs(one.points) >= LEAST_POINTS
        ]
        print_table((does, "how much", "points"), rows, texts=2)
    show(_what_is_shown(why))
    _print_passage("raises", why.raising_passage, why)
    _print_passage("lowers", why.lowering_passage, why)


def _what_is_shown(why: Explanation) -> str:
    """Return how much of what moved a score is listed, what the rest is, and what stands in brackets."""
    shown = f"The signals listed are {100 * why.shown_share:.0f} % of all that moved the score."
    if why.others:
        shown += (
            f" The other {why.others:,} are small amounts: together they raised it by "
            f"{why.others_raised:.2f} points and lowered it by {-why.others_lowered:.2f}. "
            "Show more with --top."
        )
    return (
        f'{shown} A word counts with its letters and half of each pair that it stands in. "usual" is what '
        "eleven in twelve of the documents have that the scorer was trained on."
    )


def _print_passage(does: str, passage: Passage | None, why: Explanation) -> None:
    if passage is not None:
        text = " ".join(passage.text.split())
        end = "..." if passage.characters > len(passage.text) or len(text) > SHOWN_CHARS else ""
        show(
            f"\nThe passage that {does} the score most ({why.signals_score:.2f} with it, "
            f"{passage.score_without:.2f} without):\n  {printable(text[:SHOWN_CHARS])}{end}"
        )
