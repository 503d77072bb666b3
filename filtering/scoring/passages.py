"""Passages: which parts of a long document teach, by the points of its segments.

Each segment (`filtering/text/segments.py`) is scored as a document of its own, by words and style. A passage
is a run of neighbouring segments that all reach the cut.
"""

from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa

from filtering.arrays import Bools, Floats32, Ints
from filtering.brief import brief
from filtering.scoring.scorers import SignalScorer
from filtering.text.arrow import text_lengths
from filtering.text.segments import LONG_BYTES, cut_segments


@dataclass(frozen=True)
class ScoredSegments:
    """The m segments of the long ones of n documents, in order, and their points.

    Parameters
    ----------
    row : int64 array, shape (m,)
        The document of each.
    start, stop : int64 array, shape (m,)
        Where it lies in that document, in bytes of UTF-8. Those of a document follow each other without a
        gap, from its first byte to its last.
    points : float32 array, shape (m,)
        Rubric points in [0, 5]; NaN of one without a score, as of white space alone.
    """

    __repr__ = brief

    row: Ints
    start: Ints
    stop: Ints
    points: Floats32

    def best(self, documents: int) -> Floats32:
        """Return the points of each document's best segment, shape (documents,); NaN where none has any."""
        found = np.full(documents, np.nan, dtype=np.float32)
        np.fmax.at(found, self.row, self.points)
        return found


@dataclass(frozen=True)
class Passages:
    """The k passages of documents, in order.

    Parameters
    ----------
    row : int64 array, shape (k,)
        The document of each.
    start, stop : int64 array, shape (k,)
        Where it lies in that document, in bytes of UTF-8.
    points : float32 array, shape (k,)
        Mean of the points of its segments, weighted by their bytes.
    """

    __repr__ = brief

    row: Ints
    start: Ints
    stop: Ints
    points: Floats32

    def of_rows(self, chosen: Bools) -> "Passages":
        """Return those of some documents, which a bool array of shape (documents,) says."""
        mine = chosen[self.row]
        return Passages(self.row[mine], self.start[mine], self.stop[mine], self.points[mine])


def score_segments(scorer: SignalScorer, texts: pa.Array, scored: Bools) -> ScoredSegments:
    r"""Score the segments of long documents.

    Parameters
    ----------
    scorer : SignalScorer
        Its rules do not count: they are about whole files.
    texts : Arrow array of strings, bytes, or a dictionary of them, length n
    scored : bool array, shape (n,)
        Documents with a score: others have no segments.

    Examples
    --------
    >>> from filtering import load_scorer
    >>> text = "A prime has two divisors. " * 160 + "\n\n" + "Buy now! Free shipping! " * 80
    >>> texts = pa.array([text, "A short one."])
    >>> found = score_segments(load_scorer("web"), texts, np.array([True, True]))
    >>> found.stop.tolist(), bool(found.points[-1] < found.points[0])
    ([1508, 3016, 4162, 6082], True)
    """
    cut = cut_segments(texts, np.flatnonzero(scored & (text_lengths(texts) > LONG_BYTES)))
    points = replace(scorer, rules=(), warns=False).score(cut.texts).value
    return ScoredSegments(cut.row, cut.start, cut.stop, points[cut.is_segment])


def find_passages(segments: ScoredSegments, keep_at: float) -> Passages:
    """Return the runs of neighbouring segments that reach a cut.

    Examples
    --------
    >>> start = np.array([0, 1500, 3000, 4500])
    >>> points = np.array([3.5, 2.5, 3.0, 4.0], np.float32)
    >>> found = find_passages(ScoredSegments(np.zeros(4, int), start, start + 1500, points), 3.0)
    >>> found.start.tolist(), found.stop.tolist(), found.points.tolist()
    ([0, 3000], [1500, 6000], [3.5, 3.5])
    """
    reaches = segments.points >= np.float32(keep_at)
    is_same = segments.row[1:] == segments.row[:-1]
    begins = reaches & ~np.append(False, reaches[:-1] & is_same)
    ends = reaches & ~np.append(reaches[1:] & is_same, False)
    first, last = np.flatnonzero(begins), np.flatnonzero(ends)
    sizes = np.where(reaches, segments.stop - segments.start, 0)
    weighed = np.cumsum(np.append(0.0, np.where(reaches, segments.points, 0.0) * sizes))
    start, stop = segments.start[first], segments.stop[last]
    points = (weighed[last + 1] - weighed[first]) / (stop - start)
    return Passages(segments.row[first], start, stop, points.astype(np.float32))
