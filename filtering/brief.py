"""How values with large arrays are shown at a prompt: in one line, without what is in the arrays."""

from collections.abc import Sized
from dataclasses import fields, is_dataclass
from typing import Any

import numpy as np

LONG_CHARS, MANY = 40, 4


def brief(value: Any) -> str:  # noqa: ANN401 - any dataclass
    """Return the ``repr`` of a dataclass on one line: of what is large its kind and size alone.

    Give it to a class as its ``__repr__``.

    Examples
    --------
    >>> from filtering.scoring.settings import ExitSettings
    >>> brief(ExitSettings(2.5, 0.01))  # doctest: +ELLIPSIS
    'ExitSettings(keep_at=2.5, max_disagreement=0.01, full_fraction=None, ...'
    >>> _short(np.zeros((3, 2), np.float32)), _short({"en": 1, "de": 2, "fr": 3, "es": 4, "it": 5})
    ('<float32 (3, 2)>', '<5 items>')
    """
    shown = (f"{one.name}={_short(getattr(value, one.name))}" for one in fields(value) if one.repr)
    return f"{type(value).__name__}({', '.join(shown)})"


def _short(value: object) -> str:
    if isinstance(value, np.ndarray):
        if value.size <= MANY:
            return repr(value.tolist())
        return f"<{value.dtype} {value.shape}>"
    if is_dataclass(value):
        return f"<{type(value).__name__}>"
    if isinstance(value, (str, bytes)):
        return repr(value) if len(value) <= LONG_CHARS else f"{value[:12]!r}..."
    if isinstance(value, Sized) and len(value) > MANY:
        return f"<{len(value):,} items>"
    return repr(value) if isinstance(value, (int, float, tuple, list, dict, type(None))) else _kind(value)


def _kind(value: object) -> str:
    return f"<{type(value).__name__}>"
