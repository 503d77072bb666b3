"""How far the documents of a dump lie from those that a scorer was fitted on.

Whether a scorer knows them is told by their languages and words (`filtering.scoring.unsure`), as everywhere.
How far their statistics lie from the seed's is told beside it: what the scorer's folder holds is enough for
that, since the quantiles of the seed come back out of it (`quantiles.py`; a statistic of which they do not is
left out).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from filtering.errors import SettingsError
from filtering.explaining.quantiles import MEDIAN, seed_quantiles
from filtering.explaining.readable import READABLE
from filtering.explaining.settings import TOP
from filtering.scoring.cascade import AnyScorer, signals_of
from filtering.scoring.unsure import Unsure
from filtering.signals.linear import GRID
from filtering.signals.read_signals import SCORE_COLUMNS
from filtering.signals.style import STATISTICS
from filtering.text.arrow import Texts

MIN_DOCUMENTS = 100
"""Of fewer, distances are large by chance."""
OTHER_DISTANCE = 0.23
"""Mean distance of all statistics from which a sample is of another kind, or of one kind alone.

It is told, and is no reason for a warning: from web pages code lies 0.38, docstrings 0.35, reviews 0.29."""


@dataclass(frozen=True)
class StatisticShift:
    """How far a statistic of a sample lies from the seed.

    Parameters
    ----------
    name, meaning : str
        One of `filtering.signals.style.STATISTICS`, and what readers call it.
    distance : float
        In [0, 1]: the largest difference, at a quantile of the seed, of the shares of documents up to there
        (Kolmogorov and Smirnov).
    median, seed_median : float
        Of the sample, and of the seed.
    """

    name: str
    meaning: str
    distance: float
    median: float
    seed_median: float


@dataclass(frozen=True)
class Drift:
    """How far a sample of documents lies from the seed of a scorer.

    Parameters
    ----------
    documents : int
        That have a score.
    distance : float
        Mean distance of all statistics, in [0, 1].
    unsure : Unsure
        How many of them the scorer does not know.
    looks_other : bool
        Whether these are so many that scores are not reliable.
    sentence : str
        The same in words.
    shifts : tuple of StatisticShift
        Those statistics that lie furthest, in that order.
    """

    documents: int
    distance: float
    unsure: Unsure
    looks_other: bool
    sentence: str
    shifts: tuple[StatisticShift, ...]


def measure_drift(
    scorer: AnyScorer,
    texts: Texts,
    *,
    top: int = TOP,
    languages: Sequence[str | None] | None = None,
    unsure: Unsure | None = None,
) -> Drift:
    """Return how far documents lie from those that a scorer was fitted on.

    Parameters
    ----------
    scorer : SignalScorer, EmbeddingScorer or CascadeScorer
    texts : Arrow array or chunked array of strings, bytes, or a dictionary of them; or a sequence
        A sample of a dump, at random; some hundreds.
    top : int
        Statistics to name, at most.
    languages : sequence of str or None, optional
        Of each text; detected if not given.
    unsure : Unsure, optional
        How many documents the scorer does not know, of more than these texts; of these if not given.

    Raises
    ------
    SettingsError
        If fewer than `MIN_DOCUMENTS` can be scored.
    ShapeError
        If `texts` holds no text.
    """
    first = signals_of(scorer)
    signals = first.linear.read(texts)
    scored = signals.reason == 0
    documents = int(scored.sum())
    if documents < MIN_DOCUMENTS:
        raise SettingsError(
            f"A sample must have at least {MIN_DOCUMENTS} documents with a score. Got {documents}. "
            "Read more of the dump."
        )
    statistics = signals.features[scored, SCORE_COLUMNS:]
    quantiles = seed_quantiles(first.linear)
    distances = distances_from(quantiles, statistics)
    unsure = unsure or first.unsure_of(texts, languages)
    medians = np.median(statistics, axis=0)
    distance = float(np.nanmean(distances))
    return Drift(
        documents=documents,
        distance=distance,
        unsure=unsure,
        looks_other=bool(unsure.sentence),
        sentence=unsure.sentence or _sentence(distance),
        shifts=tuple(
            StatisticShift(
                STATISTICS[at],
                READABLE[at],
                float(distances[at]),
                float(medians[at]),
                float(quantiles[at, MEDIAN]),
            )
            for at in np.argsort(-distances, kind="stable")[:top].tolist()  # NaN comes last
            if not np.isnan(distances[at])
        ),
    )


def distances_from(quantiles: NDArray[np.float64], statistics: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return how far statistics lie from others of which the quantiles are known.

    Parameters
    ----------
    quantiles : float64 array, shape (columns, KNOTS)
        NaN where not known.
    statistics : float32 array, shape (n, columns)
        Of at least one document.

    Returns
    -------
    float64 array, shape (columns,)
        In [0, 1]; NaN where the quantiles are not known.
    """
    found = np.full(len(quantiles), np.nan)
    for column, (at, values) in enumerate(zip(quantiles, np.sort(statistics, axis=0).T, strict=True)):
        if not np.isnan(at).any():
            most = np.searchsorted(values, at, side="right") / len(values)
            least = np.searchsorted(values, at, side="left") / len(values)
            # Where quantiles tie the seed's share jumps: from the first place of them to the last.
            found[column] = max(float((GRID - most).max()), float((least - GRID).max()))
    return found


def _sentence(distance: float) -> str:
    if distance < OTHER_DISTANCE:
        return "As a whole, these documents look like those that the scorer was fitted on."
    return (
        "These documents are of another kind than those that the scorer was fitted on, or of one kind alone: "
        f"their lines, words and punctuation differ by {distance:.2f}, where 0 is the same and 1 the most. "
        "Read some of them before you trust their scores."
    )
