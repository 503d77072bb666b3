"""Decides how much text the models of a proof read: what the budget allows, and no more than there is."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from filtering.errors import SettingsError
from pipelines.amount_formats import counted, duration, short_count
from pipelines.proof.arms import LEAST_BYTES
from pipelines.proof.evaluation_texts import Evaluation
from pipelines.proof.language_model import SIZES, models_at_once
from pipelines.proof.training import EARLY_ITEMS, seconds_a_step
from pipelines.settings.proof import KEPT, RANDOM, TOY, ProveConfig

BUDGET_S = 720.0
"""For each seed, if nothing is said; toys read as little as will do then."""
USED = 0.85
"""Of the budget: the rest is for what a machine does beside."""
HEADROOM = 2.0
"""The least time that is asked for is so many times what was measured: timed again, steps may take longer."""
FORWARD = 1 / 3
"""Of the time that a token takes to train, to be measured."""
TIMES_MEASURED = 1 + 2 / EARLY_ITEMS
"""All items are measured once, and some of them twice more."""
MOST_PASSES = 4
"""Over the same text: so many are nearly as good as new text (Muennighoff et al. 2023, arXiv:2305.16264)."""


@dataclass(frozen=True)
class Pace:
    """How fast models are trained here, and how many there are.

    Parameters
    ----------
    models : int
    at_once : int
    step_s : float
        Of one of as many as are trained at once.
    step_tokens : int
    measured_tokens : float
        That each model reads when it is measured, as if they were trained on.
    """

    models: int
    at_once: int
    step_s: float
    step_tokens: int
    measured_tokens: float

    def seconds(self, tokens: float) -> float:
        """Return how long all models take, if each is trained on so many tokens, passes counted."""
        rounds = math.ceil(self.models / self.at_once)
        return rounds * (tokens + self.measured_tokens) / self.step_tokens * self.step_s

    def tokens(self, seconds: float) -> float:
        """Return how many tokens each model can be trained on in so much time, passes counted."""
        rounds = math.ceil(self.models / self.at_once)
        return seconds / (rounds * self.step_s) * self.step_tokens - self.measured_tokens


def find_pace(config: ProveConfig, evaluations: Sequence[Evaluation], held_out_bytes: int) -> Pace:
    """Return how fast models are trained here: some steps are timed."""
    size = SIZES[config.size]
    measured = (sum(one.size for one in evaluations) + held_out_bytes) / size.token_bytes
    return Pace(
        models=len(config.all_arms) * config.seeds + len((KEPT, RANDOM)),
        at_once=models_at_once(config.size, config.device),
        step_s=seconds_a_step(config.size, config.device),
        step_tokens=size.batch * size.context,
        measured_tokens=measured * TIMES_MEASURED * FORWARD,
    )


def wanted_bytes(config: ProveConfig, pace: Pace) -> int:
    """Return how much text an arm should have, if there is so much.

    Raises
    ------
    SettingsError
        If the budget is too small for anything.
    """
    if config.arm_bytes is not None:
        return int(config.arm_bytes)
    if config.size == TOY and config.budget is None:
        return LEAST_BYTES
    budget_s, token_bytes = config.budget or BUDGET_S * config.seeds, SIZES[config.size].token_bytes
    tokens = pace.tokens(USED * budget_s)
    if tokens * token_bytes < LEAST_BYTES:
        least = pace.seconds(LEAST_BYTES / token_bytes) / USED
        minutes = math.ceil(HEADROOM * least / 60)
        raise SettingsError(
            f"--budget must be enough to train {pace.models} models on {LEAST_BYTES:,} bytes each. That "
            f"takes about {duration(least)} here. Got {duration(budget_s)}. Give --budget {minutes}m, which "
            "leaves room for steps that take longer, or fewer --seeds."
        )
    return int(tokens * token_bytes / (config.passes or 1))


def chosen_passes(config: ProveConfig, wanted: int, arm_bytes: int) -> int:
    """Return how often models read their text of so many bytes: more than once, where more was wanted."""
    if config.passes is not None:
        return config.passes
    if config.arm_bytes is not None:
        return 1
    return max(1, min(MOST_PASSES, round(wanted / arm_bytes)))


def plan_in_words(config: ProveConfig, pace: Pace, arm_bytes: int, passes: int, tokens: float) -> str:
    """Return what is going to be done, for people."""
    often = "once" if passes == 1 else f"{passes} times"
    seen, seeds = tokens * passes, counted(config.seeds, "seed")
    return (
        f"{pace.models} models: {len(config.all_arms)} arms of {seeds}, and 2 at a lower learning rate; "
        f"{min(pace.at_once, pace.models)} at a time. Each reads {short_count(arm_bytes)}B of text {often}: "
        f"about {short_count(seen)} tokens, {seen / pace.step_tokens:,.0f} steps. About "
        f"{duration(pace.seconds(seen))} in all."
    )
