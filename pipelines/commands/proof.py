"""The command that proves on small language models what a filter is worth."""

import json
from typing import Annotated

from pydantic_core import to_jsonable_python
from typer import Option

from filtering.printable import printable
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
from pipelines.settings.proof import ProveConfig


@takes(ProveConfig, first=("out", "evaluations", "size", "seeds", "budget", "dry_run"))
def prove_command(
    given: Given,
    dry_run: Annotated[
        bool, Option("--dry-run", help="Only print how much would be trained, and how long. Write nothing.")
    ] = False,
    no_samples: NoSamplesOption = False,
    as_json: JsonOption = False,
    json_log: JsonLogOption = False,
) -> int:
    """Train small language models on what a run kept and on random documents, and compare them.

    Example: edufilter prove out --eval questions.jsonl --out proof

    If it is interrupted, the same command goes on with the models that are not trained yet.
    """
    config = settings_of(ProveConfig, given, samples=not no_samples)
    reporter = reporter_of(json_log)
    reporter.say(f"Looking for the scores of '{printable(config.run)}' ...")
    if dry_run:
        from pipelines.proof.prove import estimate_proof

        plan = estimate_proof(config, reporter=reporter)
        show(json.dumps({"plan": plan}) if as_json else plan)
        return 0
    from pipelines.commands.printing.proof import print_proof
    from pipelines.page_kit.svg_charts import check_drawing, refuse_few_addresses
    from pipelines.proof.prove import prove_run
    from pipelines.reports.proof_page import write_proof_page

    check_drawing()  # said now that it cannot be drawn, not after the training
    refuse_few_addresses()
    proof = prove_run(config, reporter=reporter)
    write_proof_page(proof, config)
    if json_log:
        reporter.event("done", models=len(proof.arms) * proof.seeds, exit_code=0)
    if as_json:
        show(json.dumps(to_jsonable_python(proof, inf_nan_mode="null")))
        return 0
    return print_proof(proof, config)
