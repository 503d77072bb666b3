"""Scores labelled documents, and rewrites of them, by fits that have not seen their groups."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from filtering.arrays import Floats, Rows
from filtering.embedding.embedders import Embedder, text_for
from filtering.fitting.cross_validation import Fit, Fitted, FoldFit, fits_of_points, nested_fits
from filtering.fitting.fit_data import FitData, read_fit_data
from filtering.scoring.cascade import cascaded
from filtering.scoring.cascade_exits import Exits
from pipelines.progress import Meter, Reporter


@dataclass(frozen=True)
class NestedJudge:
    """Fits of each fold, of one stage or of both stages of a cascade.

    Parameters
    ----------
    data : FitData
        The labelled documents.
    stages : sequence of sequence of FoldFit
        Of the stage that scores; or of the signals, and of the full scorer behind them.
    exits : Exits, optional
        Of a cascade.
    embedder : Embedder, optional
        What embeds rewrites, where a stage takes embeddings.
    """

    data: FitData
    stages: Sequence[Sequence[FoldFit]]
    exits: Exits | None = None
    embedder: Embedder | None = None

    @classmethod
    def of(
        cls,
        data: FitData,
        fits: Sequence[Fit],
        *,
        reporter: Reporter,
        exits: Exits | None = None,
        embedder: Embedder | None = None,
    ) -> "NestedJudge":
        """Fit anew without each fold, and show how that goes on."""
        meter = Meter(len(fits) * fits_of_points(), 0, "fits")
        with reporter.track(meter):
            stages = [list(nested_fits(data, counted(fit, meter))) for fit in fits]
        return cls(data, stages, exits, embedder)

    def own_points(self) -> Floats:
        """Return the rubric points of the labelled documents: float64 array, shape (n,)."""
        return self._points(self.data, np.arange(len(self.data)))

    def score(self, texts: Sequence[str], places: Rows) -> Floats:
        """Return the rubric points of rewrites, NaN where there is none.

        Parameters
        ----------
        texts : sequence of str, length m
        places : int64 array, shape (m,)
            Which of the labelled documents each is a rewrite of.
        """
        number = len(texts)
        alone = np.zeros(number, dtype=np.int64)
        fresh = read_fit_data(texts, np.zeros(number), [""] * number, alone == 0, clusters=alone)
        if self.embedder is not None:
            fresh, _ = embedded(fresh, self.embedder)
        points = np.full(number, np.nan)
        points[fresh.rows] = self._points(fresh, places[fresh.rows])
        return points

    def _points(self, data: FitData, places: Rows) -> Floats:
        points = np.empty(len(data), dtype=np.float64)
        for folds in zip(*self.stages, strict=True):
            rows = np.flatnonzero(np.isin(places, folds[0].rows))
            found = [fold.points(data, rows) for fold in folds]
            points[rows] = found[0] if self.exits is None else cascaded(self.exits, *found)
        return points


def embedded(data: FitData, embedder: Embedder) -> tuple[FitData, dict[str, int]]:
    """Return the same documents with embeddings, and how many tokens they have and were read of them."""
    found = embedder.embed([text_for(embedder.settings, text) for text in [*data.texts, *data.rewrites]])
    of_documents = slice(len(data))
    tokens = {
        "tokens": int(found.tokens[of_documents].sum()),
        "tokens_read": int(found.tokens_read[of_documents].sum()),
    }
    return replace(data, embeddings=found.vectors), tokens


def counted(fit: Fit, meter: Meter) -> Fit:
    """Return what fits as before, and counts each fit."""

    def fit_and_count(data: FitData, rows: Rows, *, held_out: bool = False) -> Fitted:
        found = fit(data, rows, held_out=held_out)
        meter.count(1)
        return found

    return fit_and_count
