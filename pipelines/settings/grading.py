"""Settings of the verb that grades models by what they write."""

from typing import Annotated

from pydantic import Field
from typer import Argument, Option

from annotations.asking.settings import Rater
from filtering.errors import SettingsError
from pipelines.settings.asking import AskingSettings
from pipelines.settings.base import ASKING, DRAWING, PLACE, Name, Paths, Positive

OF_WRITING = ("length", "per_prompt", "sampling_temperature", "batch", "seed", "device")
"""Settings of models that write on: of texts that are there they change nothing."""


class GradeConfig(AskingSettings):
    """Settings of `grade_texts`: texts that are there, or beginnings and the models that write on."""

    texts: Annotated[
        Name | None,
        Argument(
            metavar="[TEXTS]",
            help="Parquet, JSONL or CSV file with the columns prompt, completion and model. Leave it out "
            "with --prompts.",
        ),
    ] = None
    out: Annotated[
        Name, Option("--out", "-o", help="Folder to write to. The same command goes on where it was.")
    ]
    model: Annotated[Name, Option("--model", "-m", help="Model that grades, by its name at the endpoint.")]
    rubric: Annotated[
        Name,
        Option(
            "--rubric", "-r",
            help="Rubric to grade by: web, code, story, textbook, or a TOML file of yours.",
        ),
    ] = "story"  # fmt: skip
    prompts: Annotated[
        Name | None,
        Option(
            metavar="FILE",
            help="Parquet, JSONL or CSV file with the column prompt: beginnings that the models of "
            "--from-model write on after.",
        ),
    ] = None
    from_models: Annotated[
        Paths,
        Option(
            "--from-model",
            metavar="FOLDER",
            help="Folder of a model of transformers, such as proof/models/kept-1. Repeat it for more models.",
        ),
    ] = ()
    length: Annotated[
        int,
        Field(ge=1, le=1 << 20),
        Option(rich_help_panel=DRAWING, help="Most tokens that a model writes after a beginning."),
    ] = 200
    per_prompt: Annotated[
        int,
        Field(ge=1, le=1000),
        Option(rich_help_panel=DRAWING, help="How often each model writes on after each beginning."),
    ] = 1
    sampling_temperature: Annotated[
        Positive,
        Option(
            rich_help_panel=DRAWING,
            help="Sampling temperature of the models that write. That of the grader is --temperature.",
        ),
    ] = 1.0
    batch: Annotated[
        int,
        Field(ge=1, le=4096),
        Option(rich_help_panel=DRAWING, help="Beginnings at a time that a model writes on after."),
    ] = 32
    seed: Annotated[
        int,
        Field(ge=0, lt=1 << 63),
        Option(rich_help_panel=DRAWING, help="Seed of what models write. Another seed writes other texts."),
    ] = 0
    device: Annotated[
        Name,
        Option(
            rich_help_panel=PLACE,
            help="Device of the models that write: auto, cpu, cuda, cuda:1 or mps. auto uses a GPU if there "
            "is one.",
        ),
    ] = "auto"
    max_reply_tokens: Annotated[
        int,
        Field(ge=1, le=1 << 20),
        Option(rich_help_panel=ASKING, help="Most tokens of a grade; models that think need more."),
    ] = 400
    samples: bool = Field(default=True, description="Whether the page shows texts.")

    @property
    def rater(self) -> Rater:
        """Who grades."""
        return Rater(self.model, self.temperature, self.max_reply_tokens)

    @property
    def asked_models(self) -> tuple[str, ...]:
        """All models that are asked."""
        return (self.model,)

    def _refuse_misfits(self) -> None:
        if "://" in self.out:
            raise SettingsError(f"--out must be a folder on this machine, not in a store. Got {self.out!r}.")
        if (self.texts is None) == (self.prompts is None):
            raise SettingsError(
                f"Either TEXTS or --prompts must be given. Got {'neither' if self.texts is None else 'both'}."
            )
        if (self.prompts is None) != (not self.from_models):
            missing, other = ("--from-model", "--prompts") if self.prompts else ("--prompts", "--from-model")
            raise SettingsError(f"{other} must come with {missing}. Got {other} alone.")
        if self.texts is not None:
            self._refuse_without("--prompts, after which models write on", *OF_WRITING)
        if len(set(self.from_models)) < len(self.from_models):
            raise SettingsError(f"Each --from-model must differ. Got {', '.join(self.from_models)}.")
        super()._refuse_misfits()
