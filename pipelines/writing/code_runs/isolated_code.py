"""The program that runs an exercise: a file of its own that imports nothing of edufilter.

`run_code.py` hands its text to a fresh interpreter. It reads from standard input what is to be run, shuts
itself in, and only then runs it. Two processes take part::

    keeper   watches the clock, and kills the other one, whatever that does
    code     is alone in its namespaces: no network, no other process, all files read-only but for a small
             folder in memory; without privileges, within its limits

What goes to standard output is read by `run_code.py`: first `SHUT_IN`, or why that is not possible; then,
once all tests have been run, the token that came with the exercise, or the number of a reason.
"""

import ctypes
import json
import os
import resource
import signal
import sys
import time
from types import ModuleType
from typing import Any

SHUT_IN = b"+"
TOO_LONG = 3
"""What the keeper ends with where the clock has run out."""
OF_LIMITS = (signal.SIGKILL, signal.SIGXCPU)
"""What the kernel ends code with that took more of a core than it may."""
RESULT = 3
"""Where standard output is while code runs, whose own goes nowhere."""
FAILS, NO_MODULE, NO_MEMORY = b"1", b"2", b"3"

LIBC = ctypes.CDLL(None, use_errno=True)
# Numbers of the kernel's interface: linux/sched.h, mount.h, prctl.h, capability.h.
NEW_MOUNTS, NEW_HOSTNAME, NEW_IPC, NEW_USER, NEW_PROCESSES, NEW_NETWORK = (
    1 << 17, 1 << 26, 1 << 27, 1 << 28, 1 << 29, 1 << 30,
)  # fmt: skip
MS_NO_SETUID, MS_NO_DEVICES, MS_BIND, MS_WITH_INNER, MS_PRIVATE = 2, 4, 1 << 12, 1 << 14, 1 << 18
MOUNT_SETATTR, HERE, RECURSIVE, READ_ONLY = 442, -100, 0x8000, 1
SIGNAL_OF_PARENT, NO_NEW_PRIVILEGES = 1, 38
CAPABILITIES_VERSION = 0x20080522
CO_COROUTINE = 0x80
"""Of the code of an ``async def``; see `inspect`."""
SCRATCH = ("/tmp", "/var/tmp", "/dev/shm")
"""Where everybody may write. One of them becomes the folder of the code."""
HIDDEN = (*SCRATCH, "/run")
"""What code finds empty beside the home of the user, for services have their sockets there."""
PROCESSES, OPEN_FILES = "/proc", "/proc/self/fd"
"""Where processes show themselves: empty too, in the end."""
NOBODY = 65534
"""The user that code is run as if edufilter is run by root, whom limits of processes do not bind."""


def main() -> None:
    """Run what standard input holds, and end the process with 0, or with `TOO_LONG`."""
    told = json.loads(sys.stdin.buffer.read())
    watched = {signal.SIGCHLD, signal.SIGTERM}
    signal.pthread_sigmask(signal.SIG_BLOCK, watched)
    is_root, user, group = os.geteuid() == 0, os.geteuid(), os.getegid()
    others = NEW_MOUNTS | NEW_PROCESSES | NEW_NETWORK | NEW_IPC | NEW_HOSTNAME
    _call("unshare", others if is_root else others | NEW_USER)
    if not is_root:
        _write("/proc/self/setgroups", "deny")
        _write("/proc/self/uid_map", f"{user} {user} 1")
        _write("/proc/self/gid_map", f"{group} {group} 1")
    _call("prctl", SIGNAL_OF_PARENT, signal.SIGTERM, 0, 0, 0)  # if edufilter is killed, code is too
    code = os.fork()  # the first process of its namespace: with it, all others there end
    if code == 0:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, watched)
        _hide_files(told["home"], told["limits"], is_root)
        _give_up_rights(told["limits"], is_root)
        _take_standard_streams()
        os.write(RESULT, SHUT_IN)
        _run(told["source"], told["token"].encode())
        os._exit(0)
    deadline = time.monotonic() + told["limits"]["wall_s"]
    while True:
        ended, status = os.waitpid(code, os.WNOHANG)
        if ended:
            os._exit(TOO_LONG if os.WIFSIGNALED(status) and os.WTERMSIG(status) in OF_LIMITS else 0)
        came = signal.sigtimedwait(watched, max(deadline - time.monotonic(), 0))
        if came is None or came.si_signo == signal.SIGTERM:
            os.kill(code, signal.SIGKILL)
            os.waitpid(code, 0)
            os._exit(TOO_LONG)


