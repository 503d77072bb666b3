"""Settings of `explain`: which document is meant, and by what scorer."""

import re
from typing import Annotated

from pydantic import Field
from typer import Option

from filtering.errors import SettingsError
from filtering.explaining.settings import TOP
from filtering.scoring.settings import Effort
from pipelines.settings.base import (
    EmbeddingSettings,
    IgnoreChecksums,
    Name,
    Points,
    TextColumn,
    setting_name,
)

PLACES = ("row", "output_row", "where", "id")
"""Settings each of which says which document is meant."""

CONDITION = re.compile(r"""\s*("(?:[^"]+)"|[^\s=]+)\s*==?\s*(?:'((?:[^']|'')*)'|([^\s']+))\s*""")


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
            raise SettingsError(
                "One of TEXT, --row, --output-row, --where and --id must say which document is meant. Got "
                f"{' and '.join(setting_name(ExplainConfig, name) for name in given) or 'none of them'}. "
                "Example: edufilter explain dump.parquet --where \"url = 'https://a.b/c'\""
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
