"""Chooses a cut with evidence: what each cut keeps and is worth by labels, and which one reaches a goal."""

import shlex
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from filtering.errors import LabelsError
from filtering.judging.thresholds import (
    CUTS,
    FINE_CUTS,
    Choice,
    Curve,
    by_estimate_alone,
    curve_of,
    cut_for_precision,
    cut_for_recall,
    cut_for_share,
    kept_shares,
    post_stratified,
)
from filtering.scoring.settings import Effort
from pipelines.choosing.cut_file import refuse_cut_file, write_cuts
from pipelines.choosing.thresholds.cut_rows import CutRow, rows_of
from pipelines.choosing.thresholds.labels_for_rates import labels_for_rates, rows_for_rates
from pipelines.choosing.thresholds.score_spread import Population, read_population
from pipelines.choosing.thresholds.slice_thresholds import SliceCut, as_cuts, cuts_of_slices, slices_of_labels
from pipelines.choosing.thresholds.threshold_in_words import how_weighted, in_words, likely_in_words
from pipelines.scorer_addresses import open_signals
from pipelines.scorers.evaluate import points_of_labels
from pipelines.settings.base import command_of, placement_in_words
from pipelines.settings.threshold import Goal, ThresholdConfig

EXAMPLE_PRECISION, EXAMPLE_RECALL = 0.9, 0.8
"""Goals that are named where none was given: a recall where no precision so high is estimated."""

ROUNDING = 1e-9
"""By which a share may exceed what was asked for, being summed in another order."""


@dataclass(frozen=True)
class Threshold:
    """A curve over all cuts, and the cut that answers a goal.

    Parameters
    ----------
    effort : {"fast", "balanced", "full"}
        Which stages scored.
    nested : bool
        As in `Evaluation`.
    label_at : float
        Points from which a label is good.
    labels, groups, good : int
        Labels that serve rates, their groups, and how many are good.
    left_out : int
        Labels that were chosen by score, or have no score, and serve nothing here.
    weighting : str
        How labels were weighted, and what that assumes.
    documents : int, optional
        Of the population; None without one.
    tokens : float, optional
        Of the population, about: its bytes of text by four.
    cuts : sequence of CutRow
        Rising; bands hold for all of them at once.
    goal : str, optional
        One of ``precision``, ``recall``, ``keep_tokens`` and ``keep_fraction``.
    keep_at : float, optional
        The answer in rubric points. Where it cannot be promised, the cut that reaches the goal by the
        estimates alone, and where none does, the one with the highest estimate.
    is_promised : bool, optional
        Whether the labels show that the goal is reached.
    more_labels : int, optional
        Labels to add, roughly, until they would show it.
    estimated_at : float, optional
        For a goal of quality: the cut that reaches it by the estimates alone, which are right half of the
        time; None where none does.
    answer : str, optional
        The same in words.
    next_command : str, optional
        What to do with it, or which goal to name. None where the run has this cut already, or no cut reaches
        a recall.
    slices : sequence of SliceCut
        By value of the column of `by`; none without one.
    """

    effort: Effort
    nested: bool
    label_at: float
    labels: int
    groups: int
    good: int
    left_out: int
    weighting: str
    documents: int | None
    tokens: float | None
    cuts: Sequence[CutRow]
    goal: Goal | None = None
    keep_at: float | None = None
    is_promised: bool | None = None
    more_labels: int | None = None
    estimated_at: float | None = None
    answer: str | None = None
    next_command: str | None = None
    slices: Sequence[SliceCut] = ()

    @property
    def exit_code(self) -> int:
        """4 where the goal cannot be promised, in all or of a slice with a cut of its own; else 0."""
        own = (one.is_promised for one in self.slices if not one.why_common)
        return 0 if self.is_promised is not False and all(own) else 4


def choose_threshold(config: ThresholdConfig) -> Threshold:
    """Return what each cut of a scorer keeps and is worth, and the cut that reaches a goal.

    Parameters
    ----------
    config : ThresholdConfig

    Raises
    ------
    LabelsError
        If the labels cannot be used, or say nothing of rates.
    OutputError, ScorerError, SettingsError
        If the population is no finished run of this scorer, with scores.
    """
    if config.cuts is not None:
        refuse_cut_file(config.cuts)
    population = None
    if config.population is not None:
        population = read_population(config.population, config.scorer, config.effort)
    effort = population.effort if population else config.effort or "fast"
    judged = points_of_labels(
        config.scorer,
        config.labels,
        effort=effort,
        placement=config.placement,
        exits=population.exits if population else None,
    )
    found = judged.labels
    serves = rows_for_rates(judged, by_score=population is not None)
    labels = labels_for_rates(judged, config.label_at, serves)
    if population:
        labels = replace(labels, weights=post_stratified(labels, population.counts))
    known = population.kept_shares if population else None
    known_text = population.kept_text if population else None
    fine = kept_shares(labels.points, labels.weights) if known is None else known
    text = (
        kept_shares(labels.points, labels.weights * labels.text_bytes) if known_text is None else known_text
    )
    cuts = (
        CUTS if config.goal is None else np.union1d(CUTS, _cut_for_size(config.goal, fine, text, population))
    )
    places = np.searchsorted(FINE_CUTS, cuts)
    curve = curve_of(
        labels,
        cuts,
        kept_share=None if known is None else known[places],
        kept_text=None if known_text is None else known_text[places],
    )
    result = Threshold(
        effort=effort,
        nested=judged.nested,
        label_at=config.label_at,
        labels=len(labels),
        groups=len(np.unique(labels.groups)),
        good=int(labels.good.sum()),
        left_out=len(found) - len(labels),
        weighting=how_weighted(config.population, has_weights=found.weights is not None),
        documents=population.rows if population else None,
        tokens=population.tokens if population else None,
        cuts=rows_of(curve),
        next_command=_with_a_goal(config, curve),
    )
    if config.goal is None:
        return result
    result = _answered(result, config, curve, population)
    if config.by is None or result.keep_at is None:
        return result
    names = slices_of_labels(config.labels, found, config.by)
    mine = [names[row] for row in judged.rows[serves].tolist()]
    return _with_slices(result, config, cuts_of_slices(labels, mine, config.goal, result.keep_at))


