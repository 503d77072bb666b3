"""Tells documents that are unlike those a scorer was fitted on: another language or script, say.

A document is unlike the seed when more of its words are unknown than in all but `SEED_SHARE` of the
seed's own documents, as measured with the words of other groups. Known are words that several
groups of the seed have. A share of unlike documents far above `SEED_SHARE` says that scores mean
little in a dump; it is estimated on a sample, so plain Python is fast enough here.
"""

import re
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from filtering.brief import brief
from filtering.folds import FOLDS, fold_assignment
from filtering.text.windows import window_spans

SEED_SHARE = 0.05
"""Some of the seed is unlike the rest of it: web pages in other languages, for one."""
KNOWN_GROUPS = 2
"""A word is known if this many groups have it: names and typing errors of one site say nothing."""
WORD = re.compile(rb"[a-z_\x80-\xff][0-9a-z_\x80-\xff]*")


@dataclass(frozen=True)
class Novelty:
    """The words of a seed, and how many unknown ones are usual.

    Parameters
    ----------
    words : uint32 array, rising
        CRC-32 of each known word, lower-cased.
    bound : float
        Share of unknown words, in [0, 1], above which a document is unlike the seed.
    """

    __repr__ = brief

    words: NDArray[np.uint32]
    bound: float

    def unlike(self, texts: Iterable[bytes | None]) -> NDArray[np.bool_]:
        """Return which documents are unlike the seed; those without a word are not.

        Parameters
        ----------
        texts : iterable of bytes or None
            UTF-8; of length n.

        Returns
        -------
        bool array, shape (n,)
        """
        return np.array(
            [_unknown_share(_words(text or b""), self.words) > self.bound for text in texts], bool
        )


def fit_novelty(texts: Sequence[bytes], groups: Sequence[str]) -> Novelty:
    """Fit vocabulary and bound to the seed.

    Parameters
    ----------
    texts : sequence of bytes, length n
    groups : sequence of str, length n
    """
    words = [_words(text) for text in texts]
    numbers = {group: number for number, group in enumerate(dict.fromkeys(groups))}
    of_rows = np.array([numbers[group] for group in groups], dtype=np.uint64)
    fold_of = fold_assignment(list(numbers), 0)
    folds = fold_of[of_rows]
    # Each word once for each group that has it.
    of_words = np.repeat(of_rows, [len(row) for row in words])
    pairs = np.unique(np.concatenate(words).astype(np.uint64) << 32 | of_words)
    had, having = (pairs >> 32).astype(np.uint32), pairs & 0xFFFF_FFFF
    shares = np.zeros(len(words))
    for fold in range(FOLDS):
        known = _of_several(had[fold_of[having] != fold])
        for row in np.flatnonzero(folds == fold):
            shares[row] = _unknown_share(words[row], known)
    return Novelty(_of_several(had), float(np.quantile(shares, 1 - SEED_SHARE)))


def _words(text: bytes) -> NDArray[np.uint32]:
    """Return the CRC-32 of each word of a window."""
    pieces = (text[start:stop].lower() for start, stop in window_spans(text))
    found = [zlib.crc32(word) for piece in pieces for word in WORD.findall(piece)]
    return np.array(found, dtype=np.uint32)


def _of_several(words: NDArray[np.uint32]) -> NDArray[np.uint32]:
    """Return the words, rising, that stand there for several groups."""
    found, counts = np.unique(words, return_counts=True)
    return found[counts >= KNOWN_GROUPS]


def _unknown_share(words: NDArray[np.uint32], known: NDArray[np.uint32]) -> float:
    if not len(words) or not len(known):
        return float(len(words) > 0)
    at = np.minimum(np.searchsorted(known, words), len(known) - 1)
    return float((known[at] != words).mean())
