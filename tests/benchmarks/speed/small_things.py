"""Times what is soon done: help, one text, a thousand short documents, a scorer of a few hundred labels."""

import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from statistics import median

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from tests.benchmarks.measure import EDUFILTER, RUNS, Run, run_process

SHORT_CHARACTERS = 1_500
FEW_LABELS, FEW_TURNS = 300, 3
TEXT = "A prime number is a whole number greater than 1 that no other whole number divides, such as 7."


def small_things_section(shared: Path, folder: Path) -> list[str]:
    """Return how long small things take: help, a text, a thousand short documents, a few labels."""
    small, labels, text, out, scorer = (
        folder / name for name in ("small.parquet", "few.parquet", "text.md", "small-out", "small-scorer")
    )
    text.write_text(TEXT)
    pages = pq.read_table(shared / "pool" / "web.parquet").slice(0, 1000)
    short = pa.array([one[:SHORT_CHARACTERS] for one in pages["text"].to_pylist()])
    pq.write_table(pages.set_column(pages.schema.get_field_index("text"), "text", short), small)
    labelled = pq.read_table(shared / "seed" / "web.parquet")
    chosen = np.sort(np.random.default_rng(0).permutation(len(labelled))[:FEW_LABELS])
    pq.write_table(labelled.take(chosen), labels)

    def filtered(*options: str) -> list[str]:
        return [EDUFILTER, "filter", str(small), "--out", str(out), *options]

    def runs(arguments: Sequence[str], *, afresh: Sequence[Path] = (), turns: int = RUNS) -> list[Run]:
        found = []
        for _ in range(1 + turns):
            for one in afresh:
                shutil.rmtree(one, ignore_errors=True)
            found.append(run_process(arguments))
        return found[1:]

    few = f"of {FEW_LABELS} labels, signals alone"
    timed = {
        "`edufilter --version`": runs([EDUFILTER, "--version"]),
        "`edufilter filter --help`": runs([EDUFILTER, "filter", "--help"]),
        "`python -c 'import filtering'`": runs([sys.executable, "-c", "import filtering"]),
        "`edufilter explain` of a text file": runs([EDUFILTER, "explain", str(text)]),
        "`edufilter filter` of 1,000 documents, `--no-report`": runs(filtered("--no-report"), afresh=[out]),
        "the same with its report": runs(filtered(), afresh=[out]),
        "the same asked again: nothing is left to do": runs(filtered()),
        "the same at effort `balanced`, `--no-report`": runs(
            filtered("--no-report", "--effort", "balanced"), afresh=[out]
        ),
        f"`edufilter train` {few}": runs(
            [EDUFILTER, "train", str(labels), "--out", str(scorer)], afresh=[scorer], turns=FEW_TURNS
        ),
        "`edufilter evaluate` on the same labels": runs([EDUFILTER, "evaluate", str(scorer), str(labels)]),
        "`edufilter threshold` on the same labels": runs([EDUFILTER, "threshold", str(scorer), str(labels)]),
    }
    return [
        "## Small things, whole processes, warm caches",
        "",
        f"Medians of {RUNS} runs; of `train`, of {FEW_TURNS}. Documents are cut to {SHORT_CHARACTERS:,} "
        "characters.",
        "",
        "| what | seconds | CPU seconds |",
        "| --- | --- | --- |",
        *(
            f"| {what} | {median(one.wall_s for one in some):.2f} | {median(one.cpu_s for one in some):.2f} |"
            for what, some in timed.items()
        ),
        "",
    ]
