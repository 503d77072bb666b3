"""Documents to read on a page: a card each, in groups, with a search that needs no server."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from pipelines.page import text

EXCERPT_CHARS = 1200
MORE_CHARS = 10_000
"""Characters of a document behind "more"; the rest stays in its file."""
CARD_CHARS = EXCERPT_CHARS + MORE_CHARS


@dataclass(frozen=True)
class Card:
    """A document to read.

    Parameters
    ----------
    group : str
        Why it is shown: the heading that it stands below.
    score : float, optional
        Rubric points; None where a reader is not to be led by them.
    kept : bool
    about : str
        Where it is from, and what else stands beside its score.
    content : str
        Its first `CARD_CHARS` characters.
    characters : int
        Length of the whole document.
    slices : mapping
        Its values by kind: its language, say.
    raised, lowered : sequence of str
        What moved its score most, up and down.
    """

    group: str
    score: float | None
    kept: bool
    about: str
    content: str
    characters: int
    slices: Mapping[str, str] = field(default_factory=dict)
    raised: Sequence[str] = ()
    lowered: Sequence[str] = ()


def card_section(cards: Sequence[Card], groups: Sequence[str]) -> str:
    """Return cards below the headings of their groups, after a search."""
    columns = []
    for group in groups:
        shown = [_card(one) for one in cards if one.group == group]
        columns.append(
            f"<section><h3>{text(group)}</h3>{''.join(shown) or '<p class=soft>No others.</p>'}</section>"
        )
    return f"<div>{_search(cards)}<div class=columns>{''.join(columns)}</div></div>"


def _search(cards: Sequence[Card]) -> str:
    """Return the search, hidden until the script is there that does it."""
    values: dict[str, set[str]] = defaultdict(set)
    for card in cards:
        for kind, value in card.slices.items():
            values[kind].add(value)
    options = "".join(
        f"<optgroup label='{text(kind)}'>"
        + "".join(f"<option value='{_key(kind, one)}'>{text(one)}</option>" for one in sorted(found))
        + "</optgroup>"
        for kind, found in values.items()
        if len(found) > 1
    )
    select = f"<select aria-label='Slice'><option value=''>all slices</option>{options}</select>"
    return (
        "<div class=search hidden><input type=search placeholder='Search in these documents' "
        f"aria-label='Search'>{select if options else ''}<output></output></div>"
    )


def _key(kind: str, value: str) -> str:
    """Return what the script compares: on one line."""
    return text(" ".join(f"{kind}: {value}".split()))


def _card(card: Card) -> str:
    rest, more = card.content[EXCERPT_CHARS:], ""
    if rest:
        unseen = card.characters - len(card.content)
        end = f"<p class=soft>{unseen:,} more characters are in the file.</p>" if unseen else ""
        more = (
            f"<details><summary>{card.characters - EXCERPT_CHARS:,} more characters</summary>"
            f"<pre dir=auto>{text(rest)}</pre>{end}</details>"
        )
    score = "" if card.score is None else f"<b>{card.score:.3f}</b>"
    slices = "&#10;".join(_key(kind, value) for kind, value in card.slices.items())
    return (
        f"<article class='sample card{'' if card.kept else ' dropped'}' data-slices='{slices}'>"
        f"<header>{score}<span class=soft>{text(card.about)}</span></header>"
        f"<pre dir=auto>\n{text(card.content[:EXCERPT_CHARS])}</pre>{_why(card)}{more}</article>"
    )


def _why(card: Card) -> str:
    if not card.raised and not card.lowered:
        return ""
    lists = "".join(
        f"<div><b>{name}</b><ul>{''.join(f'<li>{text(one)}</li>' for one in moved)}</ul></div>"
        for name, moved in (("raised by", card.raised), ("lowered by", card.lowered))
        if moved
    )
    return f"<details><summary>Why</summary><div class=why>{lists}</div></details>"
