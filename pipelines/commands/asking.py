"""What the commands that ask a language model share: options, what it costs, and what comes next."""

import shlex
from collections.abc import Sequence
from typing import Annotated

from typer import Option

from annotations.asking.prices import Price
from filtering.errors import SettingsError
from filtering.extras import how_to_install
from filtering.printable import listed, printable
from pipelines.amount_formats import cents_up, without_price_in_words
from pipelines.progress import Reporter
from pipelines.settings.asking import ANY_MODEL, AskingSettings
from pipelines.settings.scorers import NEEDED

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


def budget_ended(enough_usd: float | None) -> str:
    """Return what to do where a budget ended: with which one all is asked, where that is known."""
    return (
        "The budget holds no further question: what is left of it may be less than the dearest possible "
        "reply. To ask the rest, give the same command a larger --budget-usd. "
        + (
            f"--budget-usd {cents_up(enough_usd)} is enough."
            if enough_usd
            else "--dry-run says what it costs."
        )
    )


def spent_in_words(spent_usd: float, open_usd: float, unpriced: Sequence[str] = ()) -> str:
    """Return what a folder has cost, to be put behind something else; empty where it cost nothing."""
    if not spent_usd:
        return "; spent: not known without a --price" if unpriced else ""
    told = f"; spent: ${spent_usd:.4f}"
    if open_usd:
        told += f" (${open_usd:.4f} of it at most, for questions that were open when a run was stopped)"
    if unpriced:
        told += f", {without_price_in_words(unpriced)}"
    return told


def train_command(labels: str, domain: str) -> str:
    """Return the line that trains on labels.

    Where what trains is not installed either, another line says how to install that.
    """
    of_domain = ["--domain", domain] if domain not in ("", "web") else []
    line = printable(shlex.join(["edufilter", "train", labels, "--out", "SCORER", *of_domain]))
    missing = how_to_install(NEEDED)
    return f"{line}\ntrain needs more than is installed here. Install it {missing}" if missing else line


def tell_prices(config: AskingSettings, reporter: Reporter) -> None:
    """Say where one price is taken for several models."""
    same = [model for model in config.asked_models if model not in config.prices]
    if ANY_MODEL in config.prices and len(same) > 1:
        reporter.say(
            f"One --price is taken for each of {listed(same)}. For a price of its own, give --price "
            "MODEL=INPUT/OUTPUT."
        )


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
