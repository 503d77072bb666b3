"""Names of the columns that a run adds: no input may have one; texts with scores get another score column."""

from collections.abc import Sequence
from itertools import count

import pyarrow as pa

from filtering.errors import BadFileError, SettingsError
from filtering.printable import listed
from pipelines.dump.inputs import InputFile
from pipelines.dump.reading import read_footer

TEXTS_KEY = b"edufilter.recipe"
"""In the footer of texts that `edufilter write` had written: the digest of their recipe."""


def taken_names(schema: pa.Schema, new_columns: Sequence[str]) -> list[str]:
    """Return the columns of a file that have the name of a new one."""
    # Engines that fold case, such as Spark and DuckDB, would read one of them for the other.
    added = {name.casefold() for name in new_columns}
    return [name for name in schema.names if name.casefold() in added]


def refuse_taken_names(schema: pa.Schema, path: str, new_columns: Sequence[str]) -> None:
    """Check that a file has no column with the name of a new one.

    Raises
    ------
    SettingsError
        If it has one; it is told what to name them instead.
    """
    taken = taken_names(schema, new_columns)
    if taken:
        named = f"the name of one that this run adds{_or_case(taken, new_columns)}"
        raise SettingsError(
            f"{path} must have no column with {named}. "
            f"Found {listed(taken)}. {_other_names(new_columns, schema.names)}"
        )


def _or_case(taken: Sequence[str], new_columns: Sequence[str]) -> str:
    """Return that capitals make no difference, where some name differs by these alone."""
    return "" if set(taken) <= set(new_columns) else ", whether in capitals or small letters"


def _other_names(new_columns: Sequence[str], names: Sequence[str]) -> str:
    """Return what to do where columns that a run adds are there: all of them can be named otherwise."""
    score, *others = new_columns
    if score.endswith("_leak"):  # nothing is scored
        return "Rename it in the input, or choose --leak-action drop, which adds none."
    stem, other = score.removesuffix("_score"), _free_stem(names)
    named = [f"{other}_score", *(f"{other}{name.removeprefix(stem)}" for name in others)]
    return f"Add --score-column {named[0]}, which names all of them: {listed(named)}."


def _free_stem(names: Sequence[str]) -> str:
    there = {name.casefold() for name in names}
    return next(f"edu{number}" for number in count(2) if f"edu{number}_score" not in there)


def free_score_column(files: Sequence[InputFile], wanted: str) -> str:
    """Return the name of the column of scores: another than is wanted for texts that have scores as written.

    In other files a column of that name is refused: whose scores these are, is for the user to know.
    """
    for file in files:
        try:
            footer = read_footer(file.path)
        except BadFileError:
            continue
        is_taken = wanted.casefold() in {name.casefold() for name in footer.schema.names}
        if is_taken and TEXTS_KEY in (footer.metadata.metadata or {}):
            return f"{_free_stem(footer.schema.names)}_score"
        break
    return wanted
