"""Proves what every executor must hold: each part once, failures told, a stop when asked, the same bytes."""

import mmap
import os
import shutil
import threading
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from filtering import being_read
from filtering.being_read import MEMORY_BYTES, Notes
from filtering.errors import BadFileError, OutOfMemoryError, RunError
from pipelines import Executor, FilterConfig, LocalExecutor, RayExecutor, filter_dump
from pipelines.progress import ConsoleReporter
from pipelines.run.filter import inputs_of, plan_of
from pipelines.run.scorers_of_run import untried_scorer_of
from pipelines.run_folder.folder import RunFolder
from pipelines.worker.part_worker import PartWorker
from pipelines.worker.worker_settings import PlannedScorer, WorkerSettings
from tests.kit.dumps.deadly_files import write_killer
from tests.kit.dumps.small import CUT, digests, lasting
from tests.kit.runs.outcomes import QUIET

WITH_RAY = pytest.mark.xdist_group("ray")  # one Ray serves all that need one


class SerialExecutor(Executor):
    """The simplest executor: one part after another, in the caller's thread."""

    def run(self, settings, parts, tick):
        worker = PartWorker(settings)
        try:
            for part in parts:
                yield worker.run(part, tick)
        finally:
            worker.close()


EXECUTORS = {
    "serial": SerialExecutor(),
    "one worker": LocalExecutor(1),
    "two workers": LocalExecutor(2),
    "three workers": LocalExecutor(3),
}


@pytest.fixture(params=[*EXECUTORS, pytest.param("ray", marks=WITH_RAY)], ids=str)
def executor(request):
    if request.param != "ray":
        return EXECUTORS[request.param]
    request.getfixturevalue("ray")
    return RayExecutor()


@pytest.fixture
def job(dump, web, tmp_path):
    """Return worker settings and the parts of a copy of the dump."""
    source, out = tmp_path / "in", tmp_path / "out"
    shutil.copytree(dump, source)
    config = FilterConfig(
        effort="fast", inputs=[str(source)], out=out, scorer=web, keep_at=CUT, rows_per_part=40
    )
    plan = plan_of(config, inputs_of(config, ConsoleReporter()), untried_scorer_of(config))
    RunFolder(str(out)).write_plan(plan)
    settings = WorkerSettings(
        out=str(out), scorers=(PlannedScorer(name="web", address=web),), effort="fast",
        text_column=plan.facts.text_column, keep_at=CUT, write="kept", score_column="edu_score",
    )  # fmt: skip
    return settings, plan.parts


def silent(rows, text_bytes, kept):
    """Take no notice."""


def test_each_part_gets_one_receipt_and_ticks_add_up_to_them(executor, job):
    settings, parts = job
    lock, ticks = threading.Lock(), []

    def tick(*figures):
        with lock:
            ticks.append(figures)

    receipts = list(executor.run(settings, parts, tick))
    assert sorted(receipt.key for receipt in receipts) == sorted(part.key for part in parts)
    assert len(parts) == 11
    totals = tuple(map(sum, zip(*ticks, strict=True)))
    names = ("rows", "text_bytes", "kept")
    assert totals == tuple(sum(getattr(receipt, name) for receipt in receipts) for name in names)
    assert totals[0] == 410


def test_no_parts_give_no_receipts(executor, job):
    assert list(executor.run(job[0], [], silent)) == []


def test_a_part_that_cannot_be_read_is_a_receipt_and_the_others_go_on(executor, job):
    settings, parts = job
    os.truncate(parts[0].path, 500)
    bad = {part.key for part in parts if part.path == parts[0].path}
    receipts = list(executor.run(settings, parts, silent))
    assert {receipt.key for receipt in receipts if receipt.set_aside} == bad
    assert len(receipts) == len(parts)


def test_what_is_no_fault_of_the_data_reaches_the_caller(executor, job):
    settings, parts = job
    shutil.rmtree(Path(parts[-1].path).parent)
    with pytest.raises(RunError, match="No such file"):
        list(executor.run(settings, parts, silent))
    assert digests(RunFolder(settings.out).temporary) == {}


