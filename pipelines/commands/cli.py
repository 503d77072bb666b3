"""The command line: which commands there are, and what an end of each means.

Commands turn options into settings, call one verb, and print what came of it: results go to standard output,
progress and errors to standard error.
"""

import codecs
import io
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from copy import copy
from importlib import import_module
from typing import Annotated, Any, cast

import typer
from typer.core import TyperCommand, TyperGroup
from typer.exceptions import TyperException
from typer.main import get_command

from filtering.errors import (
    EdufilterError,
    Interrupted,
    LabelsError,
    ScorerError,
    SettingsError,
    what_failed,
    without_secrets,
)
from filtering.printable import escape_unwritable, printable_lines
from filtering.wrong_values import near_name, what_is_wrong
from pipelines.how_to_go_on import how_to_go_on
from pipelines.program import as_called
from pipelines.stop_signals import INTERRUPTED

COMMANDS: Mapping[str, Mapping[str, str]] = {
    "Run": {
        "filter": "runs:filter_command",
        "recut": "runs:recut_command",
        "decontaminate": "runs:decontaminate_command",
        "prove": "proof:prove_command",
        "demo": "inspection:demo_command",
        "clean": "runs:clean_command",
    },
    "Texts": {
        "write": "writing:write_command",
        "grade": "grading:grade_command",
    },
    "Labels and scorers": {
        "sample": "labels:sample_command",
        "annotate": "labels:annotate_command",
        "agreement": "labels:agreement_command",
        "train": "scorers:train_command",
        "distill": "scorers:distill_command",
        "evaluate": "scorers:evaluate_command",
        "audit": "scorers:audit_command",
        "threshold": "scorers:threshold_command",
        "push": "scorers:push_command",
    },
    "Look": {
        "report": "inspection:report_command",
        "explain": "inspection:explain_command",
        "score": "inspection:score_command",
        "status": "runs:status_command",
        "verify": "runs:verify_command",
        "compare": "runs:compare_command",
    },
}
"""By their headings in ``--help``, in the order in which it lists them: in which file, which function."""
EXAMPLES = """Keep the part of a web or code dump that teaches: Parquet in, Parquet out.

Examples:

\b
  edufilter demo
  edufilter filter dump --out out
  edufilter recut out --keep-at 2.5 --to out-2.5
"""
INSTEAD: Mapping[tuple[str, str], str] = {
    ("recut", "--out"): "--to",
    ("recut", "-o"): "--to",
    ("evaluate", "--out"): "--html",
    ("compare", "--out"): "--html",
}
"""What some commands call an option that others have under this name."""
USUAL_NAMES: Mapping[str, str] = {
    **dict.fromkeys(("--threshold", "--min-score", "--cutoff"), "--keep-at"),
    **dict.fromkeys(("--jobs", "--threads", "--num-workers", "--processes"), "--workers"),
    **dict.fromkeys(("--output", "--output-dir", "--out-dir"), "--out"),
}
"""What other programs call options of ours."""
GOES_ON = ("--resume", "--continue")
"""What other programs want to be told, and ours do by themselves."""
EXAMPLE = "Example: "
"""Begins the line of a command's help that has a whole command line."""
NO_THREAD = "can't start new thread"
"""What Python says where a thread gets no memory, or there are too many."""

LEAST_COLUMNS = 20
"""A terminal that says it is narrower does not know its width."""

ESCAPES = "edufilter-escapes"
codecs.register_error(ESCAPES, escape_unwritable)


def _without_values(params: list[Any]) -> list[Any]:
    """Return options and arguments, whose flags take no value, as help is to say."""
    for one in params:
        if getattr(one, "is_flag", False):
            one.metavar = ""
    return params


class PlainCommand(TyperCommand):
    """A command whose help names arguments as the reference does, and gives flags no value."""

    def get_params(self, ctx: Any) -> list[Any]:  # noqa: ANN401 - of typer's own copy of click
        """Return options and arguments."""
        return _without_values(super().get_params(ctx))

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:  # noqa: ANN401
        """Read a command line; refuse two names of one option, the first value of which would be lost."""
        given = {word.partition("=")[0] for word in args}
        params: list[Any] = self.params
        for one in params:
            names = [name for name in one.opts if name.startswith("-") and name in given]
            if len(names) > 1 and not one.multiple:
                raise SettingsError(f"{' and '.join(names)} are two names of one option. Give one of them.")
        return super().parse_args(ctx, args)

    def format_help(self, ctx: Any, formatter: Any) -> None:  # noqa: ANN401
        """Write the help: a default that is only told stands there as any other."""
        params: list[Any] = self.params
        self.params = [copy(one) for one in params]  # what is read afterwards is given, not told
        for one in cast(list[Any], self.params):
            if isinstance(told := getattr(one, "show_default", None), str):
                one.default, one.show_default = told, True
        try:
            super().format_help(ctx, formatter)
        finally:
            self.params = params

    def collect_usage_pieces(self, ctx: Any) -> list[str]:  # noqa: ANN401
        """Return what stands in the usage line behind the name."""
        arguments = [one for one in self.params if one.param_type_name == "argument"]
        return ["[OPTIONS]", *(str(one.metavar) for one in arguments)]


