"""Beginnings, and what models wrote after them: read from files."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from annotations.labels.columns import is_string
from annotations.labels.sources import read_table, schema_of
from filtering.errors import ColumnError, LabelsError
from filtering.printable import listed, printable

PROMPT, WRITTEN, MODEL = "prompt", "completion", "model"
SCHEMA = pa.schema([(PROMPT, pa.large_string()), (WRITTEN, pa.large_string()), (MODEL, pa.string())])


@dataclass(frozen=True)
class Completion:
    """What a model wrote.

    Parameters
    ----------
    model : str
    prompt : str
        The beginning that it was given.
    text : str
        What it wrote after that, and nothing before.
    """

    model: str
    prompt: str
    text: str


def read_completions(source: str) -> list[Completion]:
    """Read what models wrote.

    Raises
    ------
    LabelsError
        If there is no such file, it cannot be read, or it holds nothing.
    ColumnError
        If it lacks a column.
    """
    table = _columns(source, (PROMPT, WRITTEN, MODEL), "Texts to grade")
    columns = [[value or "" for value in table[name].to_pylist()] for name in (MODEL, PROMPT, WRITTEN)]
    for name, must, values in (
        (MODEL, "name who wrote", columns[0]),
        (PROMPT, "hold a beginning", columns[1]),
    ):
        empty = [row for row, value in enumerate(values, start=1) if not value.strip()]
        if empty:
            others = f" and {len(empty) - 1:,} more" if len(empty) > 1 else ""
            raise LabelsError(
                f"{name!r} in {source} must {must} in each row. Got none in data row {empty[0]:,}{others}. "
                "Fill it in, or leave that row out."
            )
    return [Completion(*values) for values in zip(*columns, strict=True)]


def read_prompts(source: str) -> list[str]:
    """Read beginnings, each once.

    Raises
    ------
    LabelsError, ColumnError
        As `read_completions`.
    """
    found = [value or "" for value in _columns(source, (PROMPT,), "Beginnings")[PROMPT].to_pylist()]
    prompts = list(dict.fromkeys(one for one in found if one.strip()))
    if not prompts:
        raise LabelsError(f"{PROMPT!r} in {source} must hold a beginning. Found none.")
    return prompts


def _columns(source: str, names: Sequence[str], called: str) -> pa.Table:
    table, name = read_table(source, names, strings=names, called=called)
    missing = [one for one in names if one not in table.column_names]
    if missing:
        others = listed(one for one in schema_of(source).names if one not in names)
        has = f"Its other columns are {others}: rename them, or add" if others else "Add"
        raise ColumnError(
            f"{printable(name)} must have the columns {listed(names)}. It lacks {listed(missing)}. {has} "
            "what is missing."
        )
    if MODEL in names and pa.types.is_integer(table[MODEL].type):  # checkpoints are called by numbers
        table = table.set_column(table.column_names.index(MODEL), MODEL, table[MODEL].cast(pa.string()))
    for one in names:
        if not is_string(table[one].type):
            raise ColumnError(
                f"{one!r} in {printable(name)} must be string. Got {table[one].type} instead. "
                "Write it as text, in quotes."
            )
    if not len(table):
        raise LabelsError(f"{printable(name)} must hold a text. Found no row.")
    return table


def model_names(folders: Sequence[str]) -> list[str]:
    """Return a name for each folder of a model: its last part, where no other ends so; else all of it.

    Examples
    --------
    >>> model_names(["proof/models/kept-1", "proof/models/random-1", "other/models/kept-1"])
    ['proof/models/kept-1', 'random-1', 'other/models/kept-1']
    """
    last = [Path(folder).name or folder for folder in folders]
    return [name if last.count(name) == 1 else folder for name, folder in zip(last, folders, strict=True)]
