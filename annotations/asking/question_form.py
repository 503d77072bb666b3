"""What a question looks like and how its reply is read: all in which kinds of question differ.

`chat_api.py` asks any of them. Questions for labels are in `prompt.py`; those for texts in the room
`writing/`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol


@dataclass(frozen=True)
class Answer:
    """What a reply says.

    Parameters
    ----------
    scores : mapping of str to int
        Rubric points by dimension; empty where the reply is no label.
    reason : str
        A sentence.
    fault : str
        Why it is not what was asked for, without words of the reply; empty where it is.
    keys : tuple of str
        Of the object that lacks one.
    """

    scores: Mapping[str, int] = field(default_factory=dict)
    reason: str = ""
    fault: str = ""
    keys: tuple[str, ...] = ()


class QuestionForm(Protocol):
    """A kind of question. What differs from one question to the next is its window."""

    @property
    def digest(self) -> str:
        """sha256 of all that a model is told beside the window, in hexadecimal."""
        ...

    @property
    def system(self) -> str:
        """The message before the question."""
        ...

    @property
    def schema(self) -> Mapping[str, Any] | None:
        """The JSON schema of a reply; None where it is text."""
        ...

    def parts(self, window: str) -> tuple[str, ...]:
        """Return the parts of the user's message."""
        ...

    def read(self, content: str, window: str) -> Answer:
        """Return what a reply says, whatever it holds."""
        ...


def prompt_bytes(form: QuestionForm, window: str) -> int:
    """Return the UTF-8 bytes of all that is sent for a window: no tokeniser makes more tokens of it.

    What a server adds by itself (roles, special tokens, a schema) is reckoned by the schema's bytes, twice;
    of a form without one by `TURNS_BYTES`.
    """
    added = TURNS_BYTES if form.schema is None else len((2 * str(form.schema)).encode())
    texts = (form.system, *form.parts(window))
    return added + sum(len(text.encode("utf-8", errors="surrogatepass")) for text in texts)


TURNS_BYTES = 200
"""What templates of chats put around two messages, roughly and at most; a date is the longest of it."""
