"""Proves that runs at full effort end alike, killed or not, and refuse a wrong embedder or device."""

import re
import shutil
import signal
import time
from dataclasses import replace
from pathlib import Path

import psutil
import pyarrow.parquet as pq
import pytest

from filtering import save_scorer
from pipelines import FilterConfig, filter_dump, verify_run
from tests.kit.dumps.small import digests, lasting, make_labels, write_dump
from tests.kit.faults.hunting import wait_for
from tests.kit.runs.full_effort import FULL, arguments_of
from tests.kit.runs.outcomes import QUIET

# Runs.


def is_stopped(process):
    """Tell whether all threads of a process hold still."""
    states = [path.read_text() for path in Path("/proc", str(process.pid), "task").glob("*/status")]
    return all("\nState:\tT" in state for state in states)


def is_pending(number, process):
    """Tell whether a signal waits for a process to go on."""
    status = Path("/proc", str(process.pid), "status").read_text()
    return int(re.search(r"ShdPnd:\s*(\w+)", status)[1], 16) >> (number - 1) & 1


@pytest.mark.parametrize("workers", [2, 3])
def test_any_number_of_workers_writes_the_same_bytes(full, full_finished, tmp_path, workers):
    filter_dump(FilterConfig(**full | {"workers": workers}, out=tmp_path / "out"), reporter=QUIET)
    assert lasting(tmp_path / "out") == lasting(full_finished)


def test_a_killed_run_goes_on_to_the_same_bytes(warm_process, full, full_finished, tmp_path):
    out = tmp_path / "out"
    done = warm_process("after rename of scores", 3, *arguments_of(full, out), program="faults.faulty_run")
    assert done.code == -signal.SIGKILL, done.err
    assert lasting(out).items() < lasting(full_finished).items()
    result = filter_dump(FilterConfig(**full | {"workers": 2}, out=out), reporter=QUIET)
    assert 0 < result.rows_scored < result.rows
    assert lasting(out) == lasting(full_finished)
    assert verify_run(str(out)) == []


def test_an_interrupted_run_begins_no_other_part_ends_with_130_and_goes_on(two_stages, begin, tmp_path):
    write_dump(tmp_path / "in", rows=(1000,), row_group_size=100)
    settings = {
        "inputs": [str(tmp_path / "in")], "scorer": two_stages.out, "effort": "full", "device": "cpu",
        "rows_per_part": 100,
    }  # fmt: skip
    out = tmp_path / "out"
    arguments = ["filter", *settings["inputs"], "-s", two_stages.out, *FULL, "--rows-per-part", 100]
    with begin(*arguments, "--workers", 1, "--out", out) as process:
        while not any((out / "run" / "receipts").rglob("*.parquet")) and process.poll() is None:
            time.sleep(0.005)
        (worker,) = psutil.Process(process.pid).children()
        worker.suspend()  # so that the order is there before anything else is done
        wait_for(lambda: is_stopped(worker))
        finished = len(digests(out / "data"))
        process.send_signal(signal.SIGINT)
        wait_for(lambda: is_pending(signal.SIGINT, worker))
        worker.resume()
        _, said = process.communicate()
    assert len(digests(out / "data")) <= finished + 1  # the part that was under way may be at its end
    assert process.returncode == 130, said
    assert "To go on:" in said
    assert "Traceback" not in said
    result = filter_dump(FilterConfig(**settings, out=out), reporter=QUIET)
    assert 0 < result.rows_scored < result.rows == 1000
    assert verify_run(str(out)) == []


@pytest.mark.parametrize(("begun", "goes_on"), [("fast", "full"), ("full", "fast")])
def test_a_run_does_not_go_on_at_another_effort(command, full, tmp_path, begun, goes_on):
    filter_dump(FilterConfig(**full | {"effort": begun}, out=tmp_path / "out"), reporter=QUIET)
    before = digests(tmp_path / "out")
    arguments = arguments_of(full, tmp_path / "out")
    arguments[arguments.index("full")] = goes_on
    outcome = command(*arguments)
    assert outcome.code == 2
    assert f"--effort of {tmp_path / 'out'} is '{begun}'. Now it is '{goes_on}'" in outcome.err
    assert digests(tmp_path / "out") == before


