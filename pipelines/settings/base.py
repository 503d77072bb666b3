"""What settings are: checked once, when they are made; frozen; each written once, with its option and help.

A field says all that there is to say of a setting, and so the command, its check and the documentation
cannot disagree::

    keep_at: Annotated[Points, Option(help="Rubric points (0 to 5) from which a document is kept.")] = KEEP_AT

`Option` and `Argument` of typer put it on the command line, where `takes` of
`pipelines.commands.command_signature` finds it; a setting with a `Field(description=...)` instead is for
Python alone.
"""

import re
import shlex
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from inspect import cleandoc, formatannotation, get_annotations
from itertools import chain
from types import NoneType
from typing import Annotated, Any, ClassVar, get_args, get_type_hints

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
)
from typer import Option
from typer.models import ArgumentInfo, ParameterInfo

from filtering.embedding.settings import Placement
from filtering.errors import SettingsError
from filtering.scoring.settings import Effort
from filtering.text.settings import TEXT_COLUMN_HELP
from filtering.wrong_values import AS_SHARE, IN_POINTS, near_name, share_of_percent, what_is_wrong

# Headings of options in `--help`; an option without one stands first, with those that are used most.
READING, SCORING, OUTPUT = "What to read", "Scoring", "Output"
PLACE, CHECKS, LEAKS = "Where it runs", "Checks", "Benchmark leaks"
FITTING, ASKING, DRAWING, IMPORTING = "How to fit", "How to ask", "How to draw", "Import"
SLICING, REPEATING = "By values of a column", "Repeats"
HEADINGS = (
    FITTING, ASKING, SLICING, DRAWING, REPEATING, READING, SCORING, OUTPUT, PLACE, CHECKS, LEAKS, IMPORTING,
)  # fmt: skip
"""In the order in which help has them."""


NO_REPORT, NO_SAMPLES = "--no-report", "--no-samples"
"""Options of the page of a run, which are no settings: they decide no row. Verbs in Python make no page."""
NAME_AND_OPTION = re.compile(r"'\w+' \((--[\w -]+)\)")
"""How refusals name a setting that has an option."""


class Settings(BaseModel):
    """Settings that are checked when they are made, and never change."""

    # Built when first made: a command makes one of these models, and all of them are read.
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, defer_build=True)
    old_names: ClassVar[Mapping[str, str]] = {}
    """Names that settings had before, and what they are called now: both work, and help shows the new one."""

    def __init__(self, **values: object) -> None:
        named: dict[str, object] = {}
        for name, value in values.items():
            now = self.old_names.get(name, name)
            if now in named:
                raise SettingsError(
                    f"{setting_name(type(self), now)} must be given once. Got two names of it."
                )
            named[now] = value
        # A SettingsError is a ValueError, which pydantic would swallow in a validator of its own.
        try:
            super().__init__(**named)
        except ValidationError as error:
            raise SettingsError(" ".join(_in_words(type(self), one) for one in error.errors())) from None
        self._refuse_misfits()

    def is_given(self, name: str) -> bool:
        """Tell whether a setting is another than its default."""
        return bool(getattr(self, name) != type(self).model_fields[name].default)

    def _refuse_without(self, needed: str, *names: str) -> None:
        """Refuse settings that have no effect, for want of another one."""
        for name in filter(self.is_given, names):
            raise SettingsError(f"{setting_name(type(self), name)} must come with {needed}. Got none.")

    def _refuse_misfits(self) -> None:
        """Refuse settings that do not go together.

        Raises
        ------
        SettingsError
        """

    @field_validator("*", mode="before")
    @classmethod
    def _as_str(cls, path: object) -> object:
        return str(path) if hasattr(path, "__fspath__") else path

    @classmethod
    def __pydantic_init_subclass__(cls, **options: object) -> None:
        """Give the docstring its parameters: what the options say."""
        if parameters := "\n".join(_parameters_in_words(cls)):
            cls.__doc__ = f"{cleandoc(cls.__doc__ or '')}\n\nParameters\n----------\n{parameters}\n"


def _parameters_in_words(model: type[Settings]) -> Iterator[str]:
    types = get_type_hints(model)
    for name in names_of(model):
        field, info = model.model_fields[name], info_of(model, name)
        optional = "" if field.is_required() else ", optional"
        kind = types[name]
        if NoneType in get_args(kind):
            kind = get_args(kind)[0]
        yield f"{name} : {formatannotation(kind)}{optional}"
        yield f"    {info.help if info else field.description}"


def _in_words(model: type[Settings], problem: Mapping[str, Any]) -> str:
    """Return what is wrong with a setting, as a sentence."""
    kind, name = problem["type"], setting_name(model, *problem["loc"])
    if kind == "extra_forbidden":
        near = near_name(str(problem["loc"][-1]), model.model_fields)
        return f"{name} is not a setting." + (f" Did you mean {near!r}?" if near else "")
    is_share = 1.0 in (problem.get("ctx") or {}).values() and kind in ("less_than", "less_than_equal")
    said = f"{name} {wrong_value(model, str(problem['loc'][0]), problem)}"
    return f"{said} 0.2 means 20 %." if is_share and "Did you mean" not in said else said


