"""A folder of texts: what lies in it, and of which settings it is.

::

    texts/data/<recipe>.parquet   the texts that are kept: what filter, train and the others take
    texts/_failed.parquet         what was thrown away, with its reason; no data to those who read the folder
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
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from annotations.labels.sources import TEXTS_FILE
from filtering.errors import OutputError
from pipelines.labels.label_folder import journal_there
from pipelines.new_files import written_whole

FORMAT = 1
"""Number of the layout of ``write.json`` and ``summary.json``."""
TOPICS_FILE, SUMMARY_FILE = "topics.jsonl", "summary.json"
DATA, PAGE = "data", "report.html"
FAILED_FILE = "_failed.parquet"
"""With an underscore, as readers of folders (`pipelines.dump.inputs`, Arrow, Spark) know what is no data."""
MOST_TOKENS = "max_completion_tokens"
"""Of a reply, among the parameters of the model."""
WHAT = {
    "recipe": "recipe",
    "recipe_sha256": "recipe (its instructions, slots or topics)",
    "model": "--model",
    "parameters": "--temperature or --max-reply-tokens",
    "seed": "--seed",
    "topics": "--topics",
    "documents": "--from",
}
"""What decides which texts are asked for, and how it is set."""
UNTOLD = ("recipe_sha256", "documents")
"""Of these: digests, which tell nobody anything."""


def data_file(out: str, recipe: str) -> Path:
    """Return where the texts of a recipe lie."""
    return Path(out, DATA, f"{recipe}.parquet")


def begun_with(out: str) -> dict[str, Any]:
    """Return what a folder of texts was begun with, by the names of `WHAT`; nothing where it has no answer.

    Raises
    ------
    OutputError
        If it is a folder of something else, or what it notes is not as it was written.
    """
    path = Path(out, TEXTS_FILE)
    with journal_there(out) as journal:
        if not journal.is_begun():
            return {}
    if not path.exists():
        raise OutputError(
            f"Texts must go to a new or empty folder, or to one of texts. {out} holds replies of something "
            f"else, for it has no {TEXTS_FILE}. Choose another --out."
        )
    try:
        noted = json.loads(path.read_text())
        return {name: noted[name] for name in WHAT} | {
            MOST_TOKENS: json.loads(noted["parameters"])[MOST_TOKENS]
        }
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise OutputError(
            f"{path} must be as it was written. {type(error).__name__}. Restore it, or choose another --out."
        ) from None


def refuse_other(out: str, settings: Mapping[str, object]) -> None:
    """Refuse a folder that was begun with other settings of those that decide which texts are asked for.

    Raises
    ------
    OutputError
    """
    noted = begun_with(out)
    other = next((name for name in settings if noted and noted[name] != settings[name]), None)
    if other is None:
        return
    told = "" if other in UNTOLD else f": {noted[other]!r}"
    if other == "parameters":
        temperature = json.loads(noted[other])["temperature"]
        told = f": {'that of the model' if temperature is None else temperature} and {noted[MOST_TOKENS]}"
    raise OutputError(
        f"A folder must hold texts of one recipe, model and seed. {out} was begun with another "
        f"{WHAT[other]}{told}. Give the same again, or choose another --out."
    )


def hold_to(out: str, settings: Mapping[str, object]) -> None:
    """Note what decides which texts are asked for; where there are answers, it must be the same as noted.

    Raises
    ------
    OutputError
        As `refuse_other`.
    """
    refuse_other(out, settings)
    with written_whole(Path(out, TEXTS_FILE)) as place:
        place.write_text(json.dumps({"format": FORMAT, **settings}, indent=1))


def draws_written(out: str, recipe: str) -> int:
    """Return the number of draws that reach to the last text that a folder keeps; 0 where it keeps none."""
    try:
        found = pq.read_table(data_file(out, recipe), columns=["draw"])["draw"]
    except (OSError, pa.ArrowException):  # not there, or not as it was written: it is written anew
        return 0
    return 1 + int(pc.max(found).as_py()) if len(found) else 0


def write_json(path: Path, value: object) -> None:
    """Write a value as JSON, in one step."""
    with written_whole(path) as place:
        place.write_text(json.dumps(value, indent=1), encoding="utf-8")
