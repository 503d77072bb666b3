"""Settings of the verbs that make labels."""

from typing import Annotated, Literal

from pydantic import Field
from typer import Argument, Option

from annotations.asking.settings import Rater
from filtering.errors import SettingsError
from filtering.rubric_points import KEEP_AT
from pipelines.settings.asking import AskingSettings
from pipelines.settings.base import (
    ASKING,
    DRAWING,
    IMPORTING,
    READING,
    IgnoreChecksums,
    Name,
    Paths,
    Points,
    ScorerName,
    Settings,
    SomePaths,
    TextColumn,
)

MIN_RANDOM_SHARE = 0.3
"""Of an active sample: with fewer random documents nothing is known of rates."""

SampleFormat = Literal["table", "label-studio"]
NEAR_POINTS = 0.5
"""Scores no further from a cut than this are near it."""
TASKS_SUFFIX = ".json"
"""Of tasks for Label Studio."""
Strategy = Literal["stratified", "active"]
DEFAULT_RATER = "imported"
"""Who imported scores are of, where nobody is named."""

GroupColumn = Annotated[
    Name | None,
    Option(
        rich_help_panel=READING,
        help="Column that names the site, book or repository of a document. Default: a column such as group, "
        "repo, repo_name, domain or host, else the host of url, else each document is its own group.",
    ),
]
LabelsFolder = Annotated[
    Name,
    Option(
        "--out", "-o", help="Folder to write the labels to. Labels that lie there stay, and are added to."
    ),
]
Count = Annotated[
    int,
    Field(le=1_000_000),
    Option("--n", help="Number of documents to draw. Default: 2,000, or 200 with --near-cut."),
]


class DrawSettings(Settings):
    """What is drawn, and where to."""

    out: Annotated[
        Name,
        Option(
            "--out", "-o",
            help="File to write. sample.parquet is for annotate. sample.csv is for people: it has an empty "
            "column score. Beside it go a page that shows the texts, and the whole texts for annotate "
            "--import.",
        ),
    ]  # fmt: skip
    format: Annotated[
        SampleFormat,
        Option(
            "--format", rich_help_panel=DRAWING,
            help="table is Parquet or CSV. label-studio is tasks to import into Label Studio: a .json file. "
            "Beside it go the labelling config, and the whole texts for annotate --import.",
        ),
    ] = "table"  # fmt: skip
    rubric: Annotated[
        Name | None,
        Option(
            "--rubric", "-r", rich_help_panel=DRAWING,
            help="Rubric whose points people are shown: web, code, story, textbook, or a TOML file of "
            "yours. Default: that of a shipped scorer.",
        ),
    ] = None  # fmt: skip
    group_column: GroupColumn = None
    seed: Annotated[
        int, Field(ge=0), Option(rich_help_panel=DRAWING, help="Seed of the draw. Another seed draws others.")
    ] = 0
    overwrite: Annotated[bool, Option("--overwrite", help="Replace the file if it exists.")] = False

    def _refuse_misfits(self) -> None:
        is_tasks = self.out.lower().endswith(TASKS_SUFFIX)
        if self.format == "label-studio" and not is_tasks:
            raise SettingsError(
                f"With --format label-studio, --out must end in {TASKS_SUFFIX}. Got {self.out!r} instead."
            )
        if is_tasks and self.format != "label-studio":
            raise SettingsError(
                f"--out must end in .parquet or .csv. Got {self.out!r} instead. For tasks of Label Studio "
                "add --format label-studio."
            )


