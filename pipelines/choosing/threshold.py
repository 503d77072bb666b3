"""Chooses a cut with evidence: what each cut keeps and is worth by labels, and which one reaches a goal."""

import shlex
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from filtering.arrays import Bools
from filtering.errors import LabelsError
from filtering.judging.bands import Bands
from filtering.judging.metrics import Estimate
from filtering.judging.thresholds import (
    CUTS,
    FINE_CUTS,
    Choice,
    Curve,
    ScoredLabels,
    by_estimate_alone,
    curve_of,
    cut_for_precision,
    cut_for_recall,
    cut_for_share,
    kept_shares,
    post_stratified,
)
from filtering.scoring.settings import Effort
from pipelines.amounts_in_words import short_count
from pipelines.choosing.cut_file import refuse_cut_file, write_cuts
from pipelines.choosing.score_spread import Population, read_population
from pipelines.choosing.slice_thresholds import SliceCut, as_cuts, cuts_of_slices, slices_of_labels
from pipelines.scorer_addresses import open_signals
from pipelines.scorers.evaluate import JudgedPoints, points_of_labels
from pipelines.settings.base import command_of, placement_in_words
from pipelines.settings.scorers import Goal, ThresholdConfig

MIN_USED_ROWS = 50
"""Labels chosen without looking at scores, below which nothing is said of rates."""

EXAMPLE_PRECISION = 0.9
"""The goal that is named where none was given."""

SAME_POINTS = 0.01
"""By which a score may differ between machines."""

ROUNDING = 1e-9
"""By which a share may exceed what was asked for, being summed in another order."""


@dataclass(frozen=True)
class CutRow:
    """What keeping from a cut means.

    Parameters
    ----------
    cut : float
        Rubric points.
    labels : int
        Labels at or above it.
    documents, tokens : Estimate
        Kept shares.
    precision, recall : Estimate
        Against the labels.
    """

    cut: float
    labels: int
    documents: Estimate
    tokens: Estimate
    precision: Estimate
    recall: Estimate


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
        What to do with it; None where the run has this cut already, or no cut reaches a goal of quality.
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
        weighting=_how_weighted(config.population, has_weights=found.weights is not None),
        documents=population.rows if population else None,
        tokens=population.tokens if population else None,
        cuts=rows_of(curve),
        next_command=_with_a_goal(config),
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


def rows_for_rates(judged: JudgedPoints, *, by_score: bool = False) -> Bools:
    """Return which labels speak of rates: chosen without looking at scores, with a known weight.

    Parameters
    ----------
    judged : JudgedPoints
        Of n labels.
    by_score : bool
        Whether labels will be weighted within ranges of scores. There those serve too that were drawn near a
        cut, by the very scores that they have here.

    Returns
    -------
    bool array, shape (n,)
    """
    found = judged.labels
    serves = found.unbiased[judged.rows]
    if by_score and found.near_cut is not None:
        serves |= np.abs(found.near_cut[judged.rows] - judged.points) <= SAME_POINTS
    if found.weights is not None:
        serves &= ~np.isnan(found.weights[judged.rows])
    return np.asarray(serves)


def labels_for_rates(judged: JudgedPoints, label_at: float, serves: Bools) -> ScoredLabels:
    """Return the labels that speak of rates.

    Parameters
    ----------
    judged : JudgedPoints
    label_at : float
        Points from which a label is good.
    serves : bool array, shape (n,)
        As `rows_for_rates` returns them.

    Raises
    ------
    LabelsError
        If they are too few, or all on one side of `label_at`.
    """
    found = judged.labels
    weights = np.ones(len(found)) if found.weights is None else found.weights
    rows = judged.rows[serves]
    good = found.scores[rows] >= label_at
    if len(rows) < MIN_USED_ROWS:
        raise LabelsError(
            f"At least {MIN_USED_ROWS} labels must be chosen without looking at scores, and have a weight, "
            f"or else none. Found {len(rows)} of {len(found)}. Label more, as 'edufilter sample' draws them."
        )
    if good.all() or not good.any():
        raise LabelsError(
            f"Of the {len(rows)} labels that serve rates some must be at least {label_at:g}, and some below. "
            f"Found {int(good.sum())} of at least that. Choose another --label-at, or label more."
        )
    _, groups = np.unique([found.groups[int(row)] for row in rows], return_inverse=True)
    sizes = np.ones(len(found), dtype=np.int64) if found.text_bytes is None else found.text_bytes
    return ScoredLabels(judged.points[serves], good, weights[rows], sizes[rows], groups)


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


def rows_of(curve: Curve) -> tuple[CutRow, ...]:
    """Return the curve cut by cut."""

    def at(bands: Bands, place: int) -> Estimate:
        return Estimate(float(bands.value[place]), float(bands.low[place]), float(bands.high[place]))

    return tuple(
        CutRow(
            cut=float(cut),
            labels=int(curve.rows[place]),
            documents=at(curve.documents, place),
            tokens=at(curve.tokens, place),
            precision=at(curve.precision, place),
            recall=at(curve.recall, place),
        )
        for place, cut in enumerate(curve.cuts)
    )


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
    done = f"The run {config.population} keeps from there already." if is_done else ""
    return replace(
        result,
        goal=name,
        keep_at=cut,
        is_promised=choice.is_promised,
        more_labels=choice.more_labels,
        estimated_at=None if likely is None else result.cuts[likely].cut,
        answer=" ".join(filter(None, [answer, _likely(result, name, likely, cut), done])),
        next_command=None if is_done or is_hopeless else _next_command(config, result.effort, cut),
    )


