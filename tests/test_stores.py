"""Proves the counterparts of object stores and the hub, and what pyarrow makes of stores that misbehave."""

import os
import socket
import subprocess
import sys
import time
from urllib.parse import urlsplit

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyarrow import fs

from tests.kit.places import ROOT
from tests.kit.scripted.hub import REPOSITORY, scripted_hub
from tests.kit.stores.servers import (
    CHECKSUMS_ON_DEMAND,
    HOST,
    POLL_S,
    STOP_S,
    MisbehavingProxy,
    moto_store,
    rclone_store,
)

BODY = bytes(range(256)) * 5000
LARGE = 12 << 20  # more than one part of an upload
RESET = "NETWORK_CONNECTION during GetObject operation: curlCode: 56"


@pytest.fixture(scope="module")
def moto():
    with moto_store() as store:
        put(store.filesystem(), f"{store.bucket}/pages/a", BODY)
        yield store


@pytest.fixture
def proxy(moto):
    with MisbehavingProxy(moto.endpoint) as proxy:
        yield proxy


def put(filesystem, path, body):
    with filesystem.open_output_stream(path) as stream:
        stream.write(body)


def get(filesystem, path):
    with filesystem.open_input_file(path) as stream:
        return stream.read()


def listens(endpoint):
    try:
        socket.create_connection((HOST, urlsplit(endpoint).port)).close()
    except ConnectionRefusedError:
        return False
    return True


def impatient(store, proxy, **options):
    """Return a filesystem behind the proxy that asks but once."""
    return store.at(proxy.url).filesystem(
        retry_strategy=fs.AwsStandardS3RetryStrategy(max_attempts=1), **options
    )


@pytest.mark.parametrize("kind", ["moto", "rclone"])
def test_a_store_gives_back_what_it_was_given_directly_or_through_a_proxy(
    kind, request, tmp_path, monkeypatch
):
    if kind == "moto":
        store = request.getfixturevalue("moto")
        round_trip(store, request.getfixturevalue("proxy"))
        return
    for name, value in CHECKSUMS_ON_DEMAND.items():
        monkeypatch.setenv(name, value)
    with rclone_store(tmp_path) as store, MisbehavingProxy(store.endpoint) as proxy:
        round_trip(store, proxy)


def round_trip(store, proxy):
    direct, behind = store.filesystem(), store.at(proxy.url).filesystem()
    bodies = {f"{store.bucket}/there/{size} %+é": b"\xff" * size for size in (0, 7, LARGE)}
    for path, body in bodies.items():
        put(behind, path, body)
        assert get(direct, path) == get(behind, path) == body
    found = behind.get_file_info(fs.FileSelector(f"{store.bucket}/there"))
    assert {info.path: info.size for info in found} == {path: len(body) for path, body in bodies.items()}
    put(direct, f"{store.bucket}/there/8", b"directly")
    assert get(behind, f"{store.bucket}/there/8") == b"directly"
    assert (proxy.requests > 15, proxy.struck) == (True, 0)


def test_a_process_finds_the_store_by_its_environment_alone(moto):
    script = (
        "from pyarrow import fs\nfound, path = fs.FileSystem.from_uri('s3://dump/pages/a')\n"
        "print(found.get_file_info(path).size)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], env=os.environ | moto.environment, capture_output=True, text=True
    )
    assert (done.stdout.strip(), done.stderr) == (str(len(BODY)), "")


