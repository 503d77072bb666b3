"""What there is to show of a scorer that was judged by labels; `scorer_page.py` draws it."""

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from annotations.labels.agreement import Agreement
from filtering.errors import LabelsError
from filtering.judging.bias import SourceBias, source_bias
from filtering.scoring.scorer_files import read_metrics
from pipelines.labels.agreement import agreement_of_labels
from pipelines.labels.label_folder import RATINGS_FILE
from pipelines.page_kit.cards import CARD_CHARS
from pipelines.scorers.audit_points import ScorerAudit, audit_points
from pipelines.scorers.evaluation import Evaluation, JudgedPoints

ERRORS = 10
"""Documents to read of each kind."""
TOO_HIGH, TOO_LOW = "Scored too high", "Scored too low"


@dataclass(frozen=True)
class WrongScore:
    """A document whose score lies far from its label.

    Parameters
    ----------
    kind : str
        `TOO_HIGH` or `TOO_LOW`.
    score, label : float
        Rubric points.
    group : str
    row : int
        Of the labels, from 0.
    text : str
        Its first `cards.CARD_CHARS` characters.
    characters : int
        Length of what the labels hold of it.
    slices : mapping
        Its genre, language and the like.
    """

    kind: str
    score: float
    label: float
    group: str
    row: int
    text: str
    characters: int
    slices: Mapping[str, str]


@dataclass(frozen=True)
class ScorerReport:
    """What the page of a scorer shows.

    Parameters
    ----------
    scorer, labels : str
    evaluation : Evaluation
    held_out : sequence of mapping
        What the scorer stored of kinds that it never saw.
    agreement : Agreement, optional
        How far raters agree on these labels: what a scorer can reach at best.
    no_agreement : str
        Why that is not known; empty where it is.
    bias : mapping of str to SourceBias
        By what tells where a document is from: its group, its genre.
    audit : ScorerAudit
        What rewrites do to decisions.
    errors : tuple of WrongScore
        The worst first.
    """

    scorer: str
    labels: str
    evaluation: Evaluation
    held_out: Sequence[Mapping[str, Any]]
    agreement: Agreement | None
    no_agreement: str
    bias: Mapping[str, SourceBias]
    audit: ScorerAudit
    errors: tuple[WrongScore, ...]


def gather_scorer_report(
    scorer: str, labels: str, *, judged: JudgedPoints, samples: bool = True
) -> ScorerReport:
    """Return what there is to show of a scorer that was judged by labels; see `write_scorer_report`."""
    agreement, reason = _agreement(labels)
    return ScorerReport(
        scorer=scorer,
        labels=labels,
        evaluation=judged.judge(),
        held_out=read_metrics(scorer).get("held_out", ()),
        agreement=agreement,
        no_agreement=reason,
        bias=_bias(judged),
        audit=audit_points(judged),
        errors=tuple(_errors(judged)) if samples else (),
    )


def _agreement(labels: str) -> tuple[Agreement | None, str]:
    if not Path(labels, RATINGS_FILE).is_file():
        return None, "These labels say nothing of single raters."
    try:
        return agreement_of_labels(labels)[0], ""
    except LabelsError:  # of one rater alone, say; the command names options that a page has not
        return None, f"These labels do not tell it. What they lack: edufilter agreement {shlex.quote(labels)}"


def _bias(judged: JudgedPoints) -> dict[str, SourceBias]:
    labels, rows = judged.labels, judged.rows
    columns: dict[str, Sequence[str | None]] = {"group": labels.groups, **labels.slices}
    found = {}
    for kind, values in columns.items():
        known = np.array([values[int(row)] is not None for row in rows], dtype=bool)
        sources = [str(values[int(row)]) for row in rows[known]]
        bias = source_bias(judged.points[known], labels.scores[rows[known]], sources)
        if bias is not None:
            found[kind] = bias
    return found


def _errors(judged: JudgedPoints) -> list[WrongScore]:
    labels = judged.labels
    miss = judged.points - labels.scores[judged.rows]
    order = np.argsort(-miss, kind="stable")
    found = []
    for kind, chosen, sign in ((TOO_HIGH, order[:ERRORS], 1), (TOO_LOW, order[::-1][:ERRORS], -1)):
        for at in chosen.tolist():
            if sign * miss[at] <= 0:
                continue
            row = int(judged.rows[at])
            text = str(labels.texts[row])
            slices: dict[str, Any] = {name: values[row] for name, values in labels.slices.items()}
            found.append(
                WrongScore(
                    kind=kind,
                    score=float(judged.points[at]),
                    label=float(labels.scores[row]),
                    group=labels.groups[row],
                    row=row,
                    text=text[:CARD_CHARS],
                    characters=len(text),
                    slices={name: value for name, value in slices.items() if value},
                )
            )
    return found
