"""Settings of the verb that chooses a cut from labels."""

from typing import Annotated, Literal

from pydantic import ConfigDict, Field
from typer import Option

from filtering.errors import SettingsError
from filtering.rubric_points import KEEP_AT
from filtering.scoring.settings import Effort
from pipelines.settings.base import (
    CHECKS,
    SCORING,
    SLICING,
    EmbeddingSettings,
    Name,
    OpenShare,
    Positive,
    Share,
    from_words,
    option_of,
)
from pipelines.settings.quantities import count_in_words
from pipelines.settings.scorers import LabelsSource, ScorerArgument

Goal = Literal["precision", "recall", "keep_tokens", "keep_fraction"]
GOALS: tuple[Goal, ...] = ("precision", "recall", "keep_tokens", "keep_fraction")


class ThresholdConfig(EmbeddingSettings):
    """Settings of `choose_threshold`; at most one goal.

    Labels may also be a `datasets.Dataset`; best with the columns of `sample_dump`.
    """

    model_config = ConfigDict(arbitrary_types_allowed=True)

    scorer: ScorerArgument
    labels: LabelsSource
    population: Annotated[
        Name | None,
        Option(
            metavar="OUT",
            help="Folder of a finished run with this scorer. Shares are then those of its dump.",
        ),
    ] = None
    precision: Annotated[
        OpenShare | None, Option(help="Goal: share of the kept documents that are good, such as 0.9.")
    ] = None
    recall: Annotated[
        OpenShare | None, Option(help="Goal: share of the good documents that are kept, such as 0.8.")
    ] = None
    keep_tokens: Annotated[
        Positive | None,
        from_words(count_in_words),
        Option(
            parser=str, metavar="TOKENS",
            help="Goal, with --population: number of tokens to keep at most, such as 10B.",
        ),
    ] = None  # fmt: skip
    keep_fraction: Annotated[
        Share | None, Option(help="Goal: share of all documents to keep at most, such as 0.1.")
    ] = None
    by: Annotated[
        Name | None,
        Option(
            metavar="COLUMN",
            rich_help_panel=SLICING,
            help="With --precision or --recall: find a cut for each value of a column of the labels, such as "
            "language. Values with too few labels take the common cut.",
        ),
    ] = None
    cuts: Annotated[
        Name | None,
        Option(
            metavar="FILE",
            rich_help_panel=SLICING,
            help="With --by: file to write the cuts to, .json or .csv. recut --cuts keeps by them.",
        ),
    ] = None
    label_at: Annotated[
        float,
        Field(gt=0.0, le=5.0, allow_inf_nan=False),
        Option(
            rich_help_panel=CHECKS,
            help="Lowest label, from 0 to 5 points, of a document that counts as good.",
        ),
    ] = KEEP_AT
    effort: Annotated[
        Effort | None,
        Option(
            rich_help_panel=SCORING,
            help="Effort to score with: fast, balanced or full. Default: that of the run of --population, "
            "else "
            "fast.",
        ),
    ] = None

    def _refuse_misfits(self) -> None:
        options = {name: option_of(ThresholdConfig, name) for name in GOALS}
        given = [option for name, option in options.items() if getattr(self, name) is not None]
        if len(given) > 1:
            raise SettingsError(
                f"At most one goal must be given: {', '.join(options.values())}. Got {' and '.join(given)}."
            )
        if self.keep_tokens is not None and self.population is None:
            raise SettingsError(
                "--keep-tokens must come with --population, a finished run that says how many there are. "
                "Got none; labels alone say shares: use --keep-fraction."
            )
        if self.by is not None and self.precision is None and self.recall is None:
            raise SettingsError("--by must come with --precision or --recall. Got neither. Add one of them.")
        if self.cuts is not None and self.by is None:
            raise SettingsError(
                "--cuts must come with --by, the column whose values have cuts. Got it without."
            )

    @property
    def goal(self) -> tuple[Goal, float] | None:
        """Which goal was given, and how much."""
        values: list[tuple[Goal, float]] = [
            (name, getattr(self, name)) for name in GOALS if getattr(self, name) is not None
        ]
        return values[0] if values else None
