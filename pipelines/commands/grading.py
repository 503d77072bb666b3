"""The command that grades models by what they write."""

import json

from pydantic_core import to_jsonable_python

from filtering.printable import printable
from pipelines.commands.asking import DryRunOption, PriceOption, prices_in_words
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
from pipelines.settings.grading import GradeConfig


@takes(
    GradeConfig,
    first=("out", "model", "rubric", "prompts", "from_models", "base_url", "dry_run", "price", "budget_usd"),
)
def grade_command(
    given: Given,
    price: PriceOption = None,
    dry_run: DryRunOption = False,
    no_samples: NoSamplesOption = False,
    as_json: JsonOption = False,
    json_log: JsonLogOption = False,
) -> int:
    """Have what models write after given beginnings graded by a large model, and compare the models.

    Example: edufilter grade completions.jsonl --rubric story --model gpt-4o --out grades

    If it is interrupted, the same command goes on and asks nothing twice.
    """
    prices = prices_in_words(price or ())
    config = settings_of(GradeConfig, given, prices=prices, samples=not no_samples)
    reporter = reporter_of(json_log)
    reporter.say(f"Looking for the texts of '{printable(config.texts or config.prompts or '')}' ...")
    from pipelines.writing.grading.grade import estimate_grading, grade_texts

    if dry_run:
        from pipelines.commands.printing.labels import print_estimate

        return print_estimate(estimate_grading(config), "texts", as_json=as_json)
    from pipelines.commands.printing.grades import print_grades
    from pipelines.reports.grade_page import write_grade_page

    result = grade_texts(config, reporter=reporter)
    write_grade_page(result)
    if json_log:
        reporter.event("done", graded=result.statuses.get("ok", 0), exit_code=result.exit_code)
    if as_json:
        show(json.dumps(to_jsonable_python(result, inf_nan_mode="null")))
        return result.exit_code
    return print_grades(result)
