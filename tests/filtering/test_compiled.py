"""Proves that kernels run where numba's cache cannot be written, and say so in one line on standard error."""

import os
import shutil
from pathlib import Path

import pytest

from filtering import compiled
from filtering.signals.read_signals import read_signals
from tests.kit.places import ROOT
from tests.kit.runs.compiled_here import share_compiled
from tests.kit.scorers.fitted import run_python

# Nothing can be made below a device, not even by root.
NO_HOME = {"HOME": "/dev/null/home", "XDG_CACHE_HOME": "/dev/null/cache"}

# Python takes bytecode for that of a source changed within the second, if its length stayed.
NO_BYTECODE = {"PYTHONDONTWRITEBYTECODE": "1"}

# Heads have the smallest kernel; two rows say whether it computes.
PREDICT = """
import sys, time
import numpy as np
import filtering
from filtering.embedding.heads import LinearHead

head = LinearHead(np.array([10.0]), 10.0)
if len(sys.argv) > 1:
    from pathlib import Path
    Path(sys.argv[1]).touch()
    deadline = time.monotonic() + 60
    while not all(Path(other).exists() for other in sys.argv[1:]) and time.monotonic() < deadline:
        time.sleep(0.001)
print(filtering.__file__)
print(head.predict(np.array([[0.0], [1.0]], dtype=np.float32)).tolist())
"""

SCORE = """
from filtering.signals.read_signals import read_signals
print(read_signals(["one two", "", None]).reason.tolist())
print(read_signals(["one two"]).features[0, -1])
"""


# It calls nine kernels of two files.
SPLIT = """
import numpy as np
from filtering.leaks.token_runs import KEPT, list_tokens
from filtering.text.arrow import frozen
print(list_tokens(frozen(np.frombuffer(b"x = 'two' # three", dtype=np.uint8)), True, KEPT)[1].tolist())
"""


def copy_of_filtering(folder: Path) -> Path:
    """Copy the package's sources below `folder`, without anything compiled."""
    shutil.copytree(
        ROOT / "filtering", folder / "filtering", ignore=shutil.ignore_patterns("__pycache__", "models")
    )
    return folder


def block_cache(folder: Path) -> None:
    """Put a file where numba would make its folder beside the source."""
    (folder / "filtering" / "__pycache__").write_text("")


@pytest.fixture
def copy(tmp_path):
    return copy_of_filtering(tmp_path / "copy")


@pytest.fixture
def blocked(copy):
    block_cache(copy)
    return copy


ONCE = "edufilter: compiling kernels, once after each installation (about ten seconds)."


@pytest.fixture
def temporary(tmp_path):
    folder = tmp_path / "temporary"
    folder.mkdir()
    return folder


def private(temporary):
    return temporary / f"edufilter-numba-{os.getuid()}"


def start(begin, code, *arguments, **environment):
    """Start code in a process of its own in which numba was loaded, which takes two seconds."""
    return begin(code, *arguments, program="runs.fresh_code", env={**os.environ, **environment})


@pytest.fixture
def run_code(begin):
    """Return a function that runs code so. The first test below starts a fresh interpreter."""

    def run(code, **environment):
        done = start(begin, code, **environment).outcome()
        assert done.code == 0, done.err
        return done

    return run


def said_of(where, values, copy):
    assert Path(where).is_relative_to(copy)
    assert values == "[10.0, 20.0]"


@pytest.fixture
def predict(run_code):
    def run(copy, temporary):
        ran = run_code(PREDICT, PYTHONPATH=str(copy), TMPDIR=str(temporary), **NO_HOME)
        said_of(*ran.out.splitlines(), copy)
        return ran.err.splitlines()

    return run


def test_compiled_code_is_kept_beside_the_source_where_that_can_be_written(copy, temporary):
    for said in ([ONCE], []):
        ran = run_python(PREDICT, PYTHONPATH=str(copy), TMPDIR=str(temporary), **NO_HOME)
        said_of(*ran.stdout.splitlines(), copy)
        assert ran.stderr.splitlines() == said
    assert list((copy / "filtering" / "__pycache__").glob("kernels-*/**/heads*.nbi"))
    assert not list(temporary.iterdir())


def test_the_cache_folder_of_the_user_comes_next(blocked, temporary, tmp_path, run_code):
    ran = run_code(
        PREDICT, PYTHONPATH=str(blocked), TMPDIR=str(temporary), XDG_CACHE_HOME=str(tmp_path / "cache")
    )
    assert ran.out.splitlines()[1] == "[10.0, 20.0]"
    assert ran.err.splitlines() == [ONCE]
    assert list((tmp_path / "cache" / "edufilter").rglob("heads*.nbc"))
    assert not list(temporary.iterdir())


