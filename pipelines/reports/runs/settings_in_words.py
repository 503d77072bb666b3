"""The settings of a run in words, as its page lists them: a new one needs a line here."""

from collections.abc import Mapping
from typing import Any

from pipelines.page_kit.page import DIGEST_CHARS, Table

SETTINGS = {
    "effort": "effort",
    "exits": "embedded where words and style give, points",
    "full_fraction": "share that is embedded",
    "ignore_checksums": "wrong checksums of pages are ignored",
    "keep_at": "kept from, points",
    "keep_fraction": "share to keep",
    "known_languages": "languages that the scorer knows",
    "languages_from": "what tells the language of a document",
    "leak_action": "what is done with leaks",
    "leaks_sha256": "digest of the benchmarks",
    "max_disagreement": "decided differently from effort full, at most",
    "max_document_bytes": "longest document that is scored, bytes",
    "max_false": "of what is kept, dropped by effort full, at most",
    "max_lost": "of what effort full keeps, dropped, at most",
    "passages_at": "segments of a passage, from points",
    "plan": "digest of the plan",
    "recut_from": "digest of the plan that this is a new cut of",
    "rows_per_part": "documents of a part, about",
    "rules": "kinds of code that are dropped unscored",
    "score_column": "column of scores",
    "scorer_sha256": "digest of the scorer",
    "scorers": "digests of the scorers",
    "text_column": "column of texts",
    "unsure": "what is done with documents in other languages",
    "write": "what is written",
    "write_origin": "documents say where they are from",
    # Of a choice.
    "asked_at": "kept from, points, unless a value has fewer documents",
    "at_least": "at least of each value",
    "at_most": "share of what is kept that a value has, at most",
    "balance": "as much of each value",
    "by": "chosen within the values of",
    "choice": "digest of the choice",
    "combine": "which points decide, of several scorers",
    "curve": "used by a curve over ranks",
    "cuts": "file of cuts",
    "drop_lowest": "share of the worst that is dropped",
    "expand": "documents are written as often as they are used",
    "files_sha256": "digest of the files of cuts and of a tokenizer",
    "floor": "none is kept below, points",
    "keep_tokens": "tokens to keep",
    "max_repeat": "a class is used at most, times",
    "repeat": "used by score",
    "seed": "seed of what is drawn",
    "temperature": "temperature of the draw",
    "tokenizer": "file that counts tokens",
}
"""Settings of a plan in words."""
SETTINGS_UNSCORED = {"max_document_bytes": "longest document that is searched for tasks, bytes"}
"""The same where nothing is scored."""
SETTINGS_CHOSEN = {"keep_at": "worst that is kept, points"}
"""The same where more than one cut for all decided."""
LANGUAGES_FROM = {
    "column, text": "a column lang or language, else the text",
    "column": "a column lang or language",
    "column, path": "a column lang or language, else one of paths",
}
"""Values of the setting `languages_from` in words."""
UNSURE = {"flag": "kept and flagged", "keep": "kept", "drop": "dropped"}
"""Values of the setting `unsure` in words."""
DIGESTS = ("choice", "files_sha256", "leaks_sha256", "plan", "recut_from", "scorer_sha256")


def settings_table(run: Mapping[str, Any]) -> Table:
    """Return the settings of a run by its manifest, in words and sorted."""
    without = () if run["scorer"] is not None else ("keep_at",)  # where nothing is scored all is kept
    names = SETTINGS if run["scorer"] is not None else SETTINGS | SETTINGS_UNSCORED
    names = names | (SETTINGS_CHOSEN if run["settings"].get("choice") is not None else {})
    rows = [
        (names.get(name, name), _setting(name, value))
        for name, value in {**run["settings"], "plan": run["plan"]}.items()
        if name not in without and value is not None
    ]
    return Table("Settings", ("setting", "value"), sorted(rows), texts=2)


def _setting(name: str, value: object) -> object:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if name == "scorers":
        return ", ".join(one[: one.find("=") + 1 + DIGEST_CHARS] for one in str(value).split())
    words = {"languages_from": LANGUAGES_FROM, "unsure": UNSURE}.get(name, {})
    return str(value)[:DIGEST_CHARS] if name in DIGESTS else words.get(str(value), value)
