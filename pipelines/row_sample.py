"""Some rows of a finished run, spread over all of it: to count kept shares by length, language and site on.

Rows lie together at the beginnings of row groups, and row groups are taken by their share of all rows, so
that little is read of large inputs. Which rows are read follows from the plan alone.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from annotations.tables import first_told
from filtering.code_languages import LANGUAGE_COLUMNS
from filtering.errors import BadFileError, MissingExtraError, RunError
from filtering.windows import REACH, window_text
from pipelines.code_languages import CODE_LANGUAGE, fill_in, is_code, language_told, without_languages
from pipelines.human_languages import CHARS, tell_languages
from pipelines.plan import Part, is_unchanged
from pipelines.reading import open_parquet
from pipelines.run_scores import Pick, RunScores
from pipelines.sample import RowReader
from pipelines.slices import LENGTHS, LONGER, Slice, count_kept, length_of, slices_of

ROWS = 20_000
PLACES = 200
"""Row groups that rows of larger runs are read from."""
READ_BYTES = 256 << 20
"""Bytes of text after which no more is read, each part by its share: documents may be of any size."""
TEXTS = 1000
"""Rows whose texts are kept, to compare them with the seed."""
TOLD_BY_TEXT = 250
"""Rows whose text tells a code language: that takes some 10 to 30 ms each."""
ORIGINS = ("genre", "lang", "language")
"""Columns of the dump by whose values shares are told; of code its language is, not what these two say."""
IDENTIFIED = "language, as identified"

Rows = Mapping[int, NDArray[np.int64]]
"""Rising row numbers within parts, by number of the part."""


@dataclass(frozen=True)
class RowSample:
    """Rows that were read for what they are.

    Parameters
    ----------
    picks : tuple of Pick
        Their places and scores.
    slices : tuple of Slice
    is_code : bool
        Whether they are source files, whose code language is among the slices.
    no_languages : str
        Why there are no languages among the slices, or some are unknown; empty if there are.
    texts : tuple of str
        What signals read of up to `TEXTS` of them, spread over all.
    """

    picks: tuple[Pick, ...]
    slices: tuple[Slice, ...]
    is_code: bool
    no_languages: str
    texts: tuple[str, ...]


def choose_rows(parts: Sequence[Part], numbers: Sequence[int]) -> Rows:
    """Choose about `ROWS` rows of some parts, all of those of a small run.

    Parameters
    ----------
    parts : sequence of Part
    numbers : sequence of int
        Which of them may be chosen from.
    """
    sizes = np.array([parts[number].rows for number in numbers], dtype=np.int64)
    total = int(sizes.sum())
    if total <= ROWS:
        return {number: np.arange(parts[number].rows) for number in numbers}
    ends = np.cumsum(sizes)
    chosen: dict[int, list[int]] = defaultdict(list)
    for position in ((np.arange(PLACES) + 0.5) / PLACES * total).astype(np.int64):
        at = int(np.searchsorted(ends, position, side="right"))
        chosen[numbers[at]].append(int(position - ends[at] + sizes[at]))
    return {number: _beginnings(parts[number], offsets) for number, offsets in chosen.items()}


def _beginnings(part: Part, offsets: Sequence[int]) -> NDArray[np.int64]:
    """Return the first rows of the row groups that hold some rows of a part; none if they cannot be read."""
    try:
        with open_parquet(part.path) as file:
            counts = [file.metadata.row_group(index).num_rows for index in part.row_groups]
    except (BadFileError, RunError, IndexError):
        return np.zeros(0, dtype=np.int64)
    starts = np.cumsum([0, *counts])
    groups = Counter((np.searchsorted(starts, offsets, side="right") - 1).tolist())
    pieces = [
        int(starts[group]) + np.arange(min(counts[group], times * ROWS // PLACES))
        for group, times in sorted(groups.items())
        if group < len(counts)
    ]
    return np.concatenate([np.zeros(0, dtype=np.int64), *pieces])


def look_at(run: RunScores, rows: Rows, text_column: str, domain: str = "") -> RowSample:
    """Read rows of a run, and keep of each what slices are told by.

    Parameters
    ----------
    run : RunScores
    rows : mapping
        Which rows to read. What cannot be read is left out.
    text_column : str
    domain : str
        What the scorer is for; empty where it is not known. Where neither column nor path tells the language
        of code, texts do, of `TOLD_BY_TEXT` rows at most; the others are left out of these slices.
    """
    read = RowReader(text_column, None)
    count = sum(len(wanted) for wanted in rows.values())
    step = max(1, -(-count // TEXTS))
    picks: list[Pick] = []
    texts: list[str] = []
    beginnings: list[str] = []
    named: list[str | None] = []
    told: list[str | None] = []
    values: dict[str, list[str | None]] = {name: [] for name in ("length", *ORIGINS, "site")}
    for number, wanted in rows.items():
        part = run.parts[number]
        scored = {pick.row: pick for pick in run.picks_of(number, wanted)}
        left_bytes = READ_BYTES * len(wanted) // max(count, 1)
        try:
            if not is_unchanged(part):
                continue
            for text, origin in read(part, np.array(list(scored), dtype=np.int64)) if scored else ():
                data = text or b""
                if len(picks) % step == 0:
                    texts.append(window_text(data, REACH))
                picks.append(scored[origin["row"] - part.first_row])
                beginnings.append(data[: 4 * CHARS].decode(errors="replace")[:CHARS])
                named.append(first_told(origin, LANGUAGE_COLUMNS))
                told.append(language_told(data, origin))
                told_by = slice_values(data, origin)
                for name, column in values.items():
                    column.append(told_by.get(name))
                left_bytes -= len(data)
                if left_bytes <= 0:
                    break
        except (BadFileError, RunError, OSError):
            continue  # the report names it where it reads documents to show
    no_languages = ""
    code = is_code(domain, named)
    if code:
        untold = [place for place in range(0, len(told), step) if told[place] is None]
        some = untold[:: -(-len(untold) // TOLD_BY_TEXT) or 1]
        own = {place: texts[place // step].encode(errors="replace") for place in some}
        languages, no_languages = fill_in(told, own)
        values = {**without_languages(values), CODE_LANGUAGE: languages}
    else:
        try:
            values[IDENTIFIED] = list(tell_languages(beginnings))
        except MissingExtraError as error:
            no_languages = str(error)
    return RowSample(tuple(picks), tuple(_slices(picks, values)), code, no_languages, tuple(texts))


def slice_values(data: bytes, origin: Mapping[str, Any]) -> dict[str, str]:
    """Return what a document's slices are, by kind; but for its language, which is told of many at a time.

    Parameters
    ----------
    data : bytes
        Its text.
    origin : mapping
        As `pipelines.sample.RowReader` gives it.
    """
    found = {"length": length_of(len(data)), **{name: origin.get(name) for name in ORIGINS}}
    if origin["group"] != origin["id"]:  # else no column tells where it is from
        found["site"] = origin["group"]
    return {kind: str(value) for kind, value in found.items() if value not in (None, "")}


def _slices(picks: Sequence[Pick], values: Mapping[str, Sequence[str | None]]) -> list[Slice]:
    keeps = [pick.kept for pick in picks]
    found = []
    for kind, column in values.items():
        counts = count_kept(column, keeps)
        if kind == "length":
            counts = {name: counts[name] for name in (*LENGTHS.values(), LONGER) if name in counts}
        found += slices_of(kind, counts, in_order=kind == "length")
    return found
