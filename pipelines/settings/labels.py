"""Settings of the verbs that make labels."""

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import ConfigDict, Field
from typer import Argument, Option

from annotations.asking.settings import Limits, Price, Rater
from filtering.errors import SettingsError
from filtering.rubric_points import KEEP_AT
from pipelines.settings.base import (
    IgnoreChecksums,
    Name,
    Paths,
    Points,
    Positive,
    ScorerName,
    Settings,
    SomePaths,
    TextColumn,
)

ANY_MODEL = "*"

MIN_RANDOM_SHARE = 0.3
"""Of an active sample: with fewer random documents nothing is known of rates."""

Strategy = Literal["stratified", "active"]

GroupColumn = Annotated[
    Name | None,
    Option(
        help="Column of site, book or repository. Default: one of group, repo, repo_name, domain, host and "
        "the like, else the host of url, else each document by itself."
    ),
]
LabelsFolder = Annotated[Name, Option("--out", "-o", help="Folder of labels: new, empty, or begun earlier.")]
Count = Annotated[
    int, Field(le=1_000_000), Option("--n", help="Documents to draw. Default: 2,000; 200 with --near-cut.")
]


class DrawSettings(Settings):
    """What is drawn, and where to."""

    out: Annotated[
        Name,
        Option(
            "--out", "-o",
            help="File to write: .parquet; .csv has an empty score column, for people, and a page to read "
            "beside it.",
        ),
    ]  # fmt: skip
    group_column: GroupColumn = None
    seed: Annotated[int, Field(ge=0), Option(help="Another number draws other documents.")] = 0
    overwrite: Annotated[bool, Option("--overwrite", help="Replace what OUT holds.")] = False


class SampleConfig(DrawSettings):
    """Settings of `sample_dump`."""

    inputs: Annotated[SomePaths, Argument(metavar="[INPUT...]", help="Parquet files, folders or patterns.")]
    n: Annotated[Count, Field(ge=1)] = 2000
    scorer: ScorerName = "web"
    strategy: Annotated[
        Strategy,
        Option(
            help="stratified: at random, with like shares of files, lengths and scores. active: in part so, "
            "in part uncertain, diverse and high ones, by the scorer."
        ),
    ] = "stratified"
    random_share: Annotated[
        float,
        Field(ge=MIN_RANDOM_SHARE, le=1.0, allow_inf_nan=False),
        Option(help="Of an active sample: share that is drawn at random, from 0.3 up."),
    ] = MIN_RANDOM_SHARE
    keep_at: Annotated[Points, Option(help="Rubric points of the cut that active looks at.")] = KEEP_AT
    text_column: TextColumn = None
    ignore_checksums: IgnoreChecksums = False


class NearCutConfig(DrawSettings):
    """Settings of `sample_near_cut`: half of the documents are from either side of the cut."""

    run: Name = Field(description="Folder of a finished run.")
    n: Annotated[Count, Field(ge=2)] = 200


class AnnotateConfig(Settings):
    """Settings of `annotate_sample`: without a sample it asks about the canaries alone."""

    model_config = ConfigDict(arbitrary_types_allowed=True)

    sample: Annotated[
        Name | None,
        Argument(metavar="[SAMPLE]", help="What sample wrote, or any file or data set with texts."),
    ] = None
    out: LabelsFolder
    rubric: Annotated[
        Name, Option("--rubric", "-r", help="web, code, story, or the path of a TOML file.")
    ] = "web"
    models: Annotated[
        Paths, Field(min_length=1), Option("--model", "-m", help="Who is asked; several for several raters.")
    ]
    base_url: Annotated[
        Name | None,
        Option(
            help="Address of an OpenAI-compatible endpoint. Default: OPENAI_BASE_URL, else OpenAI's own. The "
            "key is read from OPENAI_API_KEY."
        ),
    ] = None
    repeat: Annotated[
        int, Field(ge=1, le=100), Option(help="Times that each model is asked about each document.")
    ] = 1
    temperature: Annotated[
        float | None,
        Field(ge=0.0, le=2.0, allow_inf_nan=False),
        Option(help="Default: the model's own; some models refuse any."),
    ] = None
    max_reply_tokens: int = Field(
        default=400,
        ge=1,
        le=1 << 20,
        description="Tokens that a reply may have; models that think need more.",
    )
    concurrency: Annotated[int, Field(ge=1, le=4096), Option(help="Questions at a time.")] = 32
    requests_per_minute: Positive | None = Field(default=None, description="Limit of the endpoint, if any.")
    tokens_per_minute: Positive | None = Field(default=None, description="Limit of the endpoint, if any.")
    timeout_s: Annotated[Positive, Option(help="Seconds until an attempt is given up.")] = 120.0
    prices: Mapping[str, Price] = Field(
        default_factory=dict, description="By model; the key ``*`` stands for all others."
    )
    budget_usd: Annotated[
        Positive | None,
        Option(help="What the folder may cost in all; never more. Needs --price."),
    ] = None
    canaries: Annotated[
        bool,
        Option("--canaries", help="Ask about documents with planted orders too: how many labels move?"),
    ] = False
    text_column: TextColumn = None
    group_column: GroupColumn = None

    @property
    def raters(self) -> tuple[Rater, ...]:
        """Who is asked, and how."""
        return tuple(Rater(model, self.temperature, self.max_reply_tokens) for model in self.models)

    @property
    def limits(self) -> Limits:
        """How hard the endpoint is asked."""
        return Limits(
            concurrency=self.concurrency,
            requests_per_minute=self.requests_per_minute,
            tokens_per_minute=self.tokens_per_minute,
            budget_usd=self.budget_usd,
        )

    def price_of(self, model: str) -> Price | None:
        """Return what a model costs; None if nobody said."""
        return self.prices.get(model, self.prices.get(ANY_MODEL))

    def _refuse_misfits(self) -> None:
        if self.sample is None and not self.canaries:
            raise SettingsError("A 'sample' must be given, or 'canaries' asked for. Got neither.")
        if len(set(self.models)) < len(self.models):
            raise SettingsError(
                f"Each of 'models' must differ. Got {', '.join(self.models)}. To ask one twice, use --repeat."
            )
        dear = [model for model in self.models if self.price_of(model) is None]
        if self.budget_usd is not None and dear:
            raise SettingsError(
                f"A budget needs the price of each model. Got none for {dear[0]!r}. "
                "Give it with --price INPUT/OUTPUT, in US dollars for a million tokens."
            )


class ImportConfig(Settings):
    """Settings of `import_labels`."""

    source: Name = Field(
        description="A Parquet, JSONL or CSV file, a folder, or a data set on the hub, with scores."
    )
    out: LabelsFolder
    text_column: TextColumn = None
    score_column: Annotated[Name, Option(help="Of --import: column of the score, 0 to 5.")] = "score"
    group_column: GroupColumn = None
    rater: Annotated[Name, Option(help="Of --import: name of who gave the scores.")] = "imported"
