"""Proves on real clusters of Ray that runs keep each row once, whatever is lost, and refuse what differs.

Workers, nodes, the board and drivers are killed or frozen by signals, in mid-part: a worker is stopped first,
and struck only if the title of its process then says that it runs a part.
"""

import json
import shutil
import signal
import time
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

import filtering
from filtering.errors import RunError, SettingsError
from pipelines import Executor, FilterConfig, LocalExecutor, RayExecutor, decontaminate_dump, filter_dump
from pipelines.executors import ray_task
from pipelines.run_folder.folder import RunFolder
from tests.kit.dumps.leaking import LEAKY, config_of, make_task, write_source
from tests.kit.dumps.small import BARE, CUT, lasting
from tests.kit.faults.hunting import PATIENCE_S, caught, leave, struck, wait_for
from tests.kit.runs.outcomes import QUIET

pytestmark = pytest.mark.xdist_group("ray")  # one Ray serves all that need one

PART = "ray::run_part"
BOARD = "ray::Board"


@pytest.fixture
def address(ray):
    return ray.get_runtime_context().gcs_address


@pytest.fixture
def config(settings, tmp_path):
    return FilterConfig(**settings, out=tmp_path / "out")


@pytest.fixture
def arguments_of(dump, web, tmp_path):
    """Return a function that gives the arguments of the run that `finished` is of."""

    def arguments(*options):
        given = ["--keep-at", CUT, "--rows-per-part", 80, "--out", tmp_path / "out"]
        return ["filter", *BARE, dump, "-s", web, *given, *options]

    return arguments


class Listening(Executor):
    """An executor that remembers the ticks and receipts of another."""

    def __init__(self, executor):
        self.executor, self.ticks, self.receipts = executor, [], []

    def run(self, settings, parts, tick):
        def heard(*figures):
            self.ticks.append(figures)
            tick(*figures)

        for receipt in self.executor.run(settings, parts, heard):
            self.receipts.append(receipt)
            yield receipt


@pytest.mark.parametrize("workers", [1, 2])
def test_any_number_of_workers_writes_the_same_bytes_with_a_receipt_a_part(ray, config, finished, workers):
    executor = Listening(RayExecutor(workers=workers))
    result = filter_dump(config, executor=executor, reporter=QUIET)
    parts = RunFolder(config.out).read_plan().parts
    assert sorted(receipt.key for receipt in executor.receipts) == sorted(part.key for part in parts)
    totals = tuple(map(sum, zip(*executor.ticks, strict=True)))
    names = ("rows", "text_bytes", "kept")
    assert totals == tuple(sum(getattr(one, name) for one in executor.receipts) for name in names)
    assert (totals[0], totals[2]) == (result.rows, result.kept)
    assert lasting(Path(config.out)) == lasting(finished)
    assert ray.is_initialized()


def test_a_cascade_decides_and_audits_the_same_rows(ray, dump, cascade, tmp_path):
    given = {
        "inputs": [str(dump)], "scorer": str(cascade.out), "effort": "balanced", "device": "cpu",
        "keep_at": CUT, "max_disagreement": 0.05, "audit": 100, "rows_per_part": 80, "workers": 1,
    }  # fmt: skip
    local, by_ray = (
        filter_dump(FilterConfig(**given, out=tmp_path / name, executor=name), reporter=QUIET)
        for name in ("local", "ray")
    )
    assert lasting(tmp_path / "ray") == lasting(tmp_path / "local")
    assert by_ray.agreement == local.agreement
    assert by_ray.agreement.looked_at > 50


def test_leaks_are_the_same(ray, tmp_path):
    source = write_source(tmp_path / "dump")
    benchmark = tmp_path / "Made.jsonl"
    benchmark.write_text(json.dumps(make_task("Made/0")))
    for name, executor in (("local", LocalExecutor(1)), ("ray", RayExecutor())):
        config = config_of(source, benchmark, tmp_path / name)
        found = decontaminate_dump(config, executor=executor, reporter=QUIET)
        assert found.manifest["leaked"] == len(LEAKY)
    assert lasting(tmp_path / "ray") == lasting(tmp_path / "local")


def test_passages_are_the_same_bytes_by_ray(ray, of_long, passages, tmp_path):
    config = FilterConfig(**of_long, out=tmp_path / "out", write="passages")
    filter_dump(config, executor=RayExecutor(), reporter=QUIET)
    assert lasting(tmp_path / "out") == lasting(passages)


