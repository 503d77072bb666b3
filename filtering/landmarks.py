"""Landmarks: features of vectors whose products approximate a Gaussian kernel, for fitting."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from filtering.extras import require
from filtering.heads import KernelHead

LANDMARKS = 512
KERNEL_SCALE = 1.0
"""Inverse squared width of a bump, in units of the vectors' spread (docs/experiments.md)."""
KERNEL_WEIGHT = 0.3
"""Squared weight of the landmark features beside the n-grams' 1 (docs/experiments.md)."""


def spread_of(embeddings: NDArray[np.float32]) -> float:
    """Return the mean squared distance from the mean: models scale their embeddings differently."""
    rows = embeddings.astype(np.float64)
    return float(((rows - rows.mean(axis=0)) ** 2).sum(axis=1).mean()) or 1.0


@dataclass(frozen=True)
class Landmarks:
    """Nystroem's map (Williams and Seeger 2001): features whose products approximate a Gaussian kernel."""

    nystroem: Any

    @classmethod
    def of(cls, embeddings: NDArray[np.float32]) -> "Landmarks":
        """Choose landmarks among vectors: float32 array, shape (n, width)."""
        nystroem = require("train", "sklearn.kernel_approximation").Nystroem(
            gamma=KERNEL_SCALE / spread_of(embeddings),
            n_components=min(LANDMARKS, len(embeddings)),
            random_state=0,
        )
        return cls(nystroem.fit(embeddings.astype(np.float64)))

    def features(self, embeddings: NDArray[np.float32]) -> NDArray[np.float64]:
        """Return the features: float64 array, shape (n, landmarks)."""
        found: NDArray[np.float64] = self.nystroem.transform(embeddings.astype(np.float64))
        return found

    def head(self, weights: NDArray[np.float64], bias: float) -> KernelHead:
        """Return the head that weighs the features: their weights fold into those of the landmarks."""
        return KernelHead(
            landmarks=self.nystroem.components_.astype(np.float32),
            weights=self.nystroem.normalization_.T @ weights,
            gamma=float(self.nystroem.gamma),
            bias=bias,
        )
