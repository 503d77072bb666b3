"""What it costs to score segments of long documents too: whole runs with and without, in turn."""

import shutil
from collections.abc import Sequence
from pathlib import Path
from statistics import median

import pyarrow.parquet as pq

from tests.benchmarks.measure import FILTER, RUNS, Run, alternate, run_process

EFFORT = ("--effort", "fast", "--workers", "1")


def times_cpu(pairs: Sequence[tuple[Run, ...]]) -> str:
    """Return how many times the CPU seconds of the second the first takes: median [lowest, highest]."""
    values = sorted(one.cpu_s / other.cpu_s for one, other in pairs)
    return f"{median(values):.2f} [{values[0]:.2f}, {values[-1]:.2f}]"


def passages_section(shared: Path, folder: Path, runs: int = RUNS) -> list[str]:
    """Return what passages cost, as lines of the page."""
    lines = []
    for domain in ("web", "code"):
        source = shared / "pool" / f"{domain}.parquet"

        def run(*options: str, source: Path = source, domain: str = domain) -> Run:
            shutil.rmtree(folder / "out", ignore_errors=True)
            command = [*FILTER, str(source), "--scorer", domain, "--out", str(folder / "out"), *EFFORT]
            return run_process([*command, *options])

        pairs = alternate(lambda run=run: run("--write", "passages"), run, runs=runs)
        documents = pq.read_metadata(source).num_rows
        plain, cut = (median(one[place].cpu_s for one in pairs) for place in (1, 0))
        lines.append(f"| {domain} | {documents:,} | {plain:.2f} | {cut:.2f} | {times_cpu(pairs)} |")
    return [
        "## Passages, effort fast",
        "",
        "CPU seconds of `edufilter filter POOL` and of the same with `--write passages`, whole processes in "
        f"turn; the ratio is the median [lowest, highest] of {runs} pairs. Segments take as long at any "
        "effort.",
        "",
        "| pool | documents | plain | with passages | ratio |",
        "| --- | --- | --- | --- | --- |",
        *lines,
        "",
    ]
