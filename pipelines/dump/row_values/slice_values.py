"""What a column says of each row of a part: the values by which documents are told apart, with few names."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import get_close_matches

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from annotations.labels.code_languages import LANGUAGE_COLUMNS, PATH_COLUMNS
from annotations.labels.columns import host_of, is_string
from filtering.arrays import Bools, Ints
from filtering.errors import SettingsError
from filtering.printable import listed, printable
from filtering.scoring.unsure import BEGINNING_BYTES
from filtering.text.arrow import text_beginnings
from filtering.text.human_languages import load_detector
from pipelines.dump.batches import read_batches
from pipelines.dump.parts import Part
from pipelines.dump.reading import open_parquet
from pipelines.dump.row_values.row_languages import languages_of, telling_columns
from pipelines.dump.texts_of_tables import text_path, texts_of

HOST, LANGUAGE, PATH, URL = "host", "language", "path", "url"
"""Values that more than one column may tell."""
STEPS = re.compile(r"(.+):([1-9]\d?)")
SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")
NO_VALUE = "(none)"


@dataclass(frozen=True)
class By:
    """What tells rows apart.

    Parameters
    ----------
    column : str
        A column, or one of ``host`` and ``language``.
    steps : int
        Of a path or an address: so many of its first steps. 0 is the whole value.
    """

    column: str
    steps: int = 0

    @classmethod
    def read(cls, words: str) -> "By":
        """Return what words like ``language`` or ``path:1`` name.

        Examples
        --------
        >>> By.read("path:2"), By.read("genre")
        (By(column='path', steps=2), By(column='genre', steps=0))
        """
        found = STEPS.fullmatch(words)
        if found and found[1] in (HOST, LANGUAGE):
            raise SettingsError(f"--by {found[1]} must come without steps. Got {words!r}. Use {found[1]!r}.")
        return cls(found[1], int(found[2])) if found else cls(words)

    @property
    def words(self) -> str:
        """What it is called."""
        return f"{self.column}:{self.steps}" if self.steps else self.column

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that may tell it, the first that is there does."""
        others = {HOST: (URL,), LANGUAGE: LANGUAGE_COLUMNS, PATH: PATH_COLUMNS}.get(self.column, ())
        return tuple(dict.fromkeys((self.column, *others)))

    def name_in(self, column: str, value: object) -> str | None:
        """Return the name of a value of one of these columns; None where it says nothing."""
        if self.column == HOST and column == URL:
            value = host_of(value if isinstance(value, str) else None)
        return self.name_of(value)

    def name_of(self, value: object) -> str | None:
        r"""Return the name of a value; None where it says nothing.

        Examples
        --------
        >>> By("path", 1).name_of("src/a/b.py"), By("url", 2).name_of("https://a.b/c/d"), By("n").name_of(3)
        ('src', 'a.b/c', '3')
        """
        if value is None or value in ("", b""):
            return None
        text = value.decode("utf-8", "backslashreplace") if isinstance(value, bytes) else str(value)
        if self.steps:
            steps = [step for step in SCHEME.sub("", text, count=1).split("/") if step]
            text = "/".join(steps[: self.steps])
        return text or None


