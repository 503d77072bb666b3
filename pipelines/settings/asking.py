"""Settings of the verbs that ask a language model: where it is, how hard it is asked, what it may cost."""

from collections.abc import Mapping
from typing import Annotated

from pydantic import ConfigDict, Field
from typer import Option

from annotations.asking.prices import Price
from annotations.asking.settings import Limits
from filtering.errors import SettingsError
from pipelines.settings.base import ASKING, Name, Positive, Settings

ANY_MODEL = "*"


class AskingSettings(Settings):
    """Whom to ask, and how."""

    model_config = ConfigDict(arbitrary_types_allowed=True)

    base_url: Annotated[
        Name | None,
        Option(
            help="Address of an OpenAI-compatible endpoint. Default: the variable OPENAI_BASE_URL, else "
            "OpenAI. The key comes from OPENAI_API_KEY."
        ),
    ] = None
    temperature: Annotated[
        float | None,
        Field(ge=0.0, le=2.0, allow_inf_nan=False),
        Option(
            rich_help_panel=ASKING,
            help="Sampling temperature. Default: the model's own. Some models accept no other.",
        ),
    ] = None
    concurrency: Annotated[
        int, Field(ge=1, le=4096), Option(rich_help_panel=ASKING, help="Number of questions at a time.")
    ] = 32
    requests_per_minute: Annotated[
        Positive | None,
        Option(rich_help_panel=ASKING, help="Most questions in a minute. Default: as fast as it answers."),
    ] = None
    tokens_per_minute: Positive | None = Field(default=None, description="Limit of the endpoint, if any.")
    timeout_s: Annotated[
        Positive, Option(rich_help_panel=ASKING, help="Seconds to wait for a reply before asking again.")
    ] = 120.0
    prices: Mapping[str, Price] = Field(
        default_factory=dict, description="By model; the key ``*`` stands for all others."
    )
    budget_usd: Annotated[
        Positive | None,
        Option(help="Most that the folder may cost in all, in US dollars. It needs --price."),
    ] = None

    @property
    def limits(self) -> Limits:
        """How hard the endpoint is asked."""
        return Limits(
            concurrency=self.concurrency,
            requests_per_minute=self.requests_per_minute,
            tokens_per_minute=self.tokens_per_minute,
            budget_usd=self.budget_usd,
        )

    @property
    def asked_models(self) -> tuple[str, ...]:
        """All models that are asked."""
        raise NotImplementedError

    def price_of(self, model: str) -> Price | None:
        """Return what a model costs; None if nobody said."""
        return self.prices.get(model, self.prices.get(ANY_MODEL))

    def _refuse_misfits(self) -> None:
        dear = [model for model in self.asked_models if self.price_of(model) is None]
        if self.budget_usd is not None and dear:
            # With a price of another model, one without a name would be that of all others.
            name = f"{dear[0]}=" if self.prices or len(self.asked_models) > 1 else ""
            others = [one for one in self.prices if one not in self.asked_models]
            got = f", and one for {others[0]!r}, which is not asked" if others else ""
            raise SettingsError(
                f"A budget needs the price of each model. Got none for {dear[0]!r}{got}. "
                f"Give it with --price {name}INPUT/OUTPUT, in US dollars for a million tokens."
            )