def test_changed_sources_never_run_what_was_compiled_of_the_old_ones(copy, temporary, run_code):
    # numba looks at the file of a kernel, not at those of the functions that it calls.
    (copy / "filtering" / "called.py").write_text(
        "from filtering.compiled import compiled\n@compiled\ndef number():\n    return 1\n"
    )
    (copy / "filtering" / "calling.py").write_text(
        "from filtering.compiled import compiled\nfrom filtering.called import number\n"
        "@compiled\ndef twice():\n    return 2 * number()\n"
    )
    code = "from filtering.calling import twice; print(twice())"
    environment = {"PYTHONPATH": str(copy), "TMPDIR": str(temporary), **NO_HOME, **NO_BYTECODE}
    assert run_code(code, **environment).out == "2\n"
    source = copy / "filtering" / "called.py"
    source.write_text(source.read_text().replace("return 1", "return 5"))
    assert run_code(code, **environment).out == "10\n"


def test_a_constant_that_was_compiled_in_is_seen_to_change(copy, temporary, run_code):
    plain = copy / "filtering" / "plain.py"
    plain.write_text("NUMBER = 1\n")
    (copy / "filtering" / "between.py").write_text("from filtering.plain import NUMBER\n")
    (copy / "filtering" / "calling.py").write_text(
        "from filtering.between import NUMBER\nfrom filtering.compiled import compiled\n"
        "@compiled\ndef number():\n    return NUMBER\n"
    )
    code = "from filtering.calling import number; print(number())"
    environment = {"PYTHONPATH": str(copy), "TMPDIR": str(temporary), **NO_HOME, **NO_BYTECODE}
    assert run_code(code, **environment).out == "1\n"
    plain.write_text("NUMBER = 5\n")
    assert run_code(code, **environment).out == "5\n"


@pytest.mark.parametrize(
    "line",
    [
        "from house.room.plain import NUMBER",
        "from house.room import plain",
        "from house.room import other, plain as names",
        "from house.room.plain import (\n    OTHER,\n    NUMBER,\n)",
    ],
)
def test_every_form_of_import_is_followed_and_nothing_else_counts(tmp_path, line):
    room = tmp_path / "house" / "room"
    room.mkdir(parents=True)
    (tmp_path / "house" / "calling.py").write_text(f"{line}\n\n@compiled\ndef one():\n    return 1\n")
    (room / "plain.py").write_text("NUMBER = 1\n")
    (tmp_path / "house" / "unused.py").write_text("from house import calling  # and not @compiled\n")
    found = compiled.kernel_sources(tmp_path / "house")
    assert found == [(tmp_path / "house" / "calling.py").read_bytes(), b"NUMBER = 1\n"]


def test_a_read_only_home_falls_back_to_a_private_temporary_folder(blocked, temporary, predict):
    said = predict(blocked, temporary)
    assert said == [
        "edufilter: numba's cache cannot be kept beside the source; "
        f"compiled kernels are cached in {private(temporary)}."
    ]
    assert private(temporary).stat().st_mode & 0o777 == 0o700
    kept = {path: path.stat().st_mtime_ns for path in private(temporary).rglob("*.nbc")}
    assert kept
    predict(blocked, temporary)
    assert {path: path.stat().st_mtime_ns for path in private(temporary).rglob("*.nbc")} == kept


def test_where_the_one_folder_that_is_left_is_open_to_others_it_goes_on_without_a_cache(
    blocked, temporary, predict
):
    private(temporary).mkdir()
    private(temporary).chmod(0o770)
    said = predict(blocked, temporary)
    assert said == [
        "edufilter: numba's cache cannot be kept beside the source; "
        "no folder can be written to by us alone, so kernels are compiled anew in each process."
    ]
    assert not list(private(temporary).iterdir())


@pytest.mark.parametrize("place", ["beside the source", "in the temporary folder"])
def test_two_cold_workers_at_once_both_compute(copy, temporary, tmp_path, place, begin):
    if place != "beside the source":
        block_cache(copy)
    flags = [tmp_path / "one", tmp_path / "two"]
    environment = {"PYTHONPATH": str(copy), "TMPDIR": str(temporary), **NO_HOME, **NO_BYTECODE}
    # Each waits for the other, so that both find nothing and both write.
    workers = [start(begin, PREDICT, *order, **environment) for order in (flags, flags[::-1])]
    assert [worker.outcome().out.splitlines()[1] for worker in workers] == ["[10.0, 20.0]"] * 2
    where = copy if place == "beside the source" else temporary
    assert list(where.rglob("heads*.nbc"))


