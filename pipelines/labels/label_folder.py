"""A folder of labels: what lies in it, who may write to it, and how its tables follow from its journal.

::

    labels/journal.sqlite    every reply, as it came, for its owner alone; see `annotations.asking.journal`
    labels/ratings.parquet   one row a rating, failures too
    labels/labels.parquet    one row a document with a score: what `train` takes
    labels/lock              held by the running process
"""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from annotations.asking.canaries import CanaryResult
from annotations.asking.journal import Journal
from annotations.labels.code_languages import LANGUAGE_COLUMNS, PATH_COLUMNS
from annotations.labels.columns import GROUP_COLUMNS, SAMPLE_SCHEMA, is_number
from annotations.labels.ratings import labels_table, ratings_table
from annotations.labels.sources import (
    GRADES_FILE,
    JOURNAL_FILE,
    LABELS_FILE,
    TEXTS_FILE,
    read_table,
    require_column,
)
from filtering.errors import OutputError, SettingsError
from filtering.printable import listed
from filtering.text.settings import TEXT_COLUMNS
from filtering.wrong_values import near_name
from pipelines.dump.texts_of_tables import text_path, texts_of
from pipelines.locks import hold_lock
from pipelines.new_files import written_whole
from pipelines.settings.asking import ANY_MODEL, AskingSettings

RATINGS_FILE = "ratings.parquet"
MARKS = {"Labels": RATINGS_FILE, "Texts": TEXTS_FILE, "Grades": GRADES_FILE}
"""What only a folder of this kind holds."""


@dataclass(frozen=True)
class AnnotateResult:
    """What a folder of labels holds after a call.

    Parameters
    ----------
    out : str
    labels : int
        Documents with a score.
    statuses : dict of str to int
        Questions that this call was about, by what became of them; ``not asked`` where the budget ended.
    spent_usd : float
        For all replies that the folder holds, and for questions that a killed process may have paid for.
    open_usd : float
        The latter alone, at the most that they can have cost.
    unpriced : tuple of str
        Models of replies that came without a price: `spent_usd` lacks these.
    last_error : str
        Why a question of this call found no answer; empty if all did.
    canaries : tuple of CanaryResult
        For each rater, where they were asked for.
    cut_texts : int
        Labels whose text lacks some of what signals read of the document.
    domain : str
        What the rubric of the labels is for; empty where no model was asked.
    notes : tuple of str
        What a person should know of imported documents and scores.
    """

    out: str
    labels: int
    statuses: Mapping[str, int]
    spent_usd: float
    open_usd: float = 0.0
    unpriced: tuple[str, ...] = ()
    last_error: str = ""
    canaries: tuple[CanaryResult, ...] = ()
    cut_texts: int = 0
    domain: str = ""
    notes: tuple[str, ...] = ()

    @property
    def exit_code(self) -> int:
        """0, or 3 where the same command would ask again."""
        return 3 if self.statuses.get("not asked") or self.statuses.get("api_error") else 0


@contextmanager
def open_journal(out: str, holds: str) -> Iterator[Journal]:
    """Open the journal of a folder, which no other process may write to meanwhile.

    Parameters
    ----------
    out : str
    holds : str
        What the folder is for, for messages: ``Labels``.
    """
    root = Path(out)
    if root.exists() and not root.is_dir():
        raise OutputError(f"{holds} must go to a folder. {out!r} is a file. Choose another --out.")
    strangers = sorted(set(os.listdir(root)) - {"lock"}) if root.exists() else []
    others = [mark for kind, mark in MARKS.items() if kind != holds and mark in strangers]
    if others or (strangers and JOURNAL_FILE not in strangers):
        raise OutputError(
            f"{holds} must go to a new or empty folder, or to one of {holds.lower()}. {out!r} holds "
            f"{[*others, *strangers][0]!r}. Choose another --out."
        )
    root.mkdir(parents=True, exist_ok=True)
    with hold_lock(root / "lock", root), Journal(_own_journal(root)) as journal:
        yield journal


