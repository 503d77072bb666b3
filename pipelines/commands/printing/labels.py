"""Prints what was drawn, what asking costs, and what labels say of their raters."""

import json
import shlex
from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING

from annotations.labels.agreement import MIN_COMMON
from annotations.labels.labels import MIN_ROWS, NEAR_CUT, cut_texts_warning
from filtering.printable import printable
from filtering.scoring.settings import SHIPPED
from pipelines.amount_formats import dollars
from pipelines.commands.asking import budget_ended, spent_in_words, train_command
from pipelines.commands.printing.screen import show
from pipelines.settings.labels import NEAR_POINTS, TASKS_SUFFIX, AnnotateConfig

if TYPE_CHECKING:
    from annotations.labels.agreement import Agreement
    from pipelines.labels.estimates import AnnotationEstimate
    from pipelines.labels.label_folder import AnnotateResult
    from pipelines.labels.sample import SampleResult


PICKED = {
    "uncertain": "scored nearest to the cut",
    "diverse": "unlike the others",
    "high": "scored highest",
}
"""Why documents were taken that were not drawn at random, in words, by the column `picked`."""


def print_sample(
    result: "SampleResult", *, near_cut_of: str | None = None, added_to: str | None = None
) -> int:
    """Print what was drawn; return the exit code of the command.

    Parameters
    ----------
    result : SampleResult
    near_cut_of : str, optional
        The run near whose cut documents were drawn; of a dump if not given.
    added_to : str, optional
        Folder of the labels that these add to, and whose documents were left out.
    """
    scorer, run = printable(result.scorer), printable(near_cut_of or "")
    evenly = f"drawn at random, spread evenly over length and the scores of {scorer}"
    by_rubric = " and the rubric" if result.scorer in SHIPPED and result.rubric == result.scorer else ""
    reasons = {**PICKED, NEAR_CUT: f"near the cut of {run}, by the scores{by_rubric} of {scorer}"}
    picked = ", ".join(
        f"{count:,} {reasons.get(why, evenly)}" for why, count in sorted(result.picked.items())
    )
    fewer = f", of {result.wanted:,} asked for," if result.rows < result.wanted else ""
    show(
        f"drew {result.rows:,} documents{fewer} of {result.groups:,} groups ({picked}) -> "
        f"{printable(result.out)}"
    )
    found = f"lie within {NEAR_POINTS:g} points of the cut" if near_cut_of else "were read to draw from"
    show(f"{result.read_rows:,} of the {result.dump_rows:,} documents {found}")
    if count := result.near_duplicates:
        copies = "a near-duplicate of a document" if count == 1 else f"{count:,} near-duplicates of documents"
        show(f"left out {copies} in the sample")
    if result.labelled:
        show(f"left out because they have labels already: {result.labelled:,}")
    for one in result.set_aside:
        show(one.in_words)
    if result.set_aside:
        show(
            "The sample is of the rest. To draw from these too, repair them, and sample again with "
            "--overwrite."
        )
    if near_cut_of is None and added_to is None and result.rows < MIN_ROWS:
        show(
            f"train needs {MIN_ROWS} labels in all, and this sample has {result.rows:,} documents: draw more "
            "with --n, or add them to labels that you have"
        )
    # A scorer of the user's own was trained on labels, which these are to be added to.
    labels = added_to or ("labels" if result.scorer in SHIPPED else "LABELS")
    if result.beside:
        is_tasks = result.out.lower().endswith(TASKS_SUFFIX)
        scores = "EXPORT.json" if is_tasks else result.out
        words = ["edufilter", "annotate", "--import", scores, "--rater", "NAME", "--out", labels]
        page, texts = map(printable, result.beside)
        of_tasks = (
            f"make a project of Label Studio with the labelling config of {page}, import "
            f"{printable(result.out)}, and export it as JSON"
        )
        of_table = f"read {page}, and fill in the column score of {printable(result.out)}"
        show(f"next: {of_tasks if is_tasks else of_table}; then\n  {shlex.join(words)}")
        show(
            f"{texts} holds the whole texts for that: leave it beside the {'export' if is_tasks else 'table'}"
        )
    else:
        words = ["edufilter", "annotate", result.out, *_rubric_for(result)]
        show(f"next: {shlex.join([*words, '--model', 'MODEL', '--out', labels, '--dry-run'])}")
    if labels == "LABELS":
        show("LABELS is the folder of labels that you have: those of this sample are added to it")
    return 3 if result.set_aside else 0


def _rubric_for(result: "SampleResult") -> list[str]:
    """Return the option for the rubric of a sample; none where it is the usual one."""
    if result.rubric == AnnotateConfig.model_fields["rubric"].default:
        return []
    return ["--rubric", result.rubric or "RUBRIC"]


