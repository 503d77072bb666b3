"""Settings of the verbs that filter and explain: checked once, at the edge; inner code takes plain values."""

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated, ClassVar, Literal

from pydantic import Field, PlainSerializer
from typer import Argument, Option

from filtering.embedding.settings import Placement
from filtering.errors import SettingsError
from filtering.printable import printable
from filtering.explaining.settings import TOP
from filtering.rubric_points import KEEP_AT
from filtering.scoring.settings import MAX_FALSE, MAX_LOST, Effort, ExitSettings
from filtering.signals.settings import Rule, named_rules, usual_rules
from pipelines.settings.base import (
    CHECKS,
    LEAKS,
    OUTPUT,
    PLACE,
    READING,
    SCORING,
    EmbeddingSettings,
    IgnoreChecksums,
    Name,
    OpenShare,
    Paths,
    Points,
    ScoringEffort,
    Settings,
    SomePaths,
    TextColumn,
    from_words,
    setting_name,
)
from pipelines.settings.benchmark_fields import BenchmarkFields
from pipelines.settings.several import Combine, NamedScorer, ScorerNames, combination_of, named_scorers

MAX_DOCUMENT_BYTES = 64_000_000

ExecutorName = Literal["local", "ray"]
LanguagesFrom = Literal["column, text", "column", "column, path"]
LeakAction = Literal["drop", "mark"]
OnDrift = Literal["warn", "fail"]
UnsureAction = Literal["keep", "drop", "flag"]
Write = Literal["kept", "passages", "all", "scores"]

BOUNDS = ("max_lost", "max_false", "max_disagreement")
"""Settings that say what effort balanced must hold."""


def _rules_in_words(rules: tuple[Rule, ...] | None) -> str | None:
    return rules if rules is None else ",".join(rules) or "none"


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
            metavar="INPUT...",
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


