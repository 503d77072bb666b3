"""Measures what it costs to choose documents by stored scores: each way in a process of its own.

``python -m tests.benchmarks.speed.choosing --rows 10_000_000``; scores are made directly, and no text is
there.
Slices are numbers beside the scores, since reading a column is what reading a column costs.
"""

import argparse
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from pipelines import RecutConfig
from pipelines.choosing.chosen import count_chosen
from pipelines.choosing.row_numbers import RowNumbers
from pipelines.choosing.rules import plain_cut, plain_rule, rule_of
from pipelines.choosing.scored_rows import Pool
from pipelines.dump.parts import Parts
from pipelines.run_folder.folder import RunFolder
from pipelines.run_folder.stored_scores import SCORES_SCHEMA
from tests.benchmarks.measure import run_process

ROWS = 10_000_000
PART_ROWS = 400_000
SLICES = 20
TOKENS = 400
"""Of a document, on average."""

WAYS: Mapping[str, Mapping[str, object]] = {
    "a budget of tokens": {"keep_tokens": 0.2},
    "a draw": {"keep_tokens": 0.2, "temperature": 1.0},
    "a share of each slice": {"keep_fraction": 0.2, "by": "slice", "at_most": 0.4},
    "a curve": {"keep_tokens": 0.8, "curve": True},
    "a curve within each slice": {"keep_tokens": 0.8, "curve": True, "by": "slice"},
    "repeats by hand": {"repeat": "score>=4:3, score>=3:1, score>=2:0.25"},
}
"""Amounts of tokens are shares of all."""


def make_scores(folder: Path, rows: int) -> None:
    """Write stored scores: most documents are poor, and sizes differ as those of pages do."""
    random = np.random.default_rng(0)
    for part in _parts(rows):
        score = np.clip(random.gamma(2.0, 0.7, part.rows), 0, 5).astype(np.float32)
        codes = pa.array(np.ones(part.rows, np.uint8))
        size = pa.array(np.minimum(random.lognormal(7.0, 1.0, part.rows), 1e6).astype(np.uint32))
        path = RunFolder(str(folder)).scores / part.output
        path.parent.mkdir(parents=True, exist_ok=True)
        table = pa.Table.from_arrays([pa.array(score), codes, codes, codes, size], schema=SCORES_SCHEMA)
        pq.write_table(table, path, compression="zstd")


def _parts(rows: int) -> Parts:
    nowhere = {"path": "", "size_bytes": 0, "footer_sha256": "", "first_row_group": 0, "stop_row_group": 1}
    return Parts.from_rows(
        {
            **nowhere, "key": f"{number:064}", "relative": f"{number}", "output": f"{number}.parquet",
            "first_row": 0, "rows": min(PART_ROWS, rows - first), "text_bytes": 0, "tie_quota": -1,
        }
        for number, first in enumerate(range(0, rows, PART_ROWS))
    )  # fmt: skip


def choose(folder: Path, rows: int, way: str) -> None:
    """Choose in one way, and count what that comes to."""
    given = dict(WAYS[way])
    pool = Pool(RunFolder(str(folder)), _parts(rows))
    if "by" in given:
        groups = RowNumbers()
        for part in pool.parts:
            groups.add(np.arange(part.rows) % SLICES)
        pool = Pool(pool.folder, pool.parts, slices=tuple(map(str, range(SLICES))), groups=groups)
    if "keep_tokens" in given:
        given["keep_tokens"] *= rows * TOKENS
    config = RecutConfig(run="x", to="y", **given)
    rule = rule_of(pool, config, None)
    plain = plain_cut(3.0, None) if config.repeat else plain_rule(pool, config)
    chosen = count_chosen(pool, rule, plain)
    if not chosen.total.chosen.documents:
        raise RuntimeError("nothing was chosen")


def choosing_section(folder: Path, rows: int = ROWS) -> list[str]:
    """Return what choosing costs, as lines of the page."""
    make_scores(folder, rows)
    lines = []
    for way in WAYS:
        run = run_process(
            [sys.executable, "-m", __spec__.name, "--rows", str(rows), "--way", way, "--folder", str(folder)]
        )
        lines.append(f"| {way} | {run.wall_s:.1f} | {run.cpu_s:.1f} | {run.peak_mb:,.0f} |")
    return [
        f"## Choosing among {rows:,} stored scores",
        "",
        "Scores are made, and nothing is written. Each way is a process of its own, its start included.",
        "",
        "| way | seconds | CPU seconds | peak memory, MB |",
        "| --- | --- | --- | --- |",
        *lines,
        "",
    ]


def main() -> None:
    """Print what choosing costs, or choose in one way."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=ROWS)
    parser.add_argument("--way", choices=WAYS, help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.way:
        choose(options.folder, options.rows, options.way)
        return
    with tempfile.TemporaryDirectory(prefix="edufilter-bench-") as folder:
        sys.stdout.write("\n".join(choosing_section(Path(folder), options.rows)) + "\n")


if __name__ == "__main__":
    main()
