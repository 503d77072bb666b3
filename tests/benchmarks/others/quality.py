"""Says how good each way to filter is: nested on the seed labels by group, over several fold assignments."""

from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from annotations import Labels
from filtering import EmbeddingScorer
from filtering.arrays import Rows
from filtering.fitting.cross_validation import Fit, Fitted, calibrate, nested_raw
from filtering.fitting.fit_data import FitData
from filtering.fitting.fit_heads import head_fit
from filtering.folds import fold_assignment
from filtering.judging.metrics import area_under_curve, f1_at, rank_correlation
from filtering.scoring.calibration import Calibration
from filtering.scoring.cascade import cascaded
from filtering.scoring.cascade_exits import Exits
from filtering.scoring.scorer_files import read_metrics
from pipelines.progress import ConsoleReporter
from pipelines.scorers.evaluate import refit

KEEP_AT = 3.0


@dataclass(frozen=True)
class Quality:
    """Rank correlation, area under the curve at 3 and F1 at 3, by fold assignment."""

    rho: tuple[float, ...]
    auc: tuple[float, ...]
    f1: tuple[float, ...]

    def cells(self) -> str:
        """Return mean and spread of each, as cells of a table."""
        return " | ".join(
            f"{np.mean(one):.3f}" + (f" ± {np.std(one, ddof=1):.3f}" if len(one) > 1 else "")
            for one in (self.rho, self.auc, self.f1)
        )


@dataclass(frozen=True)
class Calibrated:
    """What was fitted to some rows, with a calibration to rubric points out of folds of the same rows."""

    fitted: Fitted
    calibration: Calibration
    held_out: None = None

    def predict(self, data: FitData, rows: Rows) -> NDArray[np.float64]:
        """Return rubric points of some rows."""
        return self.calibration.apply(self.fitted.predict(data, rows)).astype(np.float64)


def fit_calibrated(data: FitData, rows: Rows, fit: Fit, *, held_out: bool = False) -> Calibrated:
    """Fit to some rows, and a calibration to values out of folds of them."""
    fitted = fit(data, rows, held_out=True)
    return Calibrated(fitted, calibrate(data, rows, fitted))


def own_quality(
    name: str, scorer: EmbeddingScorer, labels: Labels, exits: dict[str, Exits], assignments: int
) -> dict[str, Quality]:
    """Return the quality of each effort, and of the embedding with a ridge head."""
    with threadpool_limits(1):  # threads of matrix products get into each other's way in so small ones
        return _own_quality(name, scorer, labels, exits, assignments)


def _own_quality(
    name: str, scorer: EmbeddingScorer, labels: Labels, exits: dict[str, Exits], assignments: int
) -> dict[str, Quality]:
    data, fits = refit(name, scorer, labels, ConsoleReporter())
    ways = {**fits, "ridge": head_fit("ridge", read_metrics(name)["signals"]["kept"])}
    points = {
        way: [
            nested_raw(data, partial(fit_calibrated, fit=fit), assignment=number)
            for number in range(assignments)
        ]
        for way, fit in ways.items()
    }
    for way, one in exits.items():
        pairs = zip(points["fast"], points["full"], strict=True)
        points[way] = [cascaded(one, fast, full) for fast, full in pairs]
    return {
        way: quality_of(found, [one >= KEEP_AT for one in found], data.labels)
        for way, found in points.items()
    }


def write_seed(data: FitData, path: Path, assignments: int) -> None:
    """Write labels with the same folds, for programs in another environment."""
    folds = {f"fold_{number}": fold_assignment(data.groups, number) for number in range(assignments)}
    texts = pa.array(data.texts, pa.large_binary()).cast(pa.large_string())
    columns = {"text": texts, "score": data.labels, "inner": fold_assignment(data.groups, "inner"), **folds}
    pq.write_table(pa.table(columns), path)


def others_quality(verdicts: Path, labels: NDArray[np.float64], assignments: int) -> dict[str, Quality]:
    """Return the quality of programs in another environment, from what they said of the labels."""
    table, found = pq.read_table(verdicts), {}
    for name in ("fasttext", "model2vec"):
        values = [table[f"{name}_fold_{number}"].to_numpy() for number in range(assignments)]
        found[name] = quality_of(values, [table[f"{name}_kept"].to_numpy()], labels)
    return found


def quality_of(
    values: list[NDArray[np.float64]], kept: list[NDArray[np.bool_]], labels: NDArray[np.float64]
) -> Quality:
    """Return the quality of values and of decisions, each of one fold assignment."""
    return Quality(
        rho=tuple(rank_correlation(one, labels) for one in values),
        auc=tuple(area_under_curve(one, labels, KEEP_AT) for one in values),
        f1=tuple(f1_at(KEEP_AT * one, labels, KEEP_AT) for one in kept),
    )
