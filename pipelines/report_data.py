"""What there is to show of a finished run, as plain values: `report.py` draws them.

Figures come from the manifest, the spread of scores from ``run/scores`` in one pass, and documents to
read from the inputs, by file and row. It judges nothing: that is the reader's part.
"""

import heapq
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import NDArray

from filtering.calibration import POINTS
from filtering.errors import BadFileError, RunError
from filtering.signals import text_bytes
from pipelines.paths import AnyPath, files_below
from pipelines.plan import Part, is_unchanged
from pipelines.reading import open_parquet, read_chosen
from pipelines.store import RunFolder
from pipelines.worker import Cut

BINS_PER_POINT = 10
SAMPLES = 5
"""Documents to read in each group."""
EXCERPT_CHARS = 1200
MORE_CHARS = 10_000
"""Characters of a document behind "more"; the rest stays in its file."""
FEW_FILES = 20
"""Up to this many, outputs have a row each on the page."""
SET_ASIDE_SHOWN = 100
SCORES_BATCH_ROWS = 1 << 16
TIE_SPREAD = 1e-9
"""Rubric points over which equal scores are shuffled: samples shall not all be of the first file."""
GROUPS = {
    "Best kept": (True, -1),
    "Worst dropped": (False, 1),
    "Just over the cut": (True, 1),
    "Just under the cut": (False, -1),
}
"""Samples to read: whether of the kept rows, and the sign that sorts those wanted first."""


@dataclass(frozen=True)
class Sample:
    """A document to read.

    Parameters
    ----------
    group : str
        One of `GROUPS`.
    score : float
        Rubric points.
    file, row : str, int
        Path of the input below its root, and position in it, from 0.
    text : str
        Its first `EXCERPT_CHARS` + `MORE_CHARS` characters.
    characters : int
        Length of the whole document.
    """

    group: str
    score: float
    file: str
    row: int
    text: str
    characters: int


@dataclass(frozen=True)
class RunReport:
    """What the page shows, as plain values.

    Parameters
    ----------
    out : str
        Folder of the run.
    manifest : mapping
        What ``run/manifest.json`` holds.
    files : tuple of mapping
        Rows of ``run/manifest.parquet``; empty where these are more than `FEW_FILES`.
    kept_bins, dropped_bins : tuple of int
        Rows by score, in bins of 1 / `BINS_PER_POINT` points from 0; empty where no scores are stored.
    samples : tuple of Sample
        By group, those that say most first.
    unread : mapping
        Inputs whose samples could not be read again, and why.
    """

    out: str
    manifest: Mapping[str, Any]
    files: tuple[Mapping[str, Any], ...]
    kept_bins: tuple[int, ...]
    dropped_bins: tuple[int, ...]
    samples: tuple[Sample, ...]
    unread: Mapping[str, str]


@dataclass(frozen=True, order=True)
class _Pick:
    """A row of a part that may be shown; the one with the lowest key is wanted most."""

    key: float
    part: int
    row: int
    score: float

    @property
    def place(self) -> tuple[int, int]:
        return self.part, self.row


def gather_report(out: str) -> RunReport:
    """Return what there is to show of a finished run, in memory that does not grow with its rows.

    Raises
    ------
    OutputError
        If `out` holds no finished run.
    """
    folder = RunFolder(out)
    plan = folder.read_finished_plan()
    manifest = folder.read_manifest()
    bins, groups = _read_scores(folder, plan.parts, float(manifest["settings"]["keep_at"]))
    samples, unread = _read_samples(plan.parts, groups, str(manifest["settings"]["text_column"]))
    table = folder.run / "manifest.parquet"
    few = len(plan.parts) <= FEW_FILES
    return RunReport(
        out=out,
        manifest=manifest,
        files=tuple(_rows_of(table)) if few else (),
        kept_bins=tuple(bins[1].tolist()),
        dropped_bins=tuple(bins[0].tolist()),
        samples=tuple(samples),
        unread=unread,
    )


