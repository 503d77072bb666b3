"""Proves that a run keeps its promises from and to object stores, on real servers that also misbehave."""

import json
import os
import random
import signal
import subprocess
import tempfile
import threading
import time
from itertools import count

import pyarrow.fs as fs
import pyarrow.parquet as pq
import pytest
import stamina
from dumps import CUT, FAST, copy_of_scorer, digests, lasting, make_table
from leaking import config_of, make_task, write_source
from runs import QUIET, assert_each_row_once
from scripted_hub import REPOSITORY, scripted_hub
from stores import MisbehavingProxy, moto_store, rclone_store

import pipelines.paths
from filtering.errors import OutputError, RunError
from pipelines import (
    FilterConfig,
    RecutConfig,
    SampleConfig,
    clean_run,
    decontaminate_dump,
    filter_dump,
    recut_run,
    sample_dump,
    status_of_run,
    verify_run,
    write_report,
)
from pipelines.dump.inputs import find_inputs
from pipelines.paths import path_of
from pipelines.store.run_folder import RunFolder
from pipelines.store.scratch import scratch_folder

NUMBERS = count()
LOCAL = fs.LocalFileSystem()
UPLOAD_BYTES = 12 << 20
"""More than one part of an upload."""


@pytest.fixture(scope="module")
def moto():
    with moto_store() as store:
        yield store


@pytest.fixture
def store(moto, monkeypatch):
    """Return the store that this process finds by its environment."""
    use(moto, monkeypatch)
    return moto


@pytest.fixture
def folder(store):
    """Return a name in the bucket that no other test has."""
    return f"{store.bucket}/{next(NUMBERS)}"


@pytest.fixture
def remote_dump(store, folder, dump):
    """Return the URL of a copy of the dump."""
    fs.copy_files(
        str(dump), f"{folder}/in", source_filesystem=LOCAL, destination_filesystem=store.filesystem()
    )
    return f"s3://{folder}/in"


@pytest.fixture
def proxy(store, monkeypatch):
    """Stand a proxy between this process and the store."""
    with MisbehavingProxy(store.endpoint) as proxy:
        use(store.at(proxy.url), monkeypatch)
        yield proxy


@pytest.fixture
def eager(monkeypatch):
    """Leave all asking again to us, and do it without waiting."""
    patient = stamina.retry_context
    hasty = {"wait_initial": 0.01, "wait_max": 0.05, "wait_jitter": 0.0}
    monkeypatch.setattr(stamina, "retry_context", lambda **options: patient(**options | hasty))
    monkeypatch.setattr(pipelines.paths, "REQUESTS", 1)


@pytest.fixture
def impatient(monkeypatch):
    """Give up on a store within a second."""
    monkeypatch.setattr(pipelines.paths, "RETRY_S", 1.0)
    monkeypatch.setattr(pipelines.paths, "FIRST_RETRY_S", 1.0)


def use(store, monkeypatch):
    for name, value in store.environment.items():
        monkeypatch.setenv(name, value)
    pipelines.paths._filesystem.cache_clear()


def fetched(store, url, folder):
    """Bring a folder of the store here."""
    fs.copy_files(
        url.removeprefix("s3://"), str(folder), source_filesystem=store.filesystem(),
        destination_filesystem=LOCAL,
    )  # fmt: skip
    return folder


def run(settings, inputs, out, **more):
    config = FilterConfig(**settings | {"inputs": [str(one) for one in inputs], "out": str(out), **more})
    return filter_dump(config, reporter=QUIET)


@pytest.mark.parametrize("source", ["here", "store"])
@pytest.mark.parametrize("target", ["here", "store"])
def test_a_run_from_and_to_a_store_writes_the_bytes_of_a_local_one(
    source, target, store, folder, remote_dump, dump, settings, finished, tmp_path
):
    inputs = [dump if source == "here" else remote_dump]
    out = tmp_path / "out" if target == "here" else f"s3://{folder}/out"
    assert run(settings, inputs, out).rows_scored == 410
    if target == "store":
        assert verify_run(out) == []
        assert status_of_run(out).state == "complete"
        assert run(settings, inputs, out).rows_scored == 0
        out = fetched(store, out, tmp_path / "fetched")
    assert lasting(out) == lasting(finished)
    assert_each_row_once(dump, out)


