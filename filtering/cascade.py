"""The cascade: signals score every document, the full scorer those about which they are not sure enough."""

from dataclasses import dataclass, field, replace

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from filtering.exits import Bools, Exits
from filtering.rules import Rule
from filtering.scorers import EMBEDDING_STAGE, Audit, EmbeddingScorer, Mappable, Scores
from filtering.signals import Texts, text_bytes

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

    full: EmbeddingScorer
    exits: Exits
    digest: str = field(default="")

    @property
    def domain(self) -> str:
        """What the scorer is for."""
        return self.full.domain

    def with_rules(self, rules: tuple[Rule, ...]) -> "CascadeScorer":
        """Return this scorer with other rules; see `filtering.scorers.SignalScorer`."""
        return replace(self, full=self.full.with_rules(rules))

    def score(self, texts: Texts) -> Scores:
        """Score documents; see `filtering.scorers.Scorer.score`."""
        return self.score_and_look_again(texts, np.ones(len(texts)), NOBODY)

    def score_and_look_again(
        self, texts: Texts, lots: NDArray[np.float64], shares: tuple[float, float]
    ) -> Scores:
        """Score documents, and have the full scorer look at some of those that it need not.

        The scores do not depend on who is looked at again.

        Parameters
        ----------
        texts : Arrow array or chunked array of strings, bytes, or a dictionary of them; or a sequence
        lots : float64 array, shape (n,)
            In [0, 1): of those that leave by an exit, whoever has a lot below its share is looked at.
        shares : (float, float)
            Of those dropped, and of those kept.
        """
        first = self.full.signals.score(texts)
        unsure = self.exits.are_passed(first.value)
        keep_at = np.float32(self.exits.settings.keep_at)
        dropped = (lots < shares[0]) & ~unsure & (first.value < keep_at)
        kept = (lots < shares[1]) & ~unsure & (first.value >= keep_at)
        seen = np.flatnonzero(unsure | dropped | kept)
        if not len(seen):
            return first
        second = self.full.score(_taken(texts, seen))
        value, stage = first.value.copy(), first.stage.copy()
        value[unsure] = second.value[unsure[seen]]
        stage[unsure] = EMBEDDING_STAGE
        keeps = second.value >= keep_at
        audit = Audit(
            dropped=int(dropped.sum()),
            lost=int((keeps & dropped[seen]).sum()),
            kept=int(kept.sum()),
            false=int((~keeps & kept[seen]).sum()),
        )
        return replace(
            first,
            value=value,
            stage=stage,
            tokens=second.tokens,
            tokens_read=second.tokens_read,
            audit=audit,
        )

    def unlike_seed(self, texts: Texts) -> Bools:
        """Return which documents are unlike the seed; see `filtering.scorers.Scorer.unlike_seed`."""
        return self.full.unlike_seed(texts)


def cascaded(exits: Exits, fast: NDArray[np.float64], full: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the points of a cascade from those of both stages: float64 arrays, shape (n,)."""
    return np.where(exits.are_passed(fast.astype(np.float32)), full, fast)


def _taken(texts: Texts, rows: NDArray[np.int64]) -> Texts:
    if isinstance(texts, (pa.Array, pa.ChunkedArray)):
        try:
            return texts.take(pa.array(rows))
        except pa.ArrowNotImplementedError:  # of string views (pyarrow 26.0)
            texts = text_bytes(texts)
    return [texts[row] for row in rows]
