"""Style or substance: what rewrites of documents do to their scores, and whether that is as it should be.

Not here: the rewrites (`rewrites.py`), and where documents and scores come from (`pipelines/scorers`).
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from filtering.arrays import Bools, Floats, Ints, Ints32
from filtering.judging.bias import MIN_GROUPS
from filtering.judging.intervals import Estimate, evaluate
from filtering.judging.rewrites import AIMS, Kind, Rewrite
from filtering.judging.thresholds import are_kept
from filtering.rate_bounds import CONFIDENCE, design_effect, rate_interval

POOR_BELOW, GOOD_FROM = 2.0, 3.0
"""Points below which a document is poor, and from which it is good."""
FAR_SHARE = 0.95
"""Share of documents whose score moves by no more than `RewriteEffect.moved_far`."""

Verdict = Literal["yes", "no", "not shown"]
Scoring = Callable[[Sequence[str], Ints], Floats]
"""Gives points to rewrites of documents, which are named by their places; NaN where there is no score."""


@dataclass(frozen=True)
class AuditedDocuments:
    """Documents to rewrite, with what is known of them.

    Parameters
    ----------
    texts : sequence of str, length n
    points : float64 array, shape (n,)
        Their scores, in rubric points.
    worth : float64 array, shape (n,)
        Points that say which are poor and which are good: of labels, or the same again where there are none.
    groups : sequence of str, length n
        Site, book or repository of each.
    """

    texts: Sequence[str]
    points: Floats
    worth: Floats
    groups: Sequence[str]

    def __len__(self) -> int:
        return len(self.texts)

    def at(self, places: Ints) -> "AuditedDocuments":
        """Return those at some places."""
        chosen = places.tolist()
        return AuditedDocuments(
            [self.texts[place] for place in chosen],
            self.points[places],
            self.worth[places],
            [self.groups[place] for place in chosen],
        )


@dataclass(frozen=True)
class RewriteEffect:
    """What a rewrite does to scores and decisions.

    Parameters
    ----------
    name : str
    kind : {"harmless", "appended", "harmful"}
        All documents are rewritten that a harmless one applies to; the poor ones (below 2 points) to append
        something; the good ones (from 3) to harm them.
    documents : int
        Documents that were to be rewritten.
    rewritten, groups : int
        Those of them that it changes and that have a score then, and groups among them: what all figures are
        of.
    flipped, to_dropped, to_kept : Estimate
        Shares that are decided otherwise at the cut: in all, dropped now, and kept now.
    moved : Estimate
        Mean change of the score, in rubric points.
    moved_far : float
        Points by which 95 % of the scores move at most, up or down.
    verdict : {"yes", "no", "not shown"}
        Whether it does as it should: a harmless one flips at most 3 % of decisions, an appended one 1 %, and
        a harmful one lowers scores. It is not shown where the aim lies within the interval, or documents are
        of fewer than five groups.
    """

    name: str
    kind: Kind
    documents: int
    rewritten: int
    groups: int
    flipped: Estimate
    to_dropped: Estimate
    to_kept: Estimate
    moved: Estimate
    moved_far: float
    verdict: Verdict


def audit(
    documents: AuditedDocuments, rewrites: Sequence[Rewrite], score: Scoring, *, keep_at: float
) -> Iterator[RewriteEffect]:
    """Yield what each rewrite does to scores, and to decisions at a cut.

    Intervals hold 95 % each, over whole groups: those of shares are exact (Clopper and
    Pearson 1934) of as many documents as these count for, that of the mean is of a bootstrap over groups.

    Parameters
    ----------
    documents : AuditedDocuments
    rewrites : sequence of Rewrite
    score : callable
        What gave `documents` their points.
    keep_at : float
        Rubric points from which a document is kept.
    """
    for rewrite in rewrites:
        chosen = _places(documents, rewrite.kind)
        texts = {place: rewrite.rewrite(documents.texts[place]) for place in chosen.tolist()}
        changed = {place: text for place, text in texts.items() if text is not None}
        places = np.fromiter(changed, dtype=np.int64, count=len(changed))
        points = score(list(changed.values()), places) if changed else np.zeros(0)
        scored = np.isfinite(points)
        yield _effect(rewrite, len(chosen), documents.at(places[scored]), points[scored], keep_at)


def _places(documents: AuditedDocuments, kind: Kind) -> Ints:
    wanted = {
        "harmless": np.ones(len(documents), dtype=bool),
        "appended": documents.worth < POOR_BELOW,
        "harmful": documents.worth >= GOOD_FROM,
    }
    return np.flatnonzero(wanted[kind])


def _effect(
    rewrite: Rewrite, asked: int, before: AuditedDocuments, points: Floats, keep_at: float
) -> RewriteEffect:
    cuts = np.array([keep_at])
    was, is_now = are_kept(before.points, cuts)[:, 0], are_kept(points, cuts)[:, 0]
    names, codes = np.unique(np.asarray(before.groups, dtype=str), return_inverse=True)
    groups = codes.astype(np.int32)
    effect = RewriteEffect(
        name=rewrite.name,
        kind=rewrite.kind,
        documents=asked,
        rewritten=len(before),
        groups=len(names),
        flipped=_share(was != is_now, groups),
        to_dropped=_share(was & ~is_now, groups),
        to_kept=_share(~was & is_now, groups),
        moved=_mean_change(before, points),
        moved_far=float(np.quantile(np.abs(points - before.points), FAR_SHARE)) if len(points) else np.nan,
        verdict="not shown",
    )
    return replace(effect, verdict=_verdict(effect))


def _share(hits: Bools, groups: Ints32) -> Estimate:
    if not len(hits):
        return Estimate(np.nan, np.nan, np.nan)
    share = float(hits.mean())
    return Estimate(share, *rate_interval(share, len(hits) / design_effect(hits, groups), 1 - CONFIDENCE))


def _mean_change(before: AuditedDocuments, points: Floats) -> Estimate:
    if not len(points):
        return Estimate(np.nan, np.nan, np.nan)
    change = {"moved": lambda after, then: float((after - then).mean())}
    return evaluate(points, before.points, before.groups, metrics=change)["moved"]


def _verdict(effect: RewriteEffect) -> Verdict:
    """Say whether the interval lies on the side where it should be."""
    if effect.groups < MIN_GROUPS:
        return "not shown"
    harmful = effect.kind == "harmful"
    figure, aim = (effect.moved, 0.0) if harmful else (effect.flipped, AIMS[effect.kind])
    if figure.high < aim:
        return "yes"
    return "no" if figure.low >= aim else "not shown"
