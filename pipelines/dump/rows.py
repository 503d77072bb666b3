"""Reads documents of an input by their numbers, with what tells where they come from."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from annotations.labels.columns import GROUP_COLUMNS, ORIGIN_COLUMNS, group_of, origin_of
from filtering.errors import SettingsError
from filtering.printable import listed
from filtering.text.arrow import text_bytes
from filtering.text.text_columns import holds_text
from pipelines.dump.batches import read_chosen, rows_before
from pipelines.dump.parts import Part
from pipelines.dump.reading import OpenParquet, open_parquet, reading
from pipelines.dump.texts_of_tables import text_path, texts_of


@dataclass(frozen=True)
class Row:
    """A document of an input.

    Parameters
    ----------
    number : int
        Its place within the part, from 0.
    data : bytes, optional
        Its text; None where there is none.
    origin : mapping
        ``id``, ``group``, ``file`` and ``row`` of a sample, and what `annotations.tables.origin_of` finds.
    values : mapping
        What its columns say that were read beside the text.
    """

    number: int
    data: bytes | None
    origin: Mapping[str, Any]
    values: Mapping[str, Any]


def rows_of_part(
    file: OpenParquet, part: Part, rows: NDArray[np.int64], columns: list[str], *, checksums: bool
) -> Iterator[tuple[NDArray[np.int64], pa.RecordBatch]]:
    """Yield some rows of a part, and their numbers in it, in order.

    Parameters
    ----------
    file : OpenParquet
        The file of the part.
    part : Part
    rows : int64 array
        Rising, counted within the part.
    columns, checksums
        As in `read_chosen`.
    """
    with reading(part.path):
        skipped = part.first_row - rows_before(file, part.first_row_group)
    chosen = read_chosen(file, part.path, part.row_groups, rows + skipped, columns, checksums=checksums)
    for numbers, batch in chosen:
        yield numbers - skipped, batch


@dataclass(frozen=True)
class RowReader:
    """Reads documents by their numbers, with what tells where they come from.

    Parameters
    ----------
    text_column : str
    group_column : str, optional
        What says which group a document is of; the columns that dumps say it in, if not given.
    checksums : bool
        Whether the checksums of pages are checked.
    more : sequence of str
        Columns to read too, where they hold text, whole numbers, or lists of text.
    """

    text_column: str
    group_column: str | None = None
    checksums: bool = True
    more: Sequence[str] = ()

    def __call__(self, part: Part, rows: NDArray[np.int64]) -> Iterator[Row]:
        """Yield rows of a part, whose file is opened once.

        Parameters
        ----------
        part : Part
        rows : int64 array
            Rising, counted within the part.

        Raises
        ------
        SettingsError
            If the file has no `group_column`.
        BadFileError, RunError
            If the file cannot be read.
        """
        with open_parquet(part.path, checksums=self.checksums) as file:
            columns = self._columns(part.path, file.schema_arrow)
            for numbers, batch in rows_of_part(file, part, rows, columns, checksums=self.checksums):
                texts = text_bytes(texts_of(batch, self.text_column))
                column = text_path(batch.schema, self.text_column)[0]
                others = batch.drop_columns([column]).to_pylist()
                for number, text, values in zip(numbers.tolist(), texts, others, strict=True):
                    origin = self._origin(part.relative, part.first_row + number, values)
                    yield Row(number, text, origin, values)

    def _origin(self, file: str, row: int, values: Mapping[str, Any]) -> dict[str, Any]:
        name = f"{file}#{row}"
        group = group_of(values, self.group_column, name)
        return {**origin_of(values), "id": name, "group": group, "file": file, "row": row}

    def _columns(self, path: str, schema: pa.Schema) -> list[str]:
        if self.group_column is not None and self.group_column not in schema.names:
            raise SettingsError(
                f"{path} must have a column {self.group_column!r}. Found {listed(schema.names)}. "
                "Name another one with --group-column."
            )
        groups = GROUP_COLUMNS if self.group_column is None else (self.group_column,)
        strings = [field.name for field in schema if holds_text(field.type)]
        told = [name for name in strings if name in {*ORIGIN_COLUMNS, *groups}]
        told += [field.name for field in schema if field.name in self.more and _is_plain(field.type)]
        return list(dict.fromkeys([self.text_column, *told, *filter(None, [self.group_column])]))


def _is_plain(kind: pa.DataType) -> bool:
    """Tell whether a column holds text, whole numbers, or lists of text."""
    is_list = pa.types.is_list(kind) or pa.types.is_large_list(kind)
    return pa.types.is_integer(kind) or bool(holds_text(kind.value_type if is_list else kind))
