"""Runs an exercise against its own tests, shut in: it is code that a model wrote, and that nobody has read.

What shuts it in is in `isolated_code.py`, which a fresh interpreter runs. Nothing is ever run where that is
not possible. That an exercise passes is proven by a token that is said after its last test: what ends
earlier, or prints whatever it likes, does not have it.
"""

import json
import os
import secrets
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, cast

from filtering.errors import RunError, SettingsError
from filtering.printable import printable
from pipelines.writing.code_runs import isolated_code
from pipelines.writing.code_runs.isolated_code import FAILS, NO_MEMORY, NO_MODULE, SHUT_IN, TOO_LONG

FAILS_TESTS, TAKES_TOO_LONG, TAKES_MEMORY = "fails its tests", "takes too long", "takes too much memory"
WANTS_MODULE, ENDS_EARLY = "needs a module that is not there", "ends before its tests"
RUN_REASONS = (FAILS_TESTS, TAKES_TOO_LONG, TAKES_MEMORY, WANTS_MODULE, ENDS_EARLY)
"""All that `run_exercise` may find."""
SAID: Mapping[bytes, str] = {FAILS: FAILS_TESTS, NO_MODULE: WANTS_MODULE, NO_MEMORY: TAKES_MEMORY}
TOKEN_BYTES = 16
MOST_ANSWER_BYTES = 512
PASSES = "assert True"


@dataclass(frozen=True)
class RunLimits:
    """What an exercise may take.

    Parameters
    ----------
    wall_s : float
        Seconds until it is killed, whatever it does.
    cpu_s : int
        Seconds of a core.
    memory_bytes : int
        Address space of each of its processes.
    processes : int
        At a time, threads too.
    file_bytes, files : int
        In its folder, which is in memory.
    open_files : int
    """

    wall_s: float = 10.0
    cpu_s: int = 5
    memory_bytes: int = 1 << 29
    processes: int = 4
    file_bytes: int = 1 << 24
    files: int = 1000
    open_files: int = 64


def require_isolation() -> None:
    """See that code can be shut in here.

    Raises
    ------
    SettingsError
        If it cannot: nothing is run then.
    """
    try:
        found = run_exercise(PASSES)
    except RunError as error:
        raise SettingsError(str(error)) from None
    if found:
        raise SettingsError(
            f"Code must run where it is shut in. An empty exercise {found}. Leave --run-code out."
        )


def run_exercise(solution_and_tests: str, limits: RunLimits | None = None) -> str:
    """Run an exercise and its tests in a process of its own; return why it does not count, or nothing.

    Parameters
    ----------
    solution_and_tests : str
        Python. Statements are run as they stand, then functions whose names begin with ``test`` and cases of
        ``unittest``.
    limits : RunLimits, optional

    Returns
    -------
    str
        One of `RUN_REASONS`; empty if all tests pass.

    Raises
    ------
    RunError
        If code cannot be shut in here. It was not run.
    """
    token = secrets.token_hex(TOKEN_BYTES)
    told = {
        "source": solution_and_tests,
        "token": token,
        "limits": asdict(limits or RunLimits()),
        "home": os.path.expanduser("~"),
    }
    try:
        process = subprocess.Popen(
            # The interpreter itself: packages of an environment are not for code that nobody has read.
            [
                os.path.realpath(sys.executable),
                "-I",
                "-S",
                "-B",
                "-c",
                Path(isolated_code.__file__).read_text(),
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd="/",
            env={},
            start_new_session=True,
        )
    except OSError as error:
        raise _refusal(f"{error}") from error
    source, answer = cast(IO[bytes], process.stdin), cast(IO[bytes], process.stdout)
    with process:
        try:
            with suppress(BrokenPipeError), source:  # it may have ended, and then says why
                source.write(json.dumps(told).encode())
            said = answer.read(MOST_ANSWER_BYTES)
        finally:
            process.terminate()  # what keeps the code kills it, and ends
            code = process.wait()
    if not said.startswith(SHUT_IN):
        raise _refusal(said.decode(errors="replace") or f"its process ended with {code}")
    if said == SHUT_IN + token.encode():
        return ""
    return SAID.get(said.removeprefix(SHUT_IN)) or (TAKES_TOO_LONG if code == TOO_LONG else ENDS_EARLY)


def _refusal(why: str) -> RunError:
    return RunError(
        "Code must be shut in before it is run: that takes Linux 5.12 or later, and the right to make user "
        f"namespaces (see user_namespaces(7)), which containers often withhold. Got: {printable(why)}. "
        "Nothing was run. Leave --run-code out, or run it where they may be made, as in a virtual machine."
    )
