"""Fences, between whose lines models put code, or all of a text."""

import re

FENCE = re.compile(r"^[ \t]*(?:```|~~~)", re.MULTILINE)
OPENS = re.compile(r"(```+|~~~+)[ \t]*([\w+-]*)")
OPENING = re.compile(r"(?:```+|~~~+)[ \t]*([\w+-]*)[ \t]*")
PROSE = ("markdown", "md", "text", "txt")
"""What a fence says of prose, which may hold fences of its own."""
PYTHON = ("", "python", "python3", "py", "py3")
"""What a fence says of code in Python; another one holds output, or a command to type."""


def within_fence(text: str) -> str:
    r"""Return what stands in a fence that holds all of a text; a text without such a fence as it is.

    Examples
    --------
    >>> within_fence("```markdown\nThe hen.\n```"), within_fence("```\na\n```\nand\n```\nb\n```")[:5]
    ('The hen.', '```\na')
    """
    first, _, rest = text.partition("\n")
    inner, _, last = rest.rpartition("\n")
    opening = OPENING.fullmatch(first)
    if not opening or last.strip() not in ("```", "~~~"):
        return text
    fences = len(FENCE.findall(inner))
    is_whole = not fences or (opening[1].lower() in PROSE and fences % 2 == 0)
    return inner.strip("\n") if is_whole else text


def python_blocks(text: str) -> list[str]:
    r"""Return the code in Python that stands in fences.

    Examples
    --------
    >>> python_blocks("So:\n```python\nx = 1\n```\nRun it:\n```bash\npython x.py\n```")
    ['x = 1']
    """
    found: list[str] = []
    fence, language, code = "", "", [""]
    for line in text.split("\n"):  # and no pattern over all of it, which takes ever longer where none closes
        said = line.strip(" \t")
        if fence and said == fence:
            if language in PYTHON:
                found.append("\n".join(code).strip("\n"))
            fence = ""
        elif fence:
            code.append(line)
        elif opening := OPENS.match(said):
            fence, language, code = opening[1], opening[2].lower(), []
    return [one for one in found if one]


def ends_within_fence(text: str) -> bool:
    """Tell whether the last fence of a text is not closed."""
    return len(FENCE.findall(text)) % 2 == 1
