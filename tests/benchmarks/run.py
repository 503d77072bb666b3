"""Measures what the project promises about speed and memory, and writes docs/benchmarks.md.

``make bench``; with ``--huge`` also a 10 GB file. Ratios are of one run on the same work; the
machine should have nothing else to do.
"""

import argparse
import os
import platform
import re
import shutil
import sys
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from filtering import load_scorer
from tests.benchmarks.leaks.code import leaks_section
from tests.benchmarks.leaks.prose import text_leaks_section
from tests.benchmarks.measure import (
    COPY,
    FILTER,
    RUNS,
    Run,
    alternate,
    best_cpu_s,
    peak,
    rate,
    ratios,
    run_process,
)
from tests.benchmarks.others.side_by_side import scaling_section, side_by_side_section
from tests.benchmarks.scorers.languages import languages_section
from tests.benchmarks.speed.asking import asking_section
from tests.benchmarks.speed.choosing import choosing_section
from tests.benchmarks.speed.cluster import cluster_section
from tests.benchmarks.speed.efforts import efforts_section
from tests.benchmarks.speed.embedding import embedding_section
from tests.benchmarks.speed.passages import passages_section
from tests.benchmarks.speed.planning import planning_section
from tests.benchmarks.speed.several_scorers import scorers_section
from tests.benchmarks.speed.small_things import small_things_section
from tests.benchmarks.speed.writing import writing_section
from tests.kit.places import ROOT

CUT_BYTES = (200, 1_000, 4_000, 16_000, 64_000)
JOINED_BYTES = 20_000_000
GROWTH_ROWS = 103_648  # eight times the web pool
GROWTH_RUNS = 3
FILE_ROWS = (100, 1_000, 10_000, GROWTH_ROWS)
DOCS = ROOT / "docs" / "benchmarks.md"


