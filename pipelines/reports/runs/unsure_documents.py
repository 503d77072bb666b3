"""What a run found of documents that its scorer does not know, in words: for the screen and the page."""

import shlex
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from filtering.scoring.unsure import FEW_LABELS, SOURCE_FILES, Unsure, languages_in_words
from pipelines.dump.row_values.row_languages import names_programs

WORTH_LABELS = 20
"""Documents, all dropped by scores that are not reliable, from which on it is said how to judge them."""
LABEL = (
    "Some of them may teach all the same. To judge them, label some (edufilter sample), and train a scorer."
)


def languages_after(manifest: Mapping[str, Any], out: str, unsure: Unsure | None) -> str:
    """Return how many documents are in languages that the scorer does not know, and what became of them.

    First all of them are told, then those that are kept; empty if there are none.

    Parameters
    ----------
    manifest : mapping
        Of the run, which counts each of them that is kept, or was dropped for that.
    out : str
        Folder of the run.
    unsure : Unsure, optional
        Of the documents that were looked at, whether kept or not; None where none were.

    Examples
    --------
    >>> run = {"rows": 900, "without_score": 0, "unsure": {"ru": 3}, "kept": 410, "settings": {}}
    >>> run["settings"] = {"unsure": "flag", "write": "kept"}
    >>> said = languages_after(run, "out", Unsure(900, {"ru": 20}, {"en": 2162}, kept=3))
    >>> said[:19], said.partition(": ")[2].partition(". ")[0]
    ('20 of 900 documents', 'their scores are not reliable, and at this cut 3 of them are kept')
    """
    if unsure is None or unsure.are_other or not unsure.in_languages:
        return _counted_in_words(manifest, out)
    settings = manifest["settings"]
    is_counted = settings.get("unsure") in ("flag", "drop") and settings.get("write") != "scores"
    if is_counted:
        counted, known = sum(manifest["unsure"].values()), replace(unsure, kept=None)
        if not are_all(manifest, unsure):
            return f"{known.in_words} {_counted_in_words(manifest, out)}".rstrip()
        if settings["unsure"] == "drop":
            return f"{known.in_words} {_dropped_in_words(counted)}"
        unsure = replace(unsure, kept=counted)
    if unsure.kept == 0:
        return f"{unsure.in_words} {LABEL if unsure.in_languages >= WORTH_LABELS else ''}".rstrip()
    step = _next_step(manifest, out, unsure.languages, unsure.documents, kept=unsure.kept)
    marked = _marked(settings, unsure.kept) if is_counted and unsure.kept else ""
    return " ".join(filter(None, (unsure.in_words, marked, step)))


def warning_after(manifest: Mapping[str, Any], out: str, unsure: Unsure) -> str:
    """Return what else there is to warn of after a run, beside `languages_after`; often nothing.

    Parameters
    ----------
    manifest, out
        As in `languages_after`.
    unsure : Unsure
        Of the documents that were looked at.
    """
    is_said = SOURCE_FILES in languages_after(manifest, out, unsure)
    return " ".join(filter(None, (unsure.of_words, "" if is_said else unsure.of_kind)))


def are_all(manifest: Mapping[str, Any], unsure: Unsure) -> bool:
    """Tell whether all documents of a run with a score were looked at, and no sample of them."""
    return bool(unsure.documents == manifest["rows"] - manifest["without_score"])


def _counted_in_words(manifest: Mapping[str, Any], out: str) -> str:
    """Return what the run itself counted: of what it kept, or of what reached the cut and was dropped."""
    counts = dict(Counter(manifest["unsure"]).most_common())
    unsure = sum(counts.values())
    is_dropped = manifest["settings"].get("unsure") == "drop"
    if not unsure:
        none = "No document that reaches the cut is in a language for which this scorer has fewer than"
        return f"{none} {FEW_LABELS} labels: --unsure drop left out nothing." if is_dropped else ""
    one = unsure == 1
    where = (
        f"in {'a language' if one else 'languages'} for which this scorer has fewer than {FEW_LABELS} labels "
        f"({languages_in_words(counts)})"
    )
    if is_dropped:
        return f"{unsure:,} {'document that reaches' if one else 'documents that reach'} the cut " + (
            f"{'is' if one else 'are'} {where}. Dropped, with the reason unsure."
        )
    return (
        f"{unsure:,} of the {manifest['kept']:,} documents kept {'is' if one else 'are'} {where}. "
        f"{_marked(manifest['settings'], unsure)} {_next_step(manifest, out, counts)}"
    )


def _dropped_in_words(count: int) -> str:
    if not count:
        return "None of them reaches the cut: --unsure drop left out nothing."
    what = "reaches the cut and is" if count == 1 else "reach the cut and are"
    return f"{count:,} of them {what} dropped, with the reason unsure."


def _marked(settings: Mapping[str, Any], count: int) -> str:
    column = settings.get("score_column", "edu_score").removesuffix("_score") + "_unsure"
    return f"The column {column} marks {'it' if count == 1 else 'them'}."


def _next_step(
    manifest: Mapping[str, Any],
    out: str,
    counts: Mapping[str, int],
    documents: int = 0,
    kept: int | None = None,
) -> str:
    """Return what to do with documents that are kept, by their languages."""
    of_code = manifest["settings"].get("languages_from") == "column, path"  # which the scorer knows
    programs = sum(count for name, count in counts.items() if names_programs(name))
    if not of_code and 2 * programs > (documents or manifest["kept"]):
        return f"These are {SOURCE_FILES}"
    most = f"Most of these are {SOURCE_FILES} " if not of_code and 2 * programs > sum(counts.values()) else ""
    folder = out.rstrip("/")
    words = shlex.join(["edufilter", "recut", folder, "--unsure", "drop", "--to", f"{folder}-sure"])
    return f"{most}{words} drops {'it' if (kept or sum(counts.values())) == 1 else 'them'}."