def test_leaks_are_found_in_a_store_as_they_are_here(store, folder, tmp_path):
    source, here = write_source(tmp_path / "dump"), tmp_path / "here"
    (tmp_path / "Made.jsonl").write_text(json.dumps(make_task("Made/0")))
    decontaminate_dump(config_of(source, tmp_path / "Made.jsonl", here), reporter=QUIET)
    fs.copy_files(
        str(source), f"{folder}/in", source_filesystem=LOCAL, destination_filesystem=store.filesystem()
    )
    out = f"s3://{folder}/out"
    config = config_of(f"s3://{folder}/in", tmp_path / "Made.jsonl", out)
    assert decontaminate_dump(config, reporter=QUIET).manifest["leaked"] == 4
    assert verify_run(out) == []
    assert decontaminate_dump(config, reporter=QUIET).rows_scored == 0
    write_report(out)
    assert lasting(fetched(store, out, tmp_path / "fetched")) == lasting(here)


def test_patterns_and_files_of_a_store_mean_what_they_mean_here(store, folder, remote_dump, dump):
    def names(*given):
        return [file.relative for file in find_inputs(given, "/nowhere/out")]

    everything = ["deep/part-1.parquet", "part-0.parquet", "part-2.parquet"]
    for hidden in ("_temporary/a.parquet", ".b.parquet", "_SUCCESS", "a.parquet.crc"):
        with store.filesystem().open_output_stream(f"{folder}/in/{hidden}") as stream:
            stream.write(b"no data")
    assert names(remote_dump) == names(f"{remote_dump}/") == everything
    assert names(f"{remote_dump}/part-2.parquet") == ["part-2.parquet"]
    for pattern in ("*.parquet", "*/*.parquet", "**/part-?.parquet", "d[de]ep/*"):
        assert names(f"{remote_dump}/{pattern}") == names(f"{dump}/{pattern}") != []
    for missing in (f"{remote_dump}/none", f"{remote_dump}/*.csv"):
        with pytest.raises(ValueError, match="Check the path"):
            names(missing)
    with pytest.raises(OutputError, match="inside an input"):
        find_inputs([remote_dump], f"{remote_dump}/out")


def test_a_second_run_scores_nothing_and_writes_nothing_to_the_store(proxy, folder, remote_dump, settings):
    out = f"s3://{folder}/out"
    run(settings, [remote_dump], out)
    written = len(proxy.log)
    assert run(settings, [remote_dump], out).rows_scored == 0
    again = proxy.log[written:]
    assert again
    assert {method for method, *_ in again} <= {"GET", "HEAD"}


def test_a_new_and_a_changed_file_are_scored_alone_and_a_bad_one_set_aside_by_name(
    store, folder, remote_dump, settings
):
    out = f"s3://{folder}/out"
    run(settings, [remote_dump], out)
    filesystem = store.filesystem()
    pq.write_table(make_table(50, first_id=1000, seed=9), f"{folder}/in/new.parquet", filesystem=filesystem)
    with filesystem.open_output_stream(f"{folder}/in/bad.parquet") as stream:
        stream.write(b"PAR1 this is no Parquet file at all")
    with pytest.raises(OutputError, match="--update"):
        run(settings, [remote_dump], out)
    result = run(settings, [remote_dump], out, update=True)
    assert (result.rows, result.rows_scored) == (460, 50)
    assert [one.relative for one in result.set_aside] == ["bad.parquet"]
    assert verify_run(out) == []
    pq.write_table(make_table(60, first_id=2000, seed=8), f"{folder}/in/new.parquet", filesystem=filesystem)
    result = run(settings, [remote_dump], out, update=True)
    assert (result.rows, result.rows_scored) == (470, 60)
    assert verify_run(out) == []


