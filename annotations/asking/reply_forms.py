"""Which form of question an endpoint takes: found out from strict to loose, at the first question."""

from collections.abc import Sequence
from typing import Literal

WAYS = ("json_schema", "json_object", "text", "one_string")
"""How a reply's form is asked for, strictest first; the last also sends the message as one string."""
WAYS_OF_TEXT = WAYS[-1:]
"""The same where the reply is text: one string, which every endpoint takes."""
FORM_REFUSED = frozenset((400, 404, 405, 415, 422, 501))
"""Answers to a form that an endpoint does not know; some answer 500, which may mean anything."""
LIMITS = ("max_completion_tokens", "max_tokens")
"""Names of the limit of a reply: OpenAI's own, and the one that older servers know."""
PATIENCE_500 = 2
"""A form is given up after so many answers of 500."""

Step = Literal["again", "looser", "renamed", "none"]
"""What to do after a form was refused: ask again later, ask in a looser one or by another name of the limit,
or give the document up."""


class Ladder:
    """The forms, and the one that is to be asked in.

    Parameters
    ----------
    ways : sequence of str
        Some of `WAYS`, strictest first.

    Attributes
    ----------
    way : str
        The strictest that was not refused.
    limit : str
        One of `LIMITS`: how the reply's limit is called.
    is_settled : bool
        Whether an endpoint took it. Then it stays, and no answer is taken for a refusal of it.
    """

    def __init__(self, ways: Sequence[str] = WAYS) -> None:
        self._ways = ways
        self.is_settled = False
        self.limit = LIMITS[0]
        self._is_other_limit_tried = False
        self._rung = self._failures = 0

    @property
    def way(self) -> str:
        """The form to ask in."""
        return self._ways[self._rung]

    def may_refuse(self, status: int) -> bool:
        """Tell whether an HTTP status can be an answer to the form."""
        return not self.is_settled and (status in FORM_REFUSED or status == 500)

    def step_down(self, status: int, words: str = "") -> Step:
        """Take note that the form was refused with a status and some words, and return what to do."""
        if not self._is_other_limit_tried and any(name in words for name in LIMITS):
            self._is_other_limit_tried, self.limit = True, LIMITS[1]
            return "renamed"
        if LIMITS[0] in words:  # it wants this one after all
            self.limit = LIMITS[0]
        if status == 500:
            self._failures += 1
            if self._failures < PATIENCE_500:
                return "again"
        self._failures = 0
        if self.way != self._ways[-1]:
            self._rung += 1
            return "looser"
        # The next document may be taken: perhaps this one is to blame.
        self._rung, self.limit, self._is_other_limit_tried = 0, LIMITS[0], False
        return "again" if status == 500 else "none"

    def settle(self) -> None:
        """Keep to the form: a question in it was answered."""
        self.is_settled = True
