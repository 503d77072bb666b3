"""Starts a real Ray cluster of one node, in token mode: a head that jobs are submitted to, as a cluster has.

What version 2.60.0 does, as measured here:

- The head answers after 5 s on two idle cores, 20 s on busy ones. The shortest job takes some 10 s.
- SIGTERM ends it in 1 to 3 s where no job runs. Otherwise it drains first, for up to 30 s, unless killed.
- What a job has started in a session of its own outlives the job.
- Of its ports only two have to be chosen, the Ray client's and the dashboard's. The others may be 0.
- A wrong token is refused to ``ray job submit`` in 2 s, but to a driver's ``ray.init`` only after 20 tries,
  one a second.
"""

import ctypes
import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from pathlib import Path

import psutil

HOST = "127.0.0.1"
START_S = 90.0
POLL_S = 0.1
STOP_S = 5.0
GUARD_STOP_S = 4 * STOP_S
JOB_S = 180.0
RAY = str(Path(sys.executable).with_name("ray"))
SOCKETS = "/tmp"  # the path of a Unix socket has at most 107 bytes, and Ray itself needs some 70
SUBREAPER = 36  # PR_SET_CHILD_SUBREAPER of Linux's prctl


@dataclass(frozen=True)
class Head:
    """Where a head is reached, and by what token.

    Attributes
    ----------
    address
        What a driver gives to `ray.init`.
    jobs_url
        What ``ray job`` takes as its address.
    token
        The head's token; nobody else knows it.
    guard
        The process that all processes of the head descend from.
    """

    address: str
    jobs_url: str
    token: str
    guard: int

    @property
    def environment(self) -> dict[str, str]:
        """The variables by which ``ray job`` and drivers outside the head find it, and are let in."""
        return {
            "RAY_ADDRESS": self.address,
            "RAY_API_SERVER_ADDRESS": self.jobs_url,
            **_token_mode(self.token),
        }

    def processes(self) -> list[psutil.Process]:
        """Return all processes of the head that there are now, those of its jobs and workers too."""
        return psutil.Process(self.guard).children(recursive=True)

    def submit(
        self,
        *arguments: str,
        working_dir: Path | None = None,
        job_environment: Mapping[str, str] | None = None,
        options: tuple[str, ...] = (),
        token: str | None = None,
        timeout_s: float = JOB_S,
    ) -> subprocess.CompletedProcess[str]:
        """Run a command as a job of the cluster by ``ray job submit``, and wait until it has ended.

        Parameters
        ----------
        arguments
            The command. ``python`` and ``edufilter`` are those of this environment.
        working_dir
            A folder that the job and its workers get a copy of, and run in.
        job_environment
            Variables that the job and its workers get beside those of the head.
        options
            Further options of ``ray job submit``.
        token
            Another token than the head's.
        timeout_s
            When to give up waiting, by `subprocess.TimeoutExpired`. The job then goes on.

        Returns
        -------
        subprocess.CompletedProcess
            With code 0 if the job succeeded, and otherwise 1. What the job printed, to whichever stream, is
            in `stdout`, between lines of ``ray job submit``.
        """
        options += () if working_dir is None else ("--working-dir", str(working_dir))
        if job_environment:
            options += ("--runtime-env-json", json.dumps({"env_vars": dict(job_environment)}))
        return subprocess.run(
            [RAY, "job", "submit", *options, "--", *arguments],
            env=_clean_environment() | self.environment | _token_mode(token or self.token),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=timeout_s,
        )


@contextmanager
def ray_head(num_cpus: int = 2) -> Iterator[Head]:
    """Run a head on this machine until the block ends, and end all that it started, even if pytest dies.

    It shares nothing with other clusters of the machine: neither ports nor folders, nor Ray's files in the
    home folder. Variables of the environment that begin with ``RAY_`` are withheld from it.

    Raises
    ------
    RuntimeError
        If the head ends, or does not answer within `START_S`; the message holds what it had to say.
    """
    token = secrets.token_hex(16)
    dashboard, client = _free_ports(2)
    folder = Path(tempfile.mkdtemp(prefix="rh", dir=SOCKETS))
    log = folder / "head.log"
    options = {
        "--num-cpus": num_cpus,
        "--temp-dir": folder,
        "--port": 0,
        "--dashboard-port": dashboard,
        "--ray-client-server-port": client,
        "--dashboard-agent-listen-port": 0,
        "--min-worker-port": 0,
        "--max-worker-port": 0,
    }
    start = [RAY, "start", "--head", "--block", "--disable-usage-stats"]
    start += [str(word) for option in options.items() for word in option]
    with log.open("w") as output:
        guard = subprocess.Popen(
            [sys.executable, __file__, str(os.getpid()), str(folder), *start],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=_clean_environment() | _token_mode(token),
            start_new_session=True,  # Ctrl-C is for pytest, which then ends the head
        )
    try:
        address = _wait_until_it_answers(guard, dashboard, token, folder)
        yield Head(address, f"http://{HOST}:{dashboard}", token, guard.pid)
    finally:
        guard.terminate()
        try:
            guard.wait(GUARD_STOP_S)
        finally:
            guard.kill()
            guard.wait()
            shutil.rmtree(folder, ignore_errors=True)


def _token_mode(token: str) -> dict[str, str]:
    return {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": token}


def _clean_environment() -> dict[str, str]:
    """Return the environment without what another cluster is meant by, and with this one's commands first."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("RAY_")}
    commands = str(Path(sys.executable).parent)
    return environment | {"PATH": os.pathsep.join([commands, os.environ.get("PATH", os.defpath)])}


def _free_ports(count: int) -> list[int]:
    probes = [socket.create_server((HOST, 0)) for _ in range(count)]
    try:
        return [probe.getsockname()[1] for probe in probes]
    finally:
        for probe in probes:
            probe.close()


def _wait_until_it_answers(guard: subprocess.Popen[bytes], port: int, token: str, folder: Path) -> str:
    """Return the address for drivers, once jobs are taken."""
    address = folder / "ray_current_cluster"  # written when the node has started
    ends_s = time.monotonic() + START_S
    while time.monotonic() < ends_s and guard.poll() is None:
        if address.exists() and _answers(port, token) and (text := address.read_text().strip()):
            return text
        time.sleep(POLL_S)
    raise RuntimeError(f"ray start did not start:\n{(folder / 'head.log').read_text()[-2000:]}")


def _answers(port: int, token: str) -> bool:
    connection = HTTPConnection(HOST, port, timeout=STOP_S)
    try:
        connection.request("GET", "/api/jobs/", headers={"Authorization": f"Bearer {token}"})
        return connection.getresponse().status == 200
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()


def _stand_guard(parent: int, folder: str, command: list[str]) -> None:
    """Run a command until it ends, or the parent has gone, or SIGTERM comes; then end all that it started."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    if sys.platform == "linux":  # what has lost its own parent becomes a child of this process
        ctypes.CDLL(None).prctl(SUBREAPER, 1, 0, 0, 0)
    process = None
    try:
        process = psutil.Popen(command)
        while process.poll() is None and os.getppid() == parent:
            time.sleep(POLL_S)
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        if process is not None:
            with suppress(psutil.NoSuchProcess):
                process.terminate()
            psutil.wait_procs([process], STOP_S)
        while left := psutil.Process().children(recursive=True):
            for each in left:
                with suppress(psutil.NoSuchProcess):
                    each.kill()
            psutil.wait_procs(left, STOP_S)
        if os.getppid() != parent:  # which would have read the log, and removed it
            shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    _stand_guard(int(sys.argv[1]), sys.argv[2], sys.argv[3:])
