"""What documents with two scores can show of the exits of a cascade, by exact tests of rates.

Documents lost are counted among the K that the full scorer keeps. F false ones are counted among these and
those, K + F, so that the lower exit plays no part in the test of the upper one. Both together bound what a
run tells: F of the K + F - L that it keeps, where L are lost. Each exit is tested with half of the error.
"""

from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from filtering.arrays import Bools, Floats32, Ints32
from filtering.errors import SettingsError
from filtering.rate_bounds import CONFIDENCE, binomial_tail, design_effect, rate_bound
from filtering.scoring.settings import LEAST_KEEPERS, MAX_FALSE, MAX_LOST, ExitSettings

EXIT_ERROR = (1 - CONFIDENCE) / 2
"""Chance that the bound of one exit does not hold, so that both hold together with `CONFIDENCE`."""


@dataclass(frozen=True)
class Evidence:
    """What documents with both scores can show at a cut.

    Parameters
    ----------
    keeps : bool array, shape (n,)
        Which of them the full scorer keeps.
    groups : int32 array, shape (n,)
    effect, lost_effect, false_effect : float
        Documents that count for one: of all, of those that the full scorer keeps, and of those that either
        stage keeps.
    """

    keeps: Bools
    groups: Ints32
    effect: float
    lost_effect: float
    false_effect: float

    @classmethod
    def of(cls, fast: Floats32, full: Floats32, groups: Ints32, keep_at: float) -> "Evidence":
        """Return what documents show whose scores and groups are as in `PairedScores`."""
        keeps, signals = full >= np.float32(keep_at), fast >= np.float32(keep_at)
        some = (np.ones(len(keeps), dtype=bool), keeps, keeps | signals)
        effects = (design_effect((keeps != signals)[one], groups[one]) for one in some)
        return cls(keeps, groups, *effects)

    @property
    def keepers(self) -> int:
        """Documents that the full scorer keeps."""
        return int(self.keeps.sum())

    @property
    def trials(self) -> int:
        """Documents that all of them count for."""
        return int(len(self.keeps) / self.effect)

    @property
    def lost_trials(self) -> int:
        """Documents that those that the full scorer keeps count for where lost ones are looked for."""
        return int(self.keepers / self.lost_effect)

    @property
    def right_kept(self) -> int:
        """The same where false ones are looked for: these come on top of them."""
        return int(self.keepers / self.false_effect)


def with_bounds(evidence: Evidence, settings: ExitSettings) -> ExitSettings:
    """Return settings with bounds: those given, else the usual ones of keepers, or the least that is shown.

    Raises
    ------
    SettingsError
        If so few documents are kept that the least is worth nothing.
    """
    if settings.max_disagreement is not None:
        return settings
    lost, false = settings.max_lost, settings.max_false
    if lost is None:
        _refuse_few(evidence, evidence.lost_trials, LEAST_KEEPERS, "")
        lost = max(MAX_LOST, _least_shown(evidence.lost_trials))
    if false is None:
        _refuse_few(evidence, evidence.right_kept, LEAST_KEEPERS, "")
        false = max(MAX_FALSE, _thousandth(_of_kept(_least_shown(evidence.right_kept), lost)))
    return replace(settings, max_lost=lost, max_false=false)


def most_wrong(evidence: Evidence, settings: ExitSettings) -> tuple[float, float]:
    """Return how many documents may be lost, and false, for the tests to pass.

    Raises
    ------
    SettingsError
        If there are too few documents to show the bounds even where none is.
    """
    size = len(evidence.keeps)
    if settings.max_disagreement is not None:
        if evidence.trials < documents_needed(settings.max_disagreement):
            raise SettingsError(_too_few(settings.max_disagreement, evidence))
        each = _most_allowed(size, lambda _: evidence.trials, settings.max_disagreement / 2)
        return each * evidence.effect, each * evidence.effect
    assert settings.max_lost is not None
    assert settings.max_false is not None
    false = _of_either(settings.max_false, settings.max_lost)
    for trials, bound, promise in (
        (evidence.lost_trials, settings.max_lost, f", for --max-lost {settings.max_lost:g}"),
        (evidence.right_kept, false, f", for --max-false {settings.max_false:g}"),
    ):
        _refuse_few(evidence, trials, _needed(bound), promise)
    most_lost = _most_allowed(size, lambda _: evidence.lost_trials, settings.max_lost)
    most_false = _most_allowed(size, lambda count: evidence.right_kept + count, false)
    return most_lost * evidence.lost_effect, most_false * evidence.false_effect


