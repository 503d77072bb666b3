"""Exits of a cascade: which fast scores decide alone, and what that may cost.

A document whose fast score lies below the lower exit is dropped, one at or above the upper exit is kept,
and in between the full scorer decides. The exits are the narrowest that can be shown to hold two bounds: on
the documents lost, of those that the full scorer keeps; and on the false ones, of those kept. Or one bound,
on all documents that are decided otherwise. They are found by fixed-sequence testing: candidates stand in a
grid that is fixed beforehand, and are tested from the widest on until one fails (Learn then Test:
Angelopoulos, Bates, Candes, Jordan, Lei 2021, arXiv:2110.01052). `exit_evidence` has the tests.

The documents that they are tested on have a fast and a full score each and need no label. Where no two are
of one group, and none of a group that fitted a stage, the tests are exact; otherwise counts are divided by
the design effect of the groups (Korn and Graubard 1998), and the bound is approximate.
"""

from contextlib import suppress
from dataclasses import dataclass, replace

import numpy as np

from filtering.arrays import Bools, Floats, Floats32, Ints, Ints32
from filtering.brief import brief
from filtering.errors import SettingsError
from filtering.scoring.exit_evidence import Evidence, bounds_of, most_wrong, with_bounds
from filtering.scoring.settings import MAX_FALSE, MAX_LOST, ExitSettings

GRID = np.arange(502) / 100
"""Candidate exits, in rubric points; no score reaches the last."""

USUAL_BOUNDS = ((0.01, 0.02), (MAX_LOST, MAX_FALSE), (0.05, 0.1))
"""Documents lost and false for which model cards tell what a cascade costs."""


@dataclass(frozen=True)
class PairedScores:
    """Documents scored by both stages.

    Parameters
    ----------
    fast, full : float32 arrays, shape (n,)
        Rubric points.
    groups : int32 array, shape (n,)
        Number of each document's group (site, book, repository).
    held_out : bool
        Whether the stages that scored are those of the scorer, fitted to documents of other groups.
        Otherwise they were fitted anew for each document, without its group.
    """

    __repr__ = brief

    fast: Floats32
    full: Floats32
    groups: Ints32
    held_out: bool

    def __len__(self) -> int:
        return len(self.fast)

    @property
    def is_exact(self) -> bool:
        """Whether bounds are exact: nothing was fitted to these groups, and no two documents share one."""
        return self.held_out and len(np.unique(self.groups)) == len(self)


@dataclass(frozen=True)
class Exits:
    """Two exits, and what they came to on the documents that they were chosen on.

    Parameters
    ----------
    lower, upper : float
        Rubric points: below `lower` the fast score drops, from `upper` on it keeps.
    settings : ExitSettings
        With the bounds that the exits hold, where none were given.
    documents, groups : int
        That they were chosen on.
    keepers : int
        Documents of these that the full scorer keeps.
    is_exact : bool
        Whether the bounds are exact, and not approximate.
    dropped, kept : float
        Shares of documents that leave by either exit; the rest is scored in full.
    disagreement : float
        Share of documents that leave by the wrong exit.
    lost_keepers : float
        Documents dropped that the full scorer keeps, of those that it keeps.
    false_keeps : float
        Documents kept that the full scorer drops, of those that the cascade keeps.
    disagreement_bound, lost_bound, false_bound : float
        The same with 95 % confidence, each exit's with half of the error: at most what was asked for.
    """

    lower: float
    upper: float
    settings: ExitSettings
    documents: int
    groups: int
    keepers: int
    is_exact: bool
    dropped: float
    kept: float
    disagreement: float
    lost_keepers: float
    false_keeps: float
    disagreement_bound: float
    lost_bound: float
    false_bound: float

    def leaves_open(self, value: Floats32) -> Bools:
        """Return which fast scores decide nothing: bool array, shape (n,). NaN is not among them."""
        return (value >= np.float32(self.lower)) & (value < np.float32(self.upper))


def find_exits(paired: PairedScores, settings: ExitSettings) -> Exits:
    """Return the narrowest exits that hold what is asked for.

    At 0 points and below both stages keep everything, whatever the documents: nothing has to be shown.

    Raises
    ------
    SettingsError
        If there are too few documents to show it for any exits.
    """
    evidence = Evidence.of(paired.fast, paired.full, paired.groups, settings.keep_at)
    if settings.keep_at <= 0:
        certain = _described(paired, evidence, settings, 0.0, 0.0)
        return replace(certain, is_exact=True, disagreement_bound=0.0, lost_bound=0.0, false_bound=0.0)
    candidates = _Candidates.of(paired.fast, evidence.keeps, settings.keep_at)
    if settings.full_fraction is not None:
        lower, upper = candidates.best_between(paired.fast, settings.full_fraction)
    else:
        settings = with_bounds(evidence, settings)
        lower, upper = candidates.narrowest(*most_wrong(evidence, settings))
    return _described(paired, evidence, settings, lower, upper)