def wrong_value(model: type[Settings], name: str, problem: Mapping[str, Any]) -> str:
    """Return what is wrong with the value of a setting, after its name; of points, also what a share takes.

    Parameters
    ----------
    model : type of Settings
    name : str
        The setting.
    problem : mapping
        One of ``ValidationError.errors()``.
    """
    unit = _unit_of(get_type_hints(model, include_extras=True).get(name))
    said, share = what_is_wrong(problem, unit), _meant_share(problem)
    if unit != IN_POINTS or not share or not 0 < float(share) <= 1:
        return said
    best = f"{said} For the best {100 * float(share):g} % of the documents"
    if "keep_fraction" in model.model_fields:
        return f"{best}: --keep-fraction {share}"
    return f"{best}, filter first, then run: edufilter recut OUT --keep-fraction {share} --to OUT-{share}"


def _meant_share(problem: Mapping[str, Any]) -> str:
    """Return the share that a value given as points was meant for: per cent, with or without a sign."""
    value = problem.get("input")
    is_percent = problem["type"] == "less_than_equal" and isinstance(value, float) and value >= LEAST_PERCENT
    return share_of_percent(f"{value:g}%" if is_percent else value)


def _unit_of(annotation: object) -> str:
    """Return what a number is by its annotation, `IN_POINTS` or `AS_SHARE`; empty if it is neither."""
    for one in (*getattr(annotation, "__metadata__", ()), *map(_unit_of, get_args(annotation)[:2])):
        if one in (IN_POINTS, AS_SHARE):
            return str(one)
    return ""


def names_of(model: type[Settings]) -> list[str]:
    """Return the settings of a model as its command has them: required ones first, its own before shared."""
    names = dict.fromkeys(name for one in model.__mro__ for name in get_annotations(one))
    fields = model.model_fields
    return sorted(filter(fields.__contains__, names), key=lambda name: not fields[name].is_required())


def info_of(model: type[Settings], name: str) -> ParameterInfo | None:
    """Return the option or argument of a setting; None if it is for Python alone."""
    found = [one for one in model.model_fields[name].metadata if isinstance(one, ParameterInfo)]
    return found[0] if found else None


def option_of(model: type[Settings], name: str) -> str:
    """Return the long option of a setting, such as ``--keep-at``; empty if it has none."""
    info = info_of(model, name)
    if info is None or isinstance(info, ArgumentInfo):
        return ""
    declared = (info.default, *(info.param_decls or ()))  # typer takes the first name for a default
    named = [one for one in declared if isinstance(one, str) and one.startswith("--")]
    return named[0] if named else f"--{name.replace('_', '-')}"


def setting_name(model: type[Settings], *location: int | str) -> str:
    """Return a setting's name in Python, and its option on the command line."""
    name = ".".join(str(step) for step in location if not isinstance(step, int))  # one of several is its own
    option = option_of(model, name) if name in model.model_fields else ""
    return f"'{name}' ({option})" if option else f"'{name}'"


def as_typed(refusal: str) -> str:
    """Return a refusal as one who types options reads it: without their names in Python.

    Examples
    --------
    >>> as_typed("'keep_at' (--keep-at) must be a number. Got 'x' instead.")
    "--keep-at must be a number. Got 'x' instead."
    """
    return NAME_AND_OPTION.sub(r"\1", refusal)


def options_in_words(config: Settings, *, without: Sequence[str] = ()) -> list[str]:
    """Return the options that make settings what they are, less defaults, as on the command line."""
    given = config.model_dump(exclude_defaults=True, exclude=set(without))
    words = []
    for name in type(config).model_fields:
        option = option_of(type(config), name)
        if not option or name not in given:
            continue
        value = given[name]
        if value is True:
            words.append(option)
        else:
            for one in value if isinstance(value, tuple) else (value,):
                words += [option, str(one)]
    return words


def placement_in_words(config: "ModelSettings") -> list[str]:
    """Return the options that say where a model lies and runs, less defaults, as on the command line."""
    placing = EmbeddingSettings if isinstance(config, EmbeddingSettings) else ModelSettings
    others = [name for name in type(config).model_fields if name not in placing.model_fields]
    return options_in_words(config, without=others)


def command_of(verb: str, config: Settings, more: Sequence[str] = ()) -> str:
    """Return the command line that has these settings, but those that are the defaults, and more options."""
    return shlex.join(words_of(verb, config, more))


