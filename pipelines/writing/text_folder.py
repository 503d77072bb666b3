"""A folder of texts: what lies in it, and of which settings it is.

::

    texts/data/<recipe>.parquet   the texts that are kept: what filter, train and the others take
    texts/failed.parquet          what was thrown away, with its reason
    texts/report.html             the page
    texts/summary.json            its figures
    texts/topics.jsonl            the topics that were listed first, where the recipe has any
    texts/journal.sqlite          every reply as it came, for its owner alone; see `annotations.asking`
    texts/write.json              recipe, model and seed
    texts/lock                    held by the running process
"""

import json
from collections.abc import Mapping
from pathlib import Path

from annotations.labels.sources import TEXTS_FILE
from filtering.errors import OutputError
from pipelines.new_files import written_whole

FORMAT = 1
"""Number of the layout of ``write.json`` and ``summary.json``."""
TOPICS_FILE, SUMMARY_FILE = "topics.jsonl", "summary.json"
DATA, FAILED_FILE, PAGE = "data", "failed.parquet", "report.html"
WHAT = {
    "recipe_sha256": "recipe (its instructions, slots or topics)",
    "model": "--model",
    "parameters": "--temperature or --max-reply-tokens (which follows from the recipe's max_words)",
    "seed": "--seed",
    "topics": "--topics",
    "documents": "--from",
}
"""What decides which texts are asked for, and how it is set."""


def data_file(out: str, recipe: str) -> Path:
    """Return where the texts of a recipe lie."""
    return Path(out, DATA, f"{recipe}.parquet")


def hold_to(out: str, settings: Mapping[str, object], *, is_begun: bool) -> None:
    """Note what decides which texts are asked for; where there are answers, it must be the same as noted.

    Raises
    ------
    OutputError
        If the folder was begun with something else.
    """
    path = Path(out, TEXTS_FILE)
    if not is_begun:
        with written_whole(path) as place:
            place.write_text(json.dumps({"format": FORMAT, **settings}, indent=1))
        return
    try:
        noted = json.loads(path.read_text())
        other = next((name for name in settings if noted[name] != settings[name]), None)
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise OutputError(
            f"{path} must be as it was written. {type(error).__name__}. Restore it, or choose another --out."
        ) from None
    if other is not None:
        raise OutputError(
            f"A folder must hold texts of one recipe, model and seed. {out} was begun with another "
            f"{WHAT[other]}. Give the same again, or choose another --out."
        )


def write_json(path: Path, value: object) -> None:
    """Write a value as JSON, in one step."""
    with written_whole(path) as place:
        place.write_text(json.dumps(value, indent=1), encoding="utf-8")
