"""The passages of a document that raise and that lower its score most, by the score without each."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from filtering.scoring.scorers import SignalScorer
from filtering.text.code_points import ELLIPSIS, characters_that_mean
from filtering.text.windows import REACH, window_text

PASSAGES = 24
"""Of a document, at most."""
LEAST_CHARS = 160
"""Of a passage: shorter lines and sentences are joined."""
LEAST_POINTS = 0.05
"""By which a passage must move the score: what moves it less says nothing of it."""
SHOWN_CHARS = 300
LINE = re.compile(r"[^\n]*\n+|[^\n]+")
_STOPS = characters_that_mean(".!?")
_OTHER_STOPS = "".join(one for one in _STOPS if not one.isascii() and ord(one) != ELLIPSIS)
_BEHIND = rf"[\s{re.escape(characters_that_mean(chr(34) + chr(39) + ')]'))}]"
SENTENCE = re.compile(rf".+?(?:[{_OTHER_STOPS}]+{_BEHIND}*|[{_STOPS}]+{_BEHIND}+|$)", re.DOTALL)
"""Stops of other scripts than Latin end a sentence without a space behind them, as in the kernel."""


@dataclass(frozen=True)
class Passage:
    """A passage of a document, and the score of all the rest.

    Parameters
    ----------
    text : str
        Its first `SHOWN_CHARS` characters.
    characters : int
        Of all of it.
    score_without : float
        Rubric points, by the signals, of the document without it.
    """

    text: str
    characters: int
    score_without: float


def find_passages(
    scorer: SignalScorer, document: bytes, score: float
) -> tuple[Passage | None, Passage | None]:
    """Return the passage that raises a document's score most, and the one that lowers it most.

    None where none does by `LEAST_POINTS`, and for documents of one passage. Of longer documents passages are
    of what signals read.

    Parameters
    ----------
    scorer : SignalScorer
    document : bytes
        UTF-8.
    score : float
        Its rubric points by that scorer.
    """
    passages = split_passages(window_text(document, REACH))
    if len(passages) < 2:
        return None, None
    rest = ["".join([*passages[:at], *passages[at + 1 :]]) for at in range(len(passages))]
    scores = scorer.score(rest)
    found = [
        Passage(text.strip()[:SHOWN_CHARS], len(text), float(value))
        for text, value, reason in zip(passages, scores.value, scores.reason, strict=True)
        if not reason and text.strip()
    ]
    raising = min(found, key=lambda one: one.score_without, default=None)
    lowering = max(found, key=lambda one: one.score_without, default=None)
    return (
        raising if raising and raising.score_without <= score - LEAST_POINTS else None,
        lowering if lowering and lowering.score_without >= score + LEAST_POINTS else None,
    )


def split_passages(text: str) -> list[str]:
    r"""Split a text at ends of lines and of sentences into passages of about the same length.

    Examples
    --------
    >>> split_passages("One.\nTwo.\n")
    ['One.\nTwo.\n']
    >>> [len(one) for one in split_passages("A sentence of some words. " * 40)]
    [182, 182, 182, 182, 182, 130]
    """
    least = max(LEAST_CHARS, len(text) // PASSAGES)
    return _join(_pieces(text, least), least)


def _pieces(text: str, least: int) -> list[str]:
    pieces = []
    for line in LINE.findall(text):
        pieces += SENTENCE.findall(line) if len(line) > 2 * least else [line]
    return pieces


def _join(pieces: Sequence[str], least: int) -> list[str]:
    found: list[str] = []
    current = ""
    for piece in pieces:
        current += piece
        if len(current) >= least:
            found.append(current)
            current = ""
    return [*found, current] if current else found
