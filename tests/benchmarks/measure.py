"""Times whole processes as the system accounts for them; and formats what was found."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

RUNS = 5
EDUFILTER = str(Path(sys.executable).with_name("edufilter"))


@dataclass(frozen=True)
class Run:
    """One finished process: wall and CPU seconds, and peak resident memory in MB (10^6 bytes)."""

    wall_s: float
    cpu_s: float
    peak_mb: float


def run_process(arguments: Sequence[str]) -> Run:
    """Run a process to its end; its output is shown only if it fails."""
    started_s = time.perf_counter()
    process = subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    output = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    wall_s = time.perf_counter() - started_s
    process.returncode = os.waitstatus_to_exitcode(status)
    process.stdout.close()
    if process.returncode:
        raise RuntimeError(f"{' '.join(arguments)} ended with {process.returncode}:\n{output.decode()}")
    return Run(wall_s, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024 / 1e6)


def alternate(first: Callable[[], Run], second: Callable[[], Run], runs: int = RUNS) -> list[tuple[Run, Run]]:
    """Run two things in turn, after one uncounted turn: a drift of the machine's speed hits both."""
    first(), second()
    return [(first(), second()) for _ in range(runs)]


def ratios(pairs: Sequence[tuple[Run, Run]]) -> str:
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
