"""What an explanation says: values alone, which `explain.py` finds."""

from dataclasses import dataclass

from filtering.explaining.passages import Passage


@dataclass(frozen=True)
class SignalAmount:
    """What one signal adds to the score of a document.

    Parameters
    ----------
    group : str
        ``words``, ``layout``, ``references to the reader`` and the like (`filtering.explaining.groups`).
    name : str
        What it is: ``opening brackets``, ``"prime"``, ``lines that end in a colon``.
    amount : str
        How much of it the document has: ``267 of 5,100 characters``, ``3 times``.
    raw : float
        Units of the raw value. Of a statistic, more than at the seed's median.
    points : float
        Rubric points.
    """

    group: str
    name: str
    amount: str
    raw: float
    points: float


@dataclass(frozen=True)
class GroupAmount:
    """What all signals of a group add to the score of a document.

    Parameters
    ----------
    group : str
    raw, points : float
        As in `SignalAmount`.
    share : float
        In [0, 1]: of all that moved the score, up or down, group by group.
    """

    group: str
    raw: float
    points: float
    share: float


@dataclass(frozen=True)
class Explanation:
    """Why a document has its score.

    Parameters
    ----------
    score : float, optional
        Rubric points; None where the document has none.
    kept : bool
        Whether that is at least `keep_at`; of a run, what that decided.
    dropped_for : str
        Why a run left the document out in spite of its score: as a leak, say. Empty otherwise.
    keep_at : float
        Rubric points from which a document is kept.
    sentence : str
        Why, in words: what the document has much or little of, where that moved its score. First why it is
        kept, or why it is not.
    speaks_for, speaks_against : str
        The two clauses that the sentence is made of; empty where nothing stands out.
    stage : str
        What decided: ``signals`` or ``embedding``; empty where there is no score.
    reason : str
        Why there is no score; empty where there is one.
    unsure : str
        Why the score is not reliable: the language of the text, say. Empty where nothing says so.
    signals_score : float, optional
        Rubric points by the signals alone, which all else explains.
    start : float
        Rubric points of the start: of a document without n-grams whose statistics are usual.
    start_raw, raw : float
        Raw values of the start, and of the document by the signals.
    groups : tuple of GroupAmount
        Groups of signals, those that move most first; with the start they make `signals_score`.
    raised, lowered : tuple of SignalAmount
        Those signals that add and take most, in that order; each once.
    shown_share : float
        In [0, 1]: how much of all that single signals moved these cover.
    others : int
        Signals that are not among them.
    others_raised, others_lowered : float
        Rubric points that these others add, and take, together.
    unread_bytes : int
        Of a long document, what words and style do not read: they read its beginning, middle and end.
    raising_passage, lowering_passage : Passage, optional
        Without which the signals' score is lowest, and highest; None where there is no such passage.
    """

    score: float | None
    kept: bool
    dropped_for: str
    keep_at: float
    sentence: str
    speaks_for: str
    speaks_against: str
    stage: str
    reason: str
    unsure: str
    signals_score: float | None
    start: float
    start_raw: float
    raw: float
    groups: tuple[GroupAmount, ...]
    raised: tuple[SignalAmount, ...]
    lowered: tuple[SignalAmount, ...]
    shown_share: float
    others: int
    others_raised: float
    others_lowered: float
    unread_bytes: int
    raising_passage: Passage | None
    lowering_passage: Passage | None


def unscored(reason: str, keep_at: float) -> Explanation:
    """Return the explanation of a document that has no score."""
    return Explanation(
        score=None,
        kept=False,
        dropped_for="",
        keep_at=keep_at,
        sentence="",
        speaks_for="",
        speaks_against="",
        stage="",
        reason=reason,
        unsure="",
        signals_score=None,
        start=0.0,
        start_raw=0.0,
        raw=0.0,
        groups=(),
        raised=(),
        lowered=(),
        shown_share=0.0,
        others=0,
        others_raised=0.0,
        others_lowered=0.0,
        unread_bytes=0,
        raising_passage=None,
        lowering_passage=None,
    )
