"""Foreign text on one line of a terminal or a page: nothing in it acts, hides, or turns the line around."""

import re
from collections.abc import Iterable

ACTING = re.compile(
    r"[\x00-\x1f\x7f-\x9f"  # control characters, escape sequences among them
    r"\u2028\u2029"  # ends of lines and of paragraphs
    r"\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"  # turn the direction of writing
    r"\u200b\u2060-\u2065\u206a-\u206f\ufeff\ufff9-\ufffb\U000e0000-\U000e007f"  # are not seen
    r"\ud800-\udfff]"  # bytes that are no text, as Python holds them, and halves of characters
)
"""Characters that are shown by their escapes; a fixed list, for names of files are stored so."""
NAME_CHARS = 40
"""Of a value that is shown as a name."""
SHORT = {"\t": r"\t", "\n": r"\n", "\r": r"\r"}


def printable(foreign: str | bytes) -> str:
    r"""Return text of others as it may be printed: one line that says what is there.

    Escapes are those of ``$'...'`` in a shell; ``\xe9`` is a byte that is no UTF-8. What is printable stays
    as it is, so doing it twice does no harm.

    Parameters
    ----------
    foreign : str or bytes
        A name, a message of a server, a value of a setting.

    Examples
    --------
    >>> print(printable(b"caf\xe9.parquet"), printable("\x1b[31mred\u202e\n"))
    caf\xe9.parquet \x1b[31mred\u202e\n
    """
    text = foreign.decode("utf-8", "surrogateescape") if isinstance(foreign, bytes) else foreign
    return ACTING.sub(lambda found: _escape(found[0]), text)


def short_name(foreign: str) -> str:
    """Return a value of others as a name in tables and messages: it may be as long as a document.

    The middle is left out, since paths that begin alike end otherwise.

    Examples
    --------
    >>> short_name("en"), short_name("src/" * 100 + "main.py")
    ('en', 'src/src/src/src/src/...c/src/src/main.py')
    """
    half = NAME_CHARS // 2
    return printable(foreign if len(foreign) <= NAME_CHARS else f"{foreign[:half]}...{foreign[-half + 3 :]}")


def printable_lines(text: str) -> str:
    r"""Return a message of our own, with its lines and tabs, and what others wrote into it made printable.

    Names of others that may hold ends of lines have to be made `printable` before: here they look like ours.
    """
    return re.sub(r"[^\n\t]+", lambda found: printable(found[0]), text)


def listed(names: Iterable[str]) -> str:
    """Return names of others with commas."""
    return ", ".join(map(printable, names))


def escape_unwritable(error: UnicodeError) -> tuple[str, int]:
    """Return escapes for what an encoding cannot write: a handler of errors for `codecs.register_error`."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return "".join(map(_escape, error.object[error.start : error.end])), error.end


def _escape(character: str) -> str:
    code = ord(character)
    if 0xDC80 <= code <= 0xDCFF:
        return f"\\x{code - 0xDC00:02x}"
    if code < 0x80:
        return SHORT.get(character, f"\\x{code:02x}")
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
