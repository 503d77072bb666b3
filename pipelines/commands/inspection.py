"""The commands that look: at scores and why they are so, at a run, and at a demo of it all."""

import json
import shlex
import sys
from pathlib import Path
from typing import Annotated

from typer import Argument, Option

from filtering.errors import SettingsError, what_failed
from filtering.printable import printable
from filtering.wrong_values import near_path
from pipelines.commands.command_signature import (
    Given,
    JsonOption,
    NoSamplesOption,
    OutArgument,
    settings_of,
    takes,
)
from pipelines.commands.printing.screen import show
from pipelines.progress import ConsoleReporter
from pipelines.settings.base import ScorerName, ScoringSettings, option_of
from pipelines.settings.explain import PLACES, ExplainConfig


@takes(ScoringSettings, first=("scorer", "effort"))
def score_command(
    given: Given,
    files: Annotated[list[str], Argument(metavar="FILE...", help="Text files, or - for standard input.")],
    scorer: ScorerName = "web",
    as_json: JsonOption = False,
) -> int:
    """Print the score of text files, from 0 to 5 rubric points.

    Example: edufilter score lesson.txt
    """
    texts = [_read_text(name, instead="Use 'edufilter filter' for it.") for name in files]
    scoring = settings_of(ScoringSettings, given)
    reporter = ConsoleReporter()
    reporter.say(f"Loading the scorer '{printable(scorer)}' ...")
    from filtering.scoring.cascade import signals_of
    from filtering.text.arrow import REASONS
    from pipelines.scorer_addresses import open_scorer

    loaded = open_scorer(scorer, scoring.effort, scoring.placement)
    scores = loaded.score(texts)
    found = signals_of(loaded).unsure_of(texts)
    if warning := " ".join(
        filter(None, (found.sentence, "" if found.are_many or found.are_other else found.in_words))
    ):
        reporter.say(f"Warning: {warning}")
    told = loaded.tell_unsure(texts) if as_json else [None] * len(files)
    for name, value, reason, unsure in zip(files, scores.value, scores.reason, told, strict=True):
        if as_json:
            score, why = None if reason else round(float(value), 4), REASONS[reason] or None
            show(json.dumps({"file": name, "score": score, "reason": why, "unsure": unsure}))
        else:
            show(f"{REASONS[reason] if reason else f'{value:.2f}'}\t{printable(name)}")
    return 0


@takes(ExplainConfig)
def explain_command(
    given: Given,
    text: Annotated[
        str | None,
        Argument(
            metavar="[TEXT]", help="A text file; - is standard input. Or a Parquet file or folder, as --file."
        ),
    ] = None,
    as_json: JsonOption = False,
) -> int:
    """Tell why a document has its score: in words, by groups of signals, and by its passages.

    Example: edufilter explain dump.parquet --where "url = 'https://a.b/c'"
    """
    if text is not None and (given["run"] is None or given["file"] is None) and _is_dump(text):
        given, text = {**given, "file": _file_of(text, given)}, None
    document = None if text is None else _read_text(text, instead="Leave out --file.")
    config = settings_of(ExplainConfig, given, text=document)
    what = "Looking for the document ..." if document is None else "Loading the scorer ..."
    ConsoleReporter().say(what)  # before what takes seconds to import
    from dataclasses import asdict

    from pipelines.commands.printing.explanation import print_explanation
    from pipelines.run.explain_row import explain_document

    found = explain_document(config)
    if as_json:
        of_run = {} if found.leaks is None else {"leaks": found.leaks}
        show(json.dumps({"file": found.file, "row": found.row, **asdict(found.why), **of_run}))
    else:
        print_explanation(found)
    return 0


def _file_of(dump: str, given: Given) -> str:
    """Return the file of a dump that ``--file`` names, by its path or by that below the dump; else the dump.

    Raises
    ------
    SettingsError
        If there is no such file, or nothing says which document is meant.
    """
    if Path(dump, "run", "plan.json").is_file():
        of_id = () if given["id"] is None else ("id_column",)
        asked = {name: given[name] for name in ("file", *PLACES, *of_id) if given[name] is not None}
        place = asked or {"file": "FILE", "row": 0}
        options = [
            part for name, value in place.items() for part in (option_of(ExplainConfig, name), str(value))
        ]
        raise SettingsError(
            f"'{printable(dump)}' is the folder of a run. To explain one of its documents:\n"
            f"  edufilter explain {printable(shlex.join(['--run', dump, *options]))}"
        )
    if all(given[name] is None for name in PLACES):
        raise SettingsError(
            f"{printable(dump)} holds many documents. Say which one is meant: --id, with --id-column where "
            "its identifier is not in 'id'; or --where \"url = 'https://a.b/c'\"; or --row 17. If there are "
            "several files, --file says which of them the row is in."
        )
    if given["file"] is None or given["run"] is not None:
        return dump
    from pipelines.run.find_document import file_of_dump

    return file_of_dump(dump, given["file"])


def _is_dump(name: str) -> bool:
    """Tell whether a path that may be a text is a folder, a pattern, a store or a Parquet file."""
    if name == "-":
        return False
    path = Path(name)
    try:
        if path.is_file():
            with path.open("rb") as opened:
                return opened.read(4) == b"PAR1"
        return path.is_dir() or "://" in name or any(sign in name for sign in "*?[")
    except OSError:
        return False


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
    except IsADirectoryError as error:
        raise SettingsError(
            f"A text file must be a file. {printable(name)} is a folder. {instead}"
        ) from error
    except FileNotFoundError as error:
        near = near_path(name) or " Check the path."
        raise SettingsError(f"A text file must exist. Got '{printable(name)}' instead.{near}") from error
    except OSError as error:
        raise SettingsError(f"A text file must be readable. {what_failed(error)}") from error
    if text.startswith(b"PAR1"):
        raise SettingsError(f"A text file must not be Parquet. {name} is. {instead}")
    return text


def report_command(
    out: OutArgument,
    slices: Annotated[
        bool,
        Option(
            "--slices",
            help="Only print how much is kept of each language, length, site and so on, as the page has it. "
            "The page is made if there is none.",
        ),
    ] = False,
    no_samples: NoSamplesOption = False,
) -> int:
    """Make the page OUT/run/report.html of a finished run again.

    Example: edufilter report out
    """
    reporter = ConsoleReporter()
    page = None
    if slices:
        from pipelines.reports.runs.report_result import fresh_page

        page = fresh_page(out)
    if page is None:
        reporter.say("Making the report ...")
        from pipelines.reports.runs.write_report import write_report

        page = write_report(out, samples=False if no_samples else None, reporter=reporter)
    if slices:
        from pipelines.commands.printing.slices import print_slices, read_report

        print_slices(read_report(out), out)
    show(f"report: {printable(str(page))}")
    return 0


def demo_command(
    out: Annotated[str, Argument(metavar="[OUT]", help="Folder for the demo; made anew each time.")] = "demo",
    against: Annotated[
        list[str] | None,
        Option(metavar="BENCHMARK", help="Benchmark file whose leaks are looked for in the code."),
    ] = None,
    decontaminate: Annotated[
        list[str] | None,
        Option(metavar="BENCHMARK", hidden=True, help="Earlier name of --against."),
    ] = None,
) -> int:
    """Filter real pages and source files with the shipped scorers.

    Example: edufilter demo
    """
    reporter = ConsoleReporter()
    reporter.say("Looking for documents on this machine ...")
    from pipelines.commands.demo.run_demo import run_demo

    run_demo(out, reporter=reporter, decontaminate=against or decontaminate or ())
    return 0
