"""Makes scorers from labels: a scorer folder with its nested evaluation out."""

import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import numpy as np
from pydantic_core import to_jsonable_python

from annotations import Labels, Rubric, load_rubric, read_labels
from annotations.labels.columns import GROUP_COLUMNS, group_of
from annotations.labels.label_digest import labels_digest
from annotations.labels.label_rubric import rubric_of
from annotations.labels.labels import cut_texts_warning
from annotations.labels.sources import read_table, text_column_of
from filtering import save_scorer
from filtering.embedding.embedders import Embedder
from filtering.extras import require_all
from filtering.fitting.cross_validation import Fit, compare, fits_of_figures, simplest_of_the_best
from filtering.fitting.fit_data import FitData
from filtering.fitting.fit_heads import HEADS, fit_stage, head_fit
from filtering.fitting.paired_scores import MOST_DOCUMENTS, pair, pair_labelled
from filtering.fitting.recipes import RECIPES, fit_signals, signals_fit
from filtering.printable import printable
from filtering.scoring.cascade import signals_of
from filtering.scoring.cascade_exits import usual_exits
from filtering.scoring.nested_points import NestedPoints
from filtering.scoring.scorers import EmbeddingScorer, Scorer, SignalScorer
from filtering.scoring.settings import Effort
from filtering.scoring.storage import refuse_taken_folder
from filtering.text.arrow import REASONS, text_bytes, text_reasons
from filtering.text.settings import TEXT_COLUMNS
from pipelines.dump.column_doubts import tell_doubt
from pipelines.progress import ConsoleReporter, Meter, Reporter
from pipelines.scorer_rubric import stored_rubric
from pipelines.scorers.audit_points import ScorerAudit, audit_points
from pipelines.scorers.counted_embedding import counted as counted_embedder
from pipelines.scorers.evaluate import fit_data_of
from pipelines.scorers.evaluation import Evaluation, JudgedPoints
from pipelines.scorers.held_out import judge_held_out
from pipelines.scorers.label_languages import with_languages, with_one_language
from pipelines.scorers.model_card import model_card
from pipelines.scorers.nested_judge import NestedJudge, counted, embedded
from pipelines.settings.base import options_in_words
from pipelines.settings.scorers import NEEDED, NEEDED_TO_EMBED, DistillConfig, TrainConfig

Name = TypeVar("Name", bound=str)

UNDECIDING = ("labels", "teacher", "domain", "rubric", "pool", "out", "device", "overwrite")
"""Settings that a model card tells otherwise, or that decide no score."""

DIGITS = 4
"""Of stored figures, after the point."""


@dataclass(frozen=True)
class TrainResult:
    """A fitted scorer and how it was chosen.

    Parameters
    ----------
    scorer : SignalScorer or EmbeddingScorer
    out : str
        Its folder.
    metrics : mapping
        What ``scorer.json`` holds under that name: all that was compared, and the evaluations.
    evaluations : tuple of Evaluation
        Nested, one for each effort: each document was scored by a model that saw nothing of its group's fold,
        and no near-duplicate of what is in there.
    audit : ScorerAudit
        What rewrites do to decisions of effort ``fast``, nested too.
    cut_texts : int
        Labels whose text lacks some of what a scorer reads of the document.
    """

    scorer: SignalScorer | EmbeddingScorer
    out: str
    metrics: Mapping[str, Any]
    evaluations: tuple[Evaluation, ...]
    audit: ScorerAudit
    cut_texts: int = 0


