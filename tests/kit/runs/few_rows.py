"""Gives tests parts of few rows, and so many of them: in Python a setting, on the command line no option.

Tests of commands write ``--rows-per-part ROWS`` all the same; the command never sees it.
"""

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from unittest import mock

from pipelines import __main__ as program
from pipelines.commands.cli import run
from pipelines.settings.runs import DumpSettings

ROWS_PER_PART = "--rows-per-part"


@contextmanager
def few_rows(arguments: Sequence[str]) -> Iterator[list[str]]:
    """Let settings have the rows of a part that arguments ask for; yield the other arguments."""
    rest = list(arguments)
    if ROWS_PER_PART not in rest:
        yield rest
        return
    place = rest.index(ROWS_PER_PART)
    rows = int(rest[place + 1])
    del rest[place : place + 2]
    made = DumpSettings.__init__

    def make(self: DumpSettings, **values: object) -> None:
        made(self, **{"rows_per_part": rows, **values})

    with mock.patch.object(DumpSettings, "__init__", make):
        yield rest


def run_command(arguments: Sequence[str]) -> int:
    """Run a command line in this process; return its exit code."""
    with few_rows(arguments) as rest:
        return run(rest)


def main() -> None:
    """Be the command."""
    with few_rows(sys.argv[1:]) as rest:
        sys.argv[1:] = rest
        program.main()


if __name__ == "__main__":
    main()
