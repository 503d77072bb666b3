"""Cuts with evidence: what keeping from each one means, and which one reaches a goal.

A cut keeps the documents that score at least so many rubric points. The curve tells for each cut the kept
share of documents and of text, and precision and recall against labels; each of the four has a band that
holds for all cuts at once (`filtering.judging.bands`), so a cut may be chosen by looking at all of them.
"""

from dataclasses import dataclass, replace

import numpy as np

from filtering.arrays import AnyFloats, Bools, Floats, Ints
from filtering.judging.bands import Bands, certain, share_bands

CUTS = np.arange(21) / 4
"""Cuts of the curve, in rubric points: a quarter of a point apart."""
FINE_CUTS = np.arange(5001) / 1000
"""Cuts that a goal of size is answered by, in rubric points."""
LEAST_KEPT = 20
"""Labels that a cut must keep for its precision to be estimated: of one label it is 0 or 1."""
MIN_STRATUM_ROWS = 10
"""Labels that a range of scores must have to stand for a population's documents there by themselves."""


@dataclass(frozen=True)
class ScoredLabels:
    """Labelled documents with the scores that they are cut by.

    Parameters
    ----------
    points : float64 array, shape (n,)
        Scores, in rubric points.
    good : bool array, shape (n,)
        Whether the label says that the document is worth keeping.
    weights : float64 array, shape (n,)
        Documents of the population that each stands for, above 0.
    text_bytes : int64 array, shape (n,)
    groups : int64 array, shape (n,)
        Number of each document's group (site, book, repository).
    """

    points: Floats
    good: Bools
    weights: Floats
    text_bytes: Ints
    groups: Ints

    def __len__(self) -> int:
        return len(self.points)


@dataclass(frozen=True)
class Curve:
    """What keeping from each cut means.

    Parameters
    ----------
    cuts : float64 array, shape (k,)
        Rubric points, rising.
    documents, tokens : Bands
        Kept shares.
    precision : Bands
        Of the documents kept, the share of good ones.
    recall : Bands
        Of the good documents, the share kept.
    rows : int64 array, shape (k,)
        Labels at or above each cut: what the precision is from.
    """

    cuts: Floats
    documents: Bands
    tokens: Bands
    precision: Bands
    recall: Bands
    rows: Ints


def are_kept(points: AnyFloats, cuts: Floats) -> Bools:
    """Return which points each cut keeps, compared in float32 as a run does: bool array, shape (n, k)."""
    return np.asarray(points.astype(np.float32)[:, None] >= cuts.astype(np.float32)[None, :])


def curve_of(
    labels: ScoredLabels,
    cuts: Floats,
    *,
    kept_share: Floats | None = None,
    kept_text: Floats | None = None,
) -> Curve:
    """Return what keeping from each cut means, with bands.

    Parameters
    ----------
    labels : ScoredLabels
    cuts : float64 array, shape (k,)
        Rubric points.
    kept_share, kept_text : float64 array, shape (k,), optional
        Shares of documents and of text that each cut keeps, where these are known; estimated if not given.
    """
    kept, good = are_kept(labels.points, cuts), labels.good[:, None]
    weights = np.broadcast_to(labels.weights[:, None], kept.shape)
    text = weights * labels.text_bytes[:, None]
    # No score lies below 0: a cut there keeps all, whatever the labels are.
    everything, all_of_it = cuts <= 0, certain(np.ones(len(cuts)))
    tested = np.flatnonzero(~everything)
    asked = {
        "documents": (weights[:, tested], kept[:, tested]),
        "tokens": (text[:, tested], kept[:, tested]),
        "recall": ((weights * good)[:, tested], kept[:, tested]),
        "precision": (weights * kept, np.broadcast_to(good, kept.shape)),
    }
    known = {"documents": kept_share, "tokens": kept_text}
    asked = {name: curve for name, curve in asked.items() if known.get(name) is None}
    found = dict(zip(asked, share_bands(list(asked.values()), labels.groups), strict=True))

    def bands(name: str) -> Bands:
        share = known.get(name)
        return all_of_it.placed(tested, found[name]) if share is None else certain(share)

    return Curve(
        cuts=cuts,
        documents=bands("documents"),
        tokens=bands("tokens"),
        precision=found["precision"],
        recall=bands("recall"),
        rows=kept.sum(axis=0),
    )


def post_stratified(labels: ScoredLabels, counts: Ints) -> Floats:
    """Return weights by which the labels' scores are spread as a population's are.

    Documents are parted by score at `CUTS`. Where a range has fewer than `MIN_STRATUM_ROWS` labels, it is
    joined to its neighbours below, the lowest to those above. Within a range, weights keep their proportions.

    Parameters
    ----------
    labels : ScoredLabels
    counts : int64 array, shape (len(FINE_CUTS),)
        Documents of the population whose score lies from each of `FINE_CUTS` to the next.

    Returns
    -------
    float64 array, shape (n,)
        Summing to the documents of the population.
    """
    stratum = are_kept(labels.points, CUTS).sum(axis=1) - 1
    fine = are_kept(FINE_CUTS, CUTS).sum(axis=1) - 1
    joined = _joined(np.bincount(stratum, minlength=len(CUTS)))
    stratum, fine = joined[stratum], joined[fine]
    documents = np.bincount(fine, counts, minlength=len(CUTS))
    own = np.bincount(stratum, labels.weights, minlength=len(CUTS))
    return np.asarray(labels.weights * (documents / np.where(own > 0, own, 1.0))[stratum])


