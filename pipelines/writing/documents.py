"""Draws over the documents of a dump: a document is a draw, in an order that follows from recipe and seed."""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from annotations.labels.columns import first_told
from annotations.writing.draws import Draw, Permutation, SlotDraws
from annotations.writing.recipe import Recipe, recipe_digest
from filtering.arrays import Ints
from filtering.errors import BadFileError, SettingsError
from filtering.text.arrow import text_bytes
from filtering.text.windows import REACH, cut_window
from pipelines.dump.batches import read_batches
from pipelines.dump.inputs import find_inputs
from pipelines.dump.parts import Part
from pipelines.dump.rows import Row, RowReader
from pipelines.dump.split_files import PartSize, split_files
from pipelines.dump.texts_of_tables import texts_of
from pipelines.settings.writing import WriteConfig

LICENSES = ("license", "licenses", "max_stars_repo_licenses", "detected_licenses")
"""Columns that say under which licence a document is: of Common Pile and Common Corpus, and of The Stack."""
IS_WHOLE = "source_is_whole"
"""Column that says whether all of the document was shown: of a long one beginning, middle and end are."""
SOURCE = {
    "source_file": pa.string(),
    "source_row": pa.int64(),
    "source_id": pa.string(),
    "source_url": pa.string(),
    "source_license": pa.string(),
    IS_WHOLE: pa.bool_(),
}
"""Columns that say where the document of a text comes from, as far as the input tells."""


class DocumentDraws:
    """The draws of a recipe over documents; those without text are passed over.

    Parameters
    ----------
    recipe : Recipe
    slots : SlotDraws
        What is drawn beside documents.
    config : WriteConfig

    Attributes
    ----------
    most : int
        How many draws there are.
    digest : str
        Of the files, as their footers tell them apart.
    not_read : list of str
        Which files are no Parquet, in words.
    unreadable : dict of str to str
        Why parts of files could not be read, by name.

    Raises
    ------
    SettingsError
        If there are no such files, or they hold no rows.
    """

    def __init__(self, recipe: Recipe, slots: SlotDraws, config: WriteConfig) -> None:
        self._slots = slots
        self.not_read: list[str] = []
        dump = split_files(
            find_inputs(config.inputs, config.out, self.not_read.append),
            text_column=config.text_column,
            size=PartSize(rows=1),
        )
        self._parts = dump.parts
        self._read = RowReader(dump.text_column, config.group_column, more=("id", "url", *LICENSES))
        self._ends = np.cumsum(dump.parts.column("rows"))
        rows = int(self._ends[-1]) if len(self._ends) else 0
        if not rows:
            raise SettingsError("--from must name files with documents. Found none with rows.")
        self._permuted = Permutation(rows, f"{recipe_digest(recipe)}/{config.seed}/documents")
        self.most = rows * recipe.per_draw
        told = sorted({f"{part.relative} {part.size_bytes} {part.footer_sha256}" for part in dump.parts})
        self.digest = hashlib.sha256("\n".join(told).encode()).hexdigest()
        self.unreadable = {one.relative: one.why for one in dump.set_aside}

    def between(self, start: int, stop: int) -> Iterator[Draw]:
        """Yield the draws from one number up to another, in the order of the dump."""
        rows = np.array(
            [self._permuted(at % self._permuted.size) for at in range(start, stop)], dtype=np.int64
        )
        order = np.argsort(rows, kind="stable")
        rows, numbers = rows[order], order + start
        bounds = np.searchsorted(rows, [0, *self._ends])
        for at in np.flatnonzero(np.diff(bounds)).tolist():
            some = slice(bounds[at], bounds[at + 1])
            first = int(self._ends[at] - self._parts[at].rows)
            yield from self._of_part(self._parts[at], rows[some] - first, numbers[some])

    def _of_part(self, part: Part, rows: Ints, numbers: Ints) -> Iterator[Draw]:
        try:
            for row in self._read(part, np.unique(rows)):
                text = (row.data or b"").decode(errors="replace")
                if not text.strip():
                    continue
                document = cut_window(text, REACH)
                for number in numbers[rows == row.number].tolist():
                    repeat = 1 + number // self._permuted.size
                    group = str(row.origin["group"])
                    source = {**_source_of(row), IS_WHOLE: document == text}
                    yield self._slots.of_document(number, document, group, repeat, source)
        except BadFileError as error:
            self.unreadable[part.name] = str(error)


def _source_of(row: Row) -> dict[str, Any]:
    """Return the values of `SOURCE` for a document."""
    told = {
        "id": row.values.get("id"),
        "url": row.values.get("url"),
        "license": first_told(row.values, LICENSES),
    }
    texts = {
        f"source_{name}": ", ".join(filter(None, value)) if isinstance(value, list) else str(value)
        for name, value in told.items()
        if value not in (None, "", [])
    }
    return {"source_file": row.origin["file"], "source_row": row.origin["row"], **texts}


@dataclass(frozen=True)
class OtherText:
    """A text that others are compared with, as far as signals read it.

    Parameters
    ----------
    file : str
        As messages name it.
    row : int
        In that file.
    text : str
    """

    file: str
    row: int
    text: str


def texts_of_files(
    inputs: tuple[str, ...], out: str, tell: Callable[[str], object] | None = None
) -> Iterator[OtherText]:
    """Yield the texts of files; `tell` is told which files of folders are no Parquet.

    Raises
    ------
    SettingsError, BadFileError
        If there are none, or one cannot be read.
    """
    dump = split_files(find_inputs(inputs, out, tell), text_column=None, size=PartSize(rows=1), strict=True)
    for part in dump.parts:
        row = part.first_row
        for batch in read_batches(part.path, part.row_groups, [dump.text_column], checksums=True):
            for number, data in enumerate(text_bytes(texts_of(batch, dump.text_column)), row):
                if data is not None:
                    text = cut_window(data.decode(errors="replace"), REACH)
                    yield OtherText(part.relative, number, text)
            row += len(batch)