def _likely(result: Threshold, goal: Goal, place: int | None, chosen: float) -> str:
    """Return the cut that would do by the estimates alone, in words; nothing where that was chosen."""
    if place is None or result.cuts[place].cut == chosen:
        return ""
    row = result.cuts[place]
    figure = _percents(row.precision if goal == "precision" else row.recall)
    return (
        f"By the estimate alone {row.cut:g} points would do ({goal} {figure}); the labels do not show that."
    )


def _with_a_goal(config: ThresholdConfig) -> str:
    """Return the command that asks the same with a goal."""
    labels = config.labels if isinstance(config.labels, str) else "LABELS"
    return command_of(
        "threshold", config.model_copy(update={"labels": labels, "precision": EXAMPLE_PRECISION})
    )


def _next_command(config: ThresholdConfig, effort: Effort, cut: float) -> str:
    """Return the command that keeps from a cut, by the scores that were asked about."""
    keep_at = f"{cut:g}"
    if config.population is not None:
        return shlex.join(["edufilter", "recut", config.population, "--keep-at", keep_at, "--to", "NEW"])
    options = ["--scorer", config.scorer, "--effort", effort, "--keep-at", keep_at]
    return shlex.join(["edufilter", "filter", "INPUT", *options, *placement_in_words(config), "--out", "OUT"])


def _how_weighted(population: str | None, *, has_weights: bool) -> str:
    """Return how labels were weighted, and what that assumes."""
    if population is not None:
        return (
            f"Weighted to the run {population}: the labels of each range of scores stand for its documents "
            "there. That assumes that labelled documents are like those of the run with such scores."
        )
    if has_weights:
        return (
            "Weighted by how many documents each label stands for, from its probability of being drawn. That "
            "assumes that what you will filter is like the dump that they were drawn from."
        )
    return (
        "Not weighted: each label counts the same, for the labels have no column 'probability' that says how "
        "likely each was to be drawn. The figures hold if the labelled documents are a random part of what "
        "you will filter."
    )


def in_words(
    goal: Goal,
    amount: float,
    row: CutRow,
    choice: Choice,
    tokens: float | None,
    *,
    is_reached: bool = False,
    is_open: bool = False,
) -> str:
    """Return the answer to a goal.

    Parameters
    ----------
    goal : str
    amount : float
        How much was asked for.
    row : CutRow
        The cut to keep from.
    choice : Choice
        Whether it is promised, and how many more labels might promise one.
    tokens : float, optional
        Of the population.
    is_reached : bool
        Whether the estimate of a goal of quality reaches it there.
    is_open : bool
        Whether the band of some cut reaches it.
    """
    if goal == "precision" or goal == "recall":
        figure = _percents(row.precision if goal == "precision" else row.recall)
        wanted = f"{100 * amount:g} %"
        if choice.is_promised:
            return f"Keep from {row.cut:g} points: {goal} {figure}, so at least {wanted}."
        doubt = f"These labels cannot promise a {goal} of {wanted}"
        if not is_reached:
            helps = (
                "Some bands reach it, so more labels may yet show a cut that does."
                if is_open
                else "No band reaches it either, so more labels alone would not help."
            )
            return (
                f"{doubt}, and no cut is estimated to reach it. The highest estimate is from {row.cut:g} "
                f"points, by {row.labels:,} labels: {goal} {figure}. {helps}"
            )
        more = (
            "How many more labels would show it, these do not say."
            if choice.more_labels is None
            else f"Label about {choice.more_labels:,} more to show it (a rough estimate)."
        )
        return f"{doubt}. By the estimate alone keep from {row.cut:g} points: {goal} {figure}. {more}"
    if goal == "keep_fraction":
        kept = f"Keep from {row.cut:g} points: {_percents(row.documents)} of the documents"
        return f"{kept}." if choice.is_promised else f"{kept}; no cut keeps as few as {100 * amount:g} %."
    total = tokens or 0.0
    value, low, high = (
        short_count(share * total) for share in (row.tokens.value, row.tokens.low, row.tokens.high)
    )
    is_known = row.tokens.low == row.tokens.high
    kept = f"Keep from {row.cut:g} points: about {value} tokens{'' if is_known else f' [{low}, {high}]'}"
    if choice.is_promised:
        estimated = "" if is_known else " That is estimated from the labels, since the run stored no sizes."
        return f"{kept} of {short_count(total)}.{estimated}"
    why = f"the run has {short_count(total)} in all" if amount > total else "no cut keeps so few"
    return f"{kept}; {short_count(amount)} cannot be had, for {why}."


def _percents(figure: Estimate) -> str:
    """Return a share and its interval."""
    if not np.isfinite(figure.value):
        return str(figure)
    return f"{100 * figure.value:.1f} % [{100 * figure.low:.1f}, {100 * figure.high:.1f}]"
