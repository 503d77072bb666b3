"""Whether the file of a part is still the one that it was split off, by its size and footer."""

from collections.abc import Iterable
from itertools import groupby
from operator import attrgetter

from filtering.errors import BadFileError, RunError, SettingsError
from pipelines.dump.parts import Part
from pipelines.dump.reading import read_footer


def is_unchanged(part: Part) -> bool:
    """Tell whether the input of a part is the file that the part was planned from, by size and footer.

    Raises
    ------
    BadFileError, RunError
        If its footer cannot be read any more.
    """
    footer = read_footer(part.path)
    return (footer.size_bytes, footer.sha256) == (part.size_bytes, part.footer_sha256)


def refuse_changed(part: Part) -> None:
    """Check that the input of a part is as it was when the run read it.

    Raises
    ------
    SettingsError
        If it is not.
    RunError
        If it cannot be read.
    """
    try:
        why = "" if is_unchanged(part) else f"{part.path} has changed."
    except BadFileError as error:  # what is gone, or no Parquet any more, has changed
        why = str(error)
    if why:
        raise SettingsError(
            f"The inputs of a run must be unchanged to read them again. {why} Put it back as it was, or "
            "filter what is there now into another folder."
        )


def refuse_changed_inputs(parts: Iterable[Part]) -> None:
    """Check that the inputs of a run are as they were when the run read them: each file once.

    Raises
    ------
    SettingsError
        If one is not, or cannot be read.
    """
    for _, of_one_file in groupby(parts, key=attrgetter("path")):
        try:
            refuse_changed(next(of_one_file))
        except RunError as error:
            raise SettingsError(f"The inputs of a run must be readable. {error}") from error