def _joined(rows: Ints) -> Ints:
    """Return for each range of scores the number of the joined range that it is part of."""
    number, gathered = 0, 0
    joined = np.zeros(len(rows), dtype=np.int64)
    for place in range(len(rows) - 1, -1, -1):  # from the top, where labels are rare
        joined[place] = number
        gathered += int(rows[place])
        if gathered >= MIN_STRATUM_ROWS:
            number, gathered = number + 1, 0
    if gathered < MIN_STRATUM_ROWS:  # the lowest has too few: it is part of the one above
        joined[joined == number] = max(number - 1, 0)
    return joined


@dataclass(frozen=True)
class Choice:
    """A cut that answers a goal.

    Parameters
    ----------
    place : int
        Its place in the curve.
    is_promised : bool
        Whether the labels show that the goal is reached there; otherwise the cut has the highest estimate.
    more_labels : int, optional
        Labels to add, roughly, until they would show it; None where it is promised already, or where no
        number would do by what these labels say.
    """

    place: int
    is_promised: bool
    more_labels: int | None = None


def cut_for_precision(curve: Curve, goal: float, rows: int) -> Choice:
    """Return the lowest cut whose precision is shown to reach a goal.

    Parameters
    ----------
    curve : Curve
    goal : float
        In (0, 1).
    rows : int
        Labels that the curve is from.
    """
    reached = np.flatnonzero(curve.precision.low >= goal)
    if len(reached):
        return Choice(int(reached[0]), is_promised=True)
    return _best(_estimated_precision(curve), goal, rows)


def cut_for_recall(curve: Curve, goal: float, rows: int) -> Choice:
    """Return the highest cut above 0 whose recall is shown to reach a goal; see `cut_for_precision`.

    A cut at 0 keeps everything, which needs no evidence and is no answer.
    """
    above = Bands(
        *(ends[curve.cuts > 0] for ends in (curve.recall.value, curve.recall.low, curve.recall.high))
    )
    skipped = int((curve.cuts <= 0).sum())
    reached = np.flatnonzero(above.low >= goal)
    if len(reached):
        return Choice(skipped + int(reached[-1]), is_promised=True)
    best = _best(above, goal, rows)
    return Choice(skipped + best.place, best.is_promised, best.more_labels)


def by_estimate_alone(curve: Curve, goal: str, amount: float) -> int | None:
    """Return the place of the cut that reaches a goal of quality by the estimates, whatever the bands say.

    Parameters
    ----------
    curve : Curve
    goal : str
        ``precision``, ``recall``, or another, which has no such cut.
    amount : float

    Returns
    -------
    int, optional
        The lowest cut for precision, of those that keep `LEAST_KEPT` labels; the highest for recall. None
        where none reaches it.
    """
    if goal not in ("precision", "recall"):
        return None
    shares = _estimated_precision(curve) if goal == "precision" else curve.recall
    reached = np.flatnonzero((shares.value >= amount) & ((curve.cuts > 0) | (goal == "precision")))
    if not len(reached):
        return None
    return int(reached[0 if goal == "precision" else -1])


def _estimated_precision(curve: Curve) -> Bands:
    """Return precision where a cut keeps `LEAST_KEPT` labels, or all that there are; NaN elsewhere."""
    is_borne = curve.rows >= min(LEAST_KEPT, int(curve.rows.max()))
    return replace(curve.precision, value=np.where(is_borne, curve.precision.value, np.nan))


def _best(shares: Bands, goal: float, rows: int) -> Choice:
    """Return the cut with the highest estimate, and how many labels more might lift one to the goal.

    The distance from an estimate to its lower end shrinks as one over the square root of the labels.
    """
    place = int(np.nanargmax(shares.value))
    margin, reach = shares.value - goal, shares.value - shares.low
    hopeful = np.flatnonzero(margin > 0)
    if not len(hopeful):
        return Choice(place, is_promised=False)
    needed = rows * float(((reach[hopeful] / margin[hopeful]) ** 2).min())
    return Choice(place, is_promised=False, more_labels=_rounded_up(needed - rows))


def _rounded_up(count: float) -> int:
    """Return a number with two digits that say something."""
    unit = 10.0 ** max(int(np.floor(np.log10(max(count, 1.0)))) - 1, 0)
    return int(np.ceil(max(count, 1.0) / unit) * unit)


def cut_for_share(shares: Floats, goal: float) -> float:
    """Return the lowest of `FINE_CUTS` that keeps at most a share; the highest where all keep more.

    Parameters
    ----------
    shares : float64 array, shape (len(FINE_CUTS),)
        Kept share at each of them, falling.
    goal : float
    """
    enough = np.flatnonzero(shares <= goal)
    return float(FINE_CUTS[enough[0] if len(enough) else -1])


def kept_shares(points: AnyFloats, amounts: AnyFloats) -> Floats:
    """Return the kept share of an amount at each of `FINE_CUTS`.

    Parameters
    ----------
    points : float array, shape (n,)
        Scores.
    amounts : float array, shape (n,)
        What each document has of it.
    """
    shares: Floats = above(np.bincount(fine_places(points), amounts, minlength=len(FINE_CUTS)))
    return shares / float(amounts.sum())


def above(amounts: AnyFloats | Ints) -> Floats:
    """Return what lies at or above each of `FINE_CUTS`, from what lies from each to the next."""
    return np.cumsum(amounts[::-1], dtype=np.float64)[::-1]


def fine_places(points: AnyFloats) -> Ints:
    """Return between which of `FINE_CUTS` each score lies: the place of the highest that keeps it."""
    places = np.searchsorted(FINE_CUTS.astype(np.float32), points.astype(np.float32), side="right") - 1
    return np.maximum(places, 0).astype(np.int64)
