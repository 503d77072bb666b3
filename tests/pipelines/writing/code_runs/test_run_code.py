"""Proves that code which a model wrote harms nothing, and passes only where its tests were run and hold."""

import os
import secrets
import signal
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path

import pytest

from filtering.errors import SettingsError
from pipelines.writing.code_runs import run_code
from pipelines.writing.code_runs.run_code import (
    ENDS_EARLY,
    FAILS_TESTS,
    TAKES_MEMORY,
    TAKES_TOO_LONG,
    WANTS_MODULE,
    RunLimits,
    require_isolation,
    run_exercise,
)
from tests.kit.places import ROOT

SOLUTION = 'def double(number):\n    """Return twice a number."""\n    return 2 * number\n\n\n'
SHORT = RunLimits(wall_s=1.5, cpu_s=1)
PATIENT = RunLimits(wall_s=120)
"""For a machine where much else is at work."""


@pytest.fixture(scope="module", autouse=True)
def _needs_namespaces():
    try:
        require_isolation()
    except SettingsError as error:
        pytest.skip(f"code cannot be shut in here: {error}")


@pytest.mark.parametrize(
    "tests",
    [
        "assert double(2) == 4",
        "def test_it():\n    assert double(2) == 4",
        "def check(solution):\n    assert solution(2) == 4\n\ncheck(double)",
        "import unittest\nclass Tests(unittest.TestCase):\n    def test_it(self):\n        "
        "self.assertEqual(double(2), 4)\nif __name__ == '__main__':\n    unittest.main()",
        "if __name__ == '__main__':\n    assert double(2) == 4\n    print('fine')",
        "import sys, threading\nt = threading.Thread(target=double, args=(1,))\nt.start(); t.join()\n"
        "print('x' * 1000, file=sys.stderr)\nassert input is not None",
        "import asyncio\nasync def test_it():\n    await asyncio.sleep(0)\n    assert double(2) == 4",
        "from dataclasses import dataclass\nfrom typing import get_type_hints\n@dataclass\nclass Pair:\n    "
        "one: 'Pair'\nassert get_type_hints(Pair) == {'one': Pair} and double(2) == 4",
        "open('mine.txt', 'w').write('x' * 1000)\nassert open('mine.txt').read() == 'x' * 1000",
    ],
)
def test_an_exercise_whose_tests_hold_passes(tests):
    assert run_exercise(SOLUTION + tests) == ""


@pytest.mark.parametrize(
    ("tests", "reason"),
    [
        ("assert double(2) == 5", FAILS_TESTS),
        ("def test_it():\n    assert double(2) == 5", FAILS_TESTS),
        ("import unittest\nclass Tests(unittest.TestCase):\n    def test_it(self):\n        "
         "self.assertEqual(double(2), 5)\nunittest.main()", FAILS_TESTS),
        ("async def test_it():\n    assert double(2) == 5", FAILS_TESTS),
        ("assert double(", FAILS_TESTS),
        ("input()", FAILS_TESTS),
        ("import numpy", WANTS_MODULE),
        ("import filtering", WANTS_MODULE),
        ("while True: pass", TAKES_TOO_LONG),
        ("import time\ntime.sleep(60)", TAKES_TOO_LONG),
        ("import signal\nfor one in range(1, 32):\n    try: signal.signal(one, signal.SIG_IGN)\n"
         "    except (OSError, ValueError): pass\nwhile True: pass", TAKES_TOO_LONG),
        ("x = [0]\nwhile True: x = x + x", TAKES_MEMORY),
        ("x = bytearray(1 << 32)", TAKES_MEMORY),
        ("import sys\nsys.exit(0)\nassert double(2) == 5", ENDS_EARLY),
        ("import os\nos._exit(0)\nassert double(2) == 5", ENDS_EARLY),
        ("import os\nos.abort()", ENDS_EARLY),
        ("import os\nos.write(1, b'+' + b'0' * 32)\nos.write(3, b'0' * 32)\nos._exit(0)", ENDS_EARLY),
        ("import os\nos.close(3)", ENDS_EARLY),
        ("raise SystemExit", ENDS_EARLY),
    ],
)  # fmt: skip
def test_an_exercise_that_does_not_pass_says_why(tests, reason):
    assert run_exercise(SOLUTION + tests, SHORT if reason == TAKES_TOO_LONG else PATIENT) == reason