class FilterConfig(BenchmarkSettings, EmbeddingSettings, DumpSettings):
    """Settings of `filter_dump`.

    A file's path below its folder (below the part of a pattern before the first wildcard) is its path in the
    output.
    """

    old_names: ClassVar[Mapping[str, str]] = {"decontaminate": "against"}

    scorer: ScorerNames = "web"
    combine: Combine = None
    keep_at: Annotated[
        Points,
        Option(rich_help_panel=SCORING, help="Lowest score that is kept, from 0 to 5 rubric points."),
    ] = KEEP_AT
    effort: ScoringEffort = "fast"
    write: Annotated[
        Write,
        Option(
            rich_help_panel=OUTPUT,
            help="What to write: kept documents, these and passages of others, all documents with edu_keep "
            "and edu_reason, or only scores.",
        ),
    ] = "kept"
    max_lost: Annotated[
        OpenShare | None,
        Option(
            rich_help_panel=CHECKS,
            help="With effort balanced: share of the documents that effort full keeps that may be dropped. "
            f"Default: {MAX_LOST:g}, or the least that the scorer can show.",
        ),
    ] = None
    max_false: Annotated[
        OpenShare | None,
        Option(
            rich_help_panel=CHECKS,
            help="With effort balanced: share of the documents that are kept that effort full may drop. "
            f"Default: {MAX_FALSE:g}, or the least that the scorer can show.",
        ),
    ] = None
    passages: Annotated[
        bool,
        Option(
            "--passages", rich_help_panel=OUTPUT,
            help="Score documents of more than 4,000 bytes by segments of about 1,500 bytes too. The columns "
            "edu_passages and edu_best have their points, and those of the best.",
        ),
    ] = False  # fmt: skip
    passages_at: Annotated[
        Points | None,
        Option(
            rich_help_panel=SCORING,
            help="Lowest score of a segment that belongs to a passage. Default: that of --keep-at.",
        ),
    ] = None
    max_disagreement: Annotated[
        OpenShare | None,
        Option(
            rich_help_panel=CHECKS,
            help="Instead of these two: share of all documents that may be decided differently from effort "
            "full.",
        ),
    ] = None
    audit: Annotated[
        int | None,
        Field(ge=0),
        Option(
            rich_help_panel=CHECKS,
            help="With effort balanced: documents to embed as a check of these shares. Default: 2 % of all, "
            "at most 1,000.",
        ),
    ] = None
    rules: Annotated[
        tuple[Rule, ...] | None,
        from_words(named_rules),
        PlainSerializer(_rules_in_words),
        Option(
            parser=str,
            rich_help_panel=SCORING,
            help="Kinds of files to leave out unscored: license-only, generated, minified, too-short, data, "
            "separated by commas, or none. Default: all of them for code, none for other scorers.",
        ),
    ] = None
    on_drift: Annotated[
        OnDrift,
        Option(
            rich_help_panel=CHECKS,
            help="What to do if the check finds larger shares: warn, or fail with exit code 4.",
        ),
    ] = "warn"
    score_column: Annotated[
        Name, Option(rich_help_panel=OUTPUT, help="Name of the column that holds the score.")
    ] = "edu_score"
    unsure: Annotated[
        UnsureAction,
        Option(
            rich_help_panel=OUTPUT,
            help="What to do with a document in a language for which the scorer has few labels: keep it, "
            "drop it, or flag it in the column edu_unsure.",
        ),
    ] = "flag"
    write_origin: Annotated[
        bool,
        Option(
            "--write-origin", rich_help_panel=OUTPUT,
            help="Write where each document is from: its input file, edu_file, and its row there, edu_row.",
        ),
    ] = False  # fmt: skip
    against: Annotated[Paths, Benchmarks] = ()

    def _refuse_misfits(self) -> None:
        super()._refuse_misfits()
        self._refuse_misfits_of_several()
        self._refuse_beside_scores_alone()
        self._refuse_bounds_that_do_not_go_together()
        if self.passages_at is not None and self.cut_of_passages is None:
            raise SettingsError(
                f"'passages_at' (--passages-at) must come with --passages or --write passages. "
                f"Got {self.passages_at!r} alone."
            )
        if not self.against:
            self._refuse_without("--against", "leak_action", "fields", "passage_leaks", "common_items")

    def _refuse_misfits_of_several(self) -> None:
        if self.combination == "mean" and self.effort == "balanced":
            raise SettingsError(
                "'combine' (--combine) must be max, min or the name of a scorer with --effort balanced, "
                "which embeds near the cut of each scorer. Got 'mean', whose cut is near none of these. "
                "Choose --effort fast or full."
            )
        if self.combination is not None and self.cut_of_passages is not None:
            raise SettingsError(
                "'passages' (--passages) must come with one scorer, by which segments are scored. Got "
                f"{len(self.scorers)}. Name one scorer, or leave passages out."
            )

    def _refuse_beside_scores_alone(self) -> None:
        if self.write != "scores":
            return
        if self.against:
            raise SettingsError(
                "'against' (--against) must come with documents that are written. Got --write scores. "
                "Run 'edufilter decontaminate' on the documents that you keep."
            )
        if self.write_origin:
            raise SettingsError(
                "'write_origin' (--write-origin) must come with documents that are written. "
                "Got --write scores."
            )
        if self.passages:
            raise SettingsError(
                "'passages' (--passages) must come with documents that are written. Got --write scores."
            )
        if self.unsure == "drop":
            raise SettingsError(
                "'unsure' (--unsure drop) must come with documents that are written. Got --write scores. "
                "Say it when you cut: edufilter recut --unsure drop."
            )

    def _refuse_bounds_that_do_not_go_together(self) -> None:
        for name, usual in (*((one, None) for one in BOUNDS), ("audit", None), ("on_drift", "warn")):
            if self.effort != "balanced" and getattr(self, name) != usual:
                raise SettingsError(
                    f"{setting_name(FilterConfig, name)} must come with --effort balanced. "
                    f"Got effort {self.effort!r}. Add the one, or leave the other out."
                )
        for name in ("max_lost", "max_false"):
            if self.max_disagreement is not None and getattr(self, name) is not None:
                raise SettingsError(
                    "'max_disagreement' (--max-disagreement) must come without a bound on the documents that "
                    f"are kept. Got {setting_name(FilterConfig, name)} beside it. Leave one of them out."
                )

    @property
    def cut_of_passages(self) -> float | None:
        """Points from which a segment belongs to a passage; None where documents are judged as wholes."""
        if not self.passages and self.write != "passages":
            return None
        return self.keep_at if self.passages_at is None else self.passages_at

    @property
    def writes_origin(self) -> bool:
        """Whether rows say where they are from: passages always do, since several may be of one document."""
        return self.write_origin or self.write == "passages"

    @property
    def scorers(self) -> tuple[NamedScorer, ...]:
        """The scorers by name."""
        return named_scorers(self.given_scorers)

    @property
    def given_scorers(self) -> tuple[str, ...]:
        """The scorers as they were given."""
        return (self.scorer,) if isinstance(self.scorer, str) else self.scorer

    @property
    def combination(self) -> str | None:
        """What is made of the points of several scorers; None where there is one."""
        return combination_of(self.combine, [one.name for one in self.scorers])

    @property
    def exit_settings(self) -> ExitSettings:
        """What the exits of a cascade must hold."""
        return ExitSettings(self.keep_at, **{name: getattr(self, name) for name in BOUNDS})

    @property
    def placement(self) -> Placement:
        """Where the embedder lies and runs, on as many threads as there are workers."""
        return replace(super().placement, threads=self.workers)

    def rules_for(self, domain: str) -> tuple[Rule, ...]:
        """Return the rules that were asked for, else those usual for a domain."""
        return usual_rules(domain) if self.rules is None else self.rules


class DecontaminateConfig(BenchmarkSettings, DumpSettings):
    """Settings of `decontaminate_dump`."""

    old_names: ClassVar[Mapping[str, str]] = {"action": "leak_action"}

    against: Annotated[SomePaths, Benchmarks]