def _with_slices(result: Threshold, config: ThresholdConfig, slices: Sequence[SliceCut]) -> Threshold:
    """Return a result with the cuts of slices, which are written if that is asked for."""
    result = replace(result, slices=slices)
    if config.cuts is None or config.by is None or result.keep_at is None:
        return result
    found = as_cuts(config.by, slices, result.keep_at, open_signals(config.scorer).digest)
    if not found.cuts:
        raise LabelsError(
            f"Some value of {config.by!r} must have a cut of its own for --cuts. None has: "
            f"{', '.join(dict.fromkeys(one.why_common for one in slices))}. Label more, or use --keep-at "
            f"{result.keep_at:g} for all."
        )
    write_cuts(config.cuts, found)
    words = ["edufilter", "recut", config.population or "OUT", "--cuts", config.cuts, "--to", "NEW"]
    return replace(result, next_command=shlex.join(words))


def _cut_for_size(
    goal: tuple[Goal, float],
    fine: NDArray[np.float64],
    text: NDArray[np.float64],
    population: Population | None,
) -> NDArray[np.float64]:
    """Return the cut for a goal of size, by the kept shares of documents and of text at `FINE_CUTS`.

    For a goal of quality there is none, since the cuts of the curve answer that.
    """
    name, amount = goal
    if name == "keep_fraction":
        return np.array([cut_for_share(fine, amount)])
    if name == "keep_tokens" and population is not None:
        return np.array([cut_for_share(text, amount / population.tokens)])
    return np.zeros(0)


def _answered(
    result: Threshold, config: ThresholdConfig, curve: Curve, population: Population | None
) -> Threshold:
    assert config.goal is not None
    name, amount = config.goal
    if name == "precision":
        choice = cut_for_precision(curve, amount, result.labels)
    elif name == "recall":
        choice = cut_for_recall(curve, amount, result.labels)
    else:
        size, total = (
            (curve.tokens, result.tokens or 1.0) if name == "keep_tokens" else (curve.documents, 1.0)
        )
        enough = np.flatnonzero(size.value * total <= amount * (1 + ROUNDING))
        place = int(enough[0]) if len(enough) else len(curve.cuts) - 1
        choice = Choice(place, is_promised=len(enough) > 0 and amount <= total)
    likely = by_estimate_alone(curve, name, amount)
    shown = choice.place if choice.is_promised or likely is None else likely
    cut = result.cuts[shown].cut
    quality = {"precision": curve.precision, "recall": curve.recall}.get(name)
    answer = in_words(
        name,
        amount,
        result.cuts[shown],
        choice,
        result.tokens,
        is_reached=likely is not None,
        is_open=quality is not None and bool(np.nanmax(quality.high[curve.cuts > 0]) >= amount),
    )
    is_hopeless = quality is not None and likely is None and not choice.is_promised
    is_done = population is not None and population.kept_from == cut
    next_command = None if is_done or is_hopeless else _next_command(config, result.effort, cut)
    if is_hopeless and name == "precision":
        next_command = _with_a_goal(config, curve)
    done = f"The run {config.population} keeps from there already." if is_done else ""
    other = "" if likely is None or likely == shown else likely_in_words(name, result.cuts[likely])
    return replace(
        result,
        goal=name,
        keep_at=cut,
        is_promised=choice.is_promised,
        more_labels=choice.more_labels,
        estimated_at=None if likely is None else result.cuts[likely].cut,
        answer=" ".join(filter(None, [answer, other, done])),
        next_command=next_command,
    )


def _with_a_goal(config: ThresholdConfig, curve: Curve) -> str:
    """Return the command that asks the same with another goal, which some cut reaches by the estimates."""
    labels = config.labels if isinstance(config.labels, str) else "LABELS"
    is_reached = by_estimate_alone(curve, "precision", config.precision or EXAMPLE_PRECISION) is not None
    goal = {"precision": EXAMPLE_PRECISION} if is_reached else {"precision": None, "recall": EXAMPLE_RECALL}
    return command_of("threshold", config.model_copy(update={"labels": labels, **goal}))


def _next_command(config: ThresholdConfig, effort: Effort, cut: float) -> str:
    """Return the command that keeps from a cut, by the scores that were asked about."""
    keep_at = f"{cut:g}"
    if config.population is not None:
        return shlex.join(["edufilter", "recut", config.population, "--keep-at", keep_at, "--to", "NEW"])
    options = ["--scorer", config.scorer, "--effort", effort, "--keep-at", keep_at]
    return shlex.join(["edufilter", "filter", "DUMP", *options, *placement_in_words(config), "--out", "OUT"])
