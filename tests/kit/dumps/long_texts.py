"""Makes long documents that teach in a part of them, and dumps of such."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from tests.kit.dumps.small import SELLING, TEACHING, make_texts

CUT = 2.0
"""Rubric points that none of these documents reaches as a whole, and a lesson in one does."""


def paragraphs(sentences, count, *, seed):
    """Return paragraphs of seven sentences each."""
    random = np.random.default_rng(seed)
    return [" ".join(sentences[at] for at in random.integers(10, size=7)) for _ in range(count)]


def make_long_text(seed, *, selling=24, teaching=8):
    """Return advertisements with a lesson in their middle."""
    lesson, offers = (
        paragraphs(TEACHING, teaching, seed=seed),
        paragraphs(SELLING, selling, seed=seed + 1000),
    )
    half = selling // 2
    return "\n\n".join([*offers[:half], *lesson, *offers[half:]]) + "\n"


def write_long_dump(folder: Path, *, rows=60):
    """Write a dump of two files in which every fourth document is long; row group by row group a part."""
    for number in range(2):
        texts = make_texts(rows, seed=number)
        for row in range(0, rows, 4):
            texts[row] = make_long_text(100 * number + row)
        table = pa.table({"id": range(number * rows, (number + 1) * rows), "text": texts})
        pq.write_table(table, folder / f"part-{number}.parquet", row_group_size=20)
    return folder
