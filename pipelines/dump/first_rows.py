"""Some rows of a dump before a run: what an estimate is timed on, and whether the scorer knows their like."""

from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pyarrow as pa

from filtering.errors import BadFileError, OutOfMemoryError
from filtering.scoring.cascade import AnyScorer, signals_of
from filtering.scoring.unsure import BEGINNING_BYTES, Unsure
from filtering.text.arrow import text_bytes, text_lengths, without_texts
from pipelines.dump.batches import read_batches
from pipelines.dump.parts import Parts, SetAside
from pipelines.dump.reading import open_parquet
from pipelines.dump.row_values.code_languages import language_told
from pipelines.dump.row_values.row_languages import (
    is_prose,
    is_source_file,
    knows_code,
    languages_of,
    telling_columns,
)
from pipelines.dump.rows import rows_of_part
from pipelines.dump.spread_rows import spread_rows
from pipelines.dump.texts_of_tables import texts_of
from pipelines.every_nth import step_over

SAMPLE_ROWS = 1000
SAMPLE_PARTS = 4
SPREAD_PLACES = 100
SPREAD_BYTES = 512 << 20
"""Of row groups that are decoded for a spread sample: a few seconds."""
SPREAD_SAMPLE_BYTES = 64 << 20
"""Of texts in a spread sample: of large documents fewer are taken."""
SAMPLE_PART_BYTES = 16 << 20
"""The sample is held in memory: of a part with larger documents fewer are taken."""


@dataclass(frozen=True)
class SomeRows:
    """Texts of some rows of a dump.

    Parameters
    ----------
    texts : list of Arrow array
    origins : list of mapping
        What columns say of the language of each text; empty where that was not read.
    decoded_bytes : int
        That were decoded for them: whole batches. 0 where that was not counted.
    set_aside : list of SetAside
        Parts that they should come from, and that cannot be read.
    """

    texts: list[pa.Array]
    origins: list[Mapping[str, Any]]
    decoded_bytes: int
    set_aside: list[SetAside]


def read_first_rows(
    parts: Parts, text_column: str, rows: int = SAMPLE_ROWS, *, checksums: bool = True
) -> SomeRows:
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
    return SomeRows(sample, [], decoded_bytes, set_aside)


def read_spread_rows(
    parts: Parts, text_column: str, rows: int = SAMPLE_ROWS, *, checksums: bool = True
) -> SomeRows:
    """Return the texts of up to `rows` rows, spread over files, row groups and the rows of these.

    Dumps are often sorted, by source say, so that their beginnings say little of them.
    """
    chosen = spread_rows(
        parts, range(len(parts)), rows=rows, places=min(SPREAD_PLACES, rows), most_bytes=SPREAD_BYTES
    )
    sample: list[pa.Array] = []
    origins: list[Mapping[str, Any]] = []
    set_aside: list[SetAside] = []
    for number, wanted in chosen.items():
        if not len(wanted):
            continue
        part, left_bytes = parts[number], SPREAD_SAMPLE_BYTES // len(chosen)
        try:
            with open_parquet(part.path, checksums=checksums) as file:
                telling = [name for name in telling_columns(file.schema_arrow) if name != text_column]
                columns = [text_column, *telling]
                for _, batch in rows_of_part(file, part, wanted, columns, checksums=checksums):
                    texts = texts_of(batch, text_column)
                    ends = np.cumsum(text_lengths(texts))
                    taken = int(np.searchsorted(ends, left_bytes, side="right"))
                    sample.append(texts.slice(0, taken))
                    origins += batch.select(telling).slice(0, taken).to_pylist() or [{}] * taken
                    left_bytes -= int(ends[taken - 1]) if taken else 0
                    if taken < len(texts):
                        break
        except (BadFileError, OutOfMemoryError) as error:
            set_aside.append(SetAside(part.relative, part.rows, part.first_row, str(error)))
    return SomeRows(sample, origins, 0, set_aside)


def unsure_of_sample(scorer: AnyScorer, sample: SomeRows) -> Unsure:
    """Return how many documents of a spread sample a scorer does not know."""
    texts, signals = [text for one in sample.texts for text in text_bytes(one)], signals_of(scorer)
    of_code = knows_code(signals)
    unsure = signals.unsure_of(texts, languages_of(texts, sample.origins, of_code=of_code))
    beginnings = [(text or b"")[:BEGINNING_BYTES] for text in texts]
    both = list(zip(beginnings, sample.origins, strict=True))
    if of_code:
        return replace(unsure, prose=sum(is_prose(text, language_told(text, one)) for text, one in both))
    return replace(unsure, source_files=sum(is_source_file(text, one) for text, one in both))
