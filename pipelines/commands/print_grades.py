"""Prints what a folder of grades says of models."""

from filtering.printable import printable
from pipelines.commands.screen import show
from pipelines.commands.tables import print_table
from pipelines.reports.grade_page import PAGE, models_table
from pipelines.writing.grade import GRADES_FILE, GradeResult
from pipelines.writing.grades import HIGHEST, NOT_ASKED, WORSE


def print_grades(result: GradeResult) -> int:
    """Print a table by model; return the exit code of the command."""
    table = models_table(result)
    print_table(table.head, table.rows, title=table.caption)
    if len(result.models) > 1:
        show(_compared(result))
    statuses = ", ".join(f"{count:,} {name}" for name, count in sorted(result.statuses.items()))
    spent = f"; spent: ${result.spent_usd:.4f}" if result.spent_usd else ""
    if result.open_usd:
        spent += (
            f" (${result.open_usd:.4f} of it at most, for questions that were open when a run was stopped)"
        )
    show(f"texts: {statuses}{spent} -> {printable(result.out)}/{GRADES_FILE}")
    if result.statuses.get(NOT_ASKED):
        show("The budget is spent. To ask the rest, give the same command a larger --budget-usd.")
    if result.statuses.get("api_error"):
        show(
            "Some questions found no answer (api_error). The same command asks them again. The last error: "
            f"{result.last_error}"
        )
    show(f"read {printable(result.out)}/{PAGE}")
    return result.exit_code


def _compared(result: GradeResult) -> str:
    highest, worse = (
        ", ".join(printable(one.name) for one in result.models if one.verdict == word)
        for word in (HIGHEST, WORSE)
    )
    if not highest:
        return "No model has a grade."
    return f"highest: {highest}; " + (
        f"worse: {worse}" if worse else "whether others are worse cannot be told"
    )
