"""What commands take: the options of their settings, and those that several commands have beside these."""

import inspect
from collections.abc import Callable, Mapping, Sequence
from copy import copy
from functools import wraps
from typing import Annotated, Any, TypeVar, get_args, get_type_hints

from typer import Argument, Option
from typer.models import ArgumentInfo, ParameterInfo

from filtering.errors import SettingsError
from pipelines.progress import ConsoleReporter
from pipelines.settings.base import HEADINGS, NO_REPORT, NO_SAMPLES, OUTPUT, Settings, info_of, names_of

OutArgument = Annotated[str, Argument(metavar="OUT", help="Folder of a run.")]
JsonLogOption = Annotated[
    bool,
    Option("--json-log", rich_help_panel=OUTPUT, help="Print progress as JSON, one object a line."),
]
JsonOption = Annotated[bool, Option("--json", help="Print JSON instead of text.")]
NoReportOption = Annotated[
    bool,
    Option(
        NO_REPORT, rich_help_panel=OUTPUT,
        help="Do not make the page OUT/run/report.html. edufilter report makes it later.",
    ),
]  # fmt: skip
NoSamplesOption = Annotated[
    bool,
    Option(
        NO_SAMPLES, rich_help_panel=OUTPUT,
        help="Show no documents in the report. Use it for confidential data.",
    ),
]  # fmt: skip

Given = Mapping[str, Any]
"""What was given on the command line for settings, by their names."""
SomeSettings = TypeVar("SomeSettings", bound=Settings)


def takes(
    *models: type[Settings], first: Sequence[str] = ()
) -> Callable[[Callable[..., int]], Callable[..., int]]:
    """Give a command the options of settings, and those that are its own.

    The command is called with what was given for settings, which `settings_of` makes settings of, and with
    its own options by name. A command of several models requires what all of them require.

    Parameters
    ----------
    models : type of Settings
    first : sequence of str
        Options that are used most: help shows them before all others, without a heading of their own.
    """
    shared = [
        _parameter(name, models) for name in dict.fromkeys(name for one in models for name in names_of(one))
    ]
    shared += [_old(old, now, models) for one in models for old, now in one.old_names.items()]

    def with_options(command: Callable[..., int]) -> Callable[..., int]:
        _, *own = inspect.signature(command).parameters.values()
        of_settings = [one for one in shared if one is not None]
        names = {one.name for one in of_settings}

        @wraps(command)
        def run(**given: object) -> int:
            rest = {name: value for name, value in given.items() if name not in names}
            return command({name: given[name] for name in names}, **rest)

        parameters = [*of_settings, *(one.replace(kind=inspect.Parameter.KEYWORD_ONLY) for one in own)]
        parameters = [_without_heading(one) if one.name in first else one for one in parameters]
        places = {name: place for place, name in enumerate(first)}
        parameters.sort(key=lambda one: (*_rank(one), places.get(one.name, len(places))))
        run.models = models  # type: ignore[attr-defined] # for what is said of a wrong value
        run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined] # what typer reads
        return run

    return with_options


def _rank(parameter: inspect.Parameter) -> tuple[bool, int]:
    """Return where a parameter stands: arguments first, then options by their headings."""
    _, info = _kind_and_info(parameter)
    heading = info.rich_help_panel
    return not isinstance(info, ArgumentInfo), 1 + HEADINGS.index(heading) if heading in HEADINGS else 0


def _without_heading(parameter: inspect.Parameter) -> inspect.Parameter:
    """Return an option that stands before all headings."""
    kind, info = _kind_and_info(parameter)
    info.rich_help_panel = None
    return parameter.replace(annotation=Annotated[kind, info])


def _old(old: str, now: str, models: tuple[type[Settings], ...]) -> inspect.Parameter | None:
    """Return the option by which a setting was called before: it works, and help does not show it."""
    parameter = _parameter(now, models)
    if parameter is None:
        return None
    kind, info = _kind_and_info(parameter)
    info.help = f"Earlier name of --{now.replace('_', '-')}."
    info.default, info.param_decls, info.hidden = f"--{old.replace('_', '-')}", (), True
    return parameter.replace(name=old, default=None, annotation=Annotated[kind | None, info])


def _kind_and_info(parameter: inspect.Parameter) -> tuple[Any, Any]:
    """Return the type of an option, and a copy of what typer is told of it."""
    kind, *metadata = get_args(parameter.annotation)  # checks among them are for settings
    return kind, copy(next(one for one in metadata if isinstance(one, ParameterInfo)))


def _parameter(name: str, models: tuple[type[Settings], ...]) -> inspect.Parameter | None:
    """Return a setting as typer takes it; None if it has no option."""
    having = [one for one in models if name in one.model_fields]
    info, fields = info_of(having[0], name), [one.model_fields[name] for one in having]
    if info is None:
        return None
    kind = get_type_hints(having[0])[name]
    one_or_more = get_args(kind) if info.parser is None else ()
    if any(get_args(one)[-1:] == (...,) for one in (kind, *one_or_more)):
        kind = list[str]
    elif info.parser is not None:  # what the words mean is for the settings to say
        kind = str
    default = fields[0].default
    if kind == list[str] and isinstance(default, str):
        info = copy(info)
        info.show_default, default = default, None
    if all(field.is_required() for field in fields):
        default = inspect.Parameter.empty if having == list(models) else None
    elif default == () or any(field.default != default for field in fields):  # each model has its own
        default = None
    elif len(having) < len(models) and default not in (None, False):  # what was given is seen by that
        info = copy(info)
        info.show_default, default = str(default), None
    if default is None:
        kind = kind | None
    return inspect.Parameter(
        name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=Annotated[kind, info]
    )


def settings_of(model: type[SomeSettings], given: Given, *, misfit: str = "", **more: object) -> SomeSettings:
    """Return settings of what was given on the command line, and of more.

    Parameters
    ----------
    model : type of Settings
    given : mapping
    misfit : str
        Of a command of several models: what is wrong with an option that only others of these have.
    **more

    Raises
    ------
    SettingsError
        If they are wrong, or an option was given that this model has not.
    """
    nothing: tuple[object, ...] = (None, [], ())
    told = {name: value for name, value in given.items() if value is not False and value not in nothing}
    for name in told:
        if name not in {*model.model_fields, *model.old_names}:
            raise SettingsError(f"--{name.replace('_', '-')} {misfit}. Leave one of them out.")
    for old, now in model.old_names.items():
        if old in told and told.get(now) == model.model_fields[now].default:
            del told[now]  # which nobody gave
    return model(**told, **more)


def reporter_of(json_log: bool) -> ConsoleReporter:
    """Return what shows progress: JSON for machines, else what suits the terminal."""
    return ConsoleReporter("json" if json_log else "auto")
