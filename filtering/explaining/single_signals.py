"""The signals of one document, each once, under names that a person can read.

What the scorer counts in several ways is one signal here: a word by itself, in pairs with its neighbours and
by its letters, a punctuation character as a token and as a statistic, and a text's length, which is the same
number twice as long as all of a text is read. A pair counts half for each of its tokens, and a run of bytes
for the tokens that these are of. Amounts are only divided and added up, so that they still make the score.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial

import numpy as np

from filtering.arrays import Bools, Floats, Floats32
from filtering.explaining.groups import (
    COMBINED,
    GROUP_OF,
    LAYOUT,
    NUMBERS,
    PUNCTUATION,
    STATISTIC_OF_WORD,
    WORDS,
)
from filtering.explaining.ngrams import CharacterNgrams, WordNgrams, is_number, is_word, run_of
from filtering.explaining.readable import CHARACTER_NAMES, name_and_amount, token_in_words
from filtering.signals.style import CHARACTERS, STATISTICS
from filtering.text.code_points import fold_text

SAME = {"log_read_bytes": "log_text_bytes"}
"""Statistics that are one where their values are equal."""
COMBINATION = COMBINED, "all together"
TOKENS_REMEMBERED = 1 << 16
"""Of which it is known what kind they are: documents have most of theirs in common."""
AT = {name: place for place, name in enumerate(STATISTICS)}


@dataclass(frozen=True)
class Signal:
    """One signal of a document, before it has points.

    Parameters
    ----------
    group : str
        One of the groups of `groups.py`.
    statistic : str
        The statistic that it is, or is counted by; empty where there is none.
    raw : float
        What it adds to the raw value.
    tell : callable
        Returns what it is called, and how much of it the document has: of hundreds a dozen are asked.
    """

    group: str
    statistic: str
    raw: float
    tell: Callable[[], tuple[str, str]]


@dataclass(frozen=True)
class Amounts:
    """What the n-grams and statistics of a document are, and add to its raw value.

    Parameters
    ----------
    words : WordNgrams
    word_raws : float64 array
        In their order.
    characters : CharacterNgrams, optional
    character_raws : float64 array
        In their order; empty without them.
    statistics : float32 array, shape (len(STATISTICS),)
    statistic_raws : float64 array, shape (len(STATISTICS),)
    trees : float
    usual : sequence of (float or None, float or None)
        Of each statistic, between what it usually lies.
    characters_read : int
    """

    words: WordNgrams
    word_raws: Floats
    characters: CharacterNgrams | None
    character_raws: Floats
    statistics: Floats32
    statistic_raws: Floats
    trees: float
    usual: Sequence[tuple[float | None, float | None]]
    characters_read: int


def single_signals(found: Amounts) -> list[Signal]:
    """Return the signals of a document; together they add what all n-grams and statistics add."""
    words = found.words
    letters, rest = _letters(found)
    tokens = _with_pairs(words, found.word_raws) + letters
    statistics = found.statistic_raws.copy()
    signals = []
    for spelling, count, raw in zip(words.spellings, words.counts.tolist(), tokens.tolist(), strict=False):
        group, statistic = _kind_of_token(spelling)
        if statistic.startswith("char_"):
            statistics[AT[statistic]] += raw  # a character is one signal, with its statistic
            continue
        signals.append(Signal(group, statistic, raw, partial(_tell_token, spelling, count)))
    signals += rest
    signals += _statistics(found, statistics)
    if found.trees:
        signals.append(Signal(COMBINED, "", float(found.trees), lambda: COMBINATION))
    return signals


def _tell_token(spelling: str, count: int) -> tuple[str, str]:
    return token_in_words(spelling), times(count)


def times(count: int) -> str:
    """Return a count in words.

    Examples
    --------
    >>> times(1), times(2300)
    ('once', '2,300 times')
    """
    return "once" if count == 1 else f"{count:,} times"


@lru_cache(TOKENS_REMEMBERED)
def _kind_of_token(spelling: str) -> tuple[str, str]:
    """Return the group of a token, and the statistic that counts it."""
    if spelling.startswith("\n"):
        return LAYOUT, ""
    if is_number(spelling):
        return NUMBERS, ""
    if is_word(spelling):
        statistic = STATISTIC_OF_WORD.get(fold_text(spelling), "")
        return GROUP_OF.get(statistic, WORDS), statistic
    mark, _ = run_of(spelling)
    return PUNCTUATION, f"char_{mark}" if mark in CHARACTERS else ""


def _with_pairs(words: WordNgrams, raws: Floats) -> Floats:
    """Return what each token adds by itself and in pairs, half of each of which is its own."""
    added: Floats = np.zeros(len(words.spellings))
    is_pair = words.second >= 0
    halves = np.where(is_pair, raws / 2, raws)
    np.add.at(added, words.first, halves)
    np.add.at(added, words.second[is_pair], halves[is_pair])
    return added


def _letters(found: Amounts) -> tuple[Floats, list[Signal]]:
    """Return what the runs of bytes add to the tokens that their bytes are of; and those that are of none."""
    count, runs = len(found.words.spellings), found.characters
    if runs is None:
        return np.zeros(count), []
    owners = np.append(found.words.owners, -1)[runs.places]
    owned = owners >= 0
    bytes_owned = owned.sum(axis=1)
    raws = found.character_raws[runs.which] / runs.counts[runs.which]
    shares = np.repeat(raws / np.maximum(bytes_owned, 1), bytes_owned)
    letters: Floats = np.zeros(count)
    np.add.at(letters, owners[owned], shares)
    alone = np.bincount(runs.which, weights=raws * (bytes_owned == 0), minlength=len(runs.runs))
    left = np.flatnonzero(alone).tolist()
    return letters, [Signal(LAYOUT, "", float(alone[at]), partial(_tell_run, runs, at)) for at in left]


def _tell_run(runs: CharacterNgrams, at: int) -> tuple[str, str]:
    return f'the characters "{runs.show(at)}"', times(int(runs.counts[at]))


def _statistics(found: Amounts, raws: Floats) -> list[Signal]:
    """Return the statistics; of two that are one, the first."""
    values = found.statistics
    raws = raws.copy()
    left_out = _left_out(values)
    for name, other in SAME.items():
        if left_out[AT[name]]:
            raws[AT[other]] += raws[AT[name]]
    return [
        Signal(GROUP_OF[STATISTICS[at]], STATISTICS[at], float(raws[at]), partial(_tell_statistic, found, at))
        for at in np.flatnonzero(~left_out).tolist()
    ]


def _tell_statistic(found: Amounts, at: int) -> tuple[str, str]:
    statistic, value = STATISTICS[at], float(found.statistics[at])
    if not statistic.startswith("char_"):
        return name_and_amount(statistic, value, *found.usual[at])
    amount = f"{round(value * found.characters_read):,} of {found.characters_read:,} characters"
    return CHARACTER_NAMES[statistic.removeprefix("char_")], amount


def _left_out(values: Floats32) -> Bools:
    found = np.zeros(len(STATISTICS), dtype=bool)
    for name, other in SAME.items():
        found[AT[name]] = values[AT[name]] == values[AT[other]]
    return found
