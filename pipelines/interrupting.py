"""What is said where a command is interrupted: what stays, and how to go on. It loads no library."""

import shlex
from collections.abc import Sequence

from filtering.printable import printable

RESUMABLE = ("filter", "recut", "decontaminate", "annotate")
"""Commands that go on where an interrupted one was."""
BEGIN_ANEW = ("train", "distill", "evaluate", "audit", "threshold", "sample")
"""Commands that take minutes and write nothing before their end."""
INTERRUPTED = 130
"""Exit code of a command that was interrupted."""
STOP_WITHIN_S = 1.0
"""For work under way to come to a clean end; what does not is left, and the next run clears it away."""
END_WITHIN_S = 1.8
"""From an order to stop until the process ends, whatever it is doing: two seconds with some to spare."""


def how_to_go_on(arguments: Sequence[str]) -> str:
    """Return what to do after a command line was interrupted; nothing for a command of seconds.

    Examples
    --------
    >>> print(how_to_go_on(["filter", "my dump", "--out", "out"]))
    What was finished stays; what was under way is done again. To go on:
      edufilter filter 'my dump' --out out
    >>> print(how_to_go_on(["train", "labels"]))
    Nothing of it is kept. To begin anew:
      edufilter train labels
    >>> how_to_go_on(["status", "out"])
    ''
    """
    verb = arguments[0] if arguments else ""
    if verb in RESUMABLE:
        kept = "What was finished stays; what was under way is done again. To go on"
    elif verb in BEGIN_ANEW:
        kept = "Nothing of it is kept. To begin anew"
    else:
        return ""
    return f"{kept}:\n  {printable(shlex.join(['edufilter', *arguments]))}"
