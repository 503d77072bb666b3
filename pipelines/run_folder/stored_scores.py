"""The scores that a run stores: how they lie there, how they are read, and the rule from a score to kept."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from filtering import Scores
from filtering.arrays import Bools, Floats32, Ints
from filtering.errors import OutputError
from filtering.printable import printable
from filtering.scoring.settings import COMBINATIONS
from filtering.scoring.several import combine_scores
from pipelines.dump.parts import Part, Parts
from pipelines.dump.reading import open_parquet
from pipelines.run_folder.folder import RunFolder
from pipelines.run_folder.own_files import as_written

SCORES_GROUP_ROWS = 1 << 20
"""Rows of a row group, of hits as well."""

SCORES_SCHEMA = pa.schema(
    [
        ("edu_score", pa.float32()),
        ("edu_stage", pa.uint8()),
        ("edu_reason", pa.uint8()),
        ("edu_unsure", pa.uint8()),
        ("edu_bytes", pa.uint32()),
    ]
)
"""Of `run/scores`: null score where there is a reason; codes of `filtering.text.arrow.REASONS`."""
OF_EACH = ("edu_score", "edu_stage", "edu_reason")
"""What each of several scorers has columns of as well: ``edu_score_mine``."""
SIZE = "edu_bytes"
"""Earlier runs have no such column (format 9)."""
KNOWN, UNSURE = 1, 2
"""Codes of ``edu_unsure``: the scorer knows the language of the document, or does not. 0 says that nobody can
tell, or that nobody looked."""


def scores_schema(names: Sequence[str]) -> pa.Schema:
    """Return the schema of stored scores, with columns of each of several scorers.

    Examples
    --------
    >>> scores_schema(["mine"]).names[-3:]
    ['edu_score_mine', 'edu_stage_mine', 'edu_reason_mine']
    """
    each = [SCORES_SCHEMA.field(one).with_name(f"{one}_{name}") for name in names for one in OF_EACH]
    return pa.schema([*SCORES_SCHEMA, *each])


def scores_batch(scores: Scores, unsure: NDArray[np.uint8], sizes: Ints) -> pa.RecordBatch:
    """Return scores, codes of what is unsure, and bytes of texts as rows of `scores_schema`."""
    columns = [*_columns(scores), pa.array(unsure), pa.array(sizes.astype(np.uint32))]
    for own in scores.each.values():
        columns += _columns(own)
    return pa.RecordBatch.from_arrays(columns, schema=scores_schema([*scores.each]))


def _columns(scores: Scores) -> list[pa.Array]:
    """Return the columns of `OF_EACH`."""
    score = pa.array(scores.value, mask=scores.reason > 0)
    return [score, pa.array(scores.stage), pa.array(scores.reason)]


def read_scores(
    folder: RunFolder, part: Part, *columns: str, combine: str | None = None
) -> list[NDArray[Any]]:
    """Return columns of what a run stored of a part, each of shape (rows,).

    Parameters
    ----------
    folder : RunFolder
    part : Part
    columns : str
        ``edu_score``: float32, rubric points, NaN where a document has none; ``edu_stage``: uint8, places in
        `filtering.scoring.scores.STAGES`; ``edu_reason``: uint8, places in `filtering.text.arrow.REASONS`;
        ``edu_unsure``: uint8, 0, `KNOWN` or `UNSURE`; ``edu_bytes``: uint32, bytes of text. The first three
        also of a scorer, as ``edu_score_mine``.
    combine : str, optional
        What the first three are of several scorers, whatever the run itself made of these.

    Raises
    ------
    OutputError
        If the file is not as a run wrote it, or has no sizes, as those of earlier runs.
    """
    if combine is not None:
        scores = read_several(folder, part, combine)
        found: dict[str, NDArray[Any]] = dict(
            zip(OF_EACH, (scores.value, scores.stage, scores.reason), strict=True)
        )
        others = [name for name in columns if name not in OF_EACH]
        found |= zip(others, read_scores(folder, part, *others), strict=True) if others else ()
        return [found[name] for name in columns]
    place = folder.place_of(folder.scores, part.output)
    with as_written(place), open_parquet(folder.own_file(place)) as file:
        if SIZE in columns and SIZE not in file.schema_arrow.names:
            raise OutputError(
                f"{folder.root} must have the size of each document beside its score. It is of an earlier "
                "edufilter, which stored none. Filter the dump again, or choose with --keep-at or "
                "--keep-fraction alone."
            )
        known = scores_schema(_names_in(file.schema_arrow))
        wanted = pa.schema([known.field(name) for name in columns])
        table = file.read(columns=list(columns), use_threads=False).select(columns).cast(wanted)
        if any(table[name].null_count for name in columns if not name.startswith("edu_score")):
            raise ValueError("a row lacks a value")
    return [table[name].to_numpy() for name in columns]


def read_several(folder: RunFolder, part: Part, combine: str) -> Scores:
    """Return the scores of several scorers that a run stored of a part, and what is made of them.

    Raises
    ------
    OutputError
        If the file is not as a run wrote it.
    """
    place = folder.place_of(folder.scores, part.output)
    with as_written(place), open_parquet(folder.own_file(place)) as file:
        names = _names_in(file.schema_arrow)
        if combine not in (*COMBINATIONS, *names) or len(names) < 2:
            raise ValueError(f"it has no scores of {printable(combine)}")
    each = {}
    for name in names:
        value, stage, reason = read_scores(folder, part, *(f"{one}_{name}" for one in OF_EACH))
        each[name] = Scores(value=value, stage=stage, reason=reason, unusual=np.zeros(len(value), np.uint8))
    return combine_scores(each, combine)


def _names_in(schema: pa.Schema) -> list[str]:
    """Return the names of the scorers that stored scores are of, where they are of several."""
    stem = "edu_score_"
    return [name.removeprefix(stem) for name in schema.names if name.startswith(stem)]


def have_sizes(folder: RunFolder, parts: Parts) -> bool:
    """Tell whether a run stored the sizes of its documents: all of a run, or none."""
    for part in parts[:1]:
        place = folder.place_of(folder.scores, part.output)
        with as_written(place), open_parquet(folder.own_file(place)) as file:
            return SIZE in file.schema_arrow.names
    return True


def reach(value: Floats32, keep_at: float, tie_quota: int = -1) -> Bools:
    """Return which scores reach a cut; NaN never does.

    Parameters
    ----------
    value : float32 array, shape (n,)
        Rubric points.
    keep_at : float
    tie_quota : int
        Of rows with the very score `keep_at` the first ones that still reach it; -1 for all of them.

    Returns
    -------
    bool array, shape (n,)
    """
    at = np.float32(keep_at)
    if tie_quota < 0:
        return value >= at
    above: Bools = value > at
    above[np.flatnonzero(value == at)[:tie_quota]] = True
    return above
