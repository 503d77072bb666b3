"""Exits of a cascade: which fast scores decide alone, and what that may cost.

A document whose fast score lies below the lower exit is dropped, one at or above the upper exit is kept,
and in between the full scorer decides. The exits are the narrowest that can be shown to hold a bound, by
fixed-sequence testing: candidates stand in a grid that is fixed beforehand, and are tested from the widest
on until one fails (Learn then Test: Angelopoulos, Bates, Candes, Jordan, Lei 2021, arXiv:2110.01052).

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
from filtering.rate_bounds import CONFIDENCE, binomial_tail, design_effect, rate_bound
from filtering.scoring.settings import DEFAULT_BOUNDS, ExitSettings

GRID = np.arange(502) / 100
"""Candidate exits, in rubric points; no score reaches the last."""

USUAL_BOUNDS = (0.002, 0.005, 0.01, 0.02)
"""Disagreements for which model cards tell what a cascade costs."""


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
    documents, groups : int
        That they were chosen on.
    is_exact : bool
        Whether the bound is exact, and not approximate.
    dropped, kept : float
        Shares of documents that leave by either exit; the rest is scored in full.
    disagreement : float
        Share of documents that leave by the wrong exit.
    disagreement_bound : float
        The same with 95 % confidence, each exit's with half of the error: at most `max_disagreement`, where
        that was asked for.
    lost_keepers : float
        Documents dropped that the full scorer keeps, of those that it keeps.
    false_keeps : float
        Documents kept that the full scorer drops, of those that the cascade keeps.
    """

    lower: float
    upper: float
    settings: ExitSettings
    documents: int
    groups: int
    is_exact: bool
    dropped: float
    kept: float
    disagreement: float
    disagreement_bound: float
    lost_keepers: float
    false_keeps: float

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
    if settings.max_disagreement is None and settings.full_fraction is None:
        return _default_exits(paired, settings)
    if settings.keep_at <= 0:
        certain = _described(paired, settings, lower=0.0, upper=0.0, effect=1.0)
        return replace(certain, is_exact=True, disagreement_bound=0.0)
    keeps = paired.full >= np.float32(settings.keep_at)
    differs = (paired.fast >= np.float32(settings.keep_at)) != keeps
    effect = design_effect(differs, paired.groups)
    candidates = _Candidates.of(paired.fast, keeps, settings.keep_at)
    wanted = settings.max_disagreement
    if settings.full_fraction is not None:
        lower, upper = candidates.best_between(paired.fast, settings.full_fraction)
    elif wanted is not None:
        trials = int(len(paired) / effect)
        bound, level = wanted / 2, (1 - CONFIDENCE) / 2
        if binomial_tail(0, trials, bound) > level:
            raise SettingsError(_too_few(wanted, trials, paired))
        lower, upper = candidates.narrowest(_most_allowed(trials, bound, level) * effect)
    return _described(paired, settings, lower, upper, effect)


def _default_exits(paired: PairedScores, settings: ExitSettings) -> Exits:
    """Return the exits of the first of `DEFAULT_BOUNDS` that can be shown."""
    *better, last = (replace(settings, max_disagreement=bound) for bound in DEFAULT_BOUNDS)
    for one in better:
        with suppress(SettingsError):
            return find_exits(paired, one)
    return find_exits(paired, last)


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

    def narrowest(self, most: float) -> tuple[float, float]:
        """Return the exits nearest to the cut that do no more than so many documents wrong, each."""
        at = np.flatnonzero(self.lost <= most)[-1]
        up = np.flatnonzero(self.kept_wrongly <= most)[0]
        return float(self.lowers[at]), float(self.uppers[up])

    def best_between(self, fast: Floats32, fraction: float) -> tuple[float, float]:
        """Return the exits that do fewest wrong, of those between which no more than a share lies."""
        between = _counts_below(fast, self.uppers)[None, :] - _counts_below(fast, self.lowers)[:, None]
        wrong = self.lost[:, None] + self.kept_wrongly[None, :]
        wrong = np.where(between <= fraction * len(fast), wrong, len(fast) + 1)
        at, up = np.unravel_index(np.argmin(wrong), wrong.shape)
        return float(self.lowers[at]), float(self.uppers[up])


def usual_exits(paired: PairedScores) -> list[Exits]:
    """Return the exits for each of `USUAL_BOUNDS` that these documents can show, the strictest first."""
    found = []
    for bound in USUAL_BOUNDS:
        try:
            found.append(find_exits(paired, ExitSettings(max_disagreement=bound)))
        except SettingsError:
            continue
    return found


def _counts_below(values: Floats32, candidates: Floats) -> Ints:
    return np.searchsorted(np.sort(values), candidates.astype(np.float32), side="left").astype(np.int64)


def _most_allowed(trials: int, bound: float, level: float) -> int:
    """Return the largest count whose exact test still rejects a rate above the bound."""
    count = 0
    while binomial_tail(count + 1, trials, bound) <= level:
        count += 1
    return count


def _described(
    paired: PairedScores, settings: ExitSettings, lower: float, upper: float, effect: float
) -> Exits:
    keeps = paired.full >= np.float32(settings.keep_at)
    dropped, kept = paired.fast < np.float32(lower), paired.fast >= np.float32(upper)
    lost, kept_wrongly = dropped & keeps, kept & ~keeps
    kept_in_all = kept | (keeps & ~dropped)
    confidence = 1 - (1 - CONFIDENCE) / 2
    bounds = (
        rate_bound(int(np.ceil(wrong.sum() / effect)), int(len(paired) / effect), confidence)
        for wrong in (lost, kept_wrongly)
    )
    return Exits(
        lower=lower,
        upper=upper,
        settings=settings,
        documents=len(paired),
        groups=len(np.unique(paired.groups)),
        is_exact=paired.is_exact,
        dropped=float(dropped.mean()),
        kept=float(kept.mean()),
        disagreement=float((lost | kept_wrongly).mean()),
        disagreement_bound=sum(bounds),
        lost_keepers=float(lost.sum() / max(keeps.sum(), 1)),
        false_keeps=float(kept_wrongly.sum() / max(kept_in_all.sum(), 1)),
    )


def documents_needed(max_disagreement: float) -> int:
    """Return how many documents of different groups it takes to show a bound for any exits at all."""
    return int(np.ceil(np.log((1 - CONFIDENCE) / 2) / np.log1p(-max_disagreement / 2)))


def _too_few(wanted: float, trials: int, paired: PairedScores) -> str:
    groups = len(np.unique(paired.groups))
    few = (
        f" documents of {groups:,} groups. Documents of one group are alike, so they count as {trials:,}"
        if trials < len(paired)
        else ""
    )
    return (
        f"Effort balanced must be tuned on {documents_needed(wanted):,} documents of different groups to "
        f"promise a disagreement of at most {wanted:g}. This scorer was tuned on {len(paired):,}{few}. Use "
        "--effort fast or --effort full. Or allow more with --max-disagreement, or train the scorer with a "
        "larger --pool, of more groups."
    )
