"""Whether scores follow where a document is from rather than what it says."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from filtering.arrays import AnyFloats, Floats, Ints
from filtering.judging.intervals import Estimate, drawn_groups
from filtering.judging.metrics import rank_correlation
from filtering.rate_bounds import CONFIDENCE

MIN_GROUPS = 5


@dataclass(frozen=True)
class SourceBias:
    """How much the source alone says of scores, next to how much it says of labels.

    Parameters
    ----------
    sources, documents : int
        Sources with at least two documents, and their documents.
    of_scores, of_labels : Estimate
        Share of the variance that lies between sources.
    excess : Estimate
        The first less the second: above 0 where scores follow the source more than labels do.
    rho_within : Estimate
        Rank correlation of scores and labels within sources: of both less their means over the source.
    """

    sources: int
    documents: int
    of_scores: Estimate
    of_labels: Estimate
    excess: Estimate
    rho_within: Estimate

    @property
    def is_biased(self) -> bool:
        """Whether scores follow the source more than labels do, and not by accident."""
        return bool(self.excess.low > 0)


def source_bias(
    scores: AnyFloats, labels: AnyFloats, sources: Sequence[str], *, seed: int = 0
) -> SourceBias | None:
    """Compare how far scores and labels follow the source; intervals by a bootstrap over whole sources.

    Parameters
    ----------
    scores, labels : float arrays, shape (n,)
        Rubric points.
    sources : sequence of str, length n
        Site, book or repository of each.

    Returns
    -------
    SourceBias
        None where fewer than five sources have two documents or more.
    """
    _, codes, counts = np.unique(np.asarray(sources), return_inverse=True, return_counts=True)
    several = counts[codes] > 1
    if len(np.unique(codes[several])) < MIN_GROUPS:
        return None
    codes = np.unique(codes[several], return_inverse=True)[1]
    values = np.stack([scores[several], labels[several]]).astype(np.float64)
    sums = _Sums.of(values, codes)
    inside = values - sums.means[:, codes]
    rounds = []
    for drawn, rows in drawn_groups(codes, seed):
        first, second = sums.take(drawn).between()
        rounds.append((first, second, first - second, rank_correlation(*inside[:, rows])))
    first, second = sums.between()
    found = (first, second, first - second, rank_correlation(*inside))
    tail = (1 - CONFIDENCE) / 2
    low, high = np.nanquantile(np.array(rounds), [tail, 1 - tail], axis=0)
    estimates = (Estimate(float(one), float(a), float(b)) for one, a, b in zip(found, low, high, strict=True))
    return SourceBias(len(sums.counts), int(several.sum()), *estimates)


@dataclass(frozen=True)
class _Sums:
    """Counts, means and squared deviations of each source: arrays of shape (sources,) or (2, sources)."""

    counts: Floats
    means: Floats
    squares: Floats

    @classmethod
    def of(cls, values: Floats, codes: Ints) -> "_Sums":
        counts = np.bincount(codes).astype(np.float64)
        means = np.stack([np.bincount(codes, one) for one in values]) / counts
        squares = np.stack([np.bincount(codes, one) for one in (values - means[:, codes]) ** 2])
        return cls(counts, means.astype(np.float64), squares.astype(np.float64))

    def take(self, sources: Ints) -> "_Sums":
        return _Sums(self.counts[sources], self.means[:, sources], self.squares[:, sources])

    def between(self) -> Floats:
        """Return the intraclass correlation of one-way analysis of variance (Fisher 1925), at least 0."""
        total, number = self.counts.sum(), len(self.counts)
        grand = (self.counts * self.means).sum(axis=1, keepdims=True) / total
        among = (self.counts * (self.means - grand) ** 2).sum(axis=1) / (number - 1)
        within = self.squares.sum(axis=1) / max(total - number, 1)
        size = (total - (self.counts**2).sum() / total) / (number - 1)
        share: Floats = (among - within) / np.maximum(among + (size - 1) * within, 1e-12)
        return np.maximum(share, 0.0)
