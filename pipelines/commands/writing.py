"""The command that has a language model write texts."""

import json

from filtering.printable import printable
from pipelines.commands.asking import DryRunOption, PriceOption, prices_in_words, tell_prices
from pipelines.commands.command_signature import (
    Given,
    JsonLogOption,
    JsonOption,
    NoSamplesOption,
    reporter_of,
    settings_of,
    takes,
)
from pipelines.commands.printing.screen import show
from pipelines.settings.writing import WriteConfig


@takes(
    WriteConfig,
    first=("out", "model", "n", "inputs", "base_url", "dry_run", "price", "budget_usd", "grader"),
)
def write_command(
    given: Given,
    price: PriceOption = None,
    dry_run: DryRunOption = False,
    no_samples: NoSamplesOption = False,
    as_json: JsonOption = False,
    json_log: JsonLogOption = False,
) -> int:
    """Have a language model write textbooks, exercises or stories, and keep the good ones.

    Example: edufilter write story --model gpt-4o-mini --n 1000 --out stories

    If it is interrupted, the same command goes on and asks nothing twice.
    """
    prices = prices_in_words(price or ())
    config = settings_of(WriteConfig, given, prices=prices, samples=not no_samples)
    reporter = reporter_of(json_log)
    tell_prices(config, reporter)
    reporter.say(f"Looking for the recipe '{printable(config.recipe)}' ...")
    if dry_run:
        from pipelines.commands.printing.labels import print_estimate
        from pipelines.writing.estimate_writing import estimate_writing

        return print_estimate(estimate_writing(config, reporter=reporter), as_json=as_json)
    from pipelines.commands.printing.writing import print_writing
    from pipelines.reports.writing_page import summary_of, write_writing_page
    from pipelines.writing.write import write_texts

    result = write_texts(config, reporter=reporter)
    write_writing_page(result)
    if json_log:
        reporter.event("done", kept=result.kept, exit_code=result.exit_code)
    if as_json:
        show(json.dumps(summary_of(result)))
        return result.exit_code
    return print_writing(result)
