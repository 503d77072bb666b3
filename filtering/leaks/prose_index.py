"""The index of tasks in prose: the words of questions, answers and passages, and anchors to find them by.

An anchor is a run of three words that few parts have. `prose_search.py` looks texts up in it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from filtering.arrays import Bools, Hashes, Ints, Ints32
from filtering.hashing import Table, make_table
from filtering.leaks.hits import PASSAGE, QUESTION
from filtering.leaks.prose_words import WORD_QUARTERS, list_words
from filtering.leaks.tasks import Task
from filtering.leaks.token_runs import hash_runs

ANCHOR_WORDS = 3
ANCHORS = 8
"""Of a part at most, the rarest: enough that two are left where a fifth of the words is replaced."""
MOST_SHARING = 50
"""An anchor that more parts have is none."""
LIGHT_LETTERS = 15
"""Runs of fewer letters, such as "one of the", are anchors only where there are no others."""
LONG_WORDS = 13
"""Questions of fewer words, numbers aside, are found with their right answer near alone."""
TOLD_WORDS = 8
"""Of such a question and its answer together: with fewer nothing can be told."""
PART_WORDS = 120
"""That are compared: the first of a passage, and the last of a prompt, where its question stands."""
MOST_LETTERS = 8
"""A longer word counts as one of so many letters."""


@dataclass(frozen=True)
class Words:
    """The words of some texts, one text after the other.

    Parameters
    ----------
    hashes : uint64 array
        With all numbers alike.
    exact : uint64 array
        With each number as it is.
    letters : int64 array
        What each word counts; 0 of numbers.
    quarters : int64 array
        Of a word; letters of scripts without spaces have fewer than four.
    starts : int64 array, shape (texts + 1,)
    """

    hashes: Hashes
    exact: Hashes
    letters: Ints
    quarters: Ints
    starts: Ints

    @classmethod
    def of(cls, texts: Sequence[str]) -> "Words":
        """Return the words of texts."""
        encoded = [text.encode("utf-8", errors="replace") for text in texts]
        offsets = np.concatenate([[0], np.cumsum([len(one) for one in encoded], dtype=np.int64)])
        data = np.frombuffer(b"".join(encoded), dtype=np.uint8)
        hashes, exact, letters, quarters, starts = list_words(data, offsets)
        return cls(hashes, exact, np.minimum(letters, MOST_LETTERS), quarters, starts)

    @property
    def counts(self) -> Ints:
        """How many words each text has."""
        return self._sums(self.quarters) // WORD_QUARTERS

    @property
    def plain_counts(self) -> Ints:
        """How many words each text has that are no numbers."""
        return self._sums(self.quarters * (self.letters > 0)) // WORD_QUARTERS

    @property
    def are_spaced(self) -> Bools:
        """Whether each text has spaces between its words, as Chinese and Thai do not."""
        found: Bools = self._sums(self.quarters) == WORD_QUARTERS * np.diff(self.starts)
        return found

    def _sums(self, values: Ints) -> Ints:
        sums = np.concatenate([[0], np.cumsum(values)])
        return np.diff(sums[self.starts])

    def within(self, first: Ints, stop: Ints) -> "Words":
        """Return of each text the words between two places of `hashes`."""
        sizes = stop - first
        starts = np.concatenate([[0], np.cumsum(sizes)])
        at = np.arange(starts[-1]) + np.repeat(first - starts[:-1], sizes)
        return Words(self.hashes[at], self.exact[at], self.letters[at], self.quarters[at], starts)


@dataclass(frozen=True)
class Anchors:
    """Runs of words, and the parts that have them.

    Parameters
    ----------
    table : Table
        From the hash of a run to its first row.
    rows : int32 array, shape (rows, 4)
        A part that has the run; at which of its words; how many words it has; and whether it is the last
        part that has the run. They lie together, since each costs the time of a fetch from memory.
    """

    table: Table
    rows: Ints32


@dataclass(frozen=True)
class ProseIndex:
    """Tasks in prose, ready to be looked for.

    Parameters
    ----------
    tasks : tuple of Task
    task_of : int64 array, shape (parts,)
    names : tuple of str
        What each part is: `QUESTION` or `PASSAGE`.
    words, answers : Words
        Of each part, and of the right answer to it.
    is_short : bool array, shape (parts,)
        Questions that are found with their answer near alone.
    are_spaced : bool array, shape (parts,)
        Whether there are spaces between the words.
    anchors : Anchors
    untold : tuple of int
        Tasks whose question cannot be told from others.
    """

    tasks: tuple[Task, ...]
    task_of: Ints
    names: tuple[str, ...]
    words: Words
    answers: Words
    is_short: Bools
    are_spaced: Bools
    anchors: Anchors
    untold: tuple[int, ...]

    @property
    def untold_tasks(self) -> tuple[Task, ...]:
        """The tasks whose question cannot be told from others."""
        return tuple(self.tasks[at] for at in self.untold)

    @classmethod
    def of(cls, tasks: Sequence[Task]) -> "ProseIndex":
        """Return the index of tasks in prose."""
        named = [(at, QUESTION, task.prompt) for at, task in enumerate(tasks)]
        named += [(at, PASSAGE, task.passage) for at, task in enumerate(tasks) if task.passage]
        task_of = np.array([at for at, _, _ in named], dtype=np.int64)
        is_question = np.array([name == QUESTION for _, name, _ in named], dtype=bool)
        words = _cut(Words.of([text for _, _, text in named]), is_question)
        solutions = [tasks[at].solution if name == QUESTION else "" for at, name, _ in named]
        answers = _cut(Words.of(solutions), np.zeros(len(named), dtype=bool))
        is_long, has_answer = words.plain_counts >= LONG_WORDS, np.diff(answers.starts) > 0
        is_short = is_question & ~is_long & has_answer & (words.counts + answers.counts >= TOLD_WORDS)
        anchors = _anchors(words, is_long | is_short)
        has_anchor = np.bincount(anchors.rows[:, 0], minlength=len(named)) >= np.where(is_short, 1, 2)
        return cls(
            tasks=tuple(tasks),
            task_of=task_of,
            names=tuple(name for _, name, _ in named),
            words=words,
            answers=answers,
            is_short=is_short,
            are_spaced=words.are_spaced,
            anchors=anchors,
            untold=tuple(task_of[is_question & ~has_anchor].tolist()),
        )


def _cut(words: Words, from_end: Bools) -> Words:
    """Return `PART_WORDS` of each text at most: the last ones, or the first."""
    first, stop = words.starts[:-1], words.starts[1:]
    return words.within(
        np.where(from_end, np.maximum(first, stop - PART_WORDS), first),
        np.where(from_end, stop, np.minimum(stop, first + PART_WORDS)),
    )


def _anchors(words: Words, is_told: Bools) -> Anchors:
    """Return the rarest runs of each part that can be told."""
    lengths = np.diff(words.starts)
    part_of = np.repeat(np.arange(len(lengths)), lengths)
    at = np.arange(max(len(part_of) - ANCHOR_WORDS + 1, 0))
    runs = hash_runs(words.hashes, ANCHOR_WORDS)
    numbers = np.sum([words.letters[at + step] == 0 for step in range(ANCHOR_WORDS)], axis=0)
    is_run = (part_of[at] == part_of[at + ANCHOR_WORDS - 1]) & (numbers < ANCHOR_WORDS - 1) & (runs != 0)
    at = at[is_run & is_told[part_of[at]]]
    parts, places, runs = part_of[at], at - words.starts[part_of[at]], runs[at]
    _, key_of, counts = np.unique(runs, return_inverse=True, return_counts=True)
    is_rare = counts[key_of] <= MOST_SHARING
    at, parts, places, key_of = (one[is_rare] for one in (at, parts, places, key_of))
    runs = runs[is_rare]
    # Short words stand everywhere. Else a random run: those that lie side by side are lost together.
    is_light = np.sum([words.letters[at + step] for step in range(ANCHOR_WORDS)], axis=0) < LIGHT_LETTERS
    # One number of each, by part, sharing, is_light and run: to sort by four takes longer.
    worth = (parts * (MOST_SHARING + 1) + counts[key_of]) * 2 + is_light
    order = np.argsort(worth * len(counts) + key_of, kind="stable")
    firsts = np.concatenate([[0], np.cumsum(np.bincount(parts, minlength=len(lengths)))])
    rank = np.arange(len(order)) - firsts[parts[order]]
    chosen = order[rank < ANCHORS]
    keys, key_of, counts = np.unique(runs[chosen], return_inverse=True, return_counts=True)
    order = chosen[np.argsort(key_of, kind="stable")]
    stops = np.cumsum(counts)
    is_last = np.zeros(len(order), dtype=bool)
    is_last[stops - 1] = True
    bits, slots, values = make_table(keys)
    first_rows = (stops - counts)[values].astype(np.int32) if len(keys) else values
    columns = (parts[order], places[order], lengths[parts[order]], is_last)
    return Anchors((bits, slots, first_rows), np.stack(columns, axis=1).astype(np.int32))
