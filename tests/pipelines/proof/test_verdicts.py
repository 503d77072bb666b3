"""Verdicts: what is equal cannot be told apart, what differs is told, and seldom more than that."""

import numpy as np
import pytest

from pipelines.proof.measuring import Measured
from pipelines.proof.verdicts import accuracy, agreeing, differences, holm

ITEMS = 120


def measured(random, shift=0.0, *, margins=None) -> Measured:
    sizes = random.integers(20, 200, ITEMS)
    bits = sizes * (2.0 + shift) + random.normal(0, 5, ITEMS)
    return Measured(bits, sizes, np.full(ITEMS, np.nan) if margins is None else margins)


def arm_of(base, random, shift, noise=0.05):
    """Return an arm measured on the same items as another, seed by seed."""
    return [
        Measured(one.bits + one.sizes * (shift + random.normal(0, noise, ITEMS)), one.sizes, one.margins)
        for one in base
    ]


def test_arms_that_are_equal_are_told_equal():
    base = [measured(np.random.default_rng(0)) for _ in range(3)]
    (one,) = differences({"texts": {"random": base, "again": base}}, "random")
    assert (one.difference.value, one.p_value, one.word) == (0.0, 1.0, "cannot be told")


@pytest.mark.parametrize(("shift", "word"), [(-0.1, "better"), (0.1, "worse")])
@pytest.mark.parametrize("seeds", [1, 3])
def test_a_clear_difference_is_told(shift, word, seeds):
    random = np.random.default_rng(1)
    base = [measured(random)] * seeds
    (one,) = differences({"texts": {"random": base, "kept": arm_of(base, random, shift)}}, "random")
    assert one.word == word
    assert one.difference.low < shift < one.difference.high
    assert np.isclose(one.difference.value, shift, atol=0.02)


def test_seeds_that_disagree_widen_the_interval():
    random = np.random.default_rng(2)
    base = [measured(random)] * 3
    steady = arm_of(base, random, -0.05)
    moving = [arm_of([one], random, shift)[0] for one, shift in zip(base, (-0.15, -0.05, 0.05), strict=True)]
    told = {}
    for name, arm in (("steady", steady), ("moving", moving)):
        (told[name],) = differences({"texts": {"random": base, "kept": arm}}, "random")
    assert told["steady"].word == "better"
    assert told["moving"].word == "cannot be told"
    width = {name: one.difference.high - one.difference.low for name, one in told.items()}
    assert width["moving"] > 3 * width["steady"]


def test_among_arms_without_a_difference_hardly_one_is_called_sure():
    random = np.random.default_rng(3)
    wrong = 0
    for _ in range(20):
        base = [measured(random) for _ in range(3)]
        arms = {f"arm-{at}": arm_of(base, random, 0.0, noise=0.2) for at in range(5)}
        told = differences({"texts": {"random": base, **arms}}, "random")
        wrong += any(one.word != "cannot be told" for one in told)
    assert wrong <= 5  # of 20 families, each of which may be wrong once in 20, few seeds flatter a little


def test_a_model_whose_losses_ran_away_is_not_judged():
    base = [measured(np.random.default_rng(6))]
    broken = [Measured(np.full(ITEMS, np.nan), base[0].sizes, base[0].margins)]
    told = differences({"a": {"random": base, "kept": broken, "again": base}}, "random")
    assert {one.word for one in told} == {"cannot be told"}


def test_holm_corrects_the_smallest_most():
    assert holm([0.01, 0.04, 0.03, 0.5]) == [0.04, 0.09, 0.09, 0.5]
    assert holm([0.9, 0.9]) == [1.0, 1.0]
    assert holm([]) == []


def test_accuracy_is_told_where_random_does_more_than_guess():
    right = np.where(np.arange(ITEMS) % 10 < 6, 0.5, -0.5)
    chance = np.where(np.arange(ITEMS) % 10 < 3, 0.5, -0.5)
    random = np.random.default_rng(4)
    known = {"random": [measured(random, margins=right)], "kept": [measured(random, margins=right)]}
    guessed = {"random": [measured(random, margins=chance)], "kept": [measured(random, margins=right)]}
    assert accuracy(known, "random", 0.25).shares == pytest.approx({"random": 0.6, "kept": 0.6})
    assert accuracy(guessed, "random", 0.25) is None
    assert accuracy({"random": [measured(random)]}, "random", 0.25) is None


def test_tiers_agree_where_the_sure_differences_have_one_sign():
    random = np.random.default_rng(5)
    base = [measured(random)]
    one = differences(
        {"a": {"random": base, "kept": arm_of(base, random, -0.2)}, "b": {"random": base, "kept": base}},
        "random",
    )
    other = differences(
        {"a": {"random": base, "kept": arm_of(base, random, 0.2)}, "b": {"random": base, "kept": base}},
        "random",
    )
    assert agreeing(one, one) == (1, 1)
    assert agreeing(one, other) == (0, 1)
