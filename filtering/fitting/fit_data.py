"""Labelled documents as numbers: what recipes and heads are fitted to."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from filtering.arrays import Bools, Floats, Floats32, Rows
from filtering.extras import require
from filtering.fitting.ridge import CellProducts
from filtering.signals.kernel import CELLS
from filtering.signals.read_signals import read_cells
from filtering.text.arrow import Texts, text_bytes
from filtering.text.near_duplicates import near_duplicate_clusters


@dataclass(frozen=True)
class FitData:
    """Labelled documents as numbers.

    Parameters
    ----------
    texts : tuple of bytes, length n
    products : CellProducts
        Of the documents' cells.
    features : float32 array, shape (n, WIDTH)
        Signals without n-gram scores.
    labels : float64 array, shape (n,)
    groups : tuple of str, length n
    clusters : int64 array, shape (n,)
        Near-duplicates, in one group or in several, share a number.
    unbiased : bool array, shape (n,)
        Rows that were chosen without looking at scores.
    rows : int64 array, shape (n,)
        Place of each document among all labelled ones, some of which have no score.
    embeddings : float32 array, shape (n, width)
        Of width 0 where none were asked for.
    """

    texts: tuple[bytes, ...]
    products: CellProducts
    features: Floats32
    labels: Floats
    groups: tuple[str, ...]
    clusters: Rows
    unbiased: Bools
    rows: Rows
    embeddings: Floats32

    @property
    def cells(self) -> Any:  # noqa: ANN401 - a sparse matrix
        """The documents' cells: sparse float32 matrix, shape (n, 2 * CELLS)."""
        return self.products.cells

    def __len__(self) -> int:
        return len(self.labels)

    def where(self, chosen: Bools) -> "FitData":
        """Return some of the documents."""
        at = np.flatnonzero(chosen)
        return FitData(
            texts=tuple(self.texts[row] for row in at),
            products=CellProducts(self.cells[at]),
            features=self.features[at],
            labels=self.labels[at],
            groups=tuple(self.groups[row] for row in at),
            clusters=self.clusters[at],
            unbiased=self.unbiased[at],
            rows=self.rows[at],
            embeddings=self.embeddings[at],
        )

    def copied_across_groups(self) -> int:
        """Return how many documents have a near-duplicate in another group."""
        pairs = set(zip(self.clusters.tolist(), self.groups, strict=True))
        groups_of = Counter(cluster for cluster, _ in pairs)
        return sum(groups_of[cluster] > 1 for cluster in self.clusters.tolist())


def read_fit_data(
    texts: Texts, labels: Floats, groups: Sequence[str], unbiased: Bools, *, clusters: Rows | None = None
) -> FitData:
    """Read the signals of labelled documents; those without a score (empty, say) are left out.

    Near-duplicates are looked for unless `clusters` tells them: int64 array, shape (n,).
    """
    signals, cells = read_cells(texts)
    sparse = require("train", "scipy.sparse")
    matrix = sparse.csr_matrix((cells.values, cells.cells, cells.row_starts), shape=(len(labels), 2 * CELLS))
    good = np.flatnonzero(signals.reason == 0)
    documents = text_bytes(texts)
    read = tuple(documents[row] or b"" for row in good)
    return FitData(
        texts=read,
        products=CellProducts(matrix[good]),
        features=signals.features[good],
        labels=labels[good],
        groups=tuple(groups[int(row)] for row in good),
        clusters=near_duplicate_clusters(read) if clusters is None else clusters[good],
        unbiased=unbiased[good],
        rows=good,
        embeddings=np.zeros((len(good), 0), dtype=np.float32),
    )


def rank_target(labels: Floats) -> Floats:
    """Return the labels' mean ranks, scaled to [0, 5].

    Labels are skewed, and the calibration maps to points anyway.
    """
    ranks: Floats = require("train", "scipy.stats").rankdata(labels)
    return 5.0 * ranks / len(labels)
