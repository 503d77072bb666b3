"""Proves that a command outlives what ends its process: with real processes and real signals."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.kit.places import ROOT

BEGIN = """
import os, signal, sys, threading, time
from pathlib import Path
from filtering.being_read import being_read, is_suspect
from filtering.errors import BadFileError
from pipelines.supervisor import supervise

def end(number):
    os.kill(os.getpid(), number)
    time.sleep(10)

def hold(name):
    with being_read(name):
        time.sleep(10)

def read(name, number):
    try:
        with being_read(name):
            end(number)
    except BadFileError as error:
        print(error, flush=True)

"""


END = """
from pipelines.how_to_go_on import last_words
raise SystemExit(supervise(work, last_words=lambda: last_words(["train", "labels"])))
"""
STUBBORN = """
from pipelines.how_to_go_on import note_how_far
note_how_far("2 of 8 parts are finished.")
note_how_far("3 of 8 parts are finished.")
while True:
    try:
        print("at work", flush=True)
        time.sleep(10)
    except KeyboardInterrupt:
        pass
"""


def start(body, *, place: Path | None = None, stdout=subprocess.PIPE, end=END):
    """Start a process that supervises a function `work`; its body is given."""
    lines = "\n    ".join(body.strip().splitlines())
    return subprocess.Popen(
        [sys.executable, "-c", f"{BEGIN}def work():\n    {lines}\n{end}"],
        cwd=place or ROOT, stdout=stdout, stderr=subprocess.PIPE, text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip


def outcome(body):
    process = start(body)
    out, err = process.communicate(timeout=60)
    return process.returncode, out, err


@pytest.mark.parametrize("code", [0, 3])
def test_the_exit_code_is_that_of_the_command(code):
    assert outcome(f"return {code}") == (code, "", "")


def test_what_was_left_for_the_end_is_done_before_the_process_ends():
    body = """
import atexit
atexit.register(print, "at the end")
threading.Thread(target=lambda: (time.sleep(0.2), print("from a thread"))).start()
print("at once")
return 3
"""
    assert outcome(body) == (3, "at once\nfrom a thread\nat the end\n", "")


def test_an_error_of_ours_ends_the_command_with_1_and_is_shown():
    code, out, err = outcome("print('at once')\nraise ValueError('at work')")
    assert (code, out) == (1, "at once\n")
    assert err.endswith("ValueError: at work\n")


def test_results_that_cannot_be_written_are_an_error():
    with open("/dev/full", "w") as full:
        process = start("print('a result')\nreturn 0", stdout=full)
        _, err = process.communicate(timeout=60)
    assert process.returncode != 0
    assert "No space left on device" in err


@pytest.mark.parametrize("name", ["SIGABRT", "SIGSEGV", "SIGBUS"])
def test_what_is_read_when_a_signal_ends_the_command_is_not_read_again(name):
    code, out, err = outcome(f"read('x.parquet', signal.{name})\nread('y.parquet', signal.{name})\nreturn 3")
    assert code == 3
    assert [line.split()[0] for line in out.splitlines()] == ["x.parquet", "x.parquet", "y.parquet"]
    assert out.count(f"({name})") == 3
    assert err.splitlines() == [
        f"{name} ended edufilter. It read {at}.parquet. It begins again." for at in "xy"
    ]


def test_a_file_is_blamed_for_sigkill_the_second_time():
    code, out, err = outcome("read('x.parquet', signal.SIGKILL)\nreturn 3")
    assert code == 3
    assert "memory runs out" in out
    assert err.count("begins again") == 2


def test_what_was_read_side_by_side_is_in_doubt():
    body = """
if is_suspect("x.parquet") and is_suspect("y.parquet"):
    read("y.parquet", signal.SIGABRT)
    return 3
