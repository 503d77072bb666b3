"""Prints why a document has its score."""

from itertools import zip_longest

from rich.console import Console
from rich.table import Table
from rich.text import Text

from filtering.explaining.explain import Explanation, NgramAmount
from filtering.explaining.readable import range_in_words
from filtering.printable import printable
from pipelines.commands.screen import show


def print_explanation(why: Explanation) -> None:
    """Print score and stage, what the signals made it of, and what moved it most."""
    if why.score is None or why.signals_score is None:
        show(f"no score: {why.reason}")
        return
    show(f"score: {why.score:.2f}, decided by the {why.stage}")
    if why.stage == "embedding":
        show(
            f"by the signals {why.signals_score:.2f}, by the embedding {why.score:.2f}; what follows "
            "explains the signals alone"
        )
    totals = [f"{name} {points:+.2f}" for name, points in why.totals.items() if points]
    show(f"signals: start {why.start:.2f}, {', '.join(totals)} = {why.signals_score:.2f} points")
    console = Console()
    ngrams = Table("raised it", "times", "points", "lowered it", "times", "points")
    for one, other in zip_longest(why.raised, why.lowered):
        ngrams.add_row(*_cells(one), *_cells(other))
    console.print(ngrams)
    statistics = Table("statistic", "value", "usual", "points")
    for amount in why.statistics:
        usual = range_in_words(amount.usual_low, amount.usual_high, digits=4)
        statistics.add_row(Text(amount.meaning), f"{amount.value:.4g}", usual, f"{amount.points:+.3f}")
    console.print(statistics)
    show("(usual: of eleven in twelve documents that the scorer was fitted on)")


def _cells(one: NgramAmount | None) -> list[Text]:
    """Return the cells of an n-gram; as `Text`, for its brackets are no markup."""
    if one is None:
        return [Text()] * 3
    return [Text(printable(one.text)), Text(f"{one.count:,}"), Text(f"{one.points:+.3f}")]
