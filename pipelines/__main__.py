"""The program `edufilter`: it checks that the packages come from one place, then runs the command line."""

import sys

from pipelines.preflight import check_memory, check_one_place


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
    from pipelines.supervisor import supervise  # which needs the packages that were looked for

    raise SystemExit(supervise(_run))


def _run() -> int:
    from pipelines.commands.cli import run

    return run(sys.argv[1:])


if __name__ == "__main__":
    main()
