"""Prints where a scorer's exits lie for bounds and shares, what they promise, and what that costs.

``python tests/benchmarks/exits.py web``: a shipped scorer, or the folder of one.
"""

import sys

from filtering.errors import SettingsError
from filtering.scoring.cascade_exits import USUAL_BOUNDS, find_exits
from filtering.scoring.settings import ExitSettings
from filtering.scoring.storage import read_scorer

ALLOWED = (0.002, 0.005, 0.01, 0.02, 0.05)
FRACTIONS = (0.01, 0.02, 0.05, 0.1, 0.2)


def main() -> None:
    """Print a table from the documents that a scorer was paired on."""
    _, paired = read_scorer(sys.argv[1])
    if paired is None:
        sys.exit(f"A scorer must have been trained with an embedder. {sys.argv[1]!r} was not.")
    lines = [
        f"{len(paired):,} documents, of which effort full keeps {(paired.full >= 3).sum():,}; bounds "
        + ("exact" if paired.is_exact else "approximate"),
        "",
        "| asked for | exits | embedded | lost | bound | false | bound | of all | bound |",
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    asked = {
        f"lost {100 * lost:g} %, false {100 * false:g} %": ExitSettings(max_lost=lost, max_false=false)
        for lost, false in USUAL_BOUNDS
    }
    asked |= {f"at most {100 * share:g} %": ExitSettings(max_disagreement=share) for share in ALLOWED}
    asked |= {f"{100 * share:g} % embedded": ExitSettings(full_fraction=share) for share in FRACTIONS}
    for what, settings in asked.items():
        try:
            found = find_exits(paired, settings)
        except SettingsError as error:
            lines.append(f"| {what} | {error} | | | | | | | |")
            continue
        embedded = abs(1 - found.dropped - found.kept)
        shares = (
            *(found.lost_keepers, found.lost_bound, found.false_keeps, found.false_bound),
            *(found.disagreement, found.disagreement_bound),
        )
        cells = " | ".join(f"{100 * share:.2f} %" for share in (embedded, *shares))
        lines.append(f"| {what} | {found.lower:g} to {found.upper:g} | {cells} |")
    sys.stdout.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