def bounds_of(evidence: Evidence, lost: Bools, false: Bools) -> tuple[float, float, float]:
    """Return bounds with 95 % confidence: of all decided otherwise, of those lost, and of false ones.

    Parameters
    ----------
    evidence : Evidence
    lost, false : bool arrays, shape (n,)
        Documents that are dropped, and that are kept, against the full scorer.
    """

    def bound(wrong: Bools, effect: float, trials: int, *, on_top: bool = False) -> float:
        count = int(np.ceil(wrong.sum() / effect))
        return rate_bound(count, trials + count * on_top, 1 - EXIT_ERROR)

    of_all = sum(bound(wrong, evidence.effect, evidence.trials) for wrong in (lost, false))
    of_keepers = bound(lost, evidence.lost_effect, evidence.lost_trials)
    of_either = bound(false, evidence.false_effect, evidence.right_kept, on_top=True)
    return of_all, of_keepers, _of_kept(of_either, of_keepers)


def _of_kept(rate: float, lost: float) -> float:
    """Return the share F of K + F - L, from that of K + F and the share L of K."""
    return rate / (rate + (1 - rate) * (1 - lost))


def _of_either(share: float, lost: float) -> float:
    """Return the share F of K + F, from that of K + F - L and the share L of K.

    Examples
    --------
    >>> round(_of_kept(_of_either(0.05, 0.02), 0.02), 9)
    0.05
    """
    return share * (1 - lost) / (share * (1 - lost) + 1 - share)


def _least_shown(trials: int) -> float:
    """Return the least rate that so many documents can show to hold, where none of them is wrong."""
    return _thousandth(rate_bound(0, trials, 1 - EXIT_ERROR))


def _thousandth(share: float) -> float:
    return float(np.ceil(1000 * share) / 1000)


def _most_allowed(most: int, trials: Callable[[int], int], bound: float) -> int:
    """Return the largest count whose exact test still rejects a rate above the bound; -1 if none does.

    Parameters
    ----------
    most : int
        Largest count that is tried.
    trials : function of int
        Of how many documents each count is.
    bound : float
    """

    def tail(count: int) -> float:  # rises with the count, also where the trials rise with it
        return binomial_tail(count, trials(count), bound)

    return bisect_right(range(most + 1), EXIT_ERROR, key=tail) - 1


def documents_needed(max_disagreement: float) -> int:
    """Return how many documents of different groups it takes to show a bound for any exits at all."""
    return _needed(max_disagreement / 2)


def _needed(bound: float) -> int:
    """Return how many documents show a bound on their rate, where none of them is wrong."""
    return int(np.ceil(np.log(EXIT_ERROR) / np.log1p(-bound)))


def _refuse_few(evidence: Evidence, trials: int, needed: int, promise: str) -> None:
    """Check that documents that the full scorer keeps count for as many as it takes.

    Raises
    ------
    SettingsError
        If they do not.
    """
    if trials >= needed:
        return
    groups = len(np.unique(evidence.groups[evidence.keeps]))
    raise SettingsError(
        f"Effort balanced must be tuned on at least {needed:,} documents of different groups that effort "
        f"full keeps{promise}. This scorer was tuned on {evidence.keepers:,} such documents"
        f"{_few(evidence.keepers, groups, trials)}. Use --effort fast or --effort full. Or allow more with "
        "--max-lost and --max-false, or bound all decisions with --max-disagreement, or train the scorer "
        "with a larger --pool, of more groups."
    )


def _too_few(wanted: float, evidence: Evidence) -> str:
    size, groups = len(evidence.keeps), len(np.unique(evidence.groups))
    return (
        f"Effort balanced must be tuned on {documents_needed(wanted):,} documents of different groups to "
        f"promise a disagreement of at most {wanted:g}. This scorer was tuned on {size:,} documents"
        f"{_few(size, groups, evidence.trials)}. Use --effort fast or --effort full. Or allow more with "
        "--max-disagreement, or train the scorer with a larger --pool, of more groups."
    )


def _few(documents: int, groups: int, trials: int) -> str:
    """Return in words that documents count for fewer, if they do."""
    if trials >= documents:
        return ""
    return f" of {groups:,} groups. Documents of one group are alike, so they count as {trials:,}"
