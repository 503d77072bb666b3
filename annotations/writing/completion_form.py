"""The question about how a model writes on: its window is a beginning and what was written after it.

So TinyStories had models graded (Eldan and Li, arXiv:2305.07759, section 3): the grader reads both, and
judges what follows the beginning alone.
"""

import hashlib
import json
import secrets
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from annotations.asking.prompt import SYSTEM, instructions_of, read_reply, reply_schema
from annotations.asking.question_form import Answer
from annotations.asking.rubric import Rubric
from filtering.text.windows import cut_window

SPLIT = "\x1e"
"""Stands between the two parts of a window, and in neither."""
ENDED = (
    "What was written has ended. The beginning was given, and is not graded. Grade what was written "
    "after it, as a document that goes on from the beginning, by this rubric."
)


@dataclass(frozen=True)
class CompletionForm:
    """Asks for grades of what follows a beginning; see `annotations.asking.question_form.QuestionForm`.

    Parameters
    ----------
    rubric : Rubric
    """

    rubric: Rubric
    system = SYSTEM

    @cached_property
    def digest(self) -> str:
        """Sha256 of all that a model is told beside the window, in hexadecimal."""
        told = [SYSTEM, *self._parts(SPLIT, ""), self.schema]
        return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()

    @cached_property
    def schema(self) -> dict[str, Any]:
        """See `annotations.asking.prompt.reply_schema`."""
        return reply_schema(self.rubric)

    def parts(self, window: str) -> tuple[str, ...]:
        """Return the parts of the message, with a delimiter that no text can know."""
        return self._parts(window, secrets.token_hex(8))

    def _parts(self, window: str, delimiter: str) -> tuple[str, ...]:
        beginning, _, written = window.partition(SPLIT)
        return (
            "The beginning of a text stands below, and then what was written after it, each between two "
            f"lines that say {delimiter}.",
            f"{delimiter}\n{beginning}\n{delimiter}",
            f"{delimiter}\n{written}\n{delimiter}",
            "\n".join(instructions_of(self.rubric, ENDED)),
        )

    def read(self, content: str, window: str) -> Answer:
        """See `annotations.asking.prompt.read_reply`."""
        return read_reply(content, self.rubric)


def completion_window(beginning: str, written: str) -> str:
    """Return what is read of a beginning and of what was written after it: a window of each.

    Examples
    --------
    >>> completion_window("Once upon a time", " a hen ran.").split(SPLIT)
    ['Once upon a time', ' a hen ran.']
    """
    return SPLIT.join(cut_window(text.replace(SPLIT, " ")) for text in (beginning, written))
