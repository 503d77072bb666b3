"""Times ways to filter as whole processes, from Parquet to Parquet: this project's and others'."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import numpy as np
import pyarrow.compute as pc
import pyarrow.parquet as pq

from tests.benchmarks.measure import COPY, FILTER, Run, peak, run_process
from tests.kit.places import ROOT

HERE = Path(__file__).parent
ENVIRONMENT = ROOT / "bench" / "others"
CORES = len(os.sched_getaffinity(0))
BOUNDS = (0.01, 0.002)
ROWS = 107_520
START_DOCUMENTS = 32
"""Of the runs that tell start-up from the rate; a cascade embeds some of them."""
RUNS, START_RUNS = 3, 2
SHORT_S = 60.0
"""A program that takes longer is run once."""
BERT = """
import sys; sys.path.insert(0, sys.argv[3])
import pyarrow.parquet as pq
from tests.benchmarks.speed.embedding import bare_bert
table = pq.read_table(sys.argv[1])
bare_bert(table["text"].to_pylist())()
pq.write_table(table, sys.argv[2] + "/0.parquet", compression="zstd")
"""


@dataclass(frozen=True)
class Program:
    """A program that filters a folder: what starts it, given the folder and an empty one, on how many."""

    command: Callable[[str, str], list[str]]
    documents: int


@dataclass(frozen=True)
class Speed:
    """Runs of a program on some documents, and on `START_DOCUMENTS` of them."""

    documents: int
    text_bytes: int
    runs: Sequence[Run]
    starts: Sequence[Run]

    @property
    def wall_s(self) -> float:
        """Median seconds of a run."""
        return median(run.wall_s for run in self.runs)

    @property
    def then(self) -> float:
        """Documents a second once it has started; NaN where so many cannot be told from a few."""
        left_s = self.wall_s - median(run.wall_s for run in self.starts)
        return (self.documents - START_DOCUMENTS) / left_s if left_s > 0 else float("nan")

    @property
    def memory(self) -> str:
        """Peak memory of the largest process in MB."""
        return peak(self.runs)

    def cells(self) -> str:
        """Return cells of a table."""
        start_s = self.wall_s - self.documents / self.then
        return (
            f"{self.documents:,} | {self.documents / self.wall_s:,.0f} | {start_s:.1f} | {self.then:,.0f} | "
            f"{self.then * self.text_bytes / self.documents / 1e6:,.2f} | {self.memory}"
        )


def others_python() -> str:
    """Return the Python of the environment that `theirs.py` needs; make it if it is not there."""
    wanted, stamp = (HERE / "theirs.txt").read_text(), ENVIRONMENT / "installed.txt"
    python = ENVIRONMENT / "bin" / "python"
    if not stamp.exists() or stamp.read_text() != wanted:
        subprocess.run([sys.executable, "-m", "venv", "--clear", ENVIRONMENT], check=True)
        install = ["-m", "pip", "install", "--quiet", "--requirement", HERE / "theirs.txt"]
        subprocess.run([python, *install], check=True)
        stamp.write_text(wanted)
    return str(python)


def others_command(python: str, step: str, *arguments: str | Path) -> list[str]:
    """Return what starts a step of `theirs.py`; what datatrove caches stays beside its output."""
    cache = f"HF_HOME={Path(arguments[1]).parent / 'cache'}"
    return ["env", cache, "PYTHONPATH=", python, str(HERE / "theirs.py"), step, *map(str, arguments)]


def run_others(python: str, step: str, *arguments: str | Path) -> Run:
    """Run a step of `theirs.py` to its end."""
    return run_process(others_command(python, step, *arguments))


def commands_of(scorer: str) -> dict[str, Callable[[str, str], list[str]]]:
    """Return what starts each way to filter, given a folder of Parquet files and an empty one."""

    def own(effort: str, *more: str) -> Callable[[str, str], list[str]]:
        options = ["--scorer", scorer, "--effort", effort, *more]
        return lambda dump, out: [*FILTER, dump, "--out", out, *options]

    return {
        "copy": lambda dump, out: [sys.executable, "-c", COPY, dump, out],
        "fast": own("fast"),
        "balanced": own("balanced"),
        **{f"balanced {bound}": own("balanced", "--max-disagreement", str(bound)) for bound in BOUNDS},
        "full": own("full"),
        "bert": lambda dump, out: [sys.executable, "-c", BERT, dump, out, str(ROOT)],
    }


def others_commands(python: str, models: Path, distilled: Path) -> dict[str, Callable[[str, str], list[str]]]:
    """Return what starts the others' ways, likewise."""
    return {
        "fasttext": lambda dump, out: others_command(python, "fasttext", dump, out, models),
        "model2vec": lambda dump, out: others_command(python, "model2vec", dump, out, models, distilled),
    }


def measured(programs: Mapping[str, Program], source: Path, folder: Path) -> dict[str, Speed]:
    """Run programs in turn, whole processes from Parquet to Parquet, after runs on few documents."""
    sizes = {program.documents for program in programs.values()} | {START_DOCUMENTS}
    dumps = {size: make_dump(source, size, folder / f"dump-{size}") for size in sizes}
    out = folder / "out"

    def run(program: Program, dump: Path) -> Run:
        shutil.rmtree(out, ignore_errors=True)
        out.mkdir()
        return run_process(program.command(str(dump), str(out)))

    few = dumps[START_DOCUMENTS][0]
    starts = {way: [run(one, few) for _ in range(1 + START_RUNS)][1:] for way, one in programs.items()}
    runs: dict[str, list[Run]] = {way: [] for way in programs}
    for _ in range(RUNS):
        for way, one in programs.items():
            if not runs[way] or runs[way][0].wall_s < SHORT_S:
                runs[way].append(run(one, dumps[one.documents][0]))
    return {
        way: Speed(*dumps[one.documents][1:], runs=runs[way], starts=starts[way])
        for way, one in programs.items()
    }


def make_dump(source: Path, documents: int, folder: Path) -> tuple[Path, int, int]:
    """Make a folder of hard links to a copy of a file, or of a file with some of its documents.

    Returns
    -------
    (Path, int, int)
        The folder, and the number of documents and bytes of text in it.
    """
    folder.mkdir(parents=True)
    table, first = pq.read_table(source), folder / "0000.parquet"
    copies = documents // len(table)
    if not copies:
        table, copies = table.take(np.linspace(0, len(table) - 1, documents).astype(int)), 1
        pq.write_table(table, first, compression="zstd")
    else:
        shutil.copyfile(source, first)
    if copies > CORES:
        copies -= copies % CORES  # some of these programs give each core whole files
    for number in range(1, copies):
        os.link(first, folder / f"{number:04}.parquet")
    return folder, copies * len(table), copies * pc.sum(pc.binary_length(table["text"])).as_py()
