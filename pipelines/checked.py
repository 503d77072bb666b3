"""What labels of a run's own documents say of it: the precision that people measured, say."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from annotations.sampling import UNBIASED_PICKS
from annotations.sources import read_table
from filtering.bands import share_bands
from filtering.errors import LabelsError
from filtering.metrics import Estimate
from filtering.windows import cut_window, window_text
from pipelines.importing import scores_of
from pipelines.manifest import scored_parts
from pipelines.near_cut import NEAR_POINTS
from pipelines.parts import Part
from pipelines.picks import RunScores
from pipelines.sample import RowReader
from pipelines.split_files import refuse_changed
from pipelines.store import RunFolder

COLUMNS = ("text", "score", "file", "row", "group", "picked", "weight")
NEEDED = ("text", "score", "file", "row")


@dataclass(frozen=True)
class CheckedRange:
    """Documents of a range of scores, and how many of them are good.

    Parameters
    ----------
    name : str
        Which documents these are.
    labels, good : int
    share : Estimate
        Of good ones among all documents of the run in that range; bands hold for all ranges at once (95 %).
    """

    name: str
    labels: int
    good: int
    share: Estimate


@dataclass(frozen=True)
class CheckedRun:
    """What labels say of a run.

    Parameters
    ----------
    source : str
        Where the labels are.
    label_at : float
        Rubric points from which a label says that a document is good.
    labels : int
        Of documents of the run that have a score.
    elsewhere : int
        Labels of other documents.
    ranges : tuple of CheckedRange
        Those that have labels.
    """

    source: str
    label_at: float
    labels: int
    elsewhere: int
    ranges: tuple[CheckedRange, ...]


def check_run(folder: RunFolder, labels: str, label_at: float) -> CheckedRun:
    """Compare the decisions of a finished run with labels of its documents, found by file, row and text.

    Documents that were drawn near the cut speak of those near it alone; those that were chosen without
    looking at scores of all.

    Parameters
    ----------
    folder : RunFolder
    labels : str
        Folder of labels, or a sample that was filled in: columns ``text``, ``score``, ``file`` and ``row``.
        Rows without a score are left out.
    label_at : float
        Rubric points from which a label says that a document is good.

    Raises
    ------
    LabelsError
        If the labels cannot be read, or none is of a document of this run.
    OutputError
        If the run has no scores.
    BadFileError, RunError, SettingsError
        If the inputs cannot be read again.
    """
    table, name = read_table(labels, COLUMNS, strings=("text", "file", "group", "picked"))
    missing = [column for column in NEEDED if column not in table.column_names]
    if missing:
        raise LabelsError(
            f"{name} must have the columns {', '.join(NEEDED)}, as 'edufilter sample' writes them. "
            f"It has no {missing[0]}."
        )
    scores = scores_of(table, "score", name)
    rows = [row for row, score in zip(table.to_pylist(), scores, strict=True) if score is not None]
    if not rows:
        raise LabelsError(f"'score' in {name} must hold a score. All {len(scores):,} are empty.")
    settings = folder.read_manifest()["settings"]
    keep_at = float(settings["keep_at"])
    run = RunScores(folder, scored_parts(folder, folder.read_finished_plan()), keep_at)
    found = list(_found_again(run, rows, str(settings["text_column"])))
    if not found:
        raise LabelsError(
            f"Some label of {name} must be of a document of the run {folder.root}. None of {len(rows):,} is. "
            "Draw some with 'edufilter sample --near-cut', score them, and give that file."
        )
    points = np.array([score for _, score in found], dtype=np.float32)
    return CheckedRun(
        source=labels,
        label_at=label_at,
        labels=len(found),
        elsewhere=len(rows) - len(found),
        ranges=tuple(_ranges(points, [row for row, _ in found], keep_at, label_at)),
    )


def _found_again(
    run: RunScores, rows: Iterable[Mapping[str, Any]], text_column: str
) -> Iterator[tuple[Mapping[str, Any], float]]:
    """Yield labels of documents of the run, with the scores that it gave them."""
    wanted: dict[int, dict[int, Mapping[str, Any]]] = defaultdict(dict)
    parts_of: dict[str, list[tuple[int, Part]]] = defaultdict(list)
    for number, part in enumerate(run.parts):
        parts_of[part.relative].append((number, part))
    for row in rows:
        for number, part in parts_of.get(row["file"], ()):
            if part.first_row <= (row["row"] or 0) < part.first_row + part.rows:
                wanted[number][int(row["row"] or 0) - part.first_row] = row
    read = RowReader(text_column, None)
    for number, labelled in sorted(wanted.items()):
        part = run.parts[number]
        refuse_changed(part)
        picks = run.picks_of(number, np.array(sorted(labelled)))
        texts = read(part, np.array([pick.row for pick in picks], dtype=np.int64))
        for pick, (data, _) in zip(picks, texts, strict=True):
            row = labelled[pick.row]
            if _words(cut_window(row["text"] or "")) == _words(window_text(data or b"")):
                yield row, pick.score


def _words(text: str) -> list[str]:
    """Return what stays of a text when a spreadsheet has changed its line ends."""
    return text.split()


def _ranges(
    points: NDArray[np.float32], rows: Sequence[Mapping[str, Any]], keep_at: float, label_at: float
) -> Iterator[CheckedRange]:
    kept, near = points >= np.float32(keep_at), np.abs(points - np.float32(keep_at)) <= NEAR_POINTS
    drawn_blindly = np.array([(row.get("picked") or "random") in UNBIASED_PICKS for row in rows])
    inside = {
        "kept": kept & drawn_blindly,
        f"kept by at most {NEAR_POINTS} points": kept & near,
        f"dropped by at most {NEAR_POINTS} points": ~kept & near,
        "dropped": ~kept & drawn_blindly,
    }
    good = np.array([row["score"] >= label_at for row in rows])
    weights = np.array([row.get("weight") or 1.0 for row in rows], dtype=np.float64)
    names = [row.get("group") or f"{row['file']}#{row['row']}" for row in rows]
    _, groups = np.unique(names, return_inverse=True)
    columns = np.stack(list(inside.values()), axis=1)
    bands = share_bands(weights[:, None] * columns, np.broadcast_to(good[:, None], columns.shape), groups)
    for place, (name, chosen) in enumerate(inside.items()):
        if chosen.any():
            share = Estimate(*(float(ends[place]) for ends in (bands.value, bands.low, bands.high)))
            yield CheckedRange(name, int(chosen.sum()), int((chosen & good).sum()), share)
