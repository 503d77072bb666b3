"""The scorers of a run: what their files say before it, and what follows for its plan and its workers."""

from collections.abc import Mapping
from dataclasses import dataclass

from filtering.scoring.cascade import AnyScorer
from filtering.scoring.cascade_exits import Exits
from filtering.scoring.scorers import SignalScorer
from filtering.scoring.settings import Effort
from filtering.scoring.several import SeveralScorers, share_embedders
from pipelines.progress import Reporter
from pipelines.run.audit import audit_shares, promise_of
from pipelines.run_folder.plan import PlanSettings, several_in_words
from pipelines.scorer_addresses import UntriedScorer, open_scorer, open_untried
from pipelines.settings.filter import BOUNDS, FilterConfig
from pipelines.worker.worker_settings import PlannedScorer

WHAT_SCORES = {
    "fast": "words and style, no embedding",
    "balanced": "words and style, and an embedding near the cut",
    "full": "words and style, and an embedding of every document",
}
"""Efforts in words."""
WHAT_DECIDES = {"max": "highest", "mean": "mean", "min": "lowest"}
"""Combinations in words."""


@dataclass(frozen=True)
class UntriedScorers:
    """What the files of a run's scorers say of them: enough to plan a run, and not to score.

    Parameters
    ----------
    each : mapping of str to UntriedScorer
        By name, in their order, all of one effort.
    combine : str, optional
        What is made of the points of several; None where there is one.
    """

    each: Mapping[str, UntriedScorer]
    combine: str | None

    @property
    def first(self) -> UntriedScorer:
        """The first of them, by whose languages documents are told to be unsure."""
        return next(iter(self.each.values()))

    @property
    def signals(self) -> SignalScorer:
        """Signals of the first of them."""
        return self.first.signals

    @property
    def effort(self) -> Effort:
        """That of all of them."""
        return self.first.effort

    @property
    def exits(self) -> Mapping[str, Exits]:
        """The exits of those that decide, by name; none but at effort ``balanced``."""
        counting = self.each if self.combine not in self.each else (self.combine,)
        found = {name: one.exits for name, one in self.each.items() if name in counting}
        return {name: exits for name, exits in found.items() if exits is not None}


def untried_scorer_of(config: FilterConfig) -> UntriedScorers:
    """Return what the files of a run's scorers say of them."""
    found = {
        one.name: open_untried(one.address, config.effort, config.exit_settings) for one in config.scorers
    }
    return UntriedScorers(found, config.combination)


def load_scorers_of(
    config: FilterConfig, untried: UntriedScorers, reporter: Reporter
) -> AnyScorer | SeveralScorers:
    """Load the scorers of a run."""
    scorers: dict[str, AnyScorer] = {}
    for one in config.scorers:
        if untried.effort != "fast":
            reporter.say(f"Loading the scorer {one.address!r} for effort {untried.effort} ...")
        scorer = open_scorer(one.address, untried.effort, config.placement, config.exit_settings)
        scorer = scorer.with_rules(config.rules_for(scorer.domain))
        scorers = share_embedders({**scorers, one.name: scorer})
    if untried.combine is None:
        return next(iter(scorers.values()))
    return SeveralScorers(scorers, untried.combine, config.keep_at)


def planned_scorers_of(config: FilterConfig, untried: UntriedScorers) -> tuple[PlannedScorer, ...]:
    """Return the scorers that workers load."""
    return tuple(
        PlannedScorer(
            name=one.name,
            address=one.address,
            sha256=untried.each[one.name].signals.digest,
            rules=config.rules_for(untried.each[one.name].signals.domain),
        )
        for one in config.scorers
    )


def scorer_settings(config: FilterConfig, untried: UntriedScorers) -> PlanSettings:
    """Return what the plan of a run says of its scorers."""
    rules = {
        name: ",".join(config.rules_for(one.signals.domain)) or "none" for name, one in untried.each.items()
    }
    same = len(set(rules.values())) == 1
    settings: PlanSettings = {
        "scorer_sha256": untried.signals.digest,
        "effort": untried.effort,
        "rules": rules.popitem()[1] if same else "; ".join(f"{name}: {some}" for name, some in rules.items()),
    }
    if untried.combine is not None:
        digests = {name: one.signals.digest for name, one in untried.each.items()}
        settings = {**settings, "scorers": several_in_words(digests), "combine": untried.combine}
    promises = {name: promise_of(exits) for name, exits in untried.exits.items()}
    if untried.combine is None or not promises:
        return {**settings, **next(iter(promises.values()), {})}
    return {
        **settings,
        **{name: _promised_together(name, untried) for name in BOUNDS},
        "exits": ", ".join(f"{name}: {one['exits']}" for name, one in promises.items()),
    }


def _promised_together(bound: str, untried: UntriedScorers) -> float | None:
    """Return what several scorers promise together: none of them decides otherwise more often than it says.

    Of the highest points that is the sum of their bounds, for each of them keeps no more than all of them
    together. Of the lowest points it keeps more, so that a share of what one keeps is no bound.
    """
    bounds = [getattr(exits.settings, bound) for exits in untried.exits.values()]
    if None in bounds or (untried.combine == "min" and bound != "max_disagreement"):
        return None
    return float(round(sum(bounds), 9))


def audit_shares_of(untried: UntriedScorers, rows: int, wanted: int | None) -> tuple[float, float]:
    """Return which shares an audit looks at: of several scorers by the first that decides."""
    exits = next(iter(untried.exits.values()), None)
    return (0.0, 0.0) if exits is None else audit_shares(exits, rows, wanted)


def describe_scorers(config: FilterConfig, untried: UntriedScorers) -> str:
    """Return by what a run scores, in words."""
    names = " and ".join(repr(one) for one in config.given_scorers)
    said = f"Scoring with {names} at effort {untried.effort} ({WHAT_SCORES[untried.effort]})."
    kept = f"Documents of {config.keep_at:g} points and more are kept."
    if untried.combine is None:
        return f"{said} {kept}"
    if untried.combine in untried.each:
        return f"{said} The points of {untried.combine!r} decide. {kept}"
    return f"{said} The {WHAT_DECIDES[untried.combine]} of their points decides. {kept}"
