"""The commands that make and compare labels."""

import json
from typing import Annotated

from pydantic_core import to_jsonable_python
from typer import Argument, Option

from filtering.errors import SettingsError
from filtering.printable import printable
from pipelines.amount_formats import some_of
from pipelines.commands.asking import DryRunOption, PriceOption, prices_in_words, tell_prices
from pipelines.commands.command_signature import (
    Given,
    JsonLogOption,
    JsonOption,
    reporter_of,
    settings_of,
    takes,
)
from pipelines.commands.printing.screen import show
from pipelines.progress import ConsoleReporter
from pipelines.settings.labels import AnnotateConfig, ImportConfig, NearCutConfig, SampleConfig


@takes(SampleConfig, NearCutConfig, first=("out", "n", "scorer", "strategy", "near_cut", "overwrite"))
def sample_command(
    given: Given,
    near_cut: Annotated[
        str | None,
        Option(
            metavar="OUT",
            help="Draw from a finished run instead of DUMP: half just above its cut, half just below.",
        ),
    ] = None,
    json_log: JsonLogOption = False,
) -> int:
    """Draw documents to label, each with a known probability.

    Example: edufilter sample dump --n 2000 --out sample.parquet
    """
    if (near_cut is None) == (not given["inputs"]):
        raise SettingsError(
            "Either DUMP or --near-cut must be given. Got "
            f"{'both' if given['inputs'] else 'neither'}. Name a dump, or a finished run."
        )
    reporter = reporter_of(json_log)
    if near_cut is not None:
        near = settings_of(NearCutConfig, given, misfit="must not come with --near-cut", run=near_cut)
        reporter.say(f"Looking for the scores of '{printable(near_cut)}' ...")
        from pipelines.choosing.sample_near_cut import sample_near_cut
        from pipelines.commands.printing.labels import print_sample

        return print_sample(sample_near_cut(near), near_cut_of=near.run)
    config = settings_of(SampleConfig, given)
    reporter.say(f"Looking for the files of {some_of(config.inputs)} ...")
    from pipelines.commands.printing.labels import print_sample
    from pipelines.labels.sample import sample_dump

    return print_sample(sample_dump(config, reporter=reporter), added_to=config.labels)


@takes(
    AnnotateConfig,
    ImportConfig,
    first=("out", "models", "rubric", "base_url", "dry_run", "price", "budget_usd", "import_from"),
)
def annotate_command(
    given: Given,
    price: PriceOption = None,
    dry_run: DryRunOption = False,
    estimate: Annotated[bool, Option("--estimate", hidden=True, help="Earlier name of --dry-run.")] = False,
    import_from: Annotated[
        str | None,
        Option(
            "--import",
            metavar="SOURCE",
            help="Read scores from a Parquet, JSON or CSV file, a folder or the hub. No model is asked.",
        ),
    ] = None,
    json_log: JsonLogOption = False,
) -> int:
    """Label the documents of a sample with a language model, or import labels.

    Example: edufilter annotate sample.parquet --model gpt-4o-mini --out labels

    If it is interrupted, the same command goes on and asks nothing twice.
    """
    dry_run, reporter = dry_run or estimate, reporter_of(json_log)
    if import_from is not None:
        asking = [
            name
            for name, value in (
                ("SAMPLE", given["sample"]), ("--model", given["models"]), ("--price", price),
                ("--dry-run", dry_run),
            )
            if value
        ]  # fmt: skip
        if asking:
            raise SettingsError(f"{asking[0]} must not come with --import, which asks no model.")
        misfit = "must not come with --import, which asks no model"
        to_import = settings_of(ImportConfig, given, misfit=misfit, source=import_from)
        reporter.say(f"Looking for the scores of '{printable(import_from)}' ...")
        from pipelines.commands.printing.labels import print_annotation
        from pipelines.labels.importing import import_labels

        return print_annotation(import_labels(to_import))
    if not given["models"]:
        raise SettingsError("A model must be named with --model, as the endpoint names it. Got none.")
    misfit = "must come with --import"
    config = settings_of(AnnotateConfig, given, misfit=misfit, prices=prices_in_words(price or ()))
    tell_prices(config, reporter)
    reporter.say(
        f"Looking for the documents of '{printable(config.sample)}' ..." if config.sample else "Asking ..."
    )
    from pipelines.commands.printing.labels import print_annotation, print_estimate
    from pipelines.labels.annotate import annotate_sample, estimate_annotation

    if dry_run:
        return print_estimate(estimate_annotation(config, reporter=reporter))
    return print_annotation(annotate_sample(config, reporter=reporter))


def agreement_command(
    labels: Annotated[str, Argument(metavar="LABELS", help="Folder that annotate wrote.")],
    human: Annotated[
        str | None,
        Option(metavar="FILE", help="Scores by people: a CSV or Parquet file with the columns id and score."),
    ] = None,
    scorer: Annotated[
        str | None,
        Option(
            "--scorer",
            "-s",
            help="Scorer that was trained on these labels. Says what would make it better: more labels, "
            "another rater or another way of fitting.",
        ),
    ] = None,
    as_json: JsonOption = False,
) -> int:
    """Print how far raters agree, and how good a scorer of these labels can be at best.

    Example: edufilter agreement labels --human scores.csv
    """
    ConsoleReporter().say(f"Looking for the labels of '{labels}' ...")
    from pipelines.commands.printing.labels import print_agreement
    from pipelines.labels.agreement import agreement_of_labels

    found, sentence = agreement_of_labels(labels, human=human, scorer=scorer)
    if as_json:
        show(json.dumps({**to_jsonable_python(found, inf_nan_mode="null"), "advice": sentence}))
    else:
        print_agreement(found, sentence)
    return 0
