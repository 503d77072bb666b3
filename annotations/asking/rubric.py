"""What a document is graded by: a TOML file with a scale, one or several dimensions, and instructions.

Shipped are `web`, `code`, and the example `story` with three dimensions. How a rubric is put to a
model is in `prompt.py`; this module knows nothing of models.
"""

from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path

from pydantic import Field, model_validator

from annotations.asking.toml_files import Entry, Name, Text, TomlKind
from filtering.errors import RubricError

RUBRICS = Path(__file__).parents[1] / "rubrics"
MEAN = "mean"
REASON = "reason"
"""Name of the sentence that a model gives beside its scores; no dimension may have it."""


class ScalePoint(Entry):
    """A point of a scale: its number, its name, and what a document of that worth looks like."""

    score: int = Field(ge=0, le=5)
    name: Text
    description: Text


class Dimension(Entry):
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


class Rubric(Entry):
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


KIND = TomlKind("a rubric", RUBRICS, Rubric, RubricError)


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
    return KIND.load(name)
