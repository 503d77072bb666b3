"""Scorers in the form that `datasets` takes: a function of a batch."""

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any, Protocol

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from filtering.errors import ShapeError
from filtering.text.arrow import REASONS, Texts


class Scored(Protocol):
    """What is read of `filtering.scoring.scorers.Scores`."""

    @property
    def value(self) -> NDArray[np.float32]:
        """Rubric points."""
        ...

    @property
    def reason(self) -> NDArray[np.uint8]:
        """Why there are none."""
        ...


class Scoring(Protocol):
    """What is asked of a scorer."""

    def score(self, texts: Texts) -> Scored:
        """Score documents."""
        ...


class Mappable:
    """Gives a scorer the form that `datasets` takes."""

    def as_map(
        self: Scoring, *, text_column: str = "text", score_column: str = "edu_score"
    ) -> Callable[[Any], Any]:
        """Return a function for ``datasets.Dataset.map(..., batched=True)``.

        It adds two columns: the score, None where there is none, and the reason for that, None where
        there is a score. It can be sent to other processes (``num_proc``), and `datasets` knows it again
        when it looks for what it did before.

        Parameters
        ----------
        text_column : str
            Column that holds the text.
        score_column : str
            Name of the column of scores; ``<name less _score>_reason`` is the other.

        Examples
        --------
        >>> from filtering import load_scorer
        >>> load_scorer("web").as_map()({"text": ["", "A prime has two divisors."]})["edu_reason"]
        ['empty', None]
        """
        return partial(_score_columns, self, text_column, score_column)


class _Column(list[Any]):
    """A list that becomes Arrow of one type, even where all of it is None.

    `datasets` takes the type of a column from the first batch: there hardly any document has a reason.
    """

    def __init__(self, values: Iterable[Any], kind: pa.DataType) -> None:
        super().__init__(values)
        self.kind = kind

    def __arrow_array__(self, type: pa.DataType | None = None) -> pa.Array:
        return pa.array(list(self), type or self.kind)


def _score_columns(scorer: Scoring, text_column: str, score_column: str, batch: Any) -> Any:  # noqa: ANN401 - as `datasets` has it
    if not isinstance(batch, (Mapping, pa.Table)):
        raise ShapeError(
            f"A batch must be a mapping of columns, or an Arrow table. Got {type(batch).__name__} instead. "
            "Give the data set another format: dataset.with_format(None)."
        )
    scores = scorer.score(batch[text_column])
    names = [REASONS[code] or None for code in scores.reason]
    values = [None if name else float(value) for value, name in zip(scores.value, names, strict=True)]
    columns = {
        score_column: _Column(values, pa.float32()),
        f"{score_column.removesuffix('_score')}_reason": _Column(names, pa.string()),
    }
    if isinstance(batch, Mapping):
        return columns
    # `datasets` merges columns with a mapping; an Arrow table it takes as it is given back.
    table = batch.drop_columns([name for name in columns if name in batch.column_names])
    for name, column in columns.items():
        table = table.append_column(name, pa.array(column))
    return table
