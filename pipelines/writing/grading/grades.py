"""Grades of models: means by dimension, with intervals of a bootstrap over beginnings.

Models that write on after the same beginnings are compared on them: easy beginnings help no model.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from filtering.arrays import Floats
from filtering.judging.intervals import Estimate, estimate

ROUNDS = 1000
LEAST_PROMPTS = 5
"""Of fewer beginnings no model is called worse: an interval over so few says too much."""
SEED = 0


@dataclass(frozen=True)
class Graded:
    """What a model wrote after a beginning, and its grades.

    Parameters
    ----------
    model, prompt, text : str
    status : str
        See `annotations.asking.annotator.Status`; `NOTHING` and `NOT_ASKED` beside these.
    scores : mapping of str to float
        Rubric points by dimension; empty where it has no grade.
    score : float, optional
        Of the rubric as a whole.
    reason : str
        The grader's sentence.
    error : str
    """

    model: str
    prompt: str
    text: str
    status: str
    scores: Mapping[str, float]
    score: float | None = None
    reason: str = ""
    error: str = ""


VERDICTS = HIGHEST, WORSE, UNTOLD, TOO_FEW = "highest", "worse", "cannot be told", "too few beginnings"
NEEDS_BEGINNINGS = (
    f"Intervals need {LEAST_PROMPTS} beginnings. A verdict needs as many after which both models have grades."
)
NOTHING, NOT_ASKED = "empty", "not asked"
"""What a text is where no grader was asked: it is empty, or the budget ended before it."""
IN_WORDS = {
    "ok": "graded",
    "unparseable": "without a grade in the reply",
    "refused": "refused by the grader",
    "too_long": "too long for the grader or its reply",
    "api_error": "without an answer",
}
"""What a text is by its status; others say it themselves."""


@dataclass(frozen=True)
class ModelGrades:
    """The grades of a model.

    Parameters
    ----------
    name : str
    completions, graded, empty : int
        Texts of it, those that the grader graded, and those without a word, which have the lowest grades
        without that.
    score : Estimate
        Mean over beginnings of the rubric as a whole, in rubric points.
    grades : mapping of str to Estimate
        The same by dimension.
    gap : Estimate
        Score less that of the model with the highest mean, over beginnings that both wrote on after.
    shared : int
        So many beginnings.
    is_highest : bool
        Whether it is the model with the highest mean.

    Intervals are NaN where they are over fewer than `LEAST_PROMPTS` beginnings.
    """

    name: str
    completions: int
    graded: int
    empty: int
    score: Estimate
    grades: Mapping[str, Estimate]
    gap: Estimate
    shared: int
    is_highest: bool

    @property
    def without_grade(self) -> int:
        """Texts that have no grade: they were not asked about, or no reply held one."""
        return self.completions - self.graded - self.empty

    @property
    def verdict(self) -> str:
        """How it compares with the model of the highest mean."""
        if self.is_highest:
            return HIGHEST
        if self.shared < LEAST_PROMPTS:
            return TOO_FEW
        return WORSE if self.gap.high < 0 else UNTOLD


def note_on_few(models: Sequence[ModelGrades]) -> str:
    """Return what intervals and verdicts need, where some model lacks one; else nothing."""
    lacks = any(one.verdict == TOO_FEW or np.isnan(one.score.low) for one in models)
    return NEEDS_BEGINNINGS if lacks else ""


def grades_by_model(graded: Sequence[Graded], dimensions: Sequence[str]) -> list[ModelGrades]:
    """Return the grades of each model, the highest mean first; models without a grade last.

    Parameters
    ----------
    graded : sequence of Graded
    dimensions : sequence of str
        Of the rubric.
    """
    models = list(dict.fromkeys(one.model for one in graded))
    rows = {prompt: row for row, prompt in enumerate(dict.fromkeys(one.prompt for one in graded))}
    points = {
        name: _by_prompt(graded, models, rows, name) for name in (*dimensions, "")
    }  # the rubric as a whole has no name
    means = {name: _mean(table) for name, table in points.items()}
    order = sorted(range(len(models)), key=lambda at: -np.nan_to_num(means[""][at], nan=-1.0))
    best = points[""][:, order[:1]]
    gaps = points[""] - best
    counts = _draws(len(rows))
    drawn = {name: _resampled(counts, table) for name, table in points.items()}
    gap_values, gap_drawn = _mean(gaps), _resampled(counts, gaps)
    found = []
    for at in order:
        mine = [one for one in graded if one.model == models[at]]
        of = {
            name: _told(estimate(means[name][at], drawn[name][:, at]), points[name][:, at]) for name in points
        }
        gap = estimate(gap_values[at], gap_drawn[:, at])
        is_highest = gap == Estimate(0.0, 0.0, 0.0)
        found.append(
            ModelGrades(
                name=models[at],
                completions=len(mine),
                graded=sum(one.score is not None and one.status != NOTHING for one in mine),
                empty=sum(one.status == NOTHING for one in mine),
                score=of.pop(""),
                grades=of,
                gap=gap if is_highest else _told(gap, gaps[:, at]),
                shared=int(np.isfinite(gaps[:, at]).sum()),
                is_highest=is_highest,
            )
        )
    return found


def _told(figure: Estimate, by_prompt: Floats) -> Estimate:
    """Return a figure without its interval where that is over too few beginnings: it would be too narrow."""
    if np.isfinite(by_prompt).sum() >= LEAST_PROMPTS:
        return figure
    return Estimate(figure.value, np.nan, np.nan)


def _by_prompt(
    graded: Sequence[Graded], models: Sequence[str], rows: Mapping[str, int], dimension: str
) -> Floats:
    """Return mean points, shape (prompts, models); NaN where a model has no grade."""
    columns = {model: at for at, model in enumerate(models)}
    total, count = np.zeros((2, len(rows), len(models)))
    for one in graded:
        points = one.scores.get(dimension) if dimension else one.score
        if points is not None:
            total[rows[one.prompt], columns[one.model]] += points
            count[rows[one.prompt], columns[one.model]] += 1
    return np.divide(total, count, out=np.full_like(total, np.nan), where=count > 0)


def _mean(table: Floats) -> Floats:
    mean: Floats = _resampled(np.ones((1, len(table))), table)[0]
    return mean


def _draws(prompts: int) -> Floats:
    """Return how often each beginning comes in each round, shape (`ROUNDS`, prompts)."""
    random = np.random.default_rng(SEED)
    found: Floats = random.multinomial(prompts, np.full(prompts, 1 / prompts), size=ROUNDS).astype(np.float64)
    return found


def _resampled(counts: Floats, table: Floats) -> Floats:
    """Return means of each model, shape (rounds, models), NaN where a round has none of its beginnings."""
    there = np.isfinite(table).astype(np.float64)
    total, count = counts @ np.nan_to_num(table), counts @ there
    return np.divide(total, count, out=np.full_like(total, np.nan), where=count > 0)