def test_closing_the_generator_stops_the_work_and_leaves_whole_files_only(executor, job, finished):
    settings, parts = job
    ticks = []
    receipts = executor.run(settings, parts, lambda *figures: ticks.append(figures))
    first = next(receipts)
    receipts.close()
    seen = len(ticks)
    folder = RunFolder(settings.out)
    written = digests(folder.data)
    assert 0 < len(written) < len(parts)
    assert written[first.output] == first.data_sha256
    if not isinstance(executor, RayExecutor):  # its workers are ended from outside; the next run clears up
        assert digests(folder.temporary) == {}
    assert not [thread for thread in threading.enumerate() if thread.name.startswith(("part", "score"))]
    assert len(ticks) == seen


def test_a_run_by_any_executor_writes_the_same_bytes(executor, settings, finished, tmp_path):
    config = FilterConfig(**settings, out=tmp_path / "out")
    filter_dump(config, executor=executor, reporter=QUIET)
    assert lasting(tmp_path / "out") == lasting(finished)


def test_a_run_begun_by_one_executor_goes_on_under_another(executor, settings, finished, tmp_path):
    class StopsAfterTwo(Executor):
        def run(self, settings, parts, tick):
            yield from SerialExecutor().run(settings, parts[:2], tick)
            raise RunError("The machine went away.")

    config = FilterConfig(**settings, out=tmp_path / "out")
    with pytest.raises(RunError, match="went away"):
        filter_dump(config, executor=StopsAfterTwo(), reporter=QUIET)
    filter_dump(config, executor=executor, reporter=QUIET)
    assert lasting(tmp_path / "out") == lasting(finished)


def test_receipts_that_do_not_add_up_to_the_plan_fail_the_run(settings, tmp_path):
    class ForgetsOne(Executor):
        def run(self, settings, parts, tick):
            yield from SerialExecutor().run(settings, parts[1:], tick)

    config = FilterConfig(**settings, out=tmp_path / "out")
    with pytest.raises(RunError, match="must have a receipt"):
        filter_dump(config, executor=ForgetsOne(), reporter=QUIET)
    assert not (tmp_path / "out" / "run" / "manifest.json").exists()


def test_strict_stops_the_executor(executor, settings, dump, tmp_path):
    source = tmp_path / "in"
    shutil.copytree(dump, source)
    path = source / "part-0.parquet"
    content = path.read_bytes()
    path.write_bytes(b"PAR1" + b"\xff" * 4000 + content[4004:])
    config = FilterConfig(**settings | {"inputs": [str(source)]}, out=tmp_path / "out", strict=True)
    with pytest.raises(BadFileError, match=r"part-0\.parquet"):
        filter_dump(config, executor=executor, reporter=QUIET)


@pytest.fixture
def deadly(job):
    """Return worker settings and two parts, the first of a file that ends the process that reads it."""
    settings, parts = job
    first, last = parts[0], parts[-1]
    write_killer(Path(first.path), pq.read_table(first.path), "id", row_group_size=20)
    return settings, [first, last]


def test_a_part_in_doubt_runs_apart_and_is_set_aside_where_it_ends_that_process(deadly, monkeypatch):
    settings, parts = deadly
    notes = Notes(mmap.mmap(-1, MEMORY_BYTES), {}, frozenset(part.name for part in parts))
    monkeypatch.setattr(being_read, "_notes", [notes])
    receipts = list(LocalExecutor(2).run(settings, parts, silent))
    assert {receipt.output: "SIGABRT" in receipt.set_aside for receipt in receipts} == {
        parts[0].output: True,
        parts[1].output: False,
    }


@WITH_RAY
def test_a_part_that_ends_workers_of_ray_is_set_aside(deadly, ray):
    settings, parts = deadly
    receipts = list(RayExecutor().run(settings, parts, silent))
    assert {receipt.output: "SIGABRT" in receipt.set_aside for receipt in receipts} == {
        parts[0].output: True,
        parts[1].output: False,
    }


def test_a_part_that_lacks_memory_here_runs_apart_and_is_counted_once(job, monkeypatch):
    settings, parts = job

    def run_short(worker, part, tick):
        tick(7, 7, 7)
        raise OutOfMemoryError("malloc of size 400000064 failed")

    monkeypatch.setattr(PartWorker, "run", run_short)  # not in the process apart
    ticks = []
    receipts = list(LocalExecutor(1).run(settings, [parts[0]], lambda *figures: ticks.append(figures)))
    assert [receipt.set_aside for receipt in receipts] == [""]
    assert sum(rows for rows, *_ in ticks) == parts[0].rows
