"""Proves that temporary folders are closed to others and cleaned up, and that nothing else is removed."""

import fcntl
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from filtering.errors import RunError
from pipelines.new_files import written_whole
from pipelines.run_folder import scratch
from pipelines.run_folder.scratch import scratch_folder

SCRATCH = """
import sys
from pipelines.run_folder.scratch import scratch_folder
folder = scratch_folder()
(folder / "half-written").write_text("...")
print(folder, flush=True)
sys.stdin.read()
"""


@pytest.fixture
def root(tmp_path, monkeypatch):
    """Let this process find its temporary folder anew, below another root."""
    root = tmp_path / "temporary"
    root.mkdir()
    monkeypatch.setenv("TMPDIR", str(root))
    monkeypatch.setattr(tempfile, "tempdir", None)
    scratch._made.cache_clear()
    yield root
    scratch._made.cache_clear()


def scratching():
    """Start a process that has something in its temporary folder; return both."""
    process = subprocess.Popen(
        [sys.executable, "-c", SCRATCH], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    return process, Path(process.stdout.readline().strip())


def test_temporary_folders_of_dead_processes_are_removed_and_those_of_living_ones_are_not(root):
    (living, its_folder), (dead, left) = scratching(), scratching()
    dead.send_signal(signal.SIGKILL)
    dead.communicate()
    assert (left / "half-written").exists()  # nobody could clean up
    own = scratch_folder()
    assert own == scratch_folder()
    assert own.parent == left.parent == its_folder.parent == root
    assert own.stat().st_mode & 0o777 == 0o700
    assert not left.exists()
    assert (its_folder / "half-written").exists()
    living.communicate("")
    assert living.returncode == 0
    assert not its_folder.exists()  # who ends by himself cleans up


def test_the_lock_of_a_temporary_folder_is_held_until_its_process_ends(root):
    with open(scratch_folder() / scratch.LOCK) as file, pytest.raises(BlockingIOError):
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


def test_each_process_has_a_folder_of_a_name_that_nobody_can_guess(root):
    first = scratch_folder()
    scratch._made.cache_clear()
    second = scratch_folder()
    assert first != second
    assert first.exists()


def victim(root, name="victim"):
    """Make a folder as one of ours looks that a killed process left, but elsewhere and with a file in it."""
    folder = root.parent / name
    folder.mkdir(mode=0o700)
    (folder / scratch.LOCK).write_text("")
    (folder / "thesis.txt").write_text("precious")
    return folder


def name_of(root):
    return root / f"{scratch.PREFIX}forged"


def move_in(root, mode=0o700):
    folder = victim(root)
    folder.chmod(mode)
    folder.rename(name_of(root))
    return name_of(root) / "thesis.txt"


def link_in(root):
    folder = victim(root)
    name_of(root).symlink_to(folder)
    return folder / "thesis.txt"


def link_the_lock(root):
    folder = victim(root)
    thesis = move_in_without_lock(root)
    (name_of(root) / scratch.LOCK).symlink_to(folder / scratch.LOCK)
    return thesis


def move_in_without_lock(root):
    folder = victim(root, "another")
    (folder / scratch.LOCK).unlink()
    folder.rename(name_of(root))
    return name_of(root) / "thesis.txt"


def link_within(root):
    """Link out of a folder that is to be removed: the link goes, what it leads to does not."""
    folder = victim(root)
    left = victim(root, "left")
    (left / "elsewhere").symlink_to(folder)
    left.rename(name_of(root))
    return folder / "thesis.txt"


def the_old_way(root):
    """Forge the folder that earlier versions trusted, with a lock beside each thing to be removed."""
    folder = victim(root)
    (folder / "thesis.txt.lock").write_text("")
    (root / f"edufilter-{os.getuid()}").symlink_to(folder)
    return folder / "thesis.txt"


@pytest.mark.parametrize(
    "forge",
    [link_in, link_the_lock, link_within, the_old_way, move_in_without_lock]
    + [lambda root, mode=mode: move_in(root, mode) for mode in (0o755, 0o770, 0o777)],
)
def test_nothing_is_removed_that_is_not_surely_ours(root, forge):
    thesis = forge(root)
    own = scratch_folder()
    assert thesis.read_text() == "precious"
    assert own != name_of(root)


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give a folder away")
def test_a_folder_of_somebody_else_is_left_alone(root):
    thesis = move_in(root)
    os.chown(name_of(root), 12_345, -1)
    scratch_folder()
    assert thesis.exists()


def test_a_pipe_for_a_lock_is_not_waited_for(root):
    thesis = move_in_without_lock(root)
    os.mkfifo(name_of(root) / scratch.LOCK)
    scratch_folder()
    assert thesis.exists() or not name_of(root).exists()


def test_a_folder_that_was_put_away_or_opened_meanwhile_is_not_written_to(root):
    folder = scratch_folder()
    folder.chmod(0o777)
    with pytest.raises(RunError, match="must be as it was made"):
        scratch_folder()
    shutil.rmtree(folder)
    folder.symlink_to(root.parent)
    with pytest.raises(RunError, match="must be as it was made"):
        scratch_folder()


def test_a_file_is_written_whole_by_no_name_that_others_can_prepare(tmp_path):
    precious = tmp_path / "precious"
    precious.write_text("text")
    (tmp_path / "out").mkdir()
    final = tmp_path / "out" / "sample.parquet"
    for name in (f"sample.parquet.{os.getpid()}.tmp", ".sample.parquet.tmp", "sample.parquet"):
        (tmp_path / "out" / name).symlink_to(precious)
    before = os.umask(0o027)
    try:
        with written_whole(final) as place:
            assert place.parent.stat().st_mode & 0o777 == 0o700
            place.write_text("new")
    finally:
        os.umask(before)
    assert (final.read_text(), precious.read_text()) == ("new", "text")
    assert not final.is_symlink()
    assert final.stat().st_mode & 0o777 == 0o640
    with pytest.raises(TypeError), written_whole(final) as place:
        place.write_text(5)
    assert final.read_text() == "new"
    assert not list(final.parent.glob(".sample.parquet.[!t]*"))
