"""The model card of a scorer, in Markdown: what it is, how good it is, what it is bad at."""

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import floor, log10
from typing import Any

from annotations import Rubric
from filtering.machine import available_cpus
from filtering.scoring.unsure import known_in_words
from filtering.text.windows import REACH, WINDOW, CutRule
from pipelines.page_kit.page import Table, templates
from pipelines.scorers.audit_points import ScorerAudit
from pipelines.scorers.evaluation import Evaluation
from pipelines.scorers.evaluation_tables import (
    UNKNOWN_ORIGIN,
    Compared,
    audit_notes,
    audit_table,
    compared,
    confusion_table,
    exits_table,
    metrics_table,
    reliability_table,
)
from pipelines.scorers.kind_tables import kind_notes, kinds_table, values_tables

WORST = 40
"""Languages and the like of each kind that a card shows."""


@dataclass(frozen=True)
class _Effort:
    """The figures of one effort."""

    evaluation: Evaluation
    metrics: Sequence[Sequence[object]]
    kinds: Table
    notes: Sequence[str]  # on them
    confusion: Table
    points: Sequence[Sequence[object]]  # documents, mean score and mean label, by whole point


@dataclass(frozen=True)
class _View:
    """What the template ``model_card.md`` shows."""

    domain: str
    metrics: Mapping[str, Any]
    is_taught: bool  # by a teacher, not by labels
    unread_share: float  # of the tokens of documents, by the embedder
    efforts: Sequence[_Effort]
    compared: Sequence[Compared]
    exits: Table | None  # None where there is no effort balanced
    worst: Sequence[Table]  # by kind
    audit: Table
    audit_notes: Sequence[str]
    speeds: Mapping[str, str]
    command: str
    cpus: int
    languages: str
    rubric: Rubric | None  # what the labels follow, where that is known
    reach: CutRule
    window: CutRule
    unknown_origin: str = UNKNOWN_ORIGIN


def model_card(
    domain: str,
    metrics: Mapping[str, Any],
    evaluations: Sequence[Evaluation],
    audit: ScorerAudit,
    speeds: Mapping[Any, float],
    command: Sequence[str],
    languages: Mapping[str, int],
    rubric: Rubric | None = None,
) -> str:
    """Return the model card of a scorer.

    Parameters
    ----------
    domain : str
    metrics : mapping
        As its ``scorer.json`` holds them.
    evaluations : sequence of Evaluation
        Nested, one for each effort.
    audit : ScorerAudit
        Nested too.
    speeds : mapping
        Documents a second by effort, on the machine that trained it.
    command : sequence of str
        What made it, after ``edufilter`` and before ``--out``.
    languages : mapping of str to int
        How many labels it was fitted to, by language.
    rubric : Rubric, optional
        What the labels follow, where that is known.
    """
    tokens = metrics.get("embedded", {"tokens": 0, "tokens_read": 0})
    view = _View(
        domain=domain,
        metrics=metrics,
        is_taught="teacher" in metrics,
        unread_share=1 - tokens["tokens_read"] / max(tokens["tokens"], 1),
        efforts=[_effort(one, metrics.get("held_out", ())) for one in evaluations],
        compared=list(compared(metrics)),
        exits=exits_table(metrics["exits"]) if metrics["exits"] else None,
        worst=values_tables(evaluations[-1], most=WORST),
        audit=audit_table(audit),
        audit_notes=audit_notes(audit),
        speeds={effort: _two_digits(speed) for effort, speed in speeds.items()},
        command=shlex.join(["edufilter", *command, "--out", "FOLDER"]),
        cpus=available_cpus(),
        languages=known_in_words(languages),
        rubric=rubric,
        reach=REACH,
        window=WINDOW,
    )
    return templates().get_template("model_card.md").render(view=view)


def _effort(evaluation: Evaluation, held_out: Sequence[Mapping[str, Any]]) -> _Effort:
    table = reliability_table(evaluation)
    points = [(name, *column) for name, *column in zip(table.head, *table.rows, strict=True)][1:]
    kinds, notes = kinds_table(evaluation, held_out), kind_notes(evaluation, held_out)
    return _Effort(
        evaluation, metrics_table(evaluation).rows, kinds, notes, confusion_table(evaluation), points
    )


def _two_digits(number: float) -> str:
    step = 10 ** max(floor(log10(max(number, 1))) - 1, 0)
    return f"{round(number / step) * step:,}"