@dataclass(frozen=True)
class SliceReader:
    """Reads the names of slices of rows.

    Parameters
    ----------
    by : By
    text_column : str
    of_code : bool
        Whether a language is one of programs.
    checksums : bool
        Whether the checksums of pages are checked.
    """

    by: By
    text_column: str
    of_code: bool = False
    checksums: bool = True

    def column_in(self, path: str) -> str | None:
        """Return the column of a file that tells values; None where texts have to, or nothing does."""
        with open_parquet(path) as file:
            return self._column(file.schema_arrow)

    def __call__(self, part: Part, wanted: Bools) -> Iterator[pa.Array]:
        """Yield the names of a part's rows batch by batch, dictionaries or texts; null where there is none.

        Parameters
        ----------
        part : Part
        wanted : bool array, shape (rows,)
            Rows whose language is looked for, where no column tells it.

        Raises
        ------
        SettingsError
            If the file has no such column, or one that cannot be told apart.
        """
        with open_parquet(part.path, checksums=self.checksums) as file:
            schema = file.schema_arrow
        column, columns = self._column(schema), self._columns(schema, part.path)
        first = 0
        for batch in read_batches(
            part.path, part.row_groups, columns, rows=part.row_range, checksums=self.checksums
        ):
            if column is None:
                yield self._found(batch, np.flatnonzero(wanted[first : first + batch.num_rows]))
            else:
                yield self._named(texts_of(batch, column), column, part.path)
            first += batch.num_rows

    def _column(self, schema: pa.Schema) -> str | None:
        """Return the column of a file that tells values; None where texts have to."""
        paths = ((name, text_path(schema, name)) for name in self.by.columns)
        return next((name for name, path in paths if path and schema.names.count(path[0]) == 1), None)

    def _columns(self, schema: pa.Schema, path: str) -> list[str]:
        """Return the columns to read.

        Raises
        ------
        SettingsError
            If there are none.
        """
        column = self._column(schema)
        if column is not None:
            return [column]
        if self.by.column == LANGUAGE and not self.by.steps:
            return [self.text_column, *telling_columns(schema)]
        wanted = " or ".join(map(repr, self.by.columns))
        known = [*schema.names, HOST, LANGUAGE]
        near = next(iter(get_close_matches(self.by.column, known, n=1)), "")
        meant = f"Did you mean {near!r}?" if near and near not in self.by.columns else "Name one of them."
        raise SettingsError(
            f"{path} must have a column {wanted} for --by. Found {listed(schema.names)}. {meant}"
        )

    def _named(self, values: pa.Array, column: str, path: str) -> pa.Array:
        try:
            if is_string(values.type):  # views have no dictionary (pyarrow 26.0)
                values = self._beginnings(values.cast(pa.large_string()), column)
            coded = values if pa.types.is_dictionary(values.type) else values.dictionary_encode()
            known = coded.dictionary.to_pylist()
        except (pa.ArrowException, NotImplementedError, TypeError) as error:
            raise SettingsError(
                f"{column!r} in {path} must hold texts, numbers or the like for --by. Got {values.type} "
                "instead. Name another column."
            ) from error
        names = [self.by.name_in(column, value) for value in known]
        return pa.DictionaryArray.from_arrays(coded.indices, pa.array(names, pa.string()))

    def _beginnings(self, values: pa.Array, column: str) -> pa.Array:
        """Return so much of texts as tells their names: of addresses and paths few differ then."""
        if self.by.column == HOST and column == URL:
            enough = r"[\x00-\x20]*(?:[A-Za-z][A-Za-z0-9+.\-]*:)?//[^/?#]*"
        elif self.by.steps:
            enough = rf"(?:{SCHEME.pattern})?/*(?:[^/]*/+){{0,{self.by.steps - 1}}}[^/]*"
        else:
            return values
        return pc.struct_field(pc.extract_regex(values, f"^(?P<start>{enough})"), "start")

    def _found(self, batch: pa.RecordBatch, rows: Ints) -> pa.Array:
        """Return the languages of some rows of a batch, as a run tells them."""
        columns = {name: batch.column(name).to_pylist() for name in telling_columns(batch.schema)}
        origins = [{name: values[row] for name, values in columns.items()} for row in rows.tolist()]
        texts = text_beginnings(texts_of(batch, self.text_column), rows, BEGINNING_BYTES)
        names: list[str | None] = [None] * batch.num_rows
        for row, name in zip(rows.tolist(), languages_of(texts, origins, of_code=self.of_code), strict=True):
            names[row] = name
        return pa.array(names, pa.string())

    def check(self) -> None:
        """Load what tells languages in texts.

        Raises
        ------
        MissingExtraError
            If it is not installed.
        """
        if not self.of_code:
            load_detector()


def shown(name: str | None) -> str:
    """Return the name of a slice as it is shown and written."""
    return NO_VALUE if name is None else printable(name)
