"""The scorers of a run as they are given: one, or several by name and what is made of their points."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from pydantic import PlainValidator
from typer import Option

from filtering.errors import SettingsError
from filtering.scoring.settings import COMBINATIONS, SHIPPED
from pipelines.settings.base import SCORING, Name

NAME = re.compile(r"[a-z][a-z0-9_]{0,29}")
"""Of a scorer: it becomes the end of a column's name."""
NAMED = re.compile(r"([^=/\\:.]*)=(.*)", re.DOTALL)
USUAL_COMBINATION = "max"


@dataclass(frozen=True)
class NamedScorer:
    """A scorer of a run.

    Parameters
    ----------
    name : str
        What its column is called by.
    address : str
        ``web``, ``code``, a folder, or an address of the hub or of a store.
    """

    name: str
    address: str


def _one_or_several(given: object) -> str | tuple[str, ...]:
    """Return a scorer that is given alone as it is, whether in a list or not; several as a tuple."""
    words = [given] if isinstance(given, str) or hasattr(given, "__fspath__") else given
    if not isinstance(words, (list, tuple)) or not words:
        raise ValueError("must be the name or the folder of a scorer, or a list of several")
    if not all(map(str, words)):
        raise ValueError("must not be empty")
    return str(words[0]) if len(words) == 1 else tuple(map(str, words))


ScorerNames = Annotated[
    str | tuple[str, ...],
    PlainValidator(_one_or_several),
    Option(
        "--scorer", "-s", rich_help_panel=SCORING,
        help="Scorer to use: web, code, the folder of a scorer that you trained, or hf://OWNER/NAME. Repeat "
        "it for several scorers in one run, each with a name: --scorer web --scorer mine=FOLDER.",
    ),
]  # fmt: skip
Combine = Annotated[
    Name | None,
    Option(
        rich_help_panel=SCORING,
        metavar="HOW",
        help="With several scorers: which points decide. max, mean or min of all, or the name of one scorer. "
        f"Default: {USUAL_COMBINATION}.",
    ),
]


def named_scorers(given: Sequence[str]) -> tuple[NamedScorer, ...]:
    """Return the scorers of a run by name.

    Raises
    ------
    SettingsError
        If one of several has no name, none of its own, or one that cannot be.

    Examples
    --------
    >>> named_scorers(["web", "mine=models/mine"])[1]
    NamedScorer(name='mine', address='models/mine')
    """
    scorers = tuple(_named(one, alone=len(given) == 1) for one in given)
    for place, one in enumerate(scorers):
        if one.name in {other.name for other in scorers[:place]}:
            raise SettingsError(
                f"'scorer' (--scorer) must give each scorer a name of its own. Got {one.name!r} twice. Give "
                f"one of them another: --scorer other={one.address}"
            )
    return scorers


def _example_for(given: str) -> str:
    """Return options that name a scorer, or each of several that came in one word."""
    parts = [one for one in given.split(",") if one]
    return " ".join(f"--scorer {one if '=' in one or one in SHIPPED else f'mine={one}'}" for one in parts)


def _named(given: str, *, alone: bool) -> NamedScorer:
    found = NAMED.fullmatch(given)
    name, address = found.groups() if found else (given, given)
    words = [one for one in given.split(",") if one]
    if alone and len(words) > 1 and all(one in SHIPPED or NAMED.fullmatch(one) for one in words):
        raise SettingsError(
            f"'scorer' (--scorer) must be given once for each scorer. Got {given!r:.100} in one. "
            f"For example: {_example_for(given)}"
        )
    if alone and not (found and NAME.fullmatch(name) and address):
        return NamedScorer(given, given)  # a folder whose name has an equals sign, say
    if not found and given not in SHIPPED:
        raise SettingsError(
            f"'scorer' (--scorer) must give each of several scorers a name: {', '.join(SHIPPED)}, or "
            f"NAME=FOLDER. Got {given!r} instead. For example: {_example_for(given)}"
        )
    if not NAME.fullmatch(name) or name in COMBINATIONS:
        example = _example_for(given if "," in name else f"mine={address}")
        raise SettingsError(
            "'scorer' (--scorer) must have a name of small letters, digits and _, at most 30, which begins "
            f"with a letter and is not {', '.join(COMBINATIONS)}. Got {name!r:.100} instead. "
            f"For example: {example}"
        )
    if not address:
        raise SettingsError(
            f"'scorer' (--scorer) must say where the scorer {name!r} is. Got nothing behind the equals sign. "
            f"For example: --scorer {name}=FOLDER"
        )
    return NamedScorer(name, address)


def combination_of(combine: str | None, names: Sequence[str]) -> str | None:
    """Return what is made of the points of scorers; None where there is one alone.

    Parameters
    ----------
    combine : str, optional
        What was asked for.
    names : sequence of str
        Of the scorers.

    Raises
    ------
    SettingsError
        If that is neither a combination nor one of them.
    """
    if len(names) < 2:
        if combine is not None:
            raise SettingsError(
                f"'combine' (--combine) must come with several scorers. Got {combine!r} with one. Leave it "
                "out, or add another --scorer NAME=FOLDER."
            )
        return None
    if combine is not None and combine not in (*COMBINATIONS, *names):
        raise SettingsError(
            f"'combine' (--combine) must be {', '.join(COMBINATIONS)}, or the name of a scorer: "
            f"{', '.join(names)}. Got {combine!r:.100} instead."
        )
    return combine or USUAL_COMBINATION
