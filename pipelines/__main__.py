"""The program `edufilter`: it checks that the packages come from one place, then runs the command line."""

import gc
import os
import sys

from pipelines.preflight import check_memory, check_one_place

GARBAGE_AT = 50_000
"""Objects after which Python looks for cycles among them, not 700: libraries make many, and hardly a cycle.
That took 5 % of a short run."""


def main() -> None:
    """Run the `edufilter` command.

    Exit codes: 0 done; 1 failed, resumable; 2 wrong usage or settings, nothing started; 3 done, but
    files were set aside; 4 done, but data cannot hold a promise; 130 interrupted, resumable.
    """
    try:
        check_memory()
        check_one_place()
    except (ImportError, MemoryError) as error:
        sys.stderr.write(f"Error: {error}\n")
        raise SystemExit(2) from None
    from pipelines.how_to_go_on import last_words  # which needs the packages that were looked for
    from pipelines.supervisor import supervise

    raise SystemExit(supervise(_run, last_words=lambda: last_words(sys.argv[1:])))


def _run() -> int:
    from pipelines.stop_signals import INTERRUPTED
    from pipelines.unwanted_libraries import do_without_them

    do_without_them()
    gc.set_threshold(GARBAGE_AT)
    from pipelines.commands.cli import run

    code = run(sys.argv[1:])
    if code == INTERRUPTED:  # threads may be at work for seconds yet, and Python would wait for them
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
    return code


if __name__ == "__main__":
    main()
