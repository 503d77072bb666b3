"""Points of the documents that a scorer was fitted to, each by a fit that has not seen it.

They are saved with the scorer, so that it is judged on its own labels at once. Documents are named by
digests: a scorer holds no text.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from filtering.arrays import Floats
from filtering.brief import brief
from filtering.checked_arrays import Wanted, checked_arrays
from filtering.errors import ScorerError
from filtering.rubric_points import POINTS
from filtering.scoring.cascade import cascaded
from filtering.scoring.cascade_exits import Exits

DIGEST_BYTES = 16
ARRAYS: Wanted = {
    "digests": (np.uint8, ("documents", DIGEST_BYTES)),
    "fast": (np.float64, ("documents",)),
    "full": (np.float64, ("documents",)),
}
"""As they are saved; without ``full`` where there is one stage."""


@dataclass(frozen=True)
class NestedPoints:
    """Nested points of documents.

    Parameters
    ----------
    digests : uint8 array, shape (n, DIGEST_BYTES)
        Of the texts.
    fast : float64 array, shape (n,)
        Rubric points at effort ``fast``, in [0, 5].
    full : float64 array, shape (n,), optional
        At effort ``full``.
    """

    digests: NDArray[np.uint8]
    fast: Floats
    full: Floats | None

    __repr__ = brief

    @classmethod
    def of(cls, texts: Sequence[bytes], fast: Floats, full: Floats | None) -> "NestedPoints":
        """Return the points of texts in UTF-8, in their order."""
        digests = np.array([_digest(text) for text in texts], dtype=f"V{DIGEST_BYTES}")
        return cls(digests.view(np.uint8).reshape(-1, DIGEST_BYTES), fast, full)

    def have(self, text: bytes) -> bool:
        """Tell whether a text in UTF-8 is among these documents."""
        return _digest(text) in self._known

    @cached_property
    def _known(self) -> frozenset[bytes]:
        return frozenset(map(bytes, self.digests))

    def points_of(self, texts: Sequence[bytes], exits: Exits | None = None, *, full: bool = False) -> Floats:
        """Return the points of texts, NaN for those that the scorer was not fitted to.

        Parameters
        ----------
        texts : sequence of bytes, length m
            In UTF-8.
        exits : Exits, optional
            Of a cascade, whose points they are then.
        full : bool
            Whether points of effort ``full`` are wanted; of effort ``fast`` if not.

        Returns
        -------
        float64 array, shape (m,)
        """
        points = self.fast
        if self.full is not None and (full or exits is not None):
            points = self.full if exits is None else cascaded(exits, self.fast, self.full).astype(np.float64)
        known = dict(zip(map(bytes, self.digests), points.tolist(), strict=True))
        return np.array([known.get(_digest(text), np.nan) for text in texts], dtype=np.float64)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return all of it as arrays, by name."""
        return {name: getattr(self, name) for name in ARRAYS if getattr(self, name) is not None}


def check_nested(arrays: Mapping[str, NDArray[Any]]) -> NestedPoints:
    """Return saved points from their arrays.

    Raises
    ------
    ScorerError
        If one has another shape or dtype than it must, or is no rubric points.
    KeyError
        If one is missing.
    """
    wanted = {name: one for name, one in ARRAYS.items() if name != "full" or name in arrays}
    found = checked_arrays(arrays, wanted)
    if not all(((found[name] >= 0) & (found[name] <= POINTS)).all() for name in found if name != "digests"):
        raise ScorerError(f"Nested points must lie in [0, {POINTS}]. They do not.")
    return NestedPoints(found["digests"], found["fast"], found.get("full"))


def _digest(text: bytes) -> bytes:
    return hashlib.sha256(text).digest()[:DIGEST_BYTES]
