"""Times whole processes as the system accounts for them; and formats what was found."""

import json
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

RUNS = 5
EDUFILTER = str(Path(sys.executable).with_name("edufilter"))
FILTER = (EDUFILTER, "filter", "--no-report")
"""What a report takes is bounded (it reads some 20,000 rows), and told apart: start-up, scaling."""

COPY = """
import sys, pathlib, pyarrow.parquet as pq
for path in sorted(pathlib.Path(sys.argv[1]).rglob("*.parquet")):
    pq.write_table(pq.read_table(path), pathlib.Path(sys.argv[2], path.name), compression="zstd")
"""


@dataclass(frozen=True)
class Run:
    """One finished process: wall and CPU seconds, and peak resident memory in MB (10^6 bytes)."""

    wall_s: float
    cpu_s: float
    peak_mb: float


LAUNCHER = """
import json, os, subprocess, sys, time
started_s = time.perf_counter()
process = subprocess.Popen(sys.argv[1:], stdout=sys.stderr)
_, status, usage = os.wait4(process.pid, 0)
wall_s = time.perf_counter() - started_s
cpu_s = usage.ru_utime + usage.ru_stime
print(json.dumps([os.waitstatus_to_exitcode(status), wall_s, cpu_s, usage.ru_maxrss * 1024 / 1e6]))
"""
"""A process of its own, for a child's peak memory begins at that of the process that starts it."""


def run_process(arguments: Sequence[str]) -> Run:
    """Run a process to its end; its output is shown only if it fails."""
    launched = subprocess.run([sys.executable, "-c", LAUNCHER, *arguments], capture_output=True, text=True)
    code, wall_s, cpu_s, peak_mb = json.loads(launched.stdout)
    if code:
        raise RuntimeError(f"{' '.join(arguments)} ended with {code}:\n{launched.stderr}")
    return Run(wall_s, cpu_s, peak_mb)


def timed(work: Callable[[], object]) -> Run:
    """Run a piece of work in this process; its peak memory is not told."""
    cpu_s, wall_s = time.process_time(), time.perf_counter()
    work()
    return Run(time.perf_counter() - wall_s, time.process_time() - cpu_s, 0.0)


def alternate(*works: Callable[[], Run], runs: int = RUNS) -> list[tuple[Run, ...]]:
    """Run some things in turn, after one uncounted turn: a drift of the machine's speed hits all."""
    turns = [tuple(work() for work in works) for _ in range(1 + runs)]
    return turns[1:]


def ratios(pairs: Sequence[tuple[Run, ...]]) -> str:
    """Return how many times faster the first is, pair by pair: median [lowest, highest]."""
    values = sorted(b.wall_s / a.wall_s for a, b in pairs)
    return f"{median(values):.2f} [{values[0]:.2f}, {values[-1]:.2f}]"


def rate(rows: int, runs: Sequence[Run]) -> str:
    """Return documents a second at the median."""
    return f"{rows / median(run.wall_s for run in runs):,.0f}"


def peak(runs: Sequence[Run]) -> str:
    """Return the highest peak memory in MB."""
    return f"{max(run.peak_mb for run in runs):,.0f}"


def best_cpu_s(work: Callable[[], object], repeats: int = 7) -> float:
    """Return the median CPU seconds of a piece of work in this process, after one uncounted run."""
    work()
    spent = []
    for _ in range(repeats):
        started_s = time.process_time()
        work()
        spent.append(time.process_time() - started_s)
    return median(spent)
