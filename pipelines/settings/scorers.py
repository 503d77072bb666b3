"""Settings of the verbs that make scorers."""

import re
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, ConfigDict, Field
from typer import Argument, Option

from filtering.embedding.settings import DEFAULT_EMBEDDER, MAX_TOKENS, EmbedderSettings
from filtering.errors import SettingsError
from filtering.folds import FOLDS
from filtering.rubric_points import KEEP_AT
from filtering.scoring.settings import LEAST_PAIRED, Effort
from filtering.wrong_values import near_name
from pipelines.settings.base import (
    CHECKS,
    FITTING,
    SCORING,
    SLICING,
    EmbeddingSettings,
    ModelSettings,
    Name,
    OpenShare,
    Points,
    Positive,
    ScoringSettings,
    Settings,
    Share,
    from_words,
    option_of,
)

NO_EMBEDDER = "none"
OF_EMBEDDER = ("head", "max_tokens", "prompt", "revision", "pool")
"""Settings of training that mean nothing without an embedder."""
NEEDED, NEEDED_TO_EMBED = {"train": "lightgbm"}, {"embed": "sentence_transformers"}
"""Extras that training asks for before anything is read, and a module of each."""

GOALS: tuple["Goal", ...] = ("precision", "recall", "keep_tokens", "keep_fraction")
COUNT = re.compile(r"(\d+(?:\.\d+)?)\s*([kMBT]?)", re.IGNORECASE)

LICENSE = re.compile(r"[a-z0-9][a-z0-9.-]*")
"""How the hub names one: ``cc-by-4.0``."""
HUB_LICENSES = (
    *("apache-2.0", "mit", "openrail", "bsd-2-clause", "bsd-3-clause", "isc", "unlicense", "zlib", "mpl-2.0"),
    *("cc", "cc0-1.0", "cc-by-2.0", "cc-by-3.0", "cc-by-4.0", "cc-by-sa-3.0", "cc-by-sa-4.0"),
    *("cc-by-nc-3.0", "cc-by-nc-4.0", "cc-by-nd-4.0", "cc-by-nc-nd-4.0", "cc-by-nc-sa-4.0"),
    *("gpl", "gpl-2.0", "gpl-3.0", "lgpl", "lgpl-2.1", "lgpl-3.0", "agpl-3.0", "eupl-1.1", "eupl-1.2"),
    *("odc-by", "odbl", "pddl", "etalab-2.0", "cdla-permissive-2.0", "cdla-sharing-1.0", "artistic-2.0"),
    *("afl-3.0", "bigscience-openrail-m", "creativeml-openrail-m", "bigcode-openrail-m", "llama3", "gemma"),
    *("ms-pl", "wtfpl", "unknown", "other"),
)
"""Those that are usual there: https://huggingface.co/docs/hub/repositories-licenses has all."""

TEACHER_TOKENS = 512
"""What classifiers over BERT read, the FineWeb-Edu one among them."""

FIT_FOLDS = (0, 1, 2)
"""Folds of groups that the signals of a teacher are fitted to; exits are found on the other two."""
LEAST_N = -(-LEAST_PAIRED * FOLDS // (FOLDS - len(FIT_FOLDS)))
"""With fewer documents no exits can be shown to hold the bound that a run asks for by default."""

Goal = Literal["precision", "recall", "keep_tokens", "keep_fraction"]
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


def count_in_words(text: str) -> float:
    """Return the number that a text like ``10B`` or ``2.5M`` names.

    Raises
    ------
    ValueError
        If it names none.

    Examples
    --------
    >>> count_in_words("2.5M"), count_in_words("300")
    (2500000.0, 300.0)
    """
    match = COUNT.fullmatch(text.strip())
    if match is None:
        raise ValueError("must be a number, with k, M, B or T after it where it is large, like 10B or 2.5M")
    return float(match[1]) * 1000.0 ** " KMBT".index(match[2].upper() or " ")


def _is_license(name: str | None) -> str | None:
    """Refuse what the hub takes for no licence."""
    if name is not None and not LICENSE.fullmatch(name):
        raise ValueError(f"must be a licence by its name on the hub, such as {near_license(name)}")
    return name


def near_license(name: str) -> str:
    """Return the usual licence of the hub that is meant, or else the first.

    Examples
    --------
    >>> near_license("Apache License 2.0"), near_license("CC BY 4.0"), near_license("GPLv3")
    ('apache-2.0', 'cc-by-4.0', 'gpl-3.0')
    """
    words = re.findall(r"[a-z]+|[0-9.]*[0-9]", name.lower())
    plain = "-".join(word for word in words if word not in ("license", "licence", "the", "version", "v"))
    return near_name(re.sub("^gplv", "gpl", plain), HUB_LICENSES) or HUB_LICENSES[0]


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
    without one, on the labelled documents that were chosen without looking at scores.
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


class PushConfig(Settings):
    """Settings of `push_scorer`."""

    scorer: ScorerArgument
    name: Annotated[Name, Argument(metavar="NAME", help="Repository on the Hugging Face hub, as OWNER/NAME.")]
    license: Annotated[
        Name | None,
        AfterValidator(_is_license),
        Option(
            help="Licence of the scorer, as the hub names it, such as apache-2.0 or other. Required for a "
            "scorer of yours."
        ),
    ] = None
    private: Annotated[
        bool, Option("--private", help="If the repository is new, show it to nobody else.")
    ] = False
    dry_run: Annotated[
        bool, Option("--dry-run", help="Only print what would go. Send nothing, and ask the hub nothing.")
    ] = False


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


def _whole(name: str) -> str:
    """Return a folder's whole path, for a scorer is used from other directories too; a hub name as it is."""
    folder = Path(name)
    return str(folder.resolve()) if folder.is_dir() else name
