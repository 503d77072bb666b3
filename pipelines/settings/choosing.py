"""Settings of the verbs that choose by stored scores, and compare what was chosen."""

import re
from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, PlainSerializer
from typer import Argument, Option

from filtering.errors import SettingsError
from pipelines.settings.base import (
    DRAWING,
    REPEATING,
    SLICING,
    Name,
    Points,
    Positive,
    Settings,
    Share,
    from_words,
    option_of,
)
from pipelines.settings.quantities import count_in_words
from pipelines.settings.runs import RunSettings, UnsureAction

RecutWrite = Literal["kept", "all"]
MOST_REPEATS = 100.0
"""That a document may be used."""
LEAST_TEMPERATURE = 0.01
"""Below it a draw is a cut but for ties."""
RULE = re.compile(r"score\s*>=\s*(\d+(?:\.\d+)?)\s*:\s*(\d+(?:\.\d+)?|\.\d+)")
REPEAT_EXAMPLE = "'score>=4:3, score>=3:1, score>=2:0.25'"
AMOUNTS = ("keep_at", "keep_fraction", "keep_tokens", "repeat", "cuts")
"""What says how much is kept: at most one of them."""
OF_CHOICE = (
    *AMOUNTS,
    *("by", "at_least", "at_most", "balance", "floor"),
    *("temperature", "seed", "curve", "drop_lowest", "max_repeat", "expand", "tokenizer"),
)
"""Settings that say which documents are kept, and how often."""
NEEDS = {
    "at_least": ("by",),
    "at_most": ("by",),
    "balance": ("by",),
    "temperature": ("keep_fraction", "keep_tokens"),
    "curve": ("keep_tokens",),
    "seed": ("temperature", "curve", "repeat"),
    "drop_lowest": ("curve",),
    "max_repeat": ("curve",),
    "expand": ("curve", "repeat"),
    "tokenizer": ("keep_tokens", "repeat"),
}
"""Settings that mean nothing without one of others."""
CLASHES = (
    ("temperature", "curve"),
    ("at_most", "keep_at"),
    ("balance", "keep_at"),
    ("by", "repeat"),
    ("by", "cuts"),
)
"""Settings that do not go together."""

RepeatRules = tuple[tuple[float, float], ...]
"""Rubric points from which documents are used, and how often: the highest points first."""


def read_repeats(words: str) -> RepeatRules:
    """Return the rules that words like ``score>=4:3, score>=3:1`` name, the highest points first.

    Raises
    ------
    ValueError
        If they cannot be read.

    Examples
    --------
    >>> read_repeats("score>=3:1, score>=4:3, score>=2:.25")
    ((4.0, 3.0), (3.0, 1.0), (2.0, 0.25))
    """
    found = [RULE.fullmatch(one.strip()) for one in words.split(",")]
    rules = {float(one[1]): float(one[2]) for one in found if one}
    if None in found or len(rules) < len(found):
        raise ValueError(f"must be like {REPEAT_EXAMPLE}, each with points of its own")
    if max(rules) > 5 or not all(0 < times <= MOST_REPEATS for times in rules.values()):
        raise ValueError(
            f"must have points from 0 to 5, and repeats above 0 and at most {MOST_REPEATS:g}, like "
            f"{REPEAT_EXAMPLE}"
        )
    return tuple(sorted(rules.items(), reverse=True))


def repeats_in_words(rules: RepeatRules | None) -> str | None:
    """Return words that name rules, as `read_repeats` reads them."""
    return None if rules is None else ", ".join(f"score>={points:g}:{times:g}" for points, times in rules)


Amount = Annotated[Positive | None, from_words(count_in_words)]


def _refuse_passages(write: object) -> object:
    if write == "passages":
        raise ValueError("must be kept or all. For passages filter the dump again with --write passages")
    return write


