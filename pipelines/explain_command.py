"""The command that explains scores."""

import json
from dataclasses import asdict
from typing import Annotated

import typer

from filtering import explain_documents
from filtering.errors import SettingsError
from filtering.explain import TOP
from filtering.scorers import Effort
from pipelines.command_options import (
    DeviceOption,
    EmbedderFolderOption,
    JsonOption,
    TextColumnOption,
    TrustOption,
)
from pipelines.config_explain import ExplainConfig
from pipelines.print_explanation import print_explanation
from pipelines.text_arguments import read_text


def explain_command(
    text: Annotated[
        str | None, typer.Argument(metavar="[TEXT]", help="A text file; - is standard input.")
    ] = None,
    file: Annotated[
        str | None,
        typer.Option(help="Instead: a Parquet file; with --run, the path of an input below its folder."),
    ] = None,
    row: Annotated[int | None, typer.Option(help="Position of the document in that file, from 0.")] = None,
    run: Annotated[
        str | None,
        typer.Option(metavar="OUT", help="Folder of a finished run that read the file: its stored score."),
    ] = None,
    scorer: Annotated[
        str | None,
        typer.Option(
            "--scorer",
            "-s",
            help="web, code, or the folder of a trained scorer. Default: web; the run's own.",
        ),
    ] = None,
    effort: Annotated[
        Effort | None,
        typer.Option(
            help="fast: signals alone. full, balanced: also what an embedding makes of the score, in points. "
            "Default: fast; not with --run."
        ),
    ] = None,
    text_column: TextColumnOption = None,
    top: Annotated[
        int, typer.Option(help="N-grams that raise, n-grams that lower, and statistics to show.")
    ] = TOP,
    device: DeviceOption = "auto",
    embedder: EmbedderFolderOption = None,
    trust_remote_code: TrustOption = False,
    as_json: JsonOption = False,
) -> int:
    """Tell why a document has its score: the n-grams and statistics that moved it most."""
    from pipelines.explain import explain_row
    from pipelines.scorers import open_scorer

    if (text is None) == (file is None) or (file is None) != (row is None) or (run and file is None):
        raise SettingsError(
            "Either TEXT must be given, or --file and --row, with or without --run. "
            "Name a text file, or a document by its Parquet file and row."
        )
    config = ExplainConfig(
        file=file or text,
        row=row or 0,
        run=run,
        scorer=scorer,
        effort=effort,
        text_column=text_column,
        device=device,
        embedder=embedder,
        trust_remote_code=trust_remote_code,
        top=top,
    )
    if text is None:
        why = explain_row(config)
    else:
        document = read_text(text, instead="Name it with --file, and a --row of it.")
        opened = open_scorer(config.scorer or "web", config.effort or "fast", config.placement)
        (why,) = explain_documents(opened, [document], top=top)
    if as_json:
        typer.echo(json.dumps(asdict(why)))
    else:
        print_explanation(why)
    return 0
