"""Settings of the verbs that make labels."""

from collections.abc import Mapping
from typing import Literal

from pydantic import ConfigDict, Field, field_validator

from annotations.annotator import Rater
from annotations.asking import Limits
from annotations.budget import Price
from filtering.errors import SettingsError
from pipelines.config_base import KEEP_AT, Settings, as_paths

ANY_MODEL = "*"

MIN_RANDOM_SHARE = 0.3
"""Of an active sample: with fewer random documents nothing is known of rates."""

Strategy = Literal["stratified", "active"]


class SampleConfig(Settings):
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
        given: see `annotations.columns`.
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
        return as_paths(inputs)


class NearCutConfig(Settings):
    """Settings of `sample_near_cut`.

    Parameters
    ----------
    run : str
        Folder of a finished run.
    out : str
        As in `SampleConfig`.
    n : int
        Documents to draw, half of them from either side of the cut.
    group_column : str, optional
        As in `SampleConfig`.
    seed : int
        As in `SampleConfig`.
    overwrite : bool
        As in `SampleConfig`.
    """

    run: str = Field(min_length=1)
    out: str = Field(min_length=1)
    n: int = Field(default=200, ge=2, le=1_000_000)
    group_column: str | None = Field(default=None, min_length=1)
    seed: int = Field(default=0, ge=0)
    overwrite: bool = False


class AnnotateConfig(Settings):
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
    text_column : str, optional
        As in `FilterConfig`.
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
    text_column: str | None = Field(default=None, min_length=1)
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
        return as_paths(models)

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


class ImportConfig(Settings):
    """Settings of `import_labels`.

    Parameters
    ----------
    source : str
        A Parquet, JSONL or CSV file, a folder, or a data set on the hub.
    out : str
        Folder of labels: new, empty, or begun earlier.
    text_column : str, optional
        As in `FilterConfig`.
    score_column : str
        Column of the score, in [0, 5].
    group_column : str, optional
        As in `SampleConfig`.
    rater : str
        Name of who gave the scores.
    """

    source: str = Field(min_length=1)
    out: str = Field(min_length=1)
    text_column: str | None = Field(default=None, min_length=1)
    score_column: str = Field(default="score", min_length=1)
    group_column: str | None = Field(default=None, min_length=1)
    rater: str = Field(default="imported", min_length=1)
