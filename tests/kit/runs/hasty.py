"""Is the command, which trains in a hurry: for tests of what it is called from."""

import sys

from pipelines import __main__ as program


def main() -> None:
    """Be the command."""
    if sys.argv[1:2] == ["train"]:
        import pytest  # no other command needs it

        from tests.kit.scorers.haste import make_haste

        make_haste(pytest.MonkeyPatch())
    program.main()


if __name__ == "__main__":
    main()