def test_what_is_printed_goes_nowhere_however_much_it_is():
    flood = "import sys\nfor _ in range(1000): sys.stdout.write('x' * 1_000_000)\nassert double(2) == 4"
    assert run_exercise(SOLUTION + flood, PATIENT) == ""
    assert run_exercise("import os\nwhile True: os.write(3, b'x' * 100_000)", SHORT) == TAKES_TOO_LONG


def test_there_is_no_network():
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        code = (
            f"import socket\ntry:\n    socket.create_connection(('127.0.0.1', {port}), 1)\n"
            "except OSError:\n    pass\nelse:\n    raise AssertionError"
        )
        assert run_exercise(code) == ""
        server.settimeout(0.1)
        with pytest.raises(TimeoutError):
            server.accept()


@pytest.fixture
def open_folder():
    """Return a folder that everybody may write to, which is not hidden from code as /tmp is."""
    with tempfile.TemporaryDirectory(dir=ROOT) as folder:
        os.chmod(folder, 0o777)
        yield Path(folder)


def test_no_file_can_be_written_outside_nor_be_removed(open_folder, tmp_path):
    files = [folder / "mine.txt" for folder in (open_folder, tmp_path)]
    for file in files:
        file.write_text("as it was")
        file.chmod(0o666)
    code = f"""
import os, pathlib, shutil
def refused(act, *given):
    try:
        act(*given)
    except OSError:
        return
    raise AssertionError(given)
for one in {[str(file) for file in files]}:
    refused(pathlib.Path(one).write_text, "changed")
    refused(os.remove, one)
    refused(os.rename, one, "mine.txt")
    refused(os.mkdir, one + "-beside")
    refused(os.chmod, one, 0)
    refused(shutil.rmtree, os.path.dirname(one))
refused(pathlib.Path({str(Path.home())!r}, ".edufilter-was-here").write_text, "here")
refused(os.mkdir, "/var/tmp/edufilter-was-here")
assert os.listdir("/proc") == os.listdir("/run") == []
"""
    assert run_exercise(code) == ""
    assert run_exercise(f"open({str(files[0])!r}, 'a')") == FAILS_TESTS
    assert [file.read_text() for file in files] == ["as it was"] * 2
    assert not Path("/var/tmp/edufilter-was-here").exists()
    assert not Path(Path.home(), ".edufilter-was-here").exists()


def test_what_is_hidden_from_code_is_there_for_all_others():
    before = [sorted(os.listdir(folder)) for folder in ("/tmp", "/run", Path.home())]
    mounts = Path("/proc/self/mountinfo").read_text()
    assert run_exercise("assert True") == ""
    assert [sorted(os.listdir(folder)) for folder in ("/tmp", "/run", Path.home())] == before
    assert Path("/proc/self/mountinfo").read_text() == mounts


def test_files_of_the_home_cannot_be_read():
    secret = f"import os\nassert os.listdir({str(Path.home())!r}) in ([], ['.pyenv'], ['.local'])"
    assert run_exercise(secret) == ""


def test_its_folder_is_empty_small_and_gone_afterwards():
    assert run_exercise("import os\nassert os.listdir() == []\nopen('left.txt', 'w').write('x')") == ""
    assert run_exercise("import os\nassert os.listdir() == []") == ""
    for too_much in (
        "open('large', 'w').write('x' * (1 << 26))",
        "for n in range(5000): open(str(n), 'w').close()",
    ):
        code = f"try:\n    {too_much}\nexcept OSError:\n    pass\nelse:\n    raise AssertionError"
        assert run_exercise(f"import signal\nsignal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n{code}") == ""


