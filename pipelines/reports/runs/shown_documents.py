"""Documents of a run to read, and what moved the score of each; `documents_to_show.py` picks them."""

from collections.abc import Mapping
from dataclasses import dataclass

from filtering.arrays import Floats32
from filtering.explaining.explain import explain_in_turn
from filtering.explaining.explanation import Explanation
from filtering.scoring.scorers import SignalScorer
from filtering.scoring.scores import STAGES
from pipelines.dump.rows import RowReader
from pipelines.dump.rows_of_finished_runs import read_again
from pipelines.page_kit.cards import CARD_CHARS
from pipelines.progress import Meter, Reporter
from pipelines.reports.runs.documents_to_show import Pick, RunScores
from pipelines.reports.runs.row_sample import see, slices_by_row
from pipelines.reports.runs.several_scorers import points_of
from pipelines.run.explain_row import as_decided

REASONS_SHOWN = 6
"""Signals that raise, and signals that lower, of each document."""


@dataclass(frozen=True)
class Sample:
    """A document to read.

    Parameters
    ----------
    group : str
        One of `GROUPS` of `documents_to_show.py`, or its `TENTH_GROUP`.
    score : float
        Rubric points.
    kept : bool
    dropped_for : str
        Why it is not kept in spite of its score; empty otherwise.
    stage : str
        Which stage gave the score: ``signals`` or ``embedding``.
    file, row : str, int
        Path of the input below its root, and position in it, from 0.
    text : str
        Its first `cards.CARD_CHARS` characters.
    characters : int
        Length of the whole document.
    slices : mapping
        Its values of what kept shares are told by, by kind.
    points : mapping of str to float
        What each of several scorers gave it; NaN where one gave none.
    why : Explanation, optional
        What moved its score by the signals most; None where that is not known.
    """

    group: str
    score: float
    kept: bool
    dropped_for: str
    stage: str
    file: str
    row: int
    text: str
    characters: int
    slices: Mapping[str, str]
    points: Mapping[str, float]
    why: Explanation | None


def read_samples(
    run: RunScores,
    group_of: Mapping[Pick, str],
    read: RowReader,
    scorer: SignalScorer | None,
    *,
    points_by: str | None,
    is_code: bool,
    reporter: Reporter,
) -> tuple[list[Sample], dict[str, str]]:
    """Read the picked rows, each once; also which inputs cannot be read, and why.

    Where several scorers scored, reasons are told of the points of one: `points_by`.
    """
    parts = run.parts
    rows, unread = read_again(parts, [pick.place for pick in group_of], read)
    found = dict(rows)
    shown = [pick for pick in group_of if pick.place in found]
    documents = [found[pick.place] for pick in shown]
    texts = [(row.data or b"").decode(errors="replace") for row in documents]
    seen = [see(*one) for one in zip(shown, documents, texts, strict=True)]
    told_by, _ = slices_by_row(seen, of_code=is_code)
    reasons: list[Explanation | None] = [] if scorer is not None else [None] * len(texts)
    if scorer is not None:
        meter = Meter(len(texts), 0, doing="Explaining scores")
        with reporter.track(meter):
            for why in explain_in_turn(scorer, texts, top=REASONS_SHOWN, keep_at=run.keep_at):
                reasons.append(why)
                meter.count(1)
    numbers = {pick.part for pick in shown}
    decided = {number: run.of_part(number) for number in numbers}
    own, points = decided, dict[int, dict[str, Floats32]]()
    if points_by is not None:
        own = {number: run.decisions.of_part(parts[number], points_by) for number in numbers}
        points = {number: points_of(run, number) for number in numbers}
    samples = [
        Sample(
            group=group_of[pick],
            score=pick.score,
            kept=pick.kept,
            dropped_for=decided[pick.part].why_not_kept(pick.row),
            stage=STAGES[pick.stage],
            file=parts[pick.part].relative,
            row=parts[pick.part].first_row + pick.row,
            text=text[:CARD_CHARS],
            characters=len(text),
            slices=slices,
            points={name: float(one[pick.row]) for name, one in points.get(pick.part, {}).items()},
            why=None if why is None else as_decided(why, own[pick.part], pick.row),
        )
        for pick, text, slices, why in zip(shown, texts, told_by, reasons, strict=True)
    ]
    return samples, unread
