"""Prints what a run that looks for leaks would do."""

from typing import TYPE_CHECKING

from filtering.printable import printable
from pipelines.amount_formats import counted, duration, short_count
from pipelines.commands.printing.screen import show

if TYPE_CHECKING:
    from pipelines.run.estimate_leaks import LeaksEstimate
    from pipelines.settings.runs import LeakAction


def print_leaks_estimate(estimate: "LeaksEstimate", action: "LeakAction") -> int:
    """Print how many documents would be removed or marked, and how long that takes; return the exit code."""
    rows, (share, low, high) = estimate.plan.rows, estimate.share
    count = share * rows
    about = f"{count:,.0f}" if count < 10_000 else short_count(count)
    show(
        f"would {'remove' if action == 'drop' else 'mark'} about {about} of {rows:,} documents "
        f"({100 * share:.1f} % [{100 * low:.1f}, {100 * high:.1f}]) and search for about "
        f"{duration(estimate.seconds)}"
    )
    show(
        f"from {counted(estimate.sampled_rows, 'document')}, drawn over "
        f"{counted(len(estimate.plan.parts.files), 'file')}: {estimate.leaked:,} of them hold a task"
    )
    if 0 < estimate.rows_left < rows:
        show(f"done already: {rows - estimate.rows_left:,} documents")
    if estimate.doubt:
        show(f"Warning, by that sample: {printable(estimate.doubt)}")
    for one in estimate.set_aside:
        show(one.in_words)
    return estimate.exit_code
