"""What came of writing: counts, costs, diversity and a few texts to read."""

from array import array
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Any

from annotations.writing.diversity import Diversity
from annotations.writing.recipe import Recipe
from pipelines.writing.attempts import WITHOUT_REPLY, Attempt
from pipelines.writing.documents import IS_WHOLE
from pipelines.writing.marks import Marks
from pipelines.writing.reasons import detail_of

KEPT_SHOWN, FAILED_SHOWN = 12, 2
"""Texts to read: of those that are kept, and of each reason."""


@dataclass(frozen=True)
class Example:
    """A text to read.

    Parameters
    ----------
    text : str
    slots : mapping of str to str
    marks : Marks
    fault : str
        Why it was thrown away; empty if it is kept.
    detail : str
        What more there is to say of that.
    """

    text: str
    slots: Mapping[str, str]
    marks: Marks
    fault: str
    detail: str = ""


@dataclass(frozen=True)
class WriteResult:
    """What a folder of texts holds after a call.

    Parameters
    ----------
    out : str
    recipe, recipe_sha256 : str
    model, grader, scorer : str
    wanted, asked, kept : int
        Texts that the call wants, those that were asked for in all, and those that are kept.
    faults : dict of str to int
        Texts that are not, by reason; ``not asked`` where the budget ended, ``no answer`` where the endpoint
        had none.
    combinations : int
        How many different draws there are.
    topics : int
        That were listed first; 0 for a recipe without.
    more_draws : int
        Draws that were made in place of near-duplicates, of those that were asked for.
    ran, searched, benchmark_tasks : int
        Exercises that were run; texts that were searched for tasks of benchmarks; how many tasks these are.
    tokens_in, tokens_out : int
        Of the replies of texts.
    spent_usd : float
        For all that the folder holds, and for questions that a killed process may have paid for.
    open_usd : float
        The latter alone, at the most that they can have cost.
    unpriced : tuple of str
        Models of replies that came without a price: `spent_usd` lacks these.
    budget_usd : float, optional
    enough_usd : float, optional
        Where the budget ended: one that surely holds all that is left to ask.
    grades : dict of str to float
        Mean rubric points of what is kept, by dimension.
    graded : int
        Texts that are kept and have a grade.
    domain : str
        What the rubric grades; empty where nothing is graded.
    edu_score, median_score : float
        Mean and median of what is kept; 0 where nothing is.
    is_cut : bool
        Whether grades or scores decided what is kept.
    keep_grade : float, optional
        Lowest grade of what is kept.
    diversity : Diversity, optional
        Of what passed the checks; None where nothing did.
    warnings : tuple of str
        Sentences about it.
    long_documents : int
        Documents of which beginning, middle and end were shown, for their length.
    unreadable : dict of str to str
        Why inputs could not be read, by name.
    examples : tuple of Example
        A few texts; none unless they may be shown.
    is_graded : bool
        Whether all were graded that should be; False where the budget ended before, and where none should be.
    """

    out: str
    recipe: str
    recipe_sha256: str
    model: str
    grader: str
    scorer: str
    wanted: int
    asked: int
    kept: int
    faults: Mapping[str, int]
    combinations: int
    topics: int
    more_draws: int
    ran: int
    searched: int
    benchmark_tasks: int
    tokens_in: int
    tokens_out: int
    spent_usd: float
    open_usd: float
    unpriced: tuple[str, ...] = ()
    budget_usd: float | None = None
    enough_usd: float | None = None
    grades: Mapping[str, float] = field(default_factory=dict)
    graded: int = 0
    domain: str = ""
    edu_score: float = 0.0
    median_score: float = 0.0
    is_cut: bool = False
    keep_grade: float | None = None
    diversity: Diversity | None = None
    warnings: tuple[str, ...] = ()
    long_documents: int = 0
    unreadable: Mapping[str, str] = field(default_factory=dict)
    examples: tuple[Example, ...] = ()
    is_graded: bool = False

    @property
    def is_whole(self) -> bool:
        """Whether all was asked, and answered."""
        is_marked = self.is_graded or not self.grader
        return is_marked and not any(self.faults.get(one) for one in WITHOUT_REPLY)

    @property
    def exit_code(self) -> int:
        """0, or 3 where the same command would ask again, or inputs were left out."""
        return 0 if self.is_whole and not self.unreadable else 3


class Tally:
    """Counts texts as they are written, and picks a few to read, evenly over those that are kept.

    Parameters
    ----------
    good : int
        How many texts there are that no check threw away.
    shows : bool
        Whether any may be shown.
    """

    def __init__(self, good: int, *, shows: bool) -> None:
        self.asked = self.kept = self.tokens_in = self.tokens_out = 0
        self.faults: Counter[str] = Counter()
        self.examples: list[Example] = []
        self._shows, self._step = shows, max(1, good // KEPT_SHOWN)
        self._points: dict[str, float] = defaultdict(float)
        self.graded = self.long_documents = 0
        self._scores = array("f")

    def add(self, recipe: Recipe, attempt: Attempt, marks: Marks, fault: str) -> None:
        """Count what came of a draw."""
        reply: Mapping[str, Any] = attempt.reply or {}
        self.asked += 1
        self.long_documents += attempt.draw.source.get(IS_WHOLE) is False
        self.tokens_in += reply.get("tokens_in") or 0
        self.tokens_out += reply.get("tokens_out") or 0
        seen = self.faults[fault] if fault else self.kept
        if fault:
            self.faults[fault] += 1
        else:
            self.kept += 1
            self._scores.append(marks.edu_score or 0.0)
            self.graded += bool(marks.grades)
            for name, points in marks.grades.items():
                self._points[name] += points
        is_picked = seen < FAILED_SHOWN
        if not fault:
            is_picked = seen % self._step == 0 and seen < KEPT_SHOWN * self._step
        if self._shows and is_picked and attempt.is_there():
            detail = detail_of(attempt, fault, recipe)
            self.examples.append(Example(attempt.text(recipe), attempt.draw.slots, marks, fault, detail))

    def means(self, names: Sequence[str]) -> dict[str, float]:
        """Return the mean points of what is kept, by dimension."""
        return {name: self._points[name] / self.graded for name in names} if self.graded else {}

    @property
    def edu_score(self) -> float:
        """Mean score of what is kept."""
        return sum(self._scores) / max(self.kept, 1)

    @property
    def median_score(self) -> float:
        """Median score of what is kept."""
        return median(self._scores) if self._scores else 0.0
