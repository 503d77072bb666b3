"""Judges scorers by labels: by nested cross-validation where they were fitted to these."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from annotations import Labels, read_labels
from annotations.labels.label_digest import labels_digest
from filtering.embedding.settings import Placement
from filtering.fitting.cross_validation import Fit
from filtering.fitting.fit_data import FitData, read_fit_data
from filtering.fitting.recipes import RECIPES, signals_fit
from filtering.fitting.stages import head_fit
from filtering.judging.audit import Scoring
from filtering.judging.metrics import METRICS, Estimate, confusion, evaluate, reliability
from filtering.rubric_points import KEEP_AT
from filtering.scoring.cascade import AnyScorer, CascadeScorer
from filtering.scoring.scorers import EmbeddingScorer, SignalScorer
from filtering.scoring.settings import Effort, ExitSettings
from filtering.scoring.storage import naming, read_metrics
from filtering.text.arrow import Texts
from pipelines.dump.code_languages import CODE_LANGUAGE, with_code_languages
from pipelines.dump.lengths import length_of
from pipelines.progress import ConsoleReporter, Reporter
from pipelines.scorer_addresses import open_scorer
from pipelines.scorers.nested_judge import NestedJudge, embedded

SLICE_ROWS = 30
"""Slices of the labels with fewer documents are not judged apart."""
SLICE_METRICS = {name: METRICS[name] for name in ("rho", "auc_at_3")}


@dataclass(frozen=True)
class JudgedSlice:
    """How good scores are on some of the documents: those of a genre or language, say.

    Parameters
    ----------
    column, value : str
        Which documents these are.
    rows, groups : int
        Documents, and groups among them.
    metrics : mapping of str to Estimate
        Rank correlation, and area under the curve at 3.
    """

    column: str
    value: str
    rows: int
    groups: int
    metrics: Mapping[str, Estimate]


@dataclass(frozen=True)
class JudgedPoints:
    """What a scorer gives labelled documents, to be judged by their labels.

    Parameters
    ----------
    points : float64 array, shape (m,)
        Rubric points.
    rows : int64 array, shape (m,)
        Which of the labels these are of: those that have a score.
    labels : Labels
    effort, nested
        As in `Evaluation`.
    score : callable, optional
        What gave the points: it scores rewrites of the documents too.
    """

    points: NDArray[np.float64]
    rows: NDArray[np.int64]
    labels: Labels
    effort: Effort
    nested: bool
    score: Scoring | None = None

    def judge(self) -> "Evaluation":
        """Judge the points by the labels."""
        points, labels, rows = self.points, self.labels, self.rows
        scores, unbiased = labels.scores[rows], labels.unbiased[rows]
        groups = [labels.groups[int(row)] for row in rows]
        chosen = np.flatnonzero(unbiased)
        lengths = [length_of(len(labels.texts[int(row)].as_buffer())) for row in rows]
        columns = {name: [values[int(row)] for row in rows] for name, values in labels.slices.items()}
        slices = _slices(points, scores, groups, {"length": lengths, **columns})
        return Evaluation(
            effort=self.effort,
            nested=self.nested,
            rows=len(rows),
            groups=len(set(groups)),
            metrics=evaluate(points, scores, groups),
            unbiased_rows=len(chosen),
            unbiased_metrics=evaluate(points[chosen], scores[chosen], [groups[int(row)] for row in chosen]),
            predicted_keep_share=float((points[chosen] >= KEEP_AT).mean()),
            labelled_keep_share=float((scores[chosen] >= KEEP_AT).mean()),
            confusion=confusion(points, scores).tolist(),
            reliability=reliability(points[chosen], scores[chosen]),
            slices=[one for one in slices if one.rows >= SLICE_ROWS],
            few=sorted((one for one in slices if one.rows < SLICE_ROWS), key=lambda one: -one.rows),
            origin_known=labels.origin_known,
        )


@dataclass(frozen=True)
class Evaluation:
    """How good scores are against labels.

    Parameters
    ----------
    effort : {"fast", "balanced", "full"}
        Which stages scored.
    nested : bool
        Whether each document was scored by a model that saw nothing of its group's fold and no
        near-duplicate of what is in there; otherwise the saved scorer gave the scores.
    rows, groups : int
        Documents with a score, and groups among them.
    metrics : mapping of str to Estimate
        Over all rows.
    unbiased_rows : int
        Rows that were chosen without looking at scores.
    unbiased_metrics : mapping of str to Estimate
        Over these alone: the only figures that speak of rates.
    predicted_keep_share, labelled_keep_share : float
        Shares of the unbiased rows with a score, and with a label, of at least 3.
    confusion : list of list of int
        Rows are labels, columns scores, in whole points from 0 to 5.
    reliability : list of (int, float, float)
        For unbiased rows whose score lies in [k, k + 1), k from 0 to 5: documents, mean score, mean label.
    slices : list of JudgedSlice
        Genres, languages and scripts with enough documents, the worst first.
    few : list of JudgedSlice
        Of source files, the code languages with fewer, the largest first.
    origin_known : bool
        Whether the labels say how documents were chosen; otherwise no figure speaks of rates.
    """

    effort: Effort
    nested: bool
    rows: int
    groups: int
    metrics: Mapping[str, Estimate]
    unbiased_rows: int
    unbiased_metrics: Mapping[str, Estimate]
    predicted_keep_share: float
    labelled_keep_share: float
    confusion: Sequence[Sequence[int]]
    reliability: Sequence[tuple[int, float, float]]
    slices: Sequence[JudgedSlice]
    few: Sequence[JudgedSlice]
    origin_known: bool = True


def evaluate_scorer(
    scorer: str,
    labels: Any,  # noqa: ANN401 - a path, or an object of `datasets`
    *,
    effort: Effort = "fast",
    placement: Placement | None = None,
) -> Evaluation:
    """Judge a saved scorer by labels, as `points_of_labels` scores them.

    Parameters
    ----------
    scorer, labels, effort, placement
        As for `points_of_labels`.

    Raises
    ------
    LabelsError
        If the labels cannot be used.
    """
    return points_of_labels(scorer, labels, effort=effort, placement=placement).judge()


def points_of_labels(
    scorer: str,
    labels: Any,  # noqa: ANN401 - a path, or an object of `datasets`
    *,
    effort: Effort = "fast",
    placement: Placement | None = None,
    exits: ExitSettings | None = None,
    reporter: Reporter | None = None,
) -> JudgedPoints:
    """Score labelled documents as an honest judge would have it.

    On the very labels that it was fitted to its own scores would flatter it: there its way of fitting is
    judged by nested cross-validation, as `train_scorer` does.

    Parameters
    ----------
    scorer : str
        Name or folder.
    labels : str or datasets.Dataset
        As in `TrainConfig`.
    effort : {"fast", "balanced", "full"}
        Which stages score.
    placement : Placement, optional
        Where the embedder lies and runs.
    exits : ExitSettings, optional
        What those of effort ``balanced`` must hold; those of a run, say.
    reporter : Reporter, optional
        What is told if something cannot be found out; standard error if not given.

    Raises
    ------
    LabelsError
        If the labels cannot be used.
    """
    reporter = reporter or ConsoleReporter()
    read = read_labels(labels)  # before anything slow is loaded
    if effort != "fast":
        reporter.say(f"Loading the scorer {scorer!r} and its embedder ...")
    loaded = open_scorer(scorer, effort, placement, exits)
    both = loaded.full if isinstance(loaded, CascadeScorer) else loaded
    domain = both.domain
    found = with_code_languages(read, domain, reporter)
    if read_metrics(scorer).get("labels_sha256") == labels_digest(found):
        reporter.say(
            f"{scorer!r} was trained on these very labels. It is trained again without each fifth of them, "
            "and measured on that fifth ..."
        )
        data, fits = refit(scorer, both, found)
        embedder = both.embedder if isinstance(both, EmbeddingScorer) else None
        if isinstance(loaded, CascadeScorer):
            judge = NestedJudge.of(
                data, [*fits.values()], exits=loaded.exits, embedder=embedder, reporter=reporter
            )
        else:
            judge = NestedJudge.of(data, [fits[effort]], embedder=embedder, reporter=reporter)
        return JudgedPoints(judge.own_points(), data.rows, found, effort, nested=True, score=judge.score)
    reporter.say(f"Scoring {len(found):,} labelled documents ...")
    return points_of_saved(loaded, found, effort)


def points_of_saved(scorer: AnyScorer, labels: Labels, effort: Effort) -> JudgedPoints:
    """Score documents by a saved scorer, whatever it was fitted to."""

    def score(texts: Texts) -> NDArray[np.float64]:
        return scorer.score(texts).value.astype(np.float64)

    points = score(labels.texts)
    good = np.flatnonzero(np.isfinite(points))
    return JudgedPoints(points[good], good, labels, effort, nested=False, score=lambda texts, _: score(texts))


def refit(
    scorer: str, loaded: SignalScorer | EmbeddingScorer, labels: Labels
) -> tuple[FitData, dict[Effort, Fit]]:
    """Return labels as numbers, and what fits a scorer like a saved one, by effort.

    Parameters
    ----------
    scorer : str
        Name or folder.
    loaded : SignalScorer or EmbeddingScorer
        The same, loaded; full effort is left out where it has signals alone.
    labels : Labels
    """
    metrics = read_metrics(scorer)
    with naming(scorer):
        recipe = RECIPES[RECIPES.index(metrics["signals"]["kept"])]
        fits: dict[Effort, Fit] = {"fast": signals_fit(recipe)}
        if isinstance(loaded, EmbeddingScorer):
            fits["full"] = head_fit(metrics["heads"]["kept"], recipe)
    data = fit_data_of(labels)
    if isinstance(loaded, EmbeddingScorer):
        data, _ = embedded(data, loaded.embedder)
    return data, fits


def fit_data_of(labels: Labels) -> FitData:
    """Return labels as numbers; those without a score (empty, say) are left out."""
    return read_fit_data(labels.texts, labels.scores, labels.groups, labels.unbiased)


def _slices(
    points: NDArray[np.float64],
    scores: NDArray[np.float64],
    groups: Sequence[str],
    columns: Mapping[str, Sequence[str | None]],
) -> list[JudgedSlice]:
    """Judge documents by value, the worst first; of values with few documents code languages alone."""
    found = []
    for column, values in columns.items():
        for value in sorted({one for one in values if one}):
            inside = np.flatnonzero([one == value for one in values])
            if len(inside) < SLICE_ROWS and column != CODE_LANGUAGE:
                continue
            own = [groups[int(row)] for row in inside]
            metrics = evaluate(points[inside], scores[inside], own, metrics=SLICE_METRICS)
            found.append(JudgedSlice(column, value, len(inside), len(set(own)), metrics))
    # Those whose labels are all alike have no such figure, and stand last.
    return sorted(found, key=lambda one: float(np.nan_to_num(one.metrics["rho"].value, nan=np.inf)))
