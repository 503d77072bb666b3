"""The command line: which commands there are, and what an end of each means.

Commands turn options into settings, call one verb, and print what came of it: results go to standard output,
progress and errors to standard error.
"""

import codecs
import io
import shlex
import sys
from collections.abc import Callable, Sequence
from typing import Annotated

import typer
from typer.exceptions import TyperException

from filtering.errors import (
    EdufilterError,
    Interrupted,
    LabelsError,
    ScorerError,
    SettingsError,
    without_secrets,
)
from filtering.printable import escape_unwritable, printable, printable_lines
from pipelines.commands.inspection import demo_command, explain_command, report_command, score_command
from pipelines.commands.labels import agreement_command, annotate_command, sample_command
from pipelines.commands.runs import (
    clean_command,
    decontaminate_command,
    filter_command,
    recut_command,
    status_command,
    verify_command,
)
from pipelines.commands.scorers import (
    audit_command,
    distill_command,
    evaluate_command,
    threshold_command,
    train_command,
)

COMMANDS: dict[str, Callable[..., int]] = {
    "filter": filter_command,
    "recut": recut_command,
    "score": score_command,
    "explain": explain_command,
    "sample": sample_command,
    "annotate": annotate_command,
    "agreement": agreement_command,
    "train": train_command,
    "distill": distill_command,
    "evaluate": evaluate_command,
    "audit": audit_command,
    "threshold": threshold_command,
    "decontaminate": decontaminate_command,
    "status": status_command,
    "verify": verify_command,
    "clean": clean_command,
    "report": report_command,
    "demo": demo_command,
}
"""In the order in which ``--help`` lists them."""
NO_THREAD = "can't start new thread"
"""What Python says where a thread gets no memory, or there are too many."""
RESUMABLE = ("filter", "recut", "decontaminate", "annotate")
"""Commands that go on where an interrupted one was."""

ESCAPES = "edufilter-escapes"
codecs.register_error(ESCAPES, escape_unwritable)

app = typer.Typer(
    help="Keep the part of a web or code dump that teaches: Parquet in, Parquet out.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for name, command in COMMANDS.items():
    app.command(name)(command)


def run(arguments: Sequence[str]) -> int:
    """Run a command line; return its exit code."""
    for stream in (sys.stdout, sys.stderr):  # names may hold what a terminal, or its locale, cannot write
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors=ESCAPES)
    try:
        outcome = app(args=list(arguments), standalone_mode=False)
        # typer turns Ctrl-C into this code by itself, and says nothing.
        return _interrupted(arguments) if outcome == 130 else outcome if isinstance(outcome, int) else 0
    except (KeyboardInterrupt, Interrupted, typer.Abort):
        return _interrupted(arguments)
    except (SettingsError, LabelsError, ScorerError) as error:
        return _fail(error, 2)
    except (EdufilterError, OSError) as error:
        return _fail(error, 1)
    except (MemoryError, RuntimeError) as error:
        if not isinstance(error, MemoryError) and NO_THREAD not in str(error):
            raise
        again = "Let it have more, or run with fewer --workers"
        what = str(error) or "there was none left"
        return _fail(f"Memory must suffice: {what}. {again}; what was finished stays.", 1)
    except TyperException as error:
        if hasattr(error, "show"):  # usage errors also print the usage line
            error.show()
        else:
            sys.stderr.write(f"Error: {error}\n")
        return error.exit_code


def _interrupted(arguments: Sequence[str]) -> int:
    resumable = bool(arguments) and arguments[0] in RESUMABLE
    again = printable(shlex.join(["edufilter", *arguments]))
    how = f" What was finished stays; go on with:\n  {again}" if resumable else ""
    sys.stderr.write(f"\nInterrupted.{how}\n")
    return 130


def _fail(error: BaseException | str, code: int) -> int:
    sys.stderr.write(f"Error: {printable_lines(without_secrets(str(error)))}\n")
    return code


def _version(show: bool) -> None:
    if show:
        from importlib.metadata import version

        typer.echo(version("edufilter"))
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Keep the part of a web or code dump that teaches: Parquet in, Parquet out."""