class ExplainConfig(EmbeddingSettings):
    """Settings of `explain_row`: for a text, a document in Parquet files, or one that a run has read."""

    text: bytes | None = Field(default=None, description="The document itself, in UTF-8.")
    run: Annotated[
        Name | None,
        Option(metavar="OUT", help="Folder of a finished run. Its own score of the document is explained."),
    ] = None
    output_row: Annotated[
        int | None,
        Field(ge=0),
        Option(
            help="Row of the output of --run, from 0. Files of OUT/data follow each other in the order of "
            "their names; --file names one of them."
        ),
    ] = None
    where: Annotated[
        Name | None,
        Option(
            metavar="CONDITION",
            help="The first document for which a column has a value. Example: url = 'https://a.b/c'.",
        ),
    ] = None
    id: Annotated[
        Name | None, Option(help="The first document with this identifier, in the column --id-column.")
    ] = None
    id_column: Annotated[Name, Option(help="Column that --id looks into.")] = "id"
    file: Annotated[
        Name | None,
        Option(
            help="A Parquet file or a folder of them. With --run, one of its files; not needed where there "
            "is one."
        ),
    ] = None
    row: Annotated[int | None, Field(ge=0), Option(help="Row of the document in that file, from 0.")] = None
    keep_at: Annotated[
        Points | None,
        Option(help="Rubric points from which a document is kept. Default: 3, or those of the run."),
    ] = None
    scorer: Annotated[
        Name | None,
        Option(
            "--scorer", "-s",
            help="web, code, the folder of a trained scorer, or hf://OWNER/NAME; of a run with several, the "
            "name of one. Default: web, or that which decided in the run.",
        ),
    ] = None  # fmt: skip
    effort: Annotated[
        Effort | None,
        Option(
            help="fast: by words and style. full, balanced: also what the embedding makes of the score, in "
            "points. Default: fast; not with --run."
        ),
    ] = None
    text_column: TextColumn = None
    ignore_checksums: IgnoreChecksums = False
    top: Annotated[
        int,
        Field(ge=1, le=10_000),
        Option(help="How many signals that raise the score to show, and how many that lower it."),
    ] = TOP

    def _refuse_misfits(self) -> None:
        if self.text is not None:
            found = [name for name in ("run", *PLACES, "file") if getattr(self, name) is not None]
            if found:
                raise SettingsError(
                    f"A text is explained by itself. Got {setting_name(ExplainConfig, found[0])} beside it; "
                    "leave out one of them."
                )
            return
        given = [name for name in PLACES if getattr(self, name) is not None]
        if len(given) != 1:
            where = "dump.parquet" if self.run is None else f"--run {printable(self.run)}"
            raise SettingsError(
                "One of TEXT, --row, --output-row, --where and --id must say which document is meant. Got "
                f"{' and '.join(setting_name(ExplainConfig, name) for name in given) or 'none of them'}. "
                f"Example: edufilter explain {where} --where \"url = 'https://a.b/c'\""
            )
        if self.run is None and (self.file is None or self.output_row is not None):
            missing = "'run' (--run)" if self.output_row is not None else "'file' (--file) or 'run' (--run)"
            raise SettingsError(
                f"{missing} must say where {setting_name(ExplainConfig, given[0])} is looked for. Name it."
            )
        own = [name for name in ("effort", "text_column", "keep_at") if getattr(self, name) is not None]
        own += ["ignore_checksums"] if self.ignore_checksums else []
        if self.run is not None and own:
            raise SettingsError(
                f"{setting_name(ExplainConfig, own[0])} must not come with 'run' (--run): a run has its own."
            )

    @property
    def wanted(self) -> tuple[str, str] | None:
        """The column that tells the document, and its value in words; None where a row does."""
        if self.id is not None:
            return self.id_column, self.id
        return None if self.where is None else read_condition(self.where)


PLACES = ("row", "output_row", "where", "id")
"""Settings each of which says which document is meant."""
CONDITION = re.compile(r"""\s*("(?:[^"]+)"|[^\s=]+)\s*==?\s*(?:'((?:[^']|'')*)'|([^\s']+))\s*""")


def read_condition(words: str) -> tuple[str, str]:
    """Return the column and the value that a condition names.

    Raises
    ------
    SettingsError
        If it is none.

    Examples
    --------
    >>> read_condition("url = 'https://a.b/c'"), read_condition("id=17")
    (('url', 'https://a.b/c'), ('id', '17'))
    """
    found = CONDITION.fullmatch(words)
    if found is None:
        raise SettingsError(
            f"'where' (--where) must be a column, an equals sign and a value in single quotes. "
            f"Got {words!r:.200} instead. For example: --where \"url = 'https://a.b/c'\""
        )
    column, quoted, plain = found.groups()
    return column.strip('"'), plain if quoted is None else quoted.replace("''", "'")
