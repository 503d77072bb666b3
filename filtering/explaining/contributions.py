"""What each n-gram and each statistic of a document adds to its raw value, by the signals.

raw(document) = start + sum over n-grams + sum over statistics + trees

- The start is the bias, and what the vector of a document without n-grams scores.
- An n-gram adds by the weight of its cell, and by what the cell moves the vector. N-grams of a document that
  share a cell share what it adds by their counts.
- The score of the vector is no sum over cells. It is divided among them along the straight line from no
  n-grams to those of the document: each cell has its part of the vector times the mean slope on that line
  (Aumann and Shapley 1974; Sundararajan et al. 2017). These parts add up to what the vector scores.
- Of a scorer with trees, each statistic also has its share of their sum: what the nodes that look at it
  change (`filtering.signals.trees`). What they make of the linear value stands by itself.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from filtering.arrays import Floats, Floats32
from filtering.explaining.ngrams import CharacterNgrams, WordNgrams, read_character_ngrams, read_word_ngrams
from filtering.scoring.scorers import SignalScorer
from filtering.signals.linear import LinearSignals
from filtering.signals.ngram_cells import CELLS, LOG_COUNTS, VECTOR_WIDTH
from filtering.signals.read_signals import Signals
from filtering.signals.trees import FEATURES
from filtering.signals.vectors import Vectors

NODES, NODE_WEIGHTS = np.polynomial.legendre.leggauss(24)
"""Gauss-Legendre on [-1, 1]: the mean slope of bumps comes out to about ten digits."""

Ngrams: TypeAlias = WordNgrams | CharacterNgrams


def start_of(linear: LinearSignals) -> float:
    """Return the raw value, without statistics, of a document without n-grams."""
    _, squares, weights, gamma = linear.vectors.bumps
    return linear.bias + float(weights @ np.exp(-gamma * squares))


def ngram_values(linear: LinearSignals, document: bytes) -> Iterator[tuple[Ngrams, Floats]]:
    """Yield the n-grams of a document that can be scored, by table, and what each adds to the raw value.

    With `start_of` they make the raw value less what statistics add.

    Parameters
    ----------
    linear : LinearSignals
    document : bytes
        UTF-8.

    Yields
    ------
    WordNgrams or CharacterNgrams
    float64 array, shape (n,)
        In their order.
    """
    vectors = linear.vectors
    rows = vectors.table if len(vectors.table) else np.zeros((2 * CELLS, VECTOR_WIDTH), np.int8)
    tables = [_Table.of(read_word_ngrams(document), linear.word_weights, rows[:CELLS])]
    if len(linear.character_weights):
        tables.append(_Table.of(read_character_ngrams(document), linear.character_weights, rows[CELLS:]))
    vector = np.sum([table.shares @ table.moves for table in tables], axis=0) * vectors.scales
    slopes = mean_slopes(vectors, vector) * vectors.scales
    for table in tables:
        yield table.ngrams, table.shares * (table.weights + table.moves @ slopes)


@dataclass(frozen=True)
class _Table:
    """What a document has of one n-gram table: arrays in the order of its n-grams.

    Parameters
    ----------
    ngrams : WordNgrams or CharacterNgrams
    shares : float64 array, shape (n,)
        Of the normalised counts.
    weights : float32 array, shape (n,)
        Of their cells.
    moves : float64 array, shape (n, VECTOR_WIDTH)
        What their cells move the vector, in its integers.
    """

    ngrams: Ngrams
    shares: Floats
    weights: Floats32
    moves: Floats

    @classmethod
    def of(cls, ngrams: Ngrams, weights: Floats32, rows: NDArray[np.int8]) -> "_Table":
        moves = rows[ngrams.cells].astype(np.float64)
        return cls(ngrams, ngram_shares(ngrams), weights[ngrams.cells], moves)


def mean_slopes(vectors: Vectors, vector: Floats) -> Floats:
    """Return slopes of which the product with a vector is what it scores less what zero scores.

    They are the mean slopes of the bumps on the straight line from zero to the vector.

    Parameters
    ----------
    vectors : Vectors
    vector : float64 array, shape (VECTOR_WIDTH,)
    """
    steps = 0.5 * (NODES + 1.0)[:, None, None] * vector - vectors.landmarks
    heights = np.exp(-vectors.gamma * (steps**2).sum(axis=2)) * vectors.weights
    slopes: Floats = -2.0 * vectors.gamma * (heights[:, :, None] * steps).sum(axis=1)
    return 0.5 * NODE_WEIGHTS @ slopes


def ngram_shares(ngrams: Ngrams) -> Floats:
    """Return the share that each n-gram has of the normalised counts of a document's cells."""
    in_cell = np.bincount(ngrams.cells, weights=ngrams.counts, minlength=CELLS).astype(np.int64)
    logs = LOG_COUNTS[in_cell].astype(np.float64)
    length = np.sqrt((logs**2).sum()) or 1.0
    return logs[ngrams.cells] * ngrams.counts / in_cell[ngrams.cells] / length


def tree_values(scorer: SignalScorer, signals: Signals) -> Floats:
    """Return what trees add to the linear value.

    Returns
    -------
    float64 array, shape (n, FEATURES)
        By statistic, and last what they make of the linear value itself; zeros without trees.
    """
    if scorer.trees is None:
        return np.zeros((len(signals.features), FEATURES))
    linear = scorer.linear.predict(signals.features)
    shares = scorer.trees.shares(linear, signals.features)
    return np.column_stack([shares[:, 1:FEATURES], shares[:, 0] + shares[:, -1] - linear])
