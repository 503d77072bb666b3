"""What commands take: the options of their settings, and those that several commands have beside these."""

import inspect
from collections.abc import Callable, Mapping
from functools import wraps
from typing import Annotated, Any, TypeVar, get_type_hints

from typer import Argument, Option

from pipelines.progress import ConsoleReporter
from pipelines.settings.base import Settings, info_of, names_of

OutArgument = Annotated[str, Argument(metavar="OUT", help="Folder of a run.")]
JsonLogOption = Annotated[bool, Option("--json-log", help="Progress as one JSON object a line.")]
JsonOption = Annotated[bool, Option("--json", help="Print JSON.")]
NoReportOption = Annotated[bool, Option("--no-report", help="Draw no OUT/run/report.html.")]
NoSamplesOption = Annotated[
    bool, Option("--no-samples", help="Show no documents in the report: for confidential data.")
]

Given = Mapping[str, Any]
"""What was given on the command line for settings, by their names."""
SomeSettings = TypeVar("SomeSettings", bound=Settings)


def takes(*models: type[Settings]) -> Callable[[Callable[..., int]], Callable[..., int]]:
    """Give a command the options of settings, and then those that are its own.

    The command is called with what was given for settings, which `settings_of` makes settings of, and with
    its own options by name. A command of several models requires what all of them require.
    """
    shared = [
        _parameter(name, models) for name in dict.fromkeys(name for one in models for name in names_of(one))
    ]

    def with_options(command: Callable[..., int]) -> Callable[..., int]:
        _, *own = inspect.signature(command).parameters.values()
        of_settings = [one for one in shared if one is not None]
        names = {one.name for one in of_settings}

        @wraps(command)
        def run(**given: object) -> int:
            rest = {name: value for name, value in given.items() if name not in names}
            return command({name: given[name] for name in names}, **rest)

        parameters = [*of_settings, *(one.replace(kind=inspect.Parameter.KEYWORD_ONLY) for one in own)]
        parameters.sort(key=lambda one: one.default is not inspect.Parameter.empty)
        run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined] # what typer reads
        return run

    return with_options


def _parameter(name: str, models: tuple[type[Settings], ...]) -> inspect.Parameter | None:
    """Return a setting as typer takes it; None if it has no option."""
    having = [one for one in models if name in one.model_fields]
    info, fields = info_of(having[0], name), [one.model_fields[name] for one in having]
    if info is None:
        return None
    kind = get_type_hints(having[0])[name]
    if info.parser is not None:  # what the words mean is for the settings to say
        kind = str
    elif kind == tuple[str, ...]:
        kind = list[str]
    default = fields[0].default
    if all(field.is_required() for field in fields):
        default = inspect.Parameter.empty if having == list(models) else None
    elif default == () or any(field.default != default for field in fields):  # each model has its own
        default = None
    if default is None:
        kind = kind | None
    return inspect.Parameter(
        name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=Annotated[kind, info]
    )


def settings_of(model: type[SomeSettings], given: Given, **more: object) -> SomeSettings:
    """Return settings of what was given on the command line, and of more.

    Raises
    ------
    SettingsError
        If they are wrong.
    """
    named = {name: given[name] for name in model.model_fields if given.get(name) not in (None, [])}
    return model(**named, **more)


def reporter_of(json_log: bool) -> ConsoleReporter:
    """Return what shows progress: JSON for machines, else what suits the terminal."""
    return ConsoleReporter("json" if json_log else "auto")
