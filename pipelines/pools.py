"""Pools: documents without labels, of the kind that will be filtered."""

import pyarrow as pa

from annotations.sources import read_table
from annotations.tables import GROUP_COLUMNS, group_of
from filtering.errors import LabelsError
from pipelines.config_base import TEXT_COLUMNS


def read_pool(source: str) -> tuple[pa.ChunkedArray, list[str]]:
    """Return the texts of a pool, and where each is from.

    Parameters
    ----------
    source : str
        As `TrainConfig.pool`.

    Raises
    ------
    LabelsError
        If it has no column of texts.
    """
    table, name = read_table(source, [*TEXT_COLUMNS, *GROUP_COLUMNS, "url"])
    column = next((one for one in TEXT_COLUMNS if one in table.column_names), None)
    if column is None:
        raise LabelsError(f"{name} must have one of the columns {', '.join(TEXT_COLUMNS)}. It has none.")
    rows = table.drop_columns(column).to_pylist() if table.num_columns > 1 else [{}] * len(table)
    return table[column], [group_of(row, None, f"#{number}") for number, row in enumerate(rows)]
