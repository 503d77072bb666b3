"""Prints what a folder of texts holds now."""

import shlex
from typing import TYPE_CHECKING

from filtering.printable import printable
from pipelines.amounts_in_words import percent
from pipelines.commands.screen import show
from pipelines.writing.attempts import NO_ANSWER, NOT_ASKED, WITHOUT_REPLY
from pipelines.writing.reasons import MEANINGS
from pipelines.writing.text_folder import DATA, FAILED_FILE, PAGE, data_file

if TYPE_CHECKING:
    from pipelines.writing.write_result import WriteResult


def print_writing(result: "WriteResult") -> int:
    """Print what came of writing; return the exit code of the command."""
    out = printable(result.out)
    kept = printable(str(data_file(result.out, result.recipe)))
    show(f"{result.kept:,} texts of {result.asked:,} ({percent(result.kept, result.asked)}) -> {kept}")
    thrown = {fault: count for fault, count in result.faults.items() if fault not in WITHOUT_REPLY}
    for fault, count in sorted(thrown.items(), key=lambda one: -one[1]):
        meaning = f": {MEANINGS[fault]}" if fault in MEANINGS else ""
        show(f"  thrown away: {count:,} {fault}{meaning}")
    if thrown:
        show(f"  these lie with their reasons in {out}/{FAILED_FILE}")
    _print_marks(result)
    for sentence in result.warnings:
        show(f"Warning: {sentence}")
    _print_what_is_left(result)
    show(f"read {out}/{PAGE}")
    if result.kept and not result.exit_code:
        words = ["edufilter", "filter", f"{result.out}/{DATA}", "--scorer", result.scorer, "--out", "OUT"]
        show(f"next: {printable(shlex.join(words))}")
    return result.exit_code


def _print_marks(result: "WriteResult") -> None:
    if result.grades:
        told = ", ".join(f"{name} {points:.2f}" for name, points in result.grades.items())
        show(f"grades of {printable(result.grader)}: {told}")
    spent = f"; spent: ${result.spent_usd:.4f}" if result.spent_usd else ""
    if result.open_usd:
        spent += (
            f" (${result.open_usd:.4f} of it at most, for questions that were open when a run was stopped)"
        )
    show(f"mean score by {printable(result.scorer)}: {result.edu_score:.2f}{spent}")


def _print_what_is_left(result: "WriteResult") -> None:
    for name, why in result.unreadable.items():
        show(f"could not be read: {printable(name)}. {printable(why)}")
    if result.faults.get(NOT_ASKED) or not result.is_graded:
        show("The budget is spent. To ask the rest, give the same command a larger --budget-usd.")
    if result.faults.get(NO_ANSWER):
        show(f"{result.faults[NO_ANSWER]:,} questions found no answer. The same command asks them again.")
