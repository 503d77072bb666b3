"""Is the command where some packages cannot be imported: a program for tests.

without.py NAMES COMMAND..., names with commas between.
"""

import sys

import few_rows


def main() -> None:
    """Be the command."""
    sys.modules |= dict.fromkeys(sys.argv.pop(1).split(","))
    few_rows.main()
