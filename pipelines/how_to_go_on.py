"""What is said where a command is interrupted: what stays, and how to go on. It loads no library."""

import os
import shlex
from collections.abc import Sequence
from itertools import pairwise

from filtering.printable import printable
from pipelines.program import as_called

RESUMABLE = {
    "filter": "--out",
    "recut": "--to",
    "decontaminate": "--out",
    "annotate": "--out",
    "write": "--out",
    "grade": "--out",
    "prove": "--out",
}
"""Commands that go on where an interrupted one was, and the option that names their folder."""
BEGUN = ("run/plan.json", "journal.sqlite", "plan.json")
"""Below that folder: one of these is there once something was begun."""
BEGIN_ANEW = ("train", "distill", "evaluate", "audit", "threshold", "sample")
"""Commands that take minutes and write nothing before their end."""

_how_far: list[str] = []


def note_how_far(words: str) -> None:
    """Note how far the work of this process is, for the last words where it does not end in time."""
    _how_far[:] = [words]


def last_words(arguments: Sequence[str]) -> str:
    """Return what to say of a command line that is ended by force: how far it is, and how to go on."""
    return "\n".join(filter(None, (*_how_far, how_to_go_on(arguments))))


def how_to_go_on(arguments: Sequence[str]) -> str:
    """Return what to do after a command line was interrupted; nothing for a command of seconds.

    Examples
    --------
    >>> print(how_to_go_on(["filter", "my dump", "--out", "s3://bucket/out"]))
    What was finished stays; what was under way is done again. To go on:
      edufilter filter 'my dump' --out s3://bucket/out
    >>> how_to_go_on(["filter", "my dump", "--out", "no such folder"])
    'Nothing was begun.'
    >>> print(how_to_go_on(["train", "labels"]))
    Nothing of it is kept. To begin anew:
      edufilter train labels
    >>> how_to_go_on(["status", "out"])
    ''
    """
    verb = arguments[0] if arguments else ""
    again = as_called(f"\n  {printable(shlex.join(['edufilter', *arguments]))}")
    if verb in BEGIN_ANEW:
        return f"Nothing of it is kept. To begin anew:{again}"
    if verb not in RESUMABLE:
        return ""
    out = _folder_of(arguments)
    if out and "://" not in out:  # a store is not asked: it may take longer than there is time
        if not any(os.path.exists(os.path.join(out, name)) for name in BEGUN):
            return "Nothing was begun."
        if os.path.exists(os.path.join(out, "run", "manifest.json")):
            page = "" if "--no-report" in arguments else ", and for its page"
            return f"{printable(out)} holds a finished run, which stays. For what it kept{page}:{again}"
    return f"What was finished stays; what was under way is done again. To go on:{again}"


def _folder_of(arguments: Sequence[str]) -> str:
    """Return the folder that a command line writes to; empty where it names none."""
    option = RESUMABLE[arguments[0]]
    for before, word in pairwise(arguments):
        if before == option or (before == "-o" and option == "--out"):
            return word
    joined = (word.partition("=") for word in arguments)
    return next((value for name, _, value in joined if name == option), "")
