"""What is known of a scorer's quality, as tables and sentences: pages, model cards and commands show them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from filtering.fitting.fit_heads import HEADS
from filtering.fitting.recipes import RECIPES
from filtering.judging.audit import GOOD_FROM, POOR_BELOW, RewriteEffect
from filtering.judging.bias import MIN_GROUPS
from filtering.judging.rewrites import AIMS, Kind
from filtering.rubric_points import POINTS
from pipelines.page_kit.page import Table
from pipelines.scorers.audit_points import ScorerAudit
from pipelines.scorers.evaluation import Evaluation
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
EMBEDS = {"fast": "embeds nothing", "balanced": "embeds some documents", "full": "embeds every document"}
"""What else an effort does, as a clause."""
VERDICTS = {"not shown": "unclear"}
"""Verdicts of an audit that readers call by another name."""
SHOULD: dict[Kind, str] = {
    **{kind: f"flip at most {100 * share:g} %" for kind, share in AIMS.items()},
    "harmful": "score lower",
}
"""What rewrites should do to decisions, or scores, by their kind."""
EFFECT = ("of", "flips", "dropped", "kept", "moved", "up to", "does")
"""Columns of what they do."""
DRAWN = {"labels": "one by one", "groups": "whole groups"}
"""How the fewer labels of a learning curve were drawn, in words."""
HOW_DRAWN = (
    "Drawn one by one: few labels, but of many groups. Whole groups: all labels of some groups. ±: spread "
    "over fold assignments."
)
UNKNOWN_ORIGIN = (
    "The labels do not say of all these documents how they were chosen (column 'picked'). Those of unknown "
    "origin count as drawn at random. If they were not, the figures hold for documents like these, not for a "
    "whole dump."
)
"""The one thing that is said of labels without origin, wherever they are judged."""


def metrics_table(evaluation: Evaluation) -> Table:
    """Return each figure over all documents, and over those that were drawn at random."""
    caption = f"effort {evaluation.effort}, {how_scored(evaluation)}; 95 % intervals over groups"
    if evaluation.unbiased_rows in (0, evaluation.rows):
        rows = [(FIGURES[name], str(estimate)) for name, estimate in evaluation.metrics.items()]
        return Table(caption, ("figure", "all"), rows)
    both = [
        (FIGURES[name], str(estimate), str(evaluation.unbiased_metrics[name]))
        for name, estimate in evaluation.metrics.items()
    ]
    return Table(caption, ("figure", "all", drawn_at_random(evaluation)), both)


def how_scored(evaluation: Evaluation) -> str:
    """Return in few words what scored the documents of an evaluation."""
    if not evaluation.nested:
        return "scored by the saved scorer"
    if evaluation.known in (None, evaluation.rows):
        return "cross-validated"
    return (
        f"{evaluation.known:,} of {evaluation.rows:,} cross-validated, the others scored by the saved scorer"
    )


def what_scored(evaluation: Evaluation) -> str:
    """Return what scored the documents of an evaluation, and whether it had seen them."""
    if evaluation.nested and evaluation.known in (None, evaluation.rows):
        return "Each document was scored by a model that had not seen its group."
    not_searched = "Near-duplicates of what it was trained on were not looked for."
    if evaluation.nested:
        return (
            f"The scorer was trained on {evaluation.known:,} of these {evaluation.rows:,} documents. Each of "
            "these was scored by a model that had not seen its group, the others by the scorer itself. "
            f"{not_searched}"
        )
    seen = (
        "It does not say what it was trained on: if it was on some of these texts, the figures flatter it."
        if evaluation.known is None
        else "It was trained on none of these texts."
    )
    return f"The scorer itself gave these scores. {seen} {not_searched}"


def which_to_believe(evaluations: Sequence[Evaluation]) -> str:
    """Return the one figure that tells most of how good a scorer is, and where it holds.

    Parameters
    ----------
    evaluations : sequence of Evaluation
        Of one scorer on the same labels, at some efforts; that which was asked for first.
    """
    figures = [one.believed["auc_at_3"] for one in evaluations]
    first = evaluations[0]
    drawn = f" on the documents {drawn_at_random(first)}" if has_unbiased(first) else ""
    said = (
        f"The figure to go by at effort {first.effort}: AUC at 3 points {figures[0]}{drawn}. It is the "
        "chance that a document labelled 3 or more scores higher than one below."
    )
    for other, figure in zip(evaluations[1:], figures[1:], strict=True):
        said += f" With --effort {other.effort}, which {EMBEDS[other.effort]}, the figure is {figure}."
    if 0 < first.unbiased_rows < first.rows:
        said += (
            " The column 'all' also counts documents that were chosen for their score: it does not tell how "
            "good scores are on a whole dump."
        )
    return said


def has_unbiased(evaluation: Evaluation) -> bool:
    """Tell whether some labels serve rates more than others do, or are known to have been drawn at random."""
    return 0 < evaluation.unbiased_rows and (
        evaluation.origin_known or evaluation.unbiased_rows < evaluation.rows
    )


def drawn_at_random(evaluation: Evaluation) -> str:
    """Return in words how the labels that serve rates were drawn: no more than the labels say."""
    return "drawn at random" if evaluation.origin_known else "taken as drawn at random"


def confusion_table(evaluation: Evaluation) -> Table:
    """Return how many documents with each label have each score, both in whole points."""
    rows = [(str(label), *counts) for label, counts in enumerate(evaluation.confusion)]
    points = (str(point) for point in range(POINTS + 1))
    return Table("labels (rows) against scores", ("label", *points), rows)


def reliability_table(evaluation: Evaluation) -> Table:
    """Return what scores of each whole point came to."""
    rows = [
        (
            f"{point} to {point + 1}" if point < POINTS else f"{POINTS}",
            count,
            _mean(score, count),
            _mean(label, count),
        )
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
    return Table("cross-validated, fitted to fewer labels", head, found, texts=2, note=HOW_DRAWN)


def _with_spread(row: Mapping[str, float]) -> tuple[str, str]:
    return (
        f"{row['rho']:.4f} ± {row['rho_spread']:.4f}",
        f"{row['auc_at_3']:.4f} ± {row['auc_at_3_spread']:.4f}",
    )


def exits_table(exits: Sequence[Mapping[str, Any]]) -> Table:
    """Return what effort balanced costs and loses at each pair of bounds that could be shown."""
    kind = "bounds exact" if exits[0]["is_exact"] else "bounds approximate"
    caption = (
        "effort balanced against full, by how many documents may be lost and false "
        f"({exits[0]['documents']:,} documents, of which effort full keeps {exits[0]['keepers']:,} from 3 "
        f"points, {kind})"
    )
    rows = []
    for one in exits:
        asked, embedded = one["settings"], 1 - one["dropped"] - one["kept"]
        shares = (asked["max_lost"], asked["max_false"], embedded, one["lost_keepers"], one["false_keeps"])
        rows.append([f"{100 * abs(share):.1f} %" for share in (*shares, one["disagreement"])])  # no -0.0
    head = ("lost, at most", "false, at most", "embedded", "lost", "false", "decided differently, of all")
    return Table(caption, head, rows, texts=0)


def audit_table(audit: ScorerAudit) -> Table:
    """Return what each rewrite should do to decisions and scores, and what it does."""
    head = ("rewrite", "should", *EFFECT)
    rows = [(one.name, SHOULD[one.kind], *_effect(one)) for one in audit.effects]
    return Table("Rewrites of documents; flips in %", head, rows, texts=2)


def audit_tables(audit: ScorerAudit) -> list[Table]:
    """Return the same within 80 characters: a table for all rewrites that should do the same."""
    return [
        Table(
            f"{_of_documents(kind, audit)}: should {aim}",
            ("rewrite", *EFFECT),
            [(one.name, *_effect(one)) for one in audit.effects if one.kind == kind],
        )
        for kind, aim in SHOULD.items()
    ]


def _of_documents(kind: Kind, audit: ScorerAudit) -> str:
    """Return in words which documents rewrites of a kind are of, and how many there are."""
    worth = "labelled" if audit.is_labelled else "scored"
    which = {
        "harmless": "Documents that teach the same afterwards",
        "appended": f"Words behind poor documents, {worth} below {POOR_BELOW:g}",
        "harmful": f"Harm to good documents, {worth} {GOOD_FROM:g} or more",
    }
    number = next(one.documents for one in audit.effects if one.kind == kind)
    return f"{which[kind]} ({number:,})"


def _effect(one: RewriteEffect) -> tuple[object, ...]:
    verdict = VERDICTS.get(one.verdict, one.verdict)
    if not one.rewritten:
        return (0, *[""] * 5, verdict)
    shares = (in_percent(share) for share in (one.flipped, one.to_dropped, one.to_kept))
    return (one.rewritten, *shares, f"{one.moved.value:+.2f}", f"{one.moved_far:.2f}", verdict)


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
    """Say what came out, which documents were rewritten, and what the columns are."""
    how = "cross-validated" if audit.nested else "scored by the saved scorer"
    if audit.known and not audit.nested:
        how += f", which was trained on {audit.known:,} of the labels"
    worth = "labelled" if audit.is_labelled else "scored"
    return [
        audit_verdict(audit),
        f"Effort {audit.effort}, kept from {audit.keep_at:g} points, {how}: {audit.documents:,} documents of "
        f"{audit.groups:,} groups. Words are appended to poor ones ({worth} below {POOR_BELOW:g}), good ones "
        f"({worth} {GOOD_FROM:g} or more) are shuffled and repeated.",
        "of: how many a rewrite applies to. flips: decisions that change, in %; dropped, kept: which way. "
        "moved: points by which scores move on the mean. up to: points that 95 % of them move at most.",
        "does: whether it does what it should; unclear: these documents are too few to tell. "
        "In brackets: 95 % intervals over groups.",
    ]


def audit_verdict(audit: ScorerAudit) -> str:
    """Return in words how many rewrites do as they should, and which do not or cannot be told.

    Examples
    --------
    >>> audit_verdict(ScorerAudit("fast", False, None, True, 3.0, 0, 0, 0, []))
    '0 of 0 rewrites do as they should.'
    """
    by_verdict = {
        verdict: [one for one in audit.effects if one.verdict == verdict]
        for verdict in ("yes", "no", "not shown")
    }
    said = [f"{len(by_verdict['yes']):,} of {len(audit.effects):,} rewrites do as they should."]
    if failed := by_verdict["no"]:
        said.append(
            f"These do not: {', '.join(f'{one.name} (should {SHOULD[one.kind]})' for one in failed)}."
        )
    if untold := by_verdict["not shown"]:
        why = (
            f"the documents are of fewer than {MIN_GROUPS} groups"
            if audit.groups < MIN_GROUPS
            else "the documents are too few"
        )
        said.append(f"Of {len(untold):,} it is unclear, for {why}: {', '.join(one.name for one in untold)}.")
    return " ".join(said)
