"""Measures what a million parts cost the driver: planning, receipts, going on after a kill, the manifest.

``python -m tests.benchmarks.speed.planning``; the files are hard links of a small one, and nothing is scored:
the executor gives a receipt for each part without reading it.
"""

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from pipelines import Executor, FilterConfig, filter_dump
from pipelines.dump.inputs import find_inputs
from pipelines.dump.parts import Part
from pipelines.dump.split_files import PartSize
from pipelines.progress import ConsoleReporter
from pipelines.run_folder.plan import make_plan
from pipelines.run_folder.receipts import Receipt
from pipelines.worker.part_worker import Tick
from pipelines.worker.worker_settings import WorkerSettings
from tests.benchmarks.measure import Run, run_process

FILES = 100_000
GROUPS = 10
GROUP_ROWS = 2
FOLDER_FILES = 1000
"""Hard links to one file: file systems allow some ten thousand."""


class Figures:
    """Seconds by the clock and of the processor from one event to the next, and other figures, in a file."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "figures.json"
        self._figures: dict[str, float] = {}
        self._before = time.perf_counter(), time.process_time()

    def lap(self, name: str, **more: float) -> None:
        """Write down what has passed since the last event."""
        now = time.perf_counter(), time.process_time()
        wall_s, cpu_s = now[0] - self._before[0], now[1] - self._before[1]
        self._figures |= {name: wall_s, f"{name}_cpu": cpu_s, **more}
        self._path.write_text(json.dumps(self._figures))
        self._before = now


class PaperExecutor(Executor):
    """Gives a receipt for each part without reading it, and may end the process on the way.

    Parameters
    ----------
    figures : Figures
        Gets the seconds until the first part and those of all.
    end_after : int, optional
        Receipts after which the process is gone, without a word.
    """

    def __init__(self, figures: Figures, end_after: int | None = None) -> None:
        self._figures, self._end_after = figures, end_after

    def run(self, settings: WorkerSettings, parts: Sequence[Part], tick: Tick) -> Generator[Receipt]:
        """Yield a receipt for each part."""
        self._figures.lap("first", left=len(parts))
        for number, part in enumerate(parts):
            if number == self._end_after:
                self._figures.lap("loop")
                os._exit(0)
            yield Receipt(
                key=part.key,
                output=part.output,
                rows=part.rows,
                kept=1,
                reasons={"empty": 1} if number % 2 else {},
                text_bytes=part.text_bytes,
                kept_text_bytes=part.text_bytes // 2,
                data_rows=1,
                data_bytes=4000,
                data_sha256=part.key[::-1],
                scores_bytes=900,
                scores_sha256=part.key[32:] + part.key[:32],
            )
            tick(part.rows, part.text_bytes, 1)
        self._figures.lap("loop")


def main() -> None:
    """Print what planning costs, or do one step of it in a process of its own."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=FILES)
    parser.add_argument("--groups", type=int, default=GROUPS, help="row groups of a file, each a part")
    parser.add_argument("--step", choices=STEPS, help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.step:
        STEPS[options.step](options.folder, options.files * options.groups)
        return
    with tempfile.TemporaryDirectory(prefix="edufilter-bench-") as folder:
        lines = planning_section(Path(folder), options.files, options.groups)
    sys.stdout.write("\n".join(lines) + "\n")


def planning_section(folder: Path, files: int = FILES, groups: int = GROUPS) -> list[str]:
    """Return what planning and receipts cost, as lines of the page."""
    folder = folder / "planning"
    _make_dump(folder / "dump", files, groups)
    done: dict[str, tuple[Run, Mapping[str, float]]] = {}
    for step in STEPS:
        arguments = ["--step", step, "--folder", str(folder), "--files", str(files), "--groups", str(groups)]
        run = run_process([sys.executable, "-m", __spec__.name, *arguments])
        done[step] = run, json.loads((folder / "figures.json").read_text())
    parts, half = files * groups, files * groups // 2
    left, found = int(done["resume"][1]["left"]), done["read"][1]
    rows = [
        _line(*done["plan"], "inputs listed", "find", f"{files:,} files", files),
        _line(*done["plan"], "footers read, parts made", "plan", f"{files:,} footers", files),
        _line(
            *done["plan"], "the same footers, bare `pq.read_metadata`", "bare", f"{files:,} footers", files
        ),
        _line(*done["begin"], "a new run until its first part", "first"),
        _line(*done["begin"], "its first receipts; then it is killed", "loop", f"{half:,} parts", half),
        _line(*done["resume"], "the same again until its first part", "first"),
        _line(*done["resume"], "the other receipts", "loop", f"{left:,} parts", left),
        _line(*done["resume"], "the manifest", "manifest", f"{parts:,} parts", parts),
        _line(*done["read"], "one row group of the manifest", "read"),
    ]
    return [
        f"## Planning: {files:,} files of {groups} row groups, {parts:,} parts",
        "",
        "Nothing is scored: an executor gives receipts for parts that it has not read. The files are small,",
        "have nine columns, and are cached hard links on a local disk. Each step is a process of its own.",
        "CPU seconds say more than the clock's if other programs take turns on the cores.",
        "",
        "| what | of | seconds | CPU seconds | a CPU second | peak memory, MB |",
        "| --- | --- | --- | --- | --- | --- |",
        *rows,
        "",
        f"{found['segments']:,.0f} segments of receipts take {found['receipts_mb']:.0f} MB, `plan.parquet` "
        f"{found['plan_mb']:.0f} MB, `manifest.parquet` {found['manifest_mb']:.0f} MB in "
        f"{found['row_groups']:.0f} row groups.",
        "",
    ]


def _line(
    run: Run, figures: Mapping[str, float], what: str, name: str, things: str = "", count: int = 0
) -> str:
    wall_s, cpu_s = figures[name], figures[f"{name}_cpu"]
    rate = f"{count / cpu_s:,.0f}" if count else ""
    return f"| {what} | {things} | {wall_s:.1f} | {cpu_s:.1f} | {rate} | {run.peak_mb:,.0f} |"


def _make_dump(dump: Path, files: int, groups: int) -> None:
    """Write files of the columns of FineWeb, spread over folders."""
    rows = groups * GROUP_ROWS
    names = ("text", "id", "dump", "url", "date", "file_path", "language")
    table = pa.table(
        {
            **{name: [f"{name} of document {row}, which is short" for row in range(rows)] for name in names},
            "language_score": [0.9] * rows,
            "token_count": list(range(rows)),
        }
    )
    for start in range(0, files, FOLDER_FILES):
        folder = dump / f"{start // FOLDER_FILES:04}"
        folder.mkdir(parents=True)
        pq.write_table(table, folder / "000.parquet", row_group_size=GROUP_ROWS, compression="zstd")
        for number in range(1, min(FOLDER_FILES, files - start)):
            os.link(folder / "000.parquet", folder / f"{number:03}.parquet")


def _plan(folder: Path, parts: int) -> None:
    figures = Figures(folder)
    files = find_inputs([str(folder / "dump")], str(folder / "out"))
    figures.lap("find")
    plan = make_plan(files, settings={}, text_column=None, new_columns=[], size=PartSize(GROUP_ROWS))
    figures.lap("plan")
    if len(plan.parts) != parts:
        raise RuntimeError(f"{parts} parts should have been planned, not {len(plan.parts)}")
    for file in files:
        pq.read_metadata(file.path)
    figures.lap("bare")


def _begin(folder: Path, parts: int) -> None:
    _run(folder, parts, end_after=parts // 2)


def _run(folder: Path, parts: int, end_after: int | None = None) -> None:
    dump, out = str(folder / "dump"), str(folder / "out")
    config = FilterConfig(inputs=[dump], out=out, rows_per_part=GROUP_ROWS)
    figures = Figures(folder)
    result = filter_dump(config, executor=PaperExecutor(figures, end_after), reporter=ConsoleReporter("none"))
    figures.lap("manifest")
    if result.rows != parts * GROUP_ROWS:
        raise RuntimeError(f"{parts * GROUP_ROWS} rows should be in the manifest, not {result.rows}")


def _read(folder: Path, parts: int) -> None:
    run = folder / "out" / "run"
    figures = Figures(folder)
    with pq.ParquetFile(run / "manifest.parquet") as file:
        file.read_row_group(file.num_row_groups // 2)
        row_groups = file.num_row_groups
    segments = list((run / "receipts").iterdir())
    figures.lap(
        "read",
        row_groups=row_groups,
        segments=len(segments),
        receipts_mb=sum(path.stat().st_size for path in segments) / 1e6,
        plan_mb=(run / "plan.parquet").stat().st_size / 1e6,
        manifest_mb=(run / "manifest.parquet").stat().st_size / 1e6,
    )


STEPS: Mapping[str, Callable[[Path, int], None]] = {
    "plan": _plan,
    "begin": _begin,
    "resume": _run,
    "read": _read,
}


if __name__ == "__main__":
    main()
