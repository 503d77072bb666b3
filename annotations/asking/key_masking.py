"""Takes a key out of what an endpoint sends back: whole or in part, as it is or encoded."""

import re
from base64 import b64encode
from collections.abc import Iterator
from urllib.parse import quote

SECRET_CHARS = 8
"""A run of so many characters of a key is a secret; what is shorter is a word like "none"."""
MASK = "[key]"
HIDDEN = re.compile(b"\1+")


class KeyMask:
    """Masks each run of `SECRET_CHARS` characters or more that is part of a key, or of a form of it.

    Parameters
    ----------
    key : str
        One that is shorter is no secret.

    Examples
    --------
    >>> KeyMask("sk-0123456789").masked("Got sk-0123456789, or c2stMDEyMzQ1Njc4OQ==.")
    'Got [key], or [key]==.'
    """

    def __init__(self, key: str) -> None:
        whole = set(_forms(key)) if len(key) >= SECRET_CHARS else ()
        self._runs = {
            form[at : at + SECRET_CHARS] for form in whole for at in range(len(form) - SECRET_CHARS + 1)
        }

    def masked(self, text: str) -> str:
        """Return a text without the key."""
        hidden = bytearray(len(text))
        for at in range(len(text) - SECRET_CHARS + 1 if self._runs else 0):
            if text[at : at + SECRET_CHARS] in self._runs:
                hidden[at : at + SECRET_CHARS] = b"\1" * SECRET_CHARS
        shown, end = [], 0
        for run in HIDDEN.finditer(hidden):
            shown += [text[end : run.start()], MASK]
            end = run.end()
        return "".join([*shown, text[end:]])


def _forms(key: str) -> Iterator[str]:
    """Yield a key as it may come back: as it is, for an address, in hexadecimal and in base64."""
    raw = key.encode()
    yield from (key, quote(key, safe=""), raw.hex(), raw.hex().upper())
    for before in range(3):  # in base64 it looks otherwise after one or two other bytes, which are not known
        known = b64encode(bytes(before) + raw).decode().rstrip("=")[-(-before * 4 // 3) :]
        yield from (known, known.replace("+", "-").replace("/", "_"))
