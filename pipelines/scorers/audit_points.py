"""Audits what scored documents: whether their style or their substance decides."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from filtering.arrays import Rows
from filtering.errors import SettingsError
from filtering.judging.audit import AuditedDocuments, RewriteEffect, audit
from filtering.judging.rewrites import rewrites_of
from filtering.rubric_points import KEEP_AT
from filtering.scoring.settings import Effort
from filtering.text.windows import REACH, cut_window
from pipelines.dump.row_values.code_languages import CODE_LANGUAGE
from pipelines.progress import ConsoleReporter, Reporter, ShareMeter
from pipelines.scorers.evaluation import JudgedPoints

MOST_DOCUMENTS: dict[Effort, int] = {"fast": 2000, "balanced": 300, "full": 300}
"""Documents that are rewritten, a dozen times each, if not said otherwise: an embedder is slow."""


@dataclass(frozen=True)
class ScorerAudit:
    """What rewrites of documents do to a scorer's decisions.

    Parameters
    ----------
    effort : {"fast", "balanced", "full"}
        Which stages scored.
    nested : bool
        Whether documents and rewrites were scored by a model that saw nothing of their group's fold;
        otherwise the saved scorer gave the scores.
    known : int, optional
        Labelled documents that the scorer was fitted to; None where it does not say.
    is_labelled : bool
        Whether labels say which documents are poor and which are good; otherwise their own scores do.
    keep_at : float
        Rubric points from which a document is kept.
    documents, groups : int
        Documents that were to be rewritten, drawn at random, and groups among them.
    available : int
        Documents that these were drawn from.
    effects : sequence of RewriteEffect
    """

    effort: Effort
    nested: bool
    known: int | None
    is_labelled: bool
    keep_at: float
    documents: int
    groups: int
    available: int
    effects: Sequence[RewriteEffect]


def audit_points(
    judged: JudgedPoints,
    *,
    is_code: bool | None = None,
    is_labelled: bool = True,
    keep_at: float = KEEP_AT,
    most: int | None = None,
    seed: int = 0,
    reporter: Reporter | None = None,
) -> ScorerAudit:
    """Rewrite documents, and compare scores and decisions.

    Parameters
    ----------
    judged : JudgedPoints
        With what scores their rewrites.
    is_code : bool, optional
        Whether they are source files; as labels say if not given.
    is_labelled : bool
        As in `ScorerAudit`: scores stand in place of labels where there are none.
    keep_at : float
        Rubric points from which a document is kept.
    most : int, optional
        Documents to draw; as `MOST_DOCUMENTS` says if not given.
    seed : int
        Of the draw, and of rewrites that shuffle.
    reporter : Reporter, optional
        What is told about progress; standard error if not given.

    Raises
    ------
    SettingsError
        If nothing can score rewrites.
    """
    if judged.score is None:
        raise SettingsError("An audit must have what scores rewrites. Got points alone.")
    labels, rows = judged.labels, judged.rows
    unbiased = np.flatnonzero(labels.unbiased[rows])
    places = unbiased[drawn_rows(len(unbiased), most, judged.effort, seed)]
    chosen = [int(row) for row in rows[places]]
    score, texts = judged.score, [cut_window(str(labels.texts[row]), REACH) for row in chosen]
    documents = AuditedDocuments(
        texts,
        score(texts, places) if judged.scores_anew and texts else judged.points[places],
        labels.scores[chosen],
        [labels.groups[row] for row in chosen],
    )
    rewrites = rewrites_of(is_code=CODE_LANGUAGE in labels.slices if is_code is None else is_code, seed=seed)
    reporter = reporter or ConsoleReporter()
    reporter.say("Rewriting documents, and scoring them again ...")
    found = audit(documents, rewrites, lambda texts, at: score(texts, places[at]), keep_at=keep_at)
    effects, meter = [next(found)], ShareMeter(len(rewrites), "Rewriting documents")  # it may fit anew first
    with reporter.track(meter):
        meter.count(1)
        for effect in found:
            effects.append(effect)
            meter.count(1)
    return ScorerAudit(
        effort=judged.effort,
        nested=judged.nested and not judged.scores_anew,
        known=judged.known,
        is_labelled=is_labelled,
        keep_at=keep_at,
        documents=len(documents),
        groups=len(set(documents.groups)),
        available=len(unbiased),
        effects=effects,
    )


def drawn_rows(number: int, most: int | None, effort: Effort, seed: int) -> Rows:
    """Return which documents of so many are drawn, in their order; see `audit_points`."""
    most = MOST_DOCUMENTS[effort] if most is None else most
    return np.sort(np.random.default_rng(seed).permutation(number)[:most])
