"""Why documents have their scores: in a sentence, by groups of signals, and by single signals.

`contributions.py` computes what each n-gram and statistic adds to the raw value; these sums are exact.
Statistics count from where they are usual: what their curves are at the seed's medians (`quantiles.py`) is
part of the start, for what nearly all documents have in common moved none of them. Points are raw units times
the mean slope of the calibration between the start and the document, so that they add up to the score by the
signals. What an embedding stage makes of it is told as points before and after, and not explained.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from filtering.arrays import Floats, Floats32
from filtering.explaining.contributions import ngram_values, start_of, tree_values
from filtering.explaining.explanation import Explanation, GroupAmount, SignalAmount, unscored
from filtering.explaining.ngrams import CharacterNgrams, WordNgrams
from filtering.explaining.passages import find_passages
from filtering.explaining.quantiles import HIGH, LOW, MEDIAN, seed_quantiles
from filtering.explaining.settings import TOP
from filtering.explaining.single_signals import Amounts, Signal, single_signals
from filtering.explaining.traits import traits_in_words, traits_sentence
from filtering.rubric_points import KEEP_AT
from filtering.scoring.cascade import AnyScorer, CascadeScorer, signals_of, with_warnings
from filtering.scoring.scorers import SignalScorer
from filtering.scoring.scores import SIGNALS_STAGE, STAGES
from filtering.scoring.unsure import find_languages, why_unsure
from filtering.signals.linear import LinearSignals
from filtering.signals.read_signals import SCORE_COLUMNS
from filtering.signals.style import STATISTICS
from filtering.text.arrow import REASONS, Texts, text_bytes
from filtering.text.windows import REACH, window_spans


def explain_documents(
    scorer: AnyScorer,
    texts: Texts,
    *,
    top: int = TOP,
    keep_at: float | None = None,
    languages: Sequence[str | None] | None = None,
) -> list[Explanation]:
    """Return why documents have their scores.

    Parameters
    ----------
    scorer : SignalScorer, EmbeddingScorer or CascadeScorer
    texts : Arrow array or chunked array of strings, bytes, or a dictionary of them; or a sequence
        Length n.
    top : int
        Signals that raise, and signals that lower, to name, at most.
    keep_at : float, optional
        Rubric points from which a document is kept; 3, or those of a cascade, if not given.
    languages : sequence of str or None, length n, optional
        Of each text; detected if not given.

    Returns
    -------
    list of Explanation, length n

    Raises
    ------
    ShapeError
        If `texts` holds no text.

    Examples
    --------
    >>> from filtering import load_scorer
    >>> (why,) = explain_documents(load_scorer("web"), ["For example, you know a prime number."])
    >>> why.kept, why.sentence[:40]
    (False, 'Nothing in it raises the score enough: a')
    """
    return [*explain_in_turn(scorer, texts, top=top, keep_at=keep_at, languages=languages)]


def explain_in_turn(
    scorer: AnyScorer,
    texts: Texts,
    *,
    top: int = TOP,
    keep_at: float | None = None,
    languages: Sequence[str | None] | None = None,
) -> Iterator[Explanation]:
    """Yield what `explain_documents` returns, one after the other: that takes some milliseconds each."""
    scorer = with_warnings(scorer, warns=False)  # explanations say so themselves
    first = signals_of(scorer)
    signals = first.linear.read(texts)
    raw = first.raw(signals)
    scores = scorer.score(texts)
    trees = tree_values(first, signals)
    usual = usual_values(first.linear)
    added = first.linear.statistic_values(signals.features) - usual.added + trees[:, :-1]
    cut = keep_at if keep_at is not None else _cut_of(scorer)
    documents = text_bytes(texts)
    told = find_languages(documents, first.domain) if languages is None else languages
    odd = first.unlike_seed(documents)
    for row, text in enumerate(documents):
        if text is None or scores.reason[row]:  # for which rules of the scorer are a reason too
            yield unscored(REASONS[scores.reason[row]], cut)
            continue
        values = _Values(text, signals.features[row, SCORE_COLUMNS:], added[row], trees[row, -1], raw[row])
        why = replace(
            _explanation(first, values, usual, top, cut),
            stage=STAGES[scores.stage[row]],
            unsure=why_unsure(first.languages, told[row], odd=bool(odd[row])),
        )
        yield with_score(why, float(scores.value[row]))


def with_score(why: Explanation, score: float) -> Explanation:
    """Return an explanation with another score than that of the signals."""
    kept = bool(score >= np.float32(why.keep_at))
    groups = {one.group: one.points for one in why.groups}
    sentence = traits_sentence(
        why.speaks_for,
        why.speaks_against,
        kept=kept,
        starts_kept=why.start >= why.keep_at,
        groups=groups,
        lacks="" if kept else _what_is_lacking(why, score),
    )
    return replace(why, score=score, kept=kept, sentence=sentence)


def _what_is_lacking(why: Explanation, score: float) -> str:
    """Return that nothing in a document raises its score enough; empty where something lowered it too far."""
    if why.start + sum(one.points for one in why.groups if one.points > 0) >= why.keep_at:
        return ""
    return (
        f"Nothing in it raises the score enough: a document with nothing unusual has {why.start:.2f} points, "
        f"this one {score:.2f}, and {why.keep_at:g} are needed."
    )


def _cut_of(scorer: AnyScorer) -> float:
    return scorer.exits.settings.keep_at if isinstance(scorer, CascadeScorer) else KEEP_AT


@dataclass(frozen=True)
class Usual:
    """What is usual in the seed.

    Parameters
    ----------
    quantiles : float64 array, shape (len(STATISTICS), KNOTS)
        As `seed_quantiles` gives them.
    added : float64 array, shape (len(STATISTICS),)
        What each statistic adds to the raw value at its median. Where a median is not known that is taken for
        0: curves are fitted to be 0 on average.
    """

    quantiles: Floats
    added: Floats


def usual_values(linear: LinearSignals) -> Usual:
    """Return what is usual in the seed of a scorer."""
    quantiles = seed_quantiles(linear)
    medians = np.zeros((1, SCORE_COLUMNS + len(STATISTICS)), dtype=np.float32)
    medians[0, SCORE_COLUMNS:] = quantiles[:, MEDIAN]
    return Usual(quantiles, np.nan_to_num(linear.statistic_values(medians)[0]))


@dataclass(frozen=True)
class _Values:
    """A document, its statistics, what they and trees add to its raw value, and that value."""

    text: bytes
    statistics: Floats32
    added: Floats
    trees: float
    raw: float


def _explanation(first: SignalScorer, values: _Values, usual: Usual, top: int, keep_at: float) -> Explanation:
    start = start_of(first.linear) + float(usual.added.sum())
    slope = first.calibration.slope_between(start, values.raw)
    points = first.calibration.apply(np.array([start, values.raw]))
    score = float(points[1])
    amounts = _amounts(first, values, usual)
    signals = single_signals(amounts)
    groups = _groups(signals, slope)
    order = sorted(signals, key=lambda one: -abs(one.raw))
    raising, lowering = ([one for one in order if side * one.raw > 0] for side in (1, -1))
    raised, lowered = (_told(side[:top], slope) for side in (raising, lowering))
    raised_more, lowered_more = (slope * sum(one.raw for one in side[top:]) for side in (raising, lowering))
    moved = sum(abs(one.raw) for one in signals) or 1.0
    between = usual.quantiles[:, [LOW, HIGH]]
    listed = {one.statistic for one in lowering[:top]}
    speaks_for, speaks_against = traits_in_words(
        signals, amounts, between, first.domain, listed=listed, slope=slope
    )
    raising_passage, lowering_passage = find_passages(first, values.text, score)
    return Explanation(
        score=score,
        kept=score >= keep_at,
        dropped_for="",
        keep_at=keep_at,
        sentence="",  # follows from the score, which a later stage may change (`with_score`)
        speaks_for=speaks_for,
        speaks_against=speaks_against,
        stage=STAGES[SIGNALS_STAGE],
        reason="",
        unsure="",
        signals_score=score,
        start=float(points[0]),
        start_raw=start,
        raw=float(values.raw),
        groups=groups,
        raised=raised,
        lowered=lowered,
        shown_share=sum(abs(one.raw) for one in (*raised, *lowered)) / moved,
        others=len(raising[top:]) + len(lowering[top:]),
        others_raised=raised_more,
        others_lowered=lowered_more,
        unread_bytes=max(len(values.text) - REACH.whole, 0),
        raising_passage=raising_passage,
        lowering_passage=lowering_passage,
    )


def _amounts(first: SignalScorer, values: _Values, usual: Usual) -> Amounts:
    """Return what a document has and what each of it adds."""
    tables = list(ngram_values(first.linear, values.text))
    words = tables[0][0]
    assert isinstance(words, WordNgrams)
    characters = tables[1][0] if len(tables) > 1 else None
    pieces = [values.text[start:stop].decode() for start, stop in window_spans(values.text, REACH)]
    return Amounts(
        words=words,
        word_raws=tables[0][1],
        characters=characters if isinstance(characters, CharacterNgrams) else None,
        character_raws=tables[1][1] if len(tables) > 1 else np.zeros(0),
        statistics=values.statistics,
        statistic_raws=values.added,
        trees=values.trees,
        usual=[(_or_none(one[LOW]), _or_none(one[HIGH])) for one in usual.quantiles],
        characters_read=sum(map(len, pieces)),
    )


def _groups(signals: Sequence[Signal], slope: float) -> tuple[GroupAmount, ...]:
    raws: defaultdict[str, float] = defaultdict(float)
    for one in signals:
        raws[one.group] += one.raw
    moved = sum(map(abs, raws.values())) or 1.0
    return tuple(
        GroupAmount(group, raw, slope * raw, abs(raw) / moved)
        for group, raw in sorted(raws.items(), key=lambda one: (-abs(one[1]), one[0]))
        if raw
    )


def _told(signals: Sequence[Signal], slope: float) -> tuple[SignalAmount, ...]:
    return tuple(SignalAmount(one.group, *one.tell(), one.raw, slope * one.raw) for one in signals)


def _or_none(value: float) -> float | None:
    return None if np.isnan(value) else float(value)
