"""Prints how much is kept of each slice of a run: by language, length, site and so on."""

from collections.abc import Mapping, Sequence
from itertools import groupby
from operator import itemgetter
from typing import Any

from filtering.errors import EdufilterError
from filtering.printable import printable
from pipelines.amount_formats import percent
from pipelines.commands.printing.screen import show
from pipelines.dump.row_values.code_languages import CODE_LANGUAGE
from pipelines.reports.runs.kept_shares import FAR_IN_WORDS, order_in_words, without_value
from pipelines.reports.runs.row_sample import OF_LANGUAGE
from pipelines.run_folder.folder import RunFolder

Slices = Sequence[Mapping[str, Any]]
SHOWN = 20
"""Values of a kind that are printed, as many as the page shows; all of languages."""
LANGUAGES = (CODE_LANGUAGE, *OF_LANGUAGE)
FEW_SINGLE = 5
"""Values of one document that are printed all the same."""
FIGURES = ("kind", "value", "rows", "kept", "share", "low", "high")


def read_report(out: str) -> Mapping[str, Any]:
    """Return what a run's ``report.json`` holds; nothing where that cannot be read."""
    folder = RunFolder(out)
    try:
        return folder.read_json(folder.run / "report.json")
    except (EdufilterError, OSError):
        return {}


def slices_of(report: Mapping[str, Any]) -> Slices:
    """Return the slices of a report, as far as they are whole."""
    found = report.get("slices")
    rows = found if isinstance(found, list) else []
    return [one for one in rows if isinstance(one, dict) and one.keys() >= set(FIGURES)]


def print_slices(report: Mapping[str, Any], out: str) -> None:
    """Print a table for each kind of slice that a report has, and above it how its rows are sorted.

    Languages stand first. All of them are shown, and `SHOWN` of other values; what is left is said to be in
    the report.
    """
    slices, found = slices_of(report), report.get("looked_at")
    looked_at = found if isinstance(found, int) else 0
    if not slices and not looked_at:
        show(
            "There are no slices: languages, lengths and sites are told of documents with a score. "
            "This run has none."
        )
    elif not slices:
        show("There are no slices: all documents have the same language, length and site.")
    from pipelines.commands.printing.tables import print_table

    if any(one.get("is_far") for one in slices):
        show(f"*: {FAR_IN_WORDS}.")
    for kind, grouped in groupby(
        sorted(slices, key=lambda one: one["kind"] not in LANGUAGES), itemgetter("kind")
    ):
        some = list(grouped)
        order = order_in_words(kind, "*", has_far=any(one.get("is_far") for one in some))
        without = without_value(kind, sum(one["rows"] for one in some), looked_at)
        title = f"By {kind}: {'; '.join(filter(None, (order, without)))}"
        several = some if kind in LANGUAGES else _without_single_ones(some)
        shown = several if kind in LANGUAGES else several[:SHOWN]
        head = (kind, "documents", "kept", "share", "95 % interval")
        print_table(head, list(map(_row, shown)), title=title, parts_figures=False)
        single, where = len(some) - len(several), printable(str(RunFolder(out).run / "report.json"))
        left = several[len(shown) :]
        said = []
        if left:
            said.append(f"{len(left):,} more {kind}s of {sum(one['rows'] for one in left):,} documents")
        if single:
            said.append(f"{single:,} more {kind}s of one document each")
        if said:
            show(f"{', and '.join(said)}: 'slices' in {where}")


def _without_single_ones(some: Slices) -> Slices:
    """Return slices without those of one document, which say nothing; all of them where these are few."""
    several = [one for one in some if one["rows"] > 1]
    return several if len(some) - len(several) > FEW_SINGLE and several else some


def _row(one: Mapping[str, Any]) -> tuple[object, ...]:
    mark = " *" if one.get("is_far") else ""
    interval = f"{100 * one['low']:.1f} to {100 * one['high']:.1f} %"
    return (f"{one['value']}{mark}", one["rows"], one["kept"], percent(one["kept"], one["rows"]), interval)
