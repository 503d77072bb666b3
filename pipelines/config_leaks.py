"""Settings of the search for benchmark leaks."""

from pydantic import Field, field_validator

from filtering.errors import SettingsError
from filtering.leaks.tasks import Fields
from pipelines.config_base import ExecutorName, Settings, as_paths
from pipelines.config_worker import ROWS_PER_PART, LeakAction

NAMES = tuple(vars(Fields()))


def read_fields(words: str | None) -> Fields | None:
    """Return the fields that words such as ``id=task,prompt=question,solution=answer`` name.

    Raises
    ------
    SettingsError
        If they cannot be read.

    Examples
    --------
    >>> read_fields("id=task,prompt=question")
    Fields(id='task', prompt='question', solution='', test='', entry_point='')
    """
    if words is None:
        return None
    pairs = [word.partition("=") for word in words.split(",")]
    found = {name.strip(): field.strip() for name, _, field in pairs}
    if not found.keys() <= set(NAMES) or not all(found.values()) or len(found) < len(pairs):
        raise SettingsError(
            "'fields' (--fields) must be like id=task_id,prompt=question,solution=answer, of "
            f"{', '.join(NAMES)}. Got {words!r} instead."
        )
    return Fields(**{"prompt": "", **found})


class DecontaminateConfig(Settings):
    """Settings of `decontaminate_dump`.

    Parameters
    ----------
    inputs, out, text_column, rows_per_part, workers, executor, ray_address, strict, update
        As in `FilterConfig`.
    against : sequence of str
        Files of benchmarks: ``.jsonl``, ``.jsonl.gz`` or ``.parquet``, in the layout of HumanEval or MBPP, or
        with `fields`.
    fields : str, optional
        Which fields of these files hold what: ``id=task_id,prompt=question,solution=answer``; ``test`` and
        ``entry_point`` are known too.
    action : {"drop", "mark"}
        What becomes of a document with a leak: it is left out; or it is kept, with its tasks in the column
        ``edu_leak``.
    """

    inputs: tuple[str, ...] = Field(min_length=1)
    out: str = Field(min_length=1)
    against: tuple[str, ...] = Field(min_length=1)
    fields: str | None = Field(default=None, min_length=1)
    action: LeakAction = "drop"
    text_column: str | None = Field(default=None, min_length=1)
    rows_per_part: int = Field(default=ROWS_PER_PART, ge=1)
    workers: int | None = Field(default=None, ge=1, le=4096)
    executor: ExecutorName = "local"
    ray_address: str | None = Field(default=None, min_length=1)
    strict: bool = False
    update: bool = False

    def __init__(self, **values: object) -> None:
        super().__init__(**values)
        read_fields(self.fields)

    @field_validator("inputs", "against", mode="before")
    @classmethod
    def _as_tuple(cls, paths: object) -> object:
        return as_paths(paths)
