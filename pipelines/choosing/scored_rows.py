"""The stored scores of a run, part by part, with the size of each document and the slice that it is of."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from annotations.asking.budget import BYTES_PER_TOKEN
from filtering.arrays import Bools, Floats, Floats32, Ints
from pipelines.choosing.row_numbers import RowNumbers
from pipelines.dump.parts import Part, Parts
from pipelines.run_folder.folder import RunFolder
from pipelines.run_folder.stored_scores import SIZE, read_scores
from pipelines.worker.row_chances import row_chances

ALL = "all"
"""Name of the one slice where nothing parts documents."""


@dataclass(frozen=True)
class ScoredRows:
    """The n rows of a part.

    Parameters
    ----------
    part : Part
    score : float32 array, shape (n,)
        Rubric points; NaN where there is none.
    size : int64 array, shape (n,)
        Bytes of each text, or tokens where these were counted.
    group : int64 array, shape (n,)
        Number of its slice.
    """

    part: Part
    score: Floats32
    size: Ints
    group: Ints

    @property
    def scored(self) -> Bools:
        """Which rows have a score, shape (n,)."""
        return ~np.isnan(self.score)

    def chances(self, seed: int) -> Floats:
        """Return a number in [0, 1) for each row: the same for the same seed whenever it is asked for."""
        return row_chances(f"{self.part.relative}\0{seed}", self.part.first_row, self.part.rows)


@dataclass(frozen=True)
class Pool:
    """What a choice is made of. Each iteration reads it once.

    Parameters
    ----------
    folder : RunFolder
        That holds the scores.
    parts : Parts
    sized : bool
        Whether sizes are read: earlier runs stored none, and a plain cut needs none.
    slices : tuple of str
        Names of slices.
    groups : RowNumbers, optional
        Number of each row's slice; None where there is one alone.
    tokens : RowNumbers, optional
        Tokens of each row; None where bytes stand for them.
    combine : str, optional
        What the score is of several scorers; None where there is one.
    """

    folder: RunFolder
    parts: Parts
    sized: bool = True
    slices: tuple[str, ...] = (ALL,)
    groups: RowNumbers | None = None
    tokens: RowNumbers | None = None
    combine: str | None = None

    def __iter__(self) -> Iterator[ScoredRows]:
        first = 0
        for part in self.parts:
            sizes = (SIZE,) if self.sized else ()
            score, *found = read_scores(self.folder, part, "edu_score", *sizes, combine=self.combine)
            size = found[0] if found else np.zeros(part.rows, np.int64)
            if self.tokens is not None:
                size = self.tokens.at(first, part.rows)
            group = np.zeros(part.rows, np.int64) if self.groups is None else self.groups.at(first, part.rows)
            yield ScoredRows(part, score, size.astype(np.int64), group)
            first += part.rows

    @property
    def per_token(self) -> int:
        """What a size counts for a token."""
        return BYTES_PER_TOKEN if self.tokens is None else 1

    @property
    def rows(self) -> int:
        """Rows of all parts."""
        return int(self.parts.column("rows").sum())