def test_a_store_does_not_outlive_the_process_that_started_it(tmp_path):
    script = (
        "import sys, time, pathlib\nfrom tests.kit.stores.servers import *\n"
        "with rclone_store(pathlib.Path(sys.argv[1])) as store:\n    print(store.endpoint, flush=True)\n"
        "    time.sleep(60)"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", script, tmp_path], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    with process:
        endpoint = process.stdout.readline().strip()
        process.kill()
    ends_s = time.monotonic() + STOP_S
    while listens(endpoint) and time.monotonic() < ends_s:
        time.sleep(POLL_S)
    assert not listens(endpoint)


@pytest.mark.parametrize(
    ("kind", "on_read", "on_info"),
    [
        # A read parses the whole of its buffer for the code of an error; old bytes in it hide the code.
        ("503", "SLOW_DOWN|SERVICE_UNAVAILABLE", "HTTP status 503"),
        ("500", "INTERNAL_FAILURE", "HTTP status 500"),
        ("expired", "HTTP status 400", "HTTP status 400"),
        ("denied", "ACCESS_DENIED", "ACCESS_DENIED"),
        ("cut", RESET, "curlCode: 56"),
        ("refuse", RESET, "curlCode: 56"),
        ("stall", "Operation too slow", "Operation too slow"),
    ],
)
def test_a_strike_is_an_os_error_that_tells_its_kind_in_its_text_alone(kind, on_read, on_info, moto, proxy):
    filesystem = impatient(moto, proxy, request_timeout=2 if kind == "stall" else 30)
    with filesystem.open_input_file(f"{moto.bucket}/pages/a") as stream:
        proxy.strike(kind)
        with pytest.raises(OSError, match=on_read) as error:
            stream.read_at(1000, 0)
        assert (type(error.value), error.value.errno) == (OSError, None)
        with pytest.raises(OSError, match=on_info):
            filesystem.get_file_info(f"{moto.bucket}/pages/a")
        assert [line[0] for line in proxy.log if line[2]] == ["GET", "HEAD"]
        proxy.relent()
        assert stream.read_at(1000, 0) == BODY[:1000]
    assert proxy.struck == 2


def test_strikes_are_chosen_by_rule(moto, proxy):
    path = f"{moto.bucket}/pages/a"
    filesystem = impatient(moto, proxy)
    proxy.strike("500", method="GET", path_contains="pages", after=1, every=2, times=2)
    found = []
    for _ in range(8):
        try:
            found.append(get(filesystem, path) == BODY)
        except OSError:
            found.append(False)
    assert found == [True, True, False, True, False, True, True, True]
    assert (proxy.requests, proxy.struck) == (16, 2)  # each is a HEAD and a GET


def test_what_passes_is_asked_for_again_by_pyarrow_itself(moto, proxy):
    proxy.strike("503", method="GET", times=1)
    proxy.strike("cut", method="PUT", times=1)
    filesystem = moto.at(proxy.url).filesystem()
    put(filesystem, f"{moto.bucket}/again", BODY)
    assert get(filesystem, f"{moto.bucket}/again") == BODY
    assert sorted(kind for *_, kind in proxy.log if kind) == ["503", "cut"]


@pytest.mark.parametrize(
    ("kind", "path", "left"),
    [("500", "partNumber=2", None), ("500", "uploadId=", None), ("cut", "?uploadId=", LARGE)],
)
def test_an_upload_that_fails_leaves_nothing_or_all(kind, path, left, moto, proxy):
    target = f"{moto.bucket}/upload of {left} {path}"
    proxy.strike(kind, path_contains=path)
    with pytest.raises(OSError, match="AWS Error"):
        put(impatient(moto, proxy), target, b"\0" * LARGE)
    assert moto.filesystem().get_file_info(target).size == left


@pytest.mark.filterwarnings("ignore::ResourceWarning")  # of connections that huggingface_hub keeps
def test_the_hub_lists_a_folder_and_gives_ranges_of_its_files(tmp_path):
    hub = pytest.importorskip("huggingface_hub")
    table = pa.table({"text": [f"page {number}" for number in range(1000)]})
    (tmp_path / "data").mkdir()
    pq.write_table(table, tmp_path / "data" / "a b.parquet", row_group_size=100)
    (tmp_path / "README.md").write_text("Pages.")
    root = f"datasets/{REPOSITORY}"
    with scripted_hub(tmp_path) as environment:
        files = hub.HfFileSystem(endpoint=environment["HF_ENDPOINT"], token=False, skip_instance_cache=True)
        assert files.find(root) == [f"{root}/README.md", f"{root}/data/a b.parquet"]
        assert files.info(f"{root}@main/README.md")["size"] == 6
        filesystem = fs.PyFileSystem(fs.FSSpecHandler(files))
        assert pq.read_table(f"{root}/data/a b.parquet", filesystem=filesystem).equals(table)
        with filesystem.open_input_file(f"{root}/data/a b.parquet") as stream:
            assert stream.read_at(4, 0) == b"PAR1"
        missing = [f"{root}/none", f"{root}@other/README.md", "datasets/some/others"]
        assert [info.type for info in filesystem.get_file_info(missing)] == [fs.FileType.NotFound] * 3
