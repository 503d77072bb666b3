"""Makes and judges scorers: labels in, a scorer folder with its nested evaluation out."""

import hashlib
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from annotations import Labels, read_labels
from annotations.sources import read_table
from annotations.tables import GROUP_COLUMNS, group_of
from filtering import load_scorer, save_scorer
from filtering.cascade import CascadeScorer, cascaded
from filtering.embedders import Embedder, Placement
from filtering.errors import LabelsError, SettingsError
from filtering.exits import ExitSettings, find_exits
from filtering.fitting import RECIPES, fit_signals, signals_fit
from filtering.fitting_heads import HEADS, fit_stage, head_fit
from filtering.metrics import (
    METRICS,
    Estimate,
    confusion,
    evaluate,
    reliability,
)
from filtering.nested import (
    Fit,
    FitData,
    nested_figures,
    nested_points,
    read_fit_data,
    simplest_of_the_best,
)
from filtering.pairing import pair
from filtering.scorers import Effort, EmbeddingScorer, Scorer, SignalScorer
from filtering.storage import read_metrics
from filtering.windows import window_text
from pipelines.config_base import KEEP_AT, TEXT_COLUMNS
from pipelines.config_scorers import TrainConfig
from pipelines.model_card import model_card
from pipelines.plain import plain_values
from pipelines.progress import ConsoleReporter, Reporter

SLICE_ROWS = 30
"""Slices of the labels with fewer documents are not judged apart."""
SLICE_METRICS = {name: METRICS[name] for name in ("rho", "auc_at_3")}

Name = TypeVar("Name", bound=str)


@dataclass(frozen=True)
class Slice:
    """How good scores are on some of the documents: those of a genre or language, say.

    Parameters
    ----------
    column, value : str
        Which documents these are.
    rows : int
    metrics : mapping of str to Estimate
        Rank correlation, and area under the curve at 3.
    """

    column: str
    value: str
    rows: int
    metrics: Mapping[str, Estimate]


@dataclass(frozen=True)
class Evaluation:
    """How good scores are against labels.

    Parameters
    ----------
    effort : {"fast", "balanced", "full"}
        Which stages scored.
    nested : bool
        Whether each document was scored by a model that saw nothing of its group's fold; otherwise
        the saved scorer gave the scores.
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
    slices : list of Slice
        Genres, languages and scripts with enough documents, the worst first.
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
    slices: Sequence[Slice]

    def as_dict(self) -> dict[str, Any]:
        """Return plain values, for JSON: None where a figure is not defined."""
        plain: dict[str, Any] = plain_values(asdict(self))
        return plain


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
        Nested, one for each effort: each document was scored by a model that saw nothing of its group's fold.
    """

    scorer: SignalScorer | EmbeddingScorer
    out: str
    metrics: Mapping[str, Any]
    evaluations: tuple[Evaluation, ...]


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
    _refuse_taken(config)
    pool = None if config.pool is None else read_pool(config.pool)
    embedder = _embedder(config)
    labels = read_labels(config.labels)
    data = _fit_data(labels)
    reporter.say(f"{len(data):,} labelled documents of {len(set(data.groups)):,} groups.")
    metrics: dict[str, Any] = {"labels_sha256": labels_digest(labels), "nested": {}}
    recipe, metrics["signals"] = _choose(data, config.signals, RECIPES, signals_fit, reporter)
    fits: dict[Effort, Fit] = {"fast": signals_fit(recipe)}
    signals = fit_signals(data, recipe, config.domain)
    scorer: SignalScorer | EmbeddingScorer = signals
    if embedder is not None:
        reporter.say(f"Embedding {len(data):,} documents with {embedder.settings.name!r} ...")
        data, metrics["embedded"] = _embedded(data, embedder)
        head, metrics["heads"] = _choose(
            data, config.head, HEADS, lambda name: head_fit(name, recipe), reporter
        )
        fits["full"] = head_fit(head, recipe)
        stage = fit_stage(data, head, recipe, embedder.settings)
        scorer = EmbeddingScorer(signals, stage, embedder)
        if pool is not None:
            reporter.say(f"Pairing both efforts on documents of {config.pool} ...")
            paired = pair(scorer, *pool, data, recipe=recipe, head=head)
            scorer = replace(scorer, paired=paired)
            metrics["exits"] = asdict(find_exits(paired, ExitSettings()))
    evaluations = []
    for effort, fit in fits.items():
        reporter.say(f"Judging effort {effort} ...")
        evaluations.append(_nested_evaluation(data, fit, labels, effort))
        metrics["nested"][effort] = evaluations[-1].as_dict()
    metrics = plain_values(metrics, digits=4)
    saved = save_scorer(
        scorer,
        config.out,
        metrics=metrics,
        card=model_card(config.domain, metrics, evaluations, _speeds(scorer, labels), _options(config)),
        overwrite=config.overwrite,
    )
    return TrainResult(saved, config.out, metrics, tuple(evaluations))


