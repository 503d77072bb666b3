"""What a document is graded by: a TOML file with a scale, one or several dimensions, and instructions.

Shipped are `web`, `code`, and the example `story` with three dimensions. How a rubric is put to a
model is in `prompt.py`; this module knows nothing of models.
"""

import os
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, model_validator

from filtering.errors import RubricError
from filtering.wrong_values import near_name, near_path, what_is_wrong

RUBRICS = Path(__file__).parents[1] / "rubrics"
MEAN = "mean"
REASON = "reason"
"""Name of the sentence that a model gives beside its scores; no dimension may have it."""
MAX_BYTES = 1 << 20
"""Of a file; a rubric takes about 3 KB."""
NESTED = "Tables or arrays are nested too deep."
LONG_KEY = re.compile(rb"""(?<![\w-])(?:(?:[\w-]++|"[^"\n]*+"|'[^'\n]*+')[ \t]*+\.[ \t]*+){50}""")
"""A table within 50 others. The memory that `tomllib` takes for one is quadratic in them."""

Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$", max_length=60)]


class _Entry(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class ScalePoint(_Entry):
    """A point of a scale: its number, its name, and what a document of that worth looks like."""

    score: int = Field(ge=0, le=5)
    name: Text
    description: Text


class Dimension(_Entry):
    """One thing that is graded.

    Parameters
    ----------
    name : str
        Lower-case letters, digits and underscores: it becomes a key of the model's reply.
    question : str
    scale : tuple of ScalePoint, optional
        The rubric's scale if not given.
    """

    name: Name
    question: Text
    scale: tuple[ScalePoint, ...] = ()


class Rubric(_Entry):
    """A rubric.

    Parameters
    ----------
    name : str
    version : int
    domain : str
        What is graded, as in ``edufilter train --domain``.
    instructions : str
        What holds for all dimensions.
    dimensions : tuple of Dimension
    scale : tuple of ScalePoint
        The scale of all dimensions that have none of their own. Points are whole, rising, in [0, 5].
    overall : str
        What becomes the label's score: ``mean`` of all dimensions, or the name of one. No model is told.
    """

    name: Name
    version: int = Field(ge=1)
    domain: Text
    instructions: Text
    dimensions: tuple[Dimension, ...] = Field(min_length=1)
    scale: tuple[ScalePoint, ...] = ()
    overall: str = MEAN

    @model_validator(mode="after")
    def _check(self) -> "Rubric":
        names = [dimension.name for dimension in self.dimensions]
        repeated = sorted({name for name in names if names.count(name) > 1})
        wrong = [*repeated, *(name for name in (REASON, MEAN) if name in names)]
        if wrong:
            raise ValueError(
                f"'dimensions' must have names of their own, none of them {REASON!r} or {MEAN!r}. "
                f"Got {wrong[0]!r}"
            )
        if self.scale:
            _check_scale(self.scale, "scale")
        for number, dimension in enumerate(self.dimensions):
            if dimension.scale:
                _check_scale(dimension.scale, f"dimensions[{number}].scale")
            elif not self.scale:
                raise ValueError(
                    f"'dimensions[{number}].scale' must be given where the rubric has no 'scale'. Got none"
                )
        if self.overall not in (MEAN, *names):
            raise ValueError(f"'overall' must be {MEAN!r} or one of {', '.join(names)}. Got {self.overall!r}")
        return self

    def scale_of(self, dimension: Dimension) -> tuple[ScalePoint, ...]:
        """Return the scale of a dimension."""
        return dimension.scale or self.scale

    def overall_score(self, scores: Mapping[str, float]) -> float:
        """Return the label's score, in rubric points, from those of all dimensions.

        Examples
        --------
        >>> load_rubric("story").overall_score({"grammar": 5, "creativity": 2, "consistency": 2})
        3.0
        """
        if self.overall != MEAN:
            return float(scores[self.overall])
        return sum(scores[dimension.name] for dimension in self.dimensions) / len(self.dimensions)


def _check_scale(scale: tuple[ScalePoint, ...], key: str) -> None:
    scores = [point.score for point in scale]
    if len(scores) < 2 or any(later <= earlier for earlier, later in pairwise(scores)):
        raise ValueError(f"'{key}' must have at least two points with rising scores. Got {scores}")


def load_rubric(name: str) -> Rubric:
    """Load a shipped rubric by name, or one of your own by the path of its TOML file.

    Raises
    ------
    RubricError
        If there is no such rubric, or it is broken; the message names the key.

    Examples
    --------
    >>> rubric = load_rubric("web")
    >>> rubric.dimensions[0].name, [point.name for point in rubric.scale][3:]
    ('educational_value', ['useful', 'good teaching material', 'textbook quality'])
    """
    shipped = {path.stem: path for path in sorted(RUBRICS.glob("*.toml"))}
    path = shipped.get(name, Path(name))
    if not os.path.isfile(path):
        known = near_name(name, shipped)
        near = near_path(name) or (f" Did you mean '{known}'?" if known else "")
        raise RubricError(
            f"A rubric must be one of {', '.join(shipped)}, or the path of a TOML file. Got {name!r} instead."
            f"{near}"
        )
    try:
        # TOML arrays are lists; the frozen model holds tuples.
        values = _with_tuples(tomllib.loads(_text_of(path)))
    except (ValueError, OSError, RecursionError) as error:  # ValueError itself for a number without end
        why = NESTED if isinstance(error, RecursionError) else error
        raise RubricError(f"A rubric must be readable TOML. {path}: {why}") from error
    try:
        return Rubric.model_validate(values)
    except ValidationError as error:
        raise RubricError(" ".join(_problems(error.errors(), path))) from None


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


def _problems(found: Sequence[Mapping[str, Any]], path: Path) -> Iterator[str]:
    """Yield what is wrong, as sentences; a key that is missing since it was misspelt is told once."""
    meant = {
        tuple(one["loc"]): (*one["loc"][:-1], near_name(str(one["loc"][-1]), _keys_at(one["loc"])))
        for one in found
        if one["type"] == "extra_forbidden"
    }
    for problem in sorted(
        found, key=lambda one: tuple(one["loc"]) not in meant
    ):  # what is missing may follow
        location = tuple(problem["loc"])
        if problem["type"] == "too_short" and any(_lies_within(one["loc"], location) for one in found):
            continue  # none of its entries is right, and what is wrong with them is told
        if not location:  # of the rubric as a whole: the message names the key itself
            yield f"{path}: {problem['msg'].removeprefix('Value error, ')}."
        elif location in meant:
            near = meant[location][-1]
            known = f"Did you mean {near!r}?" if near else f"It may be {', '.join(_keys_at(location))}."
            yield f"{path} has an unknown key {_key(location)}. {known}"
        elif problem["type"] == "missing" and location in meant.values():
            continue
        elif problem["type"] == "string_pattern_mismatch":
            yield (
                f"{_key(location)} in {path} must be made of a to z, 0 to 9 and underscores, with a letter "
                f"first. Got {problem['input']!r} instead."
            )
        else:
            yield f"{_key(location)} in {path} {what_is_wrong(problem)}"


def _lies_within(place: Sequence[int | str], outer: tuple[int | str, ...]) -> bool:
    return len(place) > len(outer) and tuple(place[: len(outer)]) == outer


def _keys_at(location: Sequence[int | str]) -> list[str]:
    """Return the keys that may stand where a key does."""
    tables = [part for part in location[:-1] if isinstance(part, str)]
    entries: Mapping[str, type[_Entry]] = {"scale": ScalePoint, "dimensions": Dimension}
    return list((entries[tables[-1]] if tables else Rubric).model_fields)


def _key(location: Sequence[int | str]) -> str:
    key = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in location).lstrip(".")
    return f"'{key}'"
