"""What scorers say of documents: points, or why there are none, and which stage decided."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from filtering.brief import brief
from filtering.text.arrow import HUGE_BIT, REASONS, TOO_LONG

NO_STAGE, SIGNALS_STAGE, EMBEDDING_STAGE = 0, 1, 2
"""Which stage decided a score."""
STAGES = ("", "signals", "embedding")
"""Their names."""
DECIDED_BY = {"signals": "words and style", "embedding": "an embedding"}
"""What readers call them."""


@dataclass(frozen=True)
class Scores:
    """Scores of n documents.

    Parameters
    ----------
    value : float32 array, shape (n,)
        Rubric points in [0, 5]; NaN where there is a reason.
    reason : uint8 array, shape (n,)
        Positions in `filtering.text.arrow.REASONS`, of which `reasons` gives the names; 0 where the document
        has a score.
    unusual : uint8 array, shape (n,)
        Bits of `filtering.text.arrow.UNUSUAL`.
    stage : uint8 array, shape (n,)
        1 where signals decided, 2 where an embedding did; 0 where there is no score.
    tokens, tokens_read : int
        Tokens of what the embedder was given (windows; of a classifier beginnings), and those that it read.
    audited : tuple of int
        What a cascade found where it looked again, as `filtering.scoring.audited` names it.
    each : mapping of str to Scores
        Those of each scorer by its name, where several score and these are their combination.
    """

    __repr__ = brief

    value: NDArray[np.float32]
    reason: NDArray[np.uint8]
    unusual: NDArray[np.uint8]
    stage: NDArray[np.uint8]
    tokens: int = 0
    tokens_read: int = 0
    audited: tuple[int, ...] = ()
    each: Mapping[str, "Scores"] = field(default_factory=dict)

    @property
    def reasons(self) -> list[str | None]:
        """Why each document has no score, by name; None where it has one.

        Examples
        --------
        >>> from filtering import load_scorer
        >>> load_scorer("web").score(["", "A prime has two divisors."]).reasons
        ['empty', None]
        """
        return [REASONS[code] or None for code in self.reason]

    def of_rows(self, rows: slice) -> "Scores":
        """Return the scores of some rows; what was counted and found over all of them is left out."""
        return Scores(
            value=self.value[rows],
            reason=self.reason[rows],
            unusual=self.unusual[rows],
            stage=self.stage[rows],
            each={name: scores.of_rows(rows) for name, scores in self.each.items()},
        )

    def too_long(self, rows: NDArray[np.bool_]) -> "Scores":
        """Return the same scores, but those in some rows, of shape (n,), are of documents too long."""
        if not rows.any():
            return self
        return replace(
            self,
            reason=np.where(rows, np.uint8(TOO_LONG), self.reason),
            unusual=np.where(rows, np.uint8(HUGE_BIT), self.unusual),
            each={name: scores.too_long(rows) for name, scores in self.each.items()},
        )
