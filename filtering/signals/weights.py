"""The weights of one or several linear scorers as the kernel takes them: padded to one shape, and stacked.

The kernel counts the n-grams of a document once, and weighs its cells for each scorer: these are the same for
all, the weights differ.
"""

from collections.abc import Sequence
from typing import Any, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from filtering.arrays import Floats32, Ints
from filtering.errors import ShapeError
from filtering.signals.ngram_cells import CELLS, VECTOR_WIDTH
from filtering.signals.vectors import Vectors
from filtering.text.arrow import frozen

Weights: TypeAlias = tuple[
    Floats32, Floats32, NDArray[np.int8], Floats32, Floats32, Floats32, Floats32, Floats32, Ints
]
"""Of n scorers: those of the word table and of the character table, a scorer in each row; vectors of cells,
of all scorers side by side, and their scales; landmarks one after the other, their squared lengths and
weights, gamma, and the number of landmarks, a scorer in each row."""


class Weighted(Protocol):
    """What has weights of signals, as `filtering.signals.linear.LinearSignals` describes them."""

    @property
    def word_weights(self) -> Floats32:
        """Of shape (CELLS,)."""
        ...

    @property
    def character_weights(self) -> Floats32:
        """Of shape (CELLS,) or (0,)."""
        ...

    @property
    def vectors(self) -> Vectors:
        """Of cells."""
        ...


def stack_weights(scorers: Sequence[Weighted]) -> Weights:
    """Return the weights of scorers as the kernel takes them: views of a single one's, copies of several.

    Raises
    ------
    ShapeError
        If weights have another shape or dtype than they must.
    """
    for scorer in scorers:
        for one, lengths in ((scorer.word_weights, (CELLS,)), (scorer.character_weights, (CELLS, 0))):
            if one.dtype != np.float32 or one.ndim != 1 or len(one) not in lengths:
                raise ShapeError(
                    f"Weights must be float32 of shape ({CELLS},). Got {one.dtype} {one.shape} instead."
                )
    vectors = [scorer.vectors for scorer in scorers]
    # Vectors of the character table count only where that is read.
    tables = [
        one.vectors.table if len(one.character_weights) else one.vectors.table[:CELLS] for one in scorers
    ]
    landmarks, squares, weights, gammas = zip(*(one.bumps for one in vectors), strict=True)
    by_cell = _stacked(tables).swapaxes(0, 1)
    return (
        _stacked([scorer.word_weights for scorer in scorers]),
        _stacked([scorer.character_weights for scorer in scorers]),
        frozen(by_cell.reshape(len(by_cell), VECTOR_WIDTH * len(scorers))),
        frozen(np.concatenate([one.scales for one in vectors])),
        _stacked([one.ravel() for one in landmarks]),
        _stacked(squares),
        _stacked(weights),
        frozen(np.array(gammas, np.float32)),
        frozen(np.array([len(one) for one in weights], np.int64)),
    )


def _stacked(arrays: Sequence[NDArray[Any]]) -> NDArray[Any]:
    """Return arrays as rows of one, filled up with zeros."""
    if len(arrays) == 1:
        return frozen(frozen(arrays[0])[None])
    first = arrays[0]
    stacked = np.zeros((len(arrays), max(map(len, arrays)), *first.shape[1:]), first.dtype)
    for place, one in zip(stacked, arrays, strict=True):
        place[: len(one)] = one
    return frozen(stacked)