def journal_there(out: str) -> Journal:
    """Open the journal of a folder to read it; an empty one in memory where there is none."""
    path = Path(out, JOURNAL_FILE)
    return Journal(path if path.exists() else Path(":memory:"))


def price_journal(config: AskingSettings, journal: Journal, out: str) -> None:
    """Price what came without a price, and refuse a budget that does not know what all of a folder cost.

    Raises
    ------
    SettingsError
        If the budget does not know, or a price is of a model that nobody asked or asks.
    """
    refuse_unknown_prices(config, journal)
    for model in (*config.asked_models, *config.prices):
        journal.set_prices(model, config.price_of(model))
    if config.budget_usd is not None and (unknown := journal.models_without_price()):
        raise SettingsError(
            f"A budget needs the price of all that {out} was paid for. Got none for replies of "
            f"{unknown[0]!r}. Give it with --price {unknown[0]}=INPUT/OUTPUT."
        )


def refuse_unknown_prices(config: AskingSettings, journal: Journal) -> None:
    """Refuse a price of a model that is not asked, and that a folder has no replies of."""
    known = [*config.asked_models, *journal.models()]
    unknown = next((one for one in config.prices if one not in (*known, ANY_MODEL)), None)
    if unknown is not None:
        near = near_name(unknown, known)
        raise SettingsError(
            f"--price must be that of a model that is asked: {listed(dict.fromkeys(known))}. Got one of "
            f"{unknown!r}." + (f" Did you mean {near!r}?" if near else "")
        )


def _own_journal(root: Path) -> Path:
    """Return the file of the journal; a new one only its owner can read, for it holds all that was asked."""
    path = root / JOURNAL_FILE
    if path.is_symlink():
        raise OutputError(f"{path} must be a file of its own. It is a link; put the file there.")
    with suppress(FileExistsError):
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
    return path


def write_tables(out: str, journal: Journal) -> pa.Table:
    """Write what follows from the journal; return the labels, one row a document with a score."""
    ratings = ratings_table(journal)
    labels = labels_table(journal, ratings)
    for name, table in ((RATINGS_FILE, ratings), (LABELS_FILE, labels)):
        with written_whole(Path(out, name)) as place, open(place, "wb") as file:
            pq.write_table(table, file, compression="zstd", write_page_checksum=True)
    return labels


def read_documents(
    source: str, text_column: str | None, group_column: str | None, *more: str, called: str = "Documents"
) -> tuple[pa.Table, str]:
    """Read documents, with the columns that a sample has, from any source of labels.

    Without a `text_column` all those that may be it are read; see `pipelines.dump.texts_of_tables`. Messages
    begin with what it is `called`.

    Returns
    -------
    Table, str
        Columns that the source has, `more` among them, and a name for messages.

    Raises
    ------
    LabelsError
        If there is no such source, or it cannot be read, or it lacks one of the two columns.
    """
    texts = [field.name for field in SAMPLE_SCHEMA if not is_number(field.type)]
    texts += [text_column] if text_column else TEXT_COLUMNS
    texts += [group_column] if group_column else GROUP_COLUMNS
    texts += [*LANGUAGE_COLUMNS, *PATH_COLUMNS]
    parts = (text_column or "").split(".")
    above = [".".join(parts[:count]) for count in range(1, len(parts))]  # columns that it may be a field of
    columns = [*texts, *above, *SAMPLE_SCHEMA.names, *more]
    table, name = read_table(source, columns, strings=texts, called=called)
    if text_column and len(text_path(table.schema, text_column)) > 1:
        table = table.append_column(text_column, texts_of(table, text_column))
    for column, option in ((text_column, "--text-column"), (group_column, "--group-column")):
        if column:
            require_column(table, column, option, source, name)
    return table, name
