"""Pools: documents without labels, of the kind that will be filtered."""

from collections import Counter

import numpy as np

from annotations.columns import GROUP_COLUMNS, group_of
from annotations.sources import read_table
from filtering.arrow_texts import REASONS, text_bytes, text_reasons
from pipelines.progress import Reporter
from pipelines.text_columns import TEXT_COLUMNS, find_text_column


def read_pool(source: str, reporter: Reporter) -> tuple[list[bytes], list[str]]:
    """Return the documents of a pool that can be scored, in UTF-8, and where each is from.

    Parameters
    ----------
    source : str
        As `TrainConfig.pool`.
    reporter : Reporter
        What is told how many documents are left out, and why.

    Raises
    ------
    ColumnError
        If it has no column of texts, or several.
    """
    table, name = read_table(source, [*TEXT_COLUMNS, *GROUP_COLUMNS, "url"])
    column = find_text_column(table.schema, name)
    rows = table.drop_columns(column).to_pylist() if table.num_columns > 1 else [{}] * len(table)
    groups = [group_of(row, None, f"#{number}") for number, row in enumerate(rows)]
    reasons = text_reasons(table[column])
    bad = Counter(REASONS[reason] for reason in reasons[reasons != 0])
    if bad:
        counted = ", ".join(f"{count:,} {reason}" for reason, count in sorted(bad.items()))
        reporter.say(
            f"{bad.total():,} of {len(table):,} documents of {name} are left out, having no score: {counted}."
        )
    documents = text_bytes(table[column])
    good = np.flatnonzero(reasons == 0)
    return [documents[row] or b"" for row in good], [groups[row] for row in good]
