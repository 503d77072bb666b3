"""What a cascade looks at again, and what that says of its promise on this very dump.

Of the documents that leave by an exit some are chosen by a hash of file and row, as many on either side, and
go through the full scorer as well. Which they are depends on nothing else, so a run that goes on elsewhere
chooses the same; the scores do not depend on it at all.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from filtering.exits import Exits
from filtering.rates import CONFIDENCE, rate_bound

AUDIT_ROWS = 1000
AUDIT_SHARE = 0.02
"""Of a small run no more is looked at by default, or that would be what takes its time."""
EXIT_CONFIDENCE = 1 - (1 - CONFIDENCE) / 2
"""Of each side, so that both hold together."""


@dataclass(frozen=True)
class Agreement:
    """How far a run's decisions are those of the full scorer, as its audit found.

    Parameters
    ----------
    looked_at : int
        Documents that left by an exit and were scored in full as well.
    disagreement, low, high : float
        Share of the run's scored documents that were decided otherwise, and its interval: each end holds with
        95 % confidence.
    lost_keepers : float
        Documents lost, of those that the full scorer keeps.
    false_keeps : float
        Documents kept that the full scorer drops, of those kept.
    promised : float, optional
        Largest disagreement that was asked for.
    """

    looked_at: int
    disagreement: float
    low: float
    high: float
    lost_keepers: float
    false_keeps: float
    promised: float | None

    @property
    def is_broken(self) -> bool:
        """Whether the dump shows, with 95 % confidence, that the promise does not hold on it."""
        return self.promised is not None and self.low > self.promised


def audit_shares(exits: Exits, rows: int, wanted: int | None) -> tuple[float, float]:
    """Return which share to look at of those dropped, and of those kept, by the signals alone.

    Parameters
    ----------
    exits : Exits
        Their shares on the pool say how many there will be.
    rows : int
        Rows of the run.
    wanted : int, optional
        Documents to look at in all; at most 1,000 and 2 % of the rows if not given.
    """
    number = min(AUDIT_ROWS, AUDIT_SHARE * rows) if wanted is None else wanted
    rarest = 1 / exits.documents
    if not rows:
        return 0.0, 0.0
    dropped, kept = (min(1.0, number / 2 / (rows * max(one, rarest))) for one in (exits.dropped, exits.kept))
    return dropped, kept


def promise_of(exits: Exits) -> Mapping[str, str | float | None]:
    """Return what the plan of a run at effort ``balanced`` says of its exits."""
    bounded = exits.settings.full_fraction is None
    return {
        "effort": "balanced",
        "max_disagreement": exits.settings.max_disagreement if bounded else None,
        "full_fraction": exits.settings.full_fraction,
        "exits": f"{exits.lower:g} to {exits.upper:g}",
    }


def lots(relative: str, first_row: int, count: int) -> NDArray[np.float64]:
    """Return a number in [0, 1) for each of some rows of a file: the same whenever it is asked for.

    Mixed by splitmix64 (Steele, Lea and Flood 2014).
    """
    seed = np.frombuffer(hashlib.sha256(relative.encode()).digest()[:8], dtype=np.uint64)
    with np.errstate(over="ignore"):
        mixed = seed + np.arange(first_row + 1, first_row + 1 + count, dtype=np.uint64) * np.uint64(
            0x9E3779B97F4A7C15
        )
        mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        mixed ^= mixed >> np.uint64(31)
    numbers: NDArray[np.float64] = (mixed >> np.uint64(11)).astype(np.float64) / 2.0**53
    return numbers


def agreement_of(manifest: Mapping[str, Any]) -> Agreement | None:
    """Return what the audit of a finished run says; None where it had none."""
    audit = manifest.get("audit")
    if not audit or not audit["audited_dropped"] + audit["audited_kept"]:
        return None
    kept_early = manifest["kept"] - audit["embedded_kept"]
    dropped_early = manifest["dropped"] - (audit["embedded"] - audit["embedded_kept"])
    scored = max(manifest["kept"] + manifest["dropped"], 1)
    lost = dropped_early * _rate(audit["audited_lost"], audit["audited_dropped"])
    false = kept_early * _rate(audit["audited_false"], audit["audited_kept"])
    sides = (
        (dropped_early, audit["audited_lost"], audit["audited_dropped"]),
        (kept_early, audit["audited_false"], audit["audited_kept"]),
    )
    high = sum(rows * rate_bound(wrong, seen, EXIT_CONFIDENCE) for rows, wrong, seen in sides)
    low = sum(
        rows * (1 - rate_bound(seen - wrong, seen, EXIT_CONFIDENCE)) for rows, wrong, seen in sides if rows
    )
    return Agreement(
        looked_at=audit["audited_dropped"] + audit["audited_kept"],
        disagreement=(lost + false) / scored,
        low=low / scored,
        high=high / scored,
        lost_keepers=lost / max(manifest["kept"] - false + lost, 1),
        false_keeps=false / max(manifest["kept"], 1),
        promised=manifest["settings"].get("max_disagreement"),
    )


def _rate(count: int, of: int) -> float:
    return count / of if of else 0.0
