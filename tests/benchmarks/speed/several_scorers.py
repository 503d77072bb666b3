"""Measures what a second scorer costs in the same pass: of the kernel, and of a whole run."""

import shutil
from pathlib import Path
from statistics import median

import pyarrow as pa
import pyarrow.parquet as pq

from filtering import load_scorer
from filtering.scoring.scorer_files import MODELS
from filtering.signals.linear import LinearSignals
from filtering.signals.read_signals import read_signals_of_all
from filtering.signals.weights import stack_weights
from pipelines import FilterConfig, filter_dump
from pipelines.progress import ConsoleReporter
from tests.benchmarks.measure import Run, alternate, ratios, timed

DOCUMENTS = 8_000
TURNS = 3
QUIET = ConsoleReporter("none")


def scorers_section(texts: pa.Array, folder: Path) -> list[str]:
    """Return what a second scorer of the same signals costs, as a ratio to one, pair by pair."""
    folder.mkdir(parents=True)
    copy = f"copy={shutil.copytree(MODELS / 'web', folder / 'copy')}"
    path, some = folder / "dump.parquet", texts.slice(0, DOCUMENTS)
    pq.write_table(pa.table({"text": some}), path, compression="zstd")
    web = load_scorer("web").linear
    rows = {
        "the kernel alone, twice the weights": alternate(
            lambda: _read(some, [web]), lambda: _read(some, [web, web]), runs=TURNS
        ),
        "a run, `web` and a copy of it": _runs(path, ("web", copy), folder),
        "a run, `web` and `code`, whose rules read each text too": _runs(path, ("web", "code"), folder),
    }
    return [
        f"## Several scorers in one pass, {DOCUMENTS:,} documents of the web pool",
        "",
        "Two scorers against `web` alone, pair by pair: median and range. Effort fast, one worker, reading "
        "and writing included, start-up not.",
        "",
        "| | time, times one scorer | CPU time, times one scorer |",
        "| --- | --- | --- |",
        *(f"| {name} | {ratios(pairs)} | {_cpu_ratio(pairs):.2f} |" for name, pairs in rows.items()),
        "",
    ]


def _cpu_ratio(pairs: list[tuple[Run, ...]]) -> float:
    return median(other.cpu_s / first.cpu_s for first, other in pairs)


def _read(texts: pa.Array, scorers: list[LinearSignals]) -> Run:
    weights = stack_weights(scorers)
    return timed(lambda: read_signals_of_all(texts, weights))


def _runs(path: Path, scorers: tuple[str, ...], folder: Path) -> list[tuple[Run, ...]]:
    return alternate(lambda: _filter(path, "web", folder), lambda: _filter(path, scorers, folder), runs=TURNS)


def _filter(path: Path, scorer: str | tuple[str, ...], folder: Path) -> Run:
    out = folder / "out"
    shutil.rmtree(out, ignore_errors=True)
    config = FilterConfig(inputs=(str(path),), scorer=scorer, out=str(out), workers=1, effort="fast")
    return timed(lambda: filter_dump(config, reporter=QUIET))
