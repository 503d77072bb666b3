"""The scores that a run stored, and the rule from a score to what is kept."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipelines.plan import Part
from pipelines.reading import open_parquet
from pipelines.store import RunFolder


def read_scores(folder: RunFolder, part: Part, *columns: str) -> list[NDArray[Any]]:
    """Return columns of what a run stored of a part, each of shape (rows,).

    Parameters
    ----------
    folder : RunFolder
    part : Part
    columns : str
        ``edu_score``: float32, rubric points, NaN where a document has none; ``edu_stage``: uint8, places in
        `filtering.scorers.STAGES`; ``edu_reason``: uint8, places in `filtering.documents.REASONS`.
    """
    with open_parquet(str(folder.scores / part.output)) as file:
        table = file.read(columns=list(columns), use_threads=False)
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
