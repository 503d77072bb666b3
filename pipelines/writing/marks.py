"""What graders and scorers make of texts that count, and which of these are kept."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from annotations.asking.journal import Journal
from annotations.asking.question_loop import PricedQuestion
from annotations.asking.rubric import Rubric
from annotations.writing.recipe import Recipe
from filtering.scoring.cascade import AnyScorer
from filtering.text.windows import REACH, cut_window
from pipelines.writing.asker import Asked
from pipelines.writing.attempts import Attempt

MARKED = NO_GRADE, LOW_GRADE, LOW_SCORE = "no grade", "low grade", "low edu_score"


@dataclass(frozen=True)
class Grading:
    """How texts are graded.

    Parameters
    ----------
    rubric : Rubric
    asked : Asked
    """

    rubric: Rubric
    asked: Asked

    def tasks(self, texts: Iterable[str]) -> Iterator[PricedQuestion]:
        """Yield the questions about texts."""
        return (self.asked.priced(_shown(text)) for text in texts)

    def scores(self, text: str, journal: Journal) -> Mapping[str, float]:
        """Return the rubric points of a text by dimension; none where it has no grade."""
        reply = journal.reply_to(self.asked.question(_shown(text)))
        found: dict[str, float] = json.loads(reply["scores"]) if reply and reply["status"] == "ok" else {}
        return found


def _shown(text: str) -> str:
    """Return what a grader is shown of a text: more than of a document, for errors may be anywhere."""
    return cut_window(text, REACH)


@dataclass(frozen=True)
class Marks:
    """What a text was given.

    Parameters
    ----------
    grades : mapping of str to float
        Rubric points by dimension; empty where it was not graded.
    grade : float, optional
        Of the rubric as a whole.
    edu_score : float, optional
        None where the scorer gives the text none.
    """

    grades: Mapping[str, float]
    grade: float | None
    edu_score: float | None

    def fault(self, keep_grade: float | None, keep_at: float | None) -> str:
        """Return why a text is not kept; empty if it is."""
        if keep_grade is not None and self.grade is None:
            return NO_GRADE
        if keep_grade is not None and self.grade is not None and self.grade < keep_grade:
            return LOW_GRADE
        return LOW_SCORE if keep_at is not None and (self.edu_score or 0.0) < keep_at else ""


def marks_of(
    some: Sequence[Attempt], recipe: Recipe, scorer: AnyScorer, grading: Grading | None, journal: Journal
) -> list[Marks]:
    """Return what texts were given: grades for what came, scores for all that is written."""
    scores = scorer.score([one.text(recipe) for one in some])
    found = []
    for one, value, reason in zip(some, scores.value.tolist(), scores.reason.tolist(), strict=True):
        grades = grading.scores(one.answer, journal) if grading else {}
        grade = grading.rubric.overall_score(grades) if grading and grades else None
        found.append(Marks(grades, grade, None if reason else value))
    return found
