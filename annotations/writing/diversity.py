"""How different many texts are from each other: runs of words, openings, slots, near-duplicates.

All texts are counted, and at most `MOST_TEXTS` of them, drawn at random by a fixed seed, are held and
compared: memory does not grow with their number. A share of few texts is not to be compared with one of many,
for of more texts more is said again.
"""

from array import array
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from random import Random

import numpy as np
from numpy.typing import NDArray

from annotations.writing.word_forms import words_of
from filtering.hashing import FNV_PRIME
from filtering.text.near_duplicates import SAME_BANDS, SAME_HASHES, NearDuplicates

MOST_TEXTS, MOST_CHARS = 5_000, 20_000
"""Texts that are compared, and what is read of each."""
MOST_VALUES = 100_000
"""Of a slot; one with more has hardly two texts of one value, and is even."""
RUNS = (1, 2, 3, 4)
OPENING_WORDS, OPENINGS_SHOWN = 5, 5
FEW_TEXTS = 20
"""Of fewer nothing is warned of."""
LEAST_DISTINCT, MOST_OF_OPENING, LEAST_EVEN, MOST_ALIKE = 0.3, 0.2, 0.8, 0.05
"""Where warnings begin: of runs of four words, the commonest opening, any slot, near-duplicates."""


@dataclass(frozen=True)
class Diversity:
    """How different texts are.

    Parameters
    ----------
    texts, compared : int
        All of them, and those of them that were compared with each other.
    distinct : tuple of float
        By `RUNS`: distinct runs of so many words among all such runs, in [0, 1].
    openings : tuple of (str, float)
        The commonest openings of `OPENING_WORDS` words, most first, and the share of texts that have each.
    evenness : mapping of str to float
        By slot: entropy of its values over that of as many values used evenly, in [0, 1].
    values : mapping of str to int
        By slot: how many different values were used.
    near_duplicates : float
        Share of texts that another one stands for (see `filtering.text.near_duplicates`), in [0, 1].
    """

    texts: int
    compared: int
    distinct: tuple[float, ...]
    openings: tuple[tuple[str, float], ...]
    evenness: Mapping[str, float]
    values: Mapping[str, int]
    near_duplicates: float


def measure_diversity(texts: Iterable[str], slots: Iterable[Mapping[str, str]]) -> Diversity:
    """Return how different texts are.

    Parameters
    ----------
    texts : iterable of str
    slots : iterable of mapping of str to str
        What was drawn for each, by the name of the slot.

    Raises
    ------
    MissingExtraError
        If the extra ``annotate``, which finds near-duplicates, is not installed.

    Examples
    --------
    >>> found = measure_diversity(["A hen ran.", "A hen ran.", "The goat slept."], [{}, {}, {}])
    >>> found.distinct[0], round(found.near_duplicates, 2), found.openings[0][0]
    (0.6666666666666666, 0.33, 'a hen ran')
    """
    held: list[str] = []
    used: dict[str, Counter[str]] = {}
    random, count = Random(0), 0
    for text, drawn in zip(texts, slots, strict=True):
        count += 1
        place = random.randrange(count)  # each text is as likely to be held as any other
        if len(held) < MOST_TEXTS:
            held.append(text[:MOST_CHARS])
        elif place < MOST_TEXTS:
            held[place] = text[:MOST_CHARS]
        for name, value in drawn.items():
            values = used.setdefault(name, Counter())
            if value in values or len(values) < MOST_VALUES:
                values[value] += 1
    openings: Counter[str] = Counter()
    numbers: dict[str, int] = {}
    ids, lengths = array("Q"), []  # of words, which would take ten times as much as strings
    for text in held:
        words = words_of(text)
        openings[" ".join(words[:OPENING_WORDS])] += 1
        ids.extend(numbers.setdefault(word, len(numbers)) for word in words)
        lengths.append(len(words))
    index = NearDuplicates("annotate", SAME_HASHES, SAME_BANDS)
    copies = sum(index.first_same(row, text) != row for row, text in enumerate(held))
    return Diversity(
        texts=count,
        compared=len(held),
        distinct=_distinct_shares(np.array(ids, np.uint64), lengths),
        openings=tuple((said, many / len(held)) for said, many in openings.most_common(OPENINGS_SHOWN)),
        evenness={name: _evenness(values) for name, values in used.items()},
        values={name: len(values) for name, values in used.items()},
        near_duplicates=copies / max(len(held), 1),
    )


def _distinct_shares(ids: NDArray[np.uint64], lengths: Sequence[int]) -> tuple[float, ...]:
    """Return by `RUNS` the share of distinct runs; 1 where there is no run. Runs do not cross texts."""
    owner = np.repeat(np.arange(len(lengths)), lengths)
    shares = []
    for length in RUNS:
        runs = max(len(ids) - length + 1, 0)
        hashed = np.zeros(runs, np.uint64)
        for at in range(length):
            hashed = (hashed ^ ids[at : at + runs]) * np.uint64(FNV_PRIME)
        inside = hashed[owner[:runs] == owner[length - 1 :][:runs]]
        shares.append(len(np.unique(inside)) / len(inside) if len(inside) else 1.0)
    return tuple(shares)


def _evenness(values: Counter[str]) -> float:
    if len(values) < 2:
        return 1.0
    shares = np.array(list(values.values())) / values.total()
    return float(-np.sum(shares * np.log(shares)) / np.log(len(values)))


def warnings(diversity: Diversity) -> list[str]:
    """Return what there is to warn of, as sentences; they hold no text.

    Examples
    --------
    >>> poor = Diversity(100, 100, (0.1, 0.2, 0.25, 0.28), (("once upon a time there", 0.9),), {}, {}, 0.0)
    >>> warnings(poor)[1]
    '90 % of the texts begin with the same five words. Ask for other openings, or use more slots.'
    """
    if diversity.texts < FEW_TEXTS:
        return []
    alike, distinct = diversity.near_duplicates, diversity.distinct[-1]
    opening = max((share for _, share in diversity.openings), default=0.0)
    uneven = [name for name, share in diversity.evenness.items() if share < LEAST_EVEN]
    found = {
        f"{100 * alike:.0f} % of the texts are near-duplicates of others. More values in the slots, or a "
        "higher --temperature, make texts differ more.": alike > MOST_ALIKE,
        f"Only {100 * distinct:.0f} % of all runs of four words are different ones: the texts repeat each "
        "other.": distinct < LEAST_DISTINCT,
        f"{100 * opening:.0f} % of the texts begin with the same five words. Ask for other openings, or use "
        "more slots.": opening > MOST_OF_OPENING,
        f"The values of {', '.join(uneven)} are used unevenly. Read what was thrown away, and why.": uneven,
    }
    return [sentence for sentence, holds in found.items() if holds]
