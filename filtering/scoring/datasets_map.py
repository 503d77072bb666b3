"""Scorers in the forms that other libraries take: a function of a batch, and one of an Arrow array."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any, Literal, Protocol

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from filtering.errors import ColumnError, ShapeError
from filtering.printable import listed
from filtering.text.arrow import Texts
from filtering.text.language_names import LANGUAGE_COLUMNS
from filtering.text.text_columns import find_text_column

TABLES = (pa.Table, pa.RecordBatch)
UnsureColumn = Literal["flag", "keep"]


class Scored(Protocol):
    """What is read of `filtering.scoring.scores.Scores`."""

    @property
    def value(self) -> NDArray[np.float32]:
        """Rubric points."""
        ...

    @property
    def reasons(self) -> list[str | None]:
        """Why there are none, by name."""
        ...


class Scoring(Protocol):
    """What is asked of a scorer."""

    def score(self, texts: Texts) -> Scored:
        """Score documents."""
        ...

    def tell_unsure(self, texts: Texts, named: Sequence[str | None] | None = None) -> list[bool | None]:
        """Return which documents are in a language that the scorer does not know."""
        ...


class Mappable:
    """Gives a scorer the forms that other libraries take."""

    def score_arrow(self: Scoring, texts: pa.Array | pa.ChunkedArray) -> pa.Array:
        """Return the scores of an Arrow array of texts as another: what DuckDB, polars and pandas take.

        Parameters
        ----------
        texts : Array or ChunkedArray, length n
            Strings, bytes, or a dictionary of them.

        Returns
        -------
        float32 Array, length n
            Rubric points in [0, 5]; null where there is no score.

        Raises
        ------
        ShapeError
            If `texts` is no Arrow array, or holds no text.

        Examples
        --------
        >>> import pyarrow as pa
        >>> from filtering import load_scorer
        >>> load_scorer("web").score_arrow(pa.array(["", None])).null_count
        2
        """
        if not isinstance(texts, (pa.Array, pa.ChunkedArray)):
            raise ShapeError(
                f"'texts' must be an Arrow array. Got {type(texts).__name__} instead. Make one of it: "
                "pyarrow.array(texts)."
            )
        if pa.types.is_null(texts.type):  # as a batch without a single text has it
            return pa.nulls(len(texts), pa.float32())
        value = self.score(texts).value
        return pa.array(value, mask=np.isnan(value))

    def as_map(
        self: Scoring,
        *,
        text_column: str | None = None,
        score_column: str = "edu_score",
        unsure: UnsureColumn = "flag",
    ) -> Callable[[Any], Any]:
        """Return a function of a batch, for ``datasets.Dataset.map(..., batched=True)`` and the like.

        A mapping of columns gives those that are new. An Arrow table or record batch gives one with them.

        It adds three columns: the score, None where there is none; the reason for that, None where
        there is a score; and whether the score is unsure, for the scorer has few labels of the document's
        language (as a column ``lang`` or ``language`` says, else as it is detected), None where that is not
        known. It can be sent to other processes (``num_proc``), and `datasets` knows it again
        when it looks for what it did before.

        Parameters
        ----------
        text_column : str, optional
            Column that holds the text. If not given, the only one of text, content, raw_content and code that
            does.
        score_column : str
            Name of the column of scores; ``<name less _score>_reason`` and ``_unsure`` are the others.
        unsure : {"flag", "keep"}
            keep leaves the last column out. To detect a language takes about as long as a score of words and
            style.

        Raises
        ------
        ColumnError
            When it is called, if there is no such column, or there are several.
        ShapeError
            When it is called, if it is not given a batch.

        Examples
        --------
        >>> from filtering import load_scorer
        >>> load_scorer("web").as_map()({"text": ["", "A prime has two divisors."]})["edu_reason"]
        ['empty', None]
        """
        return partial(_score_columns, self, text_column, score_column, unsure)


class _Column(list[Any]):
    """A list that becomes Arrow of one type, even where all of it is None.

    `datasets` takes the type of a column from the first batch: there hardly any document has a reason.
    """

    def __init__(self, values: Iterable[Any], kind: pa.DataType) -> None:
        super().__init__(values)
        self.kind = kind

    def __arrow_array__(self, type: pa.DataType | None = None) -> pa.Array:
        return pa.array(list(self), type or self.kind)


def _score_columns(
    scorer: Scoring,
    text_column: str | None,
    score_column: str,
    unsure: UnsureColumn,
    batch: Any,  # noqa: ANN401 - as `datasets` has it
) -> Any:  # noqa: ANN401
    if not isinstance(batch, (Mapping, *TABLES)):
        raise ShapeError(
            f"A batch must be a mapping of columns, or an Arrow table. Got {type(batch).__name__} instead. "
            "Of rows or a frame make a table: pyarrow.Table.from_pylist or from_pandas. Give a data set of "
            "`datasets` another format: dataset.with_format(None)."
        )
    texts = _texts_of(batch, text_column)
    scores = scorer.score(texts)
    names = scores.reasons
    values = [None if name else float(value) for value, name in zip(scores.value, names, strict=True)]
    stem = score_column.removesuffix("_score")
    columns = {
        score_column: _Column(values, pa.float32()),
        f"{stem}_reason": _Column(names, pa.string()),
    }
    if unsure == "flag":
        told = scorer.tell_unsure(texts, _named_languages(batch, len(values)))
        columns[f"{stem}_unsure"] = _Column(told, pa.bool_())
    if isinstance(batch, Mapping):
        return columns
    # `datasets` merges columns with a mapping; an Arrow table it takes as it is given back.
    table = batch.drop_columns([name for name in columns if name in batch.column_names])
    for name, column in columns.items():
        table = table.append_column(name, pa.array(column))
    return table


def _named_languages(batch: Any, rows: int) -> list[str | None]:  # noqa: ANN401 - as `datasets` has it
    """Return what columns of languages say of each row: the first of them that says something."""
    names = batch.column_names if isinstance(batch, TABLES) else list(batch)
    found: list[str | None] = [None] * rows
    for name in (name for name in LANGUAGE_COLUMNS if name in names):
        values = batch[name].to_pylist() if isinstance(batch, TABLES) else batch[name]
        pairs = zip(found, values, strict=True)
        found = [had or (value if isinstance(value, str) else None) for had, value in pairs]
    return found


def _texts_of(batch: Any, text_column: str | None) -> Texts:  # noqa: ANN401 - as `datasets` has it
    """Return the texts of a batch; one row is none."""
    names = batch.column_names if isinstance(batch, TABLES) else list(batch)
    if text_column is None:
        kinds = (
            batch.schema
            if isinstance(batch, TABLES)
            else pa.schema([(name, _kind_of(batch[name])) for name in names])
        )
        text_column = find_text_column(kinds, "A batch", option="as_map(text_column=...)")
    elif text_column not in names:
        raise ColumnError(
            f"A batch must have the column {text_column!r}. Found {listed(names)}. Name another one with "
            "as_map(text_column=...)."
        )
    texts: Texts = batch[text_column]
    if isinstance(texts, (str, bytes)) or texts is None:
        raise ShapeError(
            "as_map() must be given batches. Got one row instead: call dataset.map(scorer.as_map(), "
            "batched=True)."
        )
    return texts


def _kind_of(values: Any) -> pa.DataType:  # noqa: ANN401 - a column of `datasets`, or one value
    """Return the type of a column as far as it matters: text, nothing, or something else."""
    first = values
    if not isinstance(values, (str, bytes)) and values is not None:
        first = (
            next((one for one in values if one is not None), None) if isinstance(values, Iterable) else values
        )
    if first is None:
        return pa.null()
    return pa.string() if isinstance(first, (str, bytes)) else pa.bool_()