def train_scorer(config: TrainConfig, *, reporter: Reporter | None = None) -> TrainResult:
    """Fit a scorer to labels and save it with its nested evaluation.

    Parameters
    ----------
    config : TrainConfig
    reporter : Reporter, optional
        What is told about progress; standard error if not given.

    Returns
    -------
    TrainResult

    Raises
    ------
    LabelsError
        If no scorer can be fitted to the labels.
    SettingsError
        If the output folder holds something else, or there is no such embedder.
    MissingExtraError
        If the ``train`` extra is not installed, or the ``embed`` extra and an embedder is asked for.
    """
    reporter = reporter if reporter is not None else ConsoleReporter()
    refuse_taken_folder(config.out, overwrite=config.overwrite)
    rubric = rubric_of(config.labels) if config.rubric is None else load_rubric(config.rubric)
    labels = read_labels(config.labels)
    require_all({**NEEDED, **NEEDED_TO_EMBED} if config.embedder_settings else NEEDED)
    pool = None if config.pool is None else read_pool(config.pool, reporter)
    labels = with_one_language(labels, config.domain, reporter)
    tell_doubt([labels.texts], "text", reporter)
    embedder = _embedder(config)
    if labels.cut_texts:
        reporter.say(cut_texts_warning(labels.cut_texts, len(labels)))
    data = fit_data_of(labels, config.domain)
    reporter.say(f"{len(data):,} labelled documents of {len(set(data.groups)):,} groups.")
    if copied := data.copied_across_groups():
        reporter.say(
            f"{copied:,} of them have near-duplicates in other groups. No model that is measured on these "
            "has seen the others."
        )
    metrics: dict[str, Any] = {"labels_sha256": labels_digest(labels), "rewritten": len(data.rewrites)}
    recipe, metrics["signals"] = choose(data, config.signals, RECIPES, signals_fit, reporter)
    fits: dict[Effort, Fit] = {"fast": signals_fit(recipe)}
    signals = fit_signals(data, recipe, config.domain)
    scorer: SignalScorer | EmbeddingScorer = signals
    if embedder is not None:
        reporter.say(f"Embedding {len(data):,} documents with {embedder.settings.name!r} ...")
        with counted_embedder(embedder, len(data) + len(data.rewrites), reporter) as counting:
            data, metrics["embedded"] = embedded(data, counting)
        head, metrics["heads"] = choose(
            data, config.head, HEADS, lambda name: head_fit(name, recipe), reporter
        )
        fits["full"] = head_fit(head, recipe)
        stage = fit_stage(data, head, recipe, embedder.settings)
        scorer = EmbeddingScorer(signals, stage, embedder)
    reporter.say(f"Measuring how good the scorer is at effort {' and '.join(fits)} ...")
    judged = {effort: nested(data, fit, labels, effort, reporter) for effort, fit in fits.items()}
    metrics["held_out"] = judge_held_out(judged["fast"], data, fits["fast"], reporter)
    if isinstance(scorer, EmbeddingScorer) and embedder is not None:
        paired = pair_labelled(judged["fast"].points, judged["full"].points, data)
        if pool is not None:
            reporter.say(f"Pairing both efforts on documents of {printable(str(config.pool))} ...")
            with counted_embedder(embedder, min(len(pool[0]), MOST_DOCUMENTS), reporter) as counting:
                paired = pair(
                    replace(scorer, embedder=counting), *pool, data,
                    recipe=recipe, head=head, of_labels=paired,
                )  # fmt: skip
        scorer = replace(scorer, paired=paired)
    command = ["train", "LABELS", *options_of(config)]
    return save_judged(
        scorer, config.out, metrics, judged, labels, command,
        rubric=rubric, overwrite=config.overwrite, reporter=reporter,
    )  # fmt: skip


def nested(data: FitData, fit: Fit, labels: Labels, effort: Effort, reporter: Reporter) -> JudgedPoints:
    """Return the nested points of labels, with what scores rewrites by signals."""
    judge = NestedJudge.of(data, [fit], reporter=reporter)
    return JudgedPoints(
        judge.own_points(), data.rows, labels, effort, nested=True, known=len(data), score=judge.score
    )


def save_judged(
    scorer: SignalScorer | EmbeddingScorer,
    out: str,
    metrics: Mapping[str, Any],
    judged: Mapping[Effort, JudgedPoints],
    labels: Labels,
    command: Sequence[str],
    *,
    rubric: Rubric | None = None,
    overwrite: bool,
    reporter: Reporter,
) -> TrainResult:
    """Save a scorer with its evaluations and its model card.

    Parameters
    ----------
    scorer : SignalScorer or EmbeddingScorer
    out : str
        Its folder.
    metrics : mapping
        What was compared, and more that the card tells.
    judged : mapping of str to JudgedPoints
        Nested points of the labelled documents, by effort: all that a scorer is judged by.
    labels : Labels
        The same; its speed is measured on them.
    command : sequence of str
        What made it, after ``edufilter`` and before ``--out``.
    rubric : Rubric, optional
        What the labels follow.
    overwrite : bool
        Replace the scorer that is there.
    reporter : Reporter
    """
    evaluations = [one.judge() for one in judged.values()]
    audit = audit_points(judged["fast"], reporter=reporter)
    scorer = with_languages(scorer, labels)
    signals = signals_of(scorer)
    paired = scorer.paired if isinstance(scorer, EmbeddingScorer) else None
    told = {
        **metrics,
        "exits": usual_exits(paired) if paired else [],
        "nested": {one.effort: one for one in evaluations},
        "audit": audit,
    }
    told = _rounded(to_jsonable_python(told, inf_nan_mode="null")) | stored_rubric(rubric)
    card = model_card(
        signals.domain, told, evaluations, audit, _speeds(scorer, labels), command, signals.languages, rubric
    )
    documents = text_bytes(labels.texts)
    nested = NestedPoints.of(
        [documents[row] or b"" for row in judged["fast"].rows],
        judged["fast"].points,
        judged["full"].points if "full" in judged else None,
    )
    saved = save_scorer(scorer, out, metrics=told, card=card, nested=nested, overwrite=overwrite)
    return TrainResult(saved, out, told, tuple(evaluations), audit, labels.cut_texts)


