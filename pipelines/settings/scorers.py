"""Settings of the verbs that make scorers."""

import re
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field
from typer import Argument, Option

from filtering.embedding.settings import DEFAULT_EMBEDDER, MAX_TOKENS, EmbedderSettings
from filtering.errors import SettingsError
from filtering.folds import FOLDS
from filtering.rubric_points import KEEP_AT
from filtering.scoring.settings import LEAST_PAIRED, Effort
from pipelines.settings.base import (
    EmbeddingSettings,
    ModelSettings,
    Name,
    OpenShare,
    Points,
    Positive,
    ScoringSettings,
    Share,
    from_words,
    option_of,
)

NO_EMBEDDER = "none"

GOALS: tuple["Goal", ...] = ("precision", "recall", "keep_tokens", "keep_fraction")
COUNT = re.compile(r"(\d+(?:\.\d+)?)([kMBT]?)")

TEACHER_TOKENS = 512
"""What classifiers over BERT read, the FineWeb-Edu one among them."""

FIT_FOLDS = (0, 1, 2)
"""Folds of groups that the signals of a teacher are fitted to; exits are found on the other two."""
LEAST_N = -(-LEAST_PAIRED * FOLDS // (FOLDS - len(FIT_FOLDS)))
"""With fewer documents no exits can be shown to hold the bound that a run asks for by default."""

Goal = Literal["precision", "recall", "keep_tokens", "keep_fraction"]
Signals = Literal["auto", "linear", "characters", "lightgbm"]
Head = Literal["auto", "ridge", "ordinal", "svr", "lightgbm", "forest", "joint", "stack"]

ScorerArgument = Annotated[Name, Argument(metavar="SCORER", help="web, code, or the folder of a scorer.")]
TokenCount = Annotated[int, Field(ge=8, le=1 << 20)]
LABELS = Argument(
    parser=str,
    metavar="LABELS",
    help="Folder of annotate, file or hub name: text, score, group, and picked.",
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
        raise ValueError("must be a number, with k, M, B or T after it where it is large, like 10B")
    return float(match[1]) * 1000.0 ** " kMBT".index(match[2] or " ")


class FitSettings(ModelSettings):
    """What a scorer is fitted to be, and where it goes."""

    out: Annotated[Name, Option("--out", "-o", help="Folder of the scorer.")]
    domain: Annotated[Name, Option(help="What the scorer is for.")] = "web"
    signals: Annotated[
        Signals, Option(help="How signals are joined; auto keeps the simplest of the best.")
    ] = "auto"
    overwrite: Annotated[bool, Option("--overwrite", help="Replace the scorer in OUT.")] = False


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
            help="Embedder of the second stage: the default, a folder or a hub name; none for no such stage."
        ),
    ] = DEFAULT_EMBEDDER
    head: Annotated[Head, Option(help="Head of the second stage; auto keeps the simplest of the best.")] = (
        "auto"
    )
    max_tokens: Annotated[TokenCount, Option(help="Tokens that are embedded of a document.")] = MAX_TOKENS
    prompt: Annotated[
        str | None, Option(help="What is put before each embedded text. Default: the model's own.")
    ] = None
    revision: Annotated[Name | None, Option(help="Commit, branch or tag of an embedder on the hub.")] = None
    pool: Annotated[
        Name | None,
        Option(
            help="Unlabelled documents, for effort balanced: a file with text and group or url, as sample "
            "writes it."
        ),
    ] = None

    def _refuse_misfits(self) -> None:
        if self.pool is not None and self.embedder == NO_EMBEDDER:
            raise SettingsError("A 'pool' (--pool) must come with an embedder. Got embedder='none'.")

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
    736 of 1,840, for fewer cannot show the bound that a run asks for by default.
    """

    teacher: Annotated[
        Name, Option(help="Folder or hub name of a sequence classification model that gives points.")
    ]
    pool: Annotated[
        Name,
        Option(help="Unlabelled documents: a file with text and group or url, as sample writes it."),
    ]
    n: Annotated[
        int, Field(ge=LEAST_N, le=1 << 24), Option("--n", help="Documents that the teacher reads.")
    ] = 6000
    max_tokens: Annotated[TokenCount, Option(help="Tokens that the teacher reads of a document.")] = (
        TEACHER_TOKENS
    )
    revision: Annotated[Name | None, Option(help="Commit, branch or tag of a teacher on the hub.")] = None

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
            help="Labels as evaluate takes them, or documents without: a file with a column text.",
        ),
    ]
    keep_at: Annotated[Points, Option(help="Rubric points (0 to 5) from which a document is kept.")] = KEEP_AT
    documents: Annotated[
        int | None,
        Field(ge=1),
        Option(help="Documents to rewrite at most. Default: 2,000; 300 where they are embedded."),
    ] = None
    seed: Annotated[int, Option(help="Of the draw of documents, and of what is shuffled.")] = 0


class ThresholdConfig(EmbeddingSettings):
    """Settings of `choose_threshold`; at most one goal.

    Labels may also be a `datasets.Dataset`; best with the columns of `sample_dump`.
    """

    model_config = ConfigDict(arbitrary_types_allowed=True)

    scorer: ScorerArgument
    labels: LabelsSource
    population: Annotated[
        Name | None,
        Option(metavar="OUT", help="Finished run of this scorer whose documents the labels speak for."),
    ] = None
    precision: Annotated[
        OpenShare | None, Option(help="Goal: share of what is kept that is good, in (0, 1).")
    ] = None
    recall: Annotated[
        OpenShare | None, Option(help="Goal: share of what is good that is kept, in (0, 1).")
    ] = None
    keep_tokens: Annotated[
        Positive | None,
        from_words(count_in_words),
        Option(
            parser=str, metavar="TOKENS",
            help="Goal, with --population: tokens to keep at most, like 10B.",
        ),
    ] = None  # fmt: skip
    keep_fraction: Annotated[
        Share | None, Option(help="Goal: share of documents to keep at most, in (0, 1].")
    ] = None
    label_at: Annotated[
        float,
        Field(gt=0.0, le=5.0, allow_inf_nan=False),
        Option(help="Points from which a label says that a document is good."),
    ] = KEEP_AT
    effort: Annotated[
        Effort | None,
        Option(help="Which stages score. Default: as in the run of --population, else fast."),
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
