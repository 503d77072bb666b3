"""A short version of `make faults`, and proof that its eyes see what they look for."""

import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.kit.dumps.small import lasting
from tests.kit.faults.kills import COMBINATIONS, ROWS, Work, broken_files, count_rows, make_work
from tests.kit.pages.written_pages import marks_of
from tests.kit.places import ROOT

pytestmark = pytest.mark.xdist_group("ray")  # so that one Ray starts at a time

PROGRAM = "tests.kit.faults.kills"
KILLS = 2
FILES = 8


@pytest.fixture(scope="module")
def work(begin, tmp_path_factory) -> Work:
    return make_work(begin, tmp_path_factory.mktemp("work"), ["fast"], files=2, options=("--no-report",))


@pytest.fixture
def out(work, tmp_path) -> Path:
    return shutil.copytree(work.undisturbed["fast"], tmp_path / "out")


def counted(work: Work, out: Path) -> tuple[int, int, int]:
    return count_rows(work.dump, out, work.undisturbed["fast"])


def rewrite(path: Path, change: Callable[[pa.Table], pa.Table]) -> None:
    table = pq.read_table(path)
    path.unlink()
    pq.write_table(change(table), path)


def test_nothing_is_seen_where_nothing_is_wrong(work, out):
    assert counted(work, out) == (200, 0, 0)
    assert broken_files(out / "data", lasting(out)) == []


def test_a_kept_row_that_is_gone_is_lost(work, out):
    rewrite(out / "data" / "page-001.parquet", lambda table: table.slice(1))
    rows, lost, twice = counted(work, out)
    assert (rows, lost > 0, twice) == (200, True, 0)


def test_scores_that_are_gone_are_lost(work, out):
    (out / "run" / "scores" / "page-000.parquet").unlink()
    assert counted(work, out)[1] >= 100


def test_a_row_that_is_there_again_is_twice(work, out):
    rewrite(out / "data" / "page-000.parquet", lambda table: pa.concat_tables([table, table.slice(0, 1)]))
    assert counted(work, out) == (200, 0, 1)


def test_a_row_with_another_text_is_seen(work, out):
    def change(table: pa.Table) -> pa.Table:
        texts = ["another", *table["text"].to_pylist()[1:]]
        return table.set_column(table.column_names.index("text"), "text", pa.array(texts))

    rewrite(out / "data" / "page-000.parquet", change)
    assert counted(work, out)[2] == 1


def test_half_a_file_and_a_file_of_other_bytes_are_broken(work, out):
    expected = lasting(out)
    half, other = (out / "data" / f"page-00{number}.parquet" for number in range(2))
    half.write_bytes(half.read_bytes()[: half.stat().st_size // 2])
    rewrite(other, lambda table: table.replace_schema_metadata({"other": "bytes"}))
    assert [name.partition(":")[0] for name in broken_files(out / "data", expected)] == [
        half.name,
        other.name,
    ]


def test_kills_lose_nothing_on_disk_and_store_locally_and_by_ray(tmp_path):
    page = tmp_path / "page.md"
    page.write_text("\n".join(marks_of("make faults")))
    options = [
        "--kills",
        str(KILLS),
        "--files",
        str(FILES),
        "--efforts",
        "fast",
        "--no-report",
        "--page",
        str(page),
    ]
    done = subprocess.run(
        [sys.executable, "-m", PROGRAM, *options], cwd=ROOT, capture_output=True, text=True, timeout=600
    )
    assert done.returncode == 0, done.stdout[-8000:] + done.stderr[-8000:]
    for combination in COMBINATIONS:
        row = re.search(rf"^\| {combination} \|(.*)\|$", page.read_text(), re.MULTILINE)
        figures = [int(cell.replace(",", "")) for cell in row[1].split("|")]
        kills, driver, worker, node, fast, full, rows, lost, twice, partial, _ = figures
        assert kills == driver + worker + node >= KILLS
        assert fast > 0 == full
        assert rows >= FILES * ROWS
        assert (lost, twice, partial) == (0, 0, 0), done.stdout
