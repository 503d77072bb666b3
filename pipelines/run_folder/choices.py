"""How often each row of a run is used: by its score alone, or as a new cut has chosen before its parts run.

A choice that more than a score decides is a file for each part, below ``run/choice``. Workers, and whoever
asks later what a run kept, look it up.
"""

import hashlib
from typing import Any

import numpy as np
import pyarrow as pa

from filtering.arrays import Bytes, Floats32
from filtering.errors import OutputError
from pipelines.dump.parts import Part
from pipelines.dump.reading import open_parquet
from pipelines.run_folder.folder import RunFolder
from pipelines.run_folder.own_files import as_written, of_schema
from pipelines.run_folder.stored_scores import reach
from pipelines.settings.choosing import MOST_REPEATS

CHOICE_SCHEMA = pa.schema([("times", pa.uint8())])
"""Of `run/choice`: one row a row of the part; 0 is dropped."""


def write_choice(folder: RunFolder, part: Part, times: Bytes) -> None:
    """Publish how often each row of a part is used, shape (rows,)."""
    table = pa.table([pa.array(times)], schema=CHOICE_SCHEMA)
    folder.write_tables(folder.place_of(folder.choice, part.output), CHOICE_SCHEMA, [table])


def read_choice(folder: RunFolder, part: Part) -> Bytes:
    """Return how often each row of a part is used, shape (rows,).

    Raises
    ------
    OutputError
        If the file is not as it was written.
    """
    place = folder.place_of(folder.choice, part.output)
    with as_written(place), open_parquet(folder.own_file(place)) as file:
        table = of_schema(file.read(use_threads=False), CHOICE_SCHEMA)
    times: Bytes = table["times"].to_numpy()
    if len(times) != part.rows or times.max(initial=0) > MOST_REPEATS:
        raise OutputError(
            f"{place} must say of {part.rows:,} rows how often each is used, at most {MOST_REPEATS:g} "
            f"times. It has {len(times):,} rows, and {int(times.max(initial=0))} for the most. Restore it, "
            "or recut into another folder."
        )
    return times


def describe_choice(folder: RunFolder, part: Part) -> dict[str, Any]:
    """Return what a receipt says of the file."""
    content = folder.read_own(folder.place_of(folder.choice, part.output))
    return {"choice_bytes": len(content), "choice_sha256": hashlib.sha256(content).hexdigest()}


def times_of(folder: RunFolder, part: Part, value: Floats32, keep_at: float, *, chosen: bool) -> Bytes:
    """Return how often each row of a part is used, shape (rows,), leaks and unsure documents apart.

    Parameters
    ----------
    folder : RunFolder
    part : Part
    value : float32 array, shape (rows,)
        Rubric points.
    keep_at : float
        The cut, where that decides.
    chosen : bool
        Whether the run has a choice.
    """
    return read_choice(folder, part) if chosen else reach(value, keep_at, part.tie_quota).astype(np.uint8)