def read_pool(source: str) -> tuple[pa.ChunkedArray, list[str]]:
    """Return the texts of a pool, and where each is from.

    Parameters
    ----------
    source : str
        As `TrainConfig.pool`.

    Raises
    ------
    LabelsError
        If it has no column of texts.
    """
    table, name = read_table(source, [*TEXT_COLUMNS, *GROUP_COLUMNS, "url"])
    column = next((one for one in TEXT_COLUMNS if one in table.column_names), None)
    if column is None:
        raise LabelsError(f"{name} must have one of the columns {', '.join(TEXT_COLUMNS)}. It has none.")
    rows = table.drop_columns(column).to_pylist() if table.num_columns > 1 else [{}] * len(table)
    return table[column], [group_of(row, None, f"#{number}") for number, row in enumerate(rows)]


def _refuse_taken(config: TrainConfig) -> None:
    target = Path(config.out)
    taken = target.exists() and (not target.is_dir() or any(target.iterdir()))
    if taken and not (config.overwrite and (target / "scorer.json").exists()):
        raise SettingsError(
            f"A scorer must be saved to a new or empty folder. {config.out!r} is not. "
            "Choose another --out, or replace the scorer that is there with --overwrite."
        )


def _embedder(config: TrainConfig) -> Embedder | None:
    settings = config.embedder_settings
    if settings is None:
        return None
    from filtering.sentence_transformer import SentenceTransformerEmbedder

    return SentenceTransformerEmbedder(settings, config.placement)


def _options(config: TrainConfig) -> list[str]:
    """Return the options that decided the scorer and are not the defaults, as on the command line."""
    options = []
    for name in ("signals", "embedder", "head", "max_tokens", "prompt", "revision", "trust_remote_code"):
        value = getattr(config, name)
        if value != type(config).model_fields[name].default:
            options += [f"--{name.replace('_', '-')}"] + [str(value)] * (value is not True)
    return options


def _choose(
    data: FitData, asked: str, names: Sequence[Name], fit_of: Callable[[Name], Fit], reporter: Reporter
) -> tuple[Name, dict[str, Any]]:
    """Return the name of what is kept, and the figures of all that was compared."""
    figures = []
    for name in [one for one in names if asked in ("auto", one)]:
        reporter.say(f"Cross-validating {name!r} over five fold assignments ...")
        figures.append(nested_figures(data, name, fit_of(name)))
    kept = simplest_of_the_best(figures)
    compared = {one.name: one.summary() for one in figures}
    return next(name for name in names if name == kept), {"kept": kept, "compared": compared}


def _embedded(data: FitData, embedder: Embedder) -> tuple[FitData, dict[str, int]]:
    found = embedder.embed([window_text(text) for text in data.texts])
    tokens = {"tokens": int(found.tokens.sum()), "tokens_read": int(found.tokens_read.sum())}
    return replace(data, embeddings=found.vectors), tokens


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


