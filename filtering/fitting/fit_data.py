"""Labelled documents as numbers: what recipes and heads are fitted to."""

import hashlib
from collections import Counter
from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from random import Random
from typing import Any, TypeVar

import numpy as np

from filtering.arrays import Bools, Floats, Floats32, Rows
from filtering.extras import require
from filtering.fitting.ridge import CellProducts
from filtering.folds import FOLDS
from filtering.judging.audit import POOR_BELOW
from filtering.judging.rewrites import Rewrite
from filtering.signals.ngram_cells import CELLS
from filtering.signals.read_signals import read_cells
from filtering.text.arrow import Texts, text_bytes
from filtering.text.near_duplicates import near_duplicate_clusters
from filtering.text.windows import REACH, cut_window

REWRITTEN = 1 / 3
"""Share of the documents that a rewrite stands beside (docs/experiments.md)."""
DONE = 1 / 2
"""Share of the rewrites that are done to such a document, where they apply."""

REMEMBERED = 3 * FOLDS + 2
"""Of what fits share, megabytes each. Of each fold of an assignment, vectors with and without characters, and
a whole fit; of all rows, vectors and a whole fit."""
Made = TypeVar("Made")


@dataclass(frozen=True)
class FitData:
    """Labelled documents as numbers, and rewrites of some: with the same labels, and only fitted to.

    Rewrites stand behind the documents in all that has n + r rows.

    Parameters
    ----------
    texts : tuple of bytes, length n
    products : CellProducts
        Of the cells of n + r documents and rewrites.
    features : float32 array, shape (n + r, WIDTH)
        Signals without n-gram scores.
    labels : float64 array, shape (n,)
    groups : tuple of str, length n
    clusters : int64 array, shape (n,)
        Near-duplicates, in one group or in several, share a number.
    unbiased : bool array, shape (n,)
        Rows that were drawn at random.
    rows : int64 array, shape (n,)
        Place of each document among all labelled ones, some of which have no score.
    rewritten : int64 array, shape (r,)
        The document that each rewrite is of.
    rewrites : tuple of bytes, length r
    embeddings : float32 array, shape (n + r, width)
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
    rewritten: Rows
    rewrites: tuple[bytes, ...]
    embeddings: Floats32

    @property
    def cells(self) -> Any:  # noqa: ANN401 - a sparse matrix
        """Cells of documents and rewrites: sparse float32 matrix, shape (n + r, 2 * CELLS)."""
        return self.products.cells

    def __len__(self) -> int:
        return len(self.labels)

    @cached_property
    def _memory(self) -> dict[Hashable, Any]:
        return {}

    def remembered(self, key: Hashable, make: Callable[[], Made]) -> Made:
        """Return what is made of some rows under a key: what was made then, if it is one of the last few."""
        made: Made = self._memory.get(key) or make()
        self._memory[key] = made
        for oldest in list(self._memory)[:-REMEMBERED]:
            self._memory.pop(oldest, None)
        return made

    def recalled(self, key: Hashable) -> Any:  # noqa: ANN401 - whatever was made
        """Return what `remembered` still has under a key; None where it has nothing."""
        return self._memory.get(key)

    def with_rewrites(self, rows: Rows) -> tuple[Rows, Rows]:
        """Return what is fitted to where some documents are: these, and behind them their rewrites.

        Parameters
        ----------
        rows : int64 array, shape (m,)

        Returns
        -------
        int64 array, shape (m + s,)
            Rows of `features`, `cells` and `embeddings`.
        int64 array, shape (m + s,)
            The place in `rows` of the document that each is, or is a rewrite of.
        """
        places = np.full(len(self), -1, dtype=np.int64)
        places[rows] = np.arange(len(rows))
        of = places[self.rewritten]
        also = np.flatnonzero(of >= 0)
        return np.concatenate([rows, len(self) + also]), np.concatenate([np.arange(len(rows)), of[also]])

    def where(self, chosen: Bools) -> "FitData":
        """Return some of the documents, with their rewrites."""
        at = np.flatnonzero(chosen)
        fitted, of = self.with_rewrites(at)
        return FitData(
            texts=tuple(self.texts[row] for row in at),
            products=CellProducts(self.cells[fitted]),
            features=self.features[fitted],
            labels=self.labels[at],
            groups=tuple(self.groups[row] for row in at),
            clusters=self.clusters[at],
            unbiased=self.unbiased[at],
            rows=self.rows[at],
            rewritten=of[len(at) :],
            rewrites=tuple(self.rewrites[row - len(self)] for row in fitted[len(at) :]),
            embeddings=self.embeddings[fitted],
        )

    def copied_across_groups(self) -> int:
        """Return how many documents have a near-duplicate in another group."""
        pairs = set(zip(self.clusters.tolist(), self.groups, strict=True))
        groups_of = Counter(cluster for cluster, _ in pairs)
        return sum(groups_of[cluster] > 1 for cluster in self.clusters.tolist())


def read_fit_data(
    texts: Texts,
    labels: Floats,
    groups: Sequence[str],
    unbiased: Bools,
    *,
    clusters: Rows | None = None,
    rewrites: Sequence[Rewrite] = (),
) -> FitData:
    """Read the signals of labelled documents; those without a score (empty, say) are left out.

    Near-duplicates are looked for unless `clusters` tells them: int64 array, shape (n,). A share of the
    documents is rewritten, by lot, each by several of the harmless `rewrites` one after another. Those with a
    poor label may get words appended as well, which must not lift them.
    """
    documents = text_bytes(texts)
    features, cells, good = _read(texts)
    read = tuple(documents[row] or b"" for row in good)
    drawn = list(_draw(read, labels[good], rewrites))
    of_rewrites, more_cells, scored = _read([text for text, _ in drawn])
    return FitData(
        texts=read,
        products=CellProducts(require("train", "scipy.sparse").vstack([cells, more_cells]).tocsr()),
        features=np.concatenate([features, of_rewrites]),
        labels=labels[good],
        groups=tuple(groups[int(row)] for row in good),
        clusters=near_duplicate_clusters(read) if clusters is None else clusters[good],
        unbiased=unbiased[good],
        rows=good,
        rewritten=np.array([drawn[row][1] for row in scored], dtype=np.int64),
        rewrites=tuple(drawn[row][0] for row in scored),
        embeddings=np.zeros((len(features) + len(of_rewrites), 0), dtype=np.float32),
    )


def _read(texts: Texts) -> tuple[Floats32, Any, Rows]:
    """Return the features and cells of texts that have a score, and which these are."""
    signals, cells = read_cells(texts)
    shape = (len(signals.reason), 2 * CELLS)
    matrix = require("train", "scipy.sparse").csr_matrix((cells.values, cells.cells, cells.row_starts), shape)
    good = np.flatnonzero(signals.reason == 0)
    return signals.features[good], matrix[good], good


def _draw(
    documents: Sequence[bytes], labels: Floats, rewrites: Sequence[Rewrite]
) -> Iterator[tuple[bytes, int]]:
    """Yield rewritten documents, and the place of each: what is done to one follows from its text."""
    for row, document in enumerate(documents):
        lot = Random(hashlib.sha256(document).digest())
        if lot.random() >= REWRITTEN:
            continue
        text = before = cut_window(document.decode(), REACH)
        kinds = ("harmless", "appended") if labels[row] < POOR_BELOW else ("harmless",)
        for one in lot.sample(rewrites, len(rewrites)):
            if one.kind in kinds and lot.random() < DONE:
                text = one.rewrite(text) or text
        if text != before:
            yield text.encode(), row


def rank_target(labels: Floats) -> Floats:
    """Return the labels' mean ranks, scaled to [0, 5].

    Labels are skewed, and the calibration maps to points anyway.
    """
    ranks: Floats = require("train", "scipy.stats").rankdata(labels)
    return 5.0 * ranks / len(labels)
