"""Runs from and to an object store, and what they leave there."""

import pyarrow.fs as fs

import pipelines.object_stores
from pipelines import FilterConfig, filter_dump
from tests.kit.runs.outcomes import QUIET

LOCAL = fs.LocalFileSystem()


def use(store, monkeypatch):
    for name, value in store.environment.items():
        monkeypatch.setenv(name, value)
    pipelines.object_stores._filesystem.cache_clear()


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
