"""How this program is called on the command line: what is told to be typed has its name so.

Messages say ``edufilter filter``. Where that is not found by its name alone, in an environment that is not
active say, they are shown with what was typed: ``.venv/bin/edufilter filter``. It loads no library.
"""

import os
import re
import shlex
import shutil
import sys

NAME = "edufilter"
VERBS = (
    *("filter", "recut", "decontaminate", "demo", "clean", "sample", "annotate", "agreement", "train"),
    *("prove", "distill", "evaluate", "audit", "threshold", "report", "explain", "score", "status", "verify"),
    *("write", "grade", "compare", "push"),
)
COMMAND = re.compile(rf"(?<![\w./-]){NAME}(?= (?:{'|'.join(VERBS)})\b)")


def as_called(text: str) -> str:
    """Return a message with the commands in it as they can be typed here."""
    name = _name()
    return text if name == NAME else COMMAND.sub(lambda _: name, text)


def _name() -> str:
    """Return what calls this program; its plain name where it was called from Python."""
    called = sys.argv[0] if sys.argv else ""
    if os.path.basename(called) == f"{NAME}.py":
        return f"{shlex.quote(_short(sys.executable))} -m {NAME}"
    if os.path.basename(called) != NAME or shutil.which(NAME) == os.path.abspath(called):
        return NAME
    return shlex.quote(_short(called))


def _short(path: str) -> str:
    """Return a path from the current folder on, where it lies below that; an absolute one otherwise."""
    whole = os.path.abspath(path)
    try:
        relative = os.path.relpath(whole)
    except OSError:  # the current folder was removed
        return whole
    return whole if relative.startswith(os.pardir) else relative
