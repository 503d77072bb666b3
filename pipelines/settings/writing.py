"""Settings of the verb that has texts written."""

import os
from typing import Annotated

from pydantic import Field
from typer import Argument, Option

from annotations.asking.settings import Rater
from filtering.errors import SettingsError
from pipelines.settings.asking import AskingSettings
from pipelines.settings.base import (
    ASKING,
    CHECKS,
    DRAWING,
    LEAKS,
    SCORING,
    Name,
    Paths,
    Points,
    TextColumn,
    setting_name,
)
from pipelines.settings.benchmark_fields import BenchmarkFields
from pipelines.settings.labels import GroupColumn

GRADE_REPLY_TOKENS = 400
"""That a grade may have: a sentence and the scores."""


class WriteConfig(AskingSettings):
    """Settings of `write_texts`."""

    recipe: Annotated[
        Name,
        Argument(
            metavar="RECIPE",
            help="Recipe to write by: textbook, exercise, story, story_instructions, rewrite, or a TOML file "
            "of yours.",
        ),
    ]
    out: Annotated[
        Name,
        Option(
            "--out", "-o",
            help="Folder to write to. The same command goes on where it was; a larger --n adds texts, a "
            "smaller one takes none away.",
        ),
    ]  # fmt: skip
    model: Annotated[Name, Option("--model", "-m", help="Model that writes, by its name at the endpoint.")]
    n: Annotated[int, Field(ge=1, le=100_000_000), Option("--n", help="Number of texts to ask for.")] = 1000
    inputs: Annotated[
        Paths,
        Option(
            "--from",
            metavar="DUMP",
            help="Documents to rewrite: a Parquet file, folder or pattern. Repeat it for more. For recipes "
            "that take documents, such as rewrite.",
        ),
    ] = ()
    grader: Annotated[
        Name | None,
        Option("--grade", metavar="MODEL", help="Model that grades the texts, best not the one of --model."),
    ] = None
    topics: Annotated[
        int | None,
        Field(ge=1, le=1_000_000),
        Option(
            rich_help_panel=DRAWING,
            help="Number of topics that the model lists before it writes, for recipes that have topics. "
            "Default: what the recipe says, and no more than --n.",
        ),
    ] = None
    seed: Annotated[
        int,
        Field(ge=0),
        Option(rich_help_panel=DRAWING, help="Seed of the draws. Another seed draws others."),
    ] = 0
    until_fresh: Annotated[
        bool,
        Option(
            "--until-fresh", rich_help_panel=DRAWING,
            help="Ask for another text in place of each near-duplicate, by another draw, in up to 5 rounds.",
        ),
    ] = False  # fmt: skip
    max_reply_tokens: Annotated[
        int | None,
        Field(ge=1, le=1 << 20),
        Option(
            rich_help_panel=ASKING,
            help="Most tokens of a reply; models that think need more. Default: what the recipe says.",
        ),
    ] = None
    text_column: TextColumn = None
    group_column: GroupColumn = None
    grade_rubric: Annotated[
        Name | None,
        Option(
            rich_help_panel=SCORING,
            help="Rubric to grade by: web, code, story, textbook, or a TOML file of yours. Default: that of "
            "the recipe.",
        ),
    ] = None
    scorer: Annotated[
        Name | None,
        Option(
            "--scorer", "-s", rich_help_panel=SCORING,
            help="Scorer of the column edu_score: web, code, or the folder of a scorer that you trained. "
            "Default: that of the recipe.",
        ),
    ] = None  # fmt: skip
    keep_grade: Annotated[
        Points | None,
        Option(
            rich_help_panel=CHECKS,
            help="With --grade: lowest grade of a text that is kept, from 0 to 5. Default: any.",
        ),
    ] = None
    keep_at: Annotated[
        Points | None,
        Option(
            rich_help_panel=CHECKS,
            help="Lowest edu_score of a text that is kept, from 0 to 5. Default: any.",
        ),
    ] = None
    run_code: Annotated[
        bool,
        Option(
            "--run-code", rich_help_panel=CHECKS,
            help="Run exercises against their own tests, each shut in by itself. This is code that a model "
            "wrote and nobody has read: see first what it is kept from.",
        ),
    ] = False  # fmt: skip
    against: Annotated[
        Paths,
        Option(
            metavar="DUMP",
            rich_help_panel=CHECKS,
            help="Parquet file, folder or pattern of other texts: near-duplicates of these are thrown away. "
            "Repeat it for more.",
        ),
    ] = ()
    decontaminate: Annotated[
        Paths,
        Option(
            metavar="FILE",
            rich_help_panel=LEAKS,
            help="File of benchmark tasks (.jsonl, .json, .csv or .parquet): texts that hold one are thrown "
            "away. Repeat it for more.",
        ),
    ] = ()
    fields: BenchmarkFields = ()
    samples: bool = Field(default=True, description="Whether the page shows texts.")

    def writer(self, recipe_tokens: int) -> Rater:
        """Return who writes, with so many tokens for a reply unless others were asked for."""
        return Rater(self.model, self.temperature, self.max_reply_tokens or recipe_tokens)

    @property
    def grading_rater(self) -> Rater | None:
        """Who grades; nobody unless asked for."""
        if self.grader is None:
            return None
        return Rater(self.grader, None, max(GRADE_REPLY_TOKENS, self.max_reply_tokens or 0))

    @property
    def asked_models(self) -> tuple[str, ...]:
        """All models that are asked."""
        return (self.model, *filter(None, [self.grader]))

    def _refuse_misfits(self) -> None:
        if "://" in self.out:
            raise SettingsError(f"--out must be a folder on this machine, not in a store. Got {self.out!r}.")
        own = os.path.realpath(self.out)
        for name, paths in (("inputs", self.inputs), ("against", self.against)):
            inside = [one for one in paths if os.path.realpath(one).startswith(os.path.join(own, ""))]
            if inside:
                given = setting_name(WriteConfig, name)
                raise SettingsError(f"{given} must not lie in the folder of --out. Got {inside[0]!r}.")
        if self.grader is None:
            self._refuse_without("--grade MODEL", "grade_rubric", "keep_grade")
        if not self.inputs:
            self._refuse_without("--from, whose documents it reads", "text_column", "group_column")
        if not self.decontaminate:
            self._refuse_without("--decontaminate", "fields")
        super()._refuse_misfits()
