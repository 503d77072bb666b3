"""Documents to read on a page: a card each, in groups, with a search that needs no server."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

EXCERPT_CHARS, EXCERPT_LINES = 800, 12
"""What is seen at once of a document, at most."""
CARD_CHARS = 11_000
"""Characters that a page has of a document; the rest stays in its file."""


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

    @property
    def excerpt(self) -> str:
        r"""What is seen at once.

        Examples
        --------
        >>> card = Card("", None, True, "", "line\n" * 20, 100)
        >>> len(card.excerpt), len(card.rest), card.characters_left
        (60, 40, 40)
        """
        lines = self.content[:EXCERPT_CHARS].splitlines(keepends=True)
        return "".join(lines[:EXCERPT_LINES])

    @property
    def rest(self) -> str:
        """What is seen on demand."""
        return self.content[len(self.excerpt) :]

    @property
    def characters_left(self) -> int:
        """How many characters follow the excerpt."""
        return self.characters - len(self.excerpt)

    @property
    def characters_unseen(self) -> int:
        """How many characters are in the file alone."""
        return self.characters - len(self.content)

    @property
    def slice_keys(self) -> list[str]:
        """What the script looks for when a slice is chosen."""
        return [_key(kind, value) for kind, value in self.slices.items()]


@dataclass(frozen=True)
class CardSection:
    """Cards as a page shows them.

    Parameters
    ----------
    groups : mapping
        Cards by heading; none stand below some.
    slices : mapping
        Kinds of slices to choose from: for each value what the script looks for, and its name.
    things, kinds : str
        What the page calls documents, and slices.
    """

    groups: Mapping[str, Sequence[Card]]
    slices: Mapping[str, Sequence[tuple[str, str]]]
    things: str
    kinds: str


def card_section(
    cards: Sequence[Card], groups: Sequence[str], *, things: str = "documents", kinds: str = "slices"
) -> CardSection:
    """Return cards below the headings of their groups, and the slices that tell them apart."""
    values: dict[str, set[str]] = defaultdict(set)
    for card in cards:
        for kind, value in card.slices.items():
            values[kind].add(value)
    return CardSection(
        groups={group: [card for card in cards if card.group == group] for group in groups},
        slices={
            kind: [(_key(kind, value), value) for value in sorted(found)]
            for kind, found in values.items()
            if len(found) > 1
        },
        things=things,
        kinds=kinds,
    )


def _key(kind: str, value: str) -> str:
    """Return a slice on one line."""
    return " ".join(f"{kind}: {value}".split())
