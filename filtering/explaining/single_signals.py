"""The signals of one document, each once, under names that a person can read.

What the scorer counts in several ways is one signal here: a word and its letters (runs of bytes that lie
within the word), a punctuation character as a token and as a statistic, and a text's length, which is the
same number twice as long as all of a text is read. Amounts are only added up, so that they still make the
score.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

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
from filtering.hashing import CLASSES, WORD
from filtering.signals.kernel import CHARACTER_RUN
from filtering.signals.style import CHARACTERS, STATISTICS
from filtering.text.code_points import fold_text

LONGEST_WORD = 64
"""Characters of a word whose letters are looked for: a line of base64 is one."""
SAME = {"log_read_bytes": "log_text_bytes"}
"""Statistics that are one where their values are equal."""
AT = {name: place for place, name in enumerate(STATISTICS)}


@dataclass(frozen=True)
class Signal:
    """One signal of a document, before it has points.

    Parameters
    ----------
    group : str
        One of the groups of `groups.py`.
    name, amount : str
        What it is, and how much of it the document has.
    statistic : str
        The statistic that it is, or is counted by; empty where there is none.
    raw : float
        What it adds to the raw value.
    """

    group: str
    name: str
    amount: str
    statistic: str
    raw: float


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
    words, count = found.words, len(found.words.spellings)
    tokens = found.word_raws[:count].copy()
    letters, rest = _letters_of_words(found)
    tokens += letters
    statistics = found.statistic_raws.copy()
    signals = []
    groups = []
    for place, spelling in enumerate(words.spellings):
        group, statistic = _kind_of_token(spelling)
        groups.append(group)
        if statistic.startswith("char_"):
            statistics[AT[statistic]] += tokens[place]  # a character is one signal, with its statistic
            continue
        name = token_in_words(spelling)
        signals.append(Signal(group, name, times(int(words.counts[place])), statistic, float(tokens[place])))
    signals += _pairs(found, groups)
    signals += rest
    signals += _statistics(found, statistics)
    if found.trees:
        signals.append(Signal(COMBINED, "what trees make of all of them", "", "", found.trees))
    return signals


def times(count: int) -> str:
    """Return a count in words.

    Examples
    --------
    >>> times(1), times(2300)
    ('once', '2,300 times')
    """
    return "once" if count == 1 else f"{count:,} times"


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


def _pairs(found: Amounts, groups: Sequence[str]) -> list[Signal]:
    """Return the pairs of tokens; each is of the group of its first token that is no plain word."""
    words, first = found.words, len(found.words.spellings)
    signals = []
    for at in range(first, len(words.cells)):
        one, other = int(words.first[at]), int(words.second[at])
        group = groups[one] if groups[one] != WORDS else groups[other]
        spellings = (words.spellings[one], words.spellings[other])
        if all(is_word(spelling) and not is_number(spelling) for spelling in spellings):
            name = f'"{words.show(at)}"'
        else:
            name = ", then ".join(token_in_words(spelling) for spelling in spellings)
        signals.append(Signal(group, name, times(int(words.counts[at])), "", float(found.word_raws[at])))
    return signals


def _letters_of_words(found: Amounts) -> tuple[Floats, list[Signal]]:
    """Return what the runs of bytes within each token add to it, and the runs that lie within none."""
    words = found.words
    letters = np.zeros(len(words.spellings))
    if found.characters is None:
        return letters, []
    owners = _runs_within(words)
    rest = []
    for at, (run, raw) in enumerate(
        zip(found.characters.runs.tolist(), found.character_raws.tolist(), strict=True)
    ):
        within = owners.get(run)
        if within:
            total = sum(within.values())
            for place, occurrences in within.items():
                letters[place] += raw * occurrences / total
            continue
        data = run.to_bytes(CHARACTER_RUN, "big")
        group = (
            LAYOUT if b"\n" in data else WORDS if any(CLASSES[byte] == WORD for byte in data) else PUNCTUATION
        )
        name = f'the characters "{found.characters.show(at)}"'
        rest.append(Signal(group, name, times(int(found.characters.counts[at])), "", raw))
    return letters, rest


def _runs_within(words: WordNgrams) -> Mapping[int, Mapping[int, int]]:
    """Return in which words a run lies, a blank before and behind them, and how often it occurs there."""
    owners: defaultdict[int, dict[int, int]] = defaultdict(dict)
    for place, spelling in enumerate(words.spellings):
        if not is_word(spelling) or is_number(spelling) or len(spelling) > LONGEST_WORD:
            continue
        padded = (
            f" {spelling} ".encode().lower()
        )  # of bytes only those of ASCII are made small, as in the kernel
        for start in range(len(padded) - CHARACTER_RUN + 1):
            run = int.from_bytes(padded[start : start + CHARACTER_RUN], "big")
            owners[run][place] = owners[run].get(place, 0) + int(words.counts[place])
    return owners


def _statistics(found: Amounts, raws: Floats) -> list[Signal]:
    """Return the statistics; of two that are one, the first."""
    values = found.statistics
    raws = raws.copy()
    left_out = _left_out(values)
    for name, other in SAME.items():
        if left_out[AT[name]]:
            raws[AT[other]] += raws[AT[name]]
    signals = []
    for at in np.flatnonzero(~left_out).tolist():
        statistic, value = STATISTICS[at], float(values[at])
        if statistic.startswith("char_"):
            character = statistic.removeprefix("char_")
            name = CHARACTER_NAMES[character]
            amount = f"{round(value * found.characters_read):,} of {found.characters_read:,} characters"
        else:
            name, amount = name_and_amount(statistic, value, *found.usual[at])
        signals.append(Signal(GROUP_OF[statistic], name, amount, statistic, float(raws[at])))
    return signals


def _left_out(values: Floats32) -> Bools:
    found = np.zeros(len(STATISTICS), dtype=bool)
    for name, other in SAME.items():
        found[AT[name]] = values[AT[name]] == values[AT[other]]
    return found