class SampleConfig(DrawSettings):
    """Settings of `sample_dump`."""

    inputs: Annotated[
        SomePaths,
        Argument(
            metavar="[DUMP...]",
            help="Parquet files, folders or patterns, local or in a store. Leave it out with --near-cut.",
        ),
    ]
    n: Annotated[Count, Field(ge=1)] = 2000
    scorer: ScorerName = "web"
    strategy: Annotated[
        Strategy,
        Option(
            rich_help_panel=DRAWING,
            help="stratified draws at random, spread evenly over length and score (of --scorer). active also "
            "draws documents that teach a scorer most: uncertain, unusual and high ones.",
        ),
    ] = "stratified"
    random_share: Annotated[
        float,
        Field(ge=MIN_RANDOM_SHARE, le=1.0, allow_inf_nan=False),
        Option(
            rich_help_panel=DRAWING,
            help="With --strategy active: share of the sample that is drawn at random, at least 0.3.",
        ),
    ] = MIN_RANDOM_SHARE
    keep_at: Annotated[
        Points,
        Option(
            rich_help_panel=DRAWING,
            help="With --strategy active: score near which documents are uncertain, in rubric points.",
        ),
    ] = KEEP_AT
    labels: Annotated[
        Name | None,
        Option(
            metavar="LABELS", rich_help_panel=DRAWING,
            help="Folder of labels that you have: documents with a label there are not drawn again.",
        ),
    ] = None  # fmt: skip
    text_column: TextColumn = None
    ignore_checksums: IgnoreChecksums = False


class NearCutConfig(DrawSettings):
    """Settings of `sample_near_cut`: half of the documents are from either side of the cut."""

    run: Name = Field(description="Folder of a finished run.")
    n: Annotated[Count, Field(ge=2)] = 200


class AnnotateConfig(AskingSettings):
    """Settings of `annotate_sample`: without a sample it asks about the canaries alone."""

    sample: Annotated[
        Name | None,
        Argument(
            metavar="[SAMPLE]",
            help="File that sample wrote, or another Parquet, JSON or CSV file, or a data set of the hub.",
        ),
    ] = None
    out: LabelsFolder
    rubric: Annotated[
        Name,
        Option(
            "--rubric",
            "-r",
            help="Rubric to score by: web, code, story, textbook, or a TOML file of yours. "
            "Default: web. With --import: the one that the scores were given by; default: the one that the "
            "source or the whole texts beside it name.",
        ),
    ] = "web"
    models: Annotated[
        Paths,
        Field(min_length=1),
        Option("--model", "-m", help="Model to ask, by its name at the endpoint. Repeat it for more raters."),
    ]
    repeat: Annotated[
        int,
        Field(ge=1, le=100),
        Option(rich_help_panel=ASKING, help="How often to ask each model about each document."),
    ] = 1
    max_reply_tokens: int = Field(
        default=400,
        ge=1,
        le=1 << 20,
        description="Tokens that a reply may have; models that think need more.",
    )
    canaries: Annotated[
        bool,
        Option(
            "--canaries", rich_help_panel=ASKING,
            help="Also ask about documents with a hidden order to the model, and count how many obey it.",
        ),
    ] = False  # fmt: skip
    text_column: TextColumn = None
    group_column: GroupColumn = None

    @property
    def raters(self) -> tuple[Rater, ...]:
        """Who is asked, and how."""
        return tuple(Rater(model, self.temperature, self.max_reply_tokens) for model in self.models)

    @property
    def asked_models(self) -> tuple[str, ...]:
        """All models that are asked."""
        return self.models

    def _refuse_misfits(self) -> None:
        if self.sample is None and not self.canaries:
            raise SettingsError("A SAMPLE must be given, or --canaries. Got neither.")
        if len(set(self.models)) < len(self.models):
            raise SettingsError(
                f"Each of 'models' must differ. Got {', '.join(self.models)}. To ask one twice, use --repeat."
            )
        super()._refuse_misfits()


class ImportConfig(Settings):
    """Settings of `import_labels`."""

    source: Name = Field(
        description="A Parquet, JSON or CSV file, a folder, or a data set on the hub, with scores."
    )
    out: LabelsFolder
    text_column: TextColumn = None
    score_column: Annotated[
        Name,
        Option(rich_help_panel=IMPORTING, help="With --import: column of the score, from 0 to 5."),
    ] = "score"
    group_column: GroupColumn = None
    rubric: Name | None = Field(
        default=None,
        description="Rubric that the scores were given by. Default: the one that the source or the whole "
        "texts beside it name.",
    )
    rater: Annotated[
        Name | None,
        Option(
            rich_help_panel=IMPORTING,
            help="With --import: name of the person or model that scored. Scores replace earlier ones of the "
            f"rater that is named. Default: {DEFAULT_RATER}, whose scores are not replaced.",
        ),
    ] = None
