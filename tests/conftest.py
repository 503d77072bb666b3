"""What the tests share: the shipped scorer, a dump, a run that nothing disturbed, and the command line."""

import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from dumps import CUT, write_dump

from pipelines import FilterConfig, filter_dump
from pipelines.commands import run
from pipelines.progress import ConsoleReporter

QUIET = ConsoleReporter("none")
SHARED = Path(__file__).resolve().parents[2] / "shared"


@dataclass(frozen=True)
class Outcome:
    """What a command line came to."""

    code: int
    out: str
    err: str

    @property
    def said(self) -> str:
        """All that it printed."""
        return self.out + self.err


@pytest.fixture(scope="session")
def web() -> str:
    """Return the name of the shipped scorer for web pages."""
    return "web"


@pytest.fixture(scope="session")
def shared() -> Path:
    """Return the folder of labels and pools beside the checkout, where there is one."""
    if not (SHARED / "pool").exists():
        pytest.skip(f"needs {SHARED}, which is not part of the repository")
    return SHARED


@pytest.fixture(scope="session")
def dump(tmp_path_factory) -> Path:
    """Return a dump of three files, with 410 rows in all."""
    return write_dump(tmp_path_factory.mktemp("dump"))


@pytest.fixture(scope="session")
def settings(dump, web) -> dict[str, object]:
    """Return settings that make six parts of the dump; `out` is still to be given."""
    return {"inputs": [str(dump)], "scorer": web, "keep_at": CUT, "rows_per_part": 80, "workers": 1}


@pytest.fixture(scope="session")
def finished(settings, tmp_path_factory) -> Path:
    """Return a run over the dump that nothing disturbed. Not to be written to."""
    out = tmp_path_factory.mktemp("finished") / "out"
    filter_dump(FilterConfig(**settings, out=out), reporter=QUIET)
    return out


@pytest.fixture
def command(capsys) -> Callable[..., Outcome]:
    """Return a function that runs a command line in this process."""

    def run_command(*arguments: object) -> Outcome:
        capsys.readouterr()
        code = run([str(argument) for argument in arguments])
        return Outcome(code, *capsys.readouterr())

    return run_command


@pytest.fixture(scope="session")
def edufilter() -> str:
    """Return the path of the installed command."""
    return str(Path(sys.executable).with_name("edufilter"))


@pytest.fixture
def command_process(edufilter) -> Callable[..., Outcome]:
    """Return a function that runs a command line in a process of its own."""

    def run_process(*arguments: object, **options: object) -> Outcome:
        done = subprocess.run(
            [edufilter, *map(str, arguments)], capture_output=True, text=True, timeout=120, **options
        )
        return Outcome(done.returncode, done.stdout, done.stderr)

    return run_process