def print_estimate(
    estimate: "AnnotationEstimate", things: str = "documents", *, as_json: bool = False
) -> int:
    """Print what asking about some things would cost; return the exit code of the command."""
    if as_json:
        show(json.dumps(asdict(estimate)))
        return 0
    left = estimate.questions - estimate.answered
    if estimate.usd is None or estimate.most_usd is None:
        model = printable(estimate.unpriced[0])
        show(
            f"price: not known for {model}. Give it with --price {model}=INPUT/OUTPUT, in US dollars for a "
            "million tokens"
        )
    else:
        show(f"price: about {dollars(estimate.usd)}, at most {dollars(estimate.most_usd)}")
    kinds = ", ".join(f"{kind}: {count:,}" for kind, count in estimate.left.items() if count)
    told = f" ({kinds})" if kinds else f", for {estimate.documents:,} {things}" if not estimate.left else ""
    show(f"{left:,} of {estimate.questions:,} questions to ask{told}")
    show(f"input tokens: about {estimate.tokens_in:,}, at most {estimate.most_tokens_in:,} (a token a byte)")
    show(f"output tokens: about {estimate.tokens_out:,}, at most {estimate.most_tokens_out:,}")
    if estimate.spent_usd:
        show(f"spent so far: ${estimate.spent_usd:.4f}")
    return 0


def print_annotation(result: "AnnotateResult") -> int:
    """Print what a folder of labels holds now; return the exit code of the command."""
    show(f"{result.labels:,} documents with a score -> {result.out}/labels.parquet")
    told = _imported(result.statuses)
    statuses = ", ".join(f"{count:,} {name}" for name, count in sorted(result.statuses.items()))
    spent = spent_in_words(result.spent_usd, result.open_usd, result.unpriced)
    if list(result.statuses) != ["imported"] or spent:  # else the line above has said it
        show(f"{told or f'questions: {statuses}'}{spent}")
    for note in result.notes:
        show(printable(note))
    if result.cut_texts:
        show(cut_texts_warning(result.cut_texts, result.labels))
    if result.statuses.get("not asked"):
        show(budget_ended(None))
    if result.statuses.get("api_error"):
        show(
            "Some questions found no answer (api_error). The same command asks them again. The last error: "
            f"{result.last_error}"
        )
    for canary in result.canaries:
        kinds = ", ".join(
            f"{moved} of {graded} {order}" for order, (graded, moved) in canary.by_order.items()
        )
        show(
            f"canaries, {canary.rater}: planted orders moved {canary.moved} of {canary.graded} labels, "
            f"{canary.raised} of them up ({kinds})"
        )
    if result.labels and not result.exit_code:
        missing = MIN_ROWS - result.labels
        words = [
            "edufilter",
            "sample",
            "DUMP",
            "--labels",
            result.out,
            "--n",
            str(missing),
            "--out",
            "more.csv",
        ]
        needs = (
            f"train needs {MIN_ROWS} labels: label {missing} more. This draws others than these: "
            f"{shlex.join(words)} (add --rubric for a rubric of your own)"
        )
        show(needs if missing > 0 else f"next: {train_command(result.out, result.domain)}")
    return result.exit_code


def _imported(statuses: Mapping[str, int]) -> str:
    """Return what was taken from a source, in words; empty where questions were asked."""
    if "imported" not in statuses:
        return ""
    from pipelines.labels.importing import SCORED_BEFORE

    before = statuses.get(SCORED_BEFORE, 0)
    again = f", {before:,} of them for documents that had a score, the same or another" if before else ""
    told = ("imported", SCORED_BEFORE)
    rest = [f"{count:,} {name}" for name, count in statuses.items() if name not in told]
    left = f"; rows left out: {', '.join(rest)}" if rest else ""
    return f"{statuses['imported']:,} scores imported{again}{left}"


def print_agreement(agreement: "Agreement", sentence: str) -> None:
    """Print how far raters agree, and what to do next."""
    for pair in agreement.pairs:
        few = "" if pair.documents >= MIN_COMMON else f"; figures need at least {MIN_COMMON}"
        show(f"{pair.first} and {pair.second}: {pair.documents:,} documents{few}")
        show(f"  quadratic weighted kappa {pair.weighted_kappa}, rank correlation (rho) {pair.rho}")
        show(
            f"  the same {pair.exact}, within one {pair.within_one}, F1 at {agreement.cut:g} points {pair.f1}"
        )
    show("(95 % intervals over groups)")
    show(f"alpha over all raters: {agreement.alpha}")
    show(f"a perfect scorer against one rater, at most: rank correlation (rho) {agreement.rho_ceiling}")
    show(sentence)
