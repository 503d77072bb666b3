"""Measures what Ray costs over the local executor, and what a second node brings."""

import shutil
import subprocess
import sys
from pathlib import Path
from statistics import median

import pyarrow as pa
import pyarrow.parquet as pq

from tests.benchmarks.measure import FILTER, run_process

RUNS = 3
FILES = 24
FILE_ROWS = 20_000
"""Of the short runs; the long ones have three times as many files, so that start-up and rate come apart."""
FULL_ROWS = 4096
FULL_GROUP_ROWS = 128

INIT = """
import time
import ray
started_s = time.perf_counter()
ray.init("local", num_cpus=2, include_dashboard=False, log_to_driver=False, logging_level="ERROR")
print(time.perf_counter() - started_s)
"""
NODES = """
import sys, time
import ray
from ray.cluster_utils import Cluster
from pipelines import FilterConfig, filter_dump
from pipelines.progress import ConsoleReporter

dump, out, nodes = sys.argv[1], sys.argv[2], int(sys.argv[3])
cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 0})
for _ in range(nodes):
    cluster.add_node(num_cpus=1)
ray.init(cluster.address, log_to_driver=False, logging_level="ERROR")
config = FilterConfig(inputs=[dump], out=out, effort="full", device="cpu", rows_per_part=1, executor="ray")
print(filter_dump(config, reporter=ConsoleReporter("none")).seconds)
ray.shutdown()
cluster.shutdown()
"""


def cluster_section(texts: pa.Array, folder: Path) -> list[str]:
    """Return what Ray costs and brings, as lines of the page."""
    out = folder / "cluster-out"
    short, long = folder / "short", folder / "long"
    table = pa.table({"text": pa.concat_arrays([texts] * (-(-FILE_ROWS // len(texts))))}).slice(0, FILE_ROWS)
    for dump, files in ((short, FILES), (long, 3 * FILES)):
        dump.mkdir()
        pq.write_table(table, dump / "000.parquet", compression="zstd")
        for number in range(1, files):
            shutil.copyfile(dump / "000.parquet", dump / f"{number:03}.parquet")

    def seconds(dump: Path, executor: str) -> float:
        shutil.rmtree(out, ignore_errors=True)
        fast = ["--effort", "fast", "--executor", executor]
        run = run_process([*FILTER, str(dump), "--out", str(out), *fast])
        return run.wall_s

    found = {
        (executor, dump): median(seconds(dump, executor) for _ in range(RUNS))
        for dump in (short, long)
        for executor in ("local", "ray")
    }
    init_s = median(float(_printed(INIT)) for _ in range(RUNS))
    start_s, ratio = {}, {}
    for executor in ("local", "ray"):
        per_short = (found[executor, long] - found[executor, short]) / 2
        start_s[executor], ratio[executor] = found[executor, short] - per_short, per_short
    rate_cost = ratio["ray"] / ratio["local"] - 1
    start_cost_s = start_s["ray"] - start_s["local"]
    rows = FILES * FILE_ROWS
    return [
        "## Ray over the local executor, and two nodes over one",
        "",
        f"Effort `fast` on two CPUs, whole processes, medians of {RUNS}. Two sizes tell start-up and rate "
        "apart.",
        "",
        f"| executor | {rows:,} documents, s | {3 * rows:,} documents, s | start-up, s | then documents/s |",
        "| --- | --- | --- | --- | --- |",
        *(
            f"| {executor} | {found[executor, short]:.1f} | {found[executor, long]:.1f} | "
            f"{start_s[executor]:.1f} | {rows / ratio[executor]:,.0f} |"
            for executor in ("local", "ray")
        ),
        "",
        f"`ray.init` alone takes {init_s:.1f} s. Import, start of workers and shutdown take "
        f"{start_cost_s - init_s:.1f} s. After that Ray takes {100 * rate_cost:.1f} % longer. For a run of "
        f"five minutes this makes {100 * (start_cost_s / 300 + rate_cost):.1f} % in all.",
        "",
        *_nodes(texts, folder),
    ]


def _nodes(texts: pa.Array, folder: Path) -> list[str]:
    dump, out = folder / "full", folder / "nodes-out"
    dump.mkdir()
    pq.write_table(
        pa.table({"text": texts.slice(0, FULL_ROWS)}), dump / "a.parquet", row_group_size=FULL_GROUP_ROWS
    )
    taken_s: dict[int, list[float]] = {1: [], 2: []}
    for _ in range(RUNS):
        for nodes, seconds in taken_s.items():
            shutil.rmtree(out, ignore_errors=True)
            seconds.append(float(_printed(NODES, str(dump), str(out), str(nodes))))
    times = sorted(one / two for one, two in zip(taken_s[1], taken_s[2], strict=True))
    return [
        f"At effort `full`, {FULL_ROWS:,} documents in parts of {FULL_GROUP_ROWS} take "
        f"{median(taken_s[1]):.0f} s on one node of one CPU, and {median(taken_s[2]):.0f} s on two. Two are "
        f"{median(times):.2f} [{times[0]:.2f}, {times[-1]:.2f}] times as fast, start of workers included.",
        "",
    ]


def _printed(code: str, *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=True
    )
    return done.stdout.split()[-1]
