"""Pairs of fast and full scores on documents without labels, by which a cascade finds its exits.

Where enough documents are of groups that no label has, one of each is scored by the scorer itself: bounds on
these are exact. Otherwise each is scored by stages that were fitted anew without its group's fold.
"""

import hashlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from filtering.errors import LabelsError
from filtering.exits import ExitSettings, PairedScores, documents_needed
from filtering.fitting import Recipe, fit_signals
from filtering.fitting_heads import HeadName, fit_stage
from filtering.folds import FOLDS, fold_assignment
from filtering.nested import FitData, Rows
from filtering.scorers import EmbeddingScorer
from filtering.signals import Texts, text_bytes

MOST_DOCUMENTS = 6000
"""Documents that are paired; each is embedded."""


def pair(
    scorer: EmbeddingScorer,
    texts: Texts,
    groups: Sequence[str],
    data: FitData,
    *,
    recipe: Recipe,
    head: HeadName,
) -> PairedScores:
    """Score documents without labels by both stages of a scorer.

    Parameters
    ----------
    scorer : EmbeddingScorer
    texts : Arrow array or chunked array of strings, bytes, or a dictionary of them; or a sequence
        Documents like those that will be filtered.
    groups : sequence of str, length n
        Site, book or repository of each.
    data : FitData
        What the scorer was fitted to, with embeddings.
    recipe, head : str
        How it was fitted.

    Raises
    ------
    LabelsError
        If there are too few documents for the bound that a run asks for by default.
    """
    documents = [document or b"" for document in text_bytes(texts)]
    order = np.array(sorted(range(len(documents)), key=lambda row: _lot(documents[row])), dtype=np.int64)
    known = set(data.groups)
    first_of: dict[str, int] = {}
    for row in order:
        if groups[row] not in known:
            first_of.setdefault(groups[row], int(row))
    needed = documents_needed(ExitSettings().max_disagreement)
    if len(order) < needed:
        raise LabelsError(
            f"A pool must have at least {needed} documents, better {MOST_DOCUMENTS:,} of as many sites. "
            f"Found {len(order)}."
        )
    codes = np.unique(np.asarray(groups), return_inverse=True)[1].astype(np.int32)
    if len(first_of) >= 2 * needed:
        rows = np.sort(np.array(list(first_of.values())[:MOST_DOCUMENTS], dtype=np.int64))  # drawn by lot
        return _paired([(scorer, rows)], documents, codes, held_out=True)
    rows = np.sort(order[:MOST_DOCUMENTS])
    folds = fold_assignment([groups[row] for row in rows], 0)
    own = fold_assignment(data.groups, 0)
    scorers = [
        (_fitted(data.where(own != fold), recipe, head, scorer), rows[folds == fold]) for fold in range(FOLDS)
    ]
    return _paired(scorers, documents, codes, held_out=False)


def _lot(document: bytes) -> bytes:
    return hashlib.sha256(document).digest()


def _fitted(data: FitData, recipe: Recipe, head: HeadName, scorer: EmbeddingScorer) -> EmbeddingScorer:
    signals = fit_signals(data, recipe, scorer.signals.domain)
    return EmbeddingScorer(signals, fit_stage(data, head, recipe, scorer.stage.embedder), scorer.embedder)


def _paired(
    scorers: Sequence[tuple[EmbeddingScorer, Rows]],
    documents: Sequence[bytes],
    codes: NDArray[np.int32],
    *,
    held_out: bool,
) -> PairedScores:
    columns: list[tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.int32]]] = []
    for scorer, rows in scorers:
        texts = [documents[row] for row in rows]
        fast, full = scorer.signals.score(texts).value, scorer.score(texts).value
        good = np.isfinite(fast) & np.isfinite(full)
        columns.append((fast[good], full[good], codes[rows][good]))
    fast, full, groups = (np.concatenate(column) for column in zip(*columns, strict=True))
    return PairedScores(fast, full, groups, held_out)
