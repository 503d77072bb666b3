"""What a bad document is: data with a reason code, never an error.

The kernel in `signals.py` gives every document one code, `rules.py` another where it is asked to; codes are
positions in `REASONS`, and a code is never reused for another meaning, since stored scores carry them.
"""

REASONS = (
    "", "null", "empty", "white-space", "invalid-utf8",
    "license-only", "generated", "minified", "too-short", "data",
)  # fmt: skip
"""Why a document has no score; position 0 means that it has one. The second line is of `rules.py`."""

NULL, EMPTY, WHITE_SPACE, INVALID_UTF8 = 1, 2, 3, 4

UNUSUAL = ("huge", "nul-characters")
"""What is scored like any other document, but counted: one bit each, in this order."""

HUGE_BIT, NUL_BIT = 1, 2

HUGE_BYTES = 10_000_000
"""Documents over this size are counted as ``huge``; of these, too, signals read the reach (`windows.py`)."""
