"""What is known of a scorer's quality, as tables and sentences: pages, model cards and commands show them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from filtering.fitting.recipes import RECIPES
from filtering.fitting.stages import HEADS
from filtering.judging.audit import GOOD_FROM, POOR_BELOW, RewriteEffect
from filtering.judging.rewrites import AIMS
from filtering.rubric_points import POINTS
from pipelines.page_kit.page import Table
from pipelines.scorers.audit_points import ScorerAudit
from pipelines.scorers.evaluate import Evaluation
from pipelines.scorers.kind_tables import in_percent

FIGURES = {
    "rho": "rank correlation (rho)",
    "weighted_kappa": "quadratic weighted kappa",
    "auc_at_3": "AUC at 3 points",
    "f1_at_3": "F1 at 3 points",
    "precision_at_3": "precision at 3 points",
    "recall_at_3": "recall at 3 points",
}
"""What readers call the figures of an evaluation."""
STAGE_NAMES = {"signals": "words and style", "heads": "with embeddings"}
"""What readers call what was fitted, by its name in ``scorer.json``."""
VERDICTS = {"not shown": "unclear"}
"""Verdicts of an audit that readers call by another name."""
DRAWN = {"labels": "one by one", "groups": "whole groups"}
"""How the fewer labels of a learning curve were drawn, in words."""


def metrics_table(evaluation: Evaluation) -> Table:
    """Return each figure over all documents, and over those that were chosen without looking at scores."""
    how = "cross-validated" if evaluation.nested else "scored by the saved scorer"
    caption = f"effort {evaluation.effort}, {how}; 95 % intervals over groups"
    if not evaluation.origin_known or evaluation.unbiased_rows == evaluation.rows:
        rows = [(FIGURES[name], str(estimate)) for name, estimate in evaluation.metrics.items()]
        return Table(caption, ("figure", "all"), rows)
    both = [
        (FIGURES[name], str(estimate), str(evaluation.unbiased_metrics[name]))
        for name, estimate in evaluation.metrics.items()
    ]
    return Table(caption, ("figure", "all", "drawn at random"), both)


def which_to_believe(evaluations: Sequence[Evaluation]) -> str:
    """Return the one figure that tells most of how good a scorer is, and where it holds.

    Parameters
    ----------
    evaluations : sequence of Evaluation
        Of one scorer on the same labels, at each effort; that of most effort last.
    """
    figures = [
        (one.unbiased_metrics if has_unbiased(one) else one.metrics)["auc_at_3"] for one in evaluations
    ]
    best = evaluations[-1]
    drawn = " on the documents drawn at random" if has_unbiased(best) else ""
    said = (
        f"The figure to go by: AUC at 3 points {figures[-1]}, at effort {best.effort}{drawn}. It is the "
        "chance that a document labelled 3 or more scores higher than one below."
    )
    if len(evaluations) > 1:
        said += (
            " A run at effort balanced, the default, decides nearly as full does. For one with --effort "
            f"{evaluations[0].effort} the figure is {figures[0]}."
        )
    if has_unbiased(best) and best.unbiased_rows < best.rows:
        said += (
            " The column 'all' also counts documents that were chosen for their score: it does not tell how "
            "good scores are on a whole dump."
        )
    return said


def has_unbiased(evaluation: Evaluation) -> bool:
    """Tell whether some labels are known to have been chosen without looking at scores."""
    return evaluation.origin_known and evaluation.unbiased_rows > 0


def confusion_table(evaluation: Evaluation) -> Table:
    """Return how many documents with each label have each score, both in whole points."""
    rows = [(str(label), *counts) for label, counts in enumerate(evaluation.confusion)]
    points = (str(point) for point in range(POINTS + 1))
    return Table("labels (rows) against scores", ("label", *points), rows)


def reliability_table(evaluation: Evaluation) -> Table:
    """Return what scores of each whole point came to."""
    rows = [
        (f"{point} to {point + 1}", count, _mean(score, count), _mean(label, count))
        for point, (count, score, label) in enumerate(evaluation.reliability)
    ]
    return Table("", ("score", "documents", "mean score", "mean label"), rows)


def _mean(mean: float, count: int) -> str:
    return f"{mean:.2f}" if count else ""


@dataclass(frozen=True)
class Compared:
    """A way of fitting, whether it was kept, and its nested figures with their spread.

    Parameters
    ----------
    stage, name : str
    is_kept : bool
    rho, auc_at_3 : str
    """

    stage: str
    name: str
    is_kept: bool
    rho: str
    auc_at_3: str


def compared(metrics: Mapping[str, Any]) -> Iterator[Compared]:
    """Yield the ways of fitting that were compared, those of the signals first, from simple to costly.

    Parameters
    ----------
    metrics : mapping
        Of a scorer, as its ``scorer.json`` holds them.
    """
    for key, order in (("signals", RECIPES), ("heads", HEADS)):
        if key in metrics:
            figures, kept = metrics[key]["compared"], metrics[key]["kept"]
            for name in order:
                if name in figures:
                    yield Compared(STAGE_NAMES[key], name, name == kept, *_with_spread(figures[name]))


def comparison_table(metrics: Mapping[str, Any]) -> Table:
    """Return the nested figures of every way of fitting that was compared."""
    rows = [
        (one.stage, f"{one.name} (kept)" if one.is_kept else one.name, one.rho, one.auc_at_3)
        for one in compared(metrics)
    ]
    caption = "ways of fitting, each cross-validated five times: mean ± spread"
    return Table(caption, ("", "way of fitting", FIGURES["rho"], FIGURES["auc_at_3"]), rows, texts=2)


def learning_curve_table(rows: Sequence[Mapping[str, Any]]) -> Table:
    """Return nested figures by effort and number of labels, and by number of groups."""
    found = [
        (row["effort"], DRAWN[row["drawn"]], row["labels"], row["groups"], *_with_spread(row)) for row in rows
    ]
    head = ("effort", "drawn", "labels", "groups", FIGURES["rho"], FIGURES["auc_at_3"])
    return Table("cross-validated, fitted to fewer labels", head, found, texts=2)


def _with_spread(row: Mapping[str, float]) -> tuple[str, str]:
    return (
        f"{row['rho']:.4f} ± {row['rho_spread']:.4f}",
        f"{row['auc_at_3']:.4f} ± {row['auc_at_3_spread']:.4f}",
    )


def exits_table(exits: Sequence[Mapping[str, Any]]) -> Table:
    """Return what effort balanced costs and loses at each bound of disagreement that could be shown."""
    kind = "bounds exact" if exits[0]["is_exact"] else "bounds approximate"
    caption = (
        f"effort balanced against full, by how many decisions may differ ({exits[0]['documents']:,} "
        f"documents, kept from 3 points, {kind})"
    )
    rows = []
    for one in exits:
        asked, embedded = one["settings"]["max_disagreement"], 1 - one["dropped"] - one["kept"]
        shares = (asked, embedded, one["disagreement"], one["lost_keepers"], one["false_keeps"])
        rows.append([f"{100 * abs(share):.1f} %" for share in shares])  # no -0.0
    head = ("allowed", "embedded", "differ", "kept by full alone", "kept by balanced alone")
    return Table(caption, head, rows, texts=0)


def audit_table(audit: ScorerAudit) -> Table:
    """Return what each rewrite does to decisions and scores."""
    how = "cross-validated" if audit.nested else "scored by the saved scorer"
    caption = f"effort {audit.effort}, kept from {audit.keep_at:g} points, {how}; flips in %"
    head = ("rewrite", "of", "flips", "dropped", "kept", "moved", "up to", "well")
    return Table(caption, head, [_effect_row(one) for one in audit.effects])


def _effect_row(one: RewriteEffect) -> tuple[object, ...]:
    verdict = VERDICTS.get(one.verdict, one.verdict)
    if not one.rewritten:
        return (one.name, 0, *[""] * 5, verdict)
    shares = (in_percent(share) for share in (one.flipped, one.to_dropped, one.to_kept))
    return (one.name, one.rewritten, *shares, f"{one.moved.value:+.2f}", f"{one.moved_far:.2f}", verdict)


def flip_rows(audit: ScorerAudit) -> list[dict[str, object]]:
    """Return what is drawn of an audit: rewrites with an aim for flips, which are told in percent."""
    return [
        {
            "rewrite": one.name,
            "share": 100 * one.flipped.value,
            "low": 100 * one.flipped.low,
            "high": 100 * one.flipped.high,
            "aim": 100 * AIMS[one.kind],
        }
        for one in audit.effects
        if one.kind in AIMS and one.rewritten
    ]


def audit_notes(audit: ScorerAudit) -> list[str]:
    """Say what was rewritten, what the columns are, and which rewrites should do what."""
    found = [
        f"{audit.documents:,} documents of {audit.groups:,} groups. of: how many a rewrite applies to. "
        "flips: decisions that change; dropped, kept: which way. moved: points by which scores move on the "
        "mean. up to: points that 95 % of them move at most.",
        "well: whether a rewrite does as it should; unclear: these documents are too few to tell. "
        "In brackets: 95 % intervals over groups.",
    ]
    worth = "labelled" if audit.is_labelled else "scored"
    for kind, aim in (
        ("harmless", f"flip at most {100 * AIMS['harmless']:g} % of decisions"),
        ("appended", f"flip at most {100 * AIMS['appended']:g} % of those of poor documents ({worth} below "
                     f"{POOR_BELOW:g})"),
        ("harmful", f"lower the scores of good documents ({worth} {GOOD_FROM:g} or more)"),
    ):  # fmt: skip
        effects = [one for one in audit.effects if one.kind == kind]
        names = ", ".join(one.name for one in effects)
        found.append(f"Should {aim}, of {effects[0].documents:,} documents: {names}.")
    return found