def test_a_dry_run_at_full_effort_estimates_and_writes_nothing(command, full, tmp_path):
    outcome = command(*arguments_of(full, tmp_path / "out"), "--dry-run")
    assert outcome.code == 0
    assert "effort: full (words and style, and an embedding of every document)" in outcome.out
    estimate = re.search(r"of 217 documents \(([\d.]+) %\) and take about ([\d.]+) s", outcome.out)
    assert 100 < int(re.search(r"from (\d+) documents", outcome.out)[1]) <= 200
    assert float(estimate[2]) > 0
    assert 5 < float(estimate[1]) < 95
    assert list(tmp_path.iterdir()) == []


# Embedders and devices.


@pytest.fixture
def placed(two_stages, tiny_model, tmp_path):
    """Return a scorer whose embedder lies in a folder of the test's own, and that folder."""
    folder = tmp_path / "embedders" / "first"
    shutil.copytree(tiny_model, folder)
    stage = two_stages.scorer.stage
    stage = replace(stage, embedder=replace(stage.embedder, name=str(folder)))
    out = tmp_path / "placed"
    save_scorer(replace(two_stages.scorer, stage=stage), str(out), metrics={}, card="A copy.\n")
    return str(out), folder


def test_an_embedder_that_was_moved_is_named_and_found_where_the_option_says(
    command, full, full_finished, placed, tmp_path
):
    scorer, folder = placed
    arguments = arguments_of(full | {"scorer": scorer}, tmp_path / "out")
    moved = folder.rename(tmp_path / "moved")
    refused = command(*arguments)
    assert refused.code == 2
    assert str(folder) in refused.err
    assert not (tmp_path / "out").exists()
    assert command(*arguments, "--embedder", moved).code == 0
    found, wanted = (digests(out / "data") for out in (tmp_path / "out", full_finished))
    assert found == wanted
    (tmp_path / "a.txt").write_text("Some words.")
    labels = tmp_path / "labels.parquet"
    pq.write_table(make_labels(), labels)
    for verb in (["score", tmp_path / "a.txt", "-s", scorer], ["evaluate", scorer, labels]):
        assert str(folder) in command(*verb, *FULL).err
    assert command("score", tmp_path / "a.txt", "-s", scorer, *FULL, "--embedder", moved).code == 0
    arguments = arguments_of(full | {"scorer": scorer}, tmp_path / "other")
    nowhere = command(*arguments, "--embedder", tmp_path / "nowhere")
    assert nowhere.code == 2
    assert str(tmp_path / "nowhere") in nowhere.err


def test_another_model_in_the_embedders_place_is_refused(command, full, placed, tmp_path):
    from tests.kit.scorers.tiny_models import make_tiny_model

    scorer, folder = placed
    shutil.rmtree(folder)
    make_tiny_model(folder, seed=1)
    outcome = command(*arguments_of(full | {"scorer": scorer}, tmp_path / "out"))
    assert outcome.code == 2
    assert "must be the one that the scorer was trained with" in outcome.err
    assert str(folder) in outcome.err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("verb", ["filter", "dry run", "score", "evaluate"])
def test_a_scorer_without_a_second_stage_is_refused_at_full_effort(
    command, trained, labels, source, tmp_path, verb
):
    (tmp_path / "a.txt").write_text("Some words.")
    labels = tmp_path / "labels.parquet"
    pq.write_table(make_labels(), labels)
    arguments = {
        "filter": ["filter", source, "-s", trained.out, "--out", tmp_path / "out"],
        "dry run": ["filter", source, "-s", trained.out, "--out", tmp_path / "out", "--dry-run"],
        "score": ["score", tmp_path / "a.txt", "-s", trained.out],
        "evaluate": ["evaluate", trained.out, labels],
    }[verb]
    outcome = command(*arguments, *FULL)
    assert outcome.code == 2
    assert (
        f"must have been trained with an embedder for --effort full. {trained.out!r} was not" in outcome.err
    )
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("device", ["abacus", "cuda:99", "meta"])
def test_a_wrong_device_is_refused_before_anything_is_written(
    command, full, labels, tiny_model, tmp_path, device
):
    arguments = arguments_of(full, tmp_path / "out")
    arguments[arguments.index("cpu")] = device
    training = ["train", labels, "--out", tmp_path / "out", "--embedder", tiny_model, "--device", device]
    for one in (arguments, training):
        outcome = command(*one)
        assert outcome.code == 2
        assert "--device must" in outcome.err
        assert f"Got '{device}' instead" in outcome.err
        assert not (tmp_path / "out").exists()
