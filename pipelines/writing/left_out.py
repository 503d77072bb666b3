"""What a later call with fewer options would undo of a folder: grades, and what was found to be wrong.

Such calls are refused. A cut costs nothing and may be taken back, which is told.
"""

from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from filtering.errors import OutputError
from pipelines.progress import Reporter
from pipelines.settings.base import option_of, setting_name
from pipelines.settings.writing import WriteConfig
from pipelines.writing.code_runs.run_code import RUN_REASONS
from pipelines.writing.marks import LOW_GRADE, LOW_SCORE, NO_GRADE
from pipelines.writing.sieve import HOLDS_TASK, LIKE_OTHERS
from pipelines.writing.text_folder import FAILED_FILE, data_file

FOUND_BY: Mapping[str, str] = {
    **dict.fromkeys(RUN_REASONS, "run_code"),
    HOLDS_TASK: "decontaminate",
    LIKE_OTHERS: "against",
    **dict.fromkeys((NO_GRADE, LOW_GRADE), "keep_grade"),
    LOW_SCORE: "keep_at",
}
"""By reason against a text: the setting that finds it."""
HELD_TO = ("run_code", "decontaminate")
"""Without these, texts would count that are known to be wrong."""


def refuse_losses(config: WriteConfig, recipe: str) -> None:
    """Refuse a call that would drop grades, or keep texts that are known to fail their tests or hold a task.

    Parameters
    ----------
    config : WriteConfig
    recipe : str
        Its name.

    Raises
    ------
    OutputError
        The message names the option to give again, and the file to move away where the loss is meant.
    """
    failed = Path(config.out, FAILED_FILE)
    grader = grader_of(config.out, recipe)
    if grader and config.grader is None:
        raise OutputError(
            f"Texts that were graded must keep their grades. Those in {config.out} have grades of "
            f"{grader!r}, and the call has no {setting_name(WriteConfig, 'grader')}. Give --grade "
            f"{grader} again, which asks nothing twice. If they shall lose their grades, "
            f"move {data_file(config.out, recipe)} and {failed} away first."
        )
    for name, count in _uncounted(config).items():
        if name in HELD_TO:
            raise OutputError(
                f"Texts that were found to be wrong must not count. {failed} has {count:,} that "
                f"{option_of(WriteConfig, name)} found, and the call has no "
                f"{setting_name(WriteConfig, name)}. Give it again, which repeats nothing. If they shall "
                f"count, move {failed} away first."
            )


def tell_changes(config: WriteConfig, recipe: str, reporter: Reporter) -> None:
    """Say which grades leave the texts for those of another model, and how many texts count that did not."""
    grader = grader_of(config.out, recipe)
    if grader and grader != config.grader:
        reporter.say(
            f"The texts here have grades of {grader}. They get grades of {config.grader} instead. The "
            "earlier ones stay in the journal: with the earlier --grade they are there again, for nothing."
        )
    for name, count in _uncounted(config).items():
        option = option_of(WriteConfig, name)
        reporter.say(f"Without {option}, texts count that it threw away before: {count:,}.")


def grader_of(out: str, recipe: str) -> str:
    """Return the model whose grades texts of a folder have; empty where they have none."""
    places = (data_file(out, recipe), Path(out, FAILED_FILE))
    return next((str(one) for path in places for one in _column(path, "grader") if one), "")


def _uncounted(config: WriteConfig) -> Counter[str]:
    """Return how many texts were thrown away by settings that a call lacks."""
    reasons = _column(Path(config.out, FAILED_FILE), "reason")
    found = Counter(FOUND_BY[reason] for reason in filter(None, reasons) if reason in FOUND_BY)
    return Counter({name: count for name, count in found.items() if not config.is_given(name)})


def _column(path: Path, name: str) -> list[str | None]:
    """Return a column of a file of texts; nothing where there is none, or it is not as it was written."""
    try:
        found: list[str | None] = pq.read_table(path, columns=[name])[name].to_pylist()
    except (OSError, KeyError, pa.ArrowException):
        return []
    return found