def _hide_files(home: str, limits: dict[str, Any], is_root: bool) -> None:
    """Leave all files as they are to read, but what others have hidden, and one empty folder to write to."""
    os.umask(0o022)
    _call("mount", None, b"/", None, MS_WITH_INNER | MS_PRIVATE, None)  # else others would see what follows
    python, home = os.path.realpath(sys.base_prefix), os.path.realpath(home)
    hidden = [path for path in HIDDEN if os.path.isdir(path)]
    if home != "/" and os.path.isdir(home) and not any(_holds(path, f"{home}/") for path in hidden):
        hidden.append(home)
    own = next(path for path in SCRATCH if path in hidden and not _holds(path, python))
    held = os.open(python, os.O_PATH)
    for path in hidden:
        _mount_empty(path, "mode=755")
    if any(_holds(path, python) for path in hidden):  # the interpreter stays where it was
        os.makedirs(python)
        _call("mount", f"{OPEN_FILES}/{held}".encode(), python.encode(), None, MS_BIND | MS_WITH_INNER, None)
    _mount_empty(PROCESSES, "mode=755")
    attributes = (ctypes.c_uint64 * 4)(READ_ONLY, 0, 0, 0)
    size = ctypes.sizeof(attributes)
    _call("syscall", MOUNT_SETATTR, HERE, b"/", RECURSIVE, ctypes.byref(attributes), size)
    whose = f",uid={NOBODY},gid={NOBODY}" if is_root else ""
    _mount_empty(own, f"size={limits['file_bytes']},nr_inodes={limits['files']},mode=700{whose}")
    os.chdir(own)


def _holds(folder: str, path: str) -> bool:
    return path.startswith(f"{folder}/")


def _mount_empty(path: str, options: str) -> None:
    _call("mount", b"none", path.encode(), b"tmpfs", MS_NO_SETUID | MS_NO_DEVICES, options.encode())


def _give_up_rights(limits: dict[str, Any], is_root: bool) -> None:
    if is_root:
        os.setgroups([])
        os.setresgid(NOBODY, NOBODY, NOBODY)
        os.setresuid(NOBODY, NOBODY, NOBODY)
        _call("unshare", NEW_USER)  # whose processes are counted by themselves
    for name, most in (
        ("AS", limits["memory_bytes"]), ("CPU", limits["cpu_s"]), ("FSIZE", limits["file_bytes"]),
        ("NOFILE", limits["open_files"]), ("NPROC", limits["processes"] + 1), ("CORE", 0),
    ):  # fmt: skip
        which = getattr(resource, f"RLIMIT_{name}")
        hard = resource.getrlimit(which)[1]
        most = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(which, (most, most))
    header = (ctypes.c_uint32 * 2)(CAPABILITIES_VERSION, 0)
    _call("capset", ctypes.byref(header), ctypes.byref((ctypes.c_uint32 * 6)()))
    _call("prctl", NO_NEW_PRIVILEGES, 1, 0, 0, 0)
    _call("prctl", SIGNAL_OF_PARENT, signal.SIGKILL, 0, 0, 0)  # not before: a change of the user undoes it


def _take_standard_streams() -> None:
    os.dup2(1, RESULT)
    nothing = os.open(os.devnull, os.O_RDWR)
    for stream in range(3):
        os.dup2(nothing, stream)
    os.closerange(RESULT + 1, 1024)


def _run(source: str, token: bytes) -> None:
    """Run an exercise and its tests; the token is said after the last one, and nowhere before."""
    module = ModuleType("__main__")
    sys.modules["__main__"] = module  # where classes look for themselves
    try:
        if "unittest" in source:
            import unittest

            unittest.main = lambda *given, **named: None  # type: ignore[assignment] # cases are run below
        exec(compile(source, "exercise", "exec"), vars(module))
        _run_tests(vars(module))
    except ImportError:
        os.write(RESULT, NO_MODULE)
    except MemoryError:
        os.write(RESULT, NO_MEMORY)
    except Exception:
        os.write(RESULT, FAILS)
    else:
        os.write(RESULT, token)


def _run_tests(module: dict[str, Any]) -> None:
    """Run what a module only defines: functions called ``test...``, and cases of ``unittest``."""
    for name, found in list(module.items()):
        code = getattr(found, "__code__", None)
        if name.startswith("test") and code is not None and code.co_argcount == len(found.__defaults__ or ()):
            made = found()
            if code.co_flags & CO_COROUTINE:
                import asyncio

                asyncio.run(made)
    if "unittest" in sys.modules:
        import unittest

        classes = [one for one in module.values() if isinstance(one, type)]
        for case in classes:
            if not issubclass(case, unittest.TestCase):
                continue
            result = unittest.TestResult()
            unittest.defaultTestLoader.loadTestsFromTestCase(case).run(result)
            if not result.wasSuccessful() or not result.testsRun:
                raise AssertionError


def _call(name: str, *given: Any) -> None:  # noqa: ANN401 - whatever the kernel takes
    """Call a function of the C library, whose numbers are as wide as a register."""
    wide = [ctypes.c_long(one) if isinstance(one, int) else one for one in given]
    if getattr(LIBC, name)(*wide) != 0:
        raise OSError(f"{name}: {os.strerror(ctypes.get_errno())}")


def _write(path: str, text: str) -> None:
    with open(path, "w") as file:
        file.write(text)


if __name__ == "__main__":
    try:
        main()
    except (OSError, ValueError) as error:  # of what is done before code runs
        os.write(1, f"{error}"[:200].encode())
        os._exit(1)
