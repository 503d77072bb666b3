"""The command that chooses a cut; `commands.py` puts it under its name."""

import json
from typing import Annotated

import typer
from pydantic_core import to_jsonable_python

from filtering.scorers import Effort
from pipelines.command_options import (
    DeviceOption,
    EmbedderFolderOption,
    JsonOption,
    LabelsArgument,
    TrustOption,
)
from pipelines.config_base import KEEP_AT
from pipelines.config_scorers import ThresholdConfig
from pipelines.print_scorers import print_threshold


def threshold_command(
    scorer: Annotated[str, typer.Argument(metavar="SCORER", help="web, code, or the folder of a scorer.")],
    labels: LabelsArgument,
    population: Annotated[
        str | None,
        typer.Option(metavar="OUT", help="Finished run of this scorer whose documents the labels speak for."),
    ] = None,
    precision: Annotated[
        float | None, typer.Option(help="Goal: share of what is kept that is good, in (0, 1).")
    ] = None,
    recall: Annotated[
        float | None, typer.Option(help="Goal: share of what is good that is kept, in (0, 1).")
    ] = None,
    keep_tokens: Annotated[
        str | None,
        typer.Option(metavar="TOKENS", help="Goal, with --population: tokens to keep at most, like 10B."),
    ] = None,
    keep_fraction: Annotated[
        float | None, typer.Option(help="Goal: share of documents to keep at most, in (0, 1].")
    ] = None,
    label_at: Annotated[
        float, typer.Option(help="Points from which a label says that a document is good.")
    ] = KEEP_AT,
    effort: Annotated[
        Effort | None,
        typer.Option(help="Which stages score. Default: as in the run of --population, else fast."),
    ] = None,
    device: DeviceOption = "auto",
    embedder: EmbedderFolderOption = None,
    trust_remote_code: TrustOption = False,
    as_json: JsonOption = False,
) -> int:
    """Tell what each cut keeps and is worth, by labels, and which one reaches a goal."""
    from pipelines.threshold import choose_threshold

    result = choose_threshold(
        ThresholdConfig(
            scorer=scorer,
            labels=labels,
            population=population,
            precision=precision,
            recall=recall,
            keep_tokens=keep_tokens,
            keep_fraction=keep_fraction,
            label_at=label_at,
            effort=effort,
            device=device,
            embedder=embedder,
            trust_remote_code=trust_remote_code,
        )
    )
    if as_json:
        typer.echo(json.dumps(to_jsonable_python(result, inf_nan_mode="null")))
    else:
        print_threshold(result)
    return result.exit_code
