"""What a cascade looks at again, and what that says of its promise on this very dump.

Of the documents that leave by an exit some are chosen by a hash of file and row, as many on either side, and
go through the full scorer as well. Which they are depends on nothing else, so a run that goes on elsewhere
chooses the same; the scores do not depend on it at all.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil, log, log1p
from typing import Any

from filtering.rate_bounds import CONFIDENCE, rate_bound
from filtering.scoring.cascade_exits import Exits

AUDIT_ROWS = 1000
AUDIT_SHARE = 0.02
"""Of a small run no more is looked at by default, or that would be what takes its time."""
AUDIT_SIDE_SHARE = 0.1
"""Of those kept, or dropped, no more either: a dump may keep twenty times what the pool did."""
ROUNDED_TO = 100
"""What is advised to look at."""
EXIT_CONFIDENCE = 1 - (1 - CONFIDENCE) / 2
"""Of each side, so that both hold together."""


@dataclass(frozen=True)
class AuditResult:
    """How far a run's decisions are those of the full scorer, as its audit found.

    Parameters
    ----------
    looked_at : int
        Documents that left by an exit and were scored in full as well; equal texts count once.
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

    @property
    def is_untold(self) -> bool:
        """Whether too few documents were looked at to tell whether the promise holds on this dump."""
        return self.promised is not None and self.low <= self.promised < self.high

    @property
    def needed(self) -> int:
        """How many must be looked at to tell that the promise holds, if none of them is decided otherwise."""
        # 1 - (1 - EXIT_CONFIDENCE) ** (1 / n) of n on either side, solved for n.
        share = self.promised or 1.0
        each = log(1 - EXIT_CONFIDENCE) / log1p(-share) if share < 1 else 1.0
        return ceil(2 * each / ROUNDED_TO) * ROUNDED_TO

    @property
    def figure(self) -> str:
        """The share that was decided otherwise, in words."""
        return f"{100 * self.disagreement:.2f} %"

    @property
    def meaning(self) -> str:
        """What `figure` is, and whether the promise holds: the sentence goes on where the figure ends."""
        decided = (
            f"of all documents are decided differently from effort full (95 %: {100 * self.low:.2f} to "
            f"{100 * self.high:.2f} %; {self.looked_at:,} documents were compared)"
        )
        if self.promised is None:
            return f"{decided}."
        promised = f"the {100 * self.promised:g} % that effort balanced promises"
        if not self.is_broken:
            return f"{decided}, within {promised}."
        return (
            f"{decided}. That is more than {promised}, so the promise does "
            "not hold for this dump. Use --effort full, or train a scorer with a --pool of this dump."
        )


def audit_shares(exits: Exits, rows: int, wanted: int | None) -> tuple[float, float]:
    """Return which share to look at of those dropped, and of those kept, by the signals alone.

    Parameters
    ----------
    exits : Exits
        Their shares on the pool say how many there will be.
    rows : int
        Rows of the run.
    wanted : int, optional
        Documents to look at in all; at most 1,000, 2 % of the rows and 10 % of those kept if not given.
    """
    number = min(AUDIT_ROWS, AUDIT_SHARE * rows) if wanted is None else wanted
    most = AUDIT_SIDE_SHARE if wanted is None else 1.0
    rarest = 1 / exits.documents
    if not rows:
        return 0.0, 0.0
    dropped, kept = (min(most, number / 2 / (rows * max(one, rarest))) for one in (exits.dropped, exits.kept))
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


@dataclass(frozen=True)
class Side:
    """Documents that left a cascade by one of its exits, and what the full scorer made of some of them.

    Parameters
    ----------
    rows : int
        All of them.
    seen, wrong : int
        Those that were looked at, and those of these that were decided otherwise.
    """

    rows: int
    seen: int
    wrong: int

    @property
    def otherwise(self) -> float:
        """How many of all were decided otherwise, at the rate of those that were looked at."""
        return self.rows * (self.wrong / self.seen) if self.seen else 0.0

    @property
    def low(self) -> float:
        """The least that this can be, with `EXIT_CONFIDENCE`."""
        return self.rows * (1 - rate_bound(self.seen - self.wrong, self.seen, EXIT_CONFIDENCE))

    @property
    def high(self) -> float:
        """The most that this can be, with `EXIT_CONFIDENCE`."""
        return self.rows * rate_bound(self.wrong, self.seen, EXIT_CONFIDENCE)


def agreement_of(manifest: Mapping[str, Any]) -> AuditResult | None:
    """Return what the audit of a finished run says; None where it had none."""
    audit = manifest.get("audit")
    if not audit or not audit["audited_dropped"] + audit["audited_kept"]:
        return None
    kept, dropped = manifest["kept"], manifest["dropped"]
    lost = Side(
        rows=dropped - (audit["embedded"] - audit["embedded_kept"]),
        seen=audit["audited_dropped"],
        wrong=audit["audited_lost"],
    )
    false = Side(rows=kept - audit["embedded_kept"], seen=audit["audited_kept"], wrong=audit["audited_false"])
    scored = max(kept + dropped, 1)
    return AuditResult(
        looked_at=lost.seen + false.seen,
        disagreement=(lost.otherwise + false.otherwise) / scored,
        low=(lost.low + false.low) / scored,
        high=(lost.high + false.high) / scored,
        lost_keepers=lost.otherwise / max(kept - false.otherwise + lost.otherwise, 1),
        false_keeps=false.otherwise / max(kept, 1),
        promised=manifest["settings"].get("max_disagreement"),
    )
