"""Proves that a failing store or a full disk makes a run wait, or end in words and go on later."""

import os
import signal
import subprocess
import tempfile
import threading
import time
from collections import Counter

import pyarrow.parquet as pq
import pytest
import stamina

import pipelines.object_stores
from filtering.errors import RunError
from pipelines import verify_run
from pipelines.object_stores import path_of
from pipelines.run_folder import scratch
from tests.kit.dumps.small import BARE, lasting, make_table
from tests.kit.stores.runs import fetched, run

UPLOAD_BYTES = 12 << 20
"""More than one part of an upload."""


@pytest.fixture
def eager(monkeypatch):
    """Leave all asking again to us, and do it without waiting."""
    patient = stamina.retry_context
    hasty = {"wait_initial": 0.01, "wait_max": 0.05, "wait_jitter": 0.0}
    monkeypatch.setattr(stamina, "retry_context", lambda **options: patient(**options | hasty))
    monkeypatch.setattr(pipelines.object_stores, "REQUESTS", 1)


@pytest.fixture
def impatient(monkeypatch):
    """Give up on a store within a second."""
    monkeypatch.setattr(pipelines.object_stores, "RETRY_S", 1.0)
    monkeypatch.setattr(pipelines.object_stores, "FIRST_RETRY_S", 1.0)


# Stores that fail.


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
    with pytest.raises(RunError, match=rf"Writing s3://.*{what}"):
        run(settings, [remote_dump], out)
    asked = Counter((method, path) for method, path, found in proxy.log if found)
    assert max(asked.values()) <= pipelines.object_stores.REQUESTS  # by the store's own client: we ask once
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


def press_ctrl_c_in_a_stall(proxy, seen):
    """Interrupt the main thread once a request stalls, of those after the first so many."""
    ends_s = time.monotonic() + 30
    while "stall" not in [kind for *_, kind in proxy.log[seen:]] and time.monotonic() < ends_s:
        time.sleep(0.02)
    signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)


def test_ctrl_c_within_an_upload_leaves_the_whole_file_or_none(proxy, folder, tmp_path):
    local, path = tmp_path / "local", path_of(f"s3://{folder}/file")
    local.write_bytes(bytes(UPLOAD_BYTES))
    signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored where a shell ran pytest with "&"
    for number, step in enumerate((BEGIN, SECOND_PART, END)):
        proxy.relent()
        proxy.strike("stall", **step, times=1, seconds=1.0)
        seen = len(proxy.log)
        presses = threading.Thread(target=press_ctrl_c_in_a_stall, args=(proxy, seen))
        presses.start()
        with pytest.raises(KeyboardInterrupt):
            (path / str(number)).upload(local)
        presses.join()
        assert "stall" in [kind for *_, kind in proxy.log[seen:]]
    assert {size for _, size in path.files()} <= {UPLOAD_BYTES}


# A disk that fills up beside a store.


@pytest.fixture
def small_scratch(small_disk, monkeypatch):
    """Let the temporary folder of this process lie on the small disk."""
    monkeypatch.setattr(tempfile, "tempdir", str(small_disk))
    scratch._made.cache_clear()
    yield small_disk
    scratch._made.cache_clear()


def write_noise(folder, *, rows, row_bytes):
    """Write a dump of parts of 1000 rows that no compression makes smaller than so many bytes a row."""
    noise = [os.urandom(row_bytes) for _ in range(rows)]
    folder.mkdir()
    pq.write_table(
        make_table(rows).append_column("noise", [noise]), folder / "a.parquet", row_group_size=1000
    )
    return ["filter", *BARE, folder, "--keep-at", 0, "--rows-per-part", 1000, "--workers", 1]


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
    assert [path for path in small_scratch.rglob("*") if path.is_file() and path.name != scratch.LOCK] == []
