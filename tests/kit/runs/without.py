"""Is the command where some packages cannot be imported: a program for tests.

without.py NAMES COMMAND..., names with commas between.
"""

import sys

from filtering.text import human_languages
from tests.kit.runs import few_rows


def main() -> None:
    """Be the command."""
    human_languages._detector.cache_clear()  # a warm process has loaded it
    sys.modules |= dict.fromkeys(sys.argv.pop(1).split(","))
    few_rows.main()
