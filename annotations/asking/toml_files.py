"""Reads what users describe in TOML: rubrics and recipes, shipped ones by name and their own by path.

What is wrong is told with the file, and the line or the key.
"""

import os
import re
import tomllib
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Annotated, Any, Generic, TypeVar, get_args

from pydantic import BaseModel, ConfigDict, StringConstraints, ValidationError

from filtering.errors import SettingsError
from filtering.wrong_values import MOST_NAMES, near_name, near_path, what_is_wrong

MAX_BYTES = 1 << 20
"""Of a file; a rubric takes about 3 KB."""
NESTED = "Tables or arrays are nested too deep."
LONG_KEY = re.compile(rb"""(?<![\w-])(?:(?:[\w-]++|"[^"\n]*+"|'[^'\n]*+')[ \t]*+\.[ \t]*+){50}""")
"""A table within 50 others. The memory that `tomllib` takes for one is quadratic in them."""

Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$", max_length=60)]


class Entry(BaseModel):
    """A table of a file: checked when it is made, frozen, without unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


Model = TypeVar("Model", bound=Entry)


@dataclass(frozen=True)
class TomlKind(Generic[Model]):
    """A kind of file.

    Parameters
    ----------
    called : str
        With its article, for messages: ``a rubric``.
    folder : Path
        Where those lie that are shipped.
    model : type
        What the file must hold.
    error : type of SettingsError
        What is raised.
    """

    called: str
    folder: Path
    model: type[Model]
    error: type[SettingsError]

    @property
    def shipped(self) -> dict[str, Path]:
        """Files that are shipped, by name."""
        return {path.stem: path for path in sorted(self.folder.glob("*.toml"))}

    def load(
        self, name: str, prepared: Callable[[dict[str, Any], Path], None] = lambda values, path: None
    ) -> Model:
        """Load a shipped file by name, or one of the user's own by its path.

        Parameters
        ----------
        name : str
        prepared : callable
            Changes what was read of a path before it is checked.

        Raises
        ------
        SettingsError
            As `error`: if there is no such file, or it is broken; the message names the key.
        """
        shipped, must = self.shipped, f"{self.called[0].upper()}{self.called[1:]} must be"
        path = shipped.get(name, Path(name))
        if not os.path.isfile(path):
            raise self.error(
                f"{must} one of {', '.join(shipped)}, or the path of a TOML file. Got {name!r}. "
                f"{'That is a folder' if os.path.isdir(name) else 'There is no such file'}."
                f"{_near_file(name, shipped)}"
            )
        try:
            values = tomllib.loads(_text_of(path))
            prepared(values, path)
            # TOML arrays are lists; the frozen model holds tuples.
            tupled = _with_tuples(values)
        except SettingsError:
            raise
        except (ValueError, OSError, RecursionError) as error:  # ValueError itself for a number without end
            why = NESTED if isinstance(error, RecursionError) else error
            raise self.error(f"{must} readable TOML. {path}: {why}") from error
        try:
            return self.model.model_validate(tupled)
        except ValidationError as error:
            raise self.error(" ".join(_problems(self.model, error.errors(), path))) from None


def _near_file(name: str, shipped: Collection[str]) -> str:
    """Return a question after a name that is none: whether a shipped one or a file is meant; else nothing."""
    own, path = f"{name}.toml", Path(name)
    near = own if name and os.path.isfile(own) else near_name(name, shipped)
    if not near and name:
        beside = {str(one): one.stem for one in islice(path.parent.glob("*.toml"), MOST_NAMES)}
        stem = near_name(path.stem, beside.values())
        near = next((one for one, other in beside.items() if other == stem), "")
    if near or path.parent.is_dir():
        return f" Did you mean {near!r}?" if near else ""
    return near_path(name)


def _text_of(path: Path) -> str:
    with open(path, "rb") as file:
        raw = file.read(MAX_BYTES + 1)
    if len(raw) > MAX_BYTES:
        raise ValueError(f"It has more than {MAX_BYTES:,} bytes.")
    if LONG_KEY.search(raw):
        raise ValueError(NESTED)
    return raw.decode("utf-8-sig")


def _with_tuples(value: object) -> object:
    if isinstance(value, dict):
        return {key: _with_tuples(item) for key, item in value.items()}
    return tuple(_with_tuples(item) for item in value) if isinstance(value, list) else value


def _problems(model: type[Entry], found: Sequence[Mapping[str, Any]], path: Path) -> Iterator[str]:
    """Yield what is wrong, as sentences; a key that is missing since it was misspelt is told once."""
    meant = {
        tuple(one["loc"]): (*one["loc"][:-1], near_name(str(one["loc"][-1]), _keys_at(model, one["loc"])))
        for one in found
        if one["type"] == "extra_forbidden"
    }
    for problem in sorted(
        found, key=lambda one: tuple(one["loc"]) not in meant
    ):  # what is missing may follow
        location = tuple(problem["loc"])
        if problem["type"] == "too_short" and any(_lies_within(one["loc"], location) for one in found):
            continue  # none of its entries is right, and what is wrong with them is told
        if problem["type"] == "value_error" and isinstance(problem["input"], dict):
            # Of a table as a whole: the message names the key itself.
            within = f", {key_in_words(location)}" if location else ""
            said = problem["msg"].removeprefix("Value error, ")
            yield f"{path}{within}: {said}" + ("" if said.endswith("?") else ".")
        elif location in meant:
            near = meant[location][-1]
            keys = ", ".join(_keys_at(model, location))
            known = f"Did you mean {near!r}?" if near else f"It may be {keys}."
            yield f"{path} has an unknown key {key_in_words(location)}. {known}"
        elif problem["type"] == "missing" and location in meant.values():
            continue
        elif problem["type"] == "string_pattern_mismatch":
            yield (
                f"{key_in_words(location)} in {path} must be made of a to z, 0 to 9 and underscores, with a "
                f"letter first. Got {problem['input']!r} instead."
            )
        else:
            yield f"{key_in_words(location)} in {path} {what_is_wrong(problem)}"


def _lies_within(place: Sequence[int | str], outer: tuple[int | str, ...]) -> bool:
    return len(place) > len(outer) and tuple(place[: len(outer)]) == outer


def _keys_at(model: type[BaseModel], location: Sequence[int | str]) -> list[str]:
    """Return the keys that may stand where a key does."""
    for key in location[:-1]:
        if isinstance(key, str):
            model = _table_of(model.model_fields[key].annotation) or model
    return list(model.model_fields)


def _table_of(kind: Any) -> type[BaseModel] | None:  # noqa: ANN401 - any annotation
    """Return the model within an annotation: of a table, or of the entries of a list; None if it has none."""
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return kind
    return next(filter(None, map(_table_of, get_args(kind))), None)


def key_in_words(location: Sequence[int | str]) -> str:
    """Return a key as messages name it.

    Examples
    --------
    >>> key_in_words(("dimensions", 1, "scale"))
    "'dimensions[1].scale'"
    """
    key = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in location).lstrip(".")
    return f"'{key}'"