def test_it_sees_no_keys_and_nothing_of_the_environment(monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-sentinel-0123456789")
    assert run_exercise("import os\nassert not [n for n in os.environ if 'KEY' in n or 'PATH' in n]") == ""


def test_it_can_kill_nobody():
    other = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    try:
        code = f"""
import os, signal
assert os.getpid() == 1 and os.getppid() == 0
for pid in ({os.getpid()}, {other.pid}, -1):
    try:
        os.kill(pid, signal.SIGKILL)
    except OSError:
        pass
    else:
        raise AssertionError(pid)
"""
        assert run_exercise(code) == ""
        assert other.poll() is None
    finally:
        other.kill()
        other.wait()


@pytest.fixture
def still_running(monkeypatch, tmp_path):
    """Return a function that finds the processes of exercises of this test: their program has a mark."""
    mark, program = secrets.token_hex(), tmp_path / "program.py"
    program.write_text(f"{Path(run_code.isolated_code.__file__).read_text()}# {mark}\n")
    monkeypatch.setattr(run_code.isolated_code, "__file__", str(program))

    def find():
        found = []
        for folder in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):
                found += [folder.name] if mark.encode() in (folder / "cmdline").read_bytes() else []
        return found

    return find


def test_it_can_neither_fork_without_end_nor_leave_a_process_behind(still_running):
    bomb = """
import os
made = 0
try:
    for _ in range(200):
        if os.fork() == 0:
            import time
            time.sleep(30)
            os._exit(0)
        made += 1
except OSError:
    pass
assert made < 10, made
"""
    assert run_exercise(bomb) == ""
    assert not still_running()  # its children would sleep for 30 seconds
    stray = "import os, time\nif os.fork() == 0:\n    os.setsid()\n    time.sleep(600)\nassert True"
    assert run_exercise(stray) == ""
    assert not still_running()


def test_it_has_no_privileges_to_undo_what_shuts_it_in(open_folder):
    code = f"""
import ctypes, os
libc = ctypes.CDLL(None, use_errno=True)
assert libc.mount(b"none", b"/", None, ctypes.c_ulong(4096 | 32), None) != 0
assert libc.umount2(b"/proc", 2) != 0
for flags in (0x10000000, 0x10000000 | 0x20000):
    if libc.unshare(flags) == 0:
        libc.mount(None, b"/", None, ctypes.c_ulong(4096 | 32), None)
try:
    open({str(open_folder / "new")!r}, "w")
except OSError:
    pass
else:
    raise AssertionError
assert os.geteuid() != 0
"""
    assert run_exercise(code) == ""


def test_code_ends_with_what_runs_it(still_running):
    """A process that is killed leaves nothing that runs on."""
    program = (
        "from pipelines.writing.code_runs import run_code\n"
        f"run_code.isolated_code.__file__ = {run_code.isolated_code.__file__!r}\n"
        "print('begun', flush=True)\n"
        "run_code.run_exercise('import time; time.sleep(60)', run_code.RunLimits(wall_s=60))"
    )
    runner = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE)
    runner.stdout.readline()
    _until(still_running)
    runner.send_signal(signal.SIGKILL)
    runner.wait()
    runner.stdout.close()
    _until(lambda: not still_running())


def _until(holds, within_s=10.0):
    deadline = time.monotonic() + within_s
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_where_code_cannot_be_shut_in_nothing_is_run(monkeypatch, tmp_path):
    broken = tmp_path / "broken.py"
    text = Path(run_code.isolated_code.__file__).read_text()
    broken.write_text(text.replace('_call("unshare", ', '_call("unshare", 1 << 40 | '))
    monkeypatch.setattr(run_code.isolated_code, "__file__", str(broken))
    with pytest.raises(
        SettingsError, match=r"shut in .* Got: unshare: Invalid argument\. Nothing was run\. Leave --run-code"
    ):
        require_isolation()
