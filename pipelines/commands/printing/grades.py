"""Prints what a folder of grades says of models."""

from collections import defaultdict

from annotations.labels.sources import GRADES_FILE
from filtering.printable import printable
from pipelines.commands.asking import budget_ended, spent_in_words
from pipelines.commands.printing.screen import show
from pipelines.commands.printing.tables import print_table
from pipelines.reports.grade_page import PAGE, models_table
from pipelines.writing.grading.grade import GradeResult
from pipelines.writing.grading.grades import HIGHEST, IN_WORDS, NOT_ASKED, VERDICTS, note_on_few


def print_grades(result: GradeResult) -> int:
    """Print a table by model; return the exit code of the command."""
    table = models_table(result)
    print_table(table.head, table.rows, title=table.caption)
    if len(result.models) > 1:
        show(_compared(result))
    if note := note_on_few(result.models):
        show(note)
    spent = spent_in_words(result.spent_usd, result.open_usd, result.unpriced)
    show(f"texts: {_texts(result)}{spent} -> {printable(result.out)}/{GRADES_FILE}")
    if result.statuses.get(NOT_ASKED):
        show(budget_ended(result.enough_usd))
    if result.statuses.get("api_error"):
        show(
            "Some questions found no answer. The same command asks them again. The last error: "
            f"{result.last_error}"
        )
    show(f"read {printable(result.out)}/{PAGE}")
    return result.exit_code


def _texts(result: GradeResult) -> str:
    """Return what became of texts, in the words of the page."""
    order = sorted(result.statuses.items(), key=lambda one: -one[1])
    return ", ".join(f"{count:,} {IN_WORDS.get(status, status)}" for status, count in order)


def _compared(result: GradeResult) -> str:
    by_verdict: dict[str, list[str]] = defaultdict(list)
    for one in result.models:
        by_verdict[one.verdict].append(printable(one.name))
    if HIGHEST not in by_verdict:
        return "No model has a grade."
    told = [f"{verdict}: {', '.join(by_verdict[verdict])}" for verdict in VERDICTS if verdict in by_verdict]
    return "; ".join(told)
