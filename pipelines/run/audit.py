"""What a cascade looks at again, and what that says of its promise on this very dump.

Of the documents that leave by an exit some are chosen by a hash of file and row, as many on either side, and
go through the full scorer as well. Which they are depends on nothing else, so a run that goes on elsewhere
chooses the same; the scores do not depend on it at all.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import ceil, log, log1p
from typing import Any

from filtering.rate_bounds import CONFIDENCE, rate_bound
from filtering.scoring.cascade_exits import Exits
from pipelines.settings.filter import BOUNDS

AUDIT_ROWS = 1000
AUDIT_SHARE = 0.02
"""Of a small run no more is looked at by default, or that would be what takes its time."""
AUDIT_SIDE_SHARE = 0.1
"""Of those kept, or dropped, no more either: a dump may keep twenty times what the pool did."""
ROUNDED_TO = 100
"""What is advised to look at."""
EXIT_CONFIDENCE = 1 - (1 - CONFIDENCE) / 2
"""Of each side, so that both hold together."""
ENDS = ("otherwise", "low", "high")
"""What is told of either side."""
LEAST_RATE = 1e-9
"""That a promise leaves room for: no dump is large enough to show less."""


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


@dataclass(frozen=True)
class AuditedRate:
    """How often a run decided otherwise than the full scorer, as its audit found.

    Parameters
    ----------
    meaning : str
        What the share is of, in words that follow it.
    found, low, high : float
        The share, and its interval: each end holds with 95 % confidence, for lost and false ones together.
    promised : float, optional
        The largest that effort ``balanced`` promised.
    """

    meaning: str
    found: float
    low: float
    high: float
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
    def figure(self) -> str:
        """The share that was found, in words."""
        return hundredths(self.found)

    @property
    def interval(self) -> str:
        """What it may be, in words."""
        return f"95 %: {100 * self.low:.2f} to {hundredths(self.high)}"


@dataclass(frozen=True)
class AuditResult:
    """How far a run's decisions are those of the full scorer, as its audit found.

    Parameters
    ----------
    dropped, kept : Side
        Documents that left by either exit.
    kept_in_all : int
        Documents that the run keeps, embedded ones too.
    scored : int
        Documents that have a score.
    max_lost, max_false, max_disagreement : float, optional
        What effort ``balanced`` promised; see `filtering.scoring.settings.ExitSettings`.
    """

    dropped: Side
    kept: Side
    kept_in_all: int
    scored: int
    max_lost: float | None = None
    max_false: float | None = None
    max_disagreement: float | None = None

    @property
    def looked_at(self) -> int:
        """Documents that left by an exit and were scored in full as well; equal texts count once."""
        return self.dropped.seen + self.kept.seen

    @property
    def lost_keepers(self) -> AuditedRate:
        """Documents that the full scorer keeps and the run dropped."""
        what = "of the documents that effort full keeps were dropped"
        return self._rate(  # which rises with either
            what, lambda lost, false: lost / max(self.kept_in_all - false + lost, 1), self.max_lost
        )

    @property
    def false_keeps(self) -> AuditedRate:
        """Documents that the run keeps and the full scorer drops."""
        what = "of the documents that were kept would be dropped by effort full"
        return self._rate(what, lambda _, false: false / max(self.kept_in_all, 1), self.max_false)

    @property
    def disagreement(self) -> AuditedRate:
        """Both, of all documents."""
        what = "of all documents are decided differently from effort full"
        return self._rate(
            what, lambda lost, false: (lost + false) / max(self.scored, 1), self.max_disagreement
        )

    def _rate(
        self, meaning: str, share: Callable[[float, float], float], promised: float | None
    ) -> AuditedRate:
        """Return a rate by what it is of documents lost and false ones."""
        found, low, high = (share(getattr(self.dropped, end), getattr(self.kept, end)) for end in ENDS)
        return AuditedRate(meaning, found, low, high, promised)

    @property
    def rates(self) -> tuple[AuditedRate, ...]:
        """All three, those of which something was promised first."""
        every = (self.lost_keepers, self.false_keeps, self.disagreement)
        return tuple(sorted(every, key=lambda rate: rate.promised is None))

    @property
    def is_broken(self) -> bool:
        """Whether the dump shows, with 95 % confidence, that a promise does not hold on it."""
        return any(rate.is_broken for rate in self.rates)

    @property
    def is_untold(self) -> bool:
        """Whether too few documents were looked at to tell whether all promises hold on this dump."""
        return not self.is_broken and any(rate.is_untold for rate in self.rates)

    @property
    def needed(self) -> int:
        """How many must be looked at to tell that the promises hold, if none of them is decided otherwise."""
        lost, false, both = self.max_lost, self.max_false, self.max_disagreement
        # Rates on either side that the promises leave room for.
        room = (
            1.0 if lost is None else lost / (1 - lost) * self.kept_in_all / max(self.dropped.rows, 1),
            1.0 if false is None else false * self.kept_in_all / max(self.kept.rows, 1),
            1.0 if both is None else both * self.scored / max(self.dropped.rows + self.kept.rows, 1),
        )
        rate = max(min(room), LEAST_RATE)
        # 1 - (1 - EXIT_CONFIDENCE) ** (1 / n) of n on either side, solved for n.
        each = log(1 - EXIT_CONFIDENCE) / log1p(-rate) if rate < 1 else 1.0
        return ceil(2 * each / ROUNDED_TO) * ROUNDED_TO

    @property
    def figure(self) -> str:
        """The share that says most, in words: one that breaks a promise, if any does."""
        return self._first.figure

    @property
    def meaning(self) -> str:
        """What `figure` is, and whether the promises hold: the sentence goes on where the figure ends."""
        first = self._first
        decided = f"{first.meaning} ({first.interval}; {self.looked_at:,} documents were compared)"
        if first.promised is None:
            return f"{decided}."
        promised = f"the {100 * first.promised:g} % that effort balanced promises"
        if first.is_broken:
            return (
                f"{decided}. That is more than {promised}, so the promise does "
                "not hold for this dump. Use --effort full, or train a scorer with a --pool of this dump."
            )
        more = [
            f" {rate.figure} {rate.meaning}"
            + (f" ({rate.interval}), within the {100 * rate.promised:g} %." if rate.promised else ".")
            for rate in self.rates[1:]
            if self.max_disagreement is None
        ]
        return f"{decided}, within {promised}.{''.join(more)}"

    @property
    def _first(self) -> AuditedRate:
        return next((rate for rate in self.rates if rate.is_broken), self.rates[0])


def hundredths(share: float) -> str:
    """Return a share in percent, in words."""
    return f"{100 * share:.2f} %"


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
    return {
        "effort": "balanced",
        **{name: getattr(exits.settings, name) for name in BOUNDS},
        "exits": f"{exits.lower:g} to {exits.upper:g}",
    }


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
    promised = {name: manifest["settings"].get(name) for name in BOUNDS}
    return AuditResult(lost, false, kept, kept + dropped, **promised)