def test_a_run_killed_over_and_over_ends_with_the_same_bytes_and_shows_whole_files_alone(
    store, folder, remote_dump, dump, web, settings, finished, tmp_path, edufilter
):
    out = f"s3://{folder}/out"
    clock = random.Random(0)
    arguments = [
        edufilter, "filter", *FAST, remote_dump, "--out", out, "-s", web, "--keep-at", str(CUT),
        "--rows-per-part", "80", "--workers", "2",
    ]  # fmt: skip
    wanted = lasting(finished)
    for number in range(4):
        with subprocess.Popen(arguments, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL) as process:
            while not path_of(f"{out}/run/plan.json").exists() and process.poll() is None:
                time.sleep(0.01)
            time.sleep(clock.uniform(0, 0.6))
            process.kill()
        assert lasting(fetched(store, out, tmp_path / str(number))).items() <= wanted.items()
    run(settings, [remote_dump], out)
    local = fetched(store, out, tmp_path / "fetched")
    assert lasting(local) == wanted
    assert_each_row_once(dump, local)


def test_a_store_that_asks_to_slow_down_delays_a_run_and_does_no_harm(
    proxy, store, folder, remote_dump, settings, finished, tmp_path
):
    proxy.strike("503", every=3, times=12)
    result = run(settings, [remote_dump], f"s3://{folder}/out")
    assert proxy.struck == 12
    assert result.set_aside == ()
    assert lasting(fetched(store, f"s3://{folder}/out", tmp_path / "fetched")) == lasting(finished)


def test_what_fails_for_the_moment_is_asked_for_again_until_it_comes_and_is_no_bad_data(
    eager, proxy, store, folder, remote_dump, settings, finished, tmp_path
):
    kinds = ["503", "500", "cut", "refuse"]
    for number, kind in enumerate(kinds):
        proxy.strike(kind, every=20, after=5 * number)  # a fifth of all requests
    result = run(settings, [remote_dump], f"s3://{folder}/out")
    assert proxy.struck > 40
    assert {kind for *_, kind in proxy.log} == {"", *kinds}
    assert result.set_aside == ()
    assert lasting(fetched(store, f"s3://{folder}/out", tmp_path / "fetched")) == lasting(finished)


@pytest.mark.parametrize(
    ("kind", "what"),
    [("503", "(SLOW_DOWN|SERVICE_UNAVAILABLE|status 503)"), ("500", "(INTERNAL_FAILURE|status 500)")],
)
def test_a_store_that_stays_away_fails_the_run_in_words_and_it_goes_on_later(
    kind, what, impatient, proxy, store, folder, remote_dump, settings, finished, tmp_path
):
    out = f"s3://{folder}/out"
    proxy.strike(kind, path_contains="/out/run/scores")
    with pytest.raises(RunError, match=rf"Writing s3://.*{what}.*goes on where it was"):
        run(settings, [remote_dump], out)
    proxy.relent()
    proxy.strike(kind, method="GET", path_contains="/in/part-0")
    with pytest.raises(RunError, match=rf"Reading s3://.*part-0.*{what}"):
        run(settings, [remote_dump], out)
    proxy.relent()
    assert run(settings, [remote_dump], out).set_aside == ()
    assert lasting(fetched(store, out, tmp_path / "fetched")) == lasting(finished)


@pytest.mark.parametrize(
    ("kind", "what"), [("expired", "(ExpiredToken|status 400)"), ("denied", "ACCESS_DENIED")]
)
def test_wrong_or_expired_credentials_end_a_run_at_once_and_it_goes_on_later(
    kind, what, proxy, folder, remote_dump, settings
):
    out = f"s3://{folder}/out"
    proxy.strike(kind, path_contains="/out/run/scores")
    started_s = time.monotonic()
    with pytest.raises(RunError, match=rf"Writing s3://.*{what}"):
        run(settings, [remote_dump], out)
    assert time.monotonic() - started_s < pipelines.paths.RETRY_S / 4
    proxy.relent()
    assert run(settings, [remote_dump], out).set_aside == ()
    assert verify_run(out) == []


BEGIN = {"method": "POST", "path_contains": "?uploads"}
SECOND_PART = {"method": "PUT", "path_contains": "partNumber=2"}
END = {"method": "POST", "path_contains": "?uploadId"}


