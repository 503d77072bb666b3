"""Which stages score, and what the exits of a cascade must hold: values alone, which load no library."""

from dataclasses import dataclass
from typing import Literal, get_args

from filtering.rubric_points import KEEP_AT

Effort = Literal["fast", "balanced", "full"]
"""``fast``: signals alone; ``full``: an embedding and a head as well, for every document; ``balanced``: for
those alone about which the signals are not sure enough (`filtering.scoring.cascade`)."""
EFFORTS: tuple[Effort, ...] = get_args(Effort)

DEFAULT_BOUNDS = (0.002, 0.01)
"""Disagreements that a run asks for by default, the better first.

At 0.01 the shipped scorer for web lost 9 of 100 documents that effort ``full`` keeps, at 0.002 none, on the
documents that it was paired on.
"""
LEAST_PAIRED = 736
"""Documents that the last of `DEFAULT_BOUNDS` takes (`cascade_exits.documents_needed`)."""


@dataclass(frozen=True)
class ExitSettings:
    """What exits are asked to hold.

    Parameters
    ----------
    keep_at : float
        Rubric points from which a document is kept.
    max_disagreement : float, optional
        Share of all documents, in (0, 1), on which the cascade may decide otherwise than the full scorer; the
        first of `DEFAULT_BOUNDS` that the scorer's pairs can show if not given.
    full_fraction : float, optional
        Share of documents, in [0, 1], that the full scorer may see; instead of a bound.
    """

    keep_at: float = KEEP_AT
    max_disagreement: float | None = None
    full_fraction: float | None = None
