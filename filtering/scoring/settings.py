"""Which stages score, and what the exits of a cascade must hold: values alone, which load no library."""

from dataclasses import dataclass
from typing import Literal, get_args

from filtering.rubric_points import KEEP_AT

Effort = Literal["fast", "balanced", "full"]
"""``fast``: signals alone; ``full``: an embedding and a head as well, for every document; ``balanced``: for
those alone about which the signals are not sure enough (`filtering.scoring.cascade`)."""
EFFORTS: tuple[Effort, ...] = get_args(Effort)

SHIPPED = ("web", "code")
"""Scorers that come along, by name."""

COMBINATIONS = ("max", "mean", "min")
"""What may be made of the points of several scorers; or those of one of them alone, by its name."""

MAX_LOST = 0.02
"""Documents that effort ``balanced`` may drop, of those that effort ``full`` keeps, where no bound is given.

A bound on all documents says little of a dump of which few are kept: at one of 0.01 the scorer for web that
was shipped then lost 9 of 100 documents that effort ``full`` keeps.
"""
MAX_FALSE = 0.05
"""Documents that effort ``full`` would drop, of those that effort ``balanced`` keeps; the same."""
LEAST_KEEPERS = 36
"""Of fewer documents that effort ``full`` keeps no bound follows that is worth having: with 95 % confidence
they show that at most 10 % are lost, where none of them is."""
LEAST_PAIRED = 736
"""Documents of a pool: of fewer too few are kept (and a bound of 0.01 of all documents takes so many)."""


@dataclass(frozen=True)
class ExitSettings:
    """What exits are asked to hold.

    Parameters
    ----------
    keep_at : float
        Rubric points from which a document is kept.
    max_disagreement : float, optional
        Share of all documents, in (0, 1), on which the cascade may decide otherwise than the full scorer;
        instead of the bounds below.
    full_fraction : float, optional
        Share of documents, in [0, 1], that the full scorer may see; instead of a bound.
    max_lost : float, optional
        Share of the documents that the full scorer keeps, in (0, 1), that the cascade may drop; `MAX_LOST` if
        not given, or the least that the scorer's pairs can show.
    max_false : float, optional
        Share of the documents that the cascade keeps, in (0, 1), that the full scorer may drop; `MAX_FALSE`
        if not given, or the least that the scorer's pairs can show.
    """

    keep_at: float = KEEP_AT
    max_disagreement: float | None = None
    full_fraction: float | None = None
    max_lost: float | None = None
    max_false: float | None = None
