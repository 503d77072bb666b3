"""Prints what a calibration of its own for each code language would bring: why there is none.

``python -m tests.benchmarks.scorers.language_shift ../shared``. Nested by repository, three fold assignments:
points of a language are shifted by what its n training rows say, times n / (n + k).
"""

import sys
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from annotations import read_labels
from filtering import load_scorer
from filtering.fitting.cross_validation import Fit, calibrate
from filtering.fitting.fit_data import FitData
from filtering.folds import FOLDS, fold_assignment
from filtering.judging.kinds import LEAST_ROWS
from filtering.judging.metrics import area_under_curve, f1_at, rank_correlation
from pipelines.dump.row_values.code_languages import CODE_LANGUAGE, with_code_languages
from pipelines.progress import ConsoleReporter
from pipelines.scorers.evaluate import refit

KEEP_AT = 3.0
ASSIGNMENTS = 3
SHRINKAGES = (np.inf, 200.0, 50.0, 20.0, 0.0)
"""Values of k; without an end nothing is shifted."""
LARGEST_SHIFT = 1.0
HEAD = "k | rho | AUC at 3 | F1 at 3 | mean error by language | error of the kept share by language"

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Fold:
    """Points of one fold, and out-of-fold points of the rows that these were fitted to."""

    test: NDArray[np.int64]
    points: Floats
    train: NDArray[np.int64]
    train_points: Floats


def main() -> None:
    """Print a table for each effort."""
    labels = read_labels(f"{sys.argv[1]}/seed/code.parquet")
    labels = with_code_languages(labels, "code", ConsoleReporter())
    data, fits = refit("code", load_scorer("code", effort="full"), labels, ConsoleReporter())
    languages = np.array([labels.slices[CODE_LANGUAGE][row] for row in data.rows])
    for effort, fit in fits.items():
        with threadpool_limits(1):
            folds = [folds_of(data, fit, number) for number in range(ASSIGNMENTS)]
        lines = ["", f"| effort `{effort}`, shifted by | {HEAD} |", 7 * "| --- " + "|"]
        for what, shift in (("mean error", mean_error), ("kept share", kept_share)):
            for k in SHRINKAGES:
                found = [figures(shifted(data, languages, one, shift, k), data, languages) for one in folds]
                means, spread = np.mean(found, axis=0), np.std(found, axis=0, ddof=1)
                cells = " | ".join(f"{mean:.4f} ± {one:.4f}" for mean, one in zip(means, spread, strict=True))
                lines.append(f"| {what} | {k:g} | {cells} |")
        sys.stdout.write("\n".join(lines) + "\n")


def folds_of(data: FitData, fit: Fit, assignment: int) -> list[Fold]:
    """Return the points of each fold of an assignment, fitted and calibrated without it."""
    numbers, found = fold_assignment(data.groups, assignment), []
    for fold in range(FOLDS):
        train, test = np.flatnonzero(numbers != fold), np.flatnonzero(numbers == fold)
        fitted = fit(data, train, held_out=True)
        calibration = calibrate(data, train, fitted)
        points = calibration.apply(fitted.predict(data, test)).astype(np.float64)
        found.append(Fold(test, points, train, calibration.apply(fitted.held_out).astype(np.float64)))
    return found


def mean_error(points: Floats, labels: Floats, all_points: Floats, all_labels: Floats) -> float:
    """Return how much lower points lie than labels, beside how much they do so for all languages."""
    return float((labels - points).mean() - (all_labels - all_points).mean())


def kept_share(points: Floats, labels: Floats, all_points: Floats, all_labels: Floats) -> float:
    """Return the shift with which as many points as labels reach the cut."""
    return KEEP_AT - float(np.quantile(points, 1 - (labels >= KEEP_AT).mean()))


def shifted(data: FitData, languages: NDArray[np.str_], folds: list[Fold], shift, k: float) -> Floats:
    """Return the points of all rows, each language shifted by what it is off in training."""
    points = np.empty(len(data))
    for fold in folds:
        unbiased = data.unbiased[fold.train]
        rows, before = fold.train[unbiased], fold.train_points[unbiased]
        points[fold.test] = fold.points
        for language in np.unique(languages[rows]) if np.isfinite(k) else ():
            own = languages[rows] == language
            amount = shift(before[own], data.labels[rows][own], before, data.labels[rows])
            amount = np.clip(amount, -LARGEST_SHIFT, LARGEST_SHIFT) * own.sum() / (own.sum() + k)
            points[fold.test[languages[fold.test] == language]] += amount
    return np.clip(points, 0, 5)


def figures(points: Floats, data: FitData, languages: NDArray[np.str_]) -> list[float]:
    """Return what the table shows of some points: over all rows, then means over the larger languages."""
    labels, unbiased = data.labels, data.unbiased
    pooled = (points[unbiased] - labels[unbiased]).mean()
    names, counts = np.unique(languages, return_counts=True)
    own = [unbiased & (languages == name) for name in names[counts >= LEAST_ROWS]]
    errors = [abs((points[rows] - labels[rows]).mean() - pooled) for rows in own]
    shares = [abs((points[rows] >= KEEP_AT).mean() - (labels[rows] >= KEEP_AT).mean()) for rows in own]
    return [
        rank_correlation(points, labels),
        area_under_curve(points, labels, KEEP_AT),
        f1_at(points, labels, KEEP_AT),
        float(np.mean(errors)),
        float(np.mean(shares)),
    ]


if __name__ == "__main__":
    main()
