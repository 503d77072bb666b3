"""Settings of `prove_run`: what arms are, and how they are written."""

import re
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, PlainSerializer
from typer import Argument, Option

from filtering.errors import SettingsError
from pipelines.settings.base import (
    CHECKS,
    DRAWING,
    FITTING,
    PLACE,
    Name,
    Paths,
    Positive,
    Settings,
    from_words,
)
from pipelines.settings.quantities import count_in_words, seconds_in_words

SizeName = Literal["toy", "tiny", "small", "base"]
TOY: SizeName = "toy"
Probe = Literal["lego"]

KEPT, RANDOM, DROPPED, STYLE, AGAINST = "kept", "random", "dropped", "style", "against"
SETS = (KEPT, RANDOM, DROPPED, STYLE)
"""Arms that every proof has."""
SCORE = re.compile(r"score\s*(>=|<)\s*(\d+(?:\.\d+)?)(?:\s+score\s*(<)\s*(\d+(?:\.\d+)?))?")
RANKED = re.compile(r"(top|bottom)\s+(\d+(?:\.\d+)?)\s*%")
WEIGHTED = re.compile(r"(.*?)\s*([:*])\s*(\d+(?:\.\d+)?|\.\d+)")
MOST_REPEATS = 1000.0
EXAMPLES = "'score>=4', 'score>=2 score<3', 'top 10%', 'kept:0.5, random:0.5' or 'score>=4*3, score>=3*1'"


@dataclass(frozen=True)
class Members:
    """Which documents of a run: by what became of them, or by score.

    Parameters
    ----------
    what : str
        One of `SETS`, ``against``, ``score``, ``top`` or ``bottom``.
    low, high : float
        Of ``score``: rubric points in [low, high). Of ``top`` and ``bottom`` `high` is the share, in (0, 1].
    """

    what: str
    low: float = 0.0
    high: float = float("inf")


@dataclass(frozen=True)
class Portion:
    """A part of an arm.

    Parameters
    ----------
    members : Members
    share : float, optional
        Of the arm's text; by the number of documents and their repeats if not given.
    repeats : float
        How often each document comes.
    """

    members: Members
    share: float | None = None
    repeats: float = 1.0


@dataclass(frozen=True)
class Arm:
    """What a model is trained on.

    Parameters
    ----------
    name : str
    portions : tuple of Portion
        A document that several have is of the first.
    words : str
        As they were written.
    """

    name: str
    portions: tuple[Portion, ...]
    words: str


def usual_arm(name: str) -> Arm:
    """Return an arm of one set of documents."""
    return Arm(name, (Portion(Members(name)),), name)


def read_arm(text: str) -> Arm:
    """Return the arm that words like ``mix=kept:0.5, random:0.5`` name.

    Raises
    ------
    ValueError
        If they cannot be read.

    Examples
    --------
    >>> read_arm("high=score>=4").portions[0].members
    Members(what='score', low=4.0, high=inf)
    >>> [one.share for one in read_arm("mix=kept:0.5, random:0.5").portions]
    [0.5, 0.5]
    >>> [one.repeats for one in read_arm("curve=score>=4*3, score>=3*0.5").portions]
    [3.0, 0.5]
    """
    name, equals, words = text.partition("=")
    name = name.strip()
    if not equals or not re.fullmatch(r"[A-Za-z0-9_-]{1,40}", name):
        raise ValueError(
            f"must be NAME=DOCUMENTS, with letters, digits, - and _ in the name, like good={EXAMPLES}"
        )
    if name in (*SETS, AGAINST, "scratch"):
        raise ValueError(f"must have a name of its own: {name!r} is always there")
    portions = tuple(_portion(one) for one in words.split(","))
    shares = [one.share for one in portions if one.share is not None]
    if shares and (len(shares) < len(portions) or abs(sum(shares) - 1) > 1e-6):
        raise ValueError(f"must give each set a share, and shares must add up to 1, like {EXAMPLES}")
    return Arm(name, portions, words.strip())


def _portion(text: str) -> Portion:
    found = WEIGHTED.fullmatch(text.strip())
    if found is None:
        return Portion(_members(text.strip()))
    words, mark, number = found.groups()
    members, value = _members(words), float(number)
    if not 0 < value < MOST_REPEATS:
        raise ValueError(f"must have a number above 0 after ':' (a share) and '*' (repeats), like {EXAMPLES}")
    return Portion(members, share=value) if mark == ":" else Portion(members, repeats=value)


def _members(words: str) -> Members:
    if words in (*SETS, AGAINST):
        return Members(words)
    if found := SCORE.fullmatch(words):
        first, low, _, high = found.groups()
        if first == "<" and high is None:
            return Members("score", 0.0, float(low))
        if first == ">=":
            return Members("score", float(low), float("inf") if high is None else float(high))
    if (found := RANKED.fullmatch(words)) and 0 < float(found[2]) <= 100:
        return Members(found[1], 0.0, float(found[2]) / 100)
    raise ValueError(f"must name documents: {', '.join(SETS)}, or like {EXAMPLES}. Got {words!r}")


