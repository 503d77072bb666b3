"""Proves that what all test processes use is made by one of them, and that the others wait for it."""

import os
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event
from types import SimpleNamespace

import pytest

from tests.kit.made_once import made_once


@pytest.fixture
def factory(tmp_path, monkeypatch):
    """Return what a worker makes its folders by."""
    monkeypatch.setenv("PYTEST_XDIST_WORKER", "gw0")
    place = tmp_path / "popen-gw0"
    place.mkdir()
    return SimpleNamespace(
        getbasetemp=lambda: place, mktemp=lambda name: Path(tempfile.mkdtemp(prefix=name, dir=place))
    )


def test_one_makes_it_and_another_waits_and_reads_it(factory, tmp_path):
    begun, go_on = Event(), Event()

    def make(folder):
        begun.set()
        go_on.wait()
        (folder / "thing").write_text("made")

    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(made_once, factory, "thing", make)
        begun.wait()
        second = pool.submit(made_once, factory, "thing", lambda folder: pytest.fail("made twice"))
        assert not second.done()
        go_on.set()
        assert first.result() == second.result()
    assert (first.result() / "thing").read_text() == "made"
    assert sorted(os.listdir(tmp_path)) == ["popen-gw0", "thing.lock", "thing.made"]


def test_what_failed_is_made_anew_by_the_next(factory):

    def fail(folder):
        (folder / "half").touch()
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        made_once(factory, "thing", fail)
    assert os.listdir(made_once(factory, "thing", lambda folder: (folder / "whole").touch())) == ["whole"]
