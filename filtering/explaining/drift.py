"""How far the documents of a dump lie from those that a scorer was fitted on, by their statistics and words.

What the scorer's folder holds is enough: the quantiles of the seed come back out of it (`quantiles.py`; a
statistic of which they do not is left out), and its known words tell documents that are unlike the seed
(`novelty.py`). N-grams are not looked at.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from filtering.errors import SettingsError
from filtering.explaining.quantiles import MEDIAN, seed_quantiles
from filtering.explaining.readable import READABLE
from filtering.explaining.settings import TOP
from filtering.scoring.cascade import AnyScorer, signals_of
from filtering.signals.linear import GRID
from filtering.signals.read_signals import SCORE_COLUMNS
from filtering.signals.style import STATISTICS
from filtering.text.arrow import Texts

MIN_DOCUMENTS = 100
"""Of fewer, distances are large by chance."""
OTHER_DISTANCE = 0.23
"""Mean distance of all statistics from which a sample looks like other data (docs/explanation.md)."""
OTHER_UNLIKE = 0.15
"""Share of documents unlike the seed from which it does, as `filter` warns; 0.05 of the seed itself are."""


@dataclass(frozen=True)
class StatisticShift:
    """How far a statistic of a sample lies from the seed.

    Parameters
    ----------
    name, meaning : str
        As in `filtering.explaining.explain.StatisticAmount`.
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
    unlike_share : float
        Share of documents unlike the seed, by their words.
    looks_other : bool
        Whether either is so large that this looks like other data than the seed.
    sentence : str
        The same in words.
    shifts : tuple of StatisticShift
        Those statistics that lie furthest, in that order.
    """

    documents: int
    distance: float
    unlike_share: float
    looks_other: bool
    sentence: str
    shifts: tuple[StatisticShift, ...]


def measure_drift(scorer: AnyScorer, texts: Texts, *, top: int = TOP) -> Drift:
    """Return how far documents lie from those that a scorer was fitted on.

    Parameters
    ----------
    scorer : SignalScorer, EmbeddingScorer or CascadeScorer
    texts : Arrow array or chunked array of strings, bytes, or a dictionary of them; or a sequence
        A sample of a dump, at random; some hundreds.
    top : int
        Statistics to name, at most.

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
    unlike = float(first.unlike_seed(texts)[scored].mean())
    medians = np.median(statistics, axis=0)
    distance = float(np.nanmean(distances))
    looks_other = distance >= OTHER_DISTANCE or unlike >= OTHER_UNLIKE
    return Drift(
        documents=documents,
        distance=distance,
        unlike_share=unlike,
        looks_other=looks_other,
        sentence=_sentence(distance, unlike, looks_other=looks_other),
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


def _sentence(distance: float, unlike: float, *, looks_other: bool) -> str:
    what = "looks like other data than" if looks_other else "looks like"
    then = " It is of another kind, or of one kind alone. Label some of it first." if looks_other else ""
    return (
        f"This dump {what} the documents that the scorer was fitted on. Its statistics lie {distance:.2f} "
        f"from theirs on average, where 0 is the same and {OTHER_DISTANCE:g} or more is other data. "
        f"{100 * unlike:.0f} % of the documents are unlike them by their words, where "
        f"{100 * OTHER_UNLIKE:.0f} % or more is other data.{then}"
    )
