"""Says what a frozen embedder is worth on the seed labels: alone, beside the signals, and how fast it is.

``python -m tests.benchmarks.scorers.embedders --model intfloat/e5-small-v2`` prints one row of the table in
docs/how-to/scorer.md. A model of the hub is fetched. One that brings code of its own is refused.
"""

import argparse
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from annotations import Labels, read_labels
from filtering.embedding.embedders import text_for
from filtering.embedding.sentence_transformer import SentenceTransformerEmbedder
from filtering.embedding.settings import DEFAULT_EMBEDDER, MAX_TOKENS, EmbedderSettings, Placement
from filtering.fitting.cross_validation import Fit, nested_raw
from filtering.fitting.fit_data import FitData, read_fit_data
from filtering.fitting.fit_heads import head_fit
from filtering.fitting.recipes import signals_fit
from filtering.judging.intervals import Estimate, evaluate
from filtering.judging.metrics import area_under_curve, rank_correlation

FIGURES = {"rho": rank_correlation, "auc": area_under_curve}
RECIPE = "characters"
FITS: dict[str, Fit] = {
    "alone": head_fit("ridge", RECIPE),
    "signals": signals_fit(RECIPE),
    "both": head_fit("joint", RECIPE),
}
COLUMNS = (
    "model", "labels", "tokens", "documents", "a CPU second", "alone: rho", "alone: AUC", "signals: rho",
    "signals: AUC", "both: rho", "both: AUC", "what it adds to rho",
)  # fmt: skip


def main() -> None:
    """Print the head of the table and the row of a model."""
    given = _arguments()
    labels = read_labels(str(given.shared / f"seed/{given.labels}.parquet"))
    drawn = np.random.default_rng(0).permutation(len(labels.scores))[: given.documents or None]
    settings = EmbedderSettings(given.model, max_tokens=given.tokens)
    data, rate = _embedded(_fit_data(labels, drawn), settings, given.threads)
    told = [given.model, given.labels, given.tokens, f"{len(data):,}", f"{rate:.1f}", *_figures(data)]
    rows = [COLUMNS, ["---"] * len(COLUMNS), told]
    sys.stdout.write("".join(f"| {' | '.join(map(str, row))} |\n" for row in rows))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", default=DEFAULT_EMBEDDER, help="A folder, or a name of the hub.")
    parser.add_argument("--labels", choices=("web", "code"), default="web")
    parser.add_argument("--tokens", type=int, default=MAX_TOKENS, help="Tokens that are read of a document.")
    parser.add_argument("--documents", type=int, default=0, help="Draw so many labels. Default: all.")
    parser.add_argument("--threads", type=int, help="Threads that embed. Default: as many as there are CPUs.")
    parser.add_argument("--shared", type=Path, default=Path("../shared"))
    return parser.parse_args()


def _fit_data(labels: Labels, rows: NDArray[np.int64]) -> FitData:
    groups = [labels.groups[row] for row in rows]
    return read_fit_data(labels.texts.take(rows), labels.scores[rows], groups, labels.unbiased[rows])


def _embedded(data: FitData, settings: EmbedderSettings, threads: int | None) -> tuple[FitData, float]:
    """Return the documents with embeddings, and how many a CPU second took, tokenising included."""
    embedder = SentenceTransformerEmbedder(settings, Placement(threads=threads, allow_download=True))
    texts = [text_for(embedder.settings, text) for text in data.texts]
    started_s = time.process_time()
    vectors = embedder.embed(texts).vectors
    return replace(data, embeddings=vectors), len(texts) / (time.process_time() - started_s)


def _figures(data: FitData) -> list[Estimate]:
    """Return nested figures of each fit over the first assignment of folds, and what the embedder adds."""
    values = {name: nested_raw(data, fit, assignment=0) for name, fit in FITS.items()}
    found = [
        one
        for raw in values.values()
        for one in evaluate(raw, data.labels, data.groups, metrics=FIGURES).values()
    ]
    both = np.stack([values["signals"], values["both"]], axis=1)
    return [*found, *evaluate(both, data.labels, data.groups, metrics={"added": _added}).values()]


def _added(both: NDArray[np.float64], labels: NDArray[np.float64]) -> float:
    return rank_correlation(both[:, 1], labels) - rank_correlation(both[:, 0], labels)


if __name__ == "__main__":
    main()
