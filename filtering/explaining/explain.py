"""Why documents have their scores: the n-grams and statistics that moved them most, as plain values.

`contributions.py` computes what each of them adds to the raw value; these sums are exact. Statistics count
from where they are usual: what their curves are at the seed's medians (`quantiles.py`) is part of the start,
for what nearly all documents have in common moved none of them. Points are raw units times the mean slope of
the calibration between the start and the document, so that they add up to the score by the signals. What an
embedding stage makes of it is told as points before and after, and not explained.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from filtering.arrays import Floats, Floats32
from filtering.explaining.contributions import Ngrams, ngram_values, start_of, tree_values
from filtering.explaining.quantiles import HIGH, LOW, MEDIAN, seed_quantiles
from filtering.explaining.readable import READABLE
from filtering.explaining.settings import TOP
from filtering.scoring.cascade import AnyScorer, signals_of
from filtering.scoring.scorers import SIGNALS_STAGE, STAGES, SignalScorer
from filtering.signals.linear import LinearSignals
from filtering.signals.read_signals import SCORE_COLUMNS
from filtering.signals.style import STATISTICS
from filtering.text.arrow import REASONS, Texts, text_bytes


@dataclass(frozen=True)
class NgramAmount:
    """What an n-gram adds to the score of a document.

    Parameters
    ----------
    kind : str
        ``token``, ``pair`` (of neighbouring tokens) or ``characters`` (five bytes).
    text : str
        White space and what cannot be printed are shown as signs and escapes.
    count : int
        Times that it occurs in what is read of the document.
    raw : float
        Units of the raw value.
    points : float
        Rubric points.
    """

    kind: str
    text: str
    count: int
    raw: float
    points: float


@dataclass(frozen=True)
class StatisticAmount:
    """What a statistic adds to the score of a document.

    Parameters
    ----------
    name : str
        One of `filtering.signals.style.STATISTICS`.
    meaning : str
        The same in words.
    value : float
        The document's.
    usual_low, usual_high : float, optional
        Between them lie eleven in twelve documents that the scorer was fitted on; None where a scorer does
        not hold enough to tell.
    raw, points : float
        As in `NgramAmount`; more than at the seed's median.
    """

    name: str
    meaning: str
    value: float
    usual_low: float | None
    usual_high: float | None
    raw: float
    points: float


@dataclass(frozen=True)
class Explanation:
    """Why a document has its score.

    Parameters
    ----------
    score : float, optional
        Rubric points; None where the document has none.
    stage : str
        What decided: ``signals`` or ``embedding``; empty where there is no score.
    reason : str
        Why there is no score; empty where there is one.
    signals_score : float, optional
        Rubric points by the signals alone, which all else explains.
    start : float
        Rubric points of the start: of a document without n-grams whose statistics are usual.
    start_raw, raw : float
        Raw values of the start, and of the document by the signals.
    totals : dict of str to float
        Points that all ``words``, ``characters``, ``statistics`` and ``trees`` add; with the start they make
        `signals_score`.
    raised, lowered : tuple of NgramAmount
        Those n-grams that add and take most, in that order.
    statistics : tuple of StatisticAmount
        Those that add or take most, in that order.
    """

    score: float | None
    stage: str
    reason: str
    signals_score: float | None
    start: float
    start_raw: float
    raw: float
    totals: dict[str, float]
    raised: tuple[NgramAmount, ...]
    lowered: tuple[NgramAmount, ...]
    statistics: tuple[StatisticAmount, ...]


def explain_documents(scorer: AnyScorer, texts: Texts, *, top: int = TOP) -> list[Explanation]:
    """Return why documents have their scores.

    Parameters
    ----------
    scorer : SignalScorer, EmbeddingScorer or CascadeScorer
    texts : Arrow array or chunked array of strings, bytes, or a dictionary of them; or a sequence
        Length n.
    top : int
        N-grams that raise, n-grams that lower, and statistics to name, at most.

    Returns
    -------
    list of Explanation, length n

    Raises
    ------
    ShapeError
        If `texts` holds no text.
    MissingExtraError
        If the scorer has trees, and LightGBM is not installed.

    Examples
    --------
    >>> from filtering import load_scorer
    >>> (why,) = explain_documents(load_scorer("web"), ["A prime number has exactly two divisors."])
    >>> bool(abs(why.start + sum(why.totals.values()) - why.score) < 1e-5)
    True
    """
    first = signals_of(scorer)
    signals = first.linear.read(texts)
    raw = first.raw(signals)
    scores = scorer.score(texts)
    trees = tree_values(first, signals)
    usual = _Usual.of(first.linear)
    added = first.linear.statistic_values(signals.features) - usual.added + trees[:, :-1]
    found = []
    for row, text in enumerate(text_bytes(texts)):
        if text is None or signals.reason[row]:
            found.append(_unscored(REASONS[signals.reason[row]]))
            continue
        values = _Values(text, signals.features[row, SCORE_COLUMNS:], added[row], trees[row, -1], raw[row])
        why = _explanation(first, values, usual, top)
        found.append(replace(why, score=float(scores.value[row]), stage=STAGES[scores.stage[row]]))
    return found


@dataclass(frozen=True)
class _Usual:
    """What is usual in the seed: quantiles, as `seed_quantiles` gives them, and what is added at medians.

    Where a median is not known that is taken for 0: curves are fitted to be 0 on average.
    """

    quantiles: Floats
    added: Floats

    @classmethod
    def of(cls, linear: LinearSignals) -> "_Usual":
        quantiles = seed_quantiles(linear)
        medians = np.zeros((1, SCORE_COLUMNS + len(STATISTICS)), dtype=np.float32)
        medians[0, SCORE_COLUMNS:] = quantiles[:, MEDIAN]
        return cls(quantiles, np.nan_to_num(linear.statistic_values(medians)[0]))


@dataclass(frozen=True)
class _Values:
    """A document, its statistics, what they and trees add to its raw value, and that value."""

    text: bytes
    statistics: Floats32
    added: Floats
    trees: float
    raw: float


def _explanation(first: SignalScorer, values: _Values, usual: _Usual, top: int) -> Explanation:
    start = start_of(first.linear) + float(usual.added.sum())
    slope = first.calibration.slope_between(start, values.raw)
    points = first.calibration.apply(np.array([start, values.raw]))
    tables = list(ngram_values(first.linear, values.text))
    raised, lowered = _top_ngrams(tables, slope, top)
    sums = {
        "words": tables[0][1].sum(),
        "characters": sum(one.sum() for _, one in tables[1:]),
        "statistics": values.added.sum(),
        "trees": values.trees,
    }
    return Explanation(
        score=float(points[1]),
        stage=STAGES[SIGNALS_STAGE],
        reason="",
        signals_score=float(points[1]),
        start=float(points[0]),
        start_raw=start,
        raw=float(values.raw),
        totals={name: slope * float(value) for name, value in sums.items()},
        raised=raised,
        lowered=lowered,
        statistics=_top_statistics(values, usual, slope, top),
    )


def _top_ngrams(
    tables: Sequence[tuple[Ngrams, Floats]], slope: float, top: int
) -> tuple[tuple[NgramAmount, ...], tuple[NgramAmount, ...]]:
    """Return those that raise and those that lower most."""
    raws = np.concatenate([values for _, values in tables])
    first = len(tables[0][1])
    order = np.argsort(raws, kind="stable")
    sides = []
    for places in (order[raws[order] > 0][::-1], order[raws[order] < 0]):
        side = []
        for place in places[:top].tolist():
            ngrams, at = (tables[0][0], place) if place < first else (tables[1][0], place - first)
            raw = float(raws[place])
            side.append(
                NgramAmount(ngrams.kind(at), ngrams.show(at), int(ngrams.counts[at]), raw, slope * raw)
            )
        sides.append(tuple(side))
    return sides[0], sides[1]


def _top_statistics(values: _Values, usual: _Usual, slope: float, top: int) -> tuple[StatisticAmount, ...]:
    order = np.argsort(-np.abs(values.added), kind="stable")[:top].tolist()
    return tuple(
        StatisticAmount(
            name=STATISTICS[at],
            meaning=READABLE[at],
            value=float(values.statistics[at]),
            usual_low=_or_none(usual.quantiles[at, LOW]),
            usual_high=_or_none(usual.quantiles[at, HIGH]),
            raw=float(values.added[at]),
            points=slope * float(values.added[at]),
        )
        for at in order
    )


def _or_none(value: float) -> float | None:
    return None if np.isnan(value) else float(value)


def _unscored(reason: str) -> Explanation:
    return Explanation(None, "", reason, None, 0.0, 0.0, 0.0, {}, (), (), ())
