"""Options that several commands have."""

from typing import Annotated

import typer

from filtering.scorers import Effort
from pipelines.config_base import ExecutorName
from pipelines.config_worker import LeakAction
from pipelines.progress import ConsoleReporter
from pipelines.text_columns import TEXT_COLUMN_HELP

OutArgument = Annotated[str, typer.Argument(metavar="OUT", help="Folder of a run.")]
ScorerOption = Annotated[
    str, typer.Option("--scorer", "-s", help="web, code, or the folder of a trained scorer.")
]
WorkersOption = Annotated[
    int | None, typer.Option("--workers", help="Parts at a time and threads that score. Default: all CPUs.")
]
ExecutorOption = Annotated[
    ExecutorName,
    typer.Option(help="Where parts run: local, on this machine; ray, as tasks of a Ray cluster."),
]
RayAddressOption = Annotated[
    str | None,
    typer.Option(
        help="Address of the Ray cluster. Default: RAY_ADDRESS, else Ray is started on this machine."
    ),
]
EffortOption = Annotated[
    Effort,
    typer.Option(
        help="fast: signals alone. full: an embedding of every document too (needs the extra embed). "
        "balanced: of those that the signals are not sure about."
    ),
]
DeviceOption = Annotated[
    str,
    typer.Option(help="Where the embedder runs: auto (a GPU where there is one), cpu, cuda, cuda:1, mps."),
]
EmbedderFolderOption = Annotated[
    str | None,
    typer.Option(help="Folder of the scorer's embedder, if it is not where it was when it was trained."),
]
TrustOption = Annotated[
    bool, typer.Option("--trust-remote-code", help="Agree to run the code that the embedder brings.")
]
InputsArgument = Annotated[
    list[str],
    typer.Argument(
        metavar="INPUT...",
        help="Parquet files, folders or patterns, here or in a store (s3://, gs://, abfs://, hf://).",
    ),
]
NewOutOption = Annotated[
    str, typer.Option("--out", "-o", help="Folder of the run: new, empty, or begun earlier.")
]
RowsPerPartOption = Annotated[int, typer.Option(help="Rows from which a file is split at its row groups.")]
StrictOption = Annotated[bool, typer.Option("--strict", help="Stop at the first bad file.")]
UpdateOption = Annotated[bool, typer.Option("--update", help="Take in input files that are new or changed.")]
LeakActionOption = Annotated[
    LeakAction,
    typer.Option(
        help="Documents with a leak: drop them; or mark them, with their tasks in the column edu_leak."
    ),
]
JsonLogOption = Annotated[bool, typer.Option("--json-log", help="Progress as one JSON object a line.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON.")]
NoReportOption = Annotated[bool, typer.Option("--no-report", help="Draw no OUT/run/report.html.")]
NoSamplesOption = Annotated[
    bool, typer.Option("--no-samples", help="Show no documents in the report: for confidential data.")
]
LabelsArgument = Annotated[
    str,
    typer.Argument(
        metavar="LABELS", help="Folder of annotate, file or hub name: text, score, group, and picked."
    ),
]
SeedOption = Annotated[int, typer.Option(help="Another number draws other documents.")]
OverwriteOption = Annotated[bool, typer.Option("--overwrite", help="Replace what OUT holds.")]
TextColumnOption = Annotated[str | None, typer.Option(help=TEXT_COLUMN_HELP)]
GroupColumnOption = Annotated[
    str | None,
    typer.Option(
        help="Column of site, book or repository. Default: one of group, repo, repo_name, domain, host and "
        "the like, else the host of url, else each document by itself."
    ),
]


def reporter_of(json_log: bool) -> ConsoleReporter:
    """Return what shows progress: JSON for machines, else what suits the terminal."""
    return ConsoleReporter("json" if json_log else "auto")
