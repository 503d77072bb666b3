"""Settings of the verbs that make scorers."""

from math import ceil
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field
from typer import Argument, Option

from filtering.embedding.settings import DEFAULT_EMBEDDER, MAX_TOKENS, EmbedderSettings
from filtering.errors import SettingsError
from filtering.folds import FOLDS
from filtering.rubric_points import KEEP_AT
from filtering.scoring.settings import LEAST_PAIRED
from pipelines.settings.base import (
    FITTING,
    ModelSettings,
    Name,
    Points,
    ScoringSettings,
    option_of,
)

NO_EMBEDDER = "none"
OF_EMBEDDER = ("head", "max_tokens", "prompt", "revision", "pool")
"""Settings of training that mean nothing without an embedder."""
NEEDED, NEEDED_TO_EMBED = {"train": "lightgbm"}, {"embed": "sentence_transformers"}
"""Extras that training asks for before anything is read, and a module of each."""

TEACHER_TOKENS = 512
"""What classifiers over BERT read, the FineWeb-Edu one among them."""

FIT_FOLDS = (0, 1, 2)
"""Folds of groups that the signals of a teacher are fitted to; exits are found on the other two."""
LEAST_N = ceil(LEAST_PAIRED * FOLDS / (FOLDS - len(FIT_FOLDS)))
"""With fewer documents no exits can be shown to hold the bound that a run asks for by default."""

Signals = Literal["auto", "linear", "characters", "lightgbm"]
Head = Literal["auto", "ridge", "joint"]

ScorerArgument = Annotated[
    Name,
    Argument(
        metavar="SCORER",
        help="Scorer: web, code, the folder of a scorer that you trained, or hf://OWNER/NAME.",
    ),
]
TokenCount = Annotated[int, Field(ge=8, le=1 << 20)]
LABELS = Argument(
    parser=str,
    metavar="LABELS",
    help="Folder that annotate wrote, a file, or a data set of the hub, with the columns text and score, and "
    "if possible group and picked.",
)
LabelsSource = Annotated[Any, LABELS]
"""Also a `datasets.Dataset`, in Python."""


class FitSettings(ModelSettings):
    """What a scorer is fitted to be, and where it goes."""

    out: Annotated[Name, Option("--out", "-o", help="Folder to write the scorer to.")]
    domain: Annotated[Name, Option(help="Kind of documents that the scorer is for, such as web or code.")] = (
        "web"
    )
    signals: Annotated[
        Signals,
        Option(
            rich_help_panel=FITTING,
            help="Model over words and style. auto tries all of them and keeps the simplest of the best.",
        ),
    ] = "auto"
    overwrite: Annotated[bool, Option("--overwrite", help="Replace the scorer that is in the folder.")] = (
        False
    )


