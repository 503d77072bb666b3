"""What a run found of documents that its scorer does not know, in words: for the screen and the page."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

from filtering.scoring.unsure import FEW_LABELS, languages_in_words


def unsure_in_words(manifest: Mapping[str, Any]) -> str:
    """Return what became of documents in languages that the scorer does not know; empty if there are none.

    Parameters
    ----------
    manifest : mapping
        Of the run, which counts each of them that is kept, or was dropped for that.

    Examples
    --------
    >>> unsure_in_words({"unsure": {"ru": 20, "de": 3}, "kept": 410, "settings": {"unsure": "flag"}})[:61]
    '23 of the 410 documents kept are in languages for which this '
    """
    counts = dict(Counter(manifest["unsure"]).most_common())
    unsure = sum(counts.values())
    if not unsure:
        return ""
    one = unsure == 1
    where = (
        f"in {'a language' if one else 'languages'} for which this scorer has fewer than {FEW_LABELS} labels "
        f"({languages_in_words(counts)})"
    )
    if manifest["settings"].get("unsure") == "drop":
        return f"{unsure:,} {'document that reaches' if one else 'documents that reach'} the cut " + (
            f"{'is' if one else 'are'} {where}. Dropped, with the reason unsure."
        )
    column = manifest["settings"].get("score_column", "edu_score").removesuffix("_score") + "_unsure"
    return (
        f"{unsure:,} of the {manifest['kept']:,} documents kept {'is' if one else 'are'} {where}. "
        f"The column {column} marks {'it' if one else 'them'}."
    )
