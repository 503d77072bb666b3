"""What is said where a command is interrupted: what stays, and how to go on. It loads no library."""

import shlex
from collections.abc import Sequence

from filtering.printable import printable

RESUMABLE = ("filter", "recut", "decontaminate", "annotate")
"""Commands that go on where an interrupted one was."""
INTERRUPTED = 130
"""Exit code of a command that was interrupted."""
STOP_WITHIN_S = 1.0
"""For work under way to come to a clean end; what does not is left, and the next run clears it away."""
END_WITHIN_S = 1.8
"""From an order to stop until the process ends, whatever it is doing: two seconds with some to spare."""


def how_to_go_on(arguments: Sequence[str]) -> str:
    """Return what to do after a command line was interrupted; nothing where the command begins anew.

    Examples
    --------
    >>> print(how_to_go_on(["filter", "my dump", "--out", "out"]))
    What was finished stays; what was under way is done again. To go on:
      edufilter filter 'my dump' --out out
    >>> how_to_go_on(["train", "labels"])
    ''
    """
    if not arguments or arguments[0] not in RESUMABLE:
        return ""
    again = printable(shlex.join(["edufilter", *arguments]))
    return f"What was finished stays; what was under way is done again. To go on:\n  {again}"
