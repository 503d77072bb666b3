"""Draws documents of a finished run from either side of its cut, for people to check."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from annotations.asking.rubric import load_rubric
from annotations.labels.columns import sample_row
from annotations.labels.labels import NEAR_CUT
from filtering.errors import SettingsError
from filtering.printable import printable
from pipelines.dump.parts import Part
from pipelines.dump.rows import RowReader
from pipelines.dump.rows_of_finished_runs import read_unchanged
from pipelines.labels.sample import SampleResult, refuse_taken_file, rubric_to_show, write_sample
from pipelines.run_folder.folder import RunFolder
from pipelines.run_folder.manifest import scored_parts
from pipelines.run_folder.stored_scores import read_scores
from pipelines.settings.labels import NEAR_POINTS, NearCutConfig


def sample_near_cut(config: NearCutConfig) -> SampleResult:
    """Draw documents whose scores are near the cut of a finished run, half of them from either side.

    On each side every document near the cut has the same probability.

    Raises
    ------
    OutputError
        If there is no finished run with scores, or the file exists.
    SettingsError
        If no document is near the cut, the run has no cut, or an input has changed since.
    """
    refuse_taken_file(config.out, overwrite=config.overwrite)
    folder = RunFolder(config.run)
    if config.rubric is not None:
        load_rubric(config.rubric)  # a wrong one is told before documents are read
    plan = folder.read_finished_plan()
    if plan.facts.choice is not None:
        raise SettingsError(
            f"--near-cut must name a run with one cut. More than a score chose {config.run}. Name the run "
            f"that it is from, {printable(plan.origin)!r}."
        )
    scored = scored_parts(folder, plan)
    parts = list(scored.parts)
    cut = plan.facts.keep_at
    near = _near_cut(scored.folder, parts, cut, plan.facts.combine)
    read = replace(plan.facts.row_reader, group_column=config.group_column)
    random = np.random.default_rng(config.seed)
    drawn: list[dict[str, Any]] = []
    below = near.score < cut
    for side, count in (
        (near.take(below), config.n // 2),
        (near.take(~below), config.n - config.n // 2),
    ):
        chosen = np.sort(random.choice(len(side), size=min(count, len(side)), replace=False))
        probability = len(chosen) / max(len(side), 1)
        for values in _read_all(parts, side.take(chosen), read):
            drawn.append(
                {**values, "picked": NEAR_CUT, "probability": probability, "weight": 1 / probability}
            )
    if not drawn:
        raise SettingsError(
            f"Some document of {config.run} must score within {NEAR_POINTS} of its cut of {cut:g}. None does."
        )
    scorer = str(folder.read_manifest()["scorer"])
    return write_sample(
        drawn, config.out, random,
        wanted=config.n, scorer=scorer, rubric=rubric_to_show(config.rubric, scorer), named=config.rubric,
        dump_rows=plan.rows, read_rows=len(near),
    )  # fmt: skip


@dataclass(frozen=True)
class _Near:
    """Documents near the cut: number of the part, row within it, and score, each of shape (n,)."""

    part: NDArray[np.int64]
    row: NDArray[np.int64]
    score: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.row)

    def take(self, places: NDArray[np.int64] | NDArray[np.bool_]) -> "_Near":
        """Return some of them."""
        return _Near(self.part[places], self.row[places], self.score[places])


def _near_cut(folder: RunFolder, parts: Sequence[Part], cut: float, combine: str | None) -> _Near:
    numbers, rows, scores = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)], [np.zeros(0, np.float32)]
    for number, part in enumerate(parts):
        (values,) = read_scores(folder, part, "edu_score", combine=combine)
        inside = np.flatnonzero(np.abs(values - cut) <= NEAR_POINTS)
        numbers.append(np.full(len(inside), number))
        rows.append(inside)
        scores.append(values[inside])
    return _Near(np.concatenate(numbers), np.concatenate(rows), np.concatenate(scores))


def _read_all(parts: Sequence[Part], near: _Near, read: RowReader) -> Iterator[dict[str, Any]]:
    for number in np.unique(near.part).tolist():
        mine = near.take(near.part == number)
        rows = read_unchanged(parts[number], mine.row, read)
        for row, score in zip(rows, mine.score.tolist(), strict=True):
            yield sample_row((row.data or b"").decode(), **row.origin, edu_score=score)
