"""Prints what samples of document pools look like to the shipped scorers: how drift's limits were chosen.

``python -m tests.benchmarks.scorers.drift ../shared``. Groups are dealt to two halves; limits are of
the first.
"""

import sys
import zlib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq

from filtering import Drift, SignalScorer, load_scorer, measure_drift
from filtering.explaining.drift import OTHER_DISTANCE

DOMAINS = ("web", "code")
SIZES = (100, 1000)
SAMPLES = 20
GENRE_DOCUMENTS, GENRE_GROUPS = 100, 20
"""Genres of fewer, or of a few sites alone, say little of any genre."""


def main() -> None:
    """Print a row for each scorer, pool and half: of samples, and of whole genres."""
    lines = ["| scorer | pool | half | samples of | mean distance | unlike | looks |", 7 * "| --- " + "|"]
    for scorer_name in DOMAINS:
        scorer = load_scorer(scorer_name)
        for pool in DOMAINS:
            for half in (1, 2):
                for what, drifts in _looks(scorer, Path(sys.argv[1], "pool", f"{pool}.parquet"), half):
                    lines.append(f"| {scorer_name} | {pool} | {half} | {what} | {_cells(drifts)} |")
    sys.stdout.write("\n".join(lines) + "\n")


def _looks(scorer: SignalScorer, pool: Path, half: int) -> Iterator[tuple[str, list[Drift]]]:
    table = pq.read_table(pool, columns=["text", "group", "genre"])
    halves = np.array([zlib.crc32(group.encode()) % 2 + 1 for group in table["group"].to_pylist()])
    table = table.take(np.flatnonzero(halves == half))
    random = np.random.default_rng(half)
    for size in SIZES:
        rows = [random.choice(len(table), size, replace=False) for _ in range(SAMPLES)]
        yield f"{size:,}", [measure_drift(scorer, table["text"].take(one)) for one in rows]
    genres, groups = (np.array(table[name].to_pylist()) for name in ("genre", "group"))
    drifts = []
    for genre in np.unique(genres):
        rows = np.flatnonzero(genres == genre)
        if len(rows) >= GENRE_DOCUMENTS and len(np.unique(groups[rows])) >= GENRE_GROUPS:
            drifts.append(measure_drift(scorer, table["text"].take(rows)))
    yield f"{len(drifts)} genres", drifts


def _cells(drifts: list[Drift]) -> str:
    distances, unlike = [one.distance for one in drifts], [one.unsure.share for one in drifts]
    counts = Counter("other" if one.distance >= OTHER_DISTANCE else "like" for one in drifts)
    looks = ", ".join(f"{count} {what}" for what, count in counts.items())
    spread = f"{min(distances):.2f} to {max(distances):.2f}"
    return f"{spread} | {100 * min(unlike):.0f} to {100 * max(unlike):.0f} % | {looks}"


if __name__ == "__main__":
    main()