def _as_written(arm: Arm) -> str:
    return f"{arm.name}={arm.words}"


class ProveConfig(Settings):
    """Settings of `prove_run`."""

    run: Annotated[Name, Argument(metavar="OUT", help="Folder of a finished run, whose scores are stored.")]
    out: Annotated[
        Name,
        Option(
            "--out",
            "-o",
            metavar="PROOF",
            help="Folder to write to: figures, the page, the models. The same command goes on where it was.",
        ),
    ]
    evaluations: Annotated[
        Paths,
        Option(
            "--eval",
            metavar="FILE",
            help="Texts to measure on: a text file, or .jsonl, .jsonl.gz or .parquet with text, with "
            "prompt and completion, or with prompt, choices and answer. Repeat it for more files.",
        ),
    ] = ()
    size: Annotated[
        SizeName,
        Option(
            help="Size of the models: tiny (4 M parameters, for CPUs), small (30 M) and base (110 M, "
            "both for a GPU). toy tells nothing: it is for trying out.",
        ),
    ] = "tiny"
    seeds: Annotated[
        int,
        Field(ge=1, le=20),
        Option(help="Models of each arm. Each has other first weights, and documents drawn anew."),
    ] = 3
    budget: Annotated[
        Positive | None,
        from_words(seconds_in_words),
        Option(
            parser=str,
            metavar="TIME",
            help="Time to fit into, such as 45m or 2h: it decides how much text a model reads. "
            "Default: 12 minutes for each seed; toys read as little as will do.",
        ),
    ] = None
    arms: Annotated[
        tuple[Annotated[Arm, from_words(read_arm), PlainSerializer(_as_written)], ...],
        BeforeValidator(lambda given: tuple(given) if isinstance(given, list) else given),
        Option(
            "--arm",
            parser=str,
            metavar="NAME=DOCUMENTS",
            rich_help_panel=DRAWING,
            help=f"Another arm beside kept, random, dropped and style: {EXAMPLES}. ':' is a share of "
            f"the text, '*' how often a document comes.",
        ),
    ] = ()
    against: Annotated[
        Name | None,
        Option(
            metavar="OUT2",
            rich_help_panel=DRAWING,
            help="Folder of another finished run over the same dump: what it keeps is the arm against.",
        ),
    ] = None
    repeat_as_for: Annotated[
        Positive | None,
        from_words(count_in_words),
        Option(
            parser=str,
            metavar="TOKENS",
            rich_help_panel=DRAWING,
            help="Tokens that the real model will read, such as 2T. Documents come as often here as "
            "they would there.",
        ),
    ] = None
    seed: Annotated[
        int,
        Field(ge=0),
        Option(rich_help_panel=DRAWING, help="Seed of the draws. Another seed draws others."),
    ] = 0
    arm_bytes: Annotated[
        Positive | None,
        from_words(count_in_words),
        Option(
            "--bytes",
            parser=str,
            metavar="BYTES",
            rich_help_panel=FITTING,
            help="Text of an arm, such as 6M. Default: what fits into the budget.",
        ),
    ] = None
    passes: Annotated[
        int | None,
        Field(ge=1, le=100),
        Option(
            rich_help_panel=FITTING,
            help="How often a model reads its text. Default: up to 4, where there is too little text "
            "for the budget.",
        ),
    ] = None
    items: Annotated[
        int,
        Field(ge=10),
        Option(
            rich_help_panel=CHECKS,
            help="Most items of an evaluation file to measure; the same for all models, drawn at random.",
        ),
    ] = 300
    probe: Annotated[
        Probe | None,
        Option(
            rich_help_panel=CHECKS,
            help="lego: also train each model to follow chains of assignments, and see which learns it best.",
        ),
    ] = None
    device: Annotated[
        Name,
        Option(
            rich_help_panel=PLACE,
            help="Device of the models: auto, cpu, cuda, cuda:1 or mps. auto uses a GPU if there is one.",
        ),
    ] = "auto"
    samples: bool = Field(default=True, description="Whether the page shows what each model writes.")

    def _refuse_misfits(self) -> None:
        if "://" in self.out:
            raise SettingsError(f"--out must be a folder on this machine, not in a store. Got {self.out!r}.")
        names = [arm.name for arm in self.arms]
        for name in names:
            if names.count(name) > 1:
                raise SettingsError(f"Each --arm must have a name of its own. Got {name!r} twice.")
        wanted = {one.members.what for arm in self.arms for one in arm.portions}
        if AGAINST in wanted and self.against is None:
            raise SettingsError("--arm with 'against' must come with --against OUT2. Got none.")
        if self.budget is not None and self.arm_bytes is not None and self.passes is not None:
            raise SettingsError(
                "--bytes and --passes say how much is read. Leave out one of them, or --budget."
            )

    @property
    def all_arms(self) -> tuple[Arm, ...]:
        """The arms of the proof, `RANDOM` second."""
        others = (AGAINST,) if self.against is not None else ()
        return (*map(usual_arm, (*SETS, *others)), *self.arms)
