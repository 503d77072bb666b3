"""The index of benchmarks: their tasks as hashed runs of tokens, pairs of words, signatures and syntax trees.

`search.py` looks texts up in it. Tasks in prose have an index of their own within it (`prose_index.py`).
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from filtering.arrays import Hashes, Ints
from filtering.errors import SettingsError
from filtering.hashing import Table, make_table, word_hash
from filtering.leaks.common_knowledge import Common, load_common
from filtering.leaks.prose_index import ProseIndex
from filtering.leaks.settings import LeakSettings
from filtering.leaks.syntax_trees import Signature, SyntaxTrees, find_function, find_signatures, subtrees
from filtering.leaks.tasks import Task
from filtering.leaks.token_runs import KEPT, NAME_MARK, hash_runs, list_tokens
from filtering.text.arrow import frozen

BOILERPLATE_TASKS = 5
"""A run that more tasks of an index have says nothing about any of them ("Write a function to ...")."""
WINDOW, WINDOW_BYTES = 1.5, 50
"""An edited copy of a part is at most so many times as long, and so many bytes more."""
MIN_PAIRS = 20
"""Parts of fewer pairs of words have no near matches but by chance: MBPP's prompts of one sentence."""
MIN_SUBTREES = 5
"""Solutions of fewer subtrees, such as a single return, are found everywhere."""
SPELLED_WORD = re.compile(rb"[0-9a-z_\x80-\xff]+")
SPELLED_BREAK = re.compile(rb"\\[nrt]")
NO_NAMES: Hashes = np.zeros(0, dtype=np.uint64)

Pairs = frozenset[tuple[bytes, bytes]]


@dataclass(frozen=True)
class Part:
    """A text of a task that texts may hold.

    Parameters
    ----------
    task : int
    name : str
        ``prompt`` or ``solution``.
    pairs : frozenset
        Of neighbouring words; empty where they are too few to tell anything.
    window : int
        Bytes within which an edited copy has to lie.
    """

    task: int
    name: str
    pairs: Pairs
    window: int

    def share_in(self, text: bytes) -> float:
        """Return the share of the part's pairs that a text has, in [0, 1]; 0 for a part without any."""
        return len(self.pairs & word_pairs(text)) / len(self.pairs) if self.pairs else 0.0


@dataclass(frozen=True)
class Known:
    """What is known of a task's function.

    Parameters
    ----------
    task : Task
    signature : Signature or None
    trees : Counter
        Subtrees of the solution; empty where it does not parse, or where they are too few to tell anything.
    has_common_name, has_common_solution : bool
        Whether the same is found where nobody knows of the benchmark.
    """

    task: Task
    signature: Signature | None
    trees: SyntaxTrees
    has_common_name: bool
    has_common_solution: bool


@dataclass(frozen=True)
class Runs:
    """The runs of all parts in one kind of tokens.

    Parameters
    ----------
    run : int
        Tokens of a run.
    table : Table
        From the hash of a run to its position; those of names come after the k runs.
    row_starts : int64 array, shape (k + 1,)
    parts : int64 array
        Which parts have a run: those of the run at position i stand from ``row_starts[i]`` on.
    sizes : int64 array, shape (parts,)
        Distinct runs of each part.
    keys : int
        Runs and names.
    """

    run: int
    table: Table
    row_starts: Ints
    parts: Ints
    sizes: Ints
    keys: int

    @property
    def count(self) -> int:
        """k, how many runs there are."""
        return len(self.row_starts) - 1


