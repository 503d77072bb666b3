"""Prints how much is kept of each slice of a run: by language, length, site and so on."""

from collections.abc import Mapping, Sequence
from itertools import groupby
from operator import itemgetter
from typing import Any

from filtering.errors import EdufilterError
from filtering.printable import printable
from pipelines.amounts_in_words import percent
from pipelines.commands.screen import show
from pipelines.reports.kept_shares import order_in_words, without_value
from pipelines.store.run_folder import RunFolder

Slices = Sequence[Mapping[str, Any]]
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


def print_slices(report: Mapping[str, Any]) -> None:
    """Print a table for each kind of slice that a report has."""
    slices, found = slices_of(report), report.get("looked_at")
    looked_at = found if isinstance(found, int) else 0
    if not slices:
        show("There are no slices: all documents have the same language, length and site.")
    import rich.table
    from rich import box
    from rich.console import Console
    from rich.text import Text

    for kind, grouped in groupby(slices, itemgetter("kind")):
        rows = list(grouped)
        table = rich.table.Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
        table.add_column(Text(printable(str(kind))))
        for name in ("documents", "kept", "share", "95 % interval"):
            table.add_column(name, justify="right")
        for one in rows:
            mark = " *" if one.get("is_far") else ""
            interval = f"{100 * one['low']:.1f} to {100 * one['high']:.1f} %"
            table.add_row(
                Text(f"{printable(str(one['value']))}{mark}"), f"{one['rows']:,}", f"{one['kept']:,}",
                percent(one["kept"], one["rows"]), interval,
            )  # fmt: skip
        Console().print(table)
        order = order_in_words(kind, "*", has_far=any(one.get("is_far") for one in rows))
        without = without_value(kind, sum(one["rows"] for one in rows), looked_at)
        show(f"  {printable('; '.join(filter(None, (order, without))))}")
    if any(one.get("is_far") for one in slices):
        show("\n* Far more or far fewer are kept than of the others, and chance does not explain it.")
