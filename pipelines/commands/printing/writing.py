"""Prints what a folder of texts holds now."""

from math import floor
from typing import TYPE_CHECKING

from annotations.labels.labels import MIN_ROWS
from filtering.printable import printable
from pipelines.amount_formats import counted, percent
from pipelines.commands.asking import budget_ended, spent_in_words, train_command
from pipelines.commands.printing.screen import show
from pipelines.writing.attempts import NO_ANSWER, NOT_ASKED, WITHOUT_REPLY
from pipelines.writing.reasons import MEANINGS
from pipelines.writing.text_folder import FAILED_FILE, PAGE, data_file

if TYPE_CHECKING:
    from pipelines.writing.write_result import WriteResult


def print_writing(result: "WriteResult") -> int:
    """Print what came of writing; return the exit code of the command."""
    out = printable(result.out)
    kept = printable(str(data_file(result.out, result.recipe)))
    show(
        f"{counted(result.kept, 'text')} of {result.asked:,} ({percent(result.kept, result.asked)}) -> {kept}"
    )
    thrown = {fault: count for fault, count in result.faults.items() if fault not in WITHOUT_REPLY}
    for fault, count in sorted(thrown.items(), key=lambda one: -one[1]):
        meaning = f": {MEANINGS[fault]}" if fault in MEANINGS else ""
        show(f"  thrown away: {count:,} {fault}{meaning}")
    if thrown:
        show(f"  these lie with their reasons in {out}/{FAILED_FILE}")
    for fault in WITHOUT_REPLY:
        if result.faults.get(fault):
            show(f"  {fault}: {result.faults[fault]:,}")
    _print_how_looked_at(result)
    _print_marks(result)
    for sentence in result.warnings:
        show(f"Warning: {sentence}")
    _print_what_is_left(result)
    show(f"read {out}/{PAGE}")
    if result.kept and not result.exit_code:
        show(f"next: {_next(result, kept)}")
    return result.exit_code


def _print_how_looked_at(result: "WriteResult") -> None:
    if result.more_draws:
        show(f"  asked for in place of near-duplicates: {result.more_draws:,}")
    if result.long_documents:
        show(f"  long documents, of which beginning, middle and end were shown: {result.long_documents:,}")
    if result.ran:
        show(f"  run against their own tests: {result.ran:,}")
    if result.benchmark_tasks:
        show(f"  searched for tasks of benchmarks: {result.searched:,} (tasks: {result.benchmark_tasks:,})")


def _print_marks(result: "WriteResult") -> None:
    if result.grades:
        told = ", ".join(f"{name} {points:.2f}" for name, points in result.grades.items())
        so_far = "" if result.is_graded else "so far, "
        texts = f"{result.graded:,} of {counted(result.kept, 'text')} kept"
        show(f"grades of {printable(result.grader)}, {so_far}mean of {texts}: {told}")
    spent = spent_in_words(result.spent_usd, result.open_usd, result.unpriced)
    score = f"mean score by {printable(result.scorer)}: {result.edu_score:.2f}" if result.kept else ""
    if score or spent:
        show(f"{score}{spent}".removeprefix("; "))


def _print_what_is_left(result: "WriteResult") -> None:
    for name, why in result.unreadable.items():
        show(f"could not be read: {printable(name)}. {printable(why)}")
    if result.asked < result.wanted and not result.faults.get(NOT_ASKED):
        show(f"No more documents have text: {result.asked:,} were asked for, of {result.wanted:,} wanted.")
    if result.faults.get(NOT_ASKED) or (result.grader and not result.is_graded):
        show(budget_ended(result.enough_usd))
    if result.faults.get(NO_ANSWER):
        show(f"{result.faults[NO_ANSWER]:,} questions found no answer. The same command asks them again.")


def _next(result: "WriteResult", kept: str) -> str:
    """Return what to do with the texts: labels are trained on, others graded or cut."""
    if result.keep_grade:  # no larger --n would ever add one below it
        return (
            "to train a scorer, the same command without --keep-grade: it brings back the texts of low "
            "grades, which train needs too, and costs nothing"
        )
    if result.graded < result.kept or result.kept < MIN_ROWS:
        median = floor(result.median_score * 100) / 100
        if result.grades and result.graded < result.kept:
            return (
                "the same command with --keep-grade 0 keeps the texts that have a grade, as train needs them"
            )
        if result.grades:
            return f"train needs {MIN_ROWS} texts with a grade: the same command with a larger --n adds some"
        cut = "" if result.is_cut or not median else f"; with --keep-at {median:.2f} it keeps the better half"
        return f"the same command with --grade MODEL has them graded, to train a scorer on{cut}"
    return train_command(kept, result.domain)
