"""What a run found of documents that its scorer does not know, in words: for the screen and the page."""

import shlex
from collections import Counter
from collections.abc import Mapping
from typing import Any

from filtering.scoring.unsure import FEW_LABELS, SOURCE_FILES, Unsure, languages_in_words
from pipelines.dump.row_languages import names_programs


def unsure_in_words(manifest: Mapping[str, Any], out: str) -> str:
    """Return what became of documents in languages that the scorer does not know; empty if there are none.

    Parameters
    ----------
    manifest : mapping
        Of the run, which counts each of them that is kept, or was dropped for that.
    out : str
        Folder of the run.

    Examples
    --------
    >>> run = {"unsure": {"ru": 20, "de": 3}, "kept": 410, "settings": {"unsure": "flag"}}
    >>> unsure_in_words(run, "out")[:61]
    '23 of the 410 documents kept are in languages for which this '
    >>> unsure_in_words(run, "out")[-59:]
    'edufilter recut out --unsure drop --to out-sure drops them.'
    """
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
    column = manifest["settings"].get("score_column", "edu_score").removesuffix("_score") + "_unsure"
    return (
        f"{unsure:,} of the {manifest['kept']:,} documents kept {'is' if one else 'are'} {where}. "
        f"The column {column} marks {'it' if one else 'them'}. {_next_step(manifest, out, counts)}"
    )


def warning_after(manifest: Mapping[str, Any], out: str, unsure: Unsure) -> str:
    """Return what there is to warn of after a run beside `unsure_in_words`, and what to do; often nothing.

    Parameters
    ----------
    manifest, out
        As in `unsure_in_words`.
    unsure : Unsure
        Of the documents that were looked at for the report.
    """
    step = step_after(manifest, out, unsure)
    languages = unsure.of_languages if step else ""
    of_kind = "" if SOURCE_FILES in unsure_in_words(manifest, out) else unsure.of_kind
    return " ".join(filter(None, (languages, step, unsure.of_words, of_kind)))


def note_after(manifest: Mapping[str, Any], out: str, unsure: Unsure) -> str:
    """Return what a run found of languages that the scorer does not know, be it too little to warn of.

    Parameters
    ----------
    manifest, out, unsure
        As in `warning_after`.
    """
    said = unsure_in_words(manifest, out)
    return said or unsure.of_few_languages


def step_after(manifest: Mapping[str, Any], out: str, unsure: Unsure) -> str:
    """Return what to do after a run of whose documents `unsure_in_words` says nothing; often nothing."""
    told = manifest["settings"].get("unsure") == "drop" or sum(manifest["unsure"].values())
    if told or not unsure.of_languages:
        return ""
    if not unsure.kept:
        return "To judge them, label some of them (edufilter sample) and train a scorer."
    return _next_step(manifest, out, unsure.languages, unsure.documents)


def _next_step(manifest: Mapping[str, Any], out: str, counts: Mapping[str, int], documents: int = 0) -> str:
    """Return what to do with documents that are kept, by their languages."""
    of_code = manifest["settings"].get("languages_from") == "column, path"  # which the scorer knows
    programs = sum(count for name, count in counts.items() if names_programs(name))
    if not of_code and 2 * programs > (documents or manifest["kept"]):
        return f"These are {SOURCE_FILES}"
    folder = out.rstrip("/")
    words = shlex.join(["edufilter", "recut", folder, "--unsure", "drop", "--to", f"{folder}-sure"])
    return f"{words} drops {'it' if sum(counts.values()) == 1 else 'them'}."