@pytest.mark.parametrize("step", [BEGIN, SECOND_PART, END], ids=["begin", "second part", "end"])
@pytest.mark.parametrize("kind", ["500", "cut"])
def test_an_upload_that_fails_says_so_and_leaves_what_was_there_or_the_whole_new_file(
    kind, step, eager, impatient, proxy, store, folder, tmp_path
):
    old, new = bytes(UPLOAD_BYTES), b"\1" * UPLOAD_BYTES  # of one size, by which they cannot be told apart
    local, path = tmp_path / "local", path_of(f"s3://{folder}/file")
    local.write_bytes(old)
    path.upload(local)
    local.write_bytes(new)
    proxy.strike(kind, **step)
    with pytest.raises(RunError, match=rf"Writing {path} failed"):
        path.upload(local)
    with store.filesystem().open_input_file(f"{folder}/file") as stream:
        assert stream.read() in ((old, new) if (kind, step) == ("cut", END) else (old,))
    proxy.relent()
    path.upload(local)
    assert path.read_bytes() == new


def test_ctrl_c_within_an_upload_leaves_the_whole_file_or_none(proxy, folder, tmp_path):
    local, path = tmp_path / "local", path_of(f"s3://{folder}/file")
    local.write_bytes(bytes(UPLOAD_BYTES))
    signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored where a shell ran pytest with "&"
    for number, step in enumerate((BEGIN, SECOND_PART, END)):
        proxy.relent()
        proxy.strike("stall", **step, times=1, seconds=3.0)
        seen = len(proxy.log)
        main = threading.main_thread().ident
        threading.Timer(0.3, signal.pthread_kill, (main, signal.SIGINT)).start()
        with pytest.raises(KeyboardInterrupt):
            (path / str(number)).upload(local)
        assert "stall" in [kind for *_, kind in proxy.log[seen:]]
    assert {size for _, size in path.files()} <= {UPLOAD_BYTES}


def test_another_plan_on_one_output_is_refused_and_one_that_came_between_stops_the_first(
    store, folder, remote_dump, settings
):
    out = f"s3://{folder}/out"
    run(settings, [remote_dump], out)
    with pytest.raises(OutputError, match="'keep_at'"):
        run(settings, [remote_dump], out, keep_at=4.0)
    plan = RunFolder(out).read_plan()
    RunFolder(out).write_json(RunFolder(out).plan, {"digest": "another"})
    with pytest.raises(OutputError, match="Only one run at a time"):
        RunFolder(out).refuse_other_plan(plan)
    with store.filesystem().open_output_stream(f"{folder}/taken/notes.txt") as stream:
        stream.write(b"not ours")
    with pytest.raises(OutputError, match=r"'notes\.txt'"):
        run(settings, [remote_dump], f"s3://{folder}/taken")


def test_two_drivers_of_one_plan_do_no_harm(
    store, folder, remote_dump, dump, web, finished, tmp_path, edufilter
):
    out = f"s3://{folder}/out"
    arguments = [
        edufilter, "filter", *FAST, remote_dump, "--out", out, "-s", web, "--keep-at", str(CUT),
        "--rows-per-part", "80",
    ]  # fmt: skip
    both = [subprocess.Popen(arguments, stderr=subprocess.PIPE, stdout=subprocess.PIPE) for _ in range(2)]
    for process in both:
        _, said = process.communicate(timeout=120)
        assert process.returncode == 0, said
    assert verify_run(out) == []
    assert lasting(fetched(store, out, tmp_path / "fetched")) == lasting(finished)


def test_a_run_in_a_store_is_recut_reported_sampled_and_mended(
    store, folder, remote_dump, web, settings, tmp_path
):
    out = f"s3://{folder}/out"
    scorer = copy_of_scorer(web, tmp_path / "scorer", domain="mine")
    fs.copy_files(
        scorer, f"{folder}/scorer", source_filesystem=LOCAL, destination_filesystem=store.filesystem()
    )
    run(settings, [remote_dump], out, scorer=f"s3://{folder}/scorer")
    assert (
        recut_run(RecutConfig(run=out, to=f"s3://{folder}/cut", keep_fraction=0.1), reporter=QUIET).kept == 41
    )
    assert path_of(str(write_report(out))).exists()
    sampled = sample_dump(
        SampleConfig(inputs=[remote_dump], out=str(tmp_path / "sample.parquet"), n=20), reporter=QUIET
    )
    assert sampled.rows > 0
    lost = f"{folder}/out/data/part-2.parquet"
    store.filesystem().delete_file(lost)
    assert verify_run(out) == [f"s3://{lost}: gone"]
    assert clean_run(out).forgotten == 1
    assert run(settings, [remote_dump], out, scorer=f"s3://{folder}/scorer").rows_scored == 60
    assert verify_run(out) == []


