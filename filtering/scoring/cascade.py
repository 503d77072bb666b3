"""The cascade: signals score every document, the full scorer those about which they are not sure enough."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TypeAlias

import numpy as np
import pyarrow as pa

from filtering.arrays import Bools, Floats, Floats32, Ints
from filtering.brief import brief
from filtering.scoring.audited import name_audited
from filtering.scoring.cascade_exits import Exits
from filtering.scoring.datasets_map import Mappable
from filtering.scoring.scorers import EmbeddingScorer, SignalScorer
from filtering.scoring.scores import EMBEDDING_STAGE, Scores
from filtering.scoring.unsure import Unsure
from filtering.signals.linear import LinearSignals
from filtering.signals.read_signals import Signals
from filtering.signals.settings import Rule
from filtering.text.arrow import Texts, text_bytes

NOBODY = (0.0, 0.0)


@dataclass(frozen=True)
class CascadeScorer(Mappable):
    """Scores documents by their signals, and between two exits by an embedding as well.

    Where the decision lies is decided with the exits: keep from ``exits.settings.keep_at`` points on.

    Parameters
    ----------
    full : EmbeddingScorer
        Both stages.
    exits : Exits
    digest : str
        sha256 of the saved scorer.
    """

    __repr__ = brief

    full: EmbeddingScorer
    exits: Exits
    digest: str = field(default="")

    @property
    def domain(self) -> str:
        """What the scorer is for."""
        return self.full.domain

    def with_rules(self, rules: tuple[Rule, ...]) -> "CascadeScorer":
        """Return this scorer with other rules; see `filtering.scoring.scorers.SignalScorer`."""
        return replace(self, full=self.full.with_rules(rules))

    def score(self, texts: Texts) -> Scores:
        """Score documents; see `filtering.scoring.scorers.Scorer.score`."""
        return self.score_and_look_again(texts, np.ones(len(texts)), NOBODY)

    @property
    def weighted(self) -> LinearSignals:
        """The weights that texts are read with."""
        return self.full.signals.linear

    def score_read(self, texts: Texts, signals: Signals) -> Scores:
        """Score documents whose signals were read with the weights of `weighted`."""
        first = self.full.signals.score_read(texts, signals)
        unsure = self.exits.leaves_open(first.value)
        return self._decided(texts, first, unsure, unsure)[0]

    def score_and_look_again(self, texts: Texts, chances: Floats, shares: tuple[float, float]) -> Scores:
        """Score documents, and have the full scorer look at some of those that it need not.

        The scores do not depend on who is looked at again.

        Parameters
        ----------
        texts : Arrow array or chunked array of strings, bytes, or a dictionary of them; or a sequence
        chances : float64 array, shape (n,)
            In [0, 1): of those that leave by an exit, whoever has a lot below its share is looked at.
        shares : (float, float)
            Of those dropped, and of those kept.
        """
        first = self.full.signals.score(texts)
        unsure = self.exits.leaves_open(first.value)
        keep_at = np.float32(self.exits.settings.keep_at)
        dropped = (chances < shares[0]) & ~unsure & (first.value < keep_at)
        kept = (chances < shares[1]) & ~unsure & (first.value >= keep_at)
        scores, second = self._decided(texts, first, unsure, unsure | dropped | kept)
        rows = np.flatnonzero(dropped | kept)
        wrong = (second >= keep_at) != kept
        audited = name_audited(text_bytes(taken(texts, rows)) if len(rows) else [], kept[rows], wrong[rows])
        return replace(scores, audited=audited)

    def _decided(self, texts: Texts, scores: Scores, unsure: Bools, seen: Bools) -> tuple[Scores, Floats32]:
        """Return scores with those of the full scorer where signals are not sure; and all that it gave.

        The latter is NaN for documents that it did not see.
        """
        second = np.full(len(scores.value), np.nan, dtype=np.float32)
        rows = np.flatnonzero(seen)
        if not len(rows):
            return scores, second
        full = self.full.score(taken(texts, rows))
        second[rows] = full.value
        decided = replace(
            scores,
            value=np.where(unsure, second, scores.value),
            stage=np.where(unsure, np.uint8(EMBEDDING_STAGE), scores.stage),
            tokens=full.tokens,
            tokens_read=full.tokens_read,
        )
        return decided, second

    def unlike_seed(self, texts: Texts) -> Bools:
        """Return which documents are unlike the seed; see `filtering.scoring.scorers.Scorer.unlike_seed`."""
        return self.full.unlike_seed(texts)

    def unsure_of(self, texts: Texts, languages: Sequence[str | None] | None = None) -> Unsure:
        """Return how many documents it does not know; see `filtering.scoring.scorers.SignalScorer`."""
        return self.full.unsure_of(texts, languages)

    def tell_unsure(self, texts: Texts, named: Sequence[str | None] | None = None) -> list[bool | None]:
        """Return which documents it does not know; see `filtering.scoring.scorers.SignalScorer`."""
        return self.full.tell_unsure(texts, named)


AnyScorer: TypeAlias = SignalScorer | EmbeddingScorer | CascadeScorer


def signals_of(scorer: AnyScorer) -> SignalScorer:
    """Return the first stage of a scorer."""
    if isinstance(scorer, SignalScorer):
        return scorer
    return (scorer.full if isinstance(scorer, CascadeScorer) else scorer).signals


def with_warnings(scorer: AnyScorer, *, warns: bool) -> AnyScorer:
    """Return a scorer that warns of texts that it does not know, or one that does not."""
    if isinstance(scorer, SignalScorer):
        return replace(scorer, warns=warns)
    full = scorer.full if isinstance(scorer, CascadeScorer) else scorer
    full = replace(full, signals=replace(full.signals, warns=warns))
    return replace(scorer, full=full) if isinstance(scorer, CascadeScorer) else full


def cascaded(exits: Exits, fast: Floats, full: Floats) -> Floats:
    """Return the points of a cascade from those of both stages: float64 arrays, shape (n,)."""
    return np.where(exits.leaves_open(fast.astype(np.float32)), full, fast)


def taken(texts: Texts, rows: Ints) -> Texts:
    """Return some of the texts, by their numbers."""
    if isinstance(texts, (pa.Array, pa.ChunkedArray)):
        try:
            return texts.take(pa.array(rows))
        except pa.ArrowNotImplementedError:  # of string views (pyarrow 26.0)
            texts = text_bytes(texts)
    return [texts[row] for row in rows]
