"""The commands that make and compare labels."""

import json
from collections.abc import Sequence
from typing import Annotated

from pydantic_core import to_jsonable_python
from typer import Argument, Option

from annotations.asking.settings import Price
from filtering.errors import SettingsError
from pipelines.commands.command_signature import (
    Given,
    JsonLogOption,
    JsonOption,
    reporter_of,
    settings_of,
    takes,
)
from pipelines.commands.screen import show
from pipelines.settings.labels import ANY_MODEL, AnnotateConfig, ImportConfig, NearCutConfig, SampleConfig


@takes(SampleConfig, NearCutConfig)
def sample_command(
    given: Given,
    near_cut: Annotated[
        str | None,
        Option(metavar="OUT", help="Draw from a finished run instead, half from either side of its cut."),
    ] = None,
    json_log: JsonLogOption = False,
) -> int:
    """Draw documents to label from a dump of any size, each with its probability."""
    if (near_cut is None) == (not given["inputs"]):
        raise SettingsError("Either an INPUT or --near-cut must be given, not both. Name a dump, or a run.")
    if near_cut is not None:
        near = settings_of(NearCutConfig, given, run=near_cut)
        from pipelines.choosing.sample_near_cut import sample_near_cut
        from pipelines.commands.print_labels import print_sample

        return print_sample(sample_near_cut(near))
    config = settings_of(SampleConfig, given)
    from pipelines.commands.print_labels import print_sample
    from pipelines.labels.sample import sample_dump

    return print_sample(sample_dump(config, reporter=reporter_of(json_log)))


@takes(AnnotateConfig, ImportConfig)
def annotate_command(
    given: Given,
    price: Annotated[
        list[str] | None,
        Option(
            metavar="PRICE",
            help="[MODEL=]INPUT/OUTPUT in US dollars for a million tokens: 0.15/0.6, or big=3/15.",
        ),
    ] = None,
    estimate: Annotated[
        bool, Option("--estimate", help="Print documents, tokens and price; send nothing.")
    ] = False,
    import_from: Annotated[
        str | None,
        Option(
            "--import",
            metavar="SOURCE",
            help="Take scores from a Parquet, JSONL or CSV file, a folder or the hub; ask nobody.",
        ),
    ] = None,
    json_log: JsonLogOption = False,
) -> int:
    """Ask a language model for a label of each document of a sample, or import labels.

    The same command goes on where an interrupted one was, and pays for nothing twice.
    """
    if import_from is not None:
        if given["sample"] is not None or given["models"] or estimate:
            raise SettingsError(
                "--import asks nobody: it must stand without SAMPLE, --model and --estimate. Got one of them."
            )
        to_import = settings_of(ImportConfig, given, source=import_from)
        from pipelines.commands.print_labels import print_annotation
        from pipelines.labels.importing import import_labels

        return print_annotation(import_labels(to_import))
    if not given["models"]:
        raise SettingsError("A model must be named with --model, as the endpoint names it. Got none.")
    config = settings_of(AnnotateConfig, given, prices=_prices(price or ()))
    from pipelines.commands.print_labels import print_annotation, print_estimate
    from pipelines.labels.annotate import annotate_sample, estimate_annotation

    if estimate:
        print_estimate(estimate_annotation(config))
        return 0
    return print_annotation(annotate_sample(config, reporter=reporter_of(json_log)))


def _prices(given: Sequence[str]) -> dict[str, Price]:
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


def agreement_command(
    labels: Annotated[str, Argument(metavar="LABELS", help="Folder that annotate wrote.")],
    human: Annotated[
        str | None,
        Option(metavar="FILE", help="Scores by people: CSV or Parquet with the columns id and score."),
    ] = None,
    scorer: Annotated[
        str | None,
        Option("--scorer", "-s", help="A scorer trained on these labels: is it or are they the limit?"),
    ] = None,
    as_json: JsonOption = False,
) -> int:
    """Tell how far raters agree, and how good a scorer could be at best."""
    from pipelines.commands.print_labels import print_agreement
    from pipelines.labels.agreement import agreement_of_labels

    found, sentence = agreement_of_labels(labels, human=human, scorer=scorer)
    if as_json:
        show(json.dumps({**to_jsonable_python(found, inf_nan_mode="null"), "advice": sentence}))
    else:
        print_agreement(found, sentence)
    return 0
