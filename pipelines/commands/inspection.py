"""The commands that look: at scores and why they are so, at a run, and at a demo of it all."""

import json
import sys
from dataclasses import asdict
from itertools import zip_longest
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text
from typer import Argument, Option

from filtering.errors import SettingsError
from filtering.explaining.explain import Explanation, NgramAmount
from filtering.explaining.readable import range_in_words
from filtering.printable import printable
from filtering.text.arrow import REASONS
from pipelines.commands.command_signature import (
    Given,
    JsonOption,
    NoSamplesOption,
    OutArgument,
    settings_of,
    takes,
)
from pipelines.progress import ConsoleReporter
from pipelines.settings.base import ScorerName, ScoringSettings
from pipelines.settings.runs import ExplainConfig


@takes(ScoringSettings)
def score_command(
    given: Given,
    files: Annotated[list[str], Argument(metavar="FILE...", help="Text files; - is standard input.")],
    scorer: ScorerName = "web",
    as_json: JsonOption = False,
) -> int:
    """Print the score of each text file, in rubric points."""
    from pipelines.scorer_addresses import open_scorer

    texts = [_read_text(name, instead="Use 'edufilter filter' for it.") for name in files]
    scoring = settings_of(ScoringSettings, given)
    scores = open_scorer(scorer, scoring.effort, scoring.placement).score(texts)
    for name, value, reason in zip(files, scores.value, scores.reason, strict=True):
        if as_json:
            score = None if reason else round(float(value), 4)
            typer.echo(json.dumps({"file": name, "score": score, "reason": REASONS[reason] or None}))
        else:
            typer.echo(f"{REASONS[reason] if reason else f'{value:.2f}'}\t{name}")
    return 0


@takes(ExplainConfig)
def explain_command(
    given: Given,
    text: Annotated[str | None, Argument(metavar="[TEXT]", help="A text file; - is standard input.")] = None,
    as_json: JsonOption = False,
) -> int:
    """Tell why a document has its score: the n-grams and statistics that moved it most."""
    from pipelines.run.explain_row import explain_row

    document = None if text is None else _read_text(text, instead="Name it with --file, and a --row of it.")
    why = explain_row(settings_of(ExplainConfig, given, text=document))
    if as_json:
        typer.echo(json.dumps(asdict(why)))
    else:
        _print_explanation(why)
    return 0


def _read_text(name: str, *, instead: str) -> bytes:
    """Return the bytes of a text file; ``-`` is standard input.

    Parameters
    ----------
    name : str
    instead : str
        What to do with a Parquet file, for the error.

    Raises
    ------
    SettingsError
        If the file cannot be read, or is Parquet.
    """
    try:
        text = sys.stdin.buffer.read() if name == "-" else Path(name).read_bytes()
    except OSError as error:
        raise SettingsError(f"A text file must be readable. {error}") from error
    if text.startswith(b"PAR1"):
        raise SettingsError(f"A text file must not be Parquet. {name} is. {instead}")
    return text


def _print_explanation(why: Explanation) -> None:
    """Print score and stage, what the signals made it of, and what moved it most."""
    if why.score is None or why.signals_score is None:
        typer.echo(f"no score: {why.reason}")
        return
    typer.echo(f"score: {why.score:.2f}, decided by the {why.stage}")
    if why.stage == "embedding":
        typer.echo(
            f"by the signals {why.signals_score:.2f}, by the embedding {why.score:.2f}; what follows "
            "explains the signals alone"
        )
    totals = [f"{name} {points:+.2f}" for name, points in why.totals.items() if points]
    typer.echo(f"signals: start {why.start:.2f}, {', '.join(totals)} = {why.signals_score:.2f} points")
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
    typer.echo("(usual: of eleven in twelve documents that the scorer was fitted on)")


def _cells(one: NgramAmount | None) -> list[Text]:
    """Return the cells of an n-gram; as `Text`, for its brackets are no markup."""
    if one is None:
        return [Text()] * 3
    return [Text(one.text), Text(f"{one.count:,}"), Text(f"{one.points:+.3f}")]


def report_command(out: OutArgument, no_samples: NoSamplesOption = False) -> int:
    """Draw OUT/run/report.html of a finished run anew: scores, kept shares, documents to read."""
    from pipelines.reports.write_report import write_report

    typer.echo(printable(str(write_report(out, samples=not no_samples))))
    return 0


def demo_command(
    out: Annotated[str, Argument(metavar="[OUT]", help="Folder for the demo; made anew each time.")] = "demo",
    decontaminate: Annotated[
        list[str] | None,
        Option(metavar="BENCHMARK", help="Benchmark whose leaks are looked for in the code, HumanEval say."),
    ] = None,
) -> int:
    """Filter real files of this machine, web and code, with the shipped scorers."""
    from pipelines.commands.demo import run_demo

    run_demo(out, reporter=ConsoleReporter(), decontaminate=decontaminate or ())
    return 0
