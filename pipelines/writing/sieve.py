"""Which texts count of those that passed the checks: whose tests hold, that hold no task, that are new."""

from collections.abc import Callable, Iterable, Sequence
from itertools import count

import pyarrow.compute as pc

from filtering.leaks import LeakIndex, Task, find_leaks
from filtering.leaks.hits import LEAK
from filtering.text.near_duplicates import SAME_BANDS, SAME_HASHES, NearDuplicates
from pipelines.writing.attempts import Attempt
from pipelines.writing.code_runs.run_code import RUN_REASONS
from pipelines.writing.documents import OtherText

HOLDS_TASK = "holds a benchmark's task"
LIKENESSES = NEAR_DUPLICATE, LIKE_OTHERS = "near-duplicate", "near-duplicate of --against"
SIFTED = (HOLDS_TASK, *LIKENESSES, *RUN_REASONS)
"""All that is found here: texts all the same, as they were asked for."""


class Likeness(str):
    """`NEAR_DUPLICATE` or `LIKE_OTHERS`, with words for the text that is alike: the draw, or file and row."""

    __slots__ = ("other",)
    other: str

    def __new__(cls, reason: str, other: str) -> "Likeness":
        """Make a reason that remembers."""
        made = super().__new__(cls, reason)
        made.other = other
        return made


class Sieve:
    """Says what is wrong with texts. It remembers those that it let through: the first of a likeness stays.

    Parameters
    ----------
    tasks : sequence of Task
        Of benchmarks.
    against : iterable of OtherText
        Texts of others.
    run : callable, optional
        Runs the code of exercises, and returns what is wrong with each.

    Attributes
    ----------
    ran, searched : int
        Texts whose code was run, and those in which tasks were looked for.

    Raises
    ------
    MissingExtraError
        If the ``annotate`` extra is not installed.
    """

    def __init__(
        self,
        *,
        tasks: Sequence[Task] = (),
        against: Iterable[OtherText] = (),
        run: Callable[[Sequence[str]], Sequence[str]] | None = None,
    ) -> None:
        self.ran = self.searched = 0
        self._run = run
        self._index = LeakIndex.of(tasks) if tasks else None
        self._known = NearDuplicates("annotate", SAME_HASHES, SAME_BANDS)
        self._others: list[tuple[str, int]] = []
        for at, one in enumerate(against):
            self._known.first_same(at, one.text)
            self._others.append((one.file, one.row))
        self._rows = count(len(self._others))
        self._draws: dict[int, int] = {}  # of texts that stay, by their rows

    def faults(self, some: Sequence[Attempt]) -> list[str]:
        """Return what is wrong with each of some texts; empty where nothing is."""
        found = [one.fault for one in some]
        if self._run is not None:
            good = [at for at, fault in enumerate(found) if not fault]
            self.ran += len(good)
            for at, fault in zip(good, self._run([some[at].answer for at in good]), strict=True):
                found[at] = fault
        if self._index is not None:
            good = [at for at, fault in enumerate(found) if not fault]
            self.searched += len(good)
            hits = find_leaks(self._index, [some[at].answer for at in good]).hits
            for row in pc.unique(hits["row"].filter(pc.equal(hits["verdict"], LEAK))).to_pylist():
                found[good[row]] = HOLDS_TASK
        return [fault or self._likeness(one) for one, fault in zip(some, found, strict=True)]

    def _likeness(self, one: Attempt) -> str:
        row = next(self._rows)
        first = self._known.first_same(row, one.answer)
        if first == row:
            self._draws[row] = one.draw.number
            return ""
        if first < len(self._others):
            file, number = self._others[first]
            return Likeness(LIKE_OTHERS, f"row {number:,} of {file}")
        return Likeness(NEAR_DUPLICATE, f"draw {self._draws[first]}")