class TrainConfig(FitSettings):
    """Settings of `train_scorer`.

    Labels may also be a `datasets.Dataset`. A cascade (effort ``balanced``) finds its exits on the pool;
    without one, on the labelled documents that were drawn at random.
    """

    model_config = ConfigDict(arbitrary_types_allowed=True)

    labels: LabelsSource
    embedder: Annotated[
        Name,
        Option(
            help=f"Embedding model for efforts balanced and full: {DEFAULT_EMBEDDER}, a folder or a name "
            "of the hub. It needs the extra embed and seldom pays. none trains on words and style alone."
        ),
    ] = NO_EMBEDDER
    head: Annotated[
        Head,
        Option(
            rich_help_panel=FITTING,
            help="Model over the embeddings. auto tries all of them and keeps the simplest of the best.",
        ),
    ] = "auto"
    max_tokens: Annotated[
        TokenCount,
        Option(rich_help_panel=FITTING, help="Number of tokens of a document that the embedder reads."),
    ] = MAX_TOKENS
    prompt: Annotated[
        str | None,
        Option(
            rich_help_panel=FITTING,
            help="Words to put before each embedded text. Default: the embedder's own.",
        ),
    ] = None
    revision: Annotated[
        Name | None,
        Option(rich_help_panel=FITTING, help="Commit, branch or tag of an embedder of the hub."),
    ] = None
    rubric: Annotated[
        Name | None,
        Option(
            "--rubric", "-r",
            help="Rubric that the labels follow: web, code, story, textbook, or a TOML file of yours. The "
            "card says what it asks. Default: the one by which annotate asked.",
        ),
    ] = None  # fmt: skip
    pool: Annotated[
        Name | None,
        Option(
            help="File of unlabelled documents on which effort balanced is tuned, such as one that sample "
            "wrote. It has the columns text, and group or url."
        ),
    ] = None

    def _refuse_misfits(self) -> None:
        fields = TrainConfig.model_fields
        given = [name for name in OF_EMBEDDER if getattr(self, name) != fields[name].default]
        if given and self.embedder == NO_EMBEDDER:
            raise SettingsError(
                f"{option_of(TrainConfig, given[0])} must come with an embedder. Got none. Add one, such as "
                f"--embedder {DEFAULT_EMBEDDER}."
            )

    @property
    def embedder_settings(self) -> EmbedderSettings | None:
        """What decides an embedding; None for signals alone."""
        if self.embedder == NO_EMBEDDER:
            return None
        return EmbedderSettings(
            name=_whole(self.embedder),
            revision=self.revision,
            max_tokens=self.max_tokens,
            prompt=self.prompt,
        )


class DistillConfig(FitSettings):
    """Settings of `distill_scorer`.

    A teacher is a sequence classification model of transformers, with one output, the rubric points (the
    FineWeb-Edu classifier, say), or with several, of which the expected one is spread over 0 to 5. Signals
    are fitted to three in five of the documents that it reads, and exits are found on the others: at least
    736 of 1,840, for of fewer too few are kept.
    """

    teacher: Annotated[
        Name,
        Option(help="Classifier to imitate, which gives rubric points: a folder or a name of the hub."),
    ]
    pool: Annotated[
        Name,
        Option(
            help="File of unlabelled documents, such as one that sample wrote. It has the columns text, and "
            "group or url."
        ),
    ]
    n: Annotated[
        int,
        Field(ge=LEAST_N, le=1 << 24),
        Option("--n", help="Number of documents that the classifier reads."),
    ] = 6000
    max_tokens: Annotated[
        TokenCount,
        Option(rich_help_panel=FITTING, help="Number of tokens of a document that the classifier reads."),
    ] = TEACHER_TOKENS
    revision: Annotated[
        Name | None,
        Option(rich_help_panel=FITTING, help="Commit, branch or tag of a classifier of the hub."),
    ] = None

    @property
    def teacher_settings(self) -> EmbedderSettings:
        """What decides what the teacher says."""
        return EmbedderSettings(
            name=_whole(self.teacher),
            revision=self.revision,
            max_tokens=self.max_tokens,
            kind="classifier",
        )


class AuditConfig(ScoringSettings):
    """Settings of `audit_scorer`.

    Labels may also be a `datasets.Dataset`. What has no column ``score`` is documents without labels.
    """

    model_config = ConfigDict(arbitrary_types_allowed=True)

    scorer: ScorerArgument
    labels: Annotated[
        Any,
        Argument(
            parser=str,
            metavar="LABELS",
            help="Labels as evaluate takes them, or documents without labels: a file with a column text.",
        ),
    ]
    keep_at: Annotated[Points, Option(help="Lowest score that is kept, from 0 to 5 rubric points.")] = KEEP_AT
    documents: Annotated[
        int | None,
        Field(ge=1),
        Option(help="Most documents to rewrite. Default: 2,000 at effort fast, else 300."),
    ] = None
    seed: Annotated[
        int, Field(ge=0), Option(help="Seed of the draw and of shuffles. Another seed draws others.")
    ] = 0


def _whole(name: str) -> str:
    """Return a folder's whole path, for a scorer is used from other directories too; a hub name as it is."""
    folder = Path(name)
    return str(folder.resolve()) if folder.is_dir() else name
