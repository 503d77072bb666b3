"""What gives documents their scores."""

from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from filtering.calibration import Calibration
from filtering.linear import LinearSignals
from filtering.novelty import Novelty
from filtering.signals import SCORE_COLUMNS, Signals, Texts, read_signals, text_bytes
from filtering.trees import Trees

NO_STAGE, SIGNALS_STAGE = 0, 1
"""Which stage decided a score."""


@dataclass(frozen=True)
class Scores:
    """Scores of n documents.

    Parameters
    ----------
    value : float32 array, shape (n,)
        Rubric points in [0, 5]; NaN where there is a reason.
    reason : uint8 array, shape (n,)
        Positions in `filtering.documents.REASONS`; 0 where the document has a score.
    unusual : uint8 array, shape (n,)
        Bits of `filtering.documents.UNUSUAL`.
    stage : uint8 array, shape (n,)
        1 where signals decided; 0 where there is no score.
    """

    value: NDArray[np.float32]
    reason: NDArray[np.uint8]
    unusual: NDArray[np.uint8]
    stage: NDArray[np.uint8]


class Scorer(Protocol):
    """What gives documents their scores.

    A document's score depends on its text alone, not on its neighbours or their number.
    """

    @property
    def digest(self) -> str:
        """sha256 of everything that decides a score; empty if it was never saved."""
        ...

    def score(self, texts: Texts) -> Scores:
        """Score documents.

        Parameters
        ----------
        texts : Arrow array or chunked array of strings, bytes, or a dictionary of them; or a sequence

        Returns
        -------
        Scores

        Raises
        ------
        ShapeError
            If `texts` holds no text.
        """
        ...

    def unlike_seed(self, texts: Texts) -> NDArray[np.bool_]:
        """Return which documents are unlike those that the scorer was fitted on.

        Documents without a score are not.
        """
        ...


@dataclass(frozen=True)
class SignalScorer:
    """Scores documents by their signals.

    Parameters
    ----------
    domain : str
        ``web``, ``code``, or a name of the user's own.
    linear : LinearSignals
    booster : str, optional
        LightGBM's text model over the linear value and the statistics.
    trees : Trees, optional
        The same, as arrays.
    calibration : Calibration
    novelty : Novelty
    digest : str
        sha256 of the saved scorer.
    """

    domain: str
    linear: LinearSignals
    booster: str | None
    trees: Trees | None
    calibration: Calibration
    novelty: Novelty
    digest: str = field(default="")

    def score(self, texts: Texts) -> Scores:
        """Score documents; see `Scorer.score`.

        Examples
        --------
        >>> from filtering import load_scorer
        >>> scores = load_scorer("web").score(["Buy now! Free shipping.", ""])
        >>> bool(scores.value[0] < 2), scores.reason.tolist()
        (True, [0, 2])
        """
        signals = self.linear.read(texts)
        value = self.calibration.apply(self._raw(signals))
        scored = signals.reason == 0
        return Scores(
            value=np.where(scored, value, np.float32(np.nan)),
            reason=signals.reason,
            unusual=signals.unusual,
            stage=np.where(scored, np.uint8(SIGNALS_STAGE), np.uint8(NO_STAGE)),
        )

    def _raw(self, signals: Signals) -> NDArray[np.float64]:
        raw = self.linear.predict(signals.features)
        if self.trees is None:
            return raw
        statistics = signals.features[:, SCORE_COLUMNS:]
        return self.trees.predict(np.concatenate([raw[:, None].astype(np.float32), statistics], axis=1))

    def unlike_seed(self, texts: Texts) -> NDArray[np.bool_]:
        """Return which documents are unlike the seed; see `Scorer.unlike_seed`."""
        scored = read_signals(texts).reason == 0
        return np.asarray(self.novelty.unlike(text_bytes(texts)) & scored, dtype=bool)
