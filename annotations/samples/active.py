"""Chooses which documents to label next: near the cut, unlike each other, and the rare high scores.

Pure: takes first-stage scores and features of candidates, gives rows. The random part of a sample is drawn
elsewhere and first, from all candidates: it alone serves rates, for what is chosen here is chosen by its
score.
"""

import numpy as np

from filtering.arrays import Floats, Floats32, Rows
from filtering.signals.read_signals import SCORE_COLUMNS, read_signals
from filtering.text.arrow import Texts

HIGH = 0.2
"""Share of the highest scores, in [0, 1]; this and what follows as measured in docs/experiments.md."""
DIVERSE = 0.3
"""Share of documents of the band that are unlike those already chosen; the rest are uncertain ones."""
BAND_POINTS = 1.5
"""Diverse ones score no further than this from the cut, in rubric points."""
CLIP = 3.0
"""Standard deviations: a few odd documents (one line of 100 KB) would else be all that is diverse."""
SAME = 1e-5
"""A squared distance below this part of the squared length is rounding."""
CHUNK_BYTES = 64 * 2**20
"""Most memory for distances to many rows at once."""


def choose_active(
    points: Floats32,
    features: Floats32,
    *,
    count: int,
    keep_at: float,
    seed: int,
) -> tuple[Rows, list[str]]:
    """Return the rows to label next, in an order of which each beginning has the whole mixture.

    Uncertain rows score nearest to the cut. High ones score highest of the rest. Diverse ones are drawn
    from a band about the cut with a chance in proportion to the squared distance from all that were
    chosen before (D2 sampling: Arthur and Vassilvitskii, k-means++, 2007).

    Parameters
    ----------
    points : float32 array, shape (n,)
        First-stage score of each candidate, in rubric points; one without a finite score is never chosen.
    features : float32 array, shape (n, width)
        What tells documents apart, finite; see `diversity_features`.
    count : int
        Rows to choose; all that have a score, if there are fewer.
    keep_at : float
        The cut, in rubric points.
    seed : int
        Breaks ties, and draws the diverse rows.

    Returns
    -------
    int64 array, shape (min(count, rows with a score),)
        Rows of `points`, each at most once.
    list of str
        Why each was chosen: ``uncertain``, ``diverse`` or ``high``.

    Examples
    --------
    >>> points = np.array([0.5, 2.9, 4.8, np.nan], dtype=np.float32)
    >>> rows, why = choose_active(points, np.zeros((4, 1), np.float32), count=2, keep_at=3, seed=0)
    >>> rows.tolist(), why
    ([1, 2], ['uncertain', 'uncertain'])
    """
    random = np.random.default_rng(seed)
    gaps = np.abs(points - keep_at)
    # Whatever is sorted by score is sorted from a random order, which breaks ties.
    candidates = random.permutation(np.flatnonzero(np.isfinite(points)))
    random.gumbel(size=len(candidates))  # used no more; without it a seed would choose other diverse rows
    count = min(count, len(candidates))
    high_count = round(count * HIGH)
    diverse_count = min(round(count * DIVERSE), count - high_count)  # both may be rounded up
    nearest = candidates[np.argsort(gaps[candidates], kind="stable")]
    uncertain = nearest[: count - high_count - diverse_count]
    rest = _without(candidates, uncertain)
    high = rest[np.argsort(-points[rest], kind="stable")][:high_count]
    band = _without(rest[gaps[rest] <= BAND_POINTS], high)
    known = np.concatenate([uncertain, high])
    diverse = band[_draw_unlike(features[band], features[known], diverse_count, random)]
    # A narrow band may hold too few.
    more = _without(nearest, np.concatenate([known, diverse]))[: diverse_count - len(diverse)]
    return _shuffled_together(
        {"uncertain": np.concatenate([uncertain, more]), "high": high, "diverse": diverse}
    )


def _without(rows: Rows, others: Rows) -> Rows:
    return rows[~np.isin(rows, others)]


def _draw_unlike(features: Floats32, chosen: Floats32, count: int, random: np.random.Generator) -> Rows:
    """Return rows drawn one after the other with a chance in proportion to their squared distance."""
    drawn: list[int] = []
    free = np.ones(len(features), dtype=bool)
    lengths = np.einsum("ij,ij->i", features, features)
    distances = _least_distances(features, lengths, chosen)
    while len(drawn) < min(count, len(features)):
        weights = np.where(free, distances, 0.0)
        if not weights.any() or not np.isfinite(weights).all():  # nothing differs, or nothing is chosen yet
            weights = free.astype(np.float64)
        sums = np.cumsum(weights)
        row = int(np.searchsorted(sums, random.random() * sums[-1], side="right"))
        drawn.append(row)
        free[row] = False
        distances = np.minimum(distances, _least_distances(features, lengths, features[row : row + 1]))
    return np.array(drawn, dtype=np.int64)


def _least_distances(features: Floats32, lengths: Floats32, chosen: Floats32) -> Floats:
    """Return the squared distance of each row from the nearest one that is chosen; infinite where none is."""
    least = np.full(len(features), np.inf)
    at_once = max(1, CHUNK_BYTES // (8 * max(len(features), 1)))
    for start in range(0, len(chosen), at_once):
        some = chosen[start : start + at_once]
        squares = lengths[:, None] + np.einsum("ij,ij->i", some, some) - 2 * (features @ some.T)
        least = np.minimum(least, squares.min(axis=1))
    # A copy of a chosen row lies at a little more or less than nothing.
    return np.where(least < SAME * lengths, 0.0, least)


def _shuffled_together(kinds: dict[str, Rows]) -> tuple[Rows, list[str]]:
    """Return the rows of all kinds, each spread evenly over the order."""
    rows = np.concatenate(list(kinds.values()))
    why = [name for name, members in kinds.items() for _ in members]
    places = np.concatenate(
        [(np.arange(len(members)) + 0.5) / max(len(members), 1) for members in kinds.values()]
    )
    order = np.argsort(places, kind="stable")
    return rows[order], [why[place] for place in order]


def diversity_features(texts: Texts) -> Floats32:
    """Return style statistics of texts, standardised over them: how they are written and laid out.

    Parameters
    ----------
    texts : Arrow array or chunked array of strings, bytes, or a dictionary of them; or a sequence
        Length n.

    Returns
    -------
    float32 array, shape (n, len(STATISTICS))
        In [-3, 3] standard deviations.
    """
    statistics = read_signals(texts).features[:, SCORE_COLUMNS:]
    if len(statistics) == 0:
        return statistics
    spread = np.maximum(statistics.std(axis=0), 1e-6)
    standardised: Floats32 = np.clip((statistics - statistics.mean(axis=0)) / spread, -CLIP, CLIP)
    return standardised
