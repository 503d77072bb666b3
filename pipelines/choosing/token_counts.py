"""Counts the tokens of documents by a tokenizer of the user's, in one pass over their texts."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

from filtering.arrays import Ints
from filtering.errors import SettingsError
from pipelines.choosing.row_numbers import RowNumbers
from pipelines.choosing.scored_rows import Pool, ScoredRows
from pipelines.dump.rows import Row, RowReader
from pipelines.progress import Meter, Reporter
from pipelines.proof.tokens import Tokens, load_tokens

TEXTS_AT_A_TIME, BYTES_AT_A_TIME = 256, 16 << 20


def with_tokens(pool: Pool, tokens: Tokens, lowest: float, read: RowReader, reporter: Reporter) -> Pool:
    """Return a pool whose sizes are tokens.

    Parameters
    ----------
    pool : Pool
    tokens : Tokens
        As `tokenizer_of` returns them.
    lowest : float
        Rubric points below which no document can be kept: their texts are not read.
    read : RowReader
    reporter : Reporter
    """
    counts, meter = RowNumbers(), Meter(pool.rows, 0, doing="Counting tokens")
    with reporter.track(meter):
        for rows in pool:
            counts.add(_counts_of(rows, tokens, lowest, read, meter))
    return replace(pool, tokens=counts)


def tokenizer_of(path: str) -> Tokens:
    """Return a tokenizer; what it adds around texts does not count.

    Parameters
    ----------
    path : str
        A ``tokenizer.json``, as the library `tokenizers` writes it.

    Raises
    ------
    SettingsError
        If it is no tokenizer.
    MissingExtraError
        If the library is not installed.
    """
    try:
        Path(path).open("rb").close()  # of what cannot be read the library says little
        return load_tokens(Path(path))
    except OSError as error:
        raise SettingsError(
            f"--tokenizer must be a file that can be read: the tokenizer.json of a model. Got {path!r}. "
            f"{error.strerror}. Name the file itself, not its folder and not a model of the hub."
        ) from error
    except SettingsError:
        raise
    except Exception as error:  # of the library, which raises no other
        raise SettingsError(
            f"--tokenizer must be a tokenizer.json of the library tokenizers. {path} is none."
        ) from error


def _counts_of(rows: ScoredRows, tokens: Tokens, lowest: float, read: RowReader, meter: Meter) -> Ints:
    counts, done = np.zeros(len(rows.score), np.int64), 0
    for some in _groups(read(rows.part, np.flatnonzero(rows.score >= np.float32(lowest)))):
        texts = [(row.data or b"").decode(errors="replace") for row in some]
        counts[[row.number for row in some]] = [len(one) for one in tokens.encode(texts)]
        meter.count(some[-1].number + 1 - done)
        done = some[-1].number + 1
    meter.count(len(counts) - done)
    return counts


def _groups(documents: Iterable[Row]) -> Iterator[list[Row]]:
    """Yield documents some at a time, so that memory is bounded."""
    some: list[Row] = []
    for row in documents:
        some.append(row)
        if len(some) >= TEXTS_AT_A_TIME or sum(len(one.data or b"") for one in some) >= BYTES_AT_A_TIME:
            yield some
            some = []
    if some:
        yield some
