"""Tells the site, book or repository that rows of a part are from, without reading their texts."""

from collections.abc import Collection

import numpy as np

from annotations.labels.columns import GROUP_COLUMNS, group_of
from pipelines.dump.parts import Part
from pipelines.dump.reading import open_parquet
from pipelines.dump.rows import rows_of_part


def sites_of(part: Part, rows: Collection[int], *, checksums: bool) -> dict[int, str]:
    """Return where rows are from: by a column such as ``group`` or ``repo``, else by the host of ``url``.

    A row of which nothing tells that is a site of its own. Row groups without any of the rows are not read.

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
    wanted = np.array(sorted(found), dtype=np.int64) - part.first_row
    with open_parquet(part.path, checksums=checksums) as file:
        names = file.schema_arrow.names
        columns = [name for name in (*GROUP_COLUMNS, "url") if names.count(name) == 1]
        chosen = rows_of_part(file, part, wanted, columns, checksums=checksums) if columns else ()
        for numbers, batch in chosen:
            for row, values in zip((numbers + part.first_row).tolist(), batch.to_pylist(), strict=True):
                found[row] = group_of(values, None, found[row])
    return found
