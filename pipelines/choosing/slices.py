"""Parts the documents of a run by the values of a column, which is read from the inputs once."""

from dataclasses import replace

import numpy as np
import pyarrow as pa

from filtering.arrays import Ints
from filtering.errors import SettingsError
from pipelines.choosing.row_numbers import RowNumbers
from pipelines.choosing.scored_rows import ALL, Pool
from pipelines.dump.row_values.slice_values import LANGUAGE, By, SliceReader, shown
from pipelines.progress import Meter, Reporter
from pipelines.run_folder.plan import RunFacts

MOST_SLICES = 100_000
"""Which take about 100 MB of memory with what is counted of each."""
MANY = 100
"""Values, beyond which it is told that they are as many as documents."""
FEWER = "Choose by what has fewer values: --by language, or the first step of a path, --by path:1."


def with_slices(pool: Pool, by: str, facts: RunFacts, reporter: Reporter) -> Pool:
    """Return a pool whose rows are in slices, in the order in which values come.

    Parameters
    ----------
    pool : Pool
    by : str
        Words that `By.read` reads.
    facts : RunFacts
        Of the run that gave the scores.
    reporter : Reporter

    Raises
    ------
    SettingsError
        If there are more than `MOST_SLICES`, a file has no such column, or it holds the texts.
    BadFileError, RunError
        If a file cannot be read.
    """
    read = slice_reader(by, facts)
    if read.by == By(LANGUAGE) and len(pool.parts) and read.column_in(pool.parts[0].path) is None:
        reporter.say(
            "No column tells the language. It is found in the texts, which takes about as long as to score "
            "them."
        )
        read.check()
    names, groups = Names(by), RowNumbers()
    with reporter.track(meter := Meter(pool.rows, 0, doing=f"Reading {by}")):
        for rows in pool:
            for found in read(rows.part, rows.scored):
                groups.add(names.codes_of(found))
                meter.count(len(found))
    if len(names.known) > max(MANY, pool.rows // 2):
        reporter.say(
            f"{by!r} has {len(names.known):,} values in {pool.rows:,} documents: most documents have a value "
            f"of their own. {FEWER}"
        )
    return replace(pool, slices=tuple(names.known) or (ALL,), groups=groups)


def slice_reader(by: str, facts: RunFacts) -> SliceReader:
    """Return what reads the slices of a run's documents.

    Raises
    ------
    SettingsError
        If their texts would part them.
    """
    if by == facts.text_column:
        raise SettingsError(f"--by must name what parts documents. {by!r} holds their texts. {FEWER}")
    return SliceReader(
        By.read(by),
        facts.text_column,
        of_code=facts.languages_from == "column, path",
        checksums=not facts.ignore_checksums,
    )


class Names:
    """The names of slices that were met, in the order in which they came.

    Parameters
    ----------
    by : str
        What is read, for messages.
    """

    def __init__(self, by: str) -> None:
        self._by, self._numbers = by, dict[str, int]()

    @property
    def known(self) -> list[str]:
        """All of them."""
        return list(self._numbers)

    def codes_of(self, names: pa.Array) -> Ints:
        """Return the number of each name of an array, which `SliceReader` yields; new ones get the next.

        Raises
        ------
        SettingsError
            If there are more than `MOST_SLICES`.
        """
        coded = names if pa.types.is_dictionary(names.type) else names.dictionary_encode()
        values = [shown(name) for name in (*coded.dictionary.to_pylist(), None)]
        codes: Ints = coded.indices.cast(pa.int64()).fill_null(len(values) - 1).to_numpy(zero_copy_only=False)
        places = np.zeros(len(values), np.int64)
        for code in np.unique(codes).tolist():  # a dictionary may have values that no row has
            places[code] = self._numbers.setdefault(values[code], len(self._numbers))
        if len(self._numbers) > MOST_SLICES:
            raise SettingsError(
                f"--by must tell documents apart by at most {MOST_SLICES:,} values. {self._by!r} has more. "
                f"{FEWER}"
            )
        return places[codes]