def _rows_of(path: AnyPath) -> list[dict[str, Any]]:
    with open_parquet(str(path)) as file:
        rows: list[dict[str, Any]] = file.read(use_threads=False).to_pylist()
    return rows


def _read_scores(
    folder: RunFolder, parts: Sequence[Part], keep_at: float
) -> tuple[NDArray[np.int64], dict[str, list[_Pick]]]:
    """Count dropped and kept rows by score, and pick rows to read, in one pass over the stored scores."""
    names = {name for name, _ in files_below(folder.scores)}
    stored = [number for number, part in enumerate(parts) if part.output in names]
    bins = np.zeros((2, POINTS * BINS_PER_POINT if stored else 0), dtype=np.int64)
    groups: dict[str, list[_Pick]] = {group: [] for group in GROUPS}
    for number in stored:
        part, first = parts[number], 0
        cut, shuffle = Cut(keep_at, part.tie_quota), np.random.default_rng(number)
        for value in read_stored_scores(folder.scores / part.output):
            keep, scored = cut.keep(value), ~np.isnan(value)
            for kept in (0, 1):
                places = (value[scored & (keep == kept)] * BINS_PER_POINT).astype(np.int64)
                bins[kept] += np.bincount(np.minimum(places, bins.shape[1] - 1), minlength=bins.shape[1])
            noise = TIE_SPREAD * shuffle.random(len(value))
            for group, (of_kept, sign) in GROUPS.items():
                key = np.where(scored & (keep == of_kept), sign * value.astype(np.float64) + noise, np.inf)
                limit = groups[group][-1].key if len(groups[group]) == SAMPLES else np.inf
                fresh = np.flatnonzero(key < limit).tolist()
                picks = (_Pick(float(key[i]), number, first + i, float(value[i])) for i in fresh)
                groups[group] = heapq.nsmallest(SAMPLES, chain(groups[group], picks))
            first += len(value)
    return bins, groups


def read_stored_scores(path: AnyPath) -> Iterator[NDArray[np.float32]]:
    """Yield the stored scores of a part; NaN where a document has none."""
    with open_parquet(str(path)) as file:
        for batch in file.iter_batches(batch_size=SCORES_BATCH_ROWS, columns=["edu_score"]):
            yield batch.column(0).to_numpy(zero_copy_only=False).astype(np.float32)


def _read_samples(
    parts: Sequence[Part], groups: Mapping[str, Sequence[_Pick]], text_column: str
) -> tuple[list[Sample], dict[str, str]]:
    """Read the picked rows, each once; a row of two groups is of the first."""
    group_of: dict[_Pick, str] = {}
    for group, picks in groups.items():
        taken = {pick.place for pick in group_of}
        group_of |= {pick: group for pick in picks if pick.place not in taken}
    wanted: dict[int, list[int]] = defaultdict(list)
    for number, row in sorted(pick.place for pick in group_of):
        wanted[number].append(row)
    texts: dict[tuple[int, int], str] = {}
    unread: dict[str, str] = {}
    for number, rows in wanted.items():
        part = parts[number]
        try:
            texts |= {(number, row): text for row, text in _read_rows(part, rows, text_column)}
        except (BadFileError, RunError, OSError) as error:
            unread[part.relative] = str(error)
    samples = []
    for pick, group in group_of.items():
        if pick.place in texts:
            part, text = parts[pick.part], texts[pick.place]
            excerpt = text[: EXCERPT_CHARS + MORE_CHARS]
            row = part.first_row + pick.row
            samples.append(Sample(group, pick.score, part.relative, row, excerpt, len(text)))
    return samples, unread


def _read_rows(part: Part, rows: Sequence[int], text_column: str) -> Iterator[tuple[int, str]]:
    """Yield the texts of a part's rows, given in order, from the row groups that hold them."""
    if not is_unchanged(part):
        raise BadFileError(f"{part.path} must be as it was. It has changed since the run.")
    for numbers, batch in read_chosen(part.path, part.row_groups, np.array(rows), [text_column]):
        for row, text in zip(numbers.tolist(), text_bytes(batch.column(0)), strict=True):
            yield row, (text or b"").decode(errors="replace")