@dataclass(frozen=True)
class LeakIndex:
    """Tasks, ready to be looked for.

    Parameters
    ----------
    settings : LeakSettings
    common : Common
        What everybody writes.
    tasks : tuple of Task
        Those of code, then those in prose.
    known : tuple of Known
        One a task of code.
    parts : tuple of Part
    words, short, shapes : Runs
        Runs of words, with names after ``def``; of fewer words; and of shapes of solutions.
    names : tuple of tuple of int
        The tasks that ask for each name.
    prose : ProseIndex
        The tasks in prose.
    """

    settings: LeakSettings
    common: Common
    tasks: tuple[Task, ...]
    known: tuple[Known, ...]
    parts: tuple[Part, ...]
    words: Runs
    short: Runs
    shapes: Runs
    names: tuple[tuple[int, ...], ...]
    prose: ProseIndex

    @classmethod
    def of(
        cls, tasks: Iterable[Task], settings: LeakSettings | None = None, common: Common | None = None
    ) -> "LeakIndex":
        """Return the index of the tasks of one benchmark or several.

        Parameters
        ----------
        tasks : iterable of Task
        settings : LeakSettings, optional
        common : Common, optional
            What everybody writes; what is shipped if not given.

        Raises
        ------
        SettingsError
            If there are no tasks.
        """
        tasks, settings = tuple(tasks), settings or LeakSettings()
        if not tasks:
            raise SettingsError("There must be at least one task to look for. Got none.")
        common = common or load_common()
        prose = ProseIndex.of([task for task in tasks if task.kind == "prose"])
        tasks = tuple(task for task in tasks if task.kind == "code")
        named = [
            (at, name, _bytes(getattr(task, name)))
            for at, task in enumerate(tasks)
            for name in ("prompt", "solution")
        ]
        words = [_tokens(text, is_shapes=False) for _, _, text in named]
        shapes = [_tokens(text if name == "solution" else b"", is_shapes=True) for _, name, text in named]
        tasks_of: dict[int, list[int]] = {}
        for at, task in enumerate(tasks):
            if task.entry_point:
                tasks_of.setdefault(word_hash(_bytes(task.entry_point).lower()), []).append(at)
        return cls(
            settings=settings,
            common=common,
            tasks=(*tasks, *prose.tasks),
            known=tuple(_known(task, common) for task in tasks),
            parts=tuple(_part(at, name, text) for at, name, text in named),
            words=_runs(words, settings.ngram_words, np.array(list(tasks_of), dtype=np.uint64) ^ NAME_MARK),
            short=_runs(words, settings.near_words),
            shapes=_runs(shapes, settings.structure_shapes),
            names=tuple(map(tuple, tasks_of.values())),
            prose=prose,
        )


def word_pairs(text: bytes) -> Pairs:
    r"""Return the distinct pairs of neighbouring words of a text, as the kernel tells words.

    Examples
    --------
    >>> sorted(word_pairs(rb"# Sort a\nlist"))
    [(b'a', b'list'), (b'sort', b'a')]
    """
    return frozenset(pairwise(SPELLED_WORD.findall(SPELLED_BREAK.sub(b" ", text).lower())))


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", errors="surrogatepass")


def _known(task: Task, common: Common) -> Known:
    headers = find_signatures(_bytes(f"{task.prompt}\n{task.solution}"), task.entry_point)
    function = find_function(task.prompt, task.solution, task.entry_point)
    trees = SyntaxTrees() if function is None else subtrees(function)
    return Known(
        task=task,
        signature=next((signature for _, signature in headers), None),
        trees=trees if trees.total() >= MIN_SUBTREES else SyntaxTrees(),
        has_common_name=common.has_name(task.entry_point),
        has_common_solution=common.has_solution(trees),
    )


def _part(task: int, name: str, text: bytes) -> Part:
    pairs = word_pairs(text)
    few = len(pairs) < MIN_PAIRS
    return Part(task, name, Pairs() if few else pairs, int(WINDOW * len(text)) + WINDOW_BYTES)


def _tokens(text: bytes, *, is_shapes: bool) -> Hashes:
    tokens: Hashes = list_tokens(frozen(np.frombuffer(text, dtype=np.uint8)), is_shapes, KEPT)[0]
    return tokens


def _runs(tokens: Sequence[Hashes], run: int, names: Hashes = NO_NAMES) -> Runs:
    hashes = [np.unique(hash_runs(one, run)) for one in tokens]
    parts = np.repeat(np.arange(len(hashes)), [len(one) for one in hashes])
    keys, key_of, counts = np.unique(
        np.concatenate([NO_NAMES, *hashes]), return_inverse=True, return_counts=True
    )
    kept = (counts <= BOILERPLATE_TASKS) & (keys != 0)
    is_kept = kept[key_of]
    parts, key_of = parts[is_kept], key_of[is_kept]
    return Runs(
        run=run,
        table=make_table(np.concatenate([keys[kept], names])),
        row_starts=np.concatenate([[0], np.cumsum(counts[kept])]),
        parts=parts[np.argsort(key_of, kind="stable")],
        sizes=np.bincount(parts, minlength=len(hashes)),
        keys=int(kept.sum()) + len(names),
    )
