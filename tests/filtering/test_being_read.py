"""Proves what notes of reading tell whoever finds them, and what they refuse."""

import mmap
import threading
from contextlib import ExitStack

import pytest

from filtering import being_read as module
from filtering.being_read import MEMORY_BYTES, SLOT_BYTES, SLOTS, Notes, being_read, is_suspect, names_in
from filtering.errors import BadFileError


@pytest.fixture
def memory(monkeypatch):
    """Return memory for notes, which this process makes from now on."""
    monkeypatch.setattr(module, "_notes", [])
    memory = mmap.mmap(-1, MEMORY_BYTES)
    module.begin_notes(Notes(memory, {"bad.parquet": "SIGABRT"}, frozenset({"doubtful.parquet"})))
    return memory


def test_what_is_read_is_noted_as_long_as_it_is_read(memory):
    with being_read("a.parquet"):
        assert names_in(memory) == {"a.parquet"}
    assert names_in(memory) == set()


def test_of_each_thread_the_outermost_is_told(memory):
    inside, told = threading.Event(), threading.Event()

    def read() -> None:
        with being_read("b.parquet"):
            inside.set()
            told.wait(10)

    thread = threading.Thread(target=read)
    with being_read("part 1"), being_read("a.parquet"):
        thread.start()
        inside.wait(10)
        found = names_in(memory)
    told.set()
    thread.join()
    assert found == {"part 1", "b.parquet"}
    assert names_in(memory) == set()


def test_a_note_goes_away_when_reading_fails(memory):
    with pytest.raises(ValueError, match="broken"), being_read("a.parquet"):
        raise ValueError("broken")
    assert names_in(memory) == set()


def test_what_ended_an_earlier_process_is_not_read_again(memory):
    with pytest.raises(BadFileError, match=r"bad.parquet must .* \(SIGABRT\)"), being_read("bad.parquet"):
        raise AssertionError("it was read")
    assert is_suspect("doubtful.parquet")
    assert not is_suspect("bad.parquet")


@pytest.mark.parametrize("name", ["caf\udce9.parquet", "x" * 2 * SLOT_BYTES], ids=["not UTF-8", "too long"])
def test_any_name_can_be_noted(memory, name):
    with being_read(name):
        (found,) = names_in(memory)
    assert name.startswith(found)
    assert len(found) >= min(len(name), 4096)


def test_more_than_there_is_room_for_is_read_all_the_same(memory):
    with ExitStack() as stack:
        for number in range(SLOTS + 5):
            stack.enter_context(being_read(str(number)))
        assert names_in(memory) == {"0"}
    assert names_in(memory) == set()


def test_without_a_supervisor_nothing_is_noted(monkeypatch):
    monkeypatch.setattr(module, "_notes", [])
    with being_read("a.parquet"):
        assert not is_suspect("a.parquet")