def test_a_file_that_cannot_be_read_is_set_aside_and_the_others_are_written(
    ray, settings, dump, finished, tmp_path
):
    source = tmp_path / "in"
    shutil.copytree(dump, source)
    path = source / "part-0.parquet"
    content = path.read_bytes()
    path.write_bytes(b"PAR1" + b"\xff" * 4000 + content[4004:])
    config = FilterConfig(**settings | {"inputs": [str(source)]}, out=tmp_path / "out")
    executor = Listening(RayExecutor())
    result = filter_dump(config, executor=executor, reporter=QUIET)
    bad = [receipt for receipt in executor.receipts if receipt.set_aside]
    assert {receipt.output.split(".")[0] for receipt in bad} == {"part-0"}
    assert result.exit_code == 3
    good = {name: digest for name, digest in lasting(finished).items() if "part-2" in name or "deep" in name}
    assert good.items() <= lasting(tmp_path / "out").items()


def test_what_no_try_can_mend_is_told_after_three(ray, settings, dump, tmp_path):
    class LosesInput(Executor):
        def run(self, settings, parts, tick):
            shutil.rmtree(source)
            yield from RayExecutor().run(settings, parts, tick)

    source = tmp_path / "in"
    shutil.copytree(dump, source)
    config = FilterConfig(**settings | {"inputs": [str(source)]}, out=tmp_path / "out")
    with pytest.raises(RunError, match=r"\.parquet \(.*\) failed 3 times: .*No such file"):
        filter_dump(config, executor=LosesInput(), reporter=QUIET)


def test_workers_killed_in_mid_part_cost_nothing_but_time(ray, config, finished):
    with struck(PART, psutil.Process.kill, times=3) as killed:
        filter_dump(config, executor=RayExecutor(), reporter=QUIET)
    assert len(killed) == 3
    assert lasting(Path(config.out)) == lasting(finished)


def test_a_killed_board_costs_nothing(ray, config, finished):
    executor = Listening(RayExecutor())
    with struck(BOARD, psutil.Process.kill) as killed:
        filter_dump(config, executor=executor, reporter=QUIET)
    assert len(killed) == 1
    assert lasting(Path(config.out)) == lasting(finished)
    assert sum(rows for rows, *_ in executor.ticks) == 410


def test_a_part_that_hangs_is_ended_and_run_again(ray, config, finished):
    with struck(PART, leave) as frozen:
        filter_dump(config, executor=RayExecutor(stall_s=6), reporter=QUIET)
        with suppress(psutil.NoSuchProcess):  # Ray may have ended it by then
            assert frozen[0].status() == psutil.STATUS_STOPPED
    assert lasting(Path(config.out)) == lasting(finished)


def test_a_part_that_hangs_too_often_is_told(ray, config, tmp_path):
    told = []
    for number in range(5):  # a worker may be stopped when its part has just been told of
        again = config.model_copy(update={"out": str(tmp_path / f"out-{number}")})
        try:
            with struck(PART, leave):
                filter_dump(again, executor=RayExecutor(stall_s=2, tries=1), reporter=QUIET)
        except RunError as error:
            told.append(str(error))
            break
    assert "failed 1 times: nothing came from it for 2 s" in "".join(told)


def test_a_cancelled_task_hears_of_it_and_is_not_interrupted(ray, tmp_path):
    begun, heard = tmp_path / "begun", tmp_path / "heard"

    def wait():
        with ray_task.cancelled_between_batches() as cancelled:
            begun.touch()
            while not cancelled.is_set():  # an import, as far as an interruption is concerned
                time.sleep(0.01)
            heard.touch()

    task = ray.remote(wait).remote()
    wait_for(begun.exists)
    ray.cancel(task)
    wait_for(heard.exists)


def test_a_killed_node_costs_no_row_and_writes_none_twice(cluster, begin, arguments_of, finished, tmp_path):
    node = cluster.add_node(num_cpus=1)
    try:
        with begin(*arguments_of("--executor", "ray", "--ray-address", cluster.address)) as driver:
            raylet = psutil.Process(node.all_processes["raylet"][0].process.pid)
            worker = wait_for(lambda: caught(PART, raylet))
            lost = raylet.children(recursive=True)
            assert worker in lost
            for process in (raylet, *lost):
                with suppress(psutil.Error):
                    process.kill()
            said = driver.communicate(timeout=PATIENCE_S)[1]
        assert driver.returncode == 0, said
        assert "Traceback" not in said
    finally:
        cluster.remove_node(node, allow_graceful=False)
    assert lasting(tmp_path / "out") == lasting(finished)


