"""What is counted over the rows of a part, by the names that its receipt has for it."""

from collections import Counter
from typing import Any

import numpy as np

from filtering.scoring.scores import EMBEDDING_STAGE
from filtering.text.arrow import REASONS, UNSURE, UNUSUAL
from filtering.text.windows import REACH
from pipelines.worker.judged import Judged


class Tally:
    """Counts over the rows of a part.

    Parameters
    ----------
    signals_read : bool
        Whether signals read the texts; they do not where scores are looked up.
    """

    def __init__(self, *, signals_read: bool) -> None:
        self._signals_read = signals_read
        self._sums: Counter[str] = Counter(rows=0)  # a part may have none
        self._reasons: Counter[str] = Counter()
        self._unusual: Counter[str] = Counter()
        self._leaks: Counter[str] = Counter()
        self._unsure: Counter[str] = Counter()
        self._passages: Counter[str] = Counter()
        self._audited: set[int] = set()

    @property
    def rows(self) -> int:
        """Rows counted so far."""
        return self._sums["rows"]

    def add(self, judged: Judged) -> tuple[int, int]:
        """Count a batch; return its bytes of text and its rows kept."""
        scores, keep, found, lengths = judged.scores, judged.keep, judged.leaks, judged.sizes
        text_bytes, kept = int(lengths.sum()), int(keep.sum())
        embedded = scores.stage == EMBEDDING_STAGE
        self._sums.update(
            rows=len(keep),
            kept=kept,
            used=int(judged.times.sum(dtype=np.int64)),
            text_bytes=text_bytes,
            kept_text_bytes=int(lengths[keep].sum()),
            used_text_bytes=int((lengths * judged.times).sum()),
            tokens=scores.tokens,
            tokens_read=scores.tokens_read,
            embedded=int(embedded.sum()),
            embedded_kept=int((embedded & keep).sum()),
        )
        self._audited.update(scores.audited)
        if self._signals_read:
            unread = np.maximum(lengths[scores.reason == 0] - REACH.whole, 0)
            self._sums["unread_bytes"] += int(unread.sum())
        if scores.reason.any():
            self._reasons.update(REASONS[code] for code in scores.reason[scores.reason > 0].tolist())
        if scores.unusual.any():
            for bit, kind in enumerate(UNUSUAL):
                self._unusual[kind] += int((scores.unusual >> bit & 1).sum())
        if judged.unsure is not None:
            self._unsure.update(judged.unsure.counted(keep | (judged.reason == UNSURE)))
        if judged.passages is not None:
            self._passages.update(judged.passages.counted(keep, lengths))
        if found is not None:
            leaked, documents = found.counted(len(keep))
            self._sums["leaked"] += leaked
            self._leaks.update(documents)
        return text_bytes, kept

    def fields(self) -> dict[str, Any]:
        """Return all counts as fields of a receipt."""
        return {
            **self._sums,
            "reasons": _in_order(self._reasons, REASONS),
            "unusual": _in_order(self._unusual, UNUSUAL),
            "leaks": dict(sorted(self._leaks.items())),
            "audited": sorted(self._audited),
            "unsure": dict(sorted(self._unsure.items())),
            "passages": dict(sorted(self._passages.items())),
        }


def _in_order(counts: Counter[str], names: tuple[str, ...]) -> dict[str, int]:
    return {name: counts[name] for name in names if counts[name]}