@dataclass(frozen=True)
class _Candidates:
    """Exits to choose from, and what each does wrong.

    Parameters
    ----------
    lowers, uppers : float64 arrays, shapes (l,) and (u,)
        Rubric points, rising, up to the cut and from it on.
    lost : int64 array, shape (l,)
        Documents below each lower exit that the full scorer keeps.
    kept_wrongly : int64 array, shape (u,)
        Documents from each upper exit on that it drops.
    """

    lowers: Floats
    uppers: Floats
    lost: Ints
    kept_wrongly: Ints

    @classmethod
    def of(cls, fast: Floats32, keeps: Bools, keep_at: float) -> "_Candidates":
        lowers, uppers = GRID[keep_at >= GRID], GRID[keep_at <= GRID]
        kept_wrongly = (~keeps).sum() - _counts_below(fast[~keeps], uppers)
        return cls(lowers, uppers, _counts_below(fast[keeps], lowers), kept_wrongly)

    def narrowest(self, most_lost: float, most_false: float) -> tuple[float, float]:
        """Return the exits nearest to the cut that lose no more documents, and keep no more false ones."""
        at = np.flatnonzero(self.lost <= most_lost)[-1]
        up = np.flatnonzero(self.kept_wrongly <= most_false)[0]
        return float(self.lowers[at]), float(self.uppers[up])

    def best_between(self, fast: Floats32, fraction: float) -> tuple[float, float]:
        """Return the exits that do fewest wrong, of those between which no more than a share lies."""
        between = _counts_below(fast, self.uppers)[None, :] - _counts_below(fast, self.lowers)[:, None]
        wrong = self.lost[:, None] + self.kept_wrongly[None, :]
        wrong = np.where(between <= fraction * len(fast), wrong, len(fast) + 1)
        at, up = np.unravel_index(np.argmin(wrong), wrong.shape)
        return float(self.lowers[at]), float(self.uppers[up])


def usual_exits(paired: PairedScores) -> list[Exits]:
    """Return the exits for each of `USUAL_BOUNDS` that these documents can show, the strictest first.

    Where they can show none, those for the least that they can; none where that is worth nothing.
    """
    found: list[Exits] = []
    for lost, false in (*USUAL_BOUNDS, (None, None)):
        if (lost, false) == (None, None) and found:
            break
        with suppress(SettingsError):
            found.append(find_exits(paired, ExitSettings(max_lost=lost, max_false=false)))
    return found


def shows_usual(paired: PairedScores) -> bool:
    """Tell whether documents are enough to show what effort ``balanced`` promises at the usual cut."""
    with suppress(SettingsError):
        return bool(find_exits(paired, ExitSettings(max_lost=MAX_LOST, max_false=MAX_FALSE)))
    return False


def _counts_below(values: Floats32, candidates: Floats) -> Ints:
    return np.searchsorted(np.sort(values), candidates.astype(np.float32), side="left").astype(np.int64)


def _described(
    paired: PairedScores, evidence: Evidence, settings: ExitSettings, lower: float, upper: float
) -> Exits:
    keeps = evidence.keeps
    dropped, kept = paired.fast < np.float32(lower), paired.fast >= np.float32(upper)
    lost, false = dropped & keeps, kept & ~keeps
    kept_in_all = kept | (keeps & ~dropped)
    disagreement_bound, lost_bound, false_bound = bounds_of(evidence, lost, false)
    return Exits(
        lower=lower,
        upper=upper,
        settings=settings,
        documents=len(paired),
        groups=len(np.unique(paired.groups)),
        keepers=evidence.keepers,
        is_exact=paired.is_exact,
        dropped=float(dropped.mean()),
        kept=float(kept.mean()),
        disagreement=float((lost | false).mean()),
        lost_keepers=float(lost.sum() / max(keeps.sum(), 1)),
        false_keeps=float(false.sum() / max(kept_in_all.sum(), 1)),
        disagreement_bound=disagreement_bound,
        lost_bound=lost_bound,
        false_bound=false_bound,
    )
