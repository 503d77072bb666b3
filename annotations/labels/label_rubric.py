"""The rubric that labels follow: a table of labels carries it with it, wherever its file goes."""

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from annotations.asking.rubric import Rubric
from annotations.labels.sources import LABELS_FILE

KEY = b"edufilter.rubric"
"""In the metadata of a table, and so in the footer of its file."""


def with_rubric(table: pa.Table, rubric: Rubric | None) -> pa.Table:
    """Return a table that names a rubric; as it is where there is none.

    Examples
    --------
    >>> from annotations.asking.rubric import load_rubric
    >>> sorted(with_rubric(pa.table({}), load_rubric("web")).schema.metadata)
    [b'edufilter.rubric']
    """
    return table if rubric is None else table.replace_schema_metadata({KEY: rubric.model_dump_json()})


def rubric_of(source: Any) -> Rubric | None:  # noqa: ANN401 - a path, or an object of `datasets`
    """Return the rubric that labels name; None where they name none, or none that can be read.

    Parameters
    ----------
    source : str or datasets.Dataset or datasets.IterableDataset
        As `read_labels` takes it. Only a folder that `edufilter annotate` wrote, or the table in it, names
        one.
    """
    if not isinstance(source, str):
        return None
    path = Path(source, LABELS_FILE) if Path(source).is_dir() else Path(source)
    try:
        with open(path, "rb") as file:
            told = (pq.read_schema(file).metadata or {}).get(KEY)
        return None if told is None else Rubric.model_validate_json(told)
    except (OSError, ValueError, pa.ArrowException):  # another form of labels, or a key that is not ours
        return None
