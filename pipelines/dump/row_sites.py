"""Tells the site, book or repository that rows of a part are from, without reading their texts."""

from collections.abc import Collection

from annotations.labels.columns import GROUP_COLUMNS, group_of
from pipelines.dump.batches import read_batches
from pipelines.dump.parts import Part
from pipelines.dump.reading import open_parquet


def sites_of(part: Part, rows: Collection[int], *, checksums: bool) -> dict[int, str]:
    """Return where rows are from: by a column such as ``group`` or ``repo``, else by the host of ``url``.

    A row of which nothing tells that is a site of its own.

    Parameters
    ----------
    part : Part
    rows : collection of int
        Of the part, counted from the first row of the file.
    checksums : bool
        Whether the checksums of pages are checked.

    Raises
    ------
    BadFileError
        If the file cannot be read.
    """
    found = {row: f"{part.relative}#{row}" for row in rows}
    with open_parquet(part.path, checksums=checksums) as file:
        names = file.schema_arrow.names
    columns = [name for name in (*GROUP_COLUMNS, "url") if names.count(name) == 1]
    if not columns:
        return found
    first = part.first_row
    for batch in read_batches(part.path, part.row_groups, columns, rows=part.row_range, checksums=checksums):
        for row in found.keys() & range(first, first + batch.num_rows):
            values = {name: batch.column(name)[row - first].as_py() for name in columns}
            found[row] = group_of(values, None, found[row])
        first += batch.num_rows
    return found
