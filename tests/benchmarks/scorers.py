"""Measures what a second scorer costs in the same pass: of the kernel, and of a whole run."""

import shutil
from pathlib import Path
from statistics import median

import pyarrow as pa
import pyarrow.parquet as pq
from measure import FILTER, Run, alternate, ratios, run_process, timed

from filtering import load_scorer
from filtering.scoring.storage import MODELS
from filtering.signals.linear import LinearSignals
from filtering.signals.read_signals import read_signals_of_all
from filtering.signals.weights import stack_weights

DOCUMENTS = 20_000
TURNS = 3
KERNEL_DOCUMENTS = 4_000


def scorers_section(texts: pa.Array, folder: Path) -> list[str]:
    """Return what a second scorer of the same signals costs, as a ratio to one, pair by pair."""
    folder.mkdir(parents=True)
    copy = str(shutil.copytree(MODELS / "web", folder / "copy"))
    path = folder / "dump.parquet"
    many = pa.concat_arrays([texts] * -(-DOCUMENTS // len(texts))).slice(0, DOCUMENTS)
    pq.write_table(pa.table({"text": many}), path, compression="zstd")
    web = load_scorer("web").linear
    few = texts.slice(0, KERNEL_DOCUMENTS)
    kernel = alternate(lambda: _read(few, [web]), lambda: _read(few, [web, web]))
    one = ["--scorer", "web"]
    runs = {
        "a run, `web` and a copy of it": [*one, "--scorer", f"copy={copy}"],
        "a run, `web` and `code`, whose rules read each text too": [*one, "--scorer", "code"],
    }
    lines = [
        f"## Several scorers in one pass, {DOCUMENTS:,} documents of the web pool",
        "",
        "How long two scorers take as a ratio to `--scorer web` alone, pair by pair: median and range. "
        "Effort fast, one worker held to one core, whole processes; the kernel alone on "
        f"{KERNEL_DOCUMENTS:,} documents.",
        "",
        "| | times one scorer | CPU time, times one scorer |",
        "| --- | --- | --- |",
        _row("the kernel alone", kernel),
    ]
    for name, options in runs.items():
        pairs = alternate(
            lambda: _filter(path, one, folder), lambda o=options: _filter(path, o, folder), TURNS
        )
        lines.append(_row(name, pairs))
    return [*lines, ""]


def _row(name: str, pairs: list[tuple[Run, Run]]) -> str:
    cpu = median(other.cpu_s / first.cpu_s for first, other in pairs)
    return f"| {name} | {ratios(pairs)} | {cpu:.2f} |"


def _read(texts: pa.Array, scorers: list[LinearSignals]) -> Run:
    weights = stack_weights(scorers)
    return timed(lambda: read_signals_of_all(texts, weights))


def _filter(path: Path, options: list[str], folder: Path) -> Run:
    out = folder / "out"
    shutil.rmtree(out, ignore_errors=True)
    arguments = [*FILTER, str(path), "--out", str(out), "--workers", "1", "--effort", "fast", *options]
    return run_process(["taskset", "-c", "0", *arguments])
