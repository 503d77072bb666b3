"""Prints why a document has its score: first in words, then by groups, single signals and passages."""

from math import isnan

from filtering.explaining.explanation import Explanation
from filtering.explaining.groups import COMBINED, WHAT_COMBINES
from filtering.explaining.passages import Passage
from filtering.leaks.hits import COMMON, COMMON_TEXT, LEAK, PASSAGE
from filtering.printable import printable
from filtering.scoring.scores import DECIDED_BY
from filtering.signals.settings import RULES
from filtering.text.windows import REACH
from pipelines.commands.printing.screen import show
from pipelines.commands.printing.tables import print_table
from pipelines.run.explain_row import ExplainedDocument
from pipelines.run_folder.leak_files import found_by

SHOWN_CHARS = 240
"""Of a passage."""
LEAKS_SHOWN = PASSAGES_SHOWN = 10
NO_LEAKS = {
    COMMON: "textbook code",
    COMMON_TEXT: "common text",
    PASSAGE: "the passage of a task without its question",
}
LEAST_POINTS = 0.005
"""What moves a score by less is shown as nothing, and so left out."""


def print_explanation(found: ExplainedDocument) -> None:
    """Print whether a document is kept and why, what moved its score, and what of that is shown."""
    why = found.why
    if found.file:
        show(f"{found.file}, row {found.row}{' of the dump' if found.run else ''}{_in_output(found)}")
    if not found.is_scored:
        show(f"not kept: {why.dropped_for}" if why.dropped_for else f"kept: {_why_not_removed(found)}")
        _print_leaks(found)
        return
    if found.points:
        _print_points(found)
    if why.score is None or why.signals_score is None:
        by_rule = " (a rule for code; filter --rules none scores it)" if why.reason in RULES else ""
        if found.points:
            _print_decision(found)
        show(f"no score{f' by {found.scorer}' if found.points else ''}: {why.reason}{by_rule}")
        return
    _print_decision(found)
    _print_leaks(found)
    show(why.sentence)
    if why.unsure:
        show(f"Warning: {why.unsure}")
    if why.stage == "embedding":
        show(
            f"The embedding made {why.score:.2f} points of the {why.signals_score:.2f} by words and style. "
            "What follows explains these."
        )
    show(
        f"\nA document with nothing unusual has {why.start:.2f} points. From there, by group, this one "
        f"comes to {why.signals_score:.2f}:"
    )
    groups = [
        (one.group, f"{one.points:+.2f}", f"{100 * one.share:.0f} %")
        for one in why.groups
        if abs(one.points) >= LEAST_POINTS
    ]
    print_table(("group", "points", "share of what moved it"), groups)
    for does, signals in (("raised it", why.raised), ("lowered it", why.lowered)):
        rows = [
            (one.name, one.amount, f"{one.points:+.2f}") for one in signals if abs(one.points) >= LEAST_POINTS
        ]
        print_table((does, "how much", "points"), rows, texts=2)
    show(_what_is_shown(why))
    _print_passage("raises", why.raising_passage, why)
    _print_passage("lowers", why.lowering_passage, why)


def _in_output(found: ExplainedDocument) -> str:
    """Return how rows of the output are named, where it has a file of this name and they may be meant."""
    if not found.is_in_output:
        return ""
    return f" (for that row of {printable(found.run)}/data: --file {found.file} --output-row {found.row})"


def _print_decision(found: ExplainedDocument) -> None:
    """Print whether a document is kept, whole or in part, and by what points."""
    why = found.why
    by = f"decided by {DECIDED_BY[why.stage]}" if why.stage else ""
    cut = (
        f"the run chose by {found.chosen_by}, not by one cut"
        if found.chosen_by
        else f"kept from {why.keep_at:g} on"
    )
    scored = f"{_points(found.combined if found.points else why.score)} points"
    scored += f"{f', {by}' if by and not found.points else ''} ({cut})"
    if why.dropped_for:
        show(f"not kept: {why.dropped_for}")
        if not isnan(found.combined):
            show(f"its score: {scored}")
    else:
        in_part = found.passages and not found.passages_left_out
        show(f"{'kept' if why.kept else 'not kept as a whole' if in_part else 'not kept'}: {scored}")
    _print_passages(found)
    if _is_marked(found):
        show("It holds a benchmark task, and is marked: kept all the same (--leak-action mark).")
    if found.points and why.score is not None:
        show(f"What follows explains the {why.score:.2f} points of {found.scorer}, {by}.")


def _print_points(found: ExplainedDocument) -> None:
    """Print the points of several scorers, and which of them decide."""
    points = ", ".join(
        f"{name} {'none' if isnan(value) else _points(value)}" for name, value in found.points.items()
    )
    which = {"max": "The highest decides", "min": "The lowest decides", "mean": "Their mean decides"}
    show(f"points of each scorer: {points}. {which.get(found.combine, f'Those of {found.combine} decide')}.")