def _rounded(value: Any) -> Any:  # noqa: ANN401 - any JSON value
    """Return figures as they are stored: their last bits say nothing and differ between processors."""
    if isinstance(value, float):
        return round(value, DIGITS)
    if isinstance(value, dict):
        return {name: _rounded(one) for name, one in value.items()}
    return [_rounded(one) for one in value] if isinstance(value, list) else value


def read_pool(source: str, reporter: Reporter) -> tuple[list[bytes], list[str]]:
    """Return the documents of a pool that can be scored, in UTF-8, and where each is from.

    Parameters
    ----------
    source : str
        As `TrainConfig.pool`.
    reporter : Reporter
        What is told how many documents are left out, and why.

    Raises
    ------
    ColumnError
        If it has no column of texts, or several.
    """
    table, name = read_table(source, [*TEXT_COLUMNS, *GROUP_COLUMNS, "url"], called="Documents")
    column = text_column_of(table, source, name)
    rows = table.drop_columns(column).to_pylist() if table.num_columns > 1 else [{}] * len(table)
    groups = [group_of(row, None, f"#{number}") for number, row in enumerate(rows)]
    tell_doubt(table[column].chunks, column, reporter)
    reasons = text_reasons(table[column])
    bad = Counter(REASONS[reason] for reason in reasons[reasons != 0])
    if bad:
        counted = ", ".join(f"{count:,} {reason}" for reason, count in sorted(bad.items()))
        reporter.say(
            f"{bad.total():,} of {len(table):,} documents of {name} are left out, having no score: {counted}."
        )
    documents = text_bytes(table[column])
    good = np.flatnonzero(reasons == 0)
    return [documents[row] or b"" for row in good], [groups[row] for row in good]


def _embedder(config: TrainConfig) -> Embedder | None:
    settings = config.embedder_settings
    if settings is None:
        return None
    from filtering.embedding.sentence_transformer import SentenceTransformerEmbedder

    return SentenceTransformerEmbedder(settings, config.placement)


def options_of(config: TrainConfig | DistillConfig) -> list[str]:
    """Return the options that decided the scorer and are not the defaults, as on the command line."""
    options = ["--domain", config.domain, *options_in_words(config, without=UNDECIDING)]
    return options if config.pool is None else [*options, "--pool", "POOL"]


def choose(
    data: FitData, asked: str, names: Sequence[Name], fit_of: Callable[[Name], Fit], reporter: Reporter
) -> tuple[Name, dict[str, Any]]:
    """Compare ways of fitting by nested cross-validation.

    Parameters
    ----------
    data : FitData
    asked : str
        The one that was asked for; ``auto`` for all.
    names : sequence of str
        From simple to costly.
    fit_of : callable
        From a name to what fits so.
    reporter : Reporter

    Returns
    -------
    str, dict
        The name of what is kept, and the figures of all that was compared.
    """
    tried = [one for one in names if asked in ("auto", one)]
    what = f"Comparing {', '.join(tried)}" if len(tried) > 1 else f"Measuring {tried[0]}"
    reporter.say(f"{what} by cross-validation ...")
    meter = Meter(len(tried) * fits_of_figures(), 0, "fits")
    with reporter.track(meter):
        figures = compare(data, {name: counted(fit_of(name), meter) for name in tried})
    kept = simplest_of_the_best(figures)
    compared = {one.name: one.summary() for one in figures}
    return next(name for name in names if name == kept), {"kept": kept, "compared": compared}


def _speeds(scorer: SignalScorer | EmbeddingScorer, labels: Labels) -> dict[Effort, float]:
    """Return documents a second on this machine, roughly, by effort."""
    scorers: dict[Effort, Scorer] = {"fast": scorer}
    if isinstance(scorer, EmbeddingScorer):
        scorers = {"fast": scorer.signals, "full": scorer}
    speeds: dict[Effort, float] = {}
    for effort, one in scorers.items():
        texts = labels.texts if effort == "fast" else labels.texts.slice(0, 200)
        started_s = time.perf_counter()
        one.score(texts)
        speeds[effort] = len(texts) / (time.perf_counter() - started_s)
    return speeds
