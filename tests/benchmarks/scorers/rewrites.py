"""Prints what rewritten labels do to a scorer, by share of labels: nested figures, and what rewrites flip.

``python -m tests.benchmarks.scorers.rewrites ../shared web lightgbm 0 .333 .5``: recipe, then shares. A
minute for each share with 2,000 labels, ten with 8,000.
"""

import sys
from pathlib import Path

import numpy as np

from annotations import read_labels
from filtering.fitting import fit_data
from filtering.fitting.recipes import RECIPES, signals_fit
from filtering.judging.metrics import area_under_curve, rank_correlation
from pipelines.progress import ConsoleReporter
from pipelines.scorers.audit_points import audit_points
from pipelines.scorers.evaluate import fit_data_of
from pipelines.scorers.label_languages import with_one_language
from pipelines.scorers.train import nested


def main() -> None:
    """Print a line of figures and a table of effects for each share of rewritten labels."""
    shared, domain, recipe, *shares = sys.argv[1:]
    reporter = ConsoleReporter()
    labels = with_one_language(read_labels(str(Path(shared, "seed", f"{domain}.parquet"))), domain, reporter)
    kinds = np.array(next(iter(labels.slices.values())))
    fit = signals_fit(RECIPES[RECIPES.index(recipe)])  # type: ignore[arg-type]
    for share in shares:
        fit_data.REWRITTEN = float(share)
        data = fit_data_of(labels, domain)
        judged = nested(data, fit, labels, "fast", reporter)
        sys.stdout.write(f"\n{share} rewritten: {len(data.rewrites):,} beside {len(data):,} labels\n")
        is_main = kinds[data.rows] == ("en" if domain == "web" else "Python")
        for name, rows in (("main language", is_main), ("others", ~is_main)):
            rows = np.flatnonzero(rows & data.unbiased)
            points, scores = judged.points[rows], data.labels[rows]
            rho, auc = rank_correlation(points, scores), area_under_curve(points, scores)
            sys.stdout.write(f"{name:14} rho {rho:.3f} AUC {auc:.3f}\n")
        for one in audit_points(judged).effects:
            sys.stdout.write(f"{one.name:24} {one.rewritten:5} {one.flipped} {one.moved} {one.verdict}\n")


if __name__ == "__main__":
    main()