def test_a_run_whose_driver_was_killed_goes_on_without_ray(
    ray, address, config, begin, arguments_of, finished, tmp_path
):
    arguments = arguments_of("--executor", "ray", "--ray-address", address)
    with begin("after receipt", 2, *arguments, program="faults.faulty_run") as driver:
        frozen = wait_for(lambda: caught(PART))
    assert driver.returncode == -signal.SIGKILL
    psutil.wait_procs([frozen], timeout=PATIENCE_S)
    assert not frozen.is_running()
    done = lasting(tmp_path / "out")
    assert done.items() < lasting(finished).items()
    filter_dump(config, reporter=QUIET)
    assert lasting(tmp_path / "out") == lasting(finished)


def test_a_run_that_was_killed_goes_on_under_ray(ray, config, warm_process, arguments_of, finished, tmp_path):
    killed = warm_process("after receipt", 3, *arguments_of("--workers", 1), program="faults.faulty_run")
    assert killed.code == -signal.SIGKILL, killed.err
    executor = Listening(RayExecutor())
    filter_dump(config, executor=executor, reporter=QUIET)
    assert len(executor.receipts) == 3
    assert lasting(tmp_path / "out") == lasting(finished)


def copy_of_packages(folder):
    """Copy our packages into a folder, with one line more in one of them."""
    root = Path(filtering.__file__).parent.parent
    for name in ("filtering", "annotations", "pipelines"):
        shutil.copytree(root / name, folder / name, ignore=shutil.ignore_patterns("models", "__pycache__"))
    with (folder / "pipelines" / "worker" / "part_worker.py").open("a") as file:
        file.write("\n")


def hiding_folder(folder):
    (folder / "pipelines").mkdir(parents=True)
    (folder / "pipelines" / "__init__.py").touch()


@pytest.mark.parametrize(
    ("fill", "reason"),
    [
        (copy_of_packages, "pipelines/worker/part_worker.py is"),
        (hiding_folder, "must come from one place. Found filtering in"),
    ],
)
def test_workers_that_would_run_other_code_refuse_in_words(
    address, warm_process, arguments_of, tmp_path, fill, reason
):
    folder = tmp_path / "job"
    fill(folder)
    arguments = arguments_of("--executor", "ray", "--workers", 1)
    done = warm_process(address, folder, *arguments, program="runs.ray_in_a_folder")
    assert done.code == 2, done.err
    assert "A worker refused to run parts" in done.err
    assert reason in done.err
    assert "Traceback" not in done.err
    assert not list((tmp_path / "out").glob("data/**/*.parquet"))


def test_a_worker_with_another_scorer_refuses(ray, config):
    class Mistaken(Executor):
        def run(self, settings, parts, tick):
            (scorer,) = settings.scorers
            changed = scorer.model_copy(update={"sha256": "0" * 64})
            other = settings.model_copy(update={"scorers": (changed,)})
            yield from RayExecutor().run(other, parts, tick)

    with pytest.raises(SettingsError, match="must be the scorer that the run was made with"):
        filter_dump(config, executor=Mistaken(), reporter=QUIET)


def test_a_worker_that_does_not_see_out_refuses(ray, config, tmp_path):
    class Elsewhere(Executor):
        def run(self, settings, parts, tick):
            other = settings.model_copy(update={"out": str(tmp_path / "of the driver alone")})
            yield from RayExecutor().run(other, parts, tick)

    with pytest.raises(SettingsError, match="OUT must be one folder for all nodes"):
        filter_dump(config, executor=Elsewhere(), reporter=QUIET)


def test_an_address_where_nobody_answers_is_refused_at_once(warm_process, arguments_of):
    done = warm_process(*arguments_of("--executor", "ray", "--ray-address", "127.0.0.1:1"))
    assert done.code == 2
    assert "must answer at 127.0.0.1:1. [Errno 111] Connection refused" in done.err  # and Ray was not asked
    assert "Check --ray-address" in done.err
    assert "Traceback" not in done.err


def test_an_address_without_the_executor_is_refused(command, arguments_of):
    done = command(*arguments_of("--ray-address", "127.0.0.1:1"))
    assert done.code == 2
    assert "Add --executor ray" in done.err