def test_another_store_holds_a_run_by_the_command_too(dump, web, finished, tmp_path, edufilter):
    with rclone_store(tmp_path / "served") as store:
        out = f"s3://{store.bucket}/out"
        done = subprocess.run(
            [
                edufilter, "filter", *FAST, str(dump), "--out", out, "-s", web, "--keep-at", str(CUT),
                "--rows-per-part", "80",
            ],
            env=os.environ | store.environment, capture_output=True, text=True, timeout=120,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        assert lasting(tmp_path / "served" / store.bucket / "out") == lasting(finished)


def test_pages_of_the_hub_are_read_and_nothing_is_written_there(dump, web, finished, tmp_path, edufilter):
    with scripted_hub(dump) as environment:
        done = [
            subprocess.run(
                [
                    edufilter, "filter", *FAST, f"hf://datasets/{REPOSITORY}", "--out", out, "-s", web,
                    "--keep-at", str(CUT), "--rows-per-part", "80",
                ],
                env=os.environ | environment, capture_output=True, text=True, timeout=120,
            )
            for out in (str(tmp_path / "out"), f"hf://datasets/{REPOSITORY}/out")
        ]  # fmt: skip
    assert done[0].returncode == 0, done[0].stderr
    assert lasting(tmp_path / "out") == lasting(finished)
    assert done[1].returncode == 2
    assert "for reading alone" in done[1].stderr


@pytest.fixture
def small_disk(tmp_path):
    """Return a folder on a disk of 2 MB."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", disk], capture_output=True, text=True
    )
    if mounted.returncode:
        pytest.skip(f"needs the right to mount a small disk: {mounted.stderr.strip()}")
    yield disk
    subprocess.run(["umount", "--lazy", disk], check=True)


@pytest.fixture
def small_scratch(small_disk, monkeypatch):
    """Let the temporary folder of this process lie on the small disk."""
    monkeypatch.setattr(tempfile, "tempdir", str(small_disk))
    scratch_folder.cache_clear()
    yield small_disk
    scratch_folder.cache_clear()


def write_noise(folder, *, rows, row_bytes):
    """Write a dump of parts of 1000 rows that no compression makes smaller than so many bytes a row."""
    noise = [os.urandom(row_bytes) for _ in range(rows)]
    folder.mkdir()
    pq.write_table(
        make_table(rows).append_column("noise", [noise]), folder / "a.parquet", row_group_size=1000
    )
    return ["filter", *FAST, folder, "--keep-at", 0, "--rows-per-part", 1000, "--workers", 1]


def test_a_full_disk_fails_the_run_in_words_and_it_goes_on_with_more_room(small_disk, tmp_path, command):
    arguments = write_noise(tmp_path / "in", rows=5000, row_bytes=500)
    out = small_disk / "out"
    failed = command(*arguments, "--out", out)
    assert failed.code == 1, failed.said
    assert "No space left" in failed.err
    assert "goes on where it was" in failed.err
    assert "Traceback" not in failed.err
    before = digests(out / "data")
    subprocess.run(["mount", "-o", "remount,size=100m", small_disk], check=True)
    assert command(*arguments, "--out", out).code == 0
    assert digests(out / "run" / "tmp") == {}
    assert verify_run(str(out)) == []
    assert 0 < len(before) < len(digests(out / "data"))
    assert before.items() <= digests(out / "data").items()


def test_a_full_disk_beside_a_store_fails_the_run_in_words_and_it_goes_on_with_more_room(
    small_scratch, store, folder, tmp_path, command
):
    arguments = write_noise(tmp_path / "in", rows=2000, row_bytes=3000)
    out = f"s3://{folder}/out"
    failed = command(*arguments, "--out", out)
    assert failed.code == 1, failed.said
    assert "No space left" in failed.err
    assert "goes on where it was" in failed.err
    assert "Traceback" not in failed.err
    assert list(path_of(f"{out}/data").files()) == []
    subprocess.run(["mount", "-o", "remount,size=100m", small_scratch], check=True)
    assert command(*arguments, "--out", out).code == 0
    assert verify_run(out) == []
    assert [path for path in small_scratch.rglob("*") if path.is_file() and path.suffix != ".lock"] == []
