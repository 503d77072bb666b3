"""Says how good the shipped scorers are where aims were set.

`python -m tests.benchmarks.scorers.aims ../shared` prints a table. Points are by models that had not seen a
document's group, as they are saved with the scorers.
"""

import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
from numpy.typing import NDArray

from filtering.arrays import AnyFloats, Floats
from filtering.judging.metrics import area_under_curve, rank_correlation, recall_at
from filtering.rubric_points import KEEP_AT
from pipelines.scorers.evaluate import points_of_labels

AIMED_PRECISION = {"other languages": 0.78}
"""Of kinds whose aim was another precision than .80."""
FIRST_ROUND = 2
"""Labels of this round are those of the first scorers."""
LEAST_ROWS, LEAST_GOOD = 40, 3
LANGUAGES = {"web": "language", "code": "lang"}


def lines(shared: Path) -> Iterator[str]:
    """Yield a table of figures by scorer and kind of documents."""
    yield "| scorer | documents | n | rho | AUC | recall, at precision |"
    yield "| --- | --- | --- | --- | --- | --- |"
    lowest = []
    for domain, language_column in LANGUAGES.items():
        path = shared / f"seed/{domain}.parquet"
        table = pq.read_table(path, columns=["score", "picked", "round", language_column])
        for effort in ("fast", "full"):
            judged = points_of_labels(domain, str(path), effort=effort)
            rows = table.take(judged.rows)
            points, labels = judged.points, rows["score"].to_numpy().astype(np.float64)
            languages = rows[language_column].fill_null("").to_numpy(zero_copy_only=False)
            unbiased = rows["picked"].to_numpy(zero_copy_only=False) != "uncertain-or-high"
            kinds = {"drawn without looking at scores": unbiased}
            if domain == "web":
                kinds["English"] = unbiased & (languages == "en")
                kinds["other languages"] = unbiased & (languages != "en")
            kinds["labels of the first scorers"] = rows["round"].to_numpy() == FIRST_ROUND
            for kind, chosen in kinds.items():
                figures = _figures(points[chosen], labels[chosen], AIMED_PRECISION.get(kind, 0.8))
                yield f"| {domain}, `{effort}` | {kind} | {chosen.sum():,} | {figures} |"
            recalls = _lowest(points, labels, np.where(unbiased, languages, ""))
            lowest.append(f"{domain}, {effort}, lowest recall at {KEEP_AT:g} of a language: {recalls}")
    yield from ("", *lowest)


def _figures(points: Floats, labels: AnyFloats, precision: float) -> str:
    """Return rho, AUC, and the largest recall whose precision is as wanted."""
    found = np.cumsum(labels[np.argsort(-points, kind="stable")] >= KEEP_AT)
    enough = np.flatnonzero(found / np.arange(1, len(found) + 1) >= precision)
    recall = found[enough[-1]] / found[-1] if len(enough) else 0.0
    order, curve = rank_correlation(points, labels), area_under_curve(points, labels)
    return f"{order:.3f} | {curve:.3f} | {recall:.2f} at {precision:.2f}"


def _lowest(points: Floats, labels: AnyFloats, languages: NDArray[np.str_]) -> str:
    """Return the three languages of lowest recall, of those with enough labels."""
    recalls = {}
    for language in set(languages.tolist()) - {""}:
        inside = languages == language
        if inside.sum() >= LEAST_ROWS and (labels[inside] >= KEEP_AT).sum() >= LEAST_GOOD:
            recalls[language] = recall_at(points[inside], labels[inside])
    lowest = sorted(recalls, key=recalls.__getitem__)[:3]
    return ", ".join(f"{language} {recalls[language]:.2f}" for language in lowest)


if __name__ == "__main__":
    for line in lines(Path(sys.argv[1])):
        sys.stdout.write(f"{line}\n")
