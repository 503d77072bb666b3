"""Checks the arrays of a saved scorer: compiled code would read beyond those that are too short."""

from collections.abc import Collection, Mapping
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from filtering.errors import ScorerError

Size: TypeAlias = int | tuple[int, ...] | str
"""Of a dimension; or those that it may have; or a name: dimensions of one name must have one size."""
Wanted: TypeAlias = Mapping[str, tuple[Any, tuple[Size, ...]]]
"""dtype and shape of each array."""


def checked_arrays(
    arrays: Mapping[str, NDArray[Any]], wanted: Wanted, *, prefix: str = "", infinite: Collection[str] = ()
) -> dict[str, NDArray[Any]]:
    """Return those arrays that are wanted, by their names without a prefix.

    Parameters
    ----------
    arrays : mapping of str to array
        Others may be among them.
    wanted : mapping of str to (dtype, shape)
    prefix : str
        What stands before each of these names in `arrays`.
    infinite : collection of str
        Which may hold infinities; NaN none may hold.

    Raises
    ------
    ScorerError
        If one has another dtype or shape, or is not finite.
    KeyError
        If one is missing.

    Examples
    --------
    >>> wanted = {"weights": (np.float32, ("cells",)), "count": (np.int8, ("cells",))}
    >>> checked_arrays({"weights": np.ones(4, np.float32), "count": np.ones(3, np.int8)}, wanted)
    Traceback (most recent call last):
    filtering.errors.ScorerError: 'count' must be int8 of shape (cells=4,), all finite. Got int8 (3,) instead.
    """
    found = {name: arrays[prefix + name] for name in wanted}
    sizes: dict[str, int] = {}
    for name, (dtype, shape) in wanted.items():
        array = found[name]
        unfit = np.isnan(array) if name in infinite else ~np.isfinite(array)
        if array.dtype != dtype or not _fits(array.shape, shape, sizes) or unfit.any():
            told = ", ".join(_told(size, sizes) for size in shape) + "," * (len(shape) == 1)
            raise ScorerError(
                f"{prefix + name!r} must be {np.dtype(dtype)} of shape ({told})"
                f"{'' if name in infinite else ', all finite'}. Got {array.dtype} {array.shape} instead."
            )
    return found


def _fits(found: tuple[int, ...], shape: tuple[Size, ...], sizes: dict[str, int]) -> bool:
    """Tell whether a shape is one that is wanted; note the sizes that have a name."""
    if len(found) != len(shape):
        return False
    for size, one in zip(found, shape, strict=True):
        allowed = (sizes.setdefault(one, size),) if isinstance(one, str) else one
        if size not in (allowed if isinstance(allowed, tuple) else (allowed,)):
            return False
    return True


def _told(size: Size, sizes: Mapping[str, int]) -> str:
    if isinstance(size, str):
        return f"{size}={sizes[size]}" if size in sizes else size
    return " or ".join(map(str, size)) if isinstance(size, tuple) else str(size)