def _print_passages(found: ExplainedDocument) -> None:
    """Print the passages of a document that is not kept as a whole, and what became of them."""
    if not found.passages:
        return
    shown = [
        f"bytes {start:,} to {stop:,} ({points:.2f} points)"
        for start, stop, points in found.passages[:PASSAGES_SHOWN]
    ]
    more = len(found.passages) - PASSAGES_SHOWN
    show(f"its passages: {', '.join(shown)}{f', and {more:,} more' if more > 0 else ''}")
    if found.passages_left_out:
        show(f"They are not in the output: {found.passages_left_out}.")
    elif _holds_a_task(found):
        show("They are rows of the output, each marked as a leak (--leak-action mark).")
    else:
        show("They are rows of the output.")
    if found.leaks and not found.passages_left_out:
        show("Benchmarks were looked for in the whole document, of which only these parts are written.")
    if found.output_passage is not None and len(found.passages) > 1:
        start, stop, _ = found.passages[found.output_passage]
        show(f"The row that you asked for is bytes {start:,} to {stop:,}.")


def _points(value: float | None) -> str:
    return "no" if value is None or isnan(value) else f"{value:.2f}"


def _why_not_removed(found: ExplainedDocument) -> str:
    """Return why a run that looks for benchmarks alone kept a document."""
    if found.why.reason:
        return f"{found.why.reason}, and so not searched for benchmark tasks"
    if _is_marked(found):
        return "marked, and not removed (--leak-action mark)"
    held = {NO_LEAKS[hit["verdict"]] for hit in found.leaks or () if hit["verdict"] in NO_LEAKS}
    return (
        f"it holds {' and '.join(sorted(held))}, which is no leak" if held else "it holds no benchmark task"
    )


def _is_marked(found: ExplainedDocument) -> bool:
    return found.why.kept and _holds_a_task(found)


def _holds_a_task(found: ExplainedDocument) -> bool:
    return any(hit["verdict"] == LEAK for hit in found.leaks or ())


def _print_leaks(found: ExplainedDocument) -> None:
    """Print which tasks of benchmarks a run found in a document, where, and by what."""
    found_at: dict[tuple[object, ...], list[str]] = {}
    for hit in found.leaks or ():
        place = tuple(hit[name] for name in ("verdict", "task", "benchmark", "first_line", "last_line"))
        found_at.setdefault(place, []).append(found_by(hit["method"], hit["part"]))
    for (verdict, task, benchmark, first, last), by in list(found_at.items())[:LEAKS_SHOWN]:
        lines = f"line {first}" if first == last else f"lines {first} to {last}"
        what = f"{verdict} of a benchmark" if verdict == PASSAGE else verdict
        show(printable(f"{what}: {task} of {benchmark}, {lines}: {', '.join(by)}"))
    if (more := len(found_at) - LEAKS_SHOWN) > 0:
        show(f"and {more:,} more; all are in run/hits.parquet")


def _what_is_shown(why: Explanation) -> str:
    """Return how much of what moved a score is listed, what the rest is, and what stands in brackets."""
    shown = f"The signals listed are {100 * why.shown_share:.0f} % of all that moved the score."
    if why.others:
        shown += (
            f" The other {why.others:,} are small amounts: together they raised it by "
            f"{why.others_raised:.2f} points and lowered it by {-why.others_lowered:.2f}. "
            "Show more with --top."
        )
    if why.unread_bytes:
        shown += (
            f" All amounts are of {REACH.whole:,} bytes of the document, from its beginning, middle and end. "
            f"The other {why.unread_bytes:,} bytes are not read."
        )
    return (
        f"{shown} The points of a word are its own, those of its letters, and half of those of each pair of "
        'words that it is part of. "usual" is what three in four of the documents have that the scorer was '
        "trained on, in whatever language. A signal counts from the middle of that, so one within it may "
        f"move the score too.{_of_combined(why)}"
    )


def _of_combined(why: Explanation) -> str:
    """Return what combined signals are, where there are such."""
    if all(one.group != COMBINED for one in why.groups):
        return ""
    return f' "{COMBINED.capitalize()}" are {WHAT_COMBINES}'


def _print_passage(does: str, passage: Passage | None, why: Explanation) -> None:
    if passage is not None:
        text = " ".join(passage.text.split())
        end = "..." if passage.characters > len(passage.text) or len(text) > SHOWN_CHARS else ""
        show(
            f"\nThe part of the text that {does} the score most ({why.signals_score:.2f} with it, "
            f"{passage.score_without:.2f} without):\n  {printable(text[:SHOWN_CHARS])}{end}"
        )
