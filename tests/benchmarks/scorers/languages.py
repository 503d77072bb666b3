"""Says how good the scorer of code is on each language, and on a language that it was never fitted to."""

import time
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from annotations import read_labels
from annotations.labels.code_languages import languages_of_texts, told_language
from filtering import load_scorer
from filtering.arrays import Rows
from filtering.fitting.cross_validation import Fit, Fitted, nested_raw
from filtering.fitting.fit_data import FitData
from filtering.judging.intervals import evaluate
from filtering.judging.kinds import LEAST_ROWS
from filtering.judging.metrics import area_under_curve, rank_correlation
from pipelines.dump.row_values.code_languages import CODE_LANGUAGE, with_code_languages
from pipelines.progress import ConsoleReporter
from pipelines.scorers.evaluate import refit

TEXTS = 1000
FIGURES = {"rho": rank_correlation, "auc": area_under_curve}


def languages_section(shared: Path) -> list[str]:
    """Return quality by code language, with it in training and without, and how well languages are told."""
    scorer = load_scorer("code", effort="full")
    labels = with_code_languages(read_labels(str(shared / "seed/code.parquet")), "code", ConsoleReporter())
    data, fits = refit("code", scorer, labels, ConsoleReporter())
    languages = np.array([labels.slices[CODE_LANGUAGE][row] for row in data.rows])
    lines = [
        "## Code by language, and by languages that are left out",
        "",
        f"Languages with {LEAST_ROWS} labels or more, nested by repository over the first fold assignment. "
        "Intervals are of 95 %, of a bootstrap over repositories; those of few repositories are too narrow. "
        "`without it` means "
        "fitted to the same folds without the files of the language. Values are raw, before calibration.",
        "",
    ]
    with threadpool_limits(1):  # threads of matrix products get into each other's way in so small ones
        for effort, fit in fits.items():
            lines += _table(effort, data, languages, fit)
    return [*lines, *_told(shared), ""]


def _table(effort: str, data: FitData, languages: NDArray[np.str_], fit: Fit) -> list[str]:
    inside = nested_raw(data, fit, assignment=0)
    lines = [
        f"| effort `{effort}` | labels | repositories | rho | AUC at 3 | rho without it | AUC without it | "
        "change of rho |",
        "| --- | --- | --- | --- | --- | --- | --- | --- |",
        _row("all", data, np.arange(len(data)), inside, None),
    ]
    names, counts = np.unique(languages, return_counts=True)
    for name in names[np.argsort(-counts, kind="stable")][: (counts >= LEAST_ROWS).sum()]:
        outside = nested_raw(data, without(languages == name, fit), assignment=0)
        lines.append(_row(str(name), data, np.flatnonzero(languages == name), inside, outside))
    return [*lines, ""]


def without(left_out: NDArray[np.bool_], fit: Fit) -> Fit:
    """Return what fits likewise, but to none of some rows."""

    def fit_others(data: FitData, rows: Rows, *, held_out: bool = False) -> Fitted:
        return fit(data, rows[~left_out[rows]], held_out=held_out)

    return fit_others


def _row(
    name: str, data: FitData, rows: Rows, inside: NDArray[np.float64], outside: NDArray[np.float64] | None
) -> str:
    labels, groups = data.labels[rows], [data.groups[row] for row in rows]
    cells = list(evaluate(inside[rows], labels, groups, metrics=FIGURES).values())
    if outside is not None:
        cells += evaluate(outside[rows], labels, groups, metrics=FIGURES).values()
        both = np.stack([inside[rows], outside[rows]], axis=1)
        cells += evaluate(both, labels, groups, metrics={"change": _change}).values()
    shown = [*map(str, cells), *[""] * (5 - len(cells))]
    return f"| {name} | {len(rows):,} | {len(set(groups))} | {' | '.join(shown)} |"


def _change(both: NDArray[np.float64], labels: NDArray[np.float64]) -> float:
    return rank_correlation(both[:, 1], labels) - rank_correlation(both[:, 0], labels)


def _told(shared: Path) -> list[str]:
    """Return how often path and text tell the language that the pool names, and how fast."""
    table = pq.read_table(shared / "pool/code.parquet", columns=["text", "lang", "path"])
    texts = [text.encode() for text in table["text"].to_pylist()]
    named = table["lang"].to_pylist()
    started_s = time.perf_counter()
    paths = table["path"].to_pylist()
    by_path = [told_language(None, path, text) for path, text in zip(paths, texts, strict=True)]
    path_s = time.perf_counter() - started_s
    some = np.linspace(0, len(texts) - 1, TEXTS).astype(int)
    started_s = time.perf_counter()
    by_text = languages_of_texts([texts[at] for at in some])
    text_s = time.perf_counter() - started_s
    agreed_by_path = np.mean([one == name for one, name in zip(by_path, named, strict=True)])
    agreed_by_text = np.mean([one == named[at] for one, at in zip(by_text, some, strict=True)])
    return [
        "How well the language of a file of the code pool is found, if the dump does not name it:",
        "",
        "| by | files | as the pool names it | files/s |",
        "| --- | --- | --- | --- |",
        f"| path | {len(texts):,} | {100 * agreed_by_path:.1f} % | {len(texts) / path_s:,.0f} |",
        f"| text (magika, its start-up included) | {TEXTS:,} | {100 * agreed_by_text:.1f} % | "
        f"{TEXTS / text_s:,.0f} |",
    ]
