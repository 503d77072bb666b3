"""Points of labelled documents, and how good they are by their labels; `evaluate.py` has the points made."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from annotations import Labels
from filtering.arrays import Rows
from filtering.judging.audit import Scoring
from filtering.judging.intervals import Estimate, evaluate
from filtering.judging.kinds import JudgedKind, judge_kind
from filtering.judging.metrics import confusion, reliability
from filtering.rubric_points import KEEP_AT
from filtering.scoring.settings import Effort
from pipelines.dump.row_values.lengths import length_of

Value = TypeVar("Value")


@dataclass(frozen=True)
class JudgedPoints:
    """What a scorer gives labelled documents, to be judged by their labels.

    Parameters
    ----------
    points : float64 array, shape (m,)
        Rubric points.
    rows : int64 array, shape (m,)
        Which of the labels these are of: those that have a score.
    labels : Labels
    effort, nested, known
        As in `Evaluation`.
    score : callable, optional
        What scores rewrites of the documents.
    scores_anew : bool
        Whether it is not what gave the points: what rewrites change is told by its scores of the documents.
    """

    points: NDArray[np.float64]
    rows: NDArray[np.int64]
    labels: Labels
    effort: Effort
    nested: bool
    known: int | None = None
    score: Scoring | None = None
    scores_anew: bool = False

    def judge(self) -> "Evaluation":
        """Judge the points by the labels."""
        points, labels, rows = self.points, self.labels, self.rows
        scores, unbiased = labels.scores[rows], labels.unbiased[rows]
        groups, chosen = _at(labels.groups, rows), np.flatnonzero(unbiased)
        lengths = tuple(length_of(len(text.as_buffer())) for text in labels.texts)
        # What labels do not say of sources their groups do.
        sources = labels.slices.get("source", labels.groups)
        kinds = {**labels.slices, "source": sources, "length": lengths}
        own_groups = _at(groups, chosen)
        within = [
            judge_kind(kind, points[chosen], scores[chosen], own_groups, _at(values, rows[chosen]))
            for kind, values in kinds.items()
        ]
        return Evaluation(
            effort=self.effort,
            nested=self.nested,
            rows=len(rows),
            groups=len(set(groups)),
            metrics=evaluate(points, scores, groups),
            unbiased_rows=len(chosen),
            unbiased_metrics=evaluate(points[chosen], scores[chosen], own_groups),
            predicted_keep_share=float((points[chosen] >= KEEP_AT).mean()),
            labelled_keep_share=float((scores[chosen] >= KEEP_AT).mean()),
            confusion=confusion(points, scores).tolist(),
            reliability=reliability(points[chosen], scores[chosen]),
            within=[one for one in within if one is not None and (one.values or one.kind in labels.slices)],
            origin_known=labels.origin_known,
            known=self.known,
        )


@dataclass(frozen=True)
class Evaluation:
    """How good scores are against labels.

    Parameters
    ----------
    effort : {"fast", "balanced", "full"}
        Which stages scored.
    nested : bool
        Whether documents that the scorer was fitted to were scored by a model that saw nothing of their
        group's fold and no near-duplicate of what is in there; otherwise it was fitted to none of them.
    rows, groups : int
        Documents with a score, and groups among them.
    metrics : mapping of str to Estimate
        Over all rows.
    unbiased_rows : int
        Rows that were drawn at random, or count as chosen so.
    unbiased_metrics : mapping of str to Estimate
        Over these alone: the only figures that speak of rates.
    predicted_keep_share, labelled_keep_share : float
        Shares of the unbiased rows with a score, and with a label, of at least 3.
    confusion : list of list of int
        Rows are labels, columns scores, in whole points from 0 to 5.
    reliability : list of (int, float, float)
        For unbiased rows whose score lies in [k, k + 1), k from 0 to 5: documents, mean score, mean label.
    within : list of JudgedKind
        The same within each language, genre, source (group, where no column says it), script and length: of
        unbiased rows alone, too.
    origin_known : bool
        Whether the labels say how documents were chosen; otherwise those of unknown origin count as chosen at
        random, and figures speak of a whole dump only if they were.
    known : int, optional
        Documents that the scorer was fitted to; None where it does not say which these are.
    """

    effort: Effort
    nested: bool
    rows: int
    groups: int
    metrics: Mapping[str, Estimate]
    unbiased_rows: int
    unbiased_metrics: Mapping[str, Estimate]
    predicted_keep_share: float
    labelled_keep_share: float
    confusion: Sequence[Sequence[int]]
    reliability: Sequence[tuple[int, float, float]]
    within: Sequence[JudgedKind]
    origin_known: bool = True
    known: int | None = None

    @property
    def believed(self) -> Mapping[str, Estimate]:
        """The figures to go by: of unbiased rows where there are any."""
        return self.unbiased_metrics if self.unbiased_rows else self.metrics

    @property
    def is_ordered(self) -> bool:
        """Whether scores are shown to tell good documents from poor: the interval of AUC is above .5."""
        return self.believed["auc_at_3"].low > 0.5  # not so where it is NaN


def _at(values: Sequence[Value], rows: Rows) -> list[Value]:
    return [values[int(row)] for row in rows]