def main() -> None:
    """Run all measurements and write the page, or put one of its sections in its place."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shared", type=Path, required=True, help="folder that holds pool/ and seed/")
    parser.add_argument("--rows", type=int, default=215_040, help="rows that the web pool is repeated to")
    parser.add_argument("--huge", action="store_true", help="also a 10 GB file (needs 12 GB of disk)")
    parser.add_argument("--only", choices=SECTIONS, help="measure one section alone, in its place")
    options = parser.parse_args()
    if not (options.shared / "pool").is_dir():
        sys.exit(f"make bench needs the document pools. Found none in {options.shared}. Set SHARED=...")
    with tempfile.TemporaryDirectory(prefix="edufilter-bench-") as folder:
        if options.only:
            replace_section(show(SECTIONS[options.only](options, Path(folder))))
            return
        rows = [line for section in SECTIONS.values() for line in show(section(options, Path(folder)))]
    DOCS.write_text("\n".join([*header(), *all_figures(), *rows]) + "\n")


def replace_section(lines: list[str]) -> None:
    """Put a section of the page in the place of the last one with its title up to a comma, or at the end."""
    name = re.split("[,:]", lines[0])[0]
    before, title, after = DOCS.read_text().partition(f"\n{name}")
    _, more, rest = after.partition("\n## ") if title else ("", "", "")
    section = "\n".join(lines).rstrip("\n")
    DOCS.write_text(f"{before.rstrip()}\n\n{section}\n" + (f"\n## {rest}" if more else ""))


def all_figures() -> list[str]:
    """Return the section that is written by hand, since other commands measure some of its figures."""
    _, title, after = DOCS.read_text().partition("## All figures in one table\n")
    return [title + after.partition("\n## ")[0].rstrip(), ""]


def header() -> list[str]:
    """Return the head of the page: what machine, which versions."""
    model = next(
        (
            line.split(":")[1].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if "model name" in line
        ),
        platform.processor(),
    )
    memory_gib = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return [
        "# Benchmarks",
        "",
        "How good, how fast and how large edufilter is, with the command that measures each figure.",
        "`make bench` (`tests/benchmarks/run.py`) writes this page. Ratios and medians are of one run on the",
        "same work. Speeds depend on the machine; ratios depend on it less. Runs draw no report, unless a",
        "line says that they do.",
        "",
        f"{datetime.now(UTC):%Y-%m-%d}, {os.cpu_count()} cores ({model}), {memory_gib:.0f} GiB, "
        f"Python {platform.python_version()}, pyarrow {pa.__version__}, numpy {np.__version__}.",
        "",
    ]


def show(lines: list[str]) -> list[str]:
    """Print a section when it is done: a bench takes minutes."""
    sys.stdout.write("\n".join(lines) + "\n")
    sys.stdout.flush()
    return lines


def pool(shared: Path, domain: str) -> pa.Table:
    """Return a pool of real documents."""
    return pq.read_table(shared / "pool" / f"{domain}.parquet")


def pool_texts(shared: Path) -> pa.Array:
    """Return the texts of the web pool."""
    return pool(shared, "web")["text"].combine_chunks()


def kernel_section(shared: Path) -> list[str]:
    """Return documents and megabytes a second a core of signals and head, by the length of documents."""
    lines = [
        "## Signals and head, one core",
        "",
        "CPU time of one thread in `scorer.score(texts)` at effort `fast`: of the document pools as they are "
        "and of their texts joined and cut into documents of one length.",
        "",
        "| scorer | documents | mean bytes | documents/s a core | us a document | MB/s a core |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for domain in ("web", "code"):
        scorer = load_scorer(domain)
        whole = pool(shared, domain)["text"].combine_chunks()
        joined = "\n".join(whole.to_pylist()).encode()[:JOINED_BYTES]
        cuts = {size: [joined[at : at + size] for at in range(0, len(joined), size)] for size in CUT_BYTES}
        of_one_length = {
            f"cut to {size:,} bytes": pa.array(
                [one.decode(errors="ignore") for one in pieces], pa.large_string()
            )
            for size, pieces in cuts.items()
        }
        for name, texts in ({"the pool": whole} | of_one_length).items():
            spent_s = best_cpu_s(lambda texts=texts, scorer=scorer: scorer.score(texts))
            lines.append(
                f"| {domain} | {name} | {texts.nbytes / len(texts):,.0f} | {len(texts) / spent_s:,.0f} | "
                f"{spent_s / len(texts) * 1e6:,.1f} | {texts.nbytes / spent_s / 1e6:,.0f} |"
            )
    return [*lines, ""]


def filter_section(shared: Path, folder: Path, rows: int) -> list[str]:
    """Return the main job against plain reading and writing, and threads against processes."""
    table = pool(shared, "web")
    dump = folder / "dump"
    cores = len(os.sched_getaffinity(0))
    copies = max(2, round(rows / len(table)))
    shares = [dump / f"{core:02}" for core in range(min(cores, copies))]
    for share in shares:
        share.mkdir(parents=True)
    for copy in range(copies):
        pq.write_table(table, shares[copy % len(shares)] / f"{copy:03}.parquet", compression="zstd")
    rows = copies * len(table)
    out, copied = folder / "out", folder / "copied"

    def run_filter(*, workers: int, inputs: Path = dump, to: Path = out) -> list[str]:
        options = ["--out", str(to), "--workers", str(workers), "--effort", "fast"]
        return [*FILTER, str(inputs), *options]

    def with_threads() -> Run:
        shutil.rmtree(out, ignore_errors=True)
        return run_process(run_filter(workers=cores))

    def copy_all() -> Run:
        shutil.rmtree(copied, ignore_errors=True)
        copied.mkdir()
        return run_process([sys.executable, "-c", COPY, str(dump), str(copied)])

    def with_processes() -> Run:
        outs = [folder / f"out-{share.name}" for share in shares]
        for one in outs:
            shutil.rmtree(one, ignore_errors=True)
        pairs = zip(shares, outs, strict=True)
        script = " & ".join(" ".join(run_filter(workers=1, inputs=share, to=to)) for share, to in pairs)
        return run_process(["sh", "-c", f"{script} & wait"])

    turns = alternate(with_threads, copy_all, with_processes)
    filters, copies_run, processes = zip(*turns, strict=True)
    against_copy = ratios([*zip(filters, copies_run, strict=True)])
    against_processes = ratios([*zip(filters, processes, strict=True)])
    shutil.rmtree(dump)
    return [
        f"## `edufilter filter`, whole process, {rows:,} documents in {copies} files, {cores} workers",
        "",
        "| what | documents/s | peak memory, MB |",
        "| --- | --- | --- |",
        f"| `edufilter filter DUMP --out OUT` | {rate(rows, filters)} | {peak(filters)} |",
        f"| plain pyarrow: `write_table(read_table(file))`, zstd | {rate(rows, copies_run)} | "
        f"{peak(copies_run)} |",
        "",
        f"`edufilter filter` runs at {against_copy} times the rate of plain pyarrow (median [lowest, "
        f"highest] of {RUNS} pairs).",
        "",
        f"{cores} threads in one process run at {against_processes} times the rate of {cores} processes with "
        "one thread and a share of the files each. Threads also share one model and one start-up, so the "
        "local executor has threads.",
        "",
    ]


def growth_section(shared: Path, folder: Path) -> list[str]:
    """Return how the rate of a run grows with cores and shrinks with smaller files."""
    table = pool(shared, "web").select(["text"])
    table = pa.concat_tables([table] * -(-GROWTH_ROWS // len(table))).slice(0, GROWTH_ROWS)
    cores = len(os.sched_getaffinity(0))
    out = folder / "growth-out"
    lines = [
        f"## How a run grows: {GROWTH_ROWS:,} documents, one core and {cores}",
        "",
        "The same documents in files of so many rows, one row group each; whole processes, the median of "
        "three. One core is one worker held to it (`taskset`).",
        "",
        f"| rows a file | files | documents/s, one core | documents/s, {cores} cores | times one core | "
        "peak memory, MB |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for rows in FILE_ROWS:
        dump = folder / f"files-of-{rows}"
        dump.mkdir()
        for number, start in enumerate(range(0, GROWTH_ROWS, rows)):
            path = dump / f"{number:05}.parquet"
            pq.write_table(table.slice(start, rows), path, compression="zstd", row_group_size=rows)
        runs: dict[int, list[Run]] = {}
        for workers in (1, cores):
            arguments = [*FILTER, str(dump), "--out", str(out), "--workers", str(workers), "--effort", "fast"]
            held = ["taskset", "-c", "0", *arguments] if workers == 1 else arguments
            for _ in range(GROWTH_RUNS):
                shutil.rmtree(out, ignore_errors=True)
                runs.setdefault(workers, []).append(run_process(held))
        one, all_of_them = (median(run.wall_s for run in runs[workers]) for workers in (1, cores))
        lines.append(
            f"| {rows:,} | {-(-GROWTH_ROWS // rows):,} | {rate(GROWTH_ROWS, runs[1])} | "
            f"{rate(GROWTH_ROWS, runs[cores])} | {one / all_of_them:.2f} | {peak(runs[cores])} |"
        )
        shutil.rmtree(dump)
    return [*lines, ""]


def memory_section(shared: Path, folder: Path, sizes_gb: list[int]) -> list[str]:
    """Return speed-up and peak memory on one huge file in one row group."""
    table = pool(shared, "web")
    path = folder / "one" / "huge.parquet"
    path.parent.mkdir()
    out = folder / "one-out"
    lines = [
        "## One huge file in one row group",
        "",
        "| file size | rows | workers | documents/s | times one worker | peak memory, MB |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for size_gb in sizes_gb:
        pq.write_table(table, path, compression="zstd")
        copies = -(-size_gb * 10**9 // path.stat().st_size)
        big = pa.concat_tables([table] * copies)
        pq.write_table(big, path, compression="zstd", row_group_size=len(big))
        size = path.stat().st_size
        runs = {}
        for workers in (2,) if size_gb > 2 else (1, 2):
            shutil.rmtree(out, ignore_errors=True)
            arguments = [*FILTER, str(path), "--out", str(out), "--workers", str(workers)]
            arguments += ["--effort", "fast"]
            if workers == 1:
                arguments = ["taskset", "-c", "0", *arguments]
            runs[workers] = run_process(arguments)
            times = f"{runs[1].wall_s / runs[workers].wall_s:.2f}" if 1 in runs else ""
            lines.append(
                f"| {size / 1e9:.1f} GB | {len(big):,} | {workers} | {rate(len(big), [runs[workers]])} | "
                f"{times} | {peak([runs[workers]])} |"
            )
    lines.append("")
    lines.append("One worker is held to one core (`taskset`).")
    return [*lines, ""]


SECTIONS: dict[str, Callable[[argparse.Namespace, Path], list[str]]] = {
    "kernel": lambda given, folder: kernel_section(given.shared),
    "full": lambda given, folder: embedding_section(pool_texts(given.shared), folder),
    "efforts": lambda given, folder: efforts_section(given.shared, folder),
    "asking": lambda given, folder: asking_section(pool_texts(given.shared), folder),
    "writing": lambda given, folder: writing_section(folder),
    "start": lambda given, folder: small_things_section(given.shared, folder),
    "filter": lambda given, folder: filter_section(given.shared, folder, given.rows),
    "growth": lambda given, folder: growth_section(given.shared, folder),
    "memory": lambda given, folder: memory_section(given.shared, folder, [2, 10] if given.huge else [2]),
    "passages": lambda given, folder: passages_section(given.shared, folder),
    "leaks": lambda given, folder: leaks_section(given.shared),
    "text-leaks": lambda given, folder: text_leaks_section(given.shared),
    "cluster": lambda given, folder: cluster_section(pool_texts(given.shared), folder),
    "planning": lambda given, folder: planning_section(folder),
    "choosing": lambda given, folder: choosing_section(folder / "choosing"),
    "scaling": lambda given, folder: scaling_section(given.shared, folder),
    "side-by-side": lambda given, folder: side_by_side_section(given.shared, folder),
    "scorers": lambda given, folder: scorers_section(pool_texts(given.shared), folder / "scorers"),
    "languages": lambda given, folder: languages_section(given.shared),
}
"""The sections of the page, in its order."""

if __name__ == "__main__":
    main()
