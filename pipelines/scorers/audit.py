"""The verb audit: whether a scorer sees style or substance."""

import numpy as np
import pyarrow as pa

from annotations import Labels
from annotations.labels.sources import read_table
from filtering.errors import LabelsError
from filtering.scoring.cascade import AnyScorer, signals_of
from filtering.scoring.settings import ExitSettings
from pipelines.dump.row_values.code_languages import CODE
from pipelines.progress import ConsoleReporter, Reporter
from pipelines.scorer_addresses import open_scorer
from pipelines.scorers.audit_points import ScorerAudit, audit_points, drawn_rows
from pipelines.scorers.evaluate import points_of_labels, points_of_saved
from pipelines.scorers.evaluation import JudgedPoints
from pipelines.scorers.train import read_pool
from pipelines.settings.scorers import AuditConfig


def audit_scorer(config: AuditConfig, *, reporter: Reporter | None = None) -> ScorerAudit:
    """Rewrite documents by code, and tell how many decisions of a scorer flip and how far scores move.

    Labelled documents are scored as `evaluate_scorer` does it: by nested cross-validation where the scorer
    was fitted to these very labels. Without labels (no column ``score``) the saved scorer scores, and says
    which documents are poor and which are good.

    Parameters
    ----------
    config : AuditConfig
    reporter : Reporter, optional
        What is told about progress; standard error if not given.

    Returns
    -------
    ScorerAudit

    Raises
    ------
    LabelsError
        If the labels or documents cannot be used, or no document has a score.
    """
    reporter = reporter if reporter is not None else ConsoleReporter()
    exits = ExitSettings(keep_at=config.keep_at)
    is_code, is_labelled = None, "score" in read_table(config.labels, ["score"])[0].column_names
    if is_labelled:
        judged = points_of_labels(
            config.scorer,
            config.labels,
            effort=config.effort,
            placement=config.placement,
            exits=exits,
            reporter=reporter,
        )
    else:
        scorer = open_scorer(config.scorer, config.effort, config.placement, exits)
        judged, is_code = _points_of_documents(scorer, config, reporter), signals_of(scorer).domain == CODE
    return audit_points(
        judged,
        is_code=is_code,
        is_labelled=is_labelled,
        keep_at=config.keep_at,
        most=config.documents,
        seed=config.seed,
        reporter=reporter,
    )


def _points_of_documents(scorer: AnyScorer, config: AuditConfig, reporter: Reporter) -> JudgedPoints:
    """Score documents without labels; their own scores stand where labels would."""
    documents, groups = read_pool(config.labels, reporter)
    if not documents:
        raise LabelsError(f"At least one document of {config.labels} must have a score. Found none.")
    drawn = drawn_rows(len(documents), config.documents, config.effort, config.seed).tolist()
    labels = Labels(
        texts=pa.array([documents[row] for row in drawn], pa.large_binary()).cast(pa.large_string()),
        scores=np.zeros(len(drawn)),
        groups=tuple(groups[row] for row in drawn),
        unbiased=np.ones(len(drawn), dtype=bool),
        slices={},
    )
    judged = points_of_saved(scorer, labels, config.effort, reporter)
    labels.scores[judged.rows] = judged.points
    return judged
