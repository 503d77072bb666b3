"""How arms differ, and what may be said of it: paired differences with intervals, corrected for their number.

Every arm is measured on the same items, and the models of a seed begin with the same weights; so
differences are taken item by item and seed by seed. The interval is that of a bootstrap over seeds and
items (hierarchical, paired); a p-value follows from it, and is corrected over all comparisons (Holm 1979).
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from filtering.arrays import Floats
from filtering.judging.intervals import Estimate
from filtering.rate_bounds import CONFIDENCE
from pipelines.proof.measuring import Measured

ROUNDS = 2000
SURE = 1 - CONFIDENCE
"""Corrected p-value below which a difference counts."""

Word = Literal["better", "worse", "cannot be told"]
ByArm = Mapping[str, Sequence[Measured]]
"""Of one evaluation: of each arm one for each seed."""


@dataclass(frozen=True)
class Difference:
    """How an arm differs from another on an evaluation.

    Parameters
    ----------
    evaluation, arm : str
    bits_per_byte : float
        Of the arm, the mean over its seeds; lower is better.
    difference : Estimate
        That less the same of the other arm: below 0 the arm is better.
    p_value : float
        That there is no difference, corrected over all comparisons.
    word : {"better", "worse", "cannot be told"}
    """

    evaluation: str
    arm: str
    bits_per_byte: float
    difference: Estimate
    p_value: float
    word: Word = "cannot be told"


def differences(measured: Mapping[str, ByArm], base: str, *, seed: int = 0) -> list[Difference]:
    """Return how each arm differs from one of them, on each evaluation.

    Parameters
    ----------
    measured : mapping of str to mapping
        By evaluation.
    base : str
        The arm that the others are compared with.
    seed : int
        Of the bootstrap.
    """
    found = []
    for evaluation, arms in measured.items():
        for arm, models in arms.items():
            if arm == base:
                continue
            difference, p_value = _compare(models, arms[base], np.random.default_rng(seed))
            value = float(np.mean([one.bits_per_byte for one in models]))
            found.append(Difference(evaluation, arm, value, difference, p_value))
    corrected = holm([one.p_value for one in found])
    return [
        replace(one, p_value=p_value, word=_word(one.difference.value, p_value))
        for one, p_value in zip(found, corrected, strict=True)
    ]


def _word(difference: float, p_value: float) -> Word:
    if p_value >= SURE:
        return "cannot be told"
    return "better" if difference < 0 else "worse"


def _compare(
    models: Sequence[Measured], others: Sequence[Measured], random: np.random.Generator
) -> tuple[Estimate, float]:
    gaps = np.array([one.bits - other.bits for one, other in zip(models, others, strict=True)])
    sizes = models[0].sizes.astype(np.float64)
    value = float(gaps.sum() / (len(models) * sizes.sum()))
    if not np.isfinite(gaps).all():  # a model that was never good for anything: its losses ran away
        return Estimate(value, value, value), 1.0
    if not gaps.any():
        return Estimate(value, value, value), 1.0
    drawn = _drawn(gaps, sizes, random)
    tail = (1 - CONFIDENCE) / 2
    low, high = np.quantile(drawn, (tail, 1 - tail))
    # By the normal law: 2,000 rounds cannot tell the small p-values that a correction for many needs.
    p_value = two_sided(value / max(float(drawn.std()), 1e-300))
    return Estimate(value, float(low), float(high)), p_value


def _drawn(gaps: Floats, sizes: Floats, random: np.random.Generator) -> Floats:
    """Return differences of resampled items and seeds, shape (ROUNDS,).

    Few seeds drawn with replacement vary by (n - 1) / n of what they should: their part is stretched by that.
    """
    seeds, items = gaps.shape
    counts = random.multinomial(items, np.full(items, 1 / items), size=ROUNDS)
    bytes_drawn = counts @ sizes
    by_seed = (counts @ gaps.T) / np.maximum(bytes_drawn, 1)[:, None]
    if seeds == 1:
        one: Floats = by_seed[:, 0]
        return one
    chosen = random.multinomial(seeds, np.full(seeds, 1 / seeds), size=ROUNDS) / seeds
    mean = by_seed.mean(axis=1)
    drawn: Floats = mean + ((chosen * by_seed).sum(axis=1) - mean) * np.sqrt(seeds / (seeds - 1))
    return drawn


def two_sided(deviations: float) -> float:
    """Return the chance that a normal number lies as far from 0, in deviations.

    Examples
    --------
    >>> round(two_sided(1.96), 3)
    0.05
    """
    return math.erfc(abs(deviations) / math.sqrt(2))


def holm(p_values: Sequence[float]) -> list[float]:
    """Return p-values corrected for their number (Holm 1979, "A simple sequentially rejective procedure").

    Examples
    --------
    >>> holm([0.01, 0.04, 0.03])
    [0.03, 0.06, 0.06]
    """
    order = sorted(range(len(p_values)), key=p_values.__getitem__)
    corrected, highest = [0.0] * len(p_values), 0.0
    for rank, at in enumerate(order):
        highest = max(highest, min((len(order) - rank) * p_values[at], 1.0))
        corrected[at] = round(highest, 12)
    return corrected


@dataclass(frozen=True)
class Accuracy:
    """How often the right choice is the likeliest, per byte.

    Parameters
    ----------
    shares : mapping of str to float
        By arm, over all seeds.
    chance : float
        Of one who guesses.
    """

    shares: Mapping[str, float]
    chance: float


def accuracy(arms: ByArm, base: str, chance: float) -> Accuracy | None:
    """Return how often each arm is right; None where the base is not above chance by two standard errors.

    Below that the share tells nothing of a model: it guesses.
    """
    if np.isnan(arms[base][0].margins).any():
        return None
    shares = {
        arm: float(np.mean([(one.margins > 0).mean() for one in models])) for arm, models in arms.items()
    }
    items = len(arms[base][0].margins)
    error = np.sqrt(chance * (1 - chance) / items)
    return Accuracy(shares, chance) if shares[base] > chance + 2 * error else None


def agreeing(first: Sequence[Difference], second: Sequence[Difference]) -> tuple[int, int]:
    """Return how many of the sure differences of the first have the same sign in the second, of how many."""
    signs = {(one.evaluation, one.arm): one.difference.value < 0 for one in second}
    sure = [one for one in first if one.word != "cannot be told"]
    same = sum(signs[one.evaluation, one.arm] == (one.difference.value < 0) for one in sure)
    return same, len(sure)


def margins_of(arms: ByArm) -> dict[str, float]:
    """Return the mean margin of each arm, bits per byte; an empty mapping where there are no choices."""
    found = {arm: float(np.mean([one.margins.mean() for one in models])) for arm, models in arms.items()}
    return {} if any(value != value for value in found.values()) else found


def chance_of(choices: Sequence[int]) -> float:
    """Return how often one is right who guesses, of items with so many choices."""
    return float(np.mean([1 / count for count in choices]))
