"""What answers the question of a window: the protocol, and what it answers with.

`chat_api.py` holds one. An annotator makes one attempt; attempts are repeated, paid and
kept by `question_loop.py`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, Protocol

from annotations.asking.settings import Rater

Status = Literal["ok", "unparseable", "refused", "too_long", "api_error", "imported"]
"""What became of a question. Only ``ok`` and ``imported`` have scores: a failed label is never a score.

``unparseable``: the reply is not what was asked for: no answer by the rubric, no text of the recipe.
``refused``: the model, or a filter before it, would not answer. ``too_long``: the document or the reply had
more tokens than there is room for. ``api_error``: there was no reply, though it was asked for several times;
it alone is asked for again. ``imported``: the score was not asked for here.
"""

SCORED: tuple[Status, ...] = ("ok", "imported")
FINAL: tuple[Status, ...] = ("ok", "unparseable", "refused", "too_long", "imported")


@dataclass(frozen=True)
class Reply:
    """What came back for a window.

    Parameters
    ----------
    status : str
        See `Status`.
    scores : mapping of str to float
        Rubric points by dimension; empty unless the status is ``ok``, and where a text was asked for.
    reason : str
        The model's sentence.
    raw : str
        The reply as it came; less the key, should a server send it back.
    structured_by : str
        How the reply's form was asked for: ``json_schema``, ``json_object``, ``text`` or ``one_string``.
    served_model : str
        The model as the server named it.
    tokens_in, tokens_out : int, optional
        As the server counted them.
    latency_s : float
    error : str
        What went wrong, without any text of the document.
    """

    status: Status
    scores: Mapping[str, float] = field(default_factory=dict)
    reason: str = ""
    raw: str = ""
    structured_by: str = ""
    served_model: str = ""
    tokens_in: int | None = None
    tokens_out: int | None = None
    latency_s: float = 0.0
    error: str = ""

    @property
    def is_of_model(self) -> bool:
        """Whether a model said something; else the endpoint did not take the question, free of charge."""
        return bool(self.structured_by) or (self.tokens_in, self.tokens_out) != (0, 0)


class Unanswered(Exception):
    """An attempt came to nothing, and another one may do better.

    Parameters
    ----------
    message : str
        What went wrong, without any text of the document.
    retry_after_s : float, optional
        How long the server asked to wait.
    may_be_paid : bool
        Whether the server may have answered, and charged for it, all the same.
    """

    def __init__(
        self, message: str, *, retry_after_s: float | None = None, may_be_paid: bool = False
    ) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s
        self.may_be_paid = may_be_paid


class Annotator(Protocol):
    """What answers the question of a window."""

    @property
    def rater(self) -> Rater:
        """Who answers."""
        ...

    async def annotate(self, window: str) -> Reply:
        """Make one attempt at a window.

        Raises
        ------
        Unanswered
            If there was no reply, and there may be one later.
        EndpointError
            If there never will be one: a wrong key, model, address or option.
        RunError
            If it does not answer any more, and did before.
        """
        ...

    async def close(self) -> None:
        """Let go of connections; an attempt after that opens new ones."""
        ...
