"""What tests of filtering share: made-up labelled documents, scorers fitted to them, fresh interpreters."""

import os
import subprocess
import sys
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from filtering.fitting.cross_validation import Fit, nested_raw
from filtering.fitting.fit_data import FitData, read_fit_data
from filtering.fitting.fit_heads import fit_stage
from filtering.fitting.recipes import fit_signals
from filtering.judging.metrics import rank_correlation
from filtering.judging.rewrites import rewrites_of
from filtering.scoring.scorers import EmbeddingScorer, SignalScorer
from filtering.text.windows import window_text
from tests.kit.places import ROOT
from tests.kit.scripted.fakes import HashingEmbedder

SEED = ROOT.parent / "shared" / "seed"

COMMON = "table river green seven window paper house garden stone water light road city number day".split()
TEACHING = "explain because example therefore consider means lesson proof understand step".split()
SELLING = "buy cheap offer cart shipping deal discount click subscribe coupon".split()

EMBEDDER = HashingEmbedder(width=256)
"""Wide enough that hardly any two of the words above share a number."""


def require_seed(domain: str) -> Path:
    """Return the seed labels of a domain, or skip the test where they are not."""
    path = SEED / f"{domain}.parquet"
    if not path.exists():
        pytest.skip(f"no seed labels at {path}")
    return path


def made_documents(rows: int, *, seed: int = 0) -> tuple[list[str], np.ndarray, list[str]]:
    """Return texts, labels from 0 to 5 and groups; words and the shape of lines drive the label."""
    rng = np.random.default_rng(seed)
    texts, labels = [], []
    for quality in rng.beta(1.2, 1.6, size=rows):
        label = int(np.clip(np.round(5 * quality + rng.normal(0, 0.4)), 0, 5))
        words = []
        for _ in range(int(rng.integers(40, 160))):
            pick = rng.random()
            kind = COMMON if pick > 0.3 else TEACHING if rng.random() < quality else SELLING
            words.append(kind[rng.integers(len(kind))])
        for at in range(9, len(words), 10):
            words[at] += ". " if rng.random() < quality else " |\n"
        texts.append(" ".join(words))
        labels.append(label)
    groups = [f"site-{number}.org" for number in rng.integers(0, rows // 5, size=rows)]
    return texts, np.array(labels, dtype=np.float64), groups


@cache
def made_data(rows: int = 500, seed: int = 0) -> FitData:
    """Return made-up documents as numbers."""
    texts, labels, groups = made_documents(rows, seed=seed)
    return read_fit_data(texts, labels, groups, np.ones(rows, dtype=bool))


@cache
def embedded_data(rows: int = 250, seed: int = 0) -> FitData:
    """Return made-up documents as numbers, with their embeddings."""
    data = made_data(rows, seed)
    return replace(data, embeddings=EMBEDDER.embed([window_text(text) for text in data.texts]).vectors)


class Recorded:
    """Notes which rows it was fitted to, and predicts the numbers of the rows it is asked for."""

    held_out = None

    def __init__(self) -> None:
        self.fitted: list[list[int]] = []

    def __call__(self, data, rows, *, held_out=False):
        self.fitted.append(rows.tolist())
        return self

    def predict(self, data, rows):
        return rows.astype(np.float64)


@cache
def seed_data(domain: str, *, every: int = 1, rewritten: bool = False) -> FitData:
    """Return the seed labels of a domain, or each so-manieth, as numbers; none is a near-duplicate."""
    table = pq.read_table(require_seed(domain), columns=["text", "score", "group", "picked"])
    table = table.take(np.arange(0, len(table), every))
    picked = table["picked"].to_pylist()
    return read_fit_data(
        table["text"],
        table["score"].to_numpy().astype(np.float64),
        table["group"].to_pylist(),
        np.array([pick in ("random", "stratified") for pick in picked]),
        clusters=np.arange(len(table)),
        rewrites=rewrites_of(is_code=domain == "code") if rewritten else (),
    )


@cache
def made_scorer(recipe: str = "linear") -> SignalScorer:
    """Return a scorer fitted to made-up documents."""
    return fit_signals(made_data(), recipe, "web")


@cache
def made_embedding_scorer(head: str, recipe: str = "linear") -> EmbeddingScorer:
    """Return a scorer of two stages fitted to made-up documents."""
    data = embedded_data()
    return EmbeddingScorer(
        fit_signals(data, recipe, "web"), fit_stage(data, head, recipe, EMBEDDER.settings), EMBEDDER
    )


def run_python(code: str, *arguments: object, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run code in a fresh interpreter, below the root of the repository; show what it said if it failed."""
    done = subprocess.run(
        [sys.executable, "-c", code, *map(str, arguments)],
        env={**os.environ, **environment},
        cwd=environment.get("PYTHONPATH", ROOT),
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    return done


def shuffled(data, *, seed):
    """Return the same documents with their labels in another order: what no scorer can predict."""
    order = np.random.default_rng(seed).permutation(len(data))
    return replace(data, labels=data.labels[order])


def nested_rho(data: FitData, fit: Fit, assignment: int = 0) -> float:
    """Return the nested rank correlation of a way of fitting in one fold assignment."""
    return rank_correlation(nested_raw(data, fit, assignment=assignment), data.labels)
