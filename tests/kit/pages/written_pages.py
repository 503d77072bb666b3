"""Puts what a script measured between its marks on a page of the documentation."""

import re
from pathlib import Path


def marks_of(script: str) -> tuple[str, str]:
    """Return the lines between which a script writes."""
    return f"<!-- begin: written by {script} -->", f"<!-- end: written by {script} -->"


def write_between(page: Path, script: str, text: str) -> None:
    """Put a text between the marks of a script."""
    begin, end = marks_of(script)
    between = re.compile(f"{re.escape(begin)}.*{re.escape(end)}", re.DOTALL)
    page.write_text(between.sub(lambda _: f"{begin}\n{text}\n{end}", page.read_text()))
