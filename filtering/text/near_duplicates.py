"""Finds near-duplicates: MinHash over runs of five words, candidates by locality-sensitive hashing.

Alike are two texts by the Jaccard index of their sets of runs, as MinHash estimates it (Broder 1997, "On the
resemblance and containment of documents"). A text inside a much longer one is not found: of the longer one's
runs it has few.
"""

import re
from collections.abc import Sequence
from typing import Any

import numpy as np

from filtering.arrays import Ints
from filtering.extras import require
from filtering.text.windows import REACH, window_text

SAME = 0.8
"""From here on one text stands for the other: labels of such two hardly ever differ (docs/experiments.md)."""
ALIKE = 0.5
"""From here on one text tells the label of the other, and they must not stand on two sides of a split."""
RUN_WORDS = 5
HASHES, BANDS = 256, 64
"""The estimate is off by .03 (standard error at .5). Of texts as alike as .5 the bands find 98 %, of .4 81 %,
of .2 10 %; what they find is then compared."""
SAME_HASHES, SAME_BANDS = 120, 20
"""For many texts, in a third of the memory. Of texts as alike as `SAME` the bands find 99.8 %."""
WORD = re.compile(r"[\u0e00-\u0eff\u3040-\u30ff\u3400-\u9fff]|[^\W\u0e00-\u0eff\u3040-\u30ff\u3400-\u9fff]+")
"""In Thai, Lao, Japanese and Chinese, which have no spaces, each character."""


class NearDuplicates:
    """Texts that were kept to be compared with; each takes about seven kilobytes.

    Parameters
    ----------
    extra : str
        Which extra has the library that this takes.
    hashes, bands : int
        Of a sketch.

    Raises
    ------
    MissingExtraError
        If it is not installed.
    """

    def __init__(self, extra: str, hashes: int = HASHES, bands: int = BANDS) -> None:
        self._rensa = require(extra, "rensa")
        self._hashes = hashes
        self._bands = self._rensa.RMinHashLSH(threshold=ALIKE, num_perm=hashes, num_bands=bands)
        self._sketches: dict[int, Any] = {}

    def sketch(self, text: str) -> Any:  # noqa: ANN401 - of a library that is imported late
        """Return the MinHash of a text."""
        found = self._rensa.RMinHash(num_perm=self._hashes, seed=1)
        found.update(runs_of_words(text))
        return found

    def alike(self, sketch: Any) -> dict[int, float]:  # noqa: ANN401 - as above
        """Return how alike candidates are, by their rows."""
        return {row: self._sketches[row].jaccard(sketch) for row in self._bands.query(sketch)}

    def first_same(self, row: int, text: str) -> int:
        """Return the first text that is the `SAME` as one; its own row, and it is kept, if none is."""
        sketch = self.sketch(text)
        same = [other for other, similarity in self.alike(sketch).items() if similarity >= SAME]
        if same:
            return min(same)
        self.keep(row, sketch)
        return row

    def keep(self, row: int, sketch: Any) -> None:  # noqa: ANN401 - as above
        """Keep a text to be compared with."""
        self._sketches[row] = sketch
        self._bands.insert(row, sketch)


def representatives(texts: Sequence[str]) -> Ints:
    """Return for each text the first one that stands for it: itself, unless another is the `SAME`.

    A text that another one stands for stands for none, so likeness is not handed on along a chain.

    Parameters
    ----------
    texts : sequence of str, length n

    Returns
    -------
    int64 array, shape (n,)

    Raises
    ------
    MissingExtraError
        If the ``annotate`` extra is not installed.
    """
    index = NearDuplicates("annotate")
    return np.array([index.first_same(row, text) for row, text in enumerate(texts)], dtype=np.int64)


def near_duplicate_clusters(documents: Sequence[bytes]) -> Ints:
    """Return a number for each document that those share which are `ALIKE`, or joined by a chain of such.

    Parameters
    ----------
    documents : sequence of bytes, length n
        In UTF-8. Their reaches are compared, which is what signals read.

    Returns
    -------
    int64 array, shape (n,)
        Row of the first document of the cluster.

    Raises
    ------
    MissingExtraError
        If the ``train`` extra is not installed.
    """
    index = NearDuplicates("train")
    cluster = np.arange(len(documents))
    for row, document in enumerate(documents):
        sketch = index.sketch(window_text(document, REACH))
        found = index.alike(sketch)
        joined = [cluster[other] for other, similarity in found.items() if similarity >= ALIKE]
        if joined:
            cluster[row] = min(joined)
            cluster[np.isin(cluster, joined)] = cluster[row]
        if 1.0 not in found.values():  # of a thousand copies one is compared with, not all
            index.keep(row, sketch)
    return cluster


def runs_of_words(text: str) -> list[str]:
    """Return the runs of `RUN_WORDS` words of a text, in lower case; all of a text of fewer words.

    A text without a word is one run: alike only where it is the same.

    Examples
    --------
    >>> runs_of_words("One, two. Three: four (five) six!")
    ['one two three four five', 'two three four five six']
    """
    words = WORD.findall(text.lower())
    if len(words) < RUN_WORDS:
        return [" ".join(words) or text]
    return list(map(" ".join, zip(*(words[at:] for at in range(RUN_WORDS)), strict=False)))