class RecutConfig(RunSettings):
    """Settings of `recut_run`: the same run with another choice of documents, from its stored scores.

    A share keeps exactly ``round(keep_fraction * rows)`` rows, or all that have a score where those are
    fewer. A budget of tokens keeps the best documents until the next one would exceed it. Of rows with the
    very score of the cut the first ones are kept, in the order of the plan. Without an amount that of the run
    stays.
    """

    run: Annotated[
        Name, Argument(metavar="OUT", help="Folder of a finished run whose input files are still there.")
    ]
    to: Annotated[Name, Option(help="Folder to write the new selection to.")]
    keep_at: Annotated[
        Points | None,
        Option(help="Lowest score that is kept, from 0 to 5 rubric points. Default: as in the run."),
    ] = None
    keep_fraction: Annotated[
        Share | None,
        Option(
            help="Instead of --keep-at: share of all documents to keep, such as 0.1. That many are kept, "
            "less those that --unsure drop leaves out."
        ),
    ] = None
    keep_tokens: Annotated[
        Amount,
        Option(
            parser=str,
            metavar="TOKENS",
            help="Instead of --keep-at: number of tokens to keep at most, such as 5B. A token counts as 4 "
            "bytes, unless --tokenizer counts.",
        ),
    ] = None
    combine: Annotated[
        Name | None,
        Option(
            "--combine",
            "--score",
            metavar="HOW",
            help="Of a run with several scorers: which points decide now. max, mean or min of all, or the "
            "name of one scorer. Default: as in the run.",
        ),
    ] = None
    write: Annotated[
        RecutWrite,
        BeforeValidator(_refuse_passages),
        Option(
            parser=str,
            metavar="[kept|all]",
            help="Rows to write: kept documents, or all documents with edu_keep and edu_reason. Passages "
            "take another run of filter.",
        ),
    ] = "kept"
    unsure: Annotated[
        UnsureAction | None,
        Option(
            help="What to do with a document in a language for which the scorer has few labels: keep, drop "
            "or flag. Default: as in the run."
        ),
    ] = None
    floor: Annotated[
        Points | None,
        Option(help="Points below which no document is kept, whatever else is asked for."),
    ] = None
    by: Annotated[
        Name | None,
        Option(
            metavar="COLUMN",
            rich_help_panel=SLICING,
            help="Choose within each value of a column by itself. host is that of url. "
            "language is found in the text if no column tells it. path:1 is the first step of a path.",
        ),
    ] = None
    at_least: Annotated[
        Amount,
        Option(
            parser=str,
            rich_help_panel=SLICING,
            metavar="N",
            help="With --by: keep so many documents of each value, or all that it has. With --keep-tokens, "
            "so many tokens.",
        ),
    ] = None
    at_most: Annotated[
        Share | None,
        Option(
            rich_help_panel=SLICING,
            help="With --by: largest share of what is kept that one value may have, such as 0.2.",
        ),
    ] = None
    balance: Annotated[
        bool,
        Option(
            "--balance",
            rich_help_panel=SLICING,
            help="With --by: keep as much of each value, as far as it goes, instead of the same share of "
            "each.",
        ),
    ] = False
    cuts: Annotated[
        Name | None,
        Option(
            metavar="FILE",
            rich_help_panel=SLICING,
            help="Keep by a cut for each value of a column: a file that threshold --by wrote, or a .csv of "
            "yours.",
        ),
    ] = None
    temperature: Annotated[
        float | None,
        Field(ge=0.0, le=100.0, allow_inf_nan=False),
        Option(
            rich_help_panel=DRAWING,
            help="Draw documents instead of cutting. At 1, a point more makes a document 2.7 times as "
            "likely; at 0.5, 7.4 times. 0 cuts.",
        ),
    ] = None
    seed: Annotated[
        int,
        Field(ge=0),
        Option(rich_help_panel=DRAWING, help="Seed of what is drawn. Another seed draws others."),
    ] = 0
    curve: Annotated[
        bool,
        Option(
            "--curve",
            rich_help_panel=REPEATING,
            help="With --keep-tokens: use good documents more often than others, in 20 classes by rank, so "
            "that the budget is met.",
        ),
    ] = False
    drop_lowest: Annotated[
        float,
        Field(ge=0.0, lt=1.0, allow_inf_nan=False),
        Option(rich_help_panel=REPEATING, help="With --curve: share of the documents, the worst, to drop."),
    ] = 0.4
    max_repeat: Annotated[
        float,
        Field(gt=0.0, le=MOST_REPEATS, allow_inf_nan=False),
        Option(
            rich_help_panel=REPEATING, help="With --curve: how often a class of documents is used at most."
        ),
    ] = 7.0
    repeat: Annotated[
        RepeatRules | None,
        from_words(read_repeats),
        PlainSerializer(repeats_in_words),
        Option(
            parser=str,
            rich_help_panel=REPEATING,
            metavar="RULES",
            help=f"How often documents are used, by their score: {REPEAT_EXAMPLE}. The highest points that "
            "a document reaches count. 0.25 uses one document of four.",
        ),
    ] = None
    expand: Annotated[
        bool,
        Option(
            "--expand",
            rich_help_panel=REPEATING,
            help="Write a document as often as it is used. Without it, the column edu_repeat says how often.",
        ),
    ] = False
    tokenizer: Annotated[
        Name | None,
        Option(
            metavar="FILE",
            help="A tokenizer.json that counts tokens exactly. It reads all texts that may be kept, which "
            "takes time.",
        ),
    ] = None

    def _refuse_misfits(self) -> None:
        super()._refuse_misfits()
        given = [name for name in AMOUNTS if self.is_given(name)]
        if len(given) > 1:
            values = self.model_dump(include={*given})
            named = [f"{_option(name)} {_shown(values[name])}" for name in given]
            raise SettingsError(
                f"One of {_joined(AMOUNTS, 'and')} may be given. Got {' and '.join(named)}. Leave out one "
                "of them."
            )
        for name, wanted in NEEDS.items():
            # Another draw of a run that was drawn is told by its seed alone.
            may_follow = name == "seed" and not given
            if self.is_given(name) and not may_follow and not any(map(self.is_given, wanted)):
                raise SettingsError(
                    f"{_option(name)} must come with {_joined(wanted, 'or')}. Got it without. Add that, or "
                    "leave it out."
                )
        for one, other in CLASHES:
            if self.is_given(one) and self.is_given(other):
                raise SettingsError(
                    f"One of {_joined((one, other), 'and')} may be given. Got both. Leave out one of them."
                )
        if self.by is not None and not (given and (self.keep_at is None or self.at_least is not None)):
            raise SettingsError(
                "--by must come with how much to keep: --keep-fraction or --keep-tokens, of which each value "
                "gets a share, or --keep-at and --at-least. Got "
                f"{'--keep-at alone' if self.keep_at is not None else 'none of them'}. Add one, such as "
                "--keep-fraction 0.1."
            )
        if self.temperature and self.temperature < LEAST_TEMPERATURE:
            raise SettingsError(
                f"--temperature must be 0, which cuts, or at least {LEAST_TEMPERATURE:g}. Got "
                f"{self.temperature:g}."
            )
        if self.at_least is not None and self.at_least < 1:
            raise SettingsError(
                f"--at-least must be a number of documents, or of tokens with --keep-tokens: 1 or more. Got "
                f"{self.at_least:g}. A share is given by --keep-fraction."
            )
        if self.expand and self.write == "all":
            raise SettingsError(
                "--expand must come with --write kept. Got --write all. Leave out one of them."
            )

    def is_given(self, name: str) -> bool:
        """Tell whether a setting is another than its default; temperature 0 is the cut, as none is."""
        return super().is_given(name) and not (name == "temperature" and not self.temperature)

    @property
    def repeats(self) -> bool:
        """Whether documents may be used more than once."""
        return self.curve or self.repeat is not None

    @property
    def is_plain(self) -> bool:
        """Whether one cut for all decides."""
        others = ("by", "temperature", "curve", "repeat", "cuts")
        return not any(map(self.is_given, others))


def _shown(value: object) -> str:
    return f"{value:.12g}" if isinstance(value, float) else str(value)


def _option(name: str) -> str:
    return option_of(RecutConfig, name)


def _joined(names: Sequence[str], word: str) -> str:
    *first, last = map(_option, names)
    return f"{', '.join(first)} {word} {last}" if first else last


class CompareConfig(Settings):
    """Settings of `compare_runs`."""

    run: Annotated[Name, Argument(metavar="OUT", help="Folder of a finished run.")]
    other: Annotated[
        Name, Argument(metavar="OUT2", help="Folder of another finished run over the same dump.")
    ]
    by: Annotated[
        Name | None,
        Option(
            metavar="COLUMN",
            help="Also compare within each value of a column, named as for recut --by. Default: a column of "
            "languages, if there is one.",
        ),
    ] = None
    html: Annotated[Name | None, Option(metavar="FILE", help="HTML page to write.")] = None
