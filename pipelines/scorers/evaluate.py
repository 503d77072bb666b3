"""Judges scorers by labels: by nested cross-validation where they were fitted to these."""

from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from annotations import Labels, read_labels
from annotations.labels.label_digest import labels_digest
from filtering.arrays import Rows
from filtering.embedding.settings import Placement
from filtering.errors import SettingsError
from filtering.fitting.cross_validation import Fit
from filtering.fitting.fit_data import FitData, read_fit_data
from filtering.fitting.fit_heads import head_fit
from filtering.fitting.recipes import RECIPES, signals_fit
from filtering.judging.audit import Scoring
from filtering.judging.rewrites import rewrites_of
from filtering.scoring.cascade import AnyScorer, CascadeScorer
from filtering.scoring.scorer_files import naming, read_metrics
from filtering.scoring.scorers import EmbeddingScorer, SignalScorer
from filtering.scoring.settings import Effort, ExitSettings
from filtering.scoring.storage import read_nested
from filtering.text.arrow import Texts, text_bytes
from pipelines.dump.column_doubts import tell_doubt
from pipelines.dump.row_values.code_languages import CODE, CODE_LANGUAGE
from pipelines.progress import ConsoleReporter, Meter, Reporter
from pipelines.scorer_addresses import open_scorer, open_signals
from pipelines.scorers.counted_embedding import TEXTS_AT_A_TIME, counted
from pipelines.scorers.evaluation import Evaluation, JudgedPoints
from pipelines.scorers.label_languages import with_one_language
from pipelines.scorers.label_rubrics import tell_other_rubric
from pipelines.scorers.nested_judge import NestedJudge, embedded


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

    On documents that it was fitted to a scorer would flatter itself. So these have the nested points that
    were saved with it. Rewrites have no such points: unless it was fitted to these very labels, so that the
    fits can be made again, the scorer itself scores them.

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
    SettingsError
        If scorer and labels were swapped, or it is no scorer.
    """
    reporter = reporter or ConsoleReporter()
    if isinstance(labels, str) and Path(labels, "scorer.json").is_file():
        raise SettingsError(f"The scorer comes first, then the labels. {labels!r} is a scorer: swap them.")
    judge = _Judge(scorer, effort, placement, exits, reporter)
    found = with_one_language(read_labels(labels), judge.domain, reporter)
    tell_doubt([found.texts], "text", reporter)
    tell_other_rubric(scorer, labels, reporter)
    known = judge.known_points(found)
    if known is None or not np.isfinite(known).any():
        reporter.say(f"Scoring {len(found):,} labelled documents ...")
        own = points_of_saved(judge.loaded, found, effort, reporter)
        return replace(own, known=None if known is None else 0)
    is_known = np.isfinite(known)
    if judge.was_fitted_to(found):
        points, score = known, judge.nested_scoring(found)
        return _judged(points, found, effort, is_known, score=score, scores_anew=False)
    reporter.say(_known_in_words(scorer, is_known))
    points = np.where(is_known, known, judge.own_points(found.texts, ~is_known))
    return _judged(points, found, effort, is_known, score=judge.score, scores_anew=True)


def _judged(
    points: NDArray[np.float64],
    labels: Labels,
    effort: Effort,
    is_known: NDArray[np.bool_],
    *,
    score: Scoring,
    scores_anew: bool,
) -> JudgedPoints:
    """Return points of labels, those of known documents nested, without labels that have none."""
    rows = np.flatnonzero(np.isfinite(points))
    return JudgedPoints(
        points[rows], rows, labels, effort,
        nested=True, known=int(is_known[rows].sum()), score=score, scores_anew=scores_anew,
    )  # fmt: skip


def _known_in_words(scorer: str, is_known: NDArray[np.bool_]) -> str:
    """Return how many documents a scorer was fitted to, and what measures these and the others."""
    measured = "measured by models that had not seen them"
    if is_known.all():
        return f"{scorer!r} was trained on all of these {len(is_known):,} documents. They are {measured}."
    return (
        f"{scorer!r} was trained on {is_known.sum():,} of these {len(is_known):,} documents. These are "
        f"{measured}, the others by the scorer itself."
    )


@dataclass(frozen=True)
class _Judge:
    """A saved scorer, of which no more is loaded than a judge needs."""

    scorer: str
    effort: Effort
    placement: Placement | None
    exits: ExitSettings | None
    reporter: Reporter

    @cached_property
    def signals(self) -> SignalScorer:
        return open_signals(self.scorer)

    @property
    def domain(self) -> str:
        return self.signals.domain

    @cached_property
    def loaded(self) -> AnyScorer:
        if self.effort == "fast":
            return self.signals
        self.reporter.say(f"Loading the scorer {self.scorer!r} for effort {self.effort} ...")
        return open_scorer(self.scorer, self.effort, self.placement, self.exits)

    def score(self, texts: Texts, _: Rows | None = None) -> NDArray[np.float64]:
        """Return the points that the scorer itself gives, NaN where there is none."""
        return _own_points(self.loaded, texts)

    def own_points(self, texts: pa.Array, wanted: NDArray[np.bool_]) -> NDArray[np.float64]:
        """Return the same of some documents alone, NaN for the others."""
        points = np.full(len(texts), np.nan)
        if wanted.any():
            points[wanted] = _own_points(self.loaded, texts.filter(pa.array(wanted)), self.reporter)
        return points

    def known_points(self, labels: Labels) -> NDArray[np.float64] | None:
        """Return the nested points of labelled documents, NaN for those that it was not fitted to.

        None where the scorer does not say which documents it was fitted to.
        """
        texts = [text or b"" for text in text_bytes(labels.texts)]
        nested = read_nested(self.scorer)
        if nested is None:
            return None
        if self.effort != "fast" and nested.full is None:
            self.loaded  # noqa: B018 - which refuses a scorer of one stage
        exits = None
        if self.effort == "balanced":
            assert isinstance(self.loaded, CascadeScorer)
            exits = self.loaded.exits
        return nested.points_of(texts, exits, full=self.effort == "full")

    def was_fitted_to(self, labels: Labels) -> bool:
        """Tell whether it was fitted to these labels and no others."""
        return bool(read_metrics(self.scorer).get("labels_sha256") == labels_digest(labels))

    def nested_scoring(self, labels: Labels) -> Scoring:
        """Return what scores rewrites of the labels, fitted anew without each fold on the first call."""
        judges: list[NestedJudge] = []

        def score(texts: Sequence[str], places: Rows) -> NDArray[np.float64]:
            if not judges:
                self.reporter.say(
                    f"{self.scorer!r} was trained on these very labels. It is trained again without each "
                    "fifth of them, to score rewrites of that fifth ..."
                )
                judges.append(self._fitted_anew(labels))
            return judges[0].score(texts, places)

        return score

    def _fitted_anew(self, labels: Labels) -> NestedJudge:
        both = self.loaded.full if isinstance(self.loaded, CascadeScorer) else self.loaded
        data, fits = refit(self.scorer, both, labels, self.reporter)
        exits = self.loaded.exits if isinstance(self.loaded, CascadeScorer) else None
        return NestedJudge.of(
            data,
            [*fits.values()] if exits else [fits[self.effort]],
            exits=exits,
            embedder=both.embedder if isinstance(both, EmbeddingScorer) else None,
            reporter=self.reporter,
        )


def points_of_saved(scorer: AnyScorer, labels: Labels, effort: Effort, reporter: Reporter) -> JudgedPoints:
    """Score documents by a saved scorer, whatever it was fitted to."""
    points = _own_points(scorer, labels.texts, reporter)
    good = np.flatnonzero(np.isfinite(points))

    def score(texts: Texts, _: Rows) -> NDArray[np.float64]:
        return _own_points(scorer, texts)

    return JudgedPoints(points[good], good, labels, effort, nested=False, score=score)


def _own_points(scorer: AnyScorer, texts: Texts, reporter: Reporter | None = None) -> NDArray[np.float64]:
    """Return the points of a scorer, NaN where there is none; show how far it is, if somebody is told."""
    meter, found = Meter(len(texts), 0, doing="Scoring documents"), [np.zeros(0)]
    with nullcontext() if reporter is None else reporter.track(meter):
        for start in range(0, len(texts), TEXTS_AT_A_TIME):
            found.append(scorer.score(texts[start : start + TEXTS_AT_A_TIME]).value.astype(np.float64))
            meter.count(len(found[-1]))
    return np.concatenate(found)


def refit(
    scorer: str, loaded: SignalScorer | EmbeddingScorer, labels: Labels, reporter: Reporter
) -> tuple[FitData, dict[Effort, Fit]]:
    """Return labels as numbers, and what fits a scorer like a saved one, by effort.

    Parameters
    ----------
    scorer : str
        Name or folder.
    loaded : SignalScorer or EmbeddingScorer
        The same, loaded; full effort is left out where it has signals alone.
    labels : Labels
    reporter : Reporter
        What is told how far embedding is.
    """
    metrics = read_metrics(scorer)
    with naming(scorer):
        recipe = RECIPES[RECIPES.index(metrics["signals"]["kept"])]
        fits: dict[Effort, Fit] = {"fast": signals_fit(recipe)}
        if isinstance(loaded, EmbeddingScorer):
            fits["full"] = head_fit(metrics["heads"]["kept"], recipe)
    data = fit_data_of(labels, loaded.domain)
    if isinstance(loaded, EmbeddingScorer):
        with counted(loaded.embedder, len(data) + len(data.rewrites), reporter) as embedder:
            data, _ = embedded(data, embedder)
    return data, fits


def fit_data_of(labels: Labels, domain: str) -> FitData:
    """Return labels as numbers, with rewrites; those without a score (empty, say) are left out.

    Parameters
    ----------
    labels : Labels
        As `with_one_language` gives them.
    domain : str
        Of the scorer.
    """
    rewrites = rewrites_of(is_code=domain == CODE or CODE_LANGUAGE in labels.slices)
    return read_fit_data(labels.texts, labels.scores, labels.groups, labels.unbiased, rewrites=rewrites)
