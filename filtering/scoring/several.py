"""Several scorers in one pass: what they share is read once, and their points are combined.

The n-grams of a document are counted once and weighed for each scorer; a text is embedded once for all that
have the same embedder. Each scorer's scores are those that it gives alone, bit for bit.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np

from filtering.arrays import Floats, Floats32
from filtering.embedding.remembered import RememberingEmbedder, is_same
from filtering.scoring.audited import name_audited
from filtering.scoring.cascade import NOBODY, AnyScorer, CascadeScorer, taken
from filtering.scoring.scorers import EmbeddingScorer, SignalScorer
from filtering.scoring.scores import EMBEDDING_STAGE, SIGNALS_STAGE, Scores
from filtering.signals.read_signals import read_signals_of_all
from filtering.signals.weights import Weights, stack_weights
from filtering.text.arrow import Texts, text_bytes


def combine_values(values: Mapping[str, Floats32], combine: str) -> Floats32:
    """Return the combined points of documents; NaN where a scorer that counts gives none.

    Parameters
    ----------
    values : mapping of str to float32 array, shape (n,)
        Rubric points by scorer.
    combine : str
        One of `filtering.scoring.settings.COMBINATIONS`, or the name of a scorer, which counts alone then.

    Examples
    --------
    >>> points = {"web": np.float32([1, 4]), "mine": np.float32([2, np.nan])}
    >>> combine_values(points, "mean").tolist(), combine_values(points, "web").tolist()
    ([1.5, nan], [1.0, 4.0])
    """
    if combine in values:
        return values[combine]
    stacked = np.stack([*values.values()])
    if combine == "mean":
        found = stacked.mean(axis=0, dtype=np.float64).astype(np.float32)
    else:
        found = stacked.max(axis=0) if combine == "max" else stacked.min(axis=0)
    return np.asarray(found, np.float32)


def combine_scores(each: Mapping[str, Scores], combine: str) -> Scores:
    """Return the combined scores of documents, with those of each scorer.

    A document has no score if a scorer that counts gives it none: the reason is that of the first of them.
    The embedding decided where it did for all that count.

    Parameters
    ----------
    each : mapping of str to Scores
        By scorer, in their order.
    combine : str
        As for `combine_values`.
    """
    counting = [each[combine]] if combine in each else [*each.values()]
    reason = np.zeros_like(counting[0].reason)
    for scores in counting:
        reason = np.where(reason == 0, scores.reason, reason)
    embedded = np.all([scores.stage == EMBEDDING_STAGE for scores in counting], axis=0)
    stage = np.where(embedded, np.uint8(EMBEDDING_STAGE), np.uint8(SIGNALS_STAGE))
    return Scores(
        value=combine_values({name: scores.value for name, scores in each.items()}, combine),
        reason=reason,
        unusual=np.bitwise_or.reduce([scores.unusual for scores in counting]),
        stage=np.where(reason == 0, stage, np.uint8(0)),
        tokens=sum(scores.tokens for scores in each.values()),
        tokens_read=sum(scores.tokens_read for scores in each.values()),
        each=each,
    )


@dataclass(frozen=True)
class SeveralScorers:
    """Scores documents by several scorers, and combines their points.

    Parameters
    ----------
    scorers : mapping of str to SignalScorer, EmbeddingScorer or CascadeScorer
        By name, all of one effort.
    combine : str
        As for `combine_values`.
    keep_at : float
        Rubric points from which the combination keeps a document.
    audit_shares : (float, float)
        Of the documents that not every cascade that counts embeds, which share to look at again: of those
        dropped, and of those kept.
    """

    scorers: Mapping[str, AnyScorer]
    combine: str
    keep_at: float
    audit_shares: tuple[float, float] = field(default=NOBODY)

    @cached_property
    def _weights(self) -> Weights:
        return stack_weights([scorer.weighted for scorer in self.scorers.values()])

    def score(self, texts: Texts, chances: Floats | None = None) -> Scores:
        """Score documents; see `filtering.scoring.scorers.Scorer.score`.

        Parameters
        ----------
        texts : Arrow array or chunked array of strings, bytes, or a dictionary of them; or a sequence
            Length n.
        chances : float64 array, shape (n,), optional
            In [0, 1): whoever has a lot below its share is looked at again.
        """
        signals = read_signals_of_all(texts, self._weights)
        scorers = _remembering(self.scorers)
        pairs = zip(scorers.items(), signals, strict=True)
        each = {name: scorer.score_read(texts, own) for (name, scorer), own in pairs}
        scores = combine_scores(each, self.combine)
        if chances is None or self.audit_shares == NOBODY:
            return scores
        return replace(scores, audited=self._audited(texts, scores, chances, scorers))

    def _audited(
        self, texts: Texts, scores: Scores, chances: Floats, scorers: Mapping[str, AnyScorer]
    ) -> tuple[int, ...]:
        """Return what the full scorers make of some documents that not all of them have decided."""
        kept = scores.value >= np.float32(self.keep_at)
        shares = np.where(kept, self.audit_shares[1], self.audit_shares[0])
        rows = np.flatnonzero((scores.stage == SIGNALS_STAGE) & (chances < shares))
        if not len(rows):
            return ()
        some = taken(texts, rows)
        counting = (self.combine,) if self.combine in scorers else tuple(scorers)
        cascades = {name: scorers[name] for name in counting}
        full = {
            name: one.full.score(some).value
            for name, one in cascades.items()
            if isinstance(one, CascadeScorer)
        }
        again = combine_values(full, self.combine) >= np.float32(self.keep_at)
        return name_audited(text_bytes(some), kept[rows], again != kept[rows])


def share_embedders(scorers: Mapping[str, AnyScorer]) -> dict[str, AnyScorer]:
    """Return scorers of which those with the same embedder have one model together."""
    found: list[EmbeddingScorer] = []
    shared: dict[str, AnyScorer] = {}
    for name, scorer in scorers.items():
        full = _full_of(scorer)
        if full is not None:
            same = [one for one in found if is_same(one.embedder.settings, full.embedder.settings)]
            found.append(full)
            scorer = _with_full(scorer, replace(full, embedder=same[0].embedder)) if same else scorer
        shared[name] = scorer
    return shared


def _remembering(scorers: Mapping[str, AnyScorer]) -> dict[str, AnyScorer]:
    """Return scorers that embed a text once, where they have one model together: for one batch."""
    memory: dict[int, RememberingEmbedder] = {}
    remembering: dict[str, AnyScorer] = {}
    for name, scorer in scorers.items():
        full = _full_of(scorer)
        if full is not None:
            embedder = memory.setdefault(id(full.embedder), RememberingEmbedder(full.embedder))
            scorer = _with_full(scorer, replace(full, embedder=embedder))
        remembering[name] = scorer
    return remembering


def _full_of(scorer: AnyScorer) -> EmbeddingScorer | None:
    if isinstance(scorer, SignalScorer):
        return None
    return scorer.full if isinstance(scorer, CascadeScorer) else scorer


def _with_full(scorer: AnyScorer, full: EmbeddingScorer) -> AnyScorer:
    return replace(scorer, full=full) if isinstance(scorer, CascadeScorer) else full
