"""Begins commands as forks of one process that has imported what they need.

Each is a process of its own, which signals end as they end any other. What is spared is the second that
imports take. Tests of how a command starts begin it cold.
"""

import gc
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from importlib import import_module

from pipelines.supervisor import work_and_end
from tests.kit.places import ROOT
from tests.kit.runs.outcomes import Outcome

ASK_BYTES = 1 << 20
PATIENCE_S = 120.0
LATE = ("pipelines.run.filter", "pipelines.commands.printing.runs", "pipelines.labels.annotate", "aiohttp")
CODE = "def weigh(stones, apples):\n    total = stones + 12 * apples\n    return total - 3\n" * 2
PROSE = "What does a basket weigh that holds 12 apples and a stone of three pounds, which is wet? " * 2


def load_all() -> None:
    """Load what commands load late, down to compiled kernels."""
    from filtering import load_scorer
    from filtering.leaks import LeakIndex, Task, find_leaks
    from pipelines.progress import ConsoleReporter

    for name in LATE:
        import_module(name)
    ConsoleReporter()
    scorer = load_scorer("web")
    scorer.score(["a text"])
    scorer.unlike_seed(["a text"])
    tasks = [Task("code", "made", "", CODE, "", "weigh"), Task("prose", "made", PROSE, "", kind="prose")]
    find_leaks(LeakIndex.of(tasks), [CODE, PROSE])


class Begun:
    """A command at work, with what tests use of `subprocess.Popen`."""

    def __init__(self, asks: socket.socket, asked: Mapping[str, object]) -> None:
        self.returncode: int | None = None
        self._output = [tempfile.TemporaryFile("w+") for _ in range(2)]
        self._said: list[str] = []
        self._news, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        files = [file.fileno() for file in (*self._output, theirs)]
        socket.send_fds(asks, [json.dumps(asked).encode(errors="surrogateescape")], files)
        theirs.close()
        self._news.settimeout(PATIENCE_S)
        self.pid = int(self._news.recv(99))

    def __enter__(self) -> "Begun":
        return self

    def __exit__(self, *_: object) -> None:
        self.communicate()

    def poll(self) -> int | None:
        """Return the exit code, or minus the signal that ended it; None while it is at work."""
        try:
            return self.wait(0)
        except BlockingIOError:
            return None

    def wait(self, timeout: float = PATIENCE_S) -> int:
        """Wait for its end and return the code."""
        if self.returncode is None:
            self._news.settimeout(timeout)
            self.returncode = int(self._news.recv(99))
        return self.returncode

    def send_signal(self, number: int) -> None:
        """Send a signal to it."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        """End it as by kill -9."""
        self.send_signal(signal.SIGKILL)

    def communicate(self, timeout: float = PATIENCE_S) -> tuple[str, str]:
        """Wait until it and all forks of it have ended; return what they said."""
        self.wait(timeout)
        if self._news.fileno() >= 0:
            self._news.settimeout(timeout)
            assert self._news.recv(99) == b""
            self._news.close()
            for file in self._output:
                with file:
                    file.seek(0)
                    self._said.append(file.read())
        return self._said[0], self._said[1]

    def outcome(self) -> Outcome:
        """Wait until it has ended; return what came of it."""
        said = self.communicate()
        return Outcome(self.wait(), *said)


class WarmStart:
    """The process that commands are forks of. It ends with the one that began it."""

    def __init__(self) -> None:
        self._asks, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._process = subprocess.Popen(
            [sys.executable, "-m", __name__, str(theirs.fileno())], cwd=ROOT, pass_fds=[theirs.fileno()],
            start_new_session=True,
        )  # fmt: skip
        theirs.close()

    def close(self) -> None:
        """End it."""
        self._asks.close()
        self._process.wait()

    def begin(
        self, *arguments: object, program: str = "runs.few_rows", env: Mapping[str, str] | None = None
    ) -> Begun:
        """Begin a program of the kit: the command, if no other is named.

        Parameters
        ----------
        *arguments : object
            Of its command line.
        program : str
            A module of `tests.kit` with a function `main`.
        env : mapping, optional
            Its environment; that of this process if not given.
        """
        asked = {
            "program": program, "arguments": [program, *map(str, arguments)], "place": os.getcwd(),
            "environment": dict(os.environ if env is None else env),
        }  # fmt: skip
        return Begun(self._asks, asked)


def _serve(asks: socket.socket) -> tuple[bytes, list[int]]:
    """Fork at each request; return in the fork, with what was asked and the files that came with it."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # so that forks need no waiting for
    while True:
        asked, files, _, _ = socket.recv_fds(asks, ASK_BYTES, 3)
        if not asked:
            os._exit(0)
        if not os.fork():
            asks.close()
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            return asked, files
        for file in files:
            os.close(file)


def main() -> None:
    """Be the process that commands are forks of, one that waits for a command, or a command."""
    load_all()
    gc.freeze()  # what all share is not looked through, and so not copied, in each
    asked, files = _serve(socket.socket(fileno=int(sys.argv[1])))
    wanted = json.loads(asked)
    news = socket.socket(fileno=files[2])
    if command := os.fork():
        for file in files[:2]:
            os.close(file)
        news.send(str(command).encode())
        news.send(str(os.waitstatus_to_exitcode(os.waitpid(command, 0)[1])).encode())
        os._exit(0)
    # `news` stays open in all forks of the command: once it is closed, all have ended.
    with open(os.devnull) as nothing:
        os.dup2(nothing.fileno(), 0)
    for number, file in enumerate(files[:2], start=1):
        os.dup2(file, number)
        os.close(file)
    signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored where a shell ran pytest with "&"
    os.environ.clear()
    os.environ.update(wanted["environment"])
    os.chdir(wanted["place"])
    sys.argv = wanted["arguments"]

    def work() -> int:
        try:
            return int(import_module(f"tests.kit.{wanted['program']}").main() or 0)
        except SystemExit as end:
            return int(end.code or 0)

    raise SystemExit(work_and_end(work))


if __name__ == "__main__":
    main()
