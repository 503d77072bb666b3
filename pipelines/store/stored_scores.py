"""The scores that a run stores: how they lie there, how they are read, and the rule from a score to kept."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from filtering import Scores
from pipelines.dump.parts import Part
from pipelines.dump.reading import open_parquet
from pipelines.store.run_folder import RunFolder, as_written

SCORES_GROUP_ROWS = 1 << 20
"""Rows of a row group, of hits as well."""

SCORES_SCHEMA = pa.schema(
    [
        ("edu_score", pa.float32()),
        ("edu_stage", pa.uint8()),
        ("edu_reason", pa.uint8()),
        ("edu_unsure", pa.uint8()),
    ]
)
"""Of `run/scores`: null score where there is a reason; codes of `filtering.documents.REASONS`."""
KNOWN, UNSURE = 1, 2
"""Codes of ``edu_unsure``: the scorer knows the language of the document, or does not. 0 says that nobody can
tell, or that nobody looked."""


def scores_batch(scores: Scores, unsure: NDArray[np.uint8]) -> pa.RecordBatch:
    """Return scores, and codes of what is unsure, as rows of `SCORES_SCHEMA`."""
    score = pa.array(scores.value, mask=scores.reason > 0)
    columns = [score, pa.array(scores.stage), pa.array(scores.reason), pa.array(unsure)]
    return pa.RecordBatch.from_arrays(columns, schema=SCORES_SCHEMA)


def read_scores(folder: RunFolder, part: Part, *columns: str) -> list[NDArray[Any]]:
    """Return columns of what a run stored of a part, each of shape (rows,).

    Parameters
    ----------
    folder : RunFolder
    part : Part
    columns : str
        ``edu_score``: float32, rubric points, NaN where a document has none; ``edu_stage``: uint8, places in
        `filtering.scoring.scorers.STAGES`; ``edu_reason``: uint8, places in `filtering.documents.REASONS`;
        ``edu_unsure``: uint8, 0, `KNOWN` or `UNSURE`.
    """
    place = folder.place_of(folder.scores, part.output)
    with as_written(place), open_parquet(folder.own_file(place)) as file:
        wanted = pa.schema([SCORES_SCHEMA.field(name) for name in columns])
        table = file.read(columns=list(columns), use_threads=False).select(columns).cast(wanted)
    return [table[name].to_numpy() for name in columns]


@dataclass
class Cut:
    """The rule from score to kept: at least `keep_at`, with a quota for those exactly on it.

    Parameters
    ----------
    keep_at : float
        Rubric points.
    tie_quota : int
        Rows with the very score `keep_at` that may still be kept; -1 for any number.
    """

    keep_at: float
    tie_quota: int

    def keep(self, value: NDArray[np.float32]) -> NDArray[np.bool_]:
        """Return which rows are kept; NaN never is.

        Parameters
        ----------
        value : float32 array, shape (n,)
            Rubric points.

        Returns
        -------
        bool array, shape (n,)
        """
        at = np.float32(self.keep_at)
        if self.tie_quota < 0:
            return value >= at
        ties = np.flatnonzero(value == at)[: self.tie_quota]
        self.tie_quota -= len(ties)
        keep = value > at
        keep[ties] = True
        return keep