def evaluate_scorer(
    scorer: str,
    labels: Any,  # noqa: ANN401 - a path, or an object of `datasets`
    *,
    effort: Effort = "fast",
    placement: Placement | None = None,
) -> Evaluation:
    """Judge a saved scorer by labels.

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

    Raises
    ------
    LabelsError
        If the labels cannot be used.
    """
    loaded = load_scorer(scorer, effort=effort, placement=placement or Placement())
    found = read_labels(labels)
    if read_metrics(scorer).get("labels_sha256") == labels_digest(found):
        both = loaded.full if isinstance(loaded, CascadeScorer) else loaded
        data, fits = refit(scorer, both, found)
        if not isinstance(loaded, CascadeScorer):
            return _nested_evaluation(data, fits[effort], found, effort)
        points = cascaded(loaded.exits, *(nested_points(data, fits[one]) for one in ("fast", "full")))
        return _evaluate(points, found, data.rows, effort, nested=True)
    scores = loaded.score(found.texts)
    good = np.flatnonzero(scores.reason == 0)
    return _evaluate(scores.value[good].astype(np.float64), found, good, effort, nested=False)


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
    recipe = metrics["signals"]["kept"]
    data = _fit_data(labels)
    fits: dict[Effort, Fit] = {"fast": signals_fit(recipe)}
    if isinstance(loaded, EmbeddingScorer):
        data, _ = _embedded(data, loaded.embedder)
        fits["full"] = head_fit(metrics["heads"]["kept"], recipe)
    return data, fits


def labels_digest(labels: Labels) -> str:
    """Return the sha256 of texts, scores and groups, in hexadecimal."""
    digest = hashlib.sha256()
    for text, score, group in zip(labels.texts.to_pylist(), labels.scores, labels.groups, strict=True):
        for value in (text, f"{score:g}", group):
            digest.update(value.encode("utf-8", errors="surrogatepass") + b"\0")
    return digest.hexdigest()


def _fit_data(labels: Labels) -> FitData:
    return read_fit_data(labels.texts, labels.scores, labels.groups, labels.unbiased)


def _nested_evaluation(data: FitData, fit: Fit, labels: Labels, effort: Effort) -> Evaluation:
    return _evaluate(nested_points(data, fit), labels, data.rows, effort, nested=True)


def _evaluate(
    points: NDArray[np.float64], labels: Labels, rows: NDArray[np.int64], effort: Effort, *, nested: bool
) -> Evaluation:
    """Judge the points of some rows of the labels."""
    scores, unbiased = labels.scores[rows], labels.unbiased[rows]
    groups = [labels.groups[int(row)] for row in rows]
    chosen = np.flatnonzero(unbiased)
    return Evaluation(
        effort=effort,
        nested=nested,
        rows=len(rows),
        groups=len(set(groups)),
        metrics=evaluate(points, scores, groups),
        unbiased_rows=len(chosen),
        unbiased_metrics=evaluate(points[chosen], scores[chosen], [groups[int(row)] for row in chosen]),
        predicted_keep_share=float((points[chosen] >= KEEP_AT).mean()),
        labelled_keep_share=float((scores[chosen] >= KEEP_AT).mean()),
        confusion=confusion(points, scores).tolist(),
        reliability=reliability(points[chosen], scores[chosen]),
        slices=_slices(
            points,
            scores,
            groups,
            {name: [values[int(row)] for row in rows] for name, values in labels.slices.items()},
        ),
    )


def _slices(
    points: NDArray[np.float64],
    scores: NDArray[np.float64],
    groups: Sequence[str],
    columns: Mapping[str, Sequence[str | None]],
) -> list[Slice]:
    found = []
    for column, values in columns.items():
        for value in sorted({one for one in values if one}):
            inside = np.flatnonzero([one == value for one in values])
            if len(inside) < SLICE_ROWS:
                continue
            metrics = evaluate(
                points[inside], scores[inside], [groups[int(row)] for row in inside], metrics=SLICE_METRICS
            )
            found.append(Slice(column, value, len(inside), metrics))
    # Those whose labels are all alike have no such figure, and stand last.
    return sorted(found, key=lambda one: float(np.nan_to_num(one.metrics["rho"].value, nan=np.inf)))