class LateCommands(Mapping[str, TyperCommand]):
    """All commands by their names. The file of one is imported when it is asked for, with its settings."""

    def __init__(self) -> None:
        self._places = {name: (heading, at) for heading, of in COMMANDS.items() for name, at in of.items()}
        self._made: dict[str, TyperCommand] = {}

    def __getitem__(self, name: str) -> TyperCommand:
        if name not in self._made:
            heading, place = self._places[name]
            module, _, function = place.partition(":")
            command = getattr(import_module(f"pipelines.commands.{module}"), function)
            alone = typer.Typer(add_completion=False)
            alone.command(name, cls=PlainCommand, rich_help_panel=heading)(command)
            self._made[name] = cast(TyperCommand, get_command(alone))
        return self._made[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._places)

    def __len__(self) -> int:
        return len(self._places)


class LateGroup(TyperGroup):
    """The program with all of its commands."""

    def __init__(self, **options: Any) -> None:  # noqa: ANN401 - of typer
        super().__init__(**options)
        self.commands = LATE_COMMANDS  # type: ignore[assignment] # which it only reads

    def get_params(self, ctx: Any) -> list[Any]:  # noqa: ANN401 - of typer's own copy of click
        """Return options."""
        return _without_values(super().get_params(ctx))


LATE_COMMANDS = LateCommands()
app = typer.Typer(
    cls=LateGroup,
    help=EXAMPLES,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def run(arguments: Sequence[str]) -> int:
    """Run a command line; return its exit code."""
    _prepare_screen()
    try:
        outcome = app(args=list(arguments), standalone_mode=False)
        # typer turns Ctrl-C into this code by itself, and says nothing.
        return (
            _interrupted(arguments) if outcome == INTERRUPTED else outcome if isinstance(outcome, int) else 0
        )
    except (KeyboardInterrupt, Interrupted, typer.Abort) as error:
        return _interrupted(arguments, str(error))
    except (EdufilterError, OSError) as error:
        if _folder_is_gone():
            return _fail("The current folder must exist. It was removed. Change to another one.", 2)
        what = error if isinstance(error, EdufilterError) else what_failed(error)
        return _fail(what, 2 if isinstance(error, (SettingsError, LabelsError, ScorerError)) else 1)
    except (MemoryError, RuntimeError) as error:
        if not isinstance(error, MemoryError) and NO_THREAD not in str(error):
            raise
        again = "Let it have more, or run with fewer --workers"
        what = str(error) or "there was none left"
        return _fail(f"Memory must suffice: {what}. {again}; what was finished stays.", 1)
    except TyperException as error:
        return _refuse_usage(error)


def _prepare_screen() -> None:
    """Let output be readable wherever it goes: names may hold what a terminal or its locale cannot write."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors=ESCAPES)
    if os.environ.get("COLUMNS", "").isdecimal() and int(os.environ["COLUMNS"]) < LEAST_COLUMNS:
        del os.environ["COLUMNS"]


def _refuse_usage(error: TyperException) -> int:
    if problems := getattr(error.__cause__, "errors", None):  # of the library that reads values
        return _fail(f"{_name_of(error)} {_wrong_value(error, problems()[0])}", error.exit_code)
    if hasattr(error, "show"):  # usage errors also print the usage line
        _say_plainly(error)
        error.show()
    else:
        sys.stderr.write(f"Error: {error}\n")
    if way_on := _way_on(error):
        sys.stderr.write(f"{as_called(way_on)}\n")
    return error.exit_code


def _wrong_value(error: Any, problem: Mapping[str, Any]) -> str:  # noqa: ANN401
    """Return what is wrong with the value of an option, by the settings of its command that have it."""
    from pipelines.settings.base import wrong_value  # now: an answer without a fault needs no settings

    models = getattr(error.ctx.command.callback, "models", ())
    for one in models:
        if error.param.name in one.model_fields:
            return wrong_value(one, error.param.name, problem)
    return what_is_wrong(problem)


def _name_of(error: Any) -> str:  # noqa: ANN401
    """Return the option or argument that has a wrong value, as it is typed."""
    names = [one for one in error.param.opts if one.startswith("--")]
    return str(names[0] if names else error.param.metavar or error.param.name)


def _say_plainly(error: Any) -> None:  # noqa: ANN401 - one of several classes without a common name
    """Leave out of a message what is no word of ours, and name the option of help that is meant."""
    error.message = error.message.replace("Value error, ", "")
    command = getattr(getattr(error, "ctx", None), "command", None)  # none where an option has no value
    if (option := getattr(error, "option_name", "")) and command is not None:
        shown = [one for one in command.params if not getattr(one, "hidden", False)]
        names = {name.lstrip("-"): name for one in shown for name in one.opts if name.startswith("--")}
        usual = USUAL_NAMES.get(option, "")
        usual = INSTEAD.get((getattr(command, "name", ""), usual), usual).lstrip("-")
        if usual in names:
            near: str | None = usual
        elif _whose_option(option):  # which is told
            near = None
        else:
            near = near_name(option.lstrip("-"), names)  # without what all of them begin with
        error.message += f". Did you mean {names[near]}?" if near else ""
        error.possibilities = []  # of the library, which names others, in other words


def _way_on(error: Any) -> str:  # noqa: ANN401
    """Return what to type instead of what was refused; empty where the message says all."""
    command = getattr(getattr(error, "ctx", None), "command", None)
    if (option := getattr(error, "option_name", "")) and command is not None:
        if option in GOES_ON and getattr(command, "name", "") in COMMANDS["Run"]:
            return "A run that was interrupted goes on by itself: type the same command without it."
        if whose := _whose_option(option):
            here = INSTEAD.get((getattr(command, "name", ""), option), "")
            is_of_choices = getattr(command, "name", "") == "filter" and " recut" in whose
            then = f" Filter first, then: edufilter recut OUT --to NEW {option} ..." if is_of_choices else ""
            return f"Here it is {here}. {whose}" if here else f"{whose}{then}"
        if getattr(command, "name", "") == "explain" and "Did you mean" not in error.message:
            return f"To find a document by a column: --where \"{option.lstrip('-')} = 'VALUE'\""
    if hasattr(error, "param_type") and (example := _example_of(command)):  # an option or argument is missing
        return f"For example:\n  {example}"
    return ""


def _example_of(command: Any) -> str:  # noqa: ANN401
    """Return the command line that help gives as an example; empty if it has none."""
    lines = (getattr(command, "help", "") or "").splitlines()
    return next((line.removeprefix(EXAMPLE) for line in lines if line.startswith(EXAMPLE)), "")


def _whose_option(option: str) -> str:
    """Return in words which commands have an option; nothing where none has."""
    found = [(command, one) for command, one in _options() if option in one.opts]
    having = [command for command, one in found if not one.hidden]
    if having:
        *others, last = having
        return f"{option} is an option of {', '.join(others)}{' and ' if others else ''}{last}."
    if not found:
        return ""
    now = found[0][1].help.rstrip(".").split()[-1]
    return f"{option} is now {now}. {_whose_option(now)}"


def _options() -> list[tuple[str, Any]]:
    """Return all options with the names of their commands."""
    return [(name, one) for name, command in LATE_COMMANDS.items() for one in command.params]


def _folder_is_gone() -> bool:
    try:
        os.getcwd()
    except FileNotFoundError:
        return True
    return False


def _interrupted(arguments: Sequence[str], what: str = "") -> int:
    # That it was interrupted the supervisor has said, at once.
    if words := " ".join(filter(None, (what, how_to_go_on(arguments)))):
        sys.stderr.write(f"{words}\n")
    return INTERRUPTED


def _fail(error: BaseException | str, code: int) -> int:
    from pipelines.settings.base import as_typed  # now: an answer without a fault needs no settings

    sys.stderr.write(f"Error: {printable_lines(as_called(as_typed(without_secrets(str(error)))))}\n")
    return code


def _version(show: bool) -> None:
    if show:
        from importlib.metadata import version

        typer.echo(version("edufilter"))
        raise typer.Exit


@app.callback(help=EXAMPLES)
def options(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_version, is_eager=True, help="Print the version."),
    ] = False,
) -> None:
    """Keep the part of a web or code dump that teaches: Parquet in, Parquet out."""
