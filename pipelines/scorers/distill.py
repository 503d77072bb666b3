"""Makes a fast scorer of a slow one: signals fitted to what a teacher says, and exits to fall back on it."""

from dataclasses import replace

import numpy as np
import pyarrow as pa

from annotations import Labels
from annotations.labels.labels import check_labels
from filtering.arrays import Floats32, Rows
from filtering.embedding.embedders import Embedder, text_for
from filtering.embedding.heads import LinearHead
from filtering.errors import LabelsError
from filtering.extras import require_all
from filtering.fitting.paired_scores import ENOUGH_TIMES, by_lot, choose_paired, group_codes
from filtering.fitting.recipes import RECIPES, fit_signals, signals_fit
from filtering.folds import FOLDS, fold_assignment
from filtering.rubric_points import POINTS
from filtering.scoring.calibration import Calibration
from filtering.scoring.cascade_exits import PairedScores
from filtering.scoring.scorers import EmbeddingScorer, EmbeddingStage
from filtering.scoring.settings import LEAST_PAIRED
from filtering.scoring.storage import refuse_taken_folder
from filtering.text.near_duplicates import near_duplicate_clusters
from pipelines.progress import ConsoleReporter, Reporter
from pipelines.scorers.counted_embedding import counted
from pipelines.scorers.evaluate import fit_data_of
from pipelines.scorers.train import (
    TrainResult,
    choose,
    nested,
    options_of,
    read_pool,
    save_judged,
)
from pipelines.settings.scorers import FIT_FOLDS, NEEDED, NEEDED_TO_EMBED, DistillConfig

UNCHANGED = Calibration(tuple(float(point) for point in range(POINTS + 1)))


def distill_scorer(config: DistillConfig, *, reporter: Reporter | None = None) -> TrainResult:
    """Fit signals to what a teacher says of a pool, find exits, and save both with the teacher as a scorer.

    Parameters
    ----------
    config : DistillConfig
    reporter : Reporter, optional
        What is told about progress; standard error if not given.

    Returns
    -------
    TrainResult
        Its evaluation is of signals against the teacher, on documents of groups they were not fitted to.

    Raises
    ------
    LabelsError
        If the pool is too small or of too few groups, or the teacher gives all of it much the same score.
    SettingsError
        If there is no such teacher, or the output folder holds something else.
    MissingExtraError
        If the extras ``train`` and ``embed`` are not installed.
    """
    reporter = reporter if reporter is not None else ConsoleReporter()
    refuse_taken_folder(config.out, overwrite=config.overwrite)
    require_all({**NEEDED, **NEEDED_TO_EMBED})
    documents, groups = read_pool(config.pool, reporter)
    fitted, paired = split_pool(documents, groups, config.n)
    teacher = _teacher(config)
    reporter.say(f"{teacher.settings.name!r} reads {len(fitted) + len(paired):,} documents ...")
    others = [documents[row] for row in paired]
    with counted(teacher, len(fitted) + len(paired), reporter) as reading:
        points = _points(reading, [documents[row] for row in fitted])
        full = _points(reading, others)
    labels = Labels(
        texts=pa.array([documents[row] for row in fitted], pa.large_binary()).cast(pa.large_string()),
        scores=points.astype(np.float64),
        groups=tuple(groups[row] for row in fitted),
        unbiased=np.ones(len(fitted), dtype=bool),
        slices={},
    )
    check_labels(
        labels.scores,
        labels.groups,
        f"What {teacher.settings.name!r} says of {config.pool}",
        more="Bring a larger or more mixed pool, let the teacher read more of it (--n), or choose another.",
    )
    data = fit_data_of(labels, config.domain)
    recipe, compared = choose(data, config.signals, RECIPES, signals_fit, reporter)
    reporter.say("Measuring how close the new scorer comes to the classifier ...")
    judged = nested(data, signals_fit(recipe), labels, "fast", reporter)
    signals = fit_signals(data, recipe, config.domain)
    stage = EmbeddingStage("teacher", teacher.settings, LinearHead(np.ones(1), 0.0), None, None, UNCHANGED)
    scorer = EmbeddingScorer(signals, stage, teacher)
    fast = signals.score(others).value
    pairs = PairedScores(fast, full, group_codes([groups[row] for row in paired]), True)
    return save_judged(
        replace(scorer, paired=pairs),
        config.out,
        {"teacher": teacher.settings.name, "signals": compared, "rewritten": len(data.rewrites)},
        {"fast": judged},
        labels,
        ["distill", "--teacher", config.teacher, *options_of(config)],
        overwrite=config.overwrite,
        reporter=reporter,
    )


def split_pool(documents: list[bytes], groups: list[str], most: int) -> tuple[Rows, Rows]:
    """Return which documents of a pool to fit to, and which to find the exits on: of other groups.

    Of the latter one of near-duplicates is taken, and none of a document to fit to; and one of each group, so
    that bounds are exact, where these are enough.

    Raises
    ------
    LabelsError
        If they are too few for the bound that a run asks for by default.
    """
    order = by_lot(documents)
    folds = np.isin(fold_assignment(groups, 0), FIT_FOLDS)
    to_fit = len(FIT_FOLDS) * most // FOLDS
    fitted, others = order[folds[order]][:to_fit], order[~folds[order]]
    clusters = near_duplicate_clusters(documents).tolist()
    others, _ = choose_paired(others, clusters, {clusters[row] for row in fitted}, groups, ())
    if len(others) < LEAST_PAIRED:
        raise LabelsError(
            f"A pool must have at least {LEAST_PAIRED} documents with a score of the groups that signals are "
            f"not fitted to, two in five of all; better {ENOUGH_TIMES * LEAST_PAIRED:,} of as many groups. "
            f"Found {len(others):,}, near-duplicates counted once."
        )
    return np.sort(fitted), np.sort(others[: most - to_fit])


def _teacher(config: DistillConfig) -> Embedder:
    from filtering.embedding.sentence_transformer import SentenceTransformerEmbedder

    return SentenceTransformerEmbedder(config.teacher_settings, config.placement)


def _points(teacher: Embedder, documents: list[bytes]) -> Floats32:
    found = teacher.embed([text_for(teacher.settings, document) for document in documents])
    return UNCHANGED.apply(found.vectors[:, 0])