threading.Thread(target=hold, args=["x.parquet"], daemon=True).start()
time.sleep(0.2)
read("y.parquet", signal.SIGABRT)
"""
    code, out, err = outcome(body)
    assert code == 3
    assert out.startswith("y.parquet must")
    assert "It read x.parquet, y.parquet. It begins again." in err


def test_a_signal_that_no_file_is_to_blame_for_ends_the_command_with_1():
    code, _, err = outcome("end(signal.SIGSEGV)")
    assert code == 1
    assert err == "Error: SIGSEGV ended edufilter. It read no file at that time. What was finished stays.\n"


def test_another_signal_ends_the_supervisor_as_well():
    assert outcome("end(signal.SIGUSR1)")[0] == -signal.SIGUSR1


@pytest.mark.parametrize("orders", [[signal.SIGINT], [signal.SIGTERM], [signal.SIGINT, signal.SIGINT]])
def test_orders_to_stop_are_passed_on_and_those_of_one_moment_are_one(orders):
    body = """
try:
    print("ready", flush=True)
    time.sleep(30)
except KeyboardInterrupt:
    time.sleep(0.3)
    return 130
"""
    with start(body) as process:
        assert process.stdout.readline() == "ready\n"
        for order in orders:
            process.send_signal(order)
            time.sleep(0.05)
        assert process.wait(30) == 130


def test_an_order_that_comes_too_late_changes_nothing():
    body = """
try:
    print("ready", flush=True)
    time.sleep(30)
except KeyboardInterrupt:
    return 130
"""
    # While the interpreter of the supervisor ends, orders have no handler any more.
    ordered = """
import os, signal
supervisor = os.getpid()
code = supervise(work)
for order in (signal.SIGINT, signal.SIGTERM) if os.getpid() == supervisor else ():
    signal.signal(order, signal.SIG_DFL)
    os.kill(supervisor, order)
raise SystemExit(code)
"""
    process = start(body, end=ordered)
    assert process.stdout.readline() == "ready\n"
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)
    assert process.returncode == 130


def test_a_command_that_does_not_end_in_time_says_how_far_it_is():
    process = start(STUBBORN)
    assert process.stdout.readline() == "at work\n"
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert err.endswith(
        "3 of 8 parts are finished.\nNothing of it is kept. To begin anew:\n  edufilter train labels\n"
    )


def test_an_order_that_c_code_swallows_ends_the_command_with_its_last_words_alone():
    # As in numba: LLVM calls Python back when it has compiled something, and numba then misses what it made.
    body = """
import ctypes
made = []

@ctypes.CFUNCTYPE(None)
def called_back():
    print("ready", flush=True)
    time.sleep(30)
    made.append(1)

called_back()
if not made:
    raise RuntimeError("no compiled object yet")
"""
    process = start(body)
    assert process.stdout.readline() == "ready\n"
    process.send_signal(signal.SIGTERM)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert err == (
        "\nInterrupted. Stopping ...\nNothing of it is kept. To begin anew:\n  edufilter train labels\n"
    )


def test_an_order_that_was_to_be_ignored_stays_ignored():
    body = """
print(signal.getsignal(signal.SIGINT) == signal.SIG_IGN, flush=True)
return 0
"""
    ignore = """
import os, signal, sys
signal.signal(signal.SIGINT, signal.SIG_IGN)
os.execv(sys.argv[1], sys.argv[1:])
"""
    process = start(body)
    process.communicate(timeout=60)
    done = subprocess.run(
        [sys.executable, "-c", ignore, *process.args], env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True, text=True, cwd=ROOT,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (0, "True\n")


def test_the_command_ends_with_its_supervisor(tmp_path):
    body = f"""
while True:
    Path({str(tmp_path)!r}, "alive").touch()
    print("ready", flush=True)
    time.sleep(0.01)
"""
    with start(body) as process:
        assert process.stdout.readline() == "ready\n"
        process.kill()
        process.communicate(timeout=30)  # the child holds the other end of this pipe
    (tmp_path / "alive").unlink()
    time.sleep(0.1)
    assert not (tmp_path / "alive").exists()
