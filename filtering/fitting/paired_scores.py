"""Pairs of fast and full scores, by which a cascade finds its exits.

Of a pool: near-duplicates of labels are left out, and of each other one is kept. Where enough documents are
of groups that nothing was fitted to, one of each is scored by the scorer itself, and bounds on these are
exact. Otherwise each is scored by stages that were fitted anew without its group's fold. Without a pool the
labelled documents serve, with their nested scores; and beside a pool of which too few documents are kept.
"""

import hashlib
from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import TypeVar

import numpy as np

from filtering.arrays import Floats, Floats32, Ints32, Rows
from filtering.errors import LabelsError
from filtering.fitting.fit_data import FitData
from filtering.fitting.fit_heads import HeadName, fit_stage
from filtering.fitting.recipes import Recipe, fit_signals
from filtering.folds import FOLDS, fold_assignment
from filtering.scoring.cascade_exits import PairedScores, shows_usual
from filtering.scoring.scorers import EmbeddingScorer
from filtering.scoring.settings import LEAST_PAIRED
from filtering.text.near_duplicates import near_duplicate_clusters

Group = TypeVar("Group", str, int)
"""Name of a site, or number of a cluster of near-duplicates."""

MOST_DOCUMENTS = 6000
"""Documents that are paired; each is embedded."""

ENOUGH_TIMES = 2
"""Exact bounds are taken where there are this many times the documents that the usual bound needs."""


def pair(
    scorer: EmbeddingScorer,
    documents: Sequence[bytes],
    groups: Sequence[str],
    data: FitData,
    *,
    recipe: Recipe,
    head: HeadName,
    of_labels: PairedScores | None = None,
) -> PairedScores:
    """Score documents without labels by both stages of a scorer.

    Parameters
    ----------
    scorer : EmbeddingScorer
    documents : sequence of bytes, length n
        Like those that will be filtered, in UTF-8. Each must have a score, for it counts as evidence.
    groups : sequence of str, length n
        Site, book or repository of each.
    data : FitData
        What the scorer was fitted to, with embeddings.
    recipe, head : str
        How it was fitted.
    of_labels : PairedScores, optional
        As `pair_labelled` gives them: they are added where too few of the documents are kept for what effort
        ``balanced`` promises. Bounds are then approximate.

    Raises
    ------
    LabelsError
        If there are too few documents for the bound that a run asks for by default.
    """
    clusters = near_duplicate_clusters([*data.texts, *documents])
    labelled, clusters = clusters[: len(data)], clusters[len(data) :]
    # A near-duplicate of a label is no evidence of what is done with documents that nothing was fitted to.
    chosen, are_single = choose_paired(
        by_lot(documents), clusters.tolist(), set(labelled.tolist()), groups, set(data.groups)
    )
    if len(chosen) < LEAST_PAIRED:
        raise LabelsError(
            f"A pool must have at least {LEAST_PAIRED} documents with a score that are no near-duplicates of "
            f"each other or of a label, better {MOST_DOCUMENTS:,} of as many sites. Found {len(chosen)}."
        )
    codes = group_codes([*data.groups, *groups])
    own_codes, codes = codes[: len(data)], codes[len(data) :]
    rows = np.sort(chosen[:MOST_DOCUMENTS])
    scorers = [(scorer, rows)]
    if not are_single:
        folds, own = fold_assignment([groups[row] for row in rows], 0), fold_assignment(data.groups, 0)
        scorers = [
            (_fitted(data.where(own != fold), recipe, head, scorer), rows[folds == fold])
            for fold in range(FOLDS)
        ]
    found = _paired(scorers, documents, codes, held_out=are_single)
    if of_labels is None or shows_usual(found):
        return found
    return joined(found, replace(of_labels, groups=own_codes[data.unbiased]))


def pair_labelled(fast: Floats, full: Floats, data: FitData) -> PairedScores:
    """Return nested points of both stages on labelled documents drawn at random.

    Parameters
    ----------
    fast, full : float64 arrays, shape (n,)
        Nested points: of stages that were fitted without each document's fold.
    data : FitData
        The documents.
    """
    chosen = data.unbiased
    return PairedScores(
        fast=fast[chosen].astype(np.float32),
        full=full[chosen].astype(np.float32),
        groups=group_codes(data.groups)[chosen],
        held_out=False,
    )


def joined(*pairs: PairedScores) -> PairedScores:
    """Return pairs of several origins as one, whose bounds are approximate; groups share their numbers."""
    fast, full, groups = (
        np.concatenate([getattr(one, name) for one in pairs]) for name in ("fast", "full", "groups")
    )
    return PairedScores(fast, full, groups, held_out=False)


def by_lot(documents: Sequence[bytes]) -> Rows:
    """Return the numbers of documents in an order that follows from their texts, and mixes them."""
    digests = [hashlib.sha256(document).digest() for document in documents]
    return np.array(sorted(range(len(documents)), key=digests.__getitem__), dtype=np.int64)


def choose_paired(
    order: Rows,
    clusters: Sequence[int],
    known_clusters: Collection[int],
    groups: Sequence[str],
    known_groups: Collection[str],
) -> tuple[Rows, bool]:
    """Return documents to find exits on, in their order, and whether bounds on them are exact.

    Of near-duplicates one is taken, and none that is known. Where they are enough, one of each group that is
    not known is taken, which makes bounds exact.

    Parameters
    ----------
    order : int64 array
        Numbers of documents, as by lot.
    clusters : sequence of int, length n
        Near-duplicates share a number.
    known_clusters, known_groups : collection of int, of str
        Those of documents that something is fitted to.
    groups : sequence of str, length n
    """
    several = first_of_groups(order, clusters, known_clusters)
    single = first_of_groups(several, groups, known_groups)
    return (single, True) if len(single) >= ENOUGH_TIMES * LEAST_PAIRED else (several, False)


def first_of_groups(order: Rows, groups: Sequence[Group], known: Collection[Group]) -> Rows:
    """Return the first document of each group in an order, but those of groups that are known."""
    first: dict[Group, int] = {}
    for row in order:
        if groups[row] not in known:
            first.setdefault(groups[row], int(row))
    return np.array(list(first.values()), dtype=np.int64)


def group_codes(groups: Sequence[str]) -> Ints32:
    """Return a number for each document's group: int32 array, shape (n,)."""
    return np.unique(np.asarray(groups), return_inverse=True)[1].astype(np.int32)


def _fitted(data: FitData, recipe: Recipe, head: HeadName, scorer: EmbeddingScorer) -> EmbeddingScorer:
    signals = fit_signals(data, recipe, scorer.signals.domain)
    return EmbeddingScorer(signals, fit_stage(data, head, recipe, scorer.stage.embedder), scorer.embedder)


def _paired(
    scorers: Sequence[tuple[EmbeddingScorer, Rows]],
    documents: Sequence[bytes],
    codes: Ints32,
    *,
    held_out: bool,
) -> PairedScores:
    columns: list[tuple[Floats32, Floats32, Ints32]] = []
    for scorer, rows in scorers:
        texts = [documents[row] for row in rows]
        columns.append((scorer.signals.score(texts).value, scorer.score(texts).value, codes[rows]))
    fast, full, groups = (np.concatenate(column) for column in zip(*columns, strict=True))
    return PairedScores(fast, full, groups, held_out)
