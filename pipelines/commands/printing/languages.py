"""Says how much a run keeps of each language, in one line."""

import shlex
from collections.abc import Mapping, Sequence
from typing import Any

from annotations.labels.code_languages import UNKNOWN
from filtering.printable import printable
from filtering.text.human_languages import NOT_SURE
from pipelines.amount_formats import counted, percent
from pipelines.dump.row_values.code_languages import CODE_LANGUAGE
from pipelines.reports.runs.kept_shares import OTHERS
from pipelines.reports.runs.row_sample import IDENTIFIED, OF_LANGUAGE

LARGEST, FAR = 4, 3
"""Languages that have a figure of their own on the line of languages: the largest, and of others those that
are kept far more or far less often."""
UNTOLD = (NOT_SURE, UNKNOWN)
"""Values of slices by language that say it is not known: named last."""


def languages_in_words(
    slices: Sequence[Mapping[str, Any]],
    out: str,
    looked_at: object = None,
    *,
    kept: int = 0,
    is_sample: bool = False,
) -> str:
    """Return how much is kept of each language, and what tells it; nothing where there is one alone.

    The largest languages stand first, those of one size by name, so that cuts of one dump name the same ones.
    After them stand some others of which far more or far fewer are kept than of the rest, the largest first.
    Those that are not known stand last.

    Parameters
    ----------
    slices : sequence of mapping
        Those of a report.
    out : str
        Folder of the run.
    looked_at : int, optional
        Documents with a score that were looked at: of some nothing may tell the language.
    kept : int
        Documents that the run kept: those of no slice are of a language that is not known.
    is_sample : bool
        Whether these are a part of the run.

    Examples
    --------
    >>> rows = [("en", 2721, 590), ("es", 536, 2)]
    >>> languages_in_words([{"kind": "lang", "value": v, "rows": r, "kept": k} for v, r, k in rows], "out")
    "by language (your column 'lang'): en 590 of 2,721 (21.7 %), es 2 of 536 (0.4 %)"
    >>> rows = [{"kind": CODE_LANGUAGE, "value": "C#", "rows": 16, "kept": 1}]
    >>> languages_in_words(rows, "out", 90, kept=5).partition("): ")[2]
    'C# 1 of 16 (6.2 %), language unknown 4 of 74 (5.4 %)'
    """
    kind = next((one["kind"] for one in slices if one["kind"] in (CODE_LANGUAGE, *OF_LANGUAGE)), None)
    mine = sorted(
        (one for one in slices if one["kind"] == kind), key=lambda one: (-one["rows"], str(one["value"]))
    )
    told = [one for one in mine if one["value"] not in (OTHERS, *UNTOLD)]
    if not told:
        return ""
    named = [*told[:LARGEST], *[one for one in told[LARGEST:] if one.get("is_far")][:FAR]]
    shown = [(str(one["value"]), one["kept"], one["rows"]) for one in named]
    rest = [one for one in mine if one["value"] not in UNTOLD and one not in named]
    if rest:
        of_rest = (sum(one[name] for one in rest) for name in ("kept", "rows"))
        name = str(rest[0]["value"]) if len(rest) == 1 else OTHERS
        shown.append(("all other languages" if name == OTHERS else name, *of_rest))
    untold = [one for one in mine if one["value"] in UNTOLD]
    of_mine = {name: sum(one[name] for one in mine) for name in ("kept", "rows")}
    left = max(looked_at - of_mine["rows"], 0) if isinstance(looked_at, int) else 0  # nobody looked for these
    known = of_mine["rows"] - sum(one["rows"] for one in untold)
    of_all = f"{known:,} of {of_mine['rows'] + left:,} documents"
    by = {
        IDENTIFIED: f"{of_mine['rows'] + left:,} documents, as detected in their text",
        CODE_LANGUAGE: f"known for {of_all}, by a column, the path or the text",
    }.get(str(kind), f"your column '{kind}'")
    by += f"; a sample of {looked_at:,} documents" if is_sample else ""
    kept_left = kept - of_mine["kept"]
    if left and not is_sample and 0 <= kept_left <= left:
        untold = [*untold, {"value": UNKNOWN, "kept": kept_left, "rows": left}]
        left = 0
    for name in dict.fromkeys(one["value"] for one in untold):
        same = [one for one in untold if one["value"] == name]
        shown.append((f"language {name}", *(sum(one[what] for one in same) for what in ("kept", "rows"))))
    counts = [
        f"{printable(value)} {kept_of:,} of {rows:,} ({percent(kept_of, rows)})"
        for value, kept_of, rows in shown
    ]
    if left:
        counts.append(f"{counted(left, 'other document')} of unknown language")
    more = f"; all: edufilter report {printable(shlex.quote(out))} --slices" if rest else ""
    return f"by language ({by}): {', '.join(counts)}{more}"
