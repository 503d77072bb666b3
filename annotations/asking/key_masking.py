"""Takes a key out of what an endpoint sends back: whole, in part or in pieces, as it is or encoded."""

import re
from base64 import b64encode
from collections.abc import Iterator, Sequence
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
        whole = set(_forms(key)) if len(key) >= SECRET_CHARS else set[str]()
        whole |= {_letters(form)[0] for form in whole}
        self._runs = {
            form[at : at + SECRET_CHARS] for form in whole for at in range(len(form) - SECRET_CHARS + 1)
        }

    def masked(self, text: str) -> str:
        """Return a text without the key."""
        hidden = bytearray(len(text))
        for seen, places in ((text, range(len(text))), _letters(text)) if self._runs else ():
            for at in range(len(seen) - SECRET_CHARS + 1):
                if seen[at : at + SECRET_CHARS] in self._runs:
                    start, stop = places[at], places[at + SECRET_CHARS - 1] + 1
                    hidden[start:stop] = b"\1" * (stop - start)
        shown, end = [], 0
        for run in HIDDEN.finditer(hidden):
            shown += [text[end : run.start()], MASK]
            end = run.end()
        return "".join([*shown, text[end:]])


def _letters(text: str) -> tuple[str, Sequence[int]]:
    """Return the letters and digits of a text, small, and where each stands; signs may be put between."""
    places = [at for at, one in enumerate(text) if one.isascii() and one.isalnum()]
    return "".join(text[at].lower() for at in places), places


def _forms(key: str) -> Iterator[str]:
    """Yield a key as it may come back: as it is, backwards, for an address, in hexadecimal and in base64."""
    raw = key.encode()
    yield from (key, key[::-1], quote(key, safe=""), raw.hex())
    for before in range(3):  # in base64 it looks otherwise after one or two other bytes, which are not known
        known = b64encode(bytes(before) + raw).decode().rstrip("=")[-(-before * 4 // 3) :]
        yield from (known, known.replace("+", "-").replace("/", "_"))
