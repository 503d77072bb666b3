"""Prints where a shipped scorer's exits lie on its pool, what they promise, and what that costs.

``python tests/benchmarks/exits.py web --shared ../shared``
"""

import argparse
import sys
from pathlib import Path

from annotations import read_labels
from filtering import EmbeddingScorer, load_scorer
from filtering.errors import SettingsError
from filtering.exits import ExitSettings, find_exits
from filtering.pairing import pair
from filtering.storage import read_metrics
from pipelines.evaluate import refit
from pipelines.pools import read_pool

ALLOWED = (0.002, 0.005, 0.01, 0.02, 0.05)
FRACTIONS = (0.01, 0.02, 0.05, 0.1, 0.2)


def main() -> None:
    """Pair the stages of a scorer on its pool and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("scorer", choices=("web", "code"))
    parser.add_argument("--shared", type=Path, required=True, help="folder that holds pool/ and seed/")
    given = parser.parse_args()
    scorer, metrics = load_scorer(given.scorer, effort="full"), read_metrics(given.scorer)
    assert isinstance(scorer, EmbeddingScorer)
    name = f"{given.scorer}.parquet"
    data, _ = refit(given.scorer, scorer, read_labels(str(given.shared / "seed" / name)))
    pool = read_pool(str(given.shared / "pool" / name))
    recipe, head = metrics["signals"]["kept"], metrics["heads"]["kept"]
    paired = pair(scorer, *pool, data, recipe=recipe, head=head)
    lines = [
        f"{len(paired):,} documents, bounds {'exact' if paired.is_exact else 'approximate'}",
        "",
        "| asked for | exits | embedded | decided otherwise | bound | keepers lost | false keeps |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    asked = {f"at most {100 * share:g} %": ExitSettings(max_disagreement=share) for share in ALLOWED}
    asked |= {f"{100 * share:g} % embedded": ExitSettings(full_fraction=share) for share in FRACTIONS}
    for what, settings in asked.items():
        try:
            found = find_exits(paired, settings)
        except SettingsError as error:
            lines.append(f"| {what} | {error} | | | | | |")
            continue
        embedded = 1 - found.dropped - found.kept
        shares = (found.disagreement, found.disagreement_bound, found.lost_keepers, found.false_keeps)
        cells = " | ".join(f"{100 * share:.2f} %" for share in (embedded, *shares))
        lines.append(f"| {what} | {found.lower:g} to {found.upper:g} | {cells} |")
    sys.stdout.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
