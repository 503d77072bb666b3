"""Options of the commands that ask a language model: what it costs, and whether to tell that alone."""

from collections.abc import Sequence
from typing import Annotated

from typer import Option

from annotations.asking.settings import Price
from filtering.errors import SettingsError
from pipelines.settings.asking import ANY_MODEL

PriceOption = Annotated[
    list[str] | None,
    Option(
        metavar="PRICE",
        help="Price of a million tokens in US dollars, input/output, such as 0.15/0.6. With several "
        "models, MODEL=3/15 for each.",
    ),
]
DryRunOption = Annotated[
    bool, Option("--dry-run", help="Only print how many tokens it takes and what it costs. Send nothing.")
]


def prices_in_words(given: Sequence[str]) -> dict[str, Price]:
    """Return the prices of models by their names, as options give them.

    Raises
    ------
    SettingsError
        If one cannot be read.

    Examples
    --------
    >>> prices_in_words(["0.15/0.6", "large=3/15"])["large"].output_usd
    15.0
    """
    prices = {}
    for one in given:
        model, _, numbers = one.rpartition("=")
        try:
            input_usd, output_usd = (float(number) for number in numbers.split("/"))
        except ValueError:
            input_usd = output_usd = -1.0
        if not (0 <= input_usd < float("inf") and 0 <= output_usd < float("inf")):
            raise SettingsError(
                "--price must be [MODEL=]INPUT/OUTPUT, in US dollars for a million tokens, like 0.15/0.6. "
                f"Got {one!r} instead."
            )
        prices[model or ANY_MODEL] = Price(input_usd, output_usd)
    return prices
