"""Some rows of a dump before a run: what an estimate is timed on, and whether the scorer knows their like."""

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from filtering.errors import BadFileError, OutOfMemoryError
from filtering.scoring.scorers import Scorer
from filtering.text.arrow import text_lengths, without_texts
from pipelines.dump.batches import read_batches
from pipelines.dump.parts import Parts, SetAside
from pipelines.dump.text_columns import texts_of
from pipelines.every_nth import step_over

SAMPLE_ROWS = 1000
SAMPLE_PARTS = 4
SAMPLE_PART_BYTES = 16 << 20
"""The sample is held in memory: of a part with larger documents fewer are taken."""


@dataclass(frozen=True)
class FirstRows:
    """Texts from the beginnings of a few parts.

    Parameters
    ----------
    texts : list of Arrow array
    decoded_bytes : int
        That were decoded for them: whole batches.
    set_aside : list of SetAside
        Parts of these that cannot be read.
    """

    texts: list[pa.Array]
    decoded_bytes: int
    set_aside: list[SetAside]


def read_first_rows(
    parts: Parts, text_column: str, rows: int = SAMPLE_ROWS, *, checksums: bool = True
) -> FirstRows:
    """Return the texts of up to `rows` rows, from the beginnings of a few parts over the run."""
    filled = np.flatnonzero(parts.column("rows") > 0)
    picked = parts.take(filled[:: step_over(len(filled), SAMPLE_PARTS)])
    sample: list[pa.Array] = []
    set_aside: list[SetAside] = []
    decoded_bytes = 0
    for part in picked:
        left, taken_bytes = rows // len(picked), 0
        try:
            columns = [text_column]
            with closing(read_batches(part.path, part.row_groups, columns, checksums=checksums)) as batches:
                for batch in batches:
                    texts = texts_of(batch, text_column).slice(0, left)
                    sample.append(without_texts(texts, text_lengths(texts) > SAMPLE_PART_BYTES))
                    left -= len(sample[-1])
                    taken_bytes += batch.nbytes
                    decoded_bytes += batch.nbytes
                    if left <= 0 or taken_bytes >= SAMPLE_PART_BYTES:
                        break
        except (BadFileError, OutOfMemoryError) as error:
            set_aside.append(SetAside(part.relative, part.rows, part.first_row, str(error)))
    return FirstRows(sample, decoded_bytes, set_aside)


def unlike_share(scorer: Scorer, sample: Sequence[pa.Array]) -> float:
    """Return the share of a sample that is unlike what a scorer was fitted on, in [0, 1]."""
    unlike = [scorer.unlike_seed(texts) for texts in sample]
    return float(np.mean(np.concatenate(unlike))) if unlike else 0.0