def words_of(verb: str, config: Settings, more: Sequence[str] = ()) -> tuple[str, ...]:
    """Return the words of the command line that has these settings, but those that are the defaults.

    Parameters
    ----------
    verb : str
    config : Settings
    more : sequence of str
        Options that are no settings, such as `NO_REPORT`.
    """
    model = type(config)
    arguments: list[str] = []
    for name in names_of(model):
        if isinstance(info_of(model, name), ArgumentInfo):
            value = getattr(config, name)
            arguments += [value] if isinstance(value, str) else value
    return ("edufilter", verb, *arguments, *options_in_words(config), *more)


def with_options(words: Sequence[str], options: Mapping[str, str]) -> list[str]:
    """Return the words of a command line with other values of some options, which stand last.

    Examples
    --------
    >>> with_options(["edufilter", "filter", "in", "--out", "a", "--strict"], {"--out": "b"})
    ['edufilter', 'filter', 'in', '--strict', '--out', 'b']
    """
    kept = [
        word
        for before, word in zip(["", *words], words, strict=False)
        if word not in options and before not in options
    ]
    return [*kept, *chain.from_iterable(options.items())]


def from_words(read: Callable[[str], object]) -> BeforeValidator:
    """Return what reads a setting that came in words; one that did not is taken as it is."""
    return BeforeValidator(lambda given: read(given) if isinstance(given, str) else given)


def _as_paths(inputs: object) -> object:
    """Return paths as a tuple of strings; what is no sequence as it came, for pydantic to refuse."""
    if isinstance(inputs, str):
        raise ValueError("must be a list, not one string")
    return tuple(str(path) for path in inputs) if isinstance(inputs, (list, tuple)) else inputs


def _not_empty(name: str) -> str:
    """Refuse an empty name: by hand, for pydantic's own check takes UTF-8 alone, and names may be more."""
    if not name:
        raise ValueError("must not be empty")
    return name


# What a setting may be.
Name = Annotated[str, AfterValidator(_not_empty)]
Paths = Annotated[tuple[str, ...], BeforeValidator(_as_paths)]
SomePaths = Annotated[Paths, Field(min_length=1)]
LEAST_PERCENT = 10
"""A number of points from here on, of which there are 5, was meant as per cent."""
Points = Annotated[float, Field(ge=0.0, le=5.0, allow_inf_nan=False), IN_POINTS]
Share = Annotated[float, Field(gt=0.0, le=1.0, allow_inf_nan=False), AS_SHARE]
OpenShare = Annotated[float, Field(gt=0.0, lt=1.0, allow_inf_nan=False), AS_SHARE]
Positive = Annotated[float, Field(gt=0.0, allow_inf_nan=False)]

# Settings that several models have, with their options.
ScorerName = Annotated[
    Name,
    Option(
        "--scorer", "-s", rich_help_panel=SCORING,
        help="Scorer to use: web, code, the folder of a scorer that you trained, or hf://OWNER/NAME.",
    ),
]  # fmt: skip
EFFORT_HELP = (
    "fast scores by words and style. full also embeds every document. balanced embeds only the documents "
    "near the cut. full and balanced need the extra embed, take 30 to 460 times as long, and seldom score "
    "better."
)
ScoringEffort = Annotated[Effort, Option(rich_help_panel=SCORING, help=EFFORT_HELP)]
TextColumn = Annotated[Name | None, Option(rich_help_panel=READING, help=TEXT_COLUMN_HELP)]
IgnoreChecksums = Annotated[
    bool,
    Option(
        "--ignore-checksums", rich_help_panel=READING,
        help="Also read Parquet pages with a wrong checksum. Their text may be garbled.",
    ),
]  # fmt: skip


class ModelSettings(Settings):
    """Where a model runs."""

    device: Annotated[
        Name,
        Option(
            rich_help_panel=PLACE,
            help="Device of the embedder: auto, cpu, cuda, cuda:1 or mps. auto uses a GPU if there is one.",
        ),
    ] = "auto"
    trust_remote_code: Annotated[
        bool,
        Option(
            "--trust-remote-code", rich_help_panel=PLACE,
            help="Run the Python code that comes with the embedder. Only for embedders that you trust.",
        ),
    ] = False  # fmt: skip

    @property
    def placement(self) -> Placement:
        """Where the model lies and runs."""
        return Placement(device=self.device, trust_remote_code=self.trust_remote_code)


class EmbeddingSettings(ModelSettings):
    """Where the embedder of a scorer lies and runs."""

    allow_download: Annotated[
        bool,
        Option(
            "--allow-download", rich_help_panel=PLACE,
            help="Download the embedder from the Hugging Face hub if it is not on this machine.",
        ),
    ] = False  # fmt: skip
    embedder: Annotated[
        Name | None,
        Option(
            rich_help_panel=PLACE,
            help="Folder of the scorer's embedder, if it has moved since the scorer was trained.",
        ),
    ] = None

    @property
    def placement(self) -> Placement:
        """Where the embedder lies and runs."""
        return replace(super().placement, folder=self.embedder, allow_download=self.allow_download)


class ScoringSettings(EmbeddingSettings):
    """Which stages of a scorer score, and where."""

    effort: ScoringEffort = "fast"
