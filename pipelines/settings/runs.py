"""Settings of all runs over a dump: its files, where parts are done, and leaks of benchmarks."""

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal

from pydantic import Field
from typer import Argument, Option

from filtering.errors import SettingsError
from pipelines.settings.base import (
    LEAKS,
    OUTPUT,
    PLACE,
    READING,
    IgnoreChecksums,
    Name,
    Settings,
    SomePaths,
    TextColumn,
)
from pipelines.settings.benchmark_fields import BenchmarkFields

MAX_DOCUMENT_BYTES = 64_000_000

ExecutorName = Literal["local", "ray"]
LanguagesFrom = Literal["column, text", "column", "column, path"]
LeakAction = Literal["drop", "mark"]
UnsureAction = Literal["keep", "drop", "flag"]

Benchmarks = Option(
    metavar="BENCHMARK",
    rich_help_panel=LEAKS,
    help="File of benchmark tasks (.jsonl, .json, .csv or .parquet) that must not be in the output, or a "
    "folder or pattern of such. Repeat it for more.",
)


class BenchmarkSettings(Settings):
    """Which leaks of benchmarks are looked for, and what becomes of them."""

    leak_action: Annotated[
        LeakAction,
        Option(
            rich_help_panel=LEAKS,
            help="What to do with a document that holds a task: drop it, or mark it in the column edu_leak.",
        ),
    ] = "drop"
    fields: BenchmarkFields = ()
    passage_leaks: Annotated[
        bool,
        Option(
            "--passage-leaks",
            rich_help_panel=LEAKS,
            help="Take a passage that a question is about for a task too. Else it is told, and kept.",
        ),
    ] = False
    common_items: Annotated[
        Name | None,
        Option(
            rich_help_panel=LEAKS,
            help="File run/contaminated_items.parquet of an earlier run. What it found on more than 20 "
            "sites is common text, which is told, and kept. A document that names no site counts as one.",
        ),
    ] = None


class RunSettings(Settings):
    """Where the parts of a run are done."""

    workers: Annotated[
        int | None,
        Field(ge=1, le=4096),
        Option(rich_help_panel=PLACE, help="Number of threads, and of parts at a time. Default: all CPUs."),
    ] = None
    executor: Annotated[
        ExecutorName,
        Option(rich_help_panel=PLACE, help="local runs on this machine. ray runs on a Ray cluster."),
    ] = "local"
    ray_address: Annotated[
        Name | None,
        Option(
            rich_help_panel=PLACE,
            help="Address of the Ray cluster. Default: the variable RAY_ADDRESS, else a Ray on this machine.",
        ),
    ] = None

    def _refuse_misfits(self) -> None:
        if self.executor == "local" and self.ray_address is not None:
            raise SettingsError(
                f"'ray_address' must come with the executor 'ray'. Got {self.ray_address!r} with 'local'. "
                "Add --executor ray."
            )


class DumpSettings(RunSettings):
    """A run over the files of a dump."""

    inputs: Annotated[
        SomePaths,
        Argument(
            metavar="DUMP...",
            help="Parquet files, folders or patterns, local or in a store (s3://, gs://, abfs://, hf://).",
        ),
    ]
    out: Annotated[
        Name,
        Option(
            "--out", "-o", rich_help_panel=OUTPUT,
            help="Folder to write to. An unfinished run that lies there is finished.",
        ),
    ]  # fmt: skip
    text_column: TextColumn = None
    rows_per_part: int | None = Field(
        default=None,
        ge=1,
        description="A part is closed at the row group in which it reaches this many rows. Default: what one "
        "core does in about a minute.",
    )
    ignore_checksums: IgnoreChecksums = False
    max_document_bytes: Annotated[
        int,
        Field(ge=1),
        Option(
            rich_help_panel=READING,
            help="Longest document, in bytes of UTF-8. A longer one is neither scored nor searched, and "
            "counts as too-long.",
        ),
    ] = MAX_DOCUMENT_BYTES
    strict: Annotated[
        bool,
        Option(
            "--strict", rich_help_panel=READING,
            help="Stop at the first file that cannot be read. Without it, such files are set aside.",
        ),
    ] = False  # fmt: skip
    update: Annotated[
        bool,
        Option(
            "--update", rich_help_panel=READING,
            help="Add input files that are new or changed since the run was begun. Files that could not be "
            "read are tried again, or forgotten if they are gone.",
        ),
    ] = False  # fmt: skip


class DecontaminateConfig(BenchmarkSettings, DumpSettings):
    """Settings of `decontaminate_dump`."""

    old_names: ClassVar[Mapping[str, str]] = {"action": "leak_action"}

    against: Annotated[SomePaths, Benchmarks]
