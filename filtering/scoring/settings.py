"""Which stages score, and what the exits of a cascade must hold: values alone, which load no library."""

from dataclasses import dataclass
from typing import Literal

from filtering.rubric_points import KEEP_AT

Effort = Literal["fast", "balanced", "full"]
"""``fast``: signals alone; ``full``: an embedding and a head as well, for every document; ``balanced``: for
those alone about which the signals are not sure enough (`filtering.scoring.cascade`)."""

LEAST_PAIRED = 736
"""Documents that the bound takes which a run asks for by default (`cascade_exits.documents_needed`)."""


@dataclass(frozen=True)
class ExitSettings:
    """What exits are asked to hold.

    Parameters
    ----------
    keep_at : float
        Rubric points from which a document is kept.
    max_disagreement : float
        Share of all documents, in (0, 1), on which the cascade may decide otherwise than the full scorer.
    full_fraction : float, optional
        Share of documents, in [0, 1], that the full scorer may see; instead of a bound.
    """

    keep_at: float = KEEP_AT
    max_disagreement: float = 0.01
    full_fraction: float | None = None
