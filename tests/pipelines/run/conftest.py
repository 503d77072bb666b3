"""What several tests of runs share and is costly: a server of an object store, and a run at full effort.

Rooms: `inputs/` has odd files and documents; `decisions/` what keeps a document: rules, unsure languages,
several scorers, passages; `efforts/` embeddings; `faults/` kills, stores and disks that fail; `folder/` what
a run left, second runs and forged ones; `leaks/` benchmarks; `explained/` single documents.
"""

from itertools import count

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipelines import FilterConfig, filter_dump
from tests.kit.dumps.small import CUT, make_texts, write_dump
from tests.kit.made_once import made_once
from tests.kit.runs.outcomes import QUIET
from tests.kit.stores.runs import use
from tests.kit.stores.servers import MisbehavingProxy, rclone_store

NUMBERS = count()
ODD_TEXTS = [None, "", " \n", "a " * 9000, *make_texts(30), *make_texts(30), "naïve 東京 \0", "same", "same"]
"""Texts without a score, longer than the window, twice, in other scripts."""


@pytest.fixture(scope="session")
def rclone(tmp_path_factory):
    """Return a store that answers in a fifth of the time that moto takes."""
    with rclone_store(tmp_path_factory.mktemp("store") / "served") as store:
        yield store


@pytest.fixture
def store(rclone, monkeypatch):
    """Return the store that this process finds by its environment."""
    use(rclone, monkeypatch)
    return rclone


@pytest.fixture
def folder(store):
    """Return a name in the bucket that no other test has."""
    return f"{store.bucket}/{next(NUMBERS)}"


@pytest.fixture
def remote_dump(store, folder, dump):
    """Return the URL of a copy of the dump; pyarrow's own would mark folders, which rclone refuses."""
    for path in dump.rglob("*.parquet"):
        with store.filesystem().open_output_stream(f"{folder}/in/{path.relative_to(dump)}") as stream:
            stream.write(path.read_bytes())
    return f"s3://{folder}/in"


@pytest.fixture
def proxy(store, monkeypatch):
    """Stand a proxy between this process and the store."""
    with MisbehavingProxy(store.endpoint) as proxy:
        use(store.at(proxy.url), monkeypatch)
        yield proxy


@pytest.fixture(scope="session")
def source(tmp_path_factory):
    """Return a dump of two files, one of them with odd texts."""

    def make(folder):
        write_dump(folder, rows=(150,))
        pq.write_table(pa.table({"text": ODD_TEXTS}), folder / "odd.parquet", row_group_size=25)

    return made_once(tmp_path_factory, "full", make)


@pytest.fixture(scope="session")
def full(source, two_stages):
    """Return settings of a run at full effort that makes six parts; `out` is still to be given."""
    return {
        "inputs": [str(source)], "scorer": two_stages.out, "effort": "full", "device": "cpu",
        "keep_at": CUT, "rows_per_part": 40, "write": "all", "workers": 1,
    }  # fmt: skip


@pytest.fixture(scope="session")
def full_finished(full, tmp_path_factory):
    """Return a run at full effort that nothing disturbed. Not to be written to."""

    def make(folder):
        filter_dump(FilterConfig(**full, out=folder / "out"), reporter=QUIET)

    return made_once(tmp_path_factory, "full-finished", make) / "out"
