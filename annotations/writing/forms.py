"""The questions of writing, as `annotations.asking` asks them: for the text of a recipe, for topics."""

import hashlib
import json
import re
from dataclasses import dataclass, replace
from functools import cached_property

from annotations.asking.prompt import ENDLESS, without_thoughts
from annotations.asking.question_form import Answer
from annotations.asking.unusable import Wanted
from annotations.writing.checks import cleaned, fault_of
from annotations.writing.draws import Request
from annotations.writing.recipe import SYSTEM, Recipe, Topics, recipe_digest
from filtering.text.near_duplicates import WORD

OTHERS = (
    "a model that follows orders better or other instructions, in another --out; or other [checks] in the "
    "recipe"
)
TEXTS = Wanted(
    must="Replies must be texts as the recipe asks for them.",
    count_as_answered="These replies stay in this folder, and the same is not asked here again.",
    to_try={
        "unparseable": OTHERS,
        "too_long": "more room for replies (--max-reply-tokens) in another --out, or a model that takes "
        "longer texts",
        "refused": OTHERS,
        "api_error": "what the endpoint asks for",
    },
    most_unusable=0.9,
    called={"api_error": "no answer", "refused": "refusal", "too_long": "cut"},
)
LISTS = replace(TEXTS, must="Replies must be lists, one entry a line.")
CHECKS_VERSION = 1
"""Raise it where `annotations.writing.checks` finds something else in the same text."""
TOPICS_SYSTEM = "You make lists. Reply with the list alone, one entry a line, without numbers."
MARK = re.compile(r"^\s*(?:[-*\u2022]|\(?\d{1,4}[.):])\s*")
"""Of an entry of a list."""
EMPHASIS = "*_`\"'\u201c\u201d"
TOPIC_WORDS = range(1, 16)
"""Words that an entry may have: what has more is a sentence of the model."""


@dataclass(frozen=True)
class TextForm:
    """Asks for a text; its window is the whole request. See `annotations.asking.question_form.QuestionForm`.

    Parameters
    ----------
    recipe : Recipe
    """

    recipe: Recipe
    system = SYSTEM
    schema = None

    @cached_property
    def digest(self) -> str:
        """See `annotations.writing.recipe.recipe_digest`."""
        return recipe_digest(self.recipe)

    def parts(self, window: str) -> tuple[str, ...]:
        """Return the request."""
        return (window,)

    def read(self, content: str, window: str) -> Answer:
        """Tell whether a reply is a text that passes the checks, and by which ones that was told.

        Parameters
        ----------
        content : str
        window : str
            The `Request`.
        """
        text = text_of(content, self.recipe)
        drawn = window.drawn if isinstance(window, Request) else {}
        fault = ENDLESS if text is None else fault_of(text, self.recipe.checks, drawn, window)
        return Answer(reason=self.checked_by, fault=fault)

    @cached_property
    def checked_by(self) -> str:
        """What stands for the checks of the recipe: where it is another, replies are checked anew."""
        told = hashlib.sha256(self.recipe.checks.model_dump_json().encode()).hexdigest()
        return f"checks/{CHECKS_VERSION}/{told}"


def text_of(content: str, recipe: Recipe) -> str | None:
    """Return the text of a reply, without thoughts and wrapping; None where its thoughts do not end."""
    said = without_thoughts(content)
    return None if said is None else cleaned(said, recipe.checks)


@dataclass(frozen=True)
class TopicsForm:
    """Asks for a list of topics; its window is the whole request.

    Parameters
    ----------
    topics : Topics
    """

    topics: Topics
    system = TOPICS_SYSTEM
    schema = None

    @cached_property
    def digest(self) -> str:
        """Sha256 of what is told beside the window."""
        told = json.dumps([self.system, self.topics.instructions])
        return hashlib.sha256(told.encode()).hexdigest()

    def parts(self, window: str) -> tuple[str, ...]:
        """Return the request."""
        return (window,)

    def read(self, content: str, window: str) -> Answer:
        """Tell whether a reply holds a list."""
        return Answer(fault="" if topics_in(content) else "no list, one entry a line")


def topics_in(content: str) -> list[str]:
    r"""Return the topics that a reply lists, each once.

    Where some lines have the mark of an entry, the others are remarks.

    Examples
    --------
    >>> topics_in("Here are some:\n1. **Fractions**\n2. The area of a circle.\n3. fractions")
    ['Fractions', 'The area of a circle']
    >>> topics_in("Prime numbers\nFractions")
    ['Prime numbers', 'Fractions']
    """
    lines = [line for line in (without_thoughts(content) or "").splitlines() if line.strip()]
    marked = [line for line in lines if MARK.match(line)]
    found: dict[tuple[str, ...], str] = {}
    for line in marked or [line for line in lines if not line.rstrip().endswith(":")]:
        topic = MARK.sub("", line).strip().strip(EMPHASIS).rstrip(".").strip(EMPHASIS).strip()
        key = topic_key(topic)
        if len(key) in TOPIC_WORDS:
            found.setdefault(key, topic)
    return list(found.values())


def topic_key(topic: str) -> tuple[str, ...]:
    """Return the words by which two topics are the same, in whatever order they stand."""
    return tuple(sorted(WORD.findall(topic.lower())))
