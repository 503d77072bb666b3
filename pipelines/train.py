"""Makes and judges scorers: labels in, a scorer folder with its nested evaluation out."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from annotations import Labels, read_labels
from filtering import load_scorer, save_scorer
from filtering.errors import SettingsError
from filtering.fitting import (
    RECIPES,
    FitData,
    Recipe,
    RecipeFigures,
    choose_recipe,
    compare_recipes,
    fit_scorer,
    nested_points,
    read_fit_data,
)
from filtering.metrics import Estimate, confusion, evaluate
from filtering.scorers import SignalScorer
from filtering.storage import read_metrics
from pipelines.config import KEEP_AT, TrainConfig
from pipelines.model_card import model_card
from pipelines.progress import ConsoleReporter, Reporter


@dataclass(frozen=True)
class Evaluation:
    """How good scores are against labels.

    Parameters
    ----------
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
    """

    nested: bool
    rows: int
    groups: int
    metrics: Mapping[str, Estimate]
    unbiased_rows: int
    unbiased_metrics: Mapping[str, Estimate]
    predicted_keep_share: float
    labelled_keep_share: float
    confusion: Sequence[Sequence[int]]

    def as_dict(self) -> dict[str, Any]:
        """Return plain values, for JSON."""
        return asdict(self)


@dataclass(frozen=True)
class TrainResult:
    """A fitted scorer and how it was chosen.

    Parameters
    ----------
    scorer : SignalScorer
    out : str
        Its folder.
    recipe : str
        The recipe that was kept.
    figures : tuple of RecipeFigures
        Nested figures of each recipe that was compared.
    evaluation : Evaluation
        Nested: each document was scored by a model that saw nothing of its group's fold.
    """

    scorer: SignalScorer
    out: str
    recipe: Recipe
    figures: tuple[RecipeFigures, ...]
    evaluation: Evaluation


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
        If the output folder holds something else.
    MissingExtraError
        If the ``train`` extra is not installed.
    """
    reporter = reporter if reporter is not None else ConsoleReporter()
    target = Path(config.out)
    taken = target.exists() and (not target.is_dir() or any(target.iterdir()))
    if taken and not (config.overwrite and (target / "scorer.json").exists()):
        raise SettingsError(
            f"A scorer must be saved to a new or empty folder. {config.out!r} is not. "
            "Choose another --out, or replace the scorer that is there with --overwrite."
        )
    labels = read_labels(config.labels)
    data = _fit_data(labels)
    recipes: tuple[Recipe, ...] = RECIPES if config.head == "auto" else (config.head,)
    reporter.say(f"{len(data):,} labelled documents of {len(set(data.groups)):,} groups.")
    figures = []
    for recipe in recipes:
        reporter.say(f"Cross-validating {recipe!r} over five fold assignments ...")
        figures += compare_recipes(data, [recipe])
    recipe = choose_recipe(figures)
    reporter.say(f"Fitting {recipe!r} ...")
    evaluation = _evaluation(nested_points(data, recipe), data)
    metrics = {
        "labels_sha256": labels_digest(labels),
        "recipe": recipe,
        "recipes": {one.recipe: one.summary() for one in figures},
        "nested": evaluation.as_dict(),
    }
    metrics = _rounded(metrics)
    scorer = save_scorer(
        fit_scorer(data, recipe, config.domain),
        config.out,
        metrics=metrics,
        card=model_card(config.domain, recipe, figures, evaluation),
        overwrite=config.overwrite,
    )
    return TrainResult(scorer, config.out, recipe, tuple(figures), evaluation)


def evaluate_scorer(scorer: str, labels: str) -> Evaluation:
    """Judge a saved scorer by labels.

    On the very labels that it was fitted to its own scores would flatter it: there its recipe is judged
    by nested cross-validation, as `train_scorer` does.

    Parameters
    ----------
    scorer : str
        Name or folder.
    labels : str
        Parquet file in the label schema.

    Raises
    ------
    LabelsError
        If the labels cannot be used.
    """
    loaded = load_scorer(scorer)
    found = read_labels(labels)
    fitted = read_metrics(scorer)
    if fitted.get("labels_sha256") == labels_digest(found):
        data = _fit_data(found)
        return _evaluation(nested_points(data, fitted["recipe"]), data)
    scores = loaded.score(found.texts)
    good = np.flatnonzero(scores.reason == 0)
    points = scores.value[good].astype(np.float64)
    groups = [found.groups[row] for row in good]
    return _evaluate(points, found.scores[good], groups, found.unbiased[good], nested=False)


def labels_digest(labels: Labels) -> str:
    """Return the sha256 of texts, scores and groups, in hexadecimal."""
    digest = hashlib.sha256()
    for text, score, group in zip(labels.texts.to_pylist(), labels.scores, labels.groups, strict=True):
        for value in (text, f"{score:g}", group):
            digest.update(value.encode("utf-8", errors="surrogatepass") + b"\0")
    return digest.hexdigest()


def _fit_data(labels: Labels) -> FitData:
    return read_fit_data(labels.texts, labels.scores, labels.groups, labels.unbiased)


def _evaluation(points: NDArray[np.float64], data: FitData) -> Evaluation:
    return _evaluate(points, data.labels, data.groups, data.unbiased, nested=True)


def _evaluate(
    points: NDArray[np.float64],
    labels: NDArray[np.float64],
    groups: Sequence[str],
    unbiased: NDArray[np.bool_],
    *,
    nested: bool,
) -> Evaluation:
    chosen = np.flatnonzero(unbiased)
    return Evaluation(
        nested=nested,
        rows=len(labels),
        groups=len(set(groups)),
        metrics=evaluate(points, labels, groups),
        unbiased_rows=len(chosen),
        unbiased_metrics=evaluate(points[chosen], labels[chosen], [groups[int(row)] for row in chosen]),
        predicted_keep_share=float((points[chosen] >= KEEP_AT).mean()),
        labelled_keep_share=float((labels[chosen] >= KEEP_AT).mean()),
        confusion=confusion(points, labels).tolist(),
    )


def _rounded(value: Any) -> Any:  # noqa: ANN401 - any JSON value
    """Round floats: the last bits of a figure say nothing and differ between processors."""
    if isinstance(value, float):
        return round(value, 4)
    if isinstance(value, Mapping):
        return {key: _rounded(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_rounded(item) for item in value]
    return value
