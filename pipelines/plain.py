"""Turns figures into plain values for JSON."""

from collections.abc import Mapping
from typing import Any

import numpy as np


def plain_values(value: Any, digits: int | None = None) -> Any:  # noqa: ANN401 - any JSON value
    """Return a value for JSON, which has no NaN.

    Rounded where it is to be stored: the last bits of a figure say nothing and differ between processors.
    """
    if isinstance(value, float):
        return None if not np.isfinite(value) else value if digits is None else round(value, digits)
    if isinstance(value, Mapping):
        return {key: plain_values(item, digits) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain_values(item, digits) for item in value]
    return value
