"""What the settings of all verbs share: checked once, frozen, and named in errors as people type them."""

import shlex
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError, field_validator

from filtering.errors import SettingsError

KEEP_AT = 3.0
"""Rubric points from which a document is kept by default: the rubric's "useful" (FineWeb-Edu's cut)."""

ExecutorName = Literal["local", "ray"]
Write = Literal["kept", "all", "scores"]


class Settings(BaseModel):
    """Settings that are checked when they are made, and never change."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    def __init__(self, **values: object) -> None:
        try:
            super().__init__(**values)
        except ValidationError as error:
            problems = "; ".join(
                f"{setting_name(problem['loc'])}: {problem['msg']}. Got {_shown(problem['input'])} instead"
                for problem in error.errors()
            )
            raise SettingsError(f"Wrong settings for {type(self).__name__}: {problems}.") from None

    @field_validator("*", mode="before")
    @classmethod
    def _as_str(cls, path: object) -> object:
        return str(path) if hasattr(path, "__fspath__") else path


def _shown(value: object) -> str:
    """Return a wrong value in words: larger things, which may hold documents, by their type alone."""
    if (
        value is None
        or isinstance(value, (bool, int, float))
        or (isinstance(value, str) and len(value) < 200)
    ):
        return repr(value)
    return type(value).__name__


def setting_name(location: tuple[int | str, ...]) -> str:
    """Return a setting's name in Python, and its option on the command line."""
    name = ".".join(str(key) for key in location)
    return f"'{name}' (--{name.replace('_', '-')})"


def command_of(verb: str, config: Settings, *positional: str) -> str:
    """Return the command line that has these settings, but those that are the defaults.

    Parameters
    ----------
    verb : str
    config : Settings
    positional : str
        Names of the settings that stand without an option, first.
    """
    words = ["edufilter", verb]
    for name in positional:
        value = getattr(config, name)
        words += [value] if isinstance(value, str) else value
    for name, field in type(config).model_fields.items():
        value = getattr(config, name)
        if name not in positional and value != field.default:
            option = f"--{name.replace('_', '-')}"
            values = value if isinstance(value, tuple) else (value,)
            words += [option] if value is True else [word for one in values for word in (option, str(one))]
    return shlex.join(words)


def as_paths(inputs: object) -> object:
    """Return paths as a tuple of strings; what is no sequence as it came, for pydantic to refuse."""
    if isinstance(inputs, str):
        raise ValueError("must be a list, not one string")
    return tuple(str(path) for path in inputs) if isinstance(inputs, (list, tuple)) else inputs
