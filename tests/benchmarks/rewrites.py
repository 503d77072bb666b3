"""Prints what rewrites of documents as additional rows, with the same label in the same fold, do to a fit.

``python tests/benchmarks/rewrites.py ../shared web [ROWS]``. Signals are fitted to three folds of the groups,
calibrated on the fourth and judged on the fifth: on its documents, and on each rewrite of these.
"""

import sys
from collections.abc import Iterator
from pathlib import Path
from random import Random

import numpy as np

from annotations import Labels, read_labels
from filtering.arrays import Rows
from filtering.fitting.cross_validation import FoldFit, fit_calibration
from filtering.fitting.fit_data import FitData, read_fit_data
from filtering.fitting.recipes import fit_model
from filtering.folds import fold_assignment
from filtering.judging.audit import POOR_BELOW, AuditedDocuments, audit
from filtering.judging.metrics import area_under_curve, f1_at, rank_correlation
from filtering.judging.rewrites import Rewrite, rewrites_of
from filtering.rubric_points import KEEP_AT
from filtering.text.windows import REACH, cut_window

RECIPE = "characters"
ADDED = (0, 1, 3)
"""Harmless rewrites of each document that are added, drawn by lot."""


def main() -> None:
    """Print quality and effects by the number of rewrites that were added."""
    shared, domain, *rows = sys.argv[1:]
    labels = read_labels(str(Path(shared, "seed", f"{domain}.parquet")))
    drawn = np.random.default_rng(0).permutation(len(labels))[: int(rows[0]) if rows else None]
    folds = fold_assignment(labels.groups, 0)
    test, calibrating, fitting = (drawn[inside[drawn]] for inside in (folds == 0, folds == 1, folds > 1))
    rewrites = rewrites_of(is_code=domain == "code")
    judged = _data(labels, test, [_text(labels, row) for row in test])
    for added in ADDED:
        texts, of = zip(*_with_rewrites(labels, fitting, rewrites, added), strict=True)
        data = _data(labels, np.array(of), texts)
        model = fit_model(data, np.arange(len(data)), RECIPE)
        held = _data(labels, calibrating, [_text(labels, row) for row in calibrating])
        raw = model.predict(held, np.arange(len(held)))
        fold = FoldFit(test, model, fit_calibration(raw[held.unbiased], held.labels[held.unbiased]))
        _print(added, fold, judged, rewrites)


def _print(added: int, fold: FoldFit, judged: FitData, rewrites: tuple[Rewrite, ...]) -> None:
    points = fold.points(judged, np.arange(len(judged)))
    figures = (measure(points, judged.labels) for measure in (rank_correlation, area_under_curve, f1_at))
    sys.stdout.write(f"\n{added} added: rho, AUC, F1 {' '.join(f'{one:.4f}' for one in figures)}\n")
    unbiased = np.flatnonzero(judged.unbiased)
    texts = [text.decode() for text in judged.texts]
    documents = AuditedDocuments(texts, points, judged.labels, judged.groups).at(unbiased)

    def score(rewritten: list[str], places: Rows) -> np.ndarray:
        number = len(rewritten)
        data = read_fit_data(
            rewritten, np.zeros(number), [""] * number, np.ones(number, bool), clusters=np.arange(number)
        )
        found = np.full(number, np.nan)
        found[data.rows] = fold.points(data, np.arange(len(data)))
        return found

    for one in audit(documents, rewrites, score, keep_at=KEEP_AT):
        sys.stdout.write(f"{one.name:24} {one.rewritten:5} {one.flipped} {one.moved} {one.verdict}\n")


def _with_rewrites(
    labels: Labels, rows: Rows, rewrites: tuple[Rewrite, ...], added: int
) -> Iterator[tuple[str, int]]:
    """Yield documents and their rewrites, with the label that each is of; words go to poor ones alone."""
    for row in rows.tolist():
        text = _text(labels, row)
        yield text, row
        harmless = [one for one in rewrites if one.kind == "harmless"]
        Random(row).shuffle(harmless)
        found = filter(None, (one.rewrite(text) for one in harmless))
        yield from ((one, row) for one, _ in zip(found, range(added), strict=False))
        if added and labels.scores[row] < POOR_BELOW:
            words = next(one for one in rewrites if one.kind == "appended").rewrite(text)
            if words is not None:
                yield words, row


def _text(labels: Labels, row: int) -> str:
    return cut_window(str(labels.texts[int(row)]), REACH)


def _data(labels: Labels, rows: Rows, texts: list[str] | tuple[str, ...]) -> FitData:
    """Return texts as numbers, with the labels of some rows: those that they are of."""
    groups = [labels.groups[int(row)] for row in rows]
    return read_fit_data(texts, labels.scores[rows], groups, labels.unbiased[rows], clusters=rows)


if __name__ == "__main__":
    main()