def test_kernels_that_call_others_are_compiled_with_a_read_only_home(blocked, temporary, run_code):
    ran = run_code(SPLIT, PYTHONPATH=str(blocked), TMPDIR=str(temporary), **NO_HOME)
    assert ran.out == "[0, 2, 4]\n"
    assert len(ran.err.splitlines()) == 1  # one line for all functions together
    assert list(private(temporary).rglob("token_runs.list_tokens*.nbc"))


def test_the_whole_kernel_runs_from_a_private_temporary_folder(blocked, temporary, run_code):
    private(temporary).mkdir(mode=0o700)
    kernels = share_compiled(blocked / "filtering", private(temporary))
    kept = {path: path.read_bytes() for path in kernels.rglob("*.nb*")}
    assert any("kernel.read_documents" in path.name for path in kept)
    ran = run_code(SCORE, PYTHONPATH=str(blocked), TMPDIR=str(temporary), **NO_HOME)
    assert ran.out.split("\n")[:2] == ["[0, 2, 1]", str(read_signals(["one two"]).features[0, -1])]
    assert len(ran.err.splitlines()) == 1
    assert {path: path.read_bytes() for path in kernels.rglob("*.nb*")} == kept  # nothing was compiled


def test_without_any_temporary_folder_it_goes_on_without_a_cache(blocked, run_code):
    # What `tempfile` raises where neither TMPDIR nor /tmp nor the working folder can be written.
    code = (
        "import tempfile\n"
        "def no_folder(): raise FileNotFoundError('No usable temporary directory found')\n"
        "tempfile.gettempdir = no_folder\n" + PREDICT
    )
    ran = run_code(code, PYTHONPATH=str(blocked), **NO_HOME)
    assert ran.out.splitlines()[1] == "[10.0, 20.0]"
    assert "compiled anew" in ran.err


def made(folder):
    folder.mkdir(mode=0o700, parents=True)
    folder.parent.chmod(0o700)
    return folder


def moved(folder, name):
    folder.rename(folder.with_name(name))
    folder.symlink_to(name)


def given_away(folder):
    if os.getuid() != 0:
        pytest.skip("only root can give a folder away")
    os.chown(folder, 12_345, -1)


FORGERIES = {
    "of someone else": given_away,
    "a group may write": lambda folder: folder.chmod(0o770),
    "all may enter": lambda folder: folder.chmod(0o755),
    "a link": lambda folder: moved(folder, "elsewhere"),
    "a file": lambda folder: (folder.rmdir(), folder.write_text("")),
    "all may write above": lambda folder: folder.parent.chmod(0o777),
    "a group may write two above": lambda folder: folder.parents[1].chmod(0o775),
    "all may write beyond a link": lambda folder: (folder.parent.chmod(0o777), moved(folder.parent, "open")),
}


@pytest.mark.parametrize("place", ["beside the source", "of the user", "temporary"])
@pytest.mark.parametrize("forge", FORGERIES.values(), ids=FORGERIES)
def test_a_cache_folder_that_others_may_fill_is_passed_by(tmp_path, monkeypatch, temporary, place, forge):
    parents = {
        "beside the source": tmp_path / "a" / "package" / "__pycache__",
        "of the user": tmp_path / "b" / "cache" / "edufilter",
        "temporary": private(made(tmp_path / "c" / "temporary")),
    }
    monkeypatch.setattr(compiled, "PACKAGE", parents["beside the source"].parent)
    monkeypatch.setattr("tempfile.tempdir", str(parents["temporary"].parent))
    monkeypatch.setenv("XDG_CACHE_HOME", str(parents["of the user"].parent))
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path))
    folders = [made(parent / "kernels-e3b0c44298fc1c14") for parent in parents.values()]
    at = list(parents).index(place)
    for before in parents.values():
        if before != parents[place]:  # this one alone is left
            (before / folders[0].name).rmdir()
            before.rmdir()
            before.write_text("")
    find = compiled._cache_folder.__wrapped__
    assert find() == folders[at]
    forge(folders[at])
    assert find() is None


def test_an_index_of_machine_code_that_others_may_have_written_is_not_unpickled(
    copy, temporary, tmp_path, predict
):
    predict(copy, temporary)
    (folder,) = (copy / "filtering" / "__pycache__").glob("kernels-*")
    (index,) = folder.rglob("heads*.nbi")
    index.write_bytes(f"cos\nsystem\n(S'touch {tmp_path}/ran'\ntR.".encode())
    folder.chmod(0o777)
    said = predict(copy, temporary)
    assert "compiled kernels are cached in" in said[0]
    assert not (tmp_path / "ran").exists()
    folder.chmod(0o700)  # it would have run
    predict(copy, temporary)
    assert (tmp_path / "ran").exists()
